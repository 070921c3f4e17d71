#include "notify/pump.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace landfall::notify {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kStopSlice{100};  // how late the thread may notice that it has to stop
constexpr milliseconds kQuiet{1000};     // then a lagging cursor is stored
constexpr std::size_t kMessagesPerStage = 1000;
constexpr meta::Seq kNever = meta::Seq{1} << 62;

bool Wants(const storage::NotificationConfig& config, const storage::ObjectChange& change) {
  if (!change.object.name.starts_with(config.object_name_prefix)) return false;
  return config.event_types.empty() ||
         std::find(config.event_types.begin(), config.event_types.end(),
                   EventTypeOf(change.kind)) != config.event_types.end();
}

std::size_t BytesOf(const pubsub::Message& message) {
  std::size_t bytes = message.data.size();
  for (const auto& [key, value] : message.attributes) bytes += key.size() + value.size();
  return bytes;
}

}  // namespace

Pump::Pump(meta::Store& meta, storage::Storage& storage, pubsub::PubSub& pubsub,
           std::vector<Watch> watches, Log& log, Metrics& metrics)
    : meta_(meta),
      storage_(storage),
      pubsub_(pubsub),
      watches_(std::move(watches)),
      log_(log),
      messages_counter_(
          metrics.AddCounter("landfall_notify_messages_total", "Storage notifications published.")),
      skipped_counter_(metrics.AddCounter("landfall_notify_skipped_messages_total",
                                          "Storage notifications that their topic did not take.")) {
}

Status Pump::MakeTopics() {
  for (const Watch& watch : watches_) {
    const Status made = pubsub_.CreateTopic({}, {.name = watch.topic}).status();
    if (!made.ok() && made.code() != Code::kAlreadyExists) return made.Annotate("topic of a watch");
  }
  return {};
}

Status Pump::Load() {
  if (stored_) return {};
  stored_ = TRY(meta::Cursor(*meta_.Snapshot(), storage::kObjectFeed, kConsumer));
  read_ = *stored_;
  return {};
}

Result<std::size_t> Pump::Step(const std::stop_token& stop) {
  TRY(Load());
  CallContext ctx;
  ctx.stop = stop;
  const std::vector<storage::ObjectChange> changes = TRY(storage_.Changes(read_, kChangesPerStep));
  Configs configs;
  Batch batch{.topics = {}, .messages = 0, .bytes = 0, .through = read_};
  std::size_t handled = 0;
  for (const storage::ObjectChange& change : changes) {
    TRY(AddMessages(ctx, change, configs, batch));
    batch.through = change.seq;
    ++handled;
    if (batch.bytes >= kBatchBytesMax) break;
  }
  if (batch.messages > 0) {
    TRY(Commit(std::move(batch)));
  } else {
    read_ = batch.through;
    if (read_ - *stored_ >= kUnstoredMax) TRY(StoreCursor());
  }
  return handled;
}

Status Pump::AddMessages(const CallContext& ctx, const storage::ObjectChange& change,
                         Configs& configs, Batch& batch) {
  for (const Watch& watch : watches_) {
    if (watch.wanted(change)) Add(batch, change, {.topic = watch.topic});
  }
  auto found = configs.find(change.object.bucket);
  if (found == configs.end()) {
    Result<std::vector<storage::NotificationConfig>> listed =
        storage_.ListNotifications(ctx, change.object.bucket);
    // The bucket may be deleted by now, and its configurations with it.
    if (!listed.ok() && listed.status().code() != Code::kNotFound) return listed.status();
    found = configs.emplace(change.object.bucket, std::move(listed).value_or({})).first;
  }
  for (const storage::NotificationConfig& config : found->second) {
    if (Wants(config, change)) Add(batch, change, config);
  }
  return {};
}

void Pump::Add(Batch& batch, const storage::ObjectChange& change,
               const storage::NotificationConfig& config) const {
  pubsub::Message message = MakeMessage(change, config);
  batch.bytes += BytesOf(message);
  batch.messages += 1;
  batch.topics[config.topic].push_back(std::move(message));
}

