// The threads between hints and rows: one pump takes hints from the subscription and plans at once
// what comes while nothing waits, one planner plans the other markers in order of arrival,
// `workers_max` workers load, one batch per table at a time. Everything these threads remember is
// also in the load state, so losing them loses nothing.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "ingest/loader.h"
#include "ingest/rules.h"
#include "ingest/schedule.h"
#include "ingest/trigger.h"
#include "pubsub/pubsub.h"
#include "storage/storage.h"
#include "warehouse/warehouse.h"

namespace landfall::ingest {

class Pipeline {
 public:
  struct Options {
    std::size_t workers_max = 2;
    std::size_t queued_loads_max = 100'000;
  };
  Pipeline(Options options, const RuleStore& rules, Loader& loader, storage::Storage& storage,
           pubsub::PubSub& pubsub, warehouse::Warehouse& warehouse, Clock& clock, Log& log,
           Metrics& metrics);
  ~Pipeline();

  // Makes topic and subscription when missing, takes up unfinished loads, starts the threads.
  Status Start();
  // Stops the threads; a batch that is loading rolls back.
  void Stop();

  // Durable on return: one row per marker that had none. Which were new, in order.
  Result<std::vector<bool>> Offer(const CallContext& ctx,
                                  const std::vector<warehouse::LoadRecord>& seen);

  // The row of a marker nobody has heard of yet.
  warehouse::LoadRecord SeenRecord(const std::string& project, const warehouse::LoadKey& key,
                                   const RulePtr& rule) const;

 private:
  void PumpLoop(std::stop_token stop);
  void PlannerLoop(std::stop_token stop);
  void WorkerLoop(std::stop_token stop);
  // The rows for those hints that are markers of some rule; the others are logged.
  std::vector<warehouse::LoadRecord> Accept(const CallContext& ctx,
                                            const std::vector<pubsub::Delivery>& hints);
  bool OfferUntilDurable(const CallContext& ctx, const std::vector<warehouse::LoadRecord>& seen);
  // Those of `seen` that are in nobody's hands, each once, and now in ours until Offered(). Waits
  // for markers that another caller is offering: their rows are not durable yet.
  std::vector<warehouse::LoadRecord> TakeForOffer(const std::vector<warehouse::LoadRecord>& seen,
                                                  bool& plan_at_once);
  void Offered(const std::vector<warehouse::LoadRecord>& asked);
  Status TakeUpUnfinished();
  void Settle(const warehouse::LoadKey& key, const Verdict& verdict) REQUIRES(mu_);
  // Waits for work, a due time, the stop, or a while.
  void WaitForWork(const std::stop_token& stop) REQUIRES(mu_);

  const Options options_;
  const RuleStore& rules_;
  Loader& loader_;
  storage::Storage& storage_;
  pubsub::PubSub& pubsub_;
  warehouse::Warehouse& warehouse_;
  Clock& clock_;
  Log& log_;
  Counter &hints_, &duplicates_;
  Gauge& queued_;

  Mutex mu_;
  CondVar changed_;
  Schedule schedule_ GUARDED_BY(mu_);
  std::set<warehouse::LoadKey> offering_ GUARDED_BY(mu_);
  std::vector<std::jthread> threads_;  // last: they use all of the above
};

}  // namespace landfall::ingest
