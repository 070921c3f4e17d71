#include "warehouse/ndjson.h"

#include <simdjson.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/status.h"
#include "base/text.h"

namespace landfall::warehouse {
namespace {

namespace od = simdjson::ondemand;
using googlesql::TypeKind;

constexpr std::size_t kParserBytesMin = 64u << 10;
constexpr std::size_t kParserBytesKept =
    8u << 20;  // a parser grown past this by a long line is dropped after it
constexpr std::size_t kKeyMemoMax = 4096;   // spellings of keys remembered per RECORD
constexpr int kUnknown = -1, kNoText = -2;  // no such field; a key with a bad escape

// The keys of one RECORD: how they were spelled lately, in order of appearance, and the fields they
// mean.
struct KeyMap {
  explicit KeyMap(std::vector<ColumnSlot>& slots) {
    for (std::size_t i = 0; i < slots.size(); ++i) {
      by_name.emplace(AsciiLower(slots[i].name), static_cast<int>(i));
      inner.push_back(slots[i].fields.empty() ? nullptr
                                              : std::make_unique<KeyMap>(slots[i].fields));
    }
  }
  struct Memo {
    std::string raw;  // as between the quotes, with the closing one
    int field;
  };
  std::vector<Memo> memo;
  std::unordered_map<std::string, int> by_raw;
  std::unordered_map<std::string, int> by_name;  // lower case
  std::vector<std::unique_ptr<KeyMap>> inner;
};

bool IsJsonNumber(std::string_view text) {
  const char c = text.empty() ? '\0' : text[0];
  if (c != '-' && (c < '0' || c > '9')) return false;
  // Most numbers are plain digits without a leading zero.
  const bool plain =
      std::all_of(text.begin(), text.end(), [](char d) { return d >= '0' && d <= '9'; });
  if (plain) return text.size() == 1 || c != '0';
  return CheckJsonText(text, 1) == JsonVerdict::kValid;
}

std::string_view TrimJson(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  while (!text.empty() && kSpace.find(text.back()) != std::string_view::npos) text.remove_suffix(1);
  return text;
}

// A string must be taken off the iterator: one that is skipped and has a colon behind it, as in
// {"a":"b":1}, passes for a key. Other scalars are skipped safely.
bool ConsumeString(std::string_view token, od::value& value) {
  return !token.starts_with('"') || value.get_raw_json_string().error() == simdjson::SUCCESS;
}

std::string_view RuleOfParseError(simdjson::error_code error) {
  switch (error) {
    case simdjson::UNCLOSED_STRING:
      return "a closing quote for every string";
    case simdjson::UNESCAPED_CHARS:
      return "control characters only as escapes";
    case simdjson::EMPTY:
      return "one JSON object per line";
    default:
      return "one complete JSON object per line";
  }
}

std::string_view ExpectedOf(const ColumnSlot& slot) {
  switch (slot.type) {
    case TypeKind::kInt64:
      return "INTEGER";
    case TypeKind::kFloat64:
      return "FLOAT";
    case TypeKind::kBool:
      return "BOOLEAN";
    default:
      return googlesql::WireTypeName(slot.type);
  }
}

}  // namespace

struct NdjsonReader::State {
  State(const NdjsonOptions& o, ChunkWriter& w) : options(o), writer(w), root(w.columns()) {
    NewParser();
  }

  void NewParser() { parser = std::make_unique<od::parser>(); }
  bool Prepare(std::size_t bytes, RecordError& error);
  bool Fail(std::string_view stage, std::string_view code, std::string_view expected,
            std::string_view got);
  bool Syntax(simdjson::error_code code);
  bool WriteObject(od::object object, std::vector<ColumnSlot>& slots, KeyMap& keys, idx_t row);
  // Values go by reference: copying one stalls on what was stored a moment ago.
  bool WriteField(ColumnSlot& slot, KeyMap* inner, od::value& value, idx_t row);
  bool WriteArray(ColumnSlot& slot, KeyMap* inner, od::value& value, idx_t row);
  bool WriteValue(ColumnSlot& slot, KeyMap* inner, od::value& value, idx_t row);
  bool WriteScalar(ColumnSlot& slot, std::string_view token, idx_t row);
  bool WriteJson(ColumnSlot& slot, od::value& value, idx_t row);
  std::optional<std::string_view> RawTextOf(od::value& value);
  int FindField(KeyMap& keys, const char* raw, std::size_t position, std::string_view& name);

