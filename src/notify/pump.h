// The pump behind Notifier: one step at a time, so that tests may run it without its thread.
// Private to notify.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "notify/notify.h"

namespace landfall::notify {

constexpr std::string_view kConsumer = "notify";  // of storage::kObjectFeed
constexpr std::size_t kChangesPerStep = 512;
constexpr std::size_t kBatchBytesMax =
    16u << 20;  // of the messages in one commit; the last change may pass it
// Changes without a message advance the cursor in memory; it is stored with the next message, after
// this many changes, or when the feed has been quiet. A kill in between only means to look at them
// again.
constexpr meta::Seq kUnstoredMax = 4096;

std::string_view EventTypeOf(storage::ChangeKind kind);

class Pump {
 public:
  Pump(meta::Store& meta, storage::Storage& storage, pubsub::PubSub& pubsub,
       std::vector<Watch> watches, Log& log, Metrics& metrics);

  // Makes the watches' topics that are missing.
  Status MakeTopics();
  // Handles the changes there are, at most kChangesPerStep. How many it read. After an error the
  // next step starts at the stored cursor.
  Result<std::size_t> Step(const std::stop_token& stop);
  // Stores the cursor when it lags behind what was read.
  Status StoreCursor();
  // Steps until `stop`, waiting on the feed in between.
  void Run(const std::stop_token& stop);

 private:
  // Messages of one batch by topic, each list in the order of the changes.
  struct Batch {
    std::map<std::string, std::vector<pubsub::Message>> topics;
    std::size_t messages = 0;
    std::size_t bytes = 0;
    meta::Seq through = 0;
  };
  // By topic: how many of its messages it did not take, and why.
  struct Refusal {
    Status reason{};
    std::size_t messages = 0;
  };
  using Refused = std::map<std::string, Refusal>;
  using Messages = std::span<const pubsub::Message>;
  using Configs = std::map<std::string, std::vector<storage::NotificationConfig>>;

  Status Load();
  Status AddMessages(const CallContext& ctx, const storage::ObjectChange& change, Configs& configs,
                     Batch& batch);
  void Add(Batch& batch, const storage::ObjectChange& change,
           const storage::NotificationConfig& config) const;
  Status Commit(Batch batch);
  Status StageSome(meta::Txn& txn, const std::string& topic, Messages messages,
                   Refused& refused) const;
  Status Advance(meta::Txn& txn, meta::Seq through) const;
  bool IsWatched(std::string_view topic) const;

  meta::Store& meta_;
  storage::Storage& storage_;
  pubsub::PubSub& pubsub_;
  const std::vector<Watch> watches_;
  Log& log_;
  Counter& messages_counter_;
  Counter& skipped_counter_;
  std::optional<meta::Seq> stored_;  // the durable cursor; none: to be read
  meta::Seq read_ = 0;               // handled, at or after `stored_`
};

class PumpThread final : public Notifier {
 public:
  explicit PumpThread(Pump pump)
      : pump_(std::move(pump)), thread_([this](const std::stop_token& stop) { pump_.Run(stop); }) {}

 private:
  Pump pump_;
  std::jthread thread_;  // last: it uses the pump
};

}  // namespace landfall::notify
