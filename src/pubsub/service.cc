#include "pubsub/service.h"

#include <algorithm>
#include <optional>
#include <stop_token>
#include <utility>

#include "pubsub/names.h"

namespace landfall::pubsub {
namespace {

constexpr std::chrono::seconds kSweepEvery{30};
constexpr std::size_t kAckIdsMax = 10'000;  // per call
constexpr std::chrono::seconds kModifyDeadlineMax{600};
constexpr std::string_view kDeletedTopic = "_deleted-topic_";

Status ResourceExists(std::string_view name) {
  return AlreadyExists("Resource already exists in the project (resource=" +
                       std::string(name.substr(name.rfind('/') + 1)) + ").");
}

// Refuses one more when `range` has `limit` keys.
Status CheckRoom(meta::Txn& txn, const meta::KeyRange& range, std::size_t limit,
                 std::string_view kind) {
  std::size_t count = 0;
  TRY(txn.Scan(range, [&](std::string_view, std::string_view) { return ++count < limit; }));
  if (count < limit) return {};
  return ResourceExhausted("the project has " + std::to_string(count) + " " + std::string(kind) +
                               "; the limit is " + std::to_string(limit),
                           "quotaExceeded");
}

Result<TopicRecord> ReadTopic(meta::Reader& reader, std::string_view name) {
  const std::optional<std::string> bytes = TRY(reader.Get(TopicKey(name)));
  if (!bytes) return ResourceNotFound(name);
  return DecodeTopic(name, *bytes);
}

// What a client sees: a subscription outlives its topic, and a new topic of the same name is
// another one.
Result<Subscription> Render(meta::Reader& reader, SubscriptionRecord record) {
  const Result<TopicRecord> topic = ReadTopic(reader, record.subscription.topic);
  if (!topic.ok() && topic.status().code() != Code::kNotFound) return topic.status();
  if (!topic.ok() || topic->uid != record.topic_uid) record.subscription.topic = kDeletedTopic;
  return std::move(record.subscription);
}

// All records of `range`, decoded by `decode(name, bytes)`.
template <typename Record>
Result<std::vector<Record>> ReadAllRecords(meta::Reader& reader, const meta::KeyRange& range,
                                           Result<Record> (*decode)(std::string_view,
                                                                    std::string_view)) {
  std::vector<Record> records;
  Status bad;
  TRY(reader.Scan(range, [&](std::string_view key, std::string_view value) {
    const Result<std::vector<std::string>> parts = meta::SplitKey(key);
    if (!parts.ok() || parts->size() != 3) {
      bad = DataLoss("a key of pubsub is malformed");
      return false;
    }
    Result<Record> record = decode((*parts)[2], value);
    if (!record.ok()) {
      bad = record.status();
      return false;
    }
    records.push_back(std::move(*record));
    return true;
  }));
  TRY(bad);
  return records;
}

}  // namespace

Status Service::Start() {
  const std::vector<SubscriptionRecord> records =
      TRY(ReadAllRecords(*deps_.meta.Snapshot(), SubscriptionsOf({}), &DecodeSubscription));
  for (const SubscriptionRecord& record : records) {
    AddLive(record.subscription.name,
            std::make_shared<LiveSubscription>(record, options_.window_messages_max, deps_));
  }
  sweeper_ = std::jthread([this](const std::stop_token& stop) { RunSweeper(stop); });
  return {};
}

Result<Topic> Service::CreateTopic(const CallContext&, Topic topic) {
  TRY(CheckName(Collection::kTopics, topic.name));
  TRY(CheckLabels(topic.labels));
  TRY(deps_.meta.Commit([&](meta::Txn& txn) -> Status {
    if (TRY(txn.Get(TopicKey(topic.name)))) return ResourceExists(topic.name);
    TRY(CheckRoom(txn, TopicsOf(ProjectOf(topic.name)), options_.topics_max, "topics"));
    txn.Put(TopicKey(topic.name), Encode({.uid = TRY(NextUid(txn)), .topic = topic}));
    return {};
  }));
  return topic;
}

Result<Topic> Service::GetTopic(const CallContext&, std::string_view name) {
  TRY(CheckName(Collection::kTopics, name));
  return TRY(ReadTopic(*deps_.meta.Snapshot(), name)).topic;
}

Result<std::vector<Topic>> Service::ListTopics(const CallContext&, std::string_view project) {
  TRY(CheckProject(project));
  std::vector<Topic> topics;
  for (TopicRecord& record :
       TRY(ReadAllRecords(*deps_.meta.Snapshot(), TopicsOf(project), &DecodeTopic))) {
    topics.push_back(std::move(record.topic));
  }
  return topics;
}

// Its subscriptions stay and hand out what they have; TrimTopic deletes the messages when they are
// done.
Status Service::DeleteTopic(const CallContext&, std::string_view name) {
  TRY(CheckName(Collection::kTopics, name));
  return deps_.meta.Commit([&](meta::Txn& txn) -> Status {
    const TopicRecord record = TRY(ReadTopic(txn, name));
    txn.Delete(TopicKey(name));
    return TrimTopic(txn, record.uid);
  });
}

Result<Subscription> Service::CreateSubscription(const CallContext&, Subscription subscription) {
  TRY(CheckSubscription(subscription));
  // Held over a durable commit: creates and deletes are rare, and the live map must see them in the
  // order of the store.
  const MutexLock admin(admin_mu_);
  LivePtr live;
  const Status created = deps_.meta.Commit([&](meta::Txn& txn) -> Status {
    if (live != nullptr) RemoveLive(subscription.name);  // the change runs again
    live = nullptr;
    live = TRY(AddSubscription(txn, subscription));
    // Already here, so that a publish later in this group of changes finds somebody to wake.
    AddLive(subscription.name, live);
    return {};
  });
  if (!created.ok()) {
    if (live != nullptr) RemoveLive(subscription.name);
    return created;
  }
  return subscription;
}

Result<Service::LivePtr> Service::AddSubscription(meta::Txn& txn,
                                                  const Subscription& subscription) {
  if (TRY(txn.Get(SubscriptionKey(subscription.name)))) return ResourceExists(subscription.name);
  const TopicRecord topic = TRY(ReadTopic(txn, subscription.topic));
  TRY(CheckRoom(txn, SubscriptionsOf(ProjectOf(subscription.name)), options_.subscriptions_max,
                "subscriptions"));
  const SubscriptionRecord record{
      .uid = TRY(NextUid(txn)), .topic_uid = topic.uid, .subscription = subscription};
  txn.Put(SubscriptionKey(subscription.name), Encode(record));
  txn.Put(LowKey(topic.uid, record.uid), meta::OrderedInt(TRY(Head(txn, topic.uid))));
  return std::make_shared<LiveSubscription>(record, options_.window_messages_max, deps_);
}

Result<Subscription> Service::GetSubscription(const CallContext&, std::string_view name) {
  TRY(CheckName(Collection::kSubscriptions, name));
  const std::unique_ptr<meta::Reader> snapshot = deps_.meta.Snapshot();
  const std::optional<std::string> bytes = TRY(snapshot->Get(SubscriptionKey(name)));
  if (!bytes) return ResourceNotFound(name);
  return Render(*snapshot, TRY(DecodeSubscription(name, *bytes)));
}

Result<std::vector<Subscription>> Service::ListSubscriptions(const CallContext&,
                                                             std::string_view project) {
  TRY(CheckProject(project));
  const std::unique_ptr<meta::Reader> snapshot = deps_.meta.Snapshot();
  std::vector<Subscription> subscriptions;
  for (SubscriptionRecord& record :
       TRY(ReadAllRecords(*snapshot, SubscriptionsOf(project), &DecodeSubscription))) {
    subscriptions.push_back(TRY(Render(*snapshot, std::move(record))));
  }
  return subscriptions;
}

Status Service::DeleteSubscription(const CallContext&, std::string_view name) {
  TRY(CheckName(Collection::kSubscriptions, name));
  // Held over a durable commit, for the reason given in CreateSubscription.
  const MutexLock admin(admin_mu_);
  TRY(deps_.meta.Commit([&](meta::Txn& txn) -> Status {
    const std::optional<std::string> bytes = TRY(txn.Get(SubscriptionKey(name)));
    if (!bytes) return ResourceNotFound(name);
    const SubscriptionRecord record = TRY(DecodeSubscription(name, *bytes));
    txn.Delete(SubscriptionKey(name));
    return EraseAcked(txn, {.topic = record.topic_uid, .subscription = record.uid});
  }));
  if (const LivePtr live = RemoveLive(name)) live->Close();
  return {};
}

Result<std::vector<std::string>> Service::Publish(const CallContext&, std::string_view topic,
                                                  std::vector<Message> messages) {
  TRY(CheckName(Collection::kTopics, topic));
  TRY(CheckMessages(messages));
  std::vector<std::string> ids;
  TRY(deps_.meta.Commit([&](meta::Txn& txn) -> Status {
    for (Message& message : messages) message.publish_time = deps_.clock.Now();
    ids = TRY(StageChecked(txn, topic, messages));
    return {};
  }));
  return ids;
}

Result<std::vector<std::string>> Service::Stage(meta::Txn& txn, std::string_view topic,
                                                std::vector<Message> messages) {
  TRY(CheckName(Collection::kTopics, topic));
  TRY(CheckMessages(messages));
  for (Message& message : messages) message.publish_time = deps_.clock.Now();
  return StageChecked(txn, topic, messages);
}

Result<std::vector<std::string>> Service::StageChecked(meta::Txn& txn, std::string_view topic,
                                                       const std::vector<Message>& messages) {
  const Uid uid = TRY(ReadTopic(txn, topic)).uid;
  const std::vector<Position> positions = TRY(AppendMessages(txn, uid, messages));
  {
    const MutexLock lock(live_mu_);
    const auto [first, last] = by_topic_.equal_range(uid);
    for (auto at = first; at != last; ++at) at->second->Staged(positions.back());
  }
  deps_.counters.published.Add(positions.size());
  std::vector<std::string> ids;
  ids.reserve(positions.size());
  for (const Position position : positions) ids.push_back(std::to_string(position));
  return ids;
}

Result<std::vector<Delivery>> Service::Pull(const CallContext& ctx, std::string_view subscription,
                                            std::size_t messages_max,
                                            std::chrono::milliseconds wait) {
  if (messages_max == 0) return InvalidArgument("max_messages must be at least 1");
  return TRY(FindLive(subscription))->Pull(ctx, messages_max, wait);
}

Status Service::Acknowledge(const CallContext&, std::string_view subscription,
                            const std::vector<std::string>& ack_ids) {
  if (ack_ids.empty() || ack_ids.size() > kAckIdsMax) {
    return InvalidArgument(std::to_string(ack_ids.size()) + " ack_ids; 1 to 10000 are allowed");
  }
  return TRY(FindLive(subscription))->Acknowledge(ack_ids);
}

Status Service::ModifyAckDeadline(const CallContext&, std::string_view subscription,
                                  const std::vector<std::string>& ack_ids,
                                  std::chrono::seconds deadline) {
  if (ack_ids.empty() || ack_ids.size() > kAckIdsMax) {
    return InvalidArgument(std::to_string(ack_ids.size()) + " ack_ids; 1 to 10000 are allowed");
  }
  if (deadline.count() < 0 || deadline > kModifyDeadlineMax) {
    return InvalidArgument("ack_deadline_seconds is " + std::to_string(deadline.count()) +
                           "; it must be 0 to 600");
  }
  return TRY(FindLive(subscription))->ModifyAckDeadline(ack_ids, deadline);
}

Result<Service::LivePtr> Service::FindLive(std::string_view name) {
  TRY(CheckName(Collection::kSubscriptions, name));
  const MutexLock lock(live_mu_);
  const auto found = live_.find(name);
  if (found == live_.end()) return ResourceNotFound(name);
  return found->second;
}

void Service::AddLive(const std::string& name, const LivePtr& live) {
  const MutexLock lock(live_mu_);
  live_[name] = live;
  by_topic_.emplace(live->topic_uid(), live);
}

Service::LivePtr Service::RemoveLive(std::string_view name) {
  const MutexLock lock(live_mu_);
  const auto found = live_.find(name);
  if (found == live_.end()) return nullptr;
  LivePtr live = std::move(found->second);
  live_.erase(found);
  const auto [first, last] = by_topic_.equal_range(live->topic_uid());
  const auto entry =
      std::find_if(first, last, [&live](const auto& pair) { return pair.second == live; });
  if (entry != last) by_topic_.erase(entry);
  return live;
}

void Service::Sweep() {
  std::vector<std::pair<std::string, LivePtr>> all;
  {
    const MutexLock lock(live_mu_);
    all.assign(live_.begin(), live_.end());
  }
  for (const auto& [name, live] : all) {
    const Status swept = live->Sweep();
    if (swept.ok() || swept.code() == Code::kNotFound) continue;  // not found: deleted meanwhile
    deps_.log.Warn("pubsub_sweep_failed", {{"subscription", name}, {"error", swept.ToString()}});
  }
}

void Service::RunSweeper(const std::stop_token& stop) {
  const std::stop_callback wake(stop, [this] {
    const MutexLock lock(sweep_mu_);
    sweep_wake_.NotifyAll();
  });
  while (!stop.stop_requested()) {
    {
      const MutexLock lock(sweep_mu_);
      if (!stop.stop_requested()) sweep_wake_.WaitFor(sweep_mu_, kSweepEvery);
    }
    if (!stop.stop_requested()) Sweep();
  }
}

Result<std::unique_ptr<PubSub>> Open(Options options, meta::Store& meta, Clock& clock,
                                     Random& random, Log& log, Metrics& metrics) {
  const Deps deps{
      .meta = meta,
      .clock = clock,
      .random = random,
      .log = log,
      .counters = {.published = metrics.AddCounter("landfall_pubsub_published_messages_total",
                                                   "Messages accepted by topics."),
                   .delivered = metrics.AddCounter("landfall_pubsub_delivered_messages_total",
                                                   "Messages handed to subscribers."),
                   .acked = metrics.AddCounter("landfall_pubsub_acked_messages_total",
                                               "Messages acknowledged in time."),
                   .outlived = metrics.AddCounter("landfall_pubsub_outlived_messages_total",
                                                  "Messages dropped by retention.")}};
  auto service = std::make_unique<Service>(options, deps);
  TRY(service->Start());
  return std::unique_ptr<PubSub>(std::move(service));
}

}  // namespace landfall::pubsub
