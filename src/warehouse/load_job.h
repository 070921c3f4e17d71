// The load engine: what Warehouse's InsertLoad, RunBatch and Open use. Private to the module.
#pragma once

#include <atomic>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/context.h"
#include "warehouse/job_run.h"
#include "warehouse/load_function.h"
#include "warehouse/load_run.h"
#include "warehouse/warehouse.h"

namespace landfall::warehouse {

// Must live as long as the database. Thread-safe.
class LoadEngine {
 public:
  explicit LoadEngine(LoadServices services) : services_(std::move(services)) {}

  // Once per open database: control tables and the table function.
  Status Start(Connection& connection);

  // The work of a load job; its record is durable already. `upload`: the bytes of an upload job,
  // sourceUris is empty then. Fails, with BigQuery's message, on the first record too many that
  // does not fit; then nothing was loaded.
  Status RunLoadJob(JobRun& run, LoadConfig config, std::shared_ptr<ReadableFile> upload = nullptr);

  // Warehouse::RunBatch. A job id that a failed attempt used up gets a suffix: "_2", "_3", ...; the
  // record returned names the jobs that really ran. Over a threshold:
  // kFailedPrecondition/"badRowsThreshold".
  Result<LoadRecord> RunBatch(const CallContext& ctx, const BatchLoad& batch);

 private:
  struct Batch;
  Result<std::vector<Job>> MakeJobs(Connection& connection, const BatchLoad& batch);
  // Job records and the state "loading", durable before the work.
  Status Announce(Connection& connection, Batch& batch);
  Status TryBatch(Connection& connection, Batch& batch);
  Status TryJob(JobRun& run, const LoadConfig& config, const LoadInput& input,
                const Schema* file_schema, BadRows& bad_rows);
  void EndJobs(Connection& connection, Batch& batch, const Status& failure);
  std::string SpoolPath(std::int64_t load_id);

  LoadServices services_;
  LoadFunction function_;
  std::atomic<std::uint64_t> spools_ = 0;
};

}  // namespace landfall::warehouse
