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

bool LiveJob::TakeRecord() {
  const MutexLock lock(mu_);
  while (record_ == Record::kBeingMade) changed_.WaitFor(mu_, kStopCheck);
  if (record_ == Record::kMade) return false;
  record_ = Record::kBeingMade;
  return true;
}

void LiveJob::RecordMade(bool ok) {
  const MutexLock lock(mu_);
  record_ = ok ? Record::kMade : Record::kNone;
  changed_.NotifyAll();
}

bool LiveJob::recorded() const {
  const MutexLock lock(mu_);
  return record_ == Record::kMade;
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
  const bool first = live_.TakeRecord();
  Status committed = WriteAndCommit(first, transaction, change);
  if (first) live_.RecordMade(committed.ok());
  return committed;
}

Status JobRun::WriteAndCommit(bool first, Transaction& transaction, CatalogChange* change) {
  const JobResult stored{.rows = result.rows,
                         .table = result.table,
                         .expires = job.ended.value_or(TimePoint()) + result_life};
  const JobResult* const rows = has_result ? &stored : nullptr;
  const Status saved = first ? AddJob(connection, job, "", rows) : SaveJob(connection, job, rows);
  // The record was made after our transaction began.
  if (saved.code() == Code::kNotFound) return Aborted(saved.message(), "conflict");
  TRY(saved);
  // From here on a cancel comes too late: an interrupted COMMIT may have happened.
  if (!live_.BeginCommit())
    return Cancelled("Job execution was cancelled: User requested cancellation");
  return change != nullptr ? change->Commit(transaction) : transaction.Commit();
}

Status JobRun::CommitResult() {
  job.state = JobState::kDone;
  job.ended = clock_.Now();
  // Before the transaction begins, so that it sees a record that somebody else has just made.
  const bool first = live_.TakeRecord();
  const auto commit = [&]() -> Status {
    Transaction transaction = TRY(Transaction::Begin(connection));
    return WriteAndCommit(first, transaction, nullptr);
  };
  Status committed = commit();
  if (first) live_.RecordMade(committed.ok());
  return committed;
}

Status JobRun::Save() {
  const bool first = live_.TakeRecord();
  Status saved = first ? AddJob(connection, job) : SaveJob(connection, job);
  if (first) live_.RecordMade(saved.ok());
  return saved;
}

}  // namespace landfall::warehouse
