#include "warehouse/insert_chunks.h"

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "warehouse/catalog.h"
#include "warehouse/load_scan.h"
#include "warehouse/ndjson.h"
#include "warehouse/partition.h"

namespace landfall::warehouse {
namespace {

struct Wording {
  std::string_view code, type;  // of the RecordError; type empty: any
  std::string_view before, after;
  bool with_value;  // else with the field's name
};
// In the words of the service. The first row that fits counts.
constexpr Wording kWordings[] = {
    {"unknown_field", "", "no such field: ", ".", false},
    {"missing_required", "", "Missing required field: ", ".", false},
    {"not_an_array", "", "Repeated field must be imported as a JSON array. Field: ", ".", false},
    {"null_in_array", "", "Only optional fields can be set to NULL. Field: ", "; Value: NULL",
     false},
    {"not_a_record", "", "This field: ", " is not a record.", false},
    {"not_a_scalar", "", "This field: ", " is not a record or an array.", false},
    {"duplicate_key", "", "Field specified more than once: ", ".", false},
    {"wrong_partition", "",
     "The row does not belong to the partition of the decorator. Field: ", ".", false},
    {"", "INTEGER", "Cannot convert value to integer (bad value): ", "", true},
    {"", "FLOAT", "Cannot convert value to floating point (bad value): ", "", true},
    {"", "BOOLEAN", "Cannot convert value to boolean (bad value): ", "", true},
    {"", "NUMERIC", "Invalid NUMERIC value: ", "", true},
    {"", "BIGNUMERIC", "Invalid BIGNUMERIC value: ", "", true},
    {"", "BYTES", "Could not decode base64 string to bytes. Field: ", "", false},
    {"", "DATE", "Invalid date: ", "", true},
    {"", "TIME", "Invalid time string: ", "", true},
    {"", "DATETIME", "Invalid datetime string: ", "", true},
    {"", "TIMESTAMP",
     "Could not parse as a timestamp; the format is YYYY-MM-DD HH:MM[:SS[.SSSSSS]] or seconds "
     "since 1970. Value: ",
     "", true},
};

std::optional<PartitionBounds> BoundsOf(const Table& table, const Partition& partition,
                                        const std::string& id) {
  for (std::size_t i = 0; i < table.schema.size(); ++i) {
    if (EqualsIgnoreCase(table.schema[i].name, partition.column)) {
      return PartitionBounds{.column = i, .start = partition.start, .end = partition.end, .id = id};
    }
  }
  return std::nullopt;
}

}  // namespace

JobError InsertErrorOf(const RecordError& error) {
  std::string message;
  for (const Wording& wording : kWordings) {
    const bool fits = (wording.code.empty() || wording.code == error.code) &&
                      (wording.type.empty() || wording.type == error.expected);
    if (!fits) continue;
    message.append(wording.before)
        .append(wording.with_value ? error.got : error.column)
        .append(wording.after);
    break;
  }
  if (message.empty()) {
    message = std::string(error.code) + ": expected " + error.expected +
              (error.got.empty() ? "" : "; got " + error.got);
  }
  return {.reason = "invalid", .location = error.column, .message = std::move(message)};
}

std::vector<std::string> InsertChunkColumns(const Table& table) {
  std::vector<std::string> columns;
  if (IsIngestionPartitioned(table)) columns.emplace_back(kPartitionTimeColumn);
  for (const Field& field : table.schema) columns.push_back(field.name);
  return columns;
}

Result<std::unique_ptr<InsertChunks>> InsertChunks::Make(const Table& table,
                                                         const InsertRequest& request,
                                                         TimePoint now,
                                                         const std::vector<bool>& skip) {
  std::optional<TimePoint> partition_time;
  std::optional<PartitionBounds> bounds;
  if (IsIngestionPartitioned(table))
    partition_time = PartitionStart(table.time_partitioning->type, now);
  if (!request.partition.empty()) {
    const Partition partition = TRY(ResolvePartition(table, request.partition));
    if (partition_time) {
      partition_time = partition.start;
    } else {
      bounds = BoundsOf(table, partition, request.partition);
    }
  }
  std::vector<DuckType> owned;
  std::vector<duckdb_logical_type> types;
  if (partition_time) owned.emplace_back(duckdb_create_logical_type(DUCKDB_TYPE_TIMESTAMP_TZ));
  for (const Field& field : table.schema) owned.push_back(DuckTypeOf(field));
  for (const DuckType& type : owned) types.push_back(type.get());

  auto made = std::make_unique<InsertChunks>(table.schema);
  ChunkWriter& writer = made->writer_;
  NdjsonReader reader(
      {.ignore_unknown_values = request.ignore_unknown_values, .json_as_text = true}, writer);
  const idx_t rows_max = duckdb_vector_size();
  idx_t row = 0;
  const auto finish = [&] {
    if (made->chunks_.empty()) return;
    duckdb_data_chunk chunk = made->chunks_.back().get();
    if (partition_time) {
      auto* const times = static_cast<std::int64_t*>(
          duckdb_vector_get_data(duckdb_data_chunk_get_vector(chunk, 0)));
      std::fill_n(times, row, ToMicros(*partition_time));
    }
    writer.FinishChunk();
    duckdb_data_chunk_set_size(chunk, row);
    made->rows_ += row;
    row = 0;
  };
  for (std::size_t i = 0; i < request.rows.size(); ++i) {
    if (!skip.empty() && skip[i]) continue;
    if (made->chunks_.empty() || row == rows_max) {
      finish();
      made->chunks_.emplace_back(duckdb_create_data_chunk(types.data(), types.size()));
      writer.Bind(made->chunks_.back().get(), partition_time ? 1 : 0);
    }
    RecordError error;
    bool good = reader.ReadRecord(request.rows[i].json, row, error);
    if (good && bounds && !InPartition(*bounds, writer.columns()[bounds->column], row, error)) {
      writer.AbortRow();
      good = false;
    }
    if (good) {
      ++row;
      continue;
    }
    const bool no_json = error.stage == "parse" && error.code != "duplicate_key";
    if (no_json || error.stage == "decode") {
      return InvalidArgument("Invalid JSON payload received: rows[" + std::to_string(i) +
                                 "].json: " + std::string(error.code) + ": expected " +
                                 error.expected,
                             "parseError", "rows");
    }
    made->errors_.push_back({.index = i, .errors = {InsertErrorOf(error)}});
  }
  finish();
  return made;
}

}  // namespace landfall::warehouse
