#include "warehouse/parquet.h"

#include <algorithm>

#include "base/text.h"
#include "warehouse/hive_partitions.h"

namespace landfall::warehouse {
namespace {

using googlesql::QuoteIdentifier;
using googlesql::QuoteLiteral;
using googlesql::TypeKind;

constexpr std::size_t kCopyBytes = 1u << 20;

// A path DuckDB can open, for as long as this lives.
class ParquetPath {
 public:
  static Result<std::unique_ptr<ParquetPath>> Open(LoadServices& services,
                                                   const SourceObject& source,
                                                   ObjectSource& objects) {
    auto path = std::make_unique<ParquetPath>(services.files);
    path->file_ = TRY(objects.Open(source));
    if (path->file_->fd() >= 0) {
      path->path_ = "/proc/self/fd/" + std::to_string(path->file_->fd());
      return path;
    }
    path->copy_ = path->path_ = services.spool_dir + "/parquet-" +
                                std::to_string(reinterpret_cast<std::uintptr_t>(path.get())) +
                                ".parquet";
    const std::unique_ptr<WritableFile> copy = TRY(services.files.OpenForAppend(path->path_));
    std::string buffer(kCopyBytes, '\0');
    for (std::uint64_t at = 0; at < path->file_->size_bytes();) {
      const std::size_t n = TRY(path->file_->ReadAt(at, buffer));
      if (n == 0) break;
      TRY(copy->Write(std::string_view(buffer).substr(0, n)));
      at += n;
    }
    return path;
  }
  explicit ParquetPath(FileSystem& files) : files_(files) {}
  ~ParquetPath() {
    // The spool is emptied at the next start anyway.
    if (!copy_.empty()) (void)files_.Remove(copy_);
  }
  ParquetPath(const ParquetPath&) = delete;
  ParquetPath& operator=(const ParquetPath&) = delete;
  const std::string& path() const { return path_; }

 private:
  FileSystem& files_;
  std::shared_ptr<ReadableFile> file_;
  std::string path_, copy_;
};

// What is wrong with the file is the caller's; what is wrong with us (memory, disk, interrupt)
// stays what it is.
Status Explain(const Status& status, const SourceObject& source) {
  const bool transient = status.code() == Code::kCancelled ||
                         status.code() == Code::kResourceExhausted ||
                         status.code() == Code::kAborted;
  if (status.ok() || transient) return status;
  return InvalidArgument("Error while reading data, error message: Parquet file " + Uri(source) +
                             " cannot be loaded: " + status.message(),
                         "invalid", Uri(source));
}

struct FileColumn {
  std::string name, type;
};

Result<std::vector<FileColumn>> DescribeFile(Connection& connection, const std::string& path) {
  QueryResult result =
      TRY(connection.Run("DESCRIBE SELECT * FROM read_parquet(" + QuoteLiteral(path) + ")"));
  std::vector<FileColumn> columns;
  while (TRY(result.Next())) columns.push_back({.name = result.Text(0), .type = result.Text(1)});
  return columns;
}

// Splits "a INTEGER, b STRUCT(c INTEGER)" at its outer commas.
std::vector<std::string_view> SplitMembers(std::string_view text) {
  std::vector<std::string_view> members;
  int depth = 0;
  bool quoted = false;
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '"') quoted = !quoted;
    if (quoted) continue;
    depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
    if (text[i] == ',' && depth == 0) {
      members.push_back(Trim(text.substr(start, i - start)));
      start = i + 1;
    }
  }
  members.push_back(Trim(text.substr(start)));
  return members;
}

// "DECIMAL(18,3)"
TypeKind DecimalKind(std::string_view type, const std::vector<DecimalTarget>& targets) {
  if (targets.empty()) return TypeKind::kNumeric;
  const auto wants = [&](DecimalTarget target) {
    return std::find(targets.begin(), targets.end(), target) != targets.end();
  };
  type.remove_prefix(std::string_view("DECIMAL(").size());
  const std::size_t comma = type.find(',');
  const auto precision = ParseInt64(type.substr(0, comma)).value_or(38);
  const auto scale = ParseInt64(Trim(type.substr(comma + 1, type.size() - comma - 2))).value_or(0);
  const bool fits = scale <= 9 && precision - scale <= 29;
  if (wants(DecimalTarget::kNumeric) && fits) return TypeKind::kNumeric;
  if (wants(DecimalTarget::kBigNumeric)) return TypeKind::kBigNumeric;
  return wants(DecimalTarget::kString) ? TypeKind::kString : TypeKind::kNumeric;
}