  const NdjsonOptions options;
  ChunkWriter& writer;
  KeyMap root;
  std::unique_ptr<od::parser> parser;
  const char* line_end = nullptr;
  RecordError* error = nullptr;
  // Of the field being written. Put into words only for an error.
  struct PathPart {
    std::string_view name;
    std::size_t index = 0;  // of an array's element when there is no name
  };
  std::vector<PathPart> path;
  std::string PathText() const;
};

std::string NdjsonReader::State::PathText() const {
  std::string text;
  for (const PathPart& part : path) {
    if (part.name.data() == nullptr) {
      text += '[' + std::to_string(part.index) + ']';
    } else {
      (text += text.empty() ? "" : ".") += part.name;
    }
  }
  return text;
}

bool NdjsonReader::State::Fail(std::string_view stage, std::string_view code,
                               std::string_view expected, std::string_view got) {
  *error = {.stage = stage,
            .code = code,
            .column = PathText(),
            .expected = std::string(expected),
            .got = std::string(CutGot(got))};
  return false;
}

bool NdjsonReader::State::Syntax(simdjson::error_code code) {
  if (code == simdjson::UTF8_ERROR) return Fail("decode", "invalid_utf8", "valid UTF-8", "");
  if (code == simdjson::DEPTH_ERROR)
    return Fail("parse", "too_deep", "at most 500 levels of nesting", "");
  return Fail("parse", "invalid_json", RuleOfParseError(code), "");
}

// Which field the key at `raw` (behind its quote) means; kUnknown when none. Equal spellings are
// not looked at twice.
int NdjsonReader::State::FindField(KeyMap& keys, const char* raw, std::size_t position,
                                   std::string_view& name) {
  const auto left = static_cast<std::size_t>(line_end - raw);
  for (std::size_t i = position; i < std::min(position + 4, keys.memo.size()); ++i) {
    const KeyMap::Memo& memo = keys.memo[i];
    if (memo.raw.size() <= left && std::memcmp(memo.raw.data(), raw, memo.raw.size()) == 0) {
      name = std::string_view(raw, memo.raw.size() - 1);
      return memo.field;
    }
  }
  std::size_t bytes = 0;
  while (bytes < left && raw[bytes] != '"') bytes += raw[bytes] == '\\' ? 2 : 1;
  name = std::string_view(raw, std::min(bytes, left));
  std::string spelled(name);
  spelled += '"';
  if (const auto known = keys.by_raw.find(spelled); known != keys.by_raw.end())
    return known->second;
  const std::optional<std::string_view> unescaped = UnescapeJson(name, writer.arena());
  if (!unescaped) return kNoText;
  const auto found = keys.by_name.find(AsciiLower(*unescaped));
  const int field = found == keys.by_name.end() ? kUnknown : found->second;
  if (keys.by_raw.size() < kKeyMemoMax && name.size() <= 1024) {
    const std::size_t at = std::min(position, keys.memo.size());
    keys.memo.insert(keys.memo.begin() + static_cast<std::ptrdiff_t>(at),
                     {.raw = spelled, .field = field});
    keys.by_raw.emplace(std::move(spelled), field);
  }
  return field;
}

bool NdjsonReader::State::WriteObject(od::object object, std::vector<ColumnSlot>& slots,
                                      KeyMap& keys, idx_t row) {
  const std::uint64_t stamp = writer.NextStamp();
  const std::size_t depth = path.size();
  const auto enter = [&](std::string_view name) {
    path.resize(depth);
    path.push_back({.name = name});
  };
  std::size_t position = 0;
  for (simdjson::simdjson_result<od::field> each : object) {
    if (const auto code = each.error(); code != simdjson::SUCCESS) {
      path.resize(depth);
      return Syntax(code);
    }
    od::field&& field = std::move(each).value_unsafe();
    std::string_view name;
    const int index = FindField(keys, field.key().raw(), position++, name);
    path.resize(depth);
    if (index == kNoText) return Fail("parse", "invalid_json", "valid escapes in a key", name);
    if (index == kUnknown) {
      enter(CutGot(name));
      if (!options.ignore_unknown_values)
        return Fail("schema", "unknown_field", "a field of the table", name);
      // simdjson skips without checking, so what is ignored is checked here.
      if (!RawTextOf(field.value())) return false;
      continue;
    }
    const auto at = static_cast<std::size_t>(index);
    ColumnSlot& slot = slots[at];
    enter(slot.name);
    if (slot.stamp == stamp) return Fail("parse", "duplicate_key", "every key once", name);
    slot.stamp = stamp;
    if (!WriteField(slot, keys.inner[at].get(), field.value(), row)) return false;
  }
  for (ColumnSlot& slot : slots) {
    if (slot.stamp == stamp || ChunkWriter::SetAbsent(slot, row)) continue;
    enter(slot.name);
    return Fail("constraint", "missing_required", "a value, the field is REQUIRED", "");
  }
  path.resize(depth);
  return true;
}

std::optional<std::string_view> NdjsonReader::State::RawTextOf(od::value& value) {
  std::string_view raw = value.raw_json_token();
  simdjson::error_code code = simdjson::SUCCESS;
  if (raw.starts_with('{')) {
    od::object object;
    code = value.get_object().get(object);
    if (code == simdjson::SUCCESS) code = object.raw_json().get(raw);
  } else if (raw.starts_with('[')) {
    od::array array;
    code = value.get_array().get(array);
    if (code == simdjson::SUCCESS) code = array.raw_json().get(raw);
  }
  if (code == simdjson::SUCCESS && !ConsumeString(raw, value)) code = simdjson::TAPE_ERROR;
  if (code != simdjson::SUCCESS) {
    Syntax(code);
    return std::nullopt;
  }
  raw = TrimJson(raw);
  switch (CheckJsonText(raw, kJsonNestingMax)) {
    case JsonVerdict::kValid:
      return raw;
    case JsonVerdict::kTooDeep:
      Fail("parse", "too_deep", "at most 500 levels of nesting", raw);
      break;
    case JsonVerdict::kInvalid:
      Fail("parse", "invalid_json", "a JSON value", raw);
      break;
  }
  return std::nullopt;
}

bool NdjsonReader::State::WriteField(ColumnSlot& slot, KeyMap* inner, od::value& value, idx_t row) {
  if (slot.mode == Mode::kRepeated) return WriteArray(slot, inner, value, row);
  const std::string_view token = value.raw_json_token();
  if (token.starts_with('n')) {
    if (TrimJson(token) != "null")
      return Fail("parse", "invalid_json", "a JSON value", TrimJson(token));
    if (!ChunkWriter::SetAbsent(slot, row))
      return Fail("constraint", "missing_required", "a value, the field is REQUIRED", "null");
    return true;
  }
  return WriteValue(slot, inner, value, row);
}

bool NdjsonReader::State::WriteArray(ColumnSlot& slot, KeyMap* inner, od::value& value, idx_t row) {
  const std::string_view token = value.raw_json_token();
  ChunkWriter::BeginArray(slot, row);
  if (!token.starts_with('[')) {
    if (TrimJson(token) == "null") return true;
    return Fail("type", "not_an_array", "a JSON array, the field is REPEATED", TrimJson(token));
  }
  od::array array;
  if (const auto code = value.get_array().get(array); code != simdjson::SUCCESS)
    return Syntax(code);
  const std::size_t depth = path.size();
  std::size_t number = 0;
  for (simdjson::simdjson_result<od::value> each : array) {
    if (const auto code = each.error(); code != simdjson::SUCCESS) return Syntax(code);
    od::value&& element = std::move(each).value_unsafe();
    path.resize(depth);
    path.push_back({.name = {}, .index = number++});
    const std::string_view first = element.raw_json_token();
    if (first.starts_with('n'))
      return Fail("type", "null_in_array", "no null in an array", TrimJson(first));
    if (!WriteValue(slot, inner, element, ChunkWriter::AddElement(slot))) return false;
  }
  path.resize(depth);
  ChunkWriter::EndArray(slot, row);
  return true;
}

bool NdjsonReader::State::WriteValue(ColumnSlot& slot, KeyMap* inner, od::value& value, idx_t row) {
  const std::string_view token = value.raw_json_token();
  if (slot.type == TypeKind::kJson) return WriteJson(slot, value, row);
  if (slot.type == TypeKind::kStruct) {
    if (!token.starts_with('{'))
      return Fail("type", "not_a_record", "a JSON object, the field is a RECORD", TrimJson(token));
    od::object object;
    if (const auto code = value.get_object().get(object); code != simdjson::SUCCESS)
      return Syntax(code);
    ChunkWriter::SetValid(slot, row);
    return WriteObject(object, slot.fields, *inner, row);
  }
  if (!ConsumeString(token, value))
    return Fail("parse", "invalid_json", "a JSON value", TrimJson(token));
  if (token.starts_with('{'))
    return Fail("type", "not_a_scalar", ExpectedOf(slot), "a JSON object");
  if (token.starts_with('[')) return Fail("type", "not_a_scalar", ExpectedOf(slot), "a JSON array");
  return WriteScalar(slot, TrimJson(token), row);
}

// A plain integer, as most numbers are. False: look at it properly.
bool PlainInteger(std::string_view token, std::int64_t& value) {
  constexpr std::size_t kDigitsMax = 18;  // cannot overflow
  const bool negative = token.starts_with('-');
  if (negative) token.remove_prefix(1);
  if (token.empty() || token.size() > kDigitsMax || (token[0] == '0' && token.size() > 1))
    return false;
  value = 0;
  for (const char c : token) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + (c - '0');
  }
  if (negative) value = -value;
  return true;
}

