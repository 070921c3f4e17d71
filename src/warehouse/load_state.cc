#include "warehouse/load_state.h"

#include <string>
#include <utility>

#include "base/hash.h"
#include "base/json.h"
#include "warehouse/load_row.h"

namespace landfall::warehouse {
namespace {

constexpr int kAttemptsMax = 5;

constexpr std::string_view kTables = R"sql(
CREATE SCHEMA IF NOT EXISTS "_landfall";
CREATE TABLE IF NOT EXISTS "_landfall".loads (
  bucket VARCHAR NOT NULL, object VARCHAR NOT NULL, generation BIGINT NOT NULL,
  project VARCHAR, dataset VARCHAR, "table" VARCHAR, "partition" VARCHAR, batch_id VARCHAR,
  status VARCHAR, state VARCHAR, attempt BIGINT, epoch BIGINT, file_count BIGINT, bytes BIGINT, "rows" BIGINT,
  rows_in BIGINT, rows_good BIGINT, rows_bad BIGINT, rows_duplicate BIGINT, rows_filtered BIGINT,
  reason VARCHAR, error_code VARCHAR, error VARCHAR, rule VARCHAR, config_hash VARCHAR, manifest_hash VARCHAR,
  worker VARCHAR, jobs JSON, seen_at TIMESTAMPTZ, planned_at TIMESTAMPTZ, committed_at TIMESTAMPTZ,
  not_before TIMESTAMPTZ, PRIMARY KEY (bucket, object, generation));
CREATE TABLE IF NOT EXISTS "_landfall".load_objects (
  load_bucket VARCHAR NOT NULL, load_object VARCHAR NOT NULL, load_generation BIGINT NOT NULL, object_no BIGINT,
  bucket VARCHAR, object VARCHAR, generation BIGINT, size_bytes BIGINT, crc32c BIGINT,
  rows_in BIGINT, rows_good BIGINT, rows_bad BIGINT, rows_duplicate BIGINT, rows_filtered BIGINT, error VARCHAR,
  load_id BIGINT);
CREATE TABLE IF NOT EXISTS "_landfall".load_history (
  t TIMESTAMPTZ, bucket VARCHAR, object VARCHAR, generation BIGINT, epoch BIGINT, attempt BIGINT, status VARCHAR,
  state VARCHAR, reason VARCHAR, error_code VARCHAR, error VARCHAR, worker VARCHAR);
CREATE SEQUENCE IF NOT EXISTS "_landfall".outbox_id;
CREATE TABLE IF NOT EXISTS "_landfall".outbox (
  id BIGINT DEFAULT nextval('"_landfall".outbox_id'), t TIMESTAMPTZ, kind VARCHAR, key VARCHAR, payload JSON);
)sql";

std::string Named(const LoadKey& key) {
  return "gs://" + key.bucket + "/" + key.object + "#" + std::to_string(key.generation);
}

Status StaleEpoch(const LoadRecord& record, std::int64_t stored) {
  return Aborted("load " + Named(record.key) + " has epoch " + std::to_string(stored) + ", not " +
                     std::to_string(record.epoch),
                 "staleEpoch");
}

std::int64_t Positive64(const std::string& hash) {
  std::uint64_t value = 0;
  for (int i = 0; i < 8; ++i)
    value = value << 8 | static_cast<unsigned char>(hash[static_cast<std::size_t>(i)]);
  return static_cast<std::int64_t>(value >> 1);
}

Status AppendHistory(Connection& connection, const LoadRecord& r, TimePoint now) {
  TRY(connection.Write(
      R"(INSERT INTO "_landfall".load_history VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12))",
      {now, std::string_view(r.key.bucket), std::string_view(r.key.object), r.key.generation,
       r.epoch, r.attempt, std::string_view(r.status), std::string_view(r.state),
       std::string_view(r.reason), std::string_view(r.error_code), std::string_view(r.error),
       std::string_view(r.worker)}));
  return {};
}

// The first entry of a load that was planned before its row was written.
LoadRecord AsSeen(const LoadRecord& record) {
  LoadRecord seen;
  seen.key = record.key;
  seen.reason = "the marker landed";
  return seen;
}

Result<bool> IsKnown(Connection& connection, const LoadKey& key) {
  QueryResult found = TRY(connection.RunKept(
      R"(SELECT 1 FROM "_landfall".loads WHERE bucket = $1 AND object = $2 AND generation = $3)",
      {std::string_view(key.bucket), std::string_view(key.object), key.generation}));
  return found.Next();
}

// `work` in a transaction of its own; again when another transaction was faster.
template <typename T, typename Work>
Result<T> InTransaction(Connection& connection, Work work) {
  for (int attempt = 1;; ++attempt) {
    Transaction transaction = TRY(Transaction::Begin(connection));
    Result<T> result = work();
    Status committed = result.ok() ? transaction.Commit() : result.status();
    if (committed.ok()) return result;
    const bool lost_race = committed.reason() == "conflict" ||
                           committed.message().find("PRIMARY KEY") != std::string::npos ||
                           committed.message().find("Duplicate key") != std::string::npos;
    if (!lost_race || attempt == kAttemptsMax) return committed;
  }
}

}  // namespace