Result<Field> FieldOf(std::string name, std::string_view type,
                      const std::vector<DecimalTarget>& decimals) {
  Field field;
  field.name = std::move(name);
  if (type.ends_with("[]")) {
    field.mode = Mode::kRepeated;
    type.remove_suffix(2);
    if (type.ends_with("[]"))
      return Unimplemented("Parquet column " + field.name + " is a list of lists");
  }
  if (type.starts_with("STRUCT(")) {
    field.type = TypeKind::kStruct;
    for (const std::string_view member : SplitMembers(type.substr(7, type.size() - 8))) {
      const bool quoted = member.starts_with('"');
      const std::size_t end = quoted ? member.find('"', 1) : member.find(' ');
      if (end == std::string_view::npos) return Unimplemented("Parquet type " + std::string(type));
      const std::string_view inner = quoted ? member.substr(1, end - 1) : member.substr(0, end);
      field.fields.push_back(
          TRY(FieldOf(std::string(inner), Trim(member.substr(end + 1)), decimals)));
    }
    return field;
  }
  static constexpr std::pair<std::string_view, TypeKind> kTypes[] = {
      {"BOOLEAN", TypeKind::kBool},
      {"TINYINT", TypeKind::kInt64},
      {"SMALLINT", TypeKind::kInt64},
      {"INTEGER", TypeKind::kInt64},
      {"BIGINT", TypeKind::kInt64},
      {"UTINYINT", TypeKind::kInt64},
      {"USMALLINT", TypeKind::kInt64},
      {"UINTEGER", TypeKind::kInt64},
      {"UBIGINT", TypeKind::kInt64},
      {"FLOAT", TypeKind::kFloat64},
      {"DOUBLE", TypeKind::kFloat64},
      {"VARCHAR", TypeKind::kString},
      {"JSON", TypeKind::kJson},
      {"UUID", TypeKind::kString},
      {"BLOB", TypeKind::kBytes},
      {"DATE", TypeKind::kDate},
      {"TIME", TypeKind::kTime},
      {"TIMESTAMP", TypeKind::kDatetime},
      {"TIMESTAMP_NS", TypeKind::kDatetime},
      {"TIMESTAMP WITH TIME ZONE", TypeKind::kTimestamp}};
  for (const auto& [duck, kind] : kTypes) {
    if (type == duck) {
      field.type = kind;
      return field;
    }
  }
  if (type.starts_with("DECIMAL(")) {
    field.type = DecimalKind(type, decimals);
    return field;
  }
  return Unimplemented("Parquet column " + field.name + " has type " + std::string(type));
}

struct ParquetQuery {
  std::string values;  // the target's columns, cast, under their own names
  std::string bad;     // '' for a good row, else its code
};

Result<ParquetQuery> QueryOf(const LoadInput& input, const LoadTarget& target, std::size_t source,
                             const std::vector<FileColumn>& file) {
  const HiveLayout hive = TRY(ReadHiveLayout(input.config, input.sources));
  const std::size_t first_key = target.columns.size() - hive.fields.size();
  ParquetQuery query;
  std::string bad;
  for (std::size_t i = 0; i < target.columns.size(); ++i) {
    const Field& field = target.columns[i];
    const auto found = std::find_if(file.begin(), file.end(), [&](const FileColumn& c) {
      return EqualsIgnoreCase(c.name, field.name);
    });
    const std::string type = TRY(googlesql::DuckDbType(TypeOf(field)));
    std::string value = found == file.end() ? "NULL" : QuoteIdentifier(found->name);
    if (i >= first_key) {
      const auto& key = hive.values[source][i - first_key];
      value = key ? QuoteLiteral(*key) : "NULL";
    }
    value = "CAST(" + value + " AS " + type + ")";
    if (field.mode == Mode::kRepeated) value = "coalesce(" + value + ", CAST([] AS " + type + "))";
    query.values += ", " + value + " AS " + QuoteIdentifier(field.name);
    if (field.mode == Mode::kRequired)
      bad += " WHEN " + QuoteIdentifier(field.name) + " IS NULL THEN 'missing_required'";
  }
  for (const FileColumn& column : file) {
    const bool known =
        std::any_of(target.columns.begin(), target.columns.end(),
                    [&](const Field& field) { return EqualsIgnoreCase(field.name, column.name); });
    if (!known && !input.config.ignore_unknown_values)
      return InvalidArgument("No such field: " + column.name + ".");
  }
  if (target.partition)
    bad += " WHEN NOT coalesce(" + target.decorated->predicate + ", false) THEN 'wrong_partition'";
  query.bad = bad.empty() ? "''" : "CASE" + bad + " ELSE '' END";
  return query;
}

