#include "ingest/ingest.h"

#include <unistd.h>

#include <thread>
#include <utility>

#include "base/mutex.h"
#include "ingest/explain.h"
#include "ingest/loader.h"
#include "ingest/names.h"
#include "ingest/pipeline.h"
#include "ingest/reconcile.h"
#include "ingest/rules.h"
#include "ingest/trigger.h"

namespace landfall::ingest {
namespace {

constexpr std::size_t kLoadsListedMax = 10'000;
constexpr std::chrono::milliseconds kLook{200};  // how often the thread looks at the clock

class IngestService final : public Ingest {
 public:
  IngestService(const Options& options, std::unique_ptr<RuleStore> rules, meta::Store& meta,
                storage::Storage& storage, pubsub::PubSub& pubsub, warehouse::Warehouse& warehouse,
                Clock& clock, Log& log, Metrics& metrics)
      : default_project_(options.default_project),
        rules_(std::move(rules)),
        storage_(storage),
        warehouse_(warehouse),
        log_(log),
        loader_({.attempts_max = options.attempts_max,
                 .retry_delay = options.retry_delay,
                 .worker = "ingest@" + std::to_string(::getpid())},
                *rules_, meta, storage, warehouse, clock, log, metrics),
        explainer_(*rules_, loader_.plans(), storage, warehouse),
        pipeline_(
            {.workers_max = options.workers_max, .queued_loads_max = options.queued_loads_max},
            *rules_, loader_, storage, pubsub, warehouse, clock, log, metrics),
        reconciler_(*rules_, storage, warehouse, pipeline_, clock, log, metrics),
        reconcile_every_(options.reconcile_every),
        clock_(clock) {}

  Status Begin() {
    TRY(pipeline_.Start());
    reconcile_thread_ = std::jthread([this](const std::stop_token& stop) { ReconcileLoop(stop); });
    return {};
  }

  Result<Rule> CreateRule(const CallContext&, Rule rule) override {
    Rule made = TRY(rules_->Create(std::move(rule)));
    log_.Info("ingest_rule_created",
              {{"project", made.project}, {"rule", made.id}, {"bucket", made.bucket}});
    return made;
  }
  Result<Rule> GetRule(const CallContext&, std::string_view project, std::string_view id) override {
    return rules_->Get(project, id);
  }
  Result<std::vector<Rule>> ListRules(const CallContext&, std::string_view project) override {
    return rules_->List(project);
  }
  Status DeleteRule(const CallContext&, std::string_view project, std::string_view id) override {
    TRY(rules_->Delete(project, id));
    log_.Info("ingest_rule_deleted", {{"project", project}, {"rule", id}});
    return Ok();
  }

  Result<NotifyOutcome> Notify(const CallContext& ctx, const Json& body,
                               const std::map<std::string, std::string>& headers) override;

  Result<std::vector<warehouse::LoadRecord>> Loads(const CallContext&,
                                                   const warehouse::LoadFilter& filter) override {
    if (filter.limit == 0 || filter.limit > kLoadsListedMax) {
      return InvalidArgument("limit must be from 1 to " + std::to_string(kLoadsListedMax));
    }
    return warehouse_.ListLoads(filter);
  }

  Result<Json> Explain(const CallContext& ctx, std::string_view project, std::string_view bucket,
                       std::string_view object) override {
    if (bucket.empty() || object.empty())
      return InvalidArgument("explain needs gs://BUCKET/OBJECT");
    return explainer_.Explain(ctx, project.empty() ? default_project_ : project, bucket, object);
  }

  bool Wants(const storage::ObjectChange& change) const override {
    if (change.kind != storage::ChangeKind::kFinalize) return false;
    const RulePtr rule =
        rules_->Snapshot()->Governing(change.project, change.object.bucket, change.object.name);
    return rule != nullptr && IsMarker(change.object.name, rule->variables.names);
  }

 private:
  void ReconcileLoop(const std::stop_token& stop);

