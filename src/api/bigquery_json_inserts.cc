// tabledata.insertAll.
#include "api/bigquery_json_inserts.h"

#include <tuple>
#include <utility>

#include "api/bigquery_json.h"
#include "base/json.h"

namespace landfall::api::bigquery_json {
namespace {

constexpr std::size_t kRequestBytesMax = 10u << 20;  // BigQuery's limit of a request
constexpr std::string_view kWhere = "insertAll";

// A forward reader of JSON that leaves values as they stand.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}
  std::size_t at() const { return at_; }
  std::string_view Since(std::size_t from) const { return text_.substr(from, at_ - from); }
  bool AtEnd() {
    Space();
    return at_ == text_.size();
  }
  char Peek() {
    Space();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool Take(char c) {
    if (Peek() != c) return false;
    ++at_;
    return true;
  }
  // A string between its quotes, escapes as they are.
  Result<std::string_view> String() {
    if (!Take('"')) return Bad("a string");
    const std::size_t start = at_;
    while (at_ < text_.size() && text_[at_] != '"') at_ += text_[at_] == '\\' ? 2 : 1;
    if (at_ >= text_.size()) return Bad("a closing quote");
    return text_.substr(start, at_++ - start);
  }
  // Any value. Its inside is not checked: whoever reads it does that.
  Result<std::string_view> Value() {
    const char first = Peek();
    const std::size_t start = at_;
    if (first == '"') {
      (void)TRY(String());
      return Since(start);
    }
    std::size_t depth = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        (void)TRY(String());
        continue;
      }
      const bool closes = c == '}' || c == ']';
      if (depth == 0 && (closes || c == ',' || c == ' ' || c == '\n' || c == '\r' || c == '\t')) {
        break;
      }
      if (c == '{' || c == '[') ++depth;
      ++at_;
      if (closes && --depth == 0) break;
    }
    if (depth != 0 || at_ == start) return Bad("a value");
    return Since(start);
  }
  Status Bad(std::string_view expected) const {
    return InvalidArgument("Invalid JSON payload received. Expected " + std::string(expected) +
                               " at byte " + std::to_string(at_) + ".",
                           "parseError");
  }

 private:
  void Space() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
      ++at_;
    }
  }
  const std::string_view text_;
  std::size_t at_ = 0;
};

std::string RowPath(const InsertBody& body, std::string_view member) {
  return "rows[" + std::to_string(body.request.rows.size()) + "]." + std::string(member);
}

Status ParseInsertId(std::string_view raw, InsertBody& body, warehouse::InsertRow& row) {
  if (raw == "null") return {};
  if (!raw.starts_with('"')) {
    const std::string path = RowPath(body, "insertId");
    return InvalidArgument(path + " must be a string", "invalid", path);
  }
  row.insert_id = raw.substr(1, raw.size() - 2);
  if (raw.find('\\') == std::string_view::npos) return {};
  const Json value = TRY(ParseJson(raw));
  row.insert_id = body.texts.emplace_back(value.as_string());
  return {};
}

Status ParseRow(Cursor& cursor, InsertBody& body) {
  if (!cursor.Take('{')) return cursor.Bad("an object in rows");
  warehouse::InsertRow row;
  while (!cursor.Take('}')) {
    const std::string_view name = TRY(cursor.String());
    if (!cursor.Take(':')) return cursor.Bad("\":\"");
    const std::string_view value = TRY(cursor.Value());
    if (name == "insertId") {
      TRY(ParseInsertId(value, body, row));
    } else if (name == "json") {
      row.json = value;
    } else {
      const std::string path = RowPath(body, name.substr(0, 100));
      return InvalidArgument("Unknown field " + path + "; a row has insertId and json", "invalid",
                             path);
    }
    if (!cursor.Take(',') && cursor.Peek() != '}') return cursor.Bad("\",\" or \"}\"");
  }
  if (!row.json.starts_with('{')) {
    const std::string path = RowPath(body, "json");
    return row.json.empty() || row.json == "null"
               ? InvalidArgument("Required parameter is missing: " + path, "required", path)
               : InvalidArgument(path + " must be an object", "invalid", path);
  }
  body.request.rows.push_back(row);
  return {};
}

