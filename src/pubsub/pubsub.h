// pubsub - topics, subscriptions and delivery: Pub/Sub's model, without a wire API yet.
//
// A subscription is a pure state machine (core.h: Pull, Ack, ModifyAckDeadline, Tick(now),
// NextWake) inside a shell that owns the lock and the waiters. Messages are durable in meta when
// Publish returns and live there until every subscription is done with them; the core keeps only a
// bounded window in memory.
//
// Delivery is at least once: a message not acknowledged by its deadline comes again. A subscription
// receives what was published after it was created. What is acknowledged is durable; leases and
// delivery attempts live in memory: after a restart every unacknowledged message is available, with
// attempt 1, and older ack ids are unknown. Threads: thread-safe; calls block.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/context.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/status.h"
#include "meta/meta.h"

namespace landfall::pubsub {

struct Message {
  std::string data{};
  std::map<std::string, std::string> attributes{};
  std::string ordering_key{};
  std::string message_id{};  // set by Publish: decimal, increasing per topic, stable over
                             // redelivery and restart
  TimePoint publish_time{};  // set by Publish
};

struct Topic {
  std::string name{};  // "projects/P/topics/T"
  std::map<std::string, std::string> labels{};
};

struct Subscription {
  std::string name{};                     // "projects/P/subscriptions/S"
  std::string topic{};                    // "_deleted-topic_" once the topic is gone
  std::chrono::seconds ack_deadline{10};  // 10..600; 0 means 10
  std::chrono::seconds message_retention{7 * 86'400};
  std::map<std::string, std::string> labels{};
};

struct Delivery {
  std::string ack_id{};  // per delivery, unguessable
  Message message{};
  int delivery_attempt = 1;
};

class PubSub {
 public:
  virtual ~PubSub() = default;

  // kAlreadyExists/"duplicate", kNotFound, kInvalidArgument for names (3-255 characters, see spec
  // section 2).
  virtual Result<Topic> CreateTopic(const CallContext& ctx, Topic topic) = 0;
  virtual Result<Topic> GetTopic(const CallContext& ctx, std::string_view name) = 0;
  virtual Result<std::vector<Topic>> ListTopics(const CallContext& ctx,
                                                std::string_view project) = 0;
  virtual Status DeleteTopic(const CallContext& ctx, std::string_view name) = 0;
  virtual Result<Subscription> CreateSubscription(const CallContext& ctx,
                                                  Subscription subscription) = 0;
  virtual Result<Subscription> GetSubscription(const CallContext& ctx, std::string_view name) = 0;
  virtual Result<std::vector<Subscription>> ListSubscriptions(const CallContext& ctx,
                                                              std::string_view project) = 0;
  virtual Status DeleteSubscription(const CallContext& ctx, std::string_view name) = 0;

  // 1-1000 messages, each up to 10 MB with data or an attribute. Durable on return; the ids, in
  // order.
  virtual Result<std::vector<std::string>> Publish(const CallContext& ctx, std::string_view topic,
                                                   std::vector<Message> messages) = 0;
  // The same inside somebody else's change, so that a pump's messages and its cursor commit
  // together. A missing topic is kNotFound; whatever it returns but OK, nothing was staged.
  // Subscribers are woken once the change is durable. Quick and free of blocking, as meta asks of a
  // change.
  virtual Result<std::vector<std::string>> Stage(meta::Txn& txn, std::string_view topic,
                                                 std::vector<Message> messages) = 0;

  // At most `messages_max`, 1000 and 8 MiB (a larger message comes alone); waits up to `wait` for
  // the first one, then returns what there is (maybe nothing). Ends early, empty, with ctx's
  // deadline or stop.
  virtual Result<std::vector<Delivery>> Pull(const CallContext& ctx, std::string_view subscription,
                                             std::size_t messages_max,
                                             std::chrono::milliseconds wait) = 0;
  // Durable on return. Late, repeated or unknown ids are accepted without effect (no exactly-once
  // delivery yet).
  virtual Status Acknowledge(const CallContext& ctx, std::string_view subscription,
                             const std::vector<std::string>& ack_ids) = 0;
  // 0 gives the message back at once (nack); up to 600 s.
  virtual Status ModifyAckDeadline(const CallContext& ctx, std::string_view subscription,
                                   const std::vector<std::string>& ack_ids,
                                   std::chrono::seconds deadline) = 0;
};

struct Options {
  std::size_t window_messages_max = 10'000;  // per subscription, in memory: leased plus read ahead
  std::size_t topics_max = 10'000;           // per project, as the real service
  std::size_t subscriptions_max = 10'000;
};
Result<std::unique_ptr<PubSub>> Open(Options options, meta::Store& meta, Clock& clock,
                                     Random& random, Log& log, Metrics& metrics);

}  // namespace landfall::pubsub
