// Value types of the warehouse: BigQuery's resources, in C++. Part of the public header
// warehouse.h.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/json.h"
#include "base/status.h"
#include "googlesql/types.h"

namespace landfall::warehouse {

using Labels = std::map<std::string, std::string>;

struct DatasetRef {
  std::string project, dataset;
  friend auto operator<=>(const DatasetRef&, const DatasetRef&) = default;
};
struct TableRef {
  std::string project, dataset, table;
  friend auto operator<=>(const TableRef&, const TableRef&) = default;
};
std::string ToString(const DatasetRef& ref);  // "p:d"
std::string ToString(const TableRef& ref);    // "p:d.t"

enum class Mode : std::uint8_t { kNullable, kRequired, kRepeated };

struct Field {
  std::string name;
  googlesql::TypeKind type = googlesql::TypeKind::kString;  // element type when repeated
  Mode mode = Mode::kNullable;
  std::string description;
  std::vector<Field> fields;  // of a RECORD
};
using Schema = std::vector<Field>;

// The REST form: [{"name", "type", "mode", "fields", "description"}]; unknown members are refused
// by name.
Result<Schema> ParseSchema(const JsonArray& fields);
// The same for schemas of ours, whose column names follow no rule (a query may call a column
// anything).
Result<Schema> ParseResultSchema(const JsonArray& fields);
JsonArray SchemaJson(const Schema& schema);
googlesql::Type TypeOf(const Field& field);  // REPEATED becomes ARRAY

struct TimePartitioning {
  std::string type = "DAY";  // HOUR, DAY, MONTH, YEAR
  std::string field;         // empty: ingestion time (_PARTITIONTIME)
  std::optional<std::int64_t> expiration_ms;
};
struct RangePartitioning {
  std::string field;
  std::int64_t start = 0, end = 0, interval = 0;
};

struct Dataset {
  DatasetRef ref;
  std::string location = "US";
  std::string description, friendly_name;
  Labels labels;
  std::optional<std::int64_t> default_table_expiration_ms, default_partition_expiration_ms;
  TimePoint created, modified;
  std::string etag;
};

struct Table {
  TableRef ref;
  std::string type = "TABLE";  // TABLE, VIEW
  std::string location;        // of the dataset
  Schema schema;
  std::optional<TimePartitioning> time_partitioning;
  std::optional<RangePartitioning> range_partitioning;
  std::vector<std::string> clustering;
  bool require_partition_filter = false;
  std::string view_query;  // VIEW
  std::string description, friendly_name;
  Labels labels;
  std::optional<TimePoint> expiration;
  TimePoint created, modified;
  std::string etag;
  std::int64_t num_rows = 0, num_bytes = 0;  // filled by GetTable
};

// A merge patch of a dataset's or table's writable members, by REST name; null removes. Validated
// by the warehouse.
using ResourcePatch = JsonObject;

enum class SourceFormat : std::uint8_t { kCsv, kNewlineDelimitedJson, kParquet };
enum class WriteDisposition : std::uint8_t { kAppend, kTruncate, kEmpty };
enum class CreateDisposition : std::uint8_t { kIfNeeded, kNever };

// hivePartitioningOptions: columns that the objects' names hold, "gs://b/path/key=value/...".
enum class HiveMode : std::uint8_t { kAuto, kStrings, kCustom };
struct HivePartitioning {
  HiveMode mode = HiveMode::kAuto;
  std::string prefix;  // "gs://b/path", with kCustom "gs://b/path/{key:TYPE}/..."
};

enum class DecimalTarget : std::uint8_t { kNumeric, kBigNumeric, kString };

// configuration.load. Defaults are BigQuery's.
struct LoadConfig {
  TableRef destination;
  std::string partition;  // "20240517" from "t$20240517"; empty: the whole table
  std::vector<std::string> source_uris;
  std::optional<Schema> schema;
  bool autodetect = false;
  SourceFormat source_format = SourceFormat::kCsv;
  std::optional<WriteDisposition> write_disposition;  // absent: append
  CreateDisposition create_disposition = CreateDisposition::kIfNeeded;
  std::optional<std::int64_t> max_bad_records;  // absent: 0 for jobs.insert, no limit for batches
  bool ignore_unknown_values = false;
  bool allow_field_addition = false, allow_field_relaxation = false;  // schemaUpdateOptions
  std::optional<TimePartitioning> time_partitioning;
  std::optional<RangePartitioning> range_partitioning;
  std::vector<std::string> clustering;
  // CSV
  std::int64_t skip_leading_rows = 0;
  std::string field_delimiter = ",", quote = "\"", null_marker, encoding = "UTF-8";
  std::vector<std::string> null_markers;  // instead of null_marker
  bool allow_quoted_newlines = false, allow_jagged_rows = false;
  bool preserve_control_characters = false;  // NUL bytes are taken too
  std::optional<HivePartitioning> hive;
  // Parquet
  bool enable_list_inference = false;          // parquetOptions
  std::vector<DecimalTarget> decimal_targets;  // of detected columns; empty: NUMERIC
};
// The REST members of configuration.load. Unknown keys and enum values are kInvalidArgument naming
// the key and the nearest valid one; known but unbuilt ones (hivePartitioningOptions, AVRO, ...)
// kUnimplemented naming them. `destinationTable` may be absent (destination stays empty).
Result<LoadConfig> ParseLoadConfig(const JsonObject& load);

// tabledata.insertAll.
struct InsertRow {
  std::string_view insert_id;  // empty: none
  std::string_view json;  // one JSON object; kInsertPaddingBytes more must be readable behind it
};
inline constexpr std::size_t kInsertPaddingBytes = 64;
struct InsertRequest {
  TableRef table;
  std::string partition;        // "20240517" from "t$20240517"
  std::string template_suffix;  // rows go to <table><suffix>, made like <table> when missing
  bool skip_invalid_rows = false, ignore_unknown_values = false;
  std::vector<InsertRow> rows;
};

// "t$20240517" -> ("t", "20240517"). kInvalidArgument for a decorator that is not 4, 6, 8 or 10
// digits of a real date.
Result<std::pair<std::string, std::string>> SplitDecorator(std::string_view table_id);

struct QueryParameter {
  std::string name;  // empty: positional
  googlesql::Type type;
  Json value;  // REST shape: {"value": ..} / {"arrayValues": ..} / {"structValues": ..}
};

// configuration.query
struct QueryConfig {
  std::string sql;
  bool use_legacy_sql = false;                   // true is refused by name
  std::string default_project, default_dataset;  // default_project empty: the job's
  std::vector<QueryParameter> parameters;
  std::optional<TableRef> destination;
  std::string destination_partition;
  WriteDisposition write_disposition = WriteDisposition::kEmpty;
  CreateDisposition create_disposition = CreateDisposition::kIfNeeded;
  std::string time_zone = "UTC";  // connectionProperties
  bool dry_run = false;
};

struct SourceTable {
  TableRef ref;
  std::string partition;  // "20240517" from "t$20240517"; empty: the whole table
};

// configuration.copy
struct CopyConfig {
  std::vector<SourceTable> sources;
  TableRef destination;
  std::string destination_partition;
  WriteDisposition write_disposition = WriteDisposition::kEmpty;
  CreateDisposition create_disposition = CreateDisposition::kIfNeeded;
};

enum class Compression : std::uint8_t { kNone, kGzip, kSnappy, kZstd };

// configuration.extract
struct ExtractConfig {
  SourceTable source;
  std::vector<std::string>
      uris;  // "gs://b/o", with at most one "*", which a shard's number replaces
  SourceFormat format = SourceFormat::kCsv;
  Compression compression = Compression::kNone;
  char field_delimiter = ',';
  bool print_header = true;
};

struct JobRef {
  std::string project, job_id, location = "US";
};
enum class JobKind : std::uint8_t { kLoad, kQuery, kCopy, kExtract };
enum class JobState : std::uint8_t { kPending, kRunning, kDone };

struct JobError {
  std::string reason, location, message;
};

struct InsertError {  // of one row of insertAll
  std::size_t index = 0;
  std::vector<JobError> errors;
};

struct Job {
  JobRef ref;
  JobKind kind = JobKind::kQuery;
  JobState state = JobState::kPending;
  std::string user_email;
  Labels labels;
  std::string
      configuration_json;  // as accepted, for the echo; without destinationTable when it was absent
  std::optional<TableRef> destination;  // also the anonymous table of a query
  std::string destination_partition;
  std::optional<JobError> error;  // errorResult
  std::vector<JobError> errors;   // at most 100, bad records included
  TimePoint created;
  std::optional<TimePoint> started, ended;
  // load; a copy's rows and bytes are its output, an extract's bytes its input
  std::int64_t input_files = 0, input_bytes = 0, output_rows = 0, output_bytes = 0, bad_records = 0;
  std::vector<std::int64_t> file_counts;  // extract: objects by destination URI
  // query
  std::string statement_type;  // SELECT, INSERT, ...
  std::int64_t bytes_processed = 0;
  std::optional<std::int64_t> dml_inserted, dml_updated, dml_deleted;
  std::string ddl_operation;  // CREATE, REPLACE, SKIP, DROP
  std::optional<TableRef> ddl_target;
  std::vector<TableRef> referenced_tables;
  Schema result_schema;  // of a SELECT
  std::int64_t total_rows = 0;
};

// One source object, pinned to a generation.
struct SourceObject {
  std::string bucket, name;
  std::int64_t generation = 0;
  std::uint64_t size_bytes = 0;
  std::uint32_t crc32c = 0;
};
std::string Uri(const SourceObject& object);  // "gs://b/n"

// How the warehouse writes objects; the server wires it to storage.
class ObjectSink {
 public:
  virtual ~ObjectSink() = default;
  // Makes or replaces the object at "gs://b/o": all of `body` or nothing. kNotFound for the bucket.
  virtual Status Write(std::string_view uri, std::string_view content_type, ByteSource& body) = 0;
};

// How the warehouse reaches objects; the server wires it to storage.
class ObjectSource {
 public:
  virtual ~ObjectSource() = default;
  // "gs://b/o" or with one "*". kNotFound "Not found: URI gs://..." when nothing matches.
  virtual Result<std::vector<SourceObject>> Expand(std::string_view uri) = 0;
  // The bytes of that generation; kNotFound when it is gone.
  virtual Result<std::shared_ptr<ReadableFile>> Open(const SourceObject& object) = 0;
};

}  // namespace landfall::warehouse