Status CollectBad(Connection& connection, const std::string& rows, std::int32_t object_no,
                  BadRows& bad_rows) {
  QueryResult result =
      TRY(connection.Run("SELECT file_row_number, bad, CAST(to_json(r) AS VARCHAR) FROM (" + rows +
                         ") r WHERE bad <> ''"));
  while (TRY(result.Next())) {
    BadRow row;
    row.object_no = object_no;
    row.record_no = result.Int64(0) + 1;
    row.error.stage = "constraint";
    row.error.code = result.Text(1) == "wrong_partition" ? "wrong_partition" : "missing_required";
    row.raw = result.Text(2).substr(0, kRawBytesMax);
    TRY(bad_rows.Add(std::move(row)));
  }
  return {};
}

Result<RowCounts> LoadOne(LoadServices& services, Connection& connection, const LoadInput& input,
                          std::size_t source, BadRows& bad_rows, const LoadTarget& target) {
  const std::unique_ptr<ParquetPath> path =
      TRY(ParquetPath::Open(services, input.sources[source], input.objects));
  const ParquetQuery query =
      TRY(QueryOf(input, target, source, TRY(DescribeFile(connection, path->path()))));
  const auto object_no = static_cast<std::int32_t>(source + 1);
  const std::string from =
      " FROM read_parquet(" + QuoteLiteral(path->path()) + ", file_row_number = true)";
  const std::string rows =
      "SELECT *, " + query.bad + " AS bad FROM (SELECT file_row_number" + query.values + from + ")";
  const std::int64_t bad_before = bad_rows.count();
  if (query.bad != "''") TRY(CollectBad(connection, rows, object_no, bad_rows));
  RowCounts counts;
  counts.bad = bad_rows.count() - bad_before;
  std::string select =
      std::to_string(input.load_id) + ", " + std::to_string(object_no) + ", file_row_number + 1";
  if (target.partition_time)
    select += ", make_timestamptz(" + std::to_string(ToMicros(*target.partition_time)) + ")";
  for (const Field& field : target.columns) select += ", " + QuoteIdentifier(field.name);
  const QueryResult inserted = TRY(connection.Run("INSERT INTO " + PhysicalName(target.table->ref) +
                                                  " (" + InsertColumns(target) + ") SELECT " +
                                                  select + " FROM (" + rows + ") WHERE bad = ''"));
  counts.good = static_cast<std::int64_t>(inserted.rows_changed());
  counts.in = counts.good + counts.bad;
  return counts;
}

}  // namespace

Result<Schema> ParquetSchema(LoadServices& services, Connection& connection,
                             const std::vector<SourceObject>& sources, ObjectSource& objects,
                             const std::vector<DecimalTarget>& decimal_targets) {
  if (sources.empty())
    return InvalidArgument("Schema has no fields: there is no Parquet object to read it from");
  const std::unique_ptr<ParquetPath> path = TRY(ParquetPath::Open(services, sources[0], objects));
  const Result<std::vector<FileColumn>> columns = DescribeFile(connection, path->path());
  if (!columns.ok()) return Explain(columns.status(), sources[0]);
  Schema schema;
  for (const FileColumn& column : *columns)
    schema.push_back(TRY(FieldOf(column.name, column.type, decimal_targets)));
  return schema;
}

Status LoadParquet(LoadServices& services, Connection& connection, const LoadInput& input,
                   BadRows& bad_rows, LoadOutput& output) {
  for (std::size_t i = 0; i < input.sources.size(); ++i) {
    const Result<RowCounts> counts =
        LoadOne(services, connection, input, i, bad_rows, output.target);
    if (!counts.ok()) return Explain(counts.status(), input.sources[i]);
    output.objects.push_back(*counts);
  }
  if (!input.bad_max || bad_rows.count() <= *input.bad_max) return {};
  const BadRow first = bad_rows.First().front();
  return InvalidArgument(BadRecordMessage(
      SourceFormat::kParquet, first, input.sources[static_cast<std::size_t>(first.object_no - 1)]));
}

}  // namespace landfall::warehouse
