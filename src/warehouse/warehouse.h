// warehouse - datasets, tables, jobs, loads, queries and load state: BigQuery's model over an
// embedded DuckDB file. The only module that knows DuckDB.
//
// Rows, bad rows, load state, job record and audit outbox of one batch commit in one DuckDB
// transaction (I3): after a kill at any instruction either all of it is there or none. Job records
// are durable before their work starts and survive a restart; a job id that was ever acknowledged
// is kAlreadyExists/"duplicate" for good, and runs nothing.
//
// Threads: thread-safe; calls block. Queries and loads run on the warehouse's own bounded pool.
// Loads into one table run one after another; checkpoints are scheduled here, never by DuckDB.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/context.h"
#include "base/faults.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "warehouse/types.h"

namespace landfall::warehouse {

struct PageOptions {
  std::size_t results_max = 0;  // 0: the callee's default
  std::string page_token;
  std::string label_filter;  // datasets: "labels.x:y"
};
template <typename T>
struct Page {
  std::vector<T> items;
  std::string next_page_token;
};

// Result rows, already in wire form: one JSON value {"f":[{"v":..}]} per row (spec: exact wire
// value rules).
struct RowsRequest {
  std::uint64_t start_index = 0;
  std::size_t rows_max = 0;  // 0: as many as fit `bytes_max`
  std::size_t bytes_max = 10u << 20;
  bool int64_timestamps = false;  // formatOptions.useInt64Timestamp
  std::vector<std::string> selected_fields;
  std::string page_token;  // wins over start_index
};
struct Rows {
  Schema schema;
  std::vector<std::string> rows;  // JSON texts
  std::uint64_t total_rows = 0;
  std::string next_page_token;
};

// ---- load state
// -------------------------------------------------------------------------------------------------

// The trigger's natural key: one row of landfall_system.loads, for ever.
struct LoadKey {
  std::string bucket, object;
  std::int64_t generation = 0;
  friend auto operator<=>(const LoadKey&, const LoadKey&) = default;
};

// landfall_system.loads, in order. `status` is one of SEEN, CLAIMED, SUBMITTED, DONE, FAILED,
// SKIPPED_DUPLICATE; `state` one of seen, waiting, planned, loading, committed, published, failed,
// dead, held, superseded, ignored.
struct LoadRecord {
  LoadKey key;
  std::string project, dataset, table, partition, batch_id;
  std::string status = "SEEN", state = "seen";
  std::int64_t attempt = 0, epoch = 0;
  std::int64_t file_count = 0, bytes = 0, rows = 0;
  std::int64_t rows_in = 0, rows_good = 0, rows_bad = 0, rows_duplicate = 0, rows_filtered = 0;
  std::string reason;  // why it is in this state, for people
  std::string error_code, error;
  std::string rule, config_hash, manifest_hash, worker;
  std::vector<JobRef> jobs;
  std::optional<TimePoint> seen_at, planned_at, committed_at, not_before;
};

// landfall_system.load_objects: the accounting of one object in one load.
struct LoadObjectRecord {
  LoadKey load;
  SourceObject object;
  std::int64_t object_no = 0;  // what the provenance column _landfall_object_no refers to
  std::int64_t rows_in = 0, rows_good = 0, rows_bad = 0, rows_duplicate = 0, rows_filtered = 0;
  std::string error;
};

struct LoadFilter {
  std::string project, dataset, table, state;  // empty: any
  std::string bucket, object_prefix;
  std::size_t limit = 1000;  // newest first
};

// One job of a batch: its id is deterministic, derived from the trigger by ingest.
struct BatchJob {
  JobRef ref;
  std::vector<SourceObject> sources;
};
// A whole batch: several jobs, one destination, visible all at once.
struct BatchLoad {
  LoadRecord
      record;  // epoch must be the stored one, else kAborted/"staleEpoch" and nothing changes
  LoadConfig config;
  std::string configuration_json;  // echoed by the jobs, without sourceUris
  Labels labels;
  std::vector<BatchJob> jobs;
  std::optional<std::int64_t>
      bad_max;  // threshold; absent: none. Beyond it nothing loads (state held/failed)
  std::optional<double> bad_ratio_max;
};

class Warehouse {
 public:
  virtual ~Warehouse() = default;  // stops the pool, checkpoints

  // Datasets. kAlreadyExists "Already Exists: Dataset p:d"; kNotFound "Not found: Dataset p:d";
  // delete of a non-empty one without `contents` is kInvalidArgument/"resourceInUse". `if_match`:
  // etag, else kFailedPrecondition.
  virtual Result<Dataset> CreateDataset(const CallContext& ctx, Dataset dataset) = 0;
  virtual Result<Dataset> GetDataset(const CallContext& ctx, const DatasetRef& ref) = 0;
  virtual Result<Page<Dataset>> ListDatasets(const CallContext& ctx, std::string_view project,
                                             const PageOptions& page) = 0;
  virtual Result<Dataset> PatchDataset(const CallContext& ctx, const DatasetRef& ref,
                                       const ResourcePatch& patch, std::string_view if_match) = 0;
  virtual Status DeleteDataset(const CallContext& ctx, const DatasetRef& ref, bool contents) = 0;

  virtual Result<Table> CreateTable(const CallContext& ctx, Table table) = 0;
  virtual Result<Table> GetTable(const CallContext& ctx, const TableRef& ref) = 0;
  virtual Result<Page<Table>> ListTables(const CallContext& ctx, const DatasetRef& ref,
                                         const PageOptions& page) = 0;
  virtual Result<Table> PatchTable(const CallContext& ctx, const TableRef& ref,
                                   const ResourcePatch& patch, std::string_view if_match) = 0;
  virtual Status DeleteTable(const CallContext& ctx, const TableRef& ref) = 0;
  virtual Result<Rows> ReadTable(const CallContext& ctx, const TableRef& ref,
                                 const RowsRequest& request) = 0;

