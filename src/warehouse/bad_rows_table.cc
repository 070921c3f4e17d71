#include "base/text.h"
#include "warehouse/bad_rows.h"
#include "warehouse/catalog.h"

namespace landfall::warehouse {
namespace {

using googlesql::TypeKind;

struct BadColumn {
  std::string_view name;
  TypeKind type;
};
constexpr BadColumn kColumns[] = {
    {"bad_id", TypeKind::kString},      {"load_id", TypeKind::kInt64},
    {"object", TypeKind::kString},      {"generation", TypeKind::kInt64},
    {"record_no", TypeKind::kInt64},    {"byte_offset", TypeKind::kInt64},
    {"byte_len", TypeKind::kInt64},     {"stage", TypeKind::kString},
    {"code", TypeKind::kString},        {"column", TypeKind::kString},
    {"expected", TypeKind::kString},    {"got", TypeKind::kString},
    {"raw", TypeKind::kBytes},          {"event_id", TypeKind::kString},
    {"config_hash", TypeKind::kString}, {"schema_version", TypeKind::kString},
    {"status", TypeKind::kString},      {"replay_load_id", TypeKind::kInt64},
    {"t", TypeKind::kTimestamp}};

// Appends one row value by value; the first failure sticks.
class RowAppender {
 public:
  explicit RowAppender(duckdb_appender raw) : raw_(raw) {}
  void Int(std::int64_t value) { Note(duckdb_append_int64(raw_, value)); }
  void Text(std::string_view text) {
    Note(duckdb_append_varchar_length(raw_, text.data(), text.size()));
  }
  void TextOrNull(std::string_view text) { text.empty() ? Null() : Text(text); }
  void Bytes(std::string_view bytes) { Note(duckdb_append_blob(raw_, bytes.data(), bytes.size())); }
  void Null() { Note(duckdb_append_null(raw_)); }
  void Time(TimePoint t) {
    Note(duckdb_append_timestamp(raw_, duckdb_timestamp{.micros = ToMicros(t)}));
  }
  Status End() {
    Note(duckdb_appender_end_row(raw_));
    return ok_ ? Status() : DuckError(duckdb_appender_error(raw_));
  }

