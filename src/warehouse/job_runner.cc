#include "warehouse/job_runner.h"

#include <algorithm>

#include "warehouse/job_store.h"

namespace landfall::warehouse {
namespace {

constexpr std::chrono::milliseconds kLook{200};
constexpr int kAttemptsMax = 8;  // after conflicts of transactions
constexpr std::size_t kErrorsMax = 100;

}  // namespace

JobRunner::JobRunner(RunnerOptions options, ConnectionPool& connections, Clock& clock, Log& log,
                     Metrics& metrics)
    : options_(options),
      connections_(connections),
      clock_(clock),
      log_(log),
      done_(
          metrics.AddCounter("landfall_warehouse_jobs_total", "jobs that ended", "result=\"ok\"")),
      failed_(metrics.AddCounter("landfall_warehouse_jobs_total", "jobs that ended",
                                 "result=\"failed\"")),
      queued_gauge_(
          metrics.AddGauge("landfall_warehouse_jobs_queued", "jobs that wait for a worker")) {
  for (std::size_t i = 0; i < options_.workers_max; ++i) {
    workers_.emplace_back([this](const std::stop_token& stop) { Loop(stop); });
  }
}

JobRunner::~JobRunner() {
  {
    const MutexLock lock(mu_);
    stopping_ = true;
    // Queued jobs keep their PENDING record; the next start ends them.
    queue_.clear();
    for (const auto& [key, live] : jobs_) {
      if (!live->done()) live->Cancel();
    }
  }
  for (std::jthread& worker : workers_) worker.request_stop();
  work_.NotifyAll();
  workers_.clear();
}

Status JobRunner::Reserve() {
  const MutexLock lock(mu_);
  if (stopping_) return Unavailable("the warehouse is closing");
  if (reserved_ >= options_.queued_jobs_max) {
    return ResourceExhausted("Exceeded rate limits: " + std::to_string(reserved_) +
                                 " jobs are waiting; the limit is " +
                                 std::to_string(options_.queued_jobs_max),
                             "jobRateLimitExceeded");
  }
  ++reserved_;
  return {};
}

void JobRunner::Forget() {
  const MutexLock lock(mu_);
  --reserved_;
}

std::shared_ptr<LiveJob> JobRunner::Submit(Job job, JobWork work, bool recorded) {
  const Key key(job.ref.project, job.ref.job_id);
  auto live = std::make_shared<LiveJob>(std::move(job), recorded);
  const MutexLock lock(mu_);
  jobs_[key] = live;
  queue_.push_back({live, std::move(work)});
  queued_gauge_.Set(static_cast<std::int64_t>(queue_.size()));
  work_.NotifyOne();
  return live;
}

std::shared_ptr<LiveJob> JobRunner::Find(std::string_view project, std::string_view job_id) const {
  const MutexLock lock(mu_);
  const auto it = jobs_.find({std::string(project), std::string(job_id)});
  return it == jobs_.end() ? nullptr : it->second;
}

std::vector<std::shared_ptr<LiveJob>> JobRunner::Unrecorded(std::string_view project) const {
  std::vector<std::shared_ptr<LiveJob>> jobs;
  const MutexLock lock(mu_);
  for (auto it = jobs_.lower_bound({std::string(project), ""});
       it != jobs_.end() && it->first.first == project; ++it) {
    if (!it->second->recorded()) jobs.push_back(it->second);
  }
  return jobs;
}

void JobRunner::Drop(std::string_view project, std::string_view job_id) {
  const MutexLock lock(mu_);
  jobs_.erase({std::string(project), std::string(job_id)});
}

bool JobRunner::idle() const {
  const MutexLock lock(mu_);
  return queue_.empty() && running_ == 0;
}

void JobRunner::Loop(const std::stop_token& stop) {
  while (true) {
    Queued next;
    {
      const MutexLock lock(mu_);
      while (queue_.empty() && !stop.stop_requested()) work_.WaitFor(mu_, kLook);
      if (stop.stop_requested()) return;
      next = std::move(queue_.front());
      queue_.pop_front();
      queued_gauge_.Set(static_cast<std::int64_t>(queue_.size()));
      --reserved_;
      ++running_;
    }
    RunOne(next);
    const MutexLock lock(mu_);
    --running_;
  }
}

Status JobRunner::RunWork(const Queued& queued, JobRun& run) const {
  const Job fresh = run.job;
  for (int attempt = 1;; ++attempt) {
    TRY(run.CheckStop());
    Status status = queued.work(run);
    const bool conflict = status.code() == Code::kAborted && status.reason() == "conflict";
    if (!conflict || attempt == kAttemptsMax) return status;
    log_.Info("job_tried_again",
              {{"job", ToString(run.job.ref)}, {"attempt", attempt}, {"why", status.message()}});
    if (!run.Pause(std::chrono::milliseconds(10 * attempt))) return run.CheckStop();
    run.job = fresh;
    run.result = {};
    run.has_result = false;
    queued.live->Arm(run.connection);
  }
}

void JobRunner::SaveFailure(JobRun& run, const Status& status) {
  run.job.state = JobState::kDone;
  run.job.ended = clock_.Now();
  run.job.error = JobErrorOf(status);
  run.job.errors.insert(run.job.errors.begin(), *run.job.error);
  if (run.job.errors.size() > kErrorsMax) run.job.errors.resize(kErrorsMax);
  const Status saved = run.Save();
  // The record stays PENDING and the next start ends it; until then memory has the truth.
  if (!saved.ok())
    log_.Error("job_record_not_saved",
               {{"job", ToString(run.job.ref)}, {"error", saved.ToString()}});
}

void JobRunner::RunOne(const Queued& queued) {
  Result<ConnectionPool::Lease> lease = connections_.Take();
  const Job before = queued.live->Snapshot();
  if (!lease.ok()) {
    Job failed = before;
    failed.state = JobState::kDone;
    failed.ended = clock_.Now();
    failed.error = JobErrorOf(lease.status());
    queued.live->Publish(std::move(failed), nullptr);
    log_.Error("job_without_connection",
               {{"job", ToString(before.ref)}, {"error", lease.status().ToString()}});
    return;
  }
  queued.live->Start(clock_.Now(), &**lease);
  JobRun run(*queued.live, **lease, clock_);
  run.result_life = options_.result_life;
  const Status status = RunWork(queued, run);
  queued.live->Settle();  // no interrupt may hit what follows on this connection
  std::shared_ptr<const ResultRows> result;
  std::size_t bytes = sizeof(Job) + run.job.configuration_json.size();
  if (status.ok()) {
    done_.Add();
    if (run.has_result) result = std::make_shared<const ResultRows>(std::move(run.result));
    if (result) bytes += result->rows.size();
  } else {
    failed_.Add();
    SaveFailure(run, status);
  }
  log_.Debug("job_done",
             {{"job", ToString(run.job.ref)}, {"error", status.ok() ? "" : status.ToString()}});
  queued.live->Publish(std::move(run.job), std::move(result));
  Retire({before.ref.project, before.ref.job_id}, bytes);
}

void JobRunner::Retire(const Key& key, std::size_t bytes) {
  const MutexLock lock(mu_);
  finished_.emplace_back(key, bytes);
  finished_bytes_ += bytes;
  while (finished_.size() > options_.recent_jobs_max ||
         finished_bytes_ > options_.recent_bytes_max) {
    finished_bytes_ -= finished_.front().second;
    jobs_.erase(finished_.front().first);
    finished_.pop_front();
  }
}

}  // namespace landfall::warehouse