  const std::string default_project_;
  const std::unique_ptr<RuleStore> rules_;
  storage::Storage& storage_;
  warehouse::Warehouse& warehouse_;
  Log& log_;
  Loader loader_;
  Explainer explainer_;
  Pipeline pipeline_;  // behind all that its threads use
  Reconciler reconciler_;
  const std::chrono::seconds reconcile_every_;
  Clock& clock_;
  Mutex reconcile_mu_;
  CondVar never_;
  std::jthread reconcile_thread_;  // last: it uses all of the above
};

void IngestService::ReconcileLoop(const std::stop_token& stop) {
  CallContext ctx;
  ctx.stop = stop;
  MonotonicTime next = clock_.Monotonic() + reconcile_every_;
  while (!stop.stop_requested()) {
    {
      const MutexLock lock(reconcile_mu_);
      never_.WaitFor(reconcile_mu_, kLook);
    }
    if (stop.stop_requested() || clock_.Monotonic() < next) continue;
    const auto counts = reconciler_.Run(ctx);
    if (counts.ok()) {
      log_.Info(
          "reconciled",
          {{"objects", counts->objects}, {"markers", counts->markers}, {"missed", counts->missed}});
    } else if (!stop.stop_requested()) {
      log_.Warn("reconcile_failed", {{"error", counts.status().ToString()}});
    }
    next = clock_.Monotonic() + reconcile_every_;
  }
}

Result<NotifyOutcome> IngestService::Notify(const CallContext& ctx, const Json& body,
                                            const std::map<std::string, std::string>& headers) {
  const Trigger trigger = TRY(DecodeTrigger(body, headers));
  const auto no_op = [&](std::string reason) {
    log_.Info("notification_ignored",
              {{"bucket", trigger.bucket}, {"object", trigger.object}, {"why", reason}});
    return NotifyOutcome{.acts = false, .duplicate = false, .reason = std::move(reason)};
  };
  if (!trigger.finalize)
    return no_op("event type " + trigger.event_type + " is not object-finalize");
  const std::string uri = "gs://" + trigger.bucket + "/" + trigger.object;
  // Data files are the bulk of what a bucket notifies; they are turned away before anything is
  // asked of a store.
  if (!rules_->Snapshot()->MayBeMarker(trigger.object))
    return no_op(uri + " is no success file of any ingest rule");
  const storage::Bucket bucket = TRY(storage_.GetBucket(ctx, trigger.bucket));
  const RulePtr rule =
      rules_->Snapshot()->Governing(bucket.project, trigger.bucket, trigger.object);
  if (rule == nullptr)
    return no_op("no ingest rule of project " + bucket.project + " covers " + uri);
  if (!IsMarker(trigger.object, rule->variables.names)) {
    return no_op(uri + " is not a success file (" + rule->variables.names.success + ") of rule " +
                 rule->rule.id);
  }

  const Result<storage::Object> live = storage_.Get(ctx, trigger.bucket, trigger.object);
  if (!live.ok() && live.status().code() != Code::kNotFound) return live.status();
  if (!live.ok() && !trigger.generation) return live.status();
  const std::int64_t generation = trigger.generation.value_or(live.ok() ? live->generation : 0);
  const warehouse::LoadKey key{trigger.bucket, trigger.object, generation};
  if (!live.ok() || live->generation != generation) {
    // A hint never makes a generation up: what is not stored now must have been heard of before.
    const bool known = TRY(warehouse_.FindLoad(key)).has_value();
    if (known)
      return NotifyOutcome{
          .acts = true, .duplicate = true, .reason = "this generation was seen before"};
    if (!live.ok()) return live.status();
    return no_op(uri + " generation " + std::to_string(generation) + " is not the live one (" +
                 std::to_string(live->generation) + "); old hints are ignored");
  }
  const std::vector<bool> fresh =
      TRY(pipeline_.Offer(ctx, {pipeline_.SeenRecord(bucket.project, key, rule)}));
  const bool duplicate = fresh.empty() || !fresh.front();
  return NotifyOutcome{
      .acts = true,
      .duplicate = duplicate,
      .reason = duplicate ? "this generation was seen before" : "the batch will be loaded"};
}

}  // namespace

Result<std::unique_ptr<Ingest>> Start(Options options, meta::Store& meta, storage::Storage& storage,
                                      pubsub::PubSub& pubsub, warehouse::Warehouse& warehouse,
                                      Clock& clock, Log& log, Metrics& metrics) {
  std::unique_ptr<RuleStore> rules = TRY(RuleStore::Open(options, meta, clock));
  auto service = std::make_unique<IngestService>(options, std::move(rules), meta, storage, pubsub,
                                                 warehouse, clock, log, metrics);
  TRY(service->Begin());
  return std::unique_ptr<Ingest>(std::move(service));
}

}  // namespace landfall::ingest
