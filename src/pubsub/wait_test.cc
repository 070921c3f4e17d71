// Waiting in Pull: what wakes it, and what it does not sleep through. No test here sleeps; each
// would only end by its long wait if the wake-up were lost.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <set>
#include <stop_token>
#include <thread>

#include "pubsub/testing_service.h"

namespace landfall::pubsub {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr milliseconds kLong = std::chrono::minutes(2);

// Pulls one message in a thread of its own with a long wait.
class Puller {
 public:
  explicit Puller(TestService& t)
      : thread_([this, &t](const std::stop_token& stop) {
          CallContext ctx;
          ctx.stop = stop;
          started_ = true;
          result_ = t->Pull(ctx, kSub, 1, kLong);
        }) {
    while (!started_) std::this_thread::yield();
  }
  void Stop() { thread_.request_stop(); }
  Result<std::vector<Delivery>> Join() {
    thread_.join();
    return result_;
  }

 private:
  std::atomic<bool> started_ = false;
  Result<std::vector<Delivery>> result_ = std::vector<Delivery>();
  std::jthread thread_;
};

TEST(PubsubWait, EndsWithAPublish) {
  TestService t;
  t.WithTopicAndSub();
  Puller puller(t);
  t.Publish({"x"});
  EXPECT_THAT(puller.Join().value(), SizeIs(1));
}

TEST(PubsubWait, EndsWithAStagedMessageOfAnotherChange) {
  TestService t;
  t.WithTopicAndSub();
  Puller puller(t);
  CHECK_OK(t.meta().Commit([&](meta::Txn& txn) {
    txn.Put("somebody's cursor", "1");
    return t->Stage(txn, kTopic, {{.data = "x"}}).status();
  }));
  EXPECT_THAT(puller.Join().value(), SizeIs(1));
}

TEST(PubsubWait, IsNotFooledByAChangeThatIsRolledBack) {
  TestService t;
  t.WithTopicAndSub();
  Puller puller(t);
  const Status rolled_back = t.meta().Commit([&](meta::Txn& txn) -> Status {
    TRY(t->Stage(txn, kTopic, {{.data = "never"}}));
    return Aborted("the other half of the change failed");
  });
  EXPECT_EQ(rolled_back.code(), Code::kAborted);
  t.Publish({"real"});
  const std::vector<Delivery> got = puller.Join().value();
  ASSERT_THAT(got, SizeIs(1));
  EXPECT_EQ(got[0].message.data, "real");
  EXPECT_EQ(got[0].message.message_id, "1");
}

TEST(PubsubWait, EndsWithANackOfAnotherClient) {
  TestService t;
  t.WithTopicAndSub();
  t.Publish({"x"});
  const std::string id = t.Pull().at(0).ack_id;
  Puller puller(t);
  CHECK_OK(t->ModifyAckDeadline({}, kSub, {id}, seconds(0)));
  EXPECT_EQ(puller.Join()->at(0).delivery_attempt, 2);
}

TEST(PubsubWait, EndsWithALeaseThatExpires) {
  TestService t;
  t.WithTopicAndSub();
  t.Publish({"x"});
  t.Pull();
  Puller puller(t);
  t.clock.Advance(seconds(10));
  EXPECT_EQ(puller.Join()->at(0).delivery_attempt, 2);
}

TEST(PubsubWait, EndsWhenAnAckMakesRoomInTheWindow) {
  TestService t({.window_messages_max = 2});
  t.WithTopicAndSub();
  t.Publish({"a", "b", "c"});
  const std::vector<Delivery> got = t.Pull();
  ASSERT_THAT(got, SizeIs(2));
  Puller puller(t);
  CHECK_OK(t.Ack(got));
  EXPECT_EQ(puller.Join()->at(0).message.data, "c");
}

TEST(PubsubWait, EndsEmptyWhenTheCallerStops) {
  TestService t;
  t.WithTopicAndSub();
  Puller puller(t);
  puller.Stop();
  EXPECT_THAT(puller.Join().value(), IsEmpty());
}

TEST(PubsubWait, EndsWithNotFoundWhenTheSubscriptionIsDeleted) {
  TestService t;
  t.WithTopicAndSub();
  Puller puller(t);
  CHECK_OK(t->DeleteSubscription({}, kSub));
  EXPECT_EQ(puller.Join().status().code(), Code::kNotFound);
}

TEST(PubsubWait, EndsByItselfAlsoUnderAClockThatStandsStill) {
  TestService t;
  t.WithTopicAndSub();
  EXPECT_THAT(t->Pull({}, kSub, 1, milliseconds(5)).value(), IsEmpty());
  CallContext late;
  late.deadline = t.clock.Monotonic();
  EXPECT_THAT(t->Pull(late, kSub, 1, kLong).value(), IsEmpty());
}

// Publishers, and pullers that ack, nack and forget at once: every message is acked in the end and
// none is stored.
TEST(PubsubConcurrency, LosesNoMessageBetweenManyThreads) {
  constexpr int kPublishers = 3, kEach = 200, kPullers = 4;
  TestService t({.window_messages_max = 50});
  t.WithTopicAndSub();
  std::atomic<int> acked = 0;
  {
    std::vector<std::jthread> threads;
    for (int p = 0; p < kPublishers; ++p) {
      threads.emplace_back([&t, p] {
        for (int i = 0; i < kEach; ++i) t.Publish({std::to_string(p) + "-" + std::to_string(i)});
      });
    }
    for (int p = 0; p < kPullers; ++p) {
      threads.emplace_back([&] {
        while (acked < kPublishers * kEach) {
          for (const Delivery& d : t->Pull({}, kSub, 7, milliseconds(20)).value()) {
            const bool nack = d.delivery_attempt == 1 && d.message.message_id.ends_with('3');
            if (nack) {
              CHECK_OK(t->ModifyAckDeadline({}, kSub, {d.ack_id}, seconds(0)));
            } else {
              CHECK_OK(t->Acknowledge({}, kSub, {d.ack_id}));
              ++acked;
            }
          }
        }
      });
    }
  }
  EXPECT_EQ(acked, kPublishers * kEach)
      << "under a clock that stands still no lease expires, so none comes twice";
  EXPECT_EQ(t.StoredMessages(), 0u);
}

TEST(PubsubConcurrency, CreatesDeletesAndPublishesAtOnce) {
  TestService t;
  CHECK_OK(t->CreateTopic({}, {.name = kTopic}));
  std::vector<std::jthread> threads;
  for (int p = 0; p < 3; ++p) {
    threads.emplace_back([&t, p] {
      const std::string name = "projects/p/subscriptions/sub" + std::to_string(p % 2);
      for (int i = 0; i < 30; ++i) {
        const Status created = t->CreateSubscription({}, {.name = name, .topic = kTopic}).status();
        EXPECT_TRUE(created.ok() || created.code() == Code::kAlreadyExists);
        t.Publish({"x"});
        const auto pulled = t->Pull({}, name, 10, milliseconds(1));
        EXPECT_TRUE(pulled.ok() || pulled.status().code() == Code::kNotFound);
        const Status deleted = t->DeleteSubscription({}, name);
        EXPECT_TRUE(deleted.ok() || deleted.code() == Code::kNotFound);
      }
    });
  }
  threads.clear();
  EXPECT_THAT(t->ListSubscriptions({}, "p").value(), IsEmpty());
  EXPECT_EQ(t.StoredMessages(), 0u);
}

}  // namespace
}  // namespace landfall::pubsub
