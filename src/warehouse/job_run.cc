#include "warehouse/job_run.h"

#include <algorithm>

#include "warehouse/job_store.h"

namespace landfall::warehouse {
namespace {

// How often a waiter looks whether its caller is still there.
constexpr std::chrono::milliseconds kStopCheck{100};

}  // namespace

Job LiveJob::Snapshot() const {
  const MutexLock lock(mu_);
  return job_;
}

bool LiveJob::done() const {
  const MutexLock lock(mu_);
  return job_.state == JobState::kDone;
}

std::shared_ptr<const ResultRows> LiveJob::result() const {
  const MutexLock lock(mu_);
  return result_;
}

bool LiveJob::WaitDone(std::chrono::milliseconds wait, const std::stop_token& stop) const {
  const auto end = std::chrono::steady_clock::now() + wait;
  const MutexLock lock(mu_);
  while (job_.state != JobState::kDone) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    if (left.count() <= 0 || stop.stop_requested()) return false;
    changed_.WaitFor(mu_, std::min(left, kStopCheck));
  }
  return true;
}

void LiveJob::Cancel() {
  stop_.request_stop();
  const MutexLock lock(mu_);
  if (running_ != nullptr) running_->Interrupt();
}

void LiveJob::Start(TimePoint now, Connection* connection) {
  const MutexLock lock(mu_);
  job_.state = JobState::kRunning;
  job_.started = now;
  running_ = connection;
  changed_.NotifyAll();
}

bool LiveJob::BeginCommit() {
  const MutexLock lock(mu_);
  if (stop_.stop_requested()) return false;
  running_ = nullptr;
  return true;
}

void LiveJob::Arm(Connection& connection) {
  const MutexLock lock(mu_);
  running_ = &connection;
}

void LiveJob::Settle() {
  const MutexLock lock(mu_);
  running_ = nullptr;
}

void LiveJob::Publish(Job job, std::shared_ptr<const ResultRows> result) {
  const MutexLock lock(mu_);
  job_ = std::move(job);
  result_ = std::move(result);
  running_ = nullptr;
  changed_.NotifyAll();
}

Status JobRun::CheckStop() const {
  return stop().stop_requested()
             ? Cancelled("Job execution was cancelled: User requested cancellation")
             : Status();
}

bool JobRun::Pause(std::chrono::milliseconds wait) const {
  (void)live_.WaitDone(wait, stop());
  return !stop().stop_requested();
}

Status JobRun::CommitDone(Transaction& transaction, CatalogChange* change) {
  job.state = JobState::kDone;
  job.ended = clock_.Now();
  TRY(SaveJob(connection, job));
  if (has_result)
    TRY(SaveJobResult(connection, job.ref, result.rows, result.table, *job.ended + result_life));
  // From here on a cancel comes too late: an interrupted COMMIT may have happened.
  if (!live_.BeginCommit())
    return Cancelled("Job execution was cancelled: User requested cancellation");
  return change != nullptr ? change->Commit(transaction) : transaction.Commit();
}

}  // namespace landfall::warehouse
