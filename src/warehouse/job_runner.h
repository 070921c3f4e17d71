// The bounded pool that runs jobs, and the jobs that are in progress or were lately. Private to the
// module.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "warehouse/connection_pool.h"
#include "warehouse/job_run.h"

namespace landfall::warehouse {

struct RunnerOptions {
  std::size_t workers_max = 4;
  std::size_t queued_jobs_max = 1000;
  std::size_t recent_jobs_max = 512;  // finished ones kept in memory, with their results
  std::size_t recent_bytes_max = 64u << 20;
  std::chrono::hours result_life{24};
};

class JobRunner {
 public:
  // `connections` must have at least workers_max.
  JobRunner(RunnerOptions options, ConnectionPool& connections, Clock& clock, Log& log,
            Metrics& metrics);
  ~JobRunner();  // cancels what is queued or running and waits

  // Reserves a place in the queue: kResourceExhausted/"jobRateLimitExceeded" when it is full. Ask
  // before the record is made durable; Submit uses it, and without Submit it must be given back
  // with Forget.
  Status Reserve();
  void Forget();
  // Runs `work` for the job, whose record is durable already when `recorded`.
  std::shared_ptr<LiveJob> Submit(Job job, JobWork work, bool recorded);

  // In progress or lately finished; nullptr otherwise.
  std::shared_ptr<LiveJob> Find(std::string_view project, std::string_view job_id) const;
  // Jobs of a project that have no durable record yet.
  std::vector<std::shared_ptr<LiveJob>> Unrecorded(std::string_view project) const;
  void Drop(std::string_view project, std::string_view job_id);  // of a deleted job
  bool idle() const;

 private:
  using Key = std::pair<std::string, std::string>;
  struct Queued {
    std::shared_ptr<LiveJob> live;
    JobWork work;
  };
  void Loop(const std::stop_token& stop);
  void RunOne(const Queued& queued);
  Status RunWork(const Queued& queued, JobRun& run) const;
  void SaveFailure(JobRun& run, const Status& status);
  void Retire(const Key& key, std::size_t bytes);

  const RunnerOptions options_;
  ConnectionPool& connections_;
  Clock& clock_;
  Log& log_;
  Counter& done_;
  Counter& failed_;
  Gauge& queued_gauge_;
  mutable Mutex mu_;
  CondVar work_;
  std::deque<Queued> queue_ GUARDED_BY(mu_);
  std::size_t reserved_ GUARDED_BY(mu_) = 0, running_ GUARDED_BY(mu_) = 0;
  std::map<Key, std::shared_ptr<LiveJob>> jobs_ GUARDED_BY(mu_);
  std::deque<std::pair<Key, std::size_t>> finished_ GUARDED_BY(mu_);
  std::size_t finished_bytes_ GUARDED_BY(mu_) = 0;
  bool stopping_ GUARDED_BY(mu_) = false;
  std::vector<std::jthread> workers_;
};

}  // namespace landfall::warehouse
