#include "warehouse/autodetect.h"

#include <algorithm>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/text.h"
#include "warehouse/cell.h"
#include "warehouse/csv.h"
#include "warehouse/load_stream.h"

namespace landfall::warehouse {
namespace {

using googlesql::TypeKind;

constexpr std::size_t kNameBytesMax = 300;
constexpr std::size_t kSampleDepthMax = 15;  // BigQuery's limit of nested RECORDs

// What was seen of one field. No type yet: only nulls and empty arrays so far.
struct Seen {
  std::string name;
  std::optional<TypeKind> type;
  bool repeated = false, nullable_only = true;
  std::vector<Seen> fields;
};

bool IsTimed(TypeKind type) {
  return type == TypeKind::kDate || type == TypeKind::kDatetime || type == TypeKind::kTimestamp;
}

// The narrowest type both fit.
TypeKind Widen(TypeKind a, TypeKind b) {
  if (a == b) return a;
  const auto is = [&](TypeKind x, TypeKind y) { return (a == x && b == y) || (a == y && b == x); };
  if (is(TypeKind::kInt64, TypeKind::kFloat64)) return TypeKind::kFloat64;
  if (is(TypeKind::kDate, TypeKind::kDatetime)) return TypeKind::kDatetime;
  if (IsTimed(a) && IsTimed(b)) return TypeKind::kTimestamp;
  if (a == TypeKind::kStruct || b == TypeKind::kStruct) return TypeKind::kJson;
  return TypeKind::kString;
}

void Observe(Seen& seen, TypeKind type) { seen.type = seen.type ? Widen(*seen.type, type) : type; }

void ObserveObject(std::vector<Seen>& fields, const JsonObject& object, std::size_t depth);

void ObserveValue(Seen& seen, const Json& value, std::size_t depth) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return;
    case boost::json::kind::bool_:
      return Observe(seen, TypeKind::kBool);
    case boost::json::kind::int64:
      return Observe(seen, TypeKind::kInt64);
    case boost::json::kind::uint64:
    case boost::json::kind::double_:
      return Observe(seen, TypeKind::kFloat64);
    case boost::json::kind::string:
      return Observe(seen, DetectScalar(std::string_view(value.as_string())));
    case boost::json::kind::object:
      if (depth >= kSampleDepthMax) return Observe(seen, TypeKind::kJson);
      Observe(seen, TypeKind::kStruct);
      return ObserveObject(seen.fields, value.as_object(), depth + 1);
    case boost::json::kind::array:
      // Arrays of arrays have no REPEATED form.
      if (seen.repeated && depth > kSampleDepthMax) return Observe(seen, TypeKind::kJson);
      seen.repeated = true;
      for (const Json& element : value.as_array()) {
        if (element.is_array()) {
          Observe(seen, TypeKind::kJson);
        } else {
          ObserveValue(seen, element, depth);
        }
      }
  }
}

void ObserveObject(std::vector<Seen>& fields, const JsonObject& object, std::size_t depth) {
  for (const auto& member : object) {
    const std::string_view key(member.key());
    auto found = std::find_if(fields.begin(), fields.end(),
                              [&](const Seen& seen) { return EqualsIgnoreCase(seen.name, key); });
    if (found == fields.end()) {
      Seen fresh;
      fresh.name = key;
      fields.push_back(std::move(fresh));
      found = std::prev(fields.end());
    }
    ObserveValue(*found, member.value(), depth);
  }
}

Schema SchemaOf(const std::vector<Seen>& fields) {
  Schema schema;
  for (const Seen& seen : fields) {
    Field field;
    field.name = seen.name;
    field.type = seen.type.value_or(TypeKind::kString);
    field.mode = seen.repeated ? Mode::kRepeated : Mode::kNullable;
    if (field.type == TypeKind::kStruct) field.fields = SchemaOf(seen.fields);
    // A RECORD without fields cannot be a column; a list of anything of no common type is kept as
    // JSON.
    if (field.type == TypeKind::kStruct && field.fields.empty()) field.type = TypeKind::kJson;
    if (field.type == TypeKind::kJson) field.mode = Mode::kNullable;
    schema.push_back(std::move(field));
  }
  return schema;
}

// The first records of the objects, without the ones that are too large.
Result<std::vector<std::string>> Sample(const LoadConfig& config,
                                        const std::vector<SourceObject>& sources,
                                        ObjectSource& objects) {
  std::vector<std::string> records;
  StreamOptions options;
  options.block_bytes = 1u << 20;
  if (config.source_format == SourceFormat::kCsv) options.csv = TRY(CsvOptionsOf(config));
  const CsvFramer framer(options.csv.value_or(CsvOptions()));
  for (const SourceObject& source : sources) {
    ObjectStream stream(TRY(objects.Open(source)), options);
    Block block;
    const Result<bool> more = stream.Next(block);
    if (!more.ok())
      return more.status().Annotate("Error while reading data, error message: " + Uri(source));
    if (!*more || block.too_large) continue;
    for (std::string_view rest = block.text; !rest.empty() && records.size() < kSampleRecordsMax;) {
      const std::size_t bytes =
          options.csv ? framer.FirstRecord(rest) : std::min(rest.find('\n'), rest.size() - 1) + 1;
      const std::string_view record = Trim(rest.substr(0, bytes));
      if (!record.empty()) records.emplace_back(record);
      rest.remove_prefix(bytes);
    }
    if (records.size() >= kSampleRecordsMax) break;
  }
  return records;
}

}  // namespace

