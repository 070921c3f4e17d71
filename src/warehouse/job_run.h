// A job in progress: what its work may do, and what others may ask of it. Private to the module.
//
// The work runs on a pool thread with one connection. It fills `job`, makes its effect in a
// transaction and calls CommitDone, which writes the finished record into that same transaction:
// the job is DONE exactly when its effect is there. When the work returns an error instead, the
// runner writes the record with that error.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/status.h"
#include "warehouse/catalog.h"
#include "warehouse/duck.h"
#include "warehouse/types.h"

namespace landfall::warehouse {

// The rows of a SELECT: texts as wire.h keeps them, separated by '\n', or a table of schema
// _landfall_results.
struct ResultRows {
  std::string rows;
  std::string table;
};

// Shared by the worker and everybody who watches the job. Thread-safe.
class LiveJob {
 public:
  // `recorded`: its durable record is made already.
  LiveJob(Job job, bool recorded)
      : record_(recorded ? Record::kMade : Record::kNone), job_(std::move(job)) {}

  Job Snapshot() const;
  bool done() const;
  std::shared_ptr<const ResultRows> result() const;
  bool WaitDone(std::chrono::milliseconds wait, const std::stop_token& stop) const;
  std::stop_token stop_token() const { return stop_.get_token(); }

  // A SELECT that a client waits for gets its record together with its result; or before, from
  // whoever gives its id away while it still runs. True: the caller makes the record now and then
  // says RecordMade. False: it is made. Waits while somebody else is making it.
  bool TakeRecord();
  void RecordMade(bool ok);
  bool recorded() const;

  // Asks the work to end, and interrupts its query unless it has begun to commit.
  void Cancel();

 private:
  friend class JobRun;
  friend class JobRunner;
  enum class Record : std::uint8_t { kNone, kBeingMade, kMade };
  void Start(TimePoint now, Connection* connection);
  bool BeginCommit();                // false: cancelled first. True: no interrupt comes any more
  void Arm(Connection& connection);  // a new attempt may be interrupted again
  void Settle();                     // no interrupt comes any more
  void Publish(Job job, std::shared_ptr<const ResultRows> result);

  std::stop_source stop_;
  mutable Mutex mu_;
  mutable CondVar changed_;
  Record record_ GUARDED_BY(mu_);
  Job job_ GUARDED_BY(mu_);
  std::shared_ptr<const ResultRows> result_ GUARDED_BY(mu_);
  Connection* running_ GUARDED_BY(mu_) = nullptr;  // while it may be interrupted
};

class JobRun {
 public:
  JobRun(LiveJob& live, Connection& worker_connection, Clock& clock)
      : job(live.Snapshot()), connection(worker_connection), live_(live), clock_(clock) {}

  Job job;            // the record in the making
  ResultRows result;  // of a SELECT that has no table of its own as destination
  bool has_result = false;
  std::chrono::hours result_life{24};
  Connection& connection;

  std::stop_token stop() const { return live_.stop_token(); }
  Status CheckStop() const;  // kCancelled/"stopped" once cancelled
  // Waits a little before a retry; false when cancelled.
  bool Pause(std::chrono::milliseconds wait) const;

  // Writes the finished record and the result into the transaction and commits it, with the
  // catalog's changes when given. kCancelled: nothing happened.
  Status CommitDone(Transaction& transaction, CatalogChange* change = nullptr);
  // The same for a job without any effect but its result.
  Status CommitResult();
  // The record alone, of a job that had no effect.
  Status Save();

 private:
  Status WriteAndCommit(bool first, Transaction& transaction, CatalogChange* change);

  LiveJob& live_;
  Clock& clock_;
};

// A load's or query's work. Everything it refers to must outlive the runner.
using JobWork = std::function<Status(JobRun&)>;

}  // namespace landfall::warehouse