  // tabledata.insertAll: durable and visible on return. The errors by row, in order; unless
  // `skip_invalid_rows`, one wrong row keeps out all ("stopped"). A row whose insert_id the table
  // saw within Options::insert_id_window is dropped silently. kNotFound for the table.
  virtual Result<std::vector<InsertError>> InsertAll(const CallContext& ctx,
                                                     const InsertRequest& request) = 0;

  // Jobs. `configuration_json` is echoed. An empty job_id gets one of ours. Durable on return; the
  // work goes on.
  virtual Result<Job> InsertQuery(const CallContext& ctx, JobRef ref, QueryConfig config,
                                  Labels labels, std::string configuration_json) = 0;
  // `upload`: the bytes of an upload job (sourceUris is empty then); spooled before return.
  virtual Result<Job> InsertLoad(const CallContext& ctx, JobRef ref, LoadConfig config,
                                 Labels labels, std::string configuration_json,
                                 ByteSource* upload) = 0;
  virtual Result<Job> InsertCopy(const CallContext& ctx, JobRef ref, CopyConfig config,
                                 Labels labels, std::string configuration_json) = 0;
  virtual Result<Job> InsertExtract(const CallContext& ctx, JobRef ref, ExtractConfig config,
                                    Labels labels, std::string configuration_json) = 0;
  // jobs.query: the same request_id within 15 minutes returns the same job and runs nothing twice.
  virtual Result<Job> Query(const CallContext& ctx, std::string_view project,
                            std::string_view location, QueryConfig config, Labels labels,
                            std::string configuration_json, std::string_view request_id) = 0;
  virtual Result<Job> GetJob(const CallContext& ctx, const JobRef& ref) = 0;
  // Waits until the job is done or `wait` has passed.
  virtual Result<Job> WaitJob(const CallContext& ctx, const JobRef& ref,
                              std::chrono::milliseconds wait) = 0;
  struct JobFilter {
    std::vector<JobState> states;
    std::optional<TimePoint> created_min, created_max;
    std::size_t results_max = 50;
    std::string page_token;
  };
  virtual Result<Page<Job>> ListJobs(const CallContext& ctx, std::string_view project,
                                     const JobFilter& filter) = 0;
  virtual Result<Job> CancelJob(const CallContext& ctx, const JobRef& ref) = 0;
  virtual Status DeleteJob(const CallContext& ctx, const JobRef& ref) = 0;
  // Rows of a finished SELECT; the job's error when it failed; empty for DML and DDL.
  virtual Result<Rows> JobRows(const CallContext& ctx, const JobRef& ref,
                               const RowsRequest& request) = 0;

  // Load state. Durable on return. MarkSeen adds rows that are not there yet and says which were
  // new. A record may come already planned, with epoch 1: then its history begins with two entries.
  virtual Result<std::vector<bool>> MarkSeen(const std::vector<LoadRecord>& records) = 0;
  virtual Result<std::optional<LoadRecord>> FindLoad(const LoadKey& key) = 0;
  virtual Result<std::vector<LoadRecord>> ListLoads(const LoadFilter& filter) = 0;
  virtual Result<std::vector<LoadObjectRecord>> ListLoadObjects(const LoadKey& key) = 0;
  // Raises the epoch and names the worker; the new epoch. A committed load is
  // kFailedPrecondition/"committed".
  virtual Result<std::int64_t> ClaimLoad(const LoadKey& key, std::string_view worker) = 0;
  // Writes the record when its epoch is the stored one; else kAborted/"staleEpoch".
  virtual Status UpdateLoad(const LoadRecord& record) = 0;
  // Runs the batch: all jobs in one transaction with bad rows (<table>__bad), provenance,
  // load_objects, the record (status DONE, state committed, counts) and the outbox. On a failure
  // the jobs end with the error, the table is as before, and the Status says whether a retry helps:
  // kUnavailable, kAborted and kResourceExhausted do.
  virtual Result<LoadRecord> RunBatch(const CallContext& ctx, const BatchLoad& batch) = 0;
};

struct Options {
  std::string dir;                     // warehouse.duckdb, spool/; made when missing
  std::size_t workers_max = 4;         // queries and loads at once
  std::size_t queued_jobs_max = 1000;  // more are kResourceExhausted/"jobRateLimitExceeded"
  std::size_t threads = 0;             // DuckDB's; 0: one per core
  std::uint64_t memory_bytes_max = 0;  // DuckDB's memory_limit; 0: its default
  std::uint64_t checkpoint_wal_bytes = 128u
                                       << 20;  // checkpoint when the log is this long, or when idle
  std::size_t json_line_bytes_max = 100u << 20;  // BigQuery's row limit
  std::chrono::hours result_life{24};
  ObjectSink* sink = nullptr;  // of extract jobs; without one they are kUnimplemented
  std::uint64_t extract_shard_bytes = 256u << 20;     // of one object of a sharded extract, about
  std::uint64_t extract_object_bytes_max = 1u << 30;  // without "*": BigQuery's limit
  // How long an insertId is remembered (the real service: about a minute), and how many of them.
  std::chrono::milliseconds insert_id_window = std::chrono::minutes(10);
  std::size_t insert_ids_max = 2'000'000;
};
// All references must outlive the Warehouse. `objects` is used from worker threads.
Result<std::unique_ptr<Warehouse>> Open(Options options, ObjectSource& objects, FileSystem& files,
                                        Clock& clock, Random& random, Faults& faults, Log& log,
                                        Metrics& metrics);

}  // namespace landfall::warehouse