TypeKind DetectScalar(std::string_view text) {
  std::int64_t int64 = 0;
  double float64 = 0;
  std::int32_t days = 0;
  if (ParseInt64Cell(text, int64) == CellError::kNone &&
      text.find_first_of(".eE ") == std::string_view::npos)
    return TypeKind::kInt64;
  if (!text.empty() && text.find_first_of("0123456789") != std::string_view::npos &&
      ParseFloat64Cell(text, float64) == CellError::kNone) {
    return TypeKind::kFloat64;
  }
  if (EqualsIgnoreCase(text, "true") || EqualsIgnoreCase(text, "false")) return TypeKind::kBool;
  if (ParseDateCell(text, days) == CellError::kNone) return TypeKind::kDate;
  if (ParseTimeCell(text, int64) == CellError::kNone) return TypeKind::kTime;
  // BigQuery detects a date with a time as TIMESTAMP when it has a zone or a space, as DATETIME
  // with a T.
  if (ParseDatetimeCell(text, int64) == CellError::kNone &&
      text.find('T') != std::string_view::npos)
    return TypeKind::kDatetime;
  if (ParseTimestampCell(text, int64) == CellError::kNone) return TypeKind::kTimestamp;
  return TypeKind::kString;
}

std::string ColumnName(std::string_view text, std::size_t number) {
  std::string name;
  for (const char c : Trim(text)) {
    const bool letter =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    name += letter ? c : '_';
  }
  if (name.find_first_not_of('_') == std::string::npos)
    name = "string_field_" + std::to_string(number);
  if (name[0] >= '0' && name[0] <= '9') name = "_" + name;
  return name.substr(0, kNameBytesMax);
}

Result<Schema> DetectNdjson(const std::vector<std::string>& lines) {
  std::vector<Seen> fields;
  for (const std::string& line : lines) {
    const Result<Json> value = ParseJson(line);
    // A bad record is found again, and counted, by the load.
    if (value.ok() && value->is_object()) ObserveObject(fields, value->as_object(), 0);
  }
  if (fields.empty())
    return InvalidArgument("Schema has no fields: autodetect found no JSON object in the sample");
  return SchemaOf(fields);
}

Detected DetectCsv(const LoadConfig& config, const std::vector<std::vector<std::string>>& rows) {
  std::size_t columns = 0;
  for (const auto& row : rows) columns = std::max(columns, row.size());
  const auto type_of = [&](std::size_t column, std::size_t first_row) {
    Seen seen;
    for (std::size_t i = first_row; i < rows.size(); ++i) {
      if (column < rows[i].size() && rows[i][column] != config.null_marker &&
          !rows[i][column].empty()) {
        Observe(seen, DetectScalar(rows[i][column]));
      }
    }
    return seen.type;
  };
  Detected detected;
  // A header is a first row of nothing but strings over at least one column that is not.
  const bool first_all_text =
      !rows.empty() && std::all_of(rows[0].begin(), rows[0].end(), [](const std::string& cell) {
        return !cell.empty() && DetectScalar(cell) == TypeKind::kString;
      });
  bool some_typed = false;
  for (std::size_t i = 0; i < columns; ++i)
    some_typed |= type_of(i, 1).value_or(TypeKind::kString) != TypeKind::kString;
  detected.has_header = first_all_text && some_typed && rows.size() > 1;
  for (std::size_t i = 0; i < columns; ++i) {
    Field field;
    field.type = type_of(i, detected.has_header ? 1 : 0).value_or(TypeKind::kString);
    const std::string fallback =
        AsciiLower(googlesql::TypeName({.kind = field.type, .fields = {}, .element = nullptr})) +
        "_field_" + std::to_string(i);
    field.name = detected.has_header && i < rows[0].size() ? ColumnName(rows[0][i], i) : fallback;
    const auto taken = [&](const std::string& name) {
      return std::any_of(detected.schema.begin(), detected.schema.end(),
                         [&](const Field& f) { return EqualsIgnoreCase(f.name, name); });
    };
    for (int n = 1; taken(field.name); ++n) field.name += "_" + std::to_string(n);
    detected.schema.push_back(std::move(field));
  }
  return detected;
}

Result<Detected> DetectSchema(const LoadConfig& config, const std::vector<SourceObject>& sources,
                              ObjectSource& objects) {
  std::vector<std::string> records = TRY(Sample(config, sources, objects));
  if (config.source_format != SourceFormat::kCsv) {
    Detected detected;
    detected.schema = TRY(DetectNdjson(records));
    return detected;
  }
  const CsvOptions options = TRY(CsvOptionsOf(config));
  std::vector<std::vector<std::string>> rows;
  for (std::size_t i = static_cast<std::size_t>(
           config.skip_leading_rows > 0 ? config.skip_leading_rows - 1 : 0);
       i < records.size(); ++i) {
    LoadArena arena;
    std::vector<CsvField> fields;
    RecordError error;
    const std::string_view text =
        options.latin1 ? FromLatin1(records[i], arena) : std::string_view(records[i]);
    if (!SplitCsv(options, text, arena, fields, error)) continue;
    std::vector<std::string>& row = rows.emplace_back();
    for (const CsvField& field : fields) row.emplace_back(field.text);
  }
  if (rows.empty())
    return InvalidArgument("Schema has no fields: autodetect found no CSV row in the sample");
  return DetectCsv(config, rows);
}

}  // namespace landfall::warehouse