Status ParseRows(Cursor& cursor, InsertBody& body) {
  if (!cursor.Take('[')) {
    if (TRY(cursor.Value()) == "null") return {};
    return InvalidArgument("rows must be an array", "invalid", "rows");
  }
  if (cursor.Take(']')) return {};
  for (;;) {
    TRY(ParseRow(cursor, body));
    if (cursor.Take(']')) return {};
    if (!cursor.Take(',')) return cursor.Bad("\",\" or \"]\" in rows");
  }
}

JsonArray ErrorsJson(const std::vector<warehouse::InsertError>& errors) {
  JsonArray rows;
  for (const warehouse::InsertError& row : errors) {
    JsonArray reasons;
    for (const warehouse::JobError& error : row.errors) {
      reasons.push_back(JsonObject{{"reason", error.reason},
                                   {"location", error.location},
                                   {"debugInfo", ""},
                                   {"message", error.message}});
    }
    rows.push_back(JsonObject{{"index", row.index}, {"errors", std::move(reasons)}});
  }
  return rows;
}

}  // namespace

// Everything but the rows goes through the common checks.
Status ParseInsertBody(std::string_view text, InsertBody& body) {
  Cursor cursor(text);
  if (!cursor.Take('{')) return cursor.Bad("an object");
  std::string rest = "{";
  while (!cursor.Take('}')) {
    const std::size_t start = cursor.at();
    const std::string_view name = TRY(cursor.String());
    if (!cursor.Take(':')) return cursor.Bad("\":\"");
    if (name == "rows") {
      TRY(ParseRows(cursor, body));
    } else {
      (void)TRY(cursor.Value());
      (rest += rest.size() > 1 ? "," : "") += cursor.Since(start);
    }
    if (!cursor.Take(',') && cursor.Peek() != '}') return cursor.Bad("\",\" or \"}\"");
  }
  if (!cursor.AtEnd()) return cursor.Bad("the end");
  const Json parsed = TRY(ParseJson(rest + "}"));
  const JsonObject& object = parsed.get_object();
  // traceId is for Google's own debugging and changes nothing.
  TRY(CheckMembers(object, {.where = kWhere,
                            .built = {"skipInvalidRows", "ignoreUnknownValues", "templateSuffix"},
                            .output_only = {"kind", "traceId"}}));
  warehouse::InsertRequest& request = body.request;
  request.skip_invalid_rows = TRY(BoolMember(object, "skipInvalidRows")).value_or(false);
  request.ignore_unknown_values = TRY(BoolMember(object, "ignoreUnknownValues")).value_or(false);
  request.template_suffix = TRY(TextOr(object, "templateSuffix"));
  return {};
}

Result<net::Response> Adapter::InsertAll(net::Request& request) {
  std::string text = TRY(net::ReadBody(request, kRequestBytesMax));
  const std::size_t bytes = text.size();
  text.append(warehouse::kInsertPaddingBytes, '\0');
  InsertBody body;
  TRY(ParseInsertBody(std::string_view(text).substr(0, bytes), body));
  warehouse::InsertRequest& insert = body.request;
  insert.table.project = request.Param("project");
  insert.table.dataset = request.Param("dataset");
  std::tie(insert.table.table, insert.partition) =
      TRY(warehouse::SplitDecorator(request.Param("table")));
  JsonObject answer{{"kind", "bigquery#tableDataInsertAllResponse"}};
  const auto errors = TRY(warehouse_.InsertAll(request.context, insert));
  if (!errors.empty()) answer["insertErrors"] = ErrorsJson(errors);
  return Answer(request, answer);
}

}  // namespace landfall::api::bigquery_json
