#include "warehouse/export_text.h"

#include <charconv>
#include <cstdint>

#include "base/clock.h"
#include "base/json.h"

namespace landfall::warehouse {
namespace {

using googlesql::TypeKind;

// The wire form's grammar is fixed: {"f":[{"v":X},..]} with X = null | "text" | [{"v":X},..] |
// {"f":..}.
class WireReader {
 public:
  explicit WireReader(std::string_view text) : text_(text) {}
  bool Take(std::string_view token) {
    if (!text_.starts_with(token)) return false;
    text_.remove_prefix(token.size());
    return true;
  }
  void Skip(std::string_view token) { CHECK(Take(token)); }
  // Between its quotes, escapes as they are.
  std::string_view Text() {
    Skip("\"");
    std::size_t end = 0;
    while (text_[end] != '"') end += text_[end] == '\\' ? 2 : 1;
    const std::string_view text = text_.substr(0, end);
    text_.remove_prefix(end + 1);
    return text;
  }

 private:
  std::string_view text_;
};

std::string Unescaped(std::string_view raw) {
  if (raw.find('\\') == std::string_view::npos) return std::string(raw);
  const Result<Json> value = ParseJson("\"" + std::string(raw) + "\"");
  CHECK(value.ok() && value->is_string());
  return std::string(value->get_string());
}

// "\x01<microseconds>\x02"
std::string TimestampText(std::string_view mark) {
  std::int64_t micros = 0;
  std::from_chars(mark.data() + 1, mark.data() + mark.size(), micros);
  std::string text =
      FormatRfc3339(FromMicros(micros), Fraction::kMicros);  // 2024-05-17T12:34:56.123456Z
  text[text.find('T')] = ' ';
  text.pop_back();
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return text + " UTC";
}

bool IsUnquoted(TypeKind type, std::string_view raw) {
  if (type == TypeKind::kBool) return true;
  return type == TypeKind::kFloat64 && raw != "NaN" && !raw.ends_with("Infinity");
}

void AppendJsonRecord(const Schema& schema, WireReader& reader, std::string& out);

void AppendJsonValue(const Field& field, WireReader& reader, std::string& out) {
  if (field.type == TypeKind::kStruct) return AppendJsonRecord(field.fields, reader, out);
  const std::string_view raw = reader.Text();
  if (field.type == TypeKind::kJson) {
    out += Unescaped(raw);
  } else if (IsUnquoted(field.type, raw)) {
    out += raw;
  } else {
    out += '"';
    if (field.type == TypeKind::kTimestamp) {
      out += TimestampText(raw);
    } else {
      out += raw;
    }
    out += '"';
  }
}

void AppendJsonRecord(const Schema& schema, WireReader& reader, std::string& out) {
  out += '{';
  reader.Skip("{\"f\":[");
  bool first = true;
  for (std::size_t i = 0; i < schema.size(); ++i) {
    reader.Skip(i == 0 ? "{\"v\":" : ",{\"v\":");
    if (!reader.Take("null")) {
      (out += first ? "\"" : ",\"") += schema[i].name;
      out += "\":";
      first = false;
      if (schema[i].mode != Mode::kRepeated) {
        AppendJsonValue(schema[i], reader, out);
      } else {
        out += '[';
        reader.Skip("[");
        for (bool more = !reader.Take("]"), begin = true; more; begin = false) {
          if (!begin) out += ',';
          reader.Skip("{\"v\":");
          if (reader.Take("null")) {
            out += "null";
          } else {
            AppendJsonValue(schema[i], reader, out);
          }
          reader.Skip("}");
          more = !reader.Take("]");
          if (more) reader.Skip(",");
        }
        out += ']';
      }
    }
    reader.Skip("}");
  }
  reader.Skip("]}");
  out += '}';
}

void AppendCsvText(std::string_view text, char delimiter, std::string& out) {
  const bool quote = text.empty() || text.find_first_of("\"\r\n") != std::string_view::npos ||
                     text.find(delimiter) != std::string_view::npos;
  if (!quote) {
    out += text;
    return;
  }
  out += '"';
  for (const char c : text) {
    if (c == '"') out += '"';
    out += c;
  }
  out += '"';
}

}  // namespace

Status CheckCsvSchema(const Schema& schema) {
  for (const Field& field : schema) {
    if (field.mode != Mode::kRepeated && field.type != TypeKind::kStruct) continue;
    return InvalidArgument("Operation cannot be performed on a nested schema. Field: " + field.name,
                           "invalid");
  }
  return {};
}

std::string CsvHeader(const Schema& schema, char delimiter) {
  std::string line;
  for (const Field& field : schema) {
    if (!line.empty()) line += delimiter;
    AppendCsvText(field.name, delimiter, line);
  }
  return line + "\n";
}

void AppendCsvLine(const Schema& schema, std::string_view encoded, char delimiter,
                   std::string& out) {
  WireReader reader(encoded);
  reader.Skip("{\"f\":[");
  for (std::size_t i = 0; i < schema.size(); ++i) {
    if (i > 0) out += delimiter;
    reader.Skip(i == 0 ? "{\"v\":" : ",{\"v\":");
    if (!reader.Take("null")) {
      const std::string_view raw = reader.Text();
      AppendCsvText(schema[i].type == TypeKind::kTimestamp ? TimestampText(raw) : Unescaped(raw),
                    delimiter, out);
    }
    reader.Skip("}");
  }
  out += '\n';
}

void AppendJsonLine(const Schema& schema, std::string_view encoded, std::string& out) {
  WireReader reader(encoded);
  AppendJsonRecord(schema, reader, out);
  out += '\n';
}

}  // namespace landfall::warehouse