Status Pump::Commit(Batch batch) {
  Refused refused;
  bool watched_topic_gone = false;
  const Status committed = meta_.Commit([&](meta::Txn& txn) -> Status {
    refused.clear();
    for (const auto& [topic, messages] : batch.topics) {
      for (std::size_t at = 0; at < messages.size(); at += kMessagesPerStage) {
        const std::size_t count = std::min(kMessagesPerStage, messages.size() - at);
        TRY(StageSome(txn, topic, Messages(messages).subspan(at, count), refused));
      }
    }
    watched_topic_gone = std::any_of(refused.begin(), refused.end(), [this](const auto& topic) {
      return topic.second.reason.code() == Code::kNotFound && IsWatched(topic.first);
    });
    if (watched_topic_gone) return Aborted("the topic of a watch is missing");
    return Advance(txn, batch.through);
  });
  if (!committed.ok()) {
    stored_.reset();  // whether it took place is not known
    if (watched_topic_gone) TRY(MakeTopics());
    return committed;
  }
  stored_ = read_ = batch.through;
  std::size_t skipped = 0;
  for (const auto& [topic, refusal] : refused) {
    skipped += refusal.messages;
    log_.Warn(
        "notification_skipped",
        {{"topic", topic}, {"messages", refusal.messages}, {"error", refusal.reason.ToString()}});
  }
  skipped_counter_.Add(skipped);
  messages_counter_.Add(batch.messages - skipped);
  return {};
}

// A topic that is gone and a message that its rules forbid are refused, as one more try could not
// change that; a bad message does not take its good neighbours with it.
Status Pump::StageSome(meta::Txn& txn, const std::string& topic, Messages messages,
                       Refused& refused) const {
  const Status staged = pubsub_.Stage(txn, topic, {messages.begin(), messages.end()}).status();
  if (staged.ok()) return {};
  if (staged.code() == Code::kInvalidArgument && messages.size() > 1) {
    for (std::size_t at = 0; at < messages.size(); ++at) {
      TRY(StageSome(txn, topic, messages.subspan(at, 1), refused));
    }
    return {};
  }
  if (staged.code() != Code::kInvalidArgument && staged.code() != Code::kNotFound) return staged;
  Refusal& refusal = refused[topic];
  refusal.reason = staged;
  refusal.messages += messages.size();
  return {};
}

// The cursor never goes back, and never passes what another notifier on this store has handled
// meanwhile.
Status Pump::Advance(meta::Txn& txn, meta::Seq through) const {
  const meta::Seq now = TRY(meta::Cursor(txn, storage::kObjectFeed, kConsumer));
  if (now != *stored_) {
    return Aborted("the notifier's cursor is " + std::to_string(now) + ", not " +
                   std::to_string(*stored_));
  }
  meta::SetCursor(txn, storage::kObjectFeed, kConsumer, through);
  // The notifier is the feed's only reader, so what it has handled is of no use to anybody. With a
  // second reader this becomes the lowest of their cursors.
  txn.TrimFeed(storage::kObjectFeed, through);
  return {};
}

Status Pump::StoreCursor() {
  if (!stored_ || *stored_ == read_) return {};
  const Status stored = meta_.Commit([this](meta::Txn& txn) { return Advance(txn, read_); });
  if (stored.ok()) {
    stored_ = read_;
  } else {
    stored_.reset();
  }
  return stored;
}

bool Pump::IsWatched(std::string_view topic) const {
  return std::any_of(watches_.begin(), watches_.end(),
                     [topic](const Watch& watch) { return watch.topic == topic; });
}

void Pump::Run(const std::stop_token& stop) {
  milliseconds quiet{0};
  while (!stop.stop_requested()) {
    Status failure;
    if (quiet >= kQuiet) {
      failure = StoreCursor();
      quiet = milliseconds(0);
    }
    const Result<std::size_t> handled = Step(stop);
    if (!handled.ok()) failure = handled.status();
    if (!failure.ok()) {
      log_.Warn("notifier_retries", {{"error", failure.ToString()}});
      // The feed has entries after `read_`, so waiting for those would be no pause; waiting for one
      // that never comes is, and it ends early when the store closes.
      meta_.WaitFeed(storage::kObjectFeed, kNever, kStopSlice);
      continue;
    }
    if (*handled > 0) {
      quiet = milliseconds(0);
    } else if (!meta_.WaitFeed(storage::kObjectFeed, read_, kStopSlice)) {
      quiet += kStopSlice;
    }
  }
  const Status stored = StoreCursor();
  if (!stored.ok()) log_.Info("notifier_cursor_lags", {{"error", stored.ToString()}});
}

Result<std::unique_ptr<Notifier>> Start(meta::Store& meta, storage::Storage& storage,
                                        pubsub::PubSub& pubsub, std::vector<Watch> watches,
                                        Log& log, Metrics& metrics) {
  Pump pump(meta, storage, pubsub, std::move(watches), log, metrics);
  TRY(pump.MakeTopics());
  return std::unique_ptr<Notifier>(std::make_unique<PumpThread>(std::move(pump)));
}

}  // namespace landfall::notify
