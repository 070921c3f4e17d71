// Load state: control tables in schema "_landfall" of the warehouse's own file, so that they commit
// with the rows.
//
//   loads         one row per trigger (bucket, object, generation), updated in place;
//   landfall_system.loads load_objects  the accounting of one object in one load;
//   landfall_system.load_objects load_history  every state a load was in; append-only outbox what
//   must happen after a commit (audit entries); append-only, taken away by its reader
//
// Functions work on any connection. Those that say "in its transaction" need one open; the others
// make their own.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "warehouse/duck.h"
#include "warehouse/types.h"
#include "warehouse/warehouse.h"

namespace landfall::warehouse {

// For the system views, in order; quoted where DuckDB needs it. `jobs` is JSON, times are TIMESTAMP
// WITH TIME ZONE.
constexpr std::string_view kLoadsColumns =
    "bucket, object, generation, project, dataset, \"table\", \"partition\", batch_id, status, "
    "state, attempt, epoch, "
    "file_count, bytes, \"rows\", rows_in, rows_good, rows_bad, rows_duplicate, rows_filtered, "
    "reason, error_code, error, "
    "rule, config_hash, manifest_hash, worker, jobs, seen_at, planned_at, committed_at, not_before";
constexpr std::string_view kLoadObjectsColumns =
    "load_bucket, load_object, load_generation, object_no, bucket, object, generation, size_bytes, "
    "crc32c, rows_in, "
    "rows_good, rows_bad, rows_duplicate, rows_filtered, error, load_id";

Status CreateLoadTables(Connection& connection);

// What _landfall_load_id holds for the rows of a load; positive, the same for every attempt.
std::int64_t LoadIdOf(const LoadKey& key);
std::int64_t LoadIdOf(const JobRef& job);

Result<std::vector<bool>> MarkSeen(Connection& connection, const std::vector<LoadRecord>& records,
                                   TimePoint now);
Result<std::optional<LoadRecord>> FindLoad(Connection& connection, const LoadKey& key);
Result<std::vector<LoadRecord>> ListLoads(Connection& connection, const LoadFilter& filter);
Result<std::vector<LoadObjectRecord>> ListLoadObjects(Connection& connection, const LoadKey& key);
Result<std::int64_t> ClaimLoad(Connection& connection, const LoadKey& key, std::string_view worker,
                               TimePoint now);
Status UpdateLoad(Connection& connection, const LoadRecord& record, TimePoint now);

// In its transaction: the record as it is now, when its epoch is the stored one; else
// kAborted/"staleEpoch".
Status WriteLoad(Connection& connection, const LoadRecord& record, TimePoint now);
// In its transaction: kAborted/"staleEpoch" when the stored epoch is another,
// kFailedPrecondition/"committed" when done.
Status CheckClaim(Connection& connection, const LoadRecord& record);
// In its transaction.
Status WriteLoadObjects(Connection& connection, std::int64_t load_id,
                        const std::vector<LoadObjectRecord>& objects);

struct OutboxEntry {
  std::int64_t id = 0;  // ascending
  TimePoint t;
  std::string kind, key;  // "load_committed"; the key is stable, so that readers can drop repeats
  std::string payload_json;
};
// In its transaction; the id is given by the table.
Status AppendOutbox(Connection& connection, const OutboxEntry& entry);

}  // namespace landfall::warehouse
