// Jobs: inserting, watching and ending them; rows of queries.
#include <algorithm>

#include "base/hash.h"
#include "base/text.h"
#include "warehouse/result_rows.h"
#include "warehouse/table_reader.h"
#include "warehouse/warehouse_impl.h"

namespace landfall::warehouse {
namespace {

constexpr std::chrono::minutes kRequestIdWindow{15};
constexpr std::chrono::seconds kCancelWait{2};

bool Wanted(const std::vector<JobState>& states, JobState state) {
  return states.empty() || std::find(states.begin(), states.end(), state) != states.end();
}

// Only a query can begin so.
bool IsPlainSelect(const QueryConfig& config) {
  const std::string_view sql = Trim(config.sql);
  return !config.destination &&
         (EqualsIgnoreCase(sql.substr(0, 6), "select") ||
          EqualsIgnoreCase(sql.substr(0, 4), "with") || sql.starts_with('('));
}

}  // namespace

std::string WarehouseImpl::FreshJobId() const { return "job_" + RandomHex(services_.random, 16); }

Result<Job> WarehouseImpl::InsertJobAndRun(const CallContext& ctx, Job job,
                                           std::string_view request_id, JobWork work) {
  job.user_email = ctx.principal;
  job.created = services_.clock.Now();
  TRY(runner_.Reserve());
  Status inserted;
  {
    const Result<ConnectionPool::Lease> lease = connections_.Take();
    inserted = lease.ok() ? InsertJob(**lease, job, request_id) : lease.status();
  }
  if (!inserted.ok()) {
    runner_.Forget();
    // Two transactions with one key at once: one of them is the job.
    return inserted.code() == Code::kAborted
               ? AlreadyExists("Already Exists: Job " + ToString(job.ref))
               : inserted;
  }
  return runner_.Submit(std::move(job), std::move(work), true)->Snapshot();
}

Status WarehouseImpl::Record(LiveJob& live) {
  if (!live.TakeRecord()) return {};
  const Result<ConnectionPool::Lease> lease = connections_.Take();
  const Status made = lease.ok() ? AddJob(**lease, live.Snapshot()) : lease.status();
  live.RecordMade(made.ok());
  return made;
}

Result<Job> WarehouseImpl::MakeQueryJob(const CallContext&, JobRef ref, const QueryConfig& config,
                                        Labels labels, std::string configuration_json) const {
  if (config.use_legacy_sql) {
    return Unimplemented("useLegacySql: legacy SQL is not supported; send useLegacySql=false",
                         "notImplemented", "useLegacySql");
  }
  if (Trim(config.sql).empty())
    return InvalidArgument("Required parameter is missing: query", "required", "query");
  if (ref.location.empty()) ref.location = "US";
  Job job;
  job.ref = std::move(ref);
  job.kind = JobKind::kQuery;
  job.labels = std::move(labels);
  job.configuration_json = std::move(configuration_json);
  job.destination = config.destination;
  job.destination_partition = config.destination_partition;
  return job;
}

Result<Job> WarehouseImpl::DryRun(const QueryConfig& config, Job job) {
  const ConnectionPool::Lease lease = TRY(connections_.Take());
  (void)TRY(AnalyzeQuery(query_services_, *lease, config, job));
  job.state = JobState::kDone;
  job.created = services_.clock.Now();
  job.started = job.ended = job.created;
  return job;
}

JobWork WarehouseImpl::QueryWork(QueryConfig config) {
  return [this, config = std::move(config)](JobRun& run) {
    return RunQuery(query_services_, config, run);
  };
}

Result<Job> WarehouseImpl::InsertQuery(const CallContext& ctx, JobRef ref, QueryConfig config,
                                       Labels labels, std::string configuration_json) {
  Job job = TRY(
      MakeQueryJob(ctx, std::move(ref), config, std::move(labels), std::move(configuration_json)));
  if (config.dry_run) return DryRun(config, std::move(job));
  if (job.ref.job_id.empty()) job.ref.job_id = FreshJobId();
  TRY(CheckJobId(job.ref.job_id));
  return InsertJobAndRun(ctx, std::move(job), "", QueryWork(std::move(config)));
}

// The job id follows from the request id, so the job table itself finds the repeat, also after a
// restart.
Result<Job> WarehouseImpl::Query(const CallContext& ctx, std::string_view project,
                                 std::string_view location, QueryConfig config, Labels labels,
                                 std::string configuration_json, std::string_view request_id) {
  JobRef ref{std::string(project), "", std::string(location)};
  Job job = TRY(
      MakeQueryJob(ctx, std::move(ref), config, std::move(labels), std::move(configuration_json)));
  if (config.dry_run) return DryRun(config, std::move(job));
  if (request_id.empty() && IsPlainSelect(config)) {
    // Nobody can ask for this job before we give its id away, so its record can wait for its
    // result: one commit instead of two.
    job.ref.job_id = FreshJobId();
    job.user_email = ctx.principal;
    job.created = services_.clock.Now();
    TRY(runner_.Reserve());
    return runner_.Submit(std::move(job), QueryWork(std::move(config)), false)->Snapshot();
  }
  job.ref.job_id =
      request_id.empty()
          ? FreshJobId()
          : "job_" + Sha256Hex(job.ref.project + "\n" + std::string(request_id)).substr(0, 32);
  const Result<Job> inserted = InsertJobAndRun(ctx, job, request_id, QueryWork(config));
  if (inserted.ok() || inserted.status().code() != Code::kAlreadyExists || request_id.empty())
    return inserted;
  Result<Job> first = GetJob(ctx, job.ref);
  if (first.ok() && services_.clock.Now() - first->created < kRequestIdWindow) return first;
  job.ref.job_id = FreshJobId();
  return InsertJobAndRun(ctx, std::move(job), request_id, QueryWork(std::move(config)));
}

Result<Job> WarehouseImpl::GetJob(const CallContext&, const JobRef& ref) {
  if (const auto live = runner_.Find(ref.project, ref.job_id)) {
    TRY(Record(*live));
    return live->Snapshot();
  }
  const ConnectionPool::Lease lease = TRY(connections_.Take());
  std::optional<StoredJob> stored = TRY(FindJob(*lease, ref));
  if (!stored) return JobNotFound(ref);
  return std::move(stored->job);
}

Result<Job> WarehouseImpl::WaitJob(const CallContext& ctx, const JobRef& ref,
                                   std::chrono::milliseconds wait) {
  if (const auto live = runner_.Find(ref.project, ref.job_id)) {
    if (!live->WaitDone(wait, ctx.stop)) TRY(Record(*live));
    return live->Snapshot();
  }
  return GetJob(ctx, ref);
}

Result<Page<Job>> WarehouseImpl::ListJobs(const CallContext&, std::string_view project,
                                          const JobFilter& filter) {
  // A stored record says PENDING until its job is done; memory knows which of them run.
  JobFilter stored = filter;
  if (!filter.states.empty() && Wanted(filter.states, JobState::kRunning))
    stored.states.push_back(JobState::kPending);
  for (const auto& live : runner_.Unrecorded(project)) TRY(Record(*live));
  const ConnectionPool::Lease lease = TRY(connections_.Take());
  Page<Job> page = TRY(ListStoredJobs(*lease, project, stored));
  for (Job& job : page.items) {
    if (const auto live = runner_.Find(job.ref.project, job.ref.job_id)) job = live->Snapshot();
  }
  std::erase_if(page.items, [&](const Job& job) { return !Wanted(filter.states, job.state); });
  return page;
}

Result<Job> WarehouseImpl::CancelJob(const CallContext& ctx, const JobRef& ref) {
  const auto live = runner_.Find(ref.project, ref.job_id);
  if (!live) return GetJob(ctx, ref);
  live->Cancel();
  // An interrupt that comes between two statements is lost, so ask again until it is over.
  for (std::chrono::milliseconds waited{0}; waited < kCancelWait;
       waited += std::chrono::milliseconds(20)) {
    if (live->WaitDone(std::chrono::milliseconds(20), ctx.stop) || ctx.stop.stop_requested()) break;
    live->Cancel();
  }
  return live->Snapshot();
}

Status WarehouseImpl::DeleteJob(const CallContext&, const JobRef& ref) {
  if (const auto live = runner_.Find(ref.project, ref.job_id); live && !live->done()) {
    return InvalidArgument("Cannot delete job " + ToString(ref) + ": it is not done", "invalid");
  }
  const ConnectionPool::Lease lease = TRY(connections_.Take());
  TRY(MarkJobDeleted(*lease, ref));
  runner_.Drop(ref.project, ref.job_id);
  return {};
}

Result<Rows> WarehouseImpl::JobRows(const CallContext& ctx, const JobRef& ref,
                                    const RowsRequest& request) {
  const auto live = runner_.Find(ref.project, ref.job_id);
  Job job;
  ResultRows result;
  bool has_result = false;
  if (live) {
    job = live->Snapshot();
    if (const auto rows = live->result()) {
      result = *rows;
      has_result = true;
    }
  } else {
    const ConnectionPool::Lease lease = TRY(connections_.Take());
    std::optional<StoredJob> stored = TRY(FindJob(*lease, ref));
    if (!stored) return JobNotFound(ref);
    job = std::move(stored->job);
    result = {std::move(stored->result_rows), std::move(stored->result_table)};
    has_result = stored->has_result;
  }
  if (job.state != JobState::kDone)
    return FailedPrecondition("job " + ToString(ref) + " is not done", "jobNotDone");
  if (job.error) return StatusOf(*job.error);
  if (job.statement_type != "SELECT") return Rows();
  if (job.destination && job.destination != AnonymousTable(job.ref))
    return ReadTable(ctx, *job.destination, request);
  const bool expired = job.ended && *job.ended + options_.result_life <= services_.clock.Now();
  if (!has_result || expired)
    return NotFound("Not found: the results of job " + ToString(ref) + " have expired");
  return ReadResult(connections_, result, job.result_schema,
                    static_cast<std::uint64_t>(job.total_rows), request);
}

}  // namespace landfall::warehouse