Status CreateLoadTables(Connection& connection) { return connection.Execute(kTables); }

std::int64_t LoadIdOf(const LoadKey& key) {
  return Positive64(Sha256(key.bucket + '\0' + key.object + '\0' + std::to_string(key.generation)));
}
std::int64_t LoadIdOf(const JobRef& job) {
  return Positive64(Sha256(job.project + '\0' + job.job_id));
}

Result<std::vector<bool>> MarkSeen(Connection& connection, const std::vector<LoadRecord>& records,
                                   TimePoint now) {
  return InTransaction<std::vector<bool>>(connection, [&]() -> Result<std::vector<bool>> {
    std::vector<bool> fresh;
    for (LoadRecord record : records) {
      // Looking first costs a fifth of DuckDB's ON CONFLICT DO NOTHING.
      fresh.push_back(!TRY(IsKnown(connection, record.key)));
      if (!fresh.back()) continue;
      if (!record.seen_at) record.seen_at = now;
      TRY(InsertLoadRow(connection, record));
      if (record.state != "seen") TRY(AppendHistory(connection, AsSeen(record), now));
      TRY(AppendHistory(connection, record, now));
    }
    return fresh;
  });
}

Result<std::optional<LoadRecord>> FindLoad(Connection& connection, const LoadKey& key) {
  QueryResult result = TRY(connection.RunKept(
      "SELECT " + std::string(kLoadsColumns) +
          R"( FROM "_landfall".loads WHERE bucket = $1 AND object = $2 AND generation = $3)",
      {std::string_view(key.bucket), std::string_view(key.object), key.generation}));
  if (!TRY(result.Next())) return std::optional<LoadRecord>();
  return std::optional<LoadRecord>(TRY(ReadLoadRow(result)));
}

Result<std::vector<LoadRecord>> ListLoads(Connection& connection, const LoadFilter& filter) {
  std::string sql =
      "SELECT " + std::string(kLoadsColumns) + R"( FROM "_landfall".loads WHERE true)";
  std::vector<Param> params;
  const auto equals = [&](std::string_view column, const std::string& value) {
    if (value.empty()) return;
    params.emplace_back(std::string_view(value));
    sql += " AND " + std::string(column) + " = $" + std::to_string(params.size());
  };
  equals("project", filter.project);
  equals("dataset", filter.dataset);
  equals("\"table\"", filter.table);
  equals("state", filter.state);
  equals("bucket", filter.bucket);
  if (!filter.object_prefix.empty()) {
    params.emplace_back(std::string_view(filter.object_prefix));
    sql += " AND starts_with(object, $" + std::to_string(params.size()) + ")";
  }
  sql += " ORDER BY seen_at DESC, bucket, object, generation DESC LIMIT " +
         std::to_string(filter.limit);
  QueryResult result = TRY(connection.Run(sql, std::span<const Param>(params)));
  std::vector<LoadRecord> records;
  while (TRY(result.Next())) records.push_back(TRY(ReadLoadRow(result)));
  return records;
}

