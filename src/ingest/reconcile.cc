#include "ingest/reconcile.h"

#include "ingest/names.h"

namespace landfall::ingest {

Reconciler::Reconciler(const RuleStore& rules, storage::Storage& storage,
                       warehouse::Warehouse& warehouse, Pipeline& pipeline, Clock& clock, Log& log,
                       Metrics& metrics)
    : rules_(rules),
      storage_(storage),
      warehouse_(warehouse),
      pipeline_(pipeline),
      clock_(clock),
      log_(log),
      misses_(metrics.AddCounter("landfall_ingest_reconcile_misses_total",
                                 "Markers found by listing whose notification never came")) {}

Result<Reconciler::Counts> Reconciler::Run(const CallContext& ctx) {
  Counts counts;
  storage::ListOptions options;
  do {
    const storage::BucketPage page = TRY(storage_.ListBuckets(ctx, "", options));
    for (const storage::Bucket& bucket : page.items) TRY(RunBucket(ctx, bucket, counts));
    options.page_token = page.next_page_token;
  } while (!options.page_token.empty());
  return counts;
}

Status Reconciler::RunBucket(const CallContext& ctx, const storage::Bucket& bucket,
                             Counts& counts) {
  storage::ListOptions options;
  do {
    if (ctx.stop.stop_requested()) return Cancelled("the server is stopping");
    const auto page = storage_.List(ctx, bucket.name, options);
    if (page.status().code() == Code::kNotFound) return {};  // deleted meanwhile
    TRY(page);
    for (const storage::Object& object : page->items) TRY(Check(ctx, bucket, object, counts));
    options.page_token = page->next_page_token;
  } while (!options.page_token.empty());
  return {};
}

Status Reconciler::Check(const CallContext& ctx, const storage::Bucket& bucket,
                         const storage::Object& object, Counts& counts) {
  ++counts.objects;
  const std::shared_ptr<const RuleSet> rules = rules_.Snapshot();
  if (!rules->MayBeMarker(object.name)) return {};
  const RulePtr rule = rules->Governing(bucket.project, bucket.name, object.name);
  if (rule == nullptr || !IsMarker(object.name, rule->variables.names)) return {};
  ++counts.markers;
  if (object.time_created < rule->rule.created || object.time_created + kHintGrace > clock_.Now()) {
    return {};
  }
  const warehouse::LoadKey key{bucket.name, object.name, object.generation};
  if (TRY(warehouse_.FindLoad(key))) return {};
  const std::vector<bool> fresh =
      TRY(pipeline_.Offer(ctx, {pipeline_.SeenRecord(bucket.project, key, rule)}));
  if (fresh.empty() || !fresh.front()) return {};
  ++counts.missed;
  misses_.Add();
  log_.Warn("notification_was_lost",
            {{"bucket", key.bucket}, {"object", key.object}, {"generation", key.generation}});
  return {};
}

}  // namespace landfall::ingest
