// Finds markers whose notification never came: lists the buckets and compares them with the load
// state. A notification is a hint; this is what makes that true when hints are lost.
//
// Only markers that came after the rule that covers them: a new rule does not load the past, that
// is what a backfill is for. Young ones are left to their hints. Thread-safe; blocks.
#pragma once

#include <chrono>
#include <cstddef>

#include "base/clock.h"
#include "base/context.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/status.h"
#include "ingest/pipeline.h"
#include "ingest/rules.h"
#include "storage/storage.h"
#include "warehouse/warehouse.h"

namespace landfall::ingest {

// How old a marker is before its hint counts as lost.
constexpr std::chrono::minutes kHintGrace{1};

class Reconciler {
 public:
  Reconciler(const RuleStore& rules, storage::Storage& storage, warehouse::Warehouse& warehouse,
             Pipeline& pipeline, Clock& clock, Log& log, Metrics& metrics);

  struct Counts {
    std::size_t objects = 0, markers = 0;
    std::size_t missed = 0;  // without a row; they have one now and are loaded
  };
  // Markers that it could not decide are tried again the next time.
  Result<Counts> Run(const CallContext& ctx);

 private:
  Status RunBucket(const CallContext& ctx, const storage::Bucket& bucket, Counts& counts);
  Status Check(const CallContext& ctx, const storage::Bucket& bucket, const storage::Object& object,
               Counts& counts);

  const RuleStore& rules_;
  storage::Storage& storage_;
  warehouse::Warehouse& warehouse_;
  Pipeline& pipeline_;
  Clock& clock_;
  Log& log_;
  Counter& misses_;
};

}  // namespace landfall::ingest