bool NdjsonReader::State::WriteScalar(ColumnSlot& slot, std::string_view token, idx_t row) {
  if (std::int64_t value = 0; slot.type == TypeKind::kInt64 && PlainInteger(token, value)) {
    static_cast<std::int64_t*>(slot.data)[row] = value;
    ChunkWriter::SetValid(slot, row);
    return true;
  }
  Scalar scalar{.kind = ScalarKind::kText, .text = token};
  if (token.starts_with('"')) {
    if (token.size() < 2 || !token.ends_with('"'))
      return Fail("parse", "invalid_json", "a JSON value", token);
    const std::string_view raw = token.substr(1, token.size() - 2);
    const bool plain = std::memchr(raw.data(), '\\', raw.size()) == nullptr;
    if (plain && slot.type == TypeKind::kString) {
      PutString(raw, static_cast<duckdb_string_t*>(slot.data)[row]);
      ChunkWriter::SetValid(slot, row);
      return true;
    }
    const auto text = plain ? raw : UnescapeJson(raw, writer.arena());
    if (!text) return Fail("parse", "invalid_json", "valid escapes in a string", token);
    scalar.text = *text;
  } else if (token == "true" || token == "false") {
    scalar.kind = ScalarKind::kBool;
  } else if (IsJsonNumber(token)) {
    scalar.kind = ScalarKind::kNumber;
  } else {
    return Fail("parse", "invalid_json", "a JSON value", token);
  }
  const CellError cell = StoreScalar(slot.type, scalar, slot.data, row, writer.arena());
  if (cell != CellError::kNone)
    return Fail("type", CellErrorCode(cell), ExpectedOf(slot), scalar.text);
  ChunkWriter::SetValid(slot, row);
  return true;
}