 private:
  void Note(duckdb_state state) { ok_ = ok_ && state == DuckDBSuccess; }
  duckdb_appender raw_;
  bool ok_ = true;
};

// The bad table says what it can even of invalid UTF-8: `got` must be text.
std::string_view TextOnly(std::string_view text, std::string& storage) {
  storage.clear();
  for (const char c : text) storage += static_cast<unsigned char>(c) < 0x80 && c != '\0' ? c : '?';
  return storage;
}

std::string Sentence(const BadRow& row) {
  const RecordError& e = row.error;
  const auto field = [&e](std::string_view text) {
    return std::string(text) + " Field: " + e.column + "; Value: " + e.got;
  };
  if (e.code == "unknown_field") return "No such field: " + e.column + ".";
  if (e.code == "missing_required" && e.got == "null")
    return "Only optional fields can be set to NULL. Field: " + e.column + "; Value: NULL";
  if (e.code == "missing_required") return "Missing required field: " + e.column + ".";
  if (e.code == "not_a_scalar" && e.got == "a JSON object")
    return "JSON object specified for non-record field: " + e.column;
  if (e.code == "not_a_scalar") return "Array specified for non-repeated field: " + e.column + ".";
  if (e.code == "not_an_array") return field("Repeated field must be imported as a JSON array.");
  if (e.code == "not_a_record") return "Nested record expected for field: " + e.column + ".";
  if (e.code == "null_in_array") return field("Only optional fields can be set to NULL.");
  if (e.code == "duplicate_key") return "Duplicate key in JSON object: " + e.column;
  if (e.code == "too_few_columns")
    return "CSV table references column position beyond the end of the row; expected " +
           e.expected + ", got " + e.got;
  if (e.code == "too_many_columns")
    return "Too many values in row: expected " + e.expected + ", got " + e.got;
  if (e.code == "unclosed_quote") return "Missing close quote character (\").";
  if (e.code == "bad_quoting")
    return "Data between close quote character (\") and field separator.";
  if (e.code == "nul_byte") return "Bad character (ASCII 0) encountered.";
  if (e.code == "invalid_utf8") return "Invalid UTF-8.";
  if (e.code == "line_too_large") return "Row size is larger than: " + e.expected;
  if (e.code == "wrong_partition")
    return "Value of partitioning column " + e.column + " is outside of partition " + e.expected +
           ": " + e.got;
  if (row.error.stage == "type")
    return field("Could not convert value to " + e.expected + " (" + std::string(e.code) + ").");
  return "Parser terminated before end of string: expected " + e.expected +
         (e.column.empty() ? "" : " at field " + e.column);
}

}  // namespace

TableRef BadTableRef(const TableRef& table) {
  return {.project = table.project, .dataset = table.dataset, .table = table.table + "__bad"};
}

Table BadTable(const Table& table) {
  Table bad;
  bad.ref = BadTableRef(table.ref);
  bad.location = table.location;
  bad.description = "records that did not fit into " + ToString(table.ref);
  for (const BadColumn& column : kColumns) {
    bad.schema.push_back({.name = std::string(column.name),
                          .type = column.type,
                          .mode = Mode::kNullable,
                          .description = "",
                          .fields = {}});
  }
  bad.time_partitioning =
      TimePartitioning{.type = "DAY", .field = "t", .expiration_ms = std::nullopt};
  return bad;
}

Status AppendBadRows(Connection& connection, const TableRef& bad_table, const BadRows& rows,
                     const BadRowContext& context) {
  std::vector<std::string> names{std::string(kLoadIdColumn), std::string(kObjectNoColumn),
                                 std::string(kRecordNoColumn)};
  for (const BadColumn& column : kColumns) names.emplace_back(column.name);
  const PhysicalTable physical = PhysicalOf(bad_table);
  Appender appender = TRY(Appender::Open(connection, physical.schema, physical.table, names));
  std::string storage;
  TRY(rows.ForEach([&](const BadRow& row) -> Status {
    const SourceObject& object = context.objects->at(static_cast<std::size_t>(row.object_no - 1));
    RowAppender out(appender.raw());
    out.Int(context.load_id);
    out.Int(row.object_no);
    out.Int(row.record_no);
    out.Text(std::to_string(context.load_id) + "-" + std::to_string(row.object_no) + "-" +
             std::to_string(row.record_no));
    out.Int(context.load_id);
    out.Text(Uri(object));
    out.Int(object.generation);
    out.Int(row.record_no);
    out.Int(static_cast<std::int64_t>(row.byte_offset));
    out.Int(static_cast<std::int64_t>(row.byte_len));
    out.Text(row.error.stage);
    out.Text(row.error.code);
    out.TextOrNull(IsValidUtf8(row.error.column) ? row.error.column
                                                 : TextOnly(row.error.column, storage));
    out.TextOrNull(row.error.expected);
    out.TextOrNull(IsValidUtf8(row.error.got) ? row.error.got : TextOnly(row.error.got, storage));
    out.Bytes(row.raw);
    out.TextOrNull(row.event_id);
    out.TextOrNull(context.config_hash);
    out.TextOrNull(context.schema_version);
    out.Text("open");
    out.Null();
    out.Time(context.t);
    return out.End();
  }));
  return appender.Close();
}

std::string BadRecordMessage(SourceFormat format, const BadRow& row, const SourceObject& object) {
  std::string message = "Error while reading data, error message: ";
  const std::string position = std::to_string(row.byte_offset);
  switch (format) {
    case SourceFormat::kNewlineDelimitedJson:
      message +=
          "JSON parsing error in row starting at position " + position + ": " + Sentence(row);
      break;
    case SourceFormat::kCsv:
      message += "CSV processing encountered an error in row starting at position " + position +
                 ": " + Sentence(row);
      break;
    case SourceFormat::kParquet:
      message += "Parquet row " + std::to_string(row.record_no) + ": " + Sentence(row);
      break;
  }
  return message + " File: " + Uri(object);
}

}  // namespace landfall::warehouse
