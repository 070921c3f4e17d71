#include <algorithm>

#include "googlesql/googlesql.h"
#include "warehouse/result_rows.h"
#include "warehouse/warehouse_impl.h"

namespace landfall::warehouse {
namespace {

constexpr std::size_t kConnectionsMax = 32;
// DuckDB reads Parquet files through a descriptor of ours, so that only what we opened can be read.
constexpr std::string_view kDescriptors = "/proc/self/fd";
constexpr std::string_view kStoppedMessage = "the server stopped while the job ran";

// A job that was not DONE committed nothing: its record would say so in the same transaction.
Status EndUnfinishedJobs(Connection& connection, TimePoint now, Log& log) {
  for (Job& job : TRY(UnfinishedJobs(connection))) {
    job.state = JobState::kDone;
    if (!job.started) job.started = job.created;
    job.ended = std::max(now, job.created);
    job.error = JobError{"backendError", "", std::string(kStoppedMessage)};
    job.errors = {*job.error};
    TRY(SaveJob(connection, job));
    log.Warn("job_ended_by_restart", {{"job", ToString(job.ref)}});
  }
  return {};
}

Status ClearSpool(FileSystem& files, const std::string& dir) {
  for (const std::string& name : TRY(files.List(dir))) TRY(files.Remove(dir + "/" + name));
  return {};
}

RunnerOptions RunnerOptionsOf(const Options& options) {
  RunnerOptions runner;
  runner.workers_max = options.workers_max;
  runner.queued_jobs_max = options.queued_jobs_max;
  runner.result_life = options.result_life;
  return runner;
}

}  // namespace

WarehouseImpl::WarehouseImpl(Options options, Services services, Opened opened)
    : options_(std::move(options)),
      services_(services),
      lock_(std::move(opened.lock)),
      database_(std::move(opened.database)),
      catalog_(std::move(opened.catalog)),
      connections_(*database_, kConnectionsMax, ""),
      session_connections_(*database_, options_.workers_max, std::string(googlesql::SessionSql())),
      query_services_{*catalog_, locks_, connections_},
      loads_({*catalog_, locks_, connections_, services.objects, services.files, services.clock,
              services.faults, options_.dir + "/spool", options_.json_line_bytes_max}),
      insert_ids_(options_.insert_id_window, options_.insert_ids_max),
      inserts_({*catalog_, locks_, connections_, services.clock, services.log}, insert_ids_,
               services.metrics),
      runner_(RunnerOptionsOf(options_), session_connections_, services.clock, services.log,
              services.metrics),
      maintenance_(
          {connections_, *catalog_, locks_, runner_, services.files, services.clock, services.log},
          options_.dir + "/warehouse.duckdb.wal", options_.checkpoint_wal_bytes, services.metrics) {
}

WarehouseImpl::~WarehouseImpl() = default;

Status WarehouseImpl::Start() {
  const ConnectionPool::Lease lease = TRY(connections_.Take());
  TRY(insert_ids_.Load(*lease, services_.clock.Now()));
  return loads_.Start(*lease);
}

Result<std::unique_ptr<Warehouse>> Open(Options options, ObjectSource& objects, FileSystem& files,
                                        Clock& clock, Random& random, Faults& faults, Log& log,
                                        Metrics& metrics) {
  if (options.workers_max == 0) return InvalidArgument("workers_max must be at least 1");
  const std::string spool = options.dir + "/spool";
  TRY(files.MakeDirs(spool));
  WarehouseImpl::Opened opened;
  opened.lock = TRY(files.Lock(options.dir + "/warehouse.lock"));
  TRY(ClearSpool(files, spool));
  DatabaseOptions database_options;
  database_options.path = options.dir + "/warehouse.duckdb";
  database_options.threads = options.threads;
  database_options.memory_bytes_max = options.memory_bytes_max;
  database_options.readable_dirs = {spool, std::string(kDescriptors)};
  opened.database = TRY(Database::Open(database_options, &faults));
  {
    const std::unique_ptr<Connection> connection = TRY(opened.database->Connect());
    opened.catalog = TRY(Catalog::Open(*connection, clock));
    TRY(CreateJobTables(*connection));
    TRY(EndUnfinishedJobs(*connection, clock.Now(), log));
    TRY(DropStrayResultTables(*connection));
  }
  auto warehouse = std::make_unique<WarehouseImpl>(
      std::move(options),
      WarehouseImpl::Services{objects, files, clock, random, faults, log, metrics},
      std::move(opened));
  TRY(warehouse->Start());
  return std::unique_ptr<Warehouse>(std::move(warehouse));
}

}  // namespace landfall::warehouse