Result<std::vector<LoadObjectRecord>> ListLoadObjects(Connection& connection, const LoadKey& key) {
  QueryResult result = TRY(connection.Run(
      "SELECT " + std::string(kLoadObjectsColumns) +
          R"( FROM "_landfall".load_objects WHERE load_bucket = $1 AND load_object = $2 AND load_generation = $3 ORDER BY object_no)",
      {std::string_view(key.bucket), std::string_view(key.object), key.generation}));
  std::vector<LoadObjectRecord> objects;
  while (TRY(result.Next())) {
    LoadObjectRecord o;
    o.load = key;
    o.object_no = result.Int64(3);
    o.object = {.bucket = result.Text(4),
                .name = result.Text(5),
                .generation = result.Int64(6),
                .size_bytes = static_cast<std::uint64_t>(result.Int64(7)),
                .crc32c = static_cast<std::uint32_t>(result.Int64(8))};
    o.rows_in = result.Int64(9);
    o.rows_good = result.Int64(10);
    o.rows_bad = result.Int64(11);
    o.rows_duplicate = result.Int64(12);
    o.rows_filtered = result.Int64(13);
    o.error = result.Text(14);
    objects.push_back(std::move(o));
  }
  return objects;
}

Result<std::int64_t> ClaimLoad(Connection& connection, const LoadKey& key, std::string_view worker,
                               TimePoint now) {
  return InTransaction<std::int64_t>(connection, [&]() -> Result<std::int64_t> {
    std::optional<LoadRecord> record = TRY(FindLoad(connection, key));
    if (!record) return NotFound("Not found: load " + Named(key));
    if (record->committed_at)
      return FailedPrecondition("load " + Named(key) + " is committed", "committed");
    ++record->epoch;
    record->status = "CLAIMED";
    record->worker = worker;
    TRY(connection.Write(
        R"(UPDATE "_landfall".loads SET epoch = $4, worker = $5, status = 'CLAIMED'
           WHERE bucket = $1 AND object = $2 AND generation = $3)",
        {std::string_view(key.bucket), std::string_view(key.object), key.generation, record->epoch,
         worker}));
    TRY(AppendHistory(connection, *record, now));
    return record->epoch;
  });
}

Status UpdateLoad(Connection& connection, const LoadRecord& record, TimePoint now) {
  return InTransaction<bool>(connection,
                             [&]() -> Result<bool> {
                               TRY(WriteLoad(connection, record, now));
                               return true;
                             })
      .status();
}

Status WriteLoad(Connection& connection, const LoadRecord& record, TimePoint now) {
  if (TRY(UpdateLoadRow(connection, record))) return AppendHistory(connection, record, now);
  const std::optional<LoadRecord> stored = TRY(FindLoad(connection, record.key));
  if (!stored) return NotFound("Not found: load " + Named(record.key));
  return StaleEpoch(record, stored->epoch);
}

Status CheckClaim(Connection& connection, const LoadRecord& record) {
  QueryResult found = TRY(connection.RunKept(
      R"(SELECT epoch, committed_at FROM "_landfall".loads
         WHERE bucket = $1 AND object = $2 AND generation = $3)",
      {std::string_view(record.key.bucket), std::string_view(record.key.object),
       record.key.generation}));
  if (!TRY(found.Next())) return NotFound("Not found: load " + Named(record.key));
  if (!found.IsNull(1))
    return FailedPrecondition("load " + Named(record.key) + " is committed", "committed");
  return found.Int64(0) == record.epoch ? Status() : StaleEpoch(record, found.Int64(0));
}

Status AppendOutbox(Connection& connection, const OutboxEntry& entry) {
  TRY(connection.Write(
      R"(INSERT INTO "_landfall".outbox (t, kind, key, payload) VALUES ($1, $2, $3, $4))",
      {entry.t, std::string_view(entry.kind), std::string_view(entry.key),
       std::string_view(entry.payload_json)}));
  return {};
}

}  // namespace landfall::warehouse
