#include "ingest/pipeline.h"

#include <algorithm>
#include <map>

#include "ingest/ingest.h"

namespace landfall::ingest {
namespace {

constexpr std::size_t kHintsPerPull = 1000;
constexpr std::size_t kPlannedAtOnceMax = 4;  // markers of one pull
constexpr std::chrono::milliseconds kPullWait{1000};
constexpr std::chrono::seconds kAckDeadline{60};
constexpr std::chrono::milliseconds kStateRetry{
    200};  // the load state cannot be written: hints are held this long
constexpr std::chrono::milliseconds kIdleWait{1000};
constexpr std::chrono::milliseconds kDueWait{
    100};  // bound while something waits for a time: the clock is injected

std::string TableKey(const Plan& plan) { return warehouse::ToString(plan.destination); }

}  // namespace

Pipeline::Pipeline(Options options, const RuleStore& rules, Loader& loader,
                   storage::Storage& storage, pubsub::PubSub& pubsub,
                   warehouse::Warehouse& warehouse, Clock& clock, Log& log, Metrics& metrics)
    : options_(options),
      rules_(rules),
      loader_(loader),
      storage_(storage),
      pubsub_(pubsub),
      warehouse_(warehouse),
      clock_(clock),
      log_(log),
      hints_(metrics.AddCounter("landfall_ingest_hints_total",
                                "Notifications taken from the subscription")),
      duplicates_(metrics.AddCounter("landfall_ingest_duplicate_hints_total",
                                     "Notifications of markers already known")),
      queued_(
          metrics.AddGauge("landfall_ingest_queued_loads", "Markers waiting, planned or loading")),
      schedule_({.waiting_max = options.queued_loads_max, .prepared_max = 64}) {}

Pipeline::~Pipeline() { Stop(); }

Status Pipeline::Start() {
  const CallContext ctx;
  const Result<pubsub::Topic> topic =
      pubsub_.CreateTopic(ctx, {.name = std::string(kTopic), .labels = {}});
  if (!topic.ok() && topic.status().code() != Code::kAlreadyExists) return topic.status();
  pubsub::Subscription subscription;
  subscription.name = std::string(kSubscription);
  subscription.topic = std::string(kTopic);
  subscription.ack_deadline = kAckDeadline;
  const Result<pubsub::Subscription> made = pubsub_.CreateSubscription(ctx, subscription);
  if (!made.ok() && made.status().code() != Code::kAlreadyExists) return made.status();
  TRY(TakeUpUnfinished());
  TRY(loader_.plans().ForgetFilesUnless([this](const warehouse::LoadKey& key) {
    const auto record = warehouse_.FindLoad(key);
    // When in doubt, keep.
    return !record.ok() ||
           (*record && (*record)->status != "DONE" && (*record)->status != "FAILED");
  }));
  threads_.emplace_back([this](std::stop_token stop) { PumpLoop(std::move(stop)); });
  threads_.emplace_back([this](std::stop_token stop) { PlannerLoop(std::move(stop)); });
  for (std::size_t i = 0; i < options_.workers_max; ++i) {
    threads_.emplace_back([this](std::stop_token stop) { WorkerLoop(std::move(stop)); });
  }
  return Ok();
}

void Pipeline::Stop() {
  for (std::jthread& thread : threads_) thread.request_stop();
  {
    const MutexLock lock(mu_);
    changed_.NotifyAll();
  }
  threads_.clear();  // joins
}

// Reads what is not over from the load state, oldest first.
Status Pipeline::TakeUpUnfinished() {
  std::vector<warehouse::LoadRecord> unfinished;
  bool all = true;
  for (const char* state : {"seen", "waiting", "planned", "loading", "failed"}) {
    warehouse::LoadFilter filter;
    filter.state = state;
    filter.limit = options_.queued_loads_max;
    std::vector<warehouse::LoadRecord> records = TRY(warehouse_.ListLoads(filter));
    all = all && records.size() < options_.queued_loads_max;
    for (warehouse::LoadRecord& record : records) {
      if (record.status != "FAILED") unfinished.push_back(std::move(record));
    }
  }
  std::ranges::sort(unfinished, [](const auto& a, const auto& b) {
    return std::tie(a.seen_at, a.key.generation) < std::tie(b.seen_at, b.key.generation);
  });
  if (!unfinished.empty()) log_.Info("loads_taken_up", {{"loads", unfinished.size()}});
  const MutexLock lock(mu_);
  std::size_t added = 0;
  for (const warehouse::LoadRecord& record : unfinished) {
    if (schedule_.size() >= options_.queued_loads_max) break;
    schedule_.Add(record.key, record.not_before);
    ++added;
  }
  schedule_.Refilled(all && added == unfinished.size());
  queued_.Set(static_cast<std::int64_t>(schedule_.size()));
  changed_.NotifyAll();
  return Ok();
}

warehouse::LoadRecord Pipeline::SeenRecord(const std::string& project,
                                           const warehouse::LoadKey& key,
                                           const RulePtr& rule) const {
  warehouse::LoadRecord record;
  record.key = key;
  record.project = project;
  record.rule = rule->rule.id;
  record.reason = "the marker landed; rule " + rule->rule.id + " covers it";
  record.seen_at = clock_.Now();
  return record;
}

std::vector<warehouse::LoadRecord> Pipeline::TakeForOffer(
    const std::vector<warehouse::LoadRecord>& seen, bool& plan_at_once) {
  const auto offered_elsewhere = [&](const warehouse::LoadRecord& record)
                                     REQUIRES(mu_) { return offering_.contains(record.key); };
  std::vector<warehouse::LoadRecord> asked;
  const MutexLock lock(mu_);
  while (std::ranges::any_of(seen, offered_elsewhere)) changed_.WaitFor(mu_, kIdleWait);
  // A storm of repeats of one marker is one row to look up, and none while the marker is in our
  // hands.
  for (const warehouse::LoadRecord& record : seen) {
    if (!schedule_.Knows(record.key) && offering_.insert(record.key).second)
      asked.push_back(record);
  }
  plan_at_once = asked.size() <= kPlannedAtOnceMax && schedule_.CanPlanAtOnce();
  return asked;
}

void Pipeline::Offered(const std::vector<warehouse::LoadRecord>& asked) {
  const MutexLock lock(mu_);
  for (const warehouse::LoadRecord& record : asked) offering_.erase(record.key);
  queued_.Set(static_cast<std::int64_t>(schedule_.size()));
  changed_.NotifyAll();
}

Result<std::vector<bool>> Pipeline::Offer(const CallContext& ctx,
                                          const std::vector<warehouse::LoadRecord>& seen) {
  bool plan_at_once = false;
  std::vector<warehouse::LoadRecord> asked = TakeForOffer(seen, plan_at_once);
  std::map<warehouse::LoadKey, std::shared_ptr<Prepared>> prepared;
  if (plan_at_once) {
    for (warehouse::LoadRecord& record : asked) {
      if (auto batch = loader_.PrepareFresh(ctx, record)) {
        record = batch->record;
        prepared[record.key] = std::move(batch);
      }
    }
  }
  Result<std::vector<bool>> fresh = std::vector<bool>();
  if (!asked.empty()) fresh = warehouse_.MarkSeen(asked);
  std::set<warehouse::LoadKey> added;
  if (fresh.ok()) {
    const MutexLock lock(mu_);
    for (std::size_t i = 0; i < asked.size(); ++i) {
      if (!(*fresh)[i]) continue;
      added.insert(asked[i].key);
      if (const auto batch = prepared.find(asked[i].key); batch != prepared.end()) {
        schedule_.AddPrepared(asked[i].key, batch->second, TableKey(batch->second->plan));
      } else {
        schedule_.Add(asked[i].key, std::nullopt);
      }
    }
  }
  Offered(asked);
  TRY(fresh);
  std::vector<bool> news;
  for (const warehouse::LoadRecord& record : seen) {
    news.push_back(added.erase(record.key) > 0);
    if (news.back()) continue;
    duplicates_.Add();
    log_.Debug("duplicate_notification", {{"bucket", record.key.bucket},
                                          {"object", record.key.object},
                                          {"generation", record.key.generation}});
  }
  return news;
}

std::vector<warehouse::LoadRecord> Pipeline::Accept(const CallContext& ctx,
                                                    const std::vector<pubsub::Delivery>& hints) {
  std::vector<warehouse::LoadRecord> seen;
  std::map<std::string, std::string>
      projects;  // of the buckets of these hints; empty: no such bucket
  const std::shared_ptr<const RuleSet> rules = rules_.Snapshot();
  for (const pubsub::Delivery& hint : hints) {
    const Result<Trigger> trigger = DecodeAttributes(hint.message.attributes);
    if (!trigger.ok() || !trigger->finalize || !trigger->generation) {
      log_.Warn("hint_ignored", {{"message_id", hint.message.message_id},
                                 {"why", trigger.ok() ? "not a finalize event with a generation"
                                                      : trigger.status().message()}});
      continue;
    }
    if (!projects.contains(trigger->bucket)) {
      const Result<storage::Bucket> bucket = storage_.GetBucket(ctx, trigger->bucket);
      projects[trigger->bucket] = bucket.ok() ? bucket->project : "";
    }
    const std::string& project = projects[trigger->bucket];
    const RulePtr rule =
        project.empty() ? nullptr : rules->Governing(project, trigger->bucket, trigger->object);
    if (rule == nullptr || !IsMarker(trigger->object, rule->variables.names)) {
      log_.Info(
          "hint_ignored",
          {{"bucket", trigger->bucket}, {"object", trigger->object}, {"why", "no rule wants it"}});
      continue;
    }
    seen.push_back(
        SeenRecord(project, {trigger->bucket, trigger->object, *trigger->generation}, rule));
  }
  return seen;
}

// Hints are acknowledged only after their rows are durable, however long that takes.
bool Pipeline::OfferUntilDurable(const CallContext& ctx,
                                 const std::vector<warehouse::LoadRecord>& seen) {
  bool told = false;
  while (!ctx.stop.stop_requested()) {
    const auto fresh = Offer(ctx, seen);
    if (fresh.ok()) return true;
    if (!told)
      log_.Warn("hints_not_durable",
                {{"hints", seen.size()}, {"error", fresh.status().ToString()}});
    told = true;
    const MutexLock lock(mu_);
    changed_.WaitFor(mu_, kStateRetry);
  }
  return false;
}

void Pipeline::PumpLoop(std::stop_token stop) {
  CallContext ctx;
  ctx.stop = stop;
  while (!stop.stop_requested()) {
    const auto hints = pubsub_.Pull(ctx, kSubscription, kHintsPerPull, kPullWait);
    if (!hints.ok()) {
      if (stop.stop_requested()) return;
      log_.Warn("hints_not_pulled", {{"error", hints.status().ToString()}});
      const MutexLock lock(mu_);
      changed_.WaitFor(mu_, kStateRetry);
      continue;
    }
    if (hints->empty()) continue;
    hints_.Add(hints->size());
    if (!OfferUntilDurable(ctx, Accept(ctx, *hints))) return;
    std::vector<std::string> ids;
    for (const pubsub::Delivery& hint : *hints) ids.push_back(hint.ack_id);
    const Status acknowledged = pubsub_.Acknowledge(ctx, kSubscription, ids);
    // They come again, and are duplicates then.
    if (!acknowledged.ok())
      log_.Warn("hints_not_acknowledged", {{"error", acknowledged.ToString()}});
  }
}

void Pipeline::WaitForWork(const std::stop_token& stop) {
  // Stop() asks first and then wakes us under the lock, so this look cannot miss it.
  if (stop.stop_requested()) return;
  const std::optional<TimePoint> due = schedule_.NextDue();
  changed_.WaitFor(mu_, due ? kDueWait : kIdleWait);
}

void Pipeline::Settle(const warehouse::LoadKey& key, const Verdict& verdict) {
  schedule_.Done(key);
  if (verdict.what == Verdict::What::kAgain) schedule_.Add(key, verdict.not_before);
  queued_.Set(static_cast<std::int64_t>(schedule_.size()));
  changed_.NotifyAll();
}

void Pipeline::PlannerLoop(std::stop_token stop) {
  CallContext ctx;
  ctx.stop = stop;
  while (!stop.stop_requested()) {
    std::optional<warehouse::LoadKey> key;
    bool refill = false;
    {
      const MutexLock lock(mu_);
      key = schedule_.TakeWaiting(clock_.Now());
      refill = !key && schedule_.overflowed() && schedule_.size() == 0;
      if (!key && !refill) {
        WaitForWork(stop);
        continue;
      }
    }
    if (refill) {
      const Status refilled = TakeUpUnfinished();
      if (refilled.ok()) continue;
      log_.Warn("loads_not_taken_up", {{"error", refilled.ToString()}});
      const MutexLock lock(mu_);
      changed_.WaitFor(mu_, kIdleWait);
      continue;
    }
    const Verdict verdict = loader_.Prepare(ctx, *key);
    const MutexLock lock(mu_);
    if (verdict.what == Verdict::What::kReady) {
      schedule_.AddPrepared(*key, verdict.prepared, TableKey(verdict.prepared->plan));
      changed_.NotifyAll();
    } else {
      Settle(*key, verdict);
    }
  }
}

void Pipeline::WorkerLoop(std::stop_token stop) {
  CallContext ctx;
  ctx.stop = stop;
  while (!stop.stop_requested()) {
    std::shared_ptr<Prepared> batch;
    {
      const MutexLock lock(mu_);
      batch = schedule_.TakePrepared();
      if (batch == nullptr) {
        WaitForWork(stop);
        continue;
      }
    }
    const Verdict verdict = loader_.Run(ctx, *batch);
    const MutexLock lock(mu_);
    schedule_.Release(TableKey(batch->plan));
    Settle(batch->record.key, verdict);
  }
}

}  // namespace landfall::ingest