bool NdjsonReader::State::WriteJson(ColumnSlot& slot, od::value& value, idx_t row) {
  std::optional<std::string_view> raw = RawTextOf(value);
  if (!raw) return false;
  if (options.json_as_text && raw->starts_with('"')) {
    raw = UnescapeJson(raw->substr(1, raw->size() - 2), writer.arena());
    if (!raw || CheckJsonText(*raw, kJsonNestingMax) != JsonVerdict::kValid)
      return Fail("type", "invalid_value", "JSON", raw.value_or(""));
  }
  PutString(*raw, static_cast<duckdb_string_t*>(slot.data)[row]);
  ChunkWriter::SetValid(slot, row);
  return true;
}

bool NdjsonReader::State::Prepare(std::size_t bytes, RecordError& out) {
  if (parser->capacity() >= bytes && parser->capacity() > 0) return true;
  if (parser->allocate(std::bit_ceil(std::max(bytes, kParserBytesMin))) == simdjson::SUCCESS)
    return true;
  out = {.stage = "size",
         .code = "line_too_large",
         .column = "",
         .expected = "a line that fits in memory",
         .got = ""};
  return false;
}

NdjsonReader::NdjsonReader(const NdjsonOptions& options, ChunkWriter& writer)
    : state_(std::make_unique<State>(options, writer)) {}
NdjsonReader::~NdjsonReader() = default;

bool NdjsonReader::ReadRecord(std::string_view line, idx_t row, RecordError& error) {
  State& s = *state_;
  s.error = &error;
  s.path.clear();
  s.line_end = line.data() + line.size();
  if (!s.Prepare(line.size(), error)) return false;
  s.writer.BeginRow();
  const auto read = [&]() -> bool {
    od::document document;
    const auto code =
        s.parser->iterate(line.data(), line.size(), line.size() + kLinePaddingBytes).get(document);
    if (code != simdjson::SUCCESS) return s.Syntax(code);
    od::object object;
    const auto first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos || line[first] != '{') {
      return s.Fail("parse", "not_an_object", "one JSON object per line", line);
    }
    if (const auto started = document.get_object().get(object); started != simdjson::SUCCESS)
      return s.Syntax(started);
    if (!s.WriteObject(object, s.writer.columns(), s.root, row)) return false;
    const bool at_end = document.current_location().error() == simdjson::OUT_OF_BOUNDS;
    return at_end || s.Fail("parse", "invalid_json", "nothing behind the object", line);
  };
  const bool good = read();
  if (!good) s.writer.AbortRow();
  if (line.size() > kParserBytesKept) s.NewParser();
  return good;
}

}  // namespace landfall::warehouse
