// One marker, from its load-state row to its end, in two blocking steps: Prepare (claim and plan)
// and Run (load). Every outcome is written to the load state before it is returned. Thread-safe;
// one marker is in one step at a time.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/context.h"
#include "base/log.h"
#include "base/metrics.h"
#include "ingest/plan.h"
#include "ingest/plan_store.h"
#include "ingest/rules.h"
#include "storage/storage.h"
#include "warehouse/warehouse.h"

namespace landfall::ingest {

struct Prepared {
  Plan plan;
  warehouse::LoadRecord record;  // with the claim's epoch
};

struct Verdict {
  enum class What : std::uint8_t { kOver, kAgain, kReady };
  What what = What::kOver;
  std::optional<TimePoint> not_before;  // kAgain
  std::shared_ptr<Prepared> prepared;   // kReady: Run it
};

struct LoaderOptions {
  int attempts_max = 4;
  std::chrono::milliseconds retry_delay{500};  // doubles with every attempt
  std::chrono::milliseconds retry_delay_max{60'000};
  std::chrono::milliseconds disk_full_delay{5'000};
  std::string worker = "ingest";
};

// Whether trying again may help. Exactly kUnavailable, kAborted, kResourceExhausted,
// kDeadlineExceeded, kInternal, kUnknown.
bool IsTransient(const Status& error);

class Loader {
 public:
  Loader(LoaderOptions options, const RuleStore& rules, meta::Store& meta,
         storage::Storage& storage, warehouse::Warehouse& warehouse, Clock& clock, Log& log,
         Metrics& metrics);

  Verdict Prepare(const CallContext& ctx, const warehouse::LoadKey& key);
  // The short way for a marker that has no row yet: `seen` is its row to be. Plans it and writes no
  // row: when MarkSeen has taken the record returned, the batch is ready to run. Null when the long
  // way must decide: the marker is known, its generation is no longer the live one, or planning
  // failed.
  std::shared_ptr<Prepared> PrepareFresh(const CallContext& ctx, const warehouse::LoadRecord& seen);
  Verdict Run(const CallContext& ctx, Prepared& batch);

  PlanStore& plans() { return plans_; }

 private:
  Result<Verdict> TryPrepare(const CallContext& ctx, const warehouse::LoadKey& key);
  // The frozen plan when the record has one that is still whole.
  Result<std::optional<Plan>> FrozenPlan(const warehouse::LoadRecord& record);
  Result<bool> IsSuperseded(const CallContext& ctx, warehouse::LoadRecord& record);
  Status PlanBatch(const CallContext& ctx, warehouse::LoadRecord& record, Plan& plan);
  void SetPlanned(Prepared& prepared, warehouse::LoadRecord& record);
  // True when a source is not what the plan pinned; says which in `reason`.
  Result<bool> SourcesChanged(const CallContext& ctx, const Plan& plan, bool& gone,
                              std::string& reason);

  Verdict Failed(warehouse::LoadRecord record, const Status& error, int retries_max);
  Verdict Write(warehouse::LoadRecord record, Verdict verdict);
  std::chrono::milliseconds DelayAfter(std::int64_t attempt) const;

  const LoaderOptions options_;
  const RuleStore& rules_;
  PlanStore plans_;
  storage::Storage& storage_;
  warehouse::Warehouse& warehouse_;
  Clock& clock_;
  Log& log_;
  Counter &done_, &failed_, &dead_, &retried_, &superseded_;
};

}  // namespace landfall::ingest
