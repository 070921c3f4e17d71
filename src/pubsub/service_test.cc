#include "pubsub/service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <set>

#include "pubsub/testing_service.h"

namespace landfall::pubsub {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(PubsubNames, AreCheckedByOneRulePerCase) {
  const struct {
    std::string name;
    std::optional<std::string> error;
  } cases[] = {
      {"projects/p/topics/abc", std::nullopt},
      {"projects/p/topics/a-_.~+%9", std::nullopt},
      {"projects/p/topics/" + std::string(255, 'a'), std::nullopt},
      {"projects/p/topics/" + std::string(256, 'a'), "256 characters"},
      {"projects/p/topics/ab", "2 characters"},
      {"projects/p/topics/1bc", "start with a letter"},
      {"projects/p/topics/google", "goog"},
      {"projects/p/topics/a b c", "only letters"},
      {"projects/p/topics/a\xC3\xA4"
       "b",
       "only letters"},
      {"projects//topics/abc", "project id"},
      {"projects/p/subscriptions/abc", "expected projects/{project}/topics/{id}"},
      {"projects/p/topics/abc/d", "expected"},
      {"abc", "expected"},
      {"", "expected"},
  };
  TestService t;
  for (const auto& c : cases) {
    const Status status = t->CreateTopic({}, {.name = c.name}).status();
    EXPECT_EQ(status.code(), c.error ? Code::kInvalidArgument : Code::kOk) << c.name;
    EXPECT_THAT(status.message(), HasSubstr(c.error.value_or(""))) << c.name;
  }
}

TEST(PubsubSubscription, FieldsAreCheckedByOneRulePerCase) {
  const Subscription valid{.name = kSub, .topic = kTopic};
  const struct {
    std::function<void(Subscription&)> change;
    std::string error;
  } cases[] = {
      {[](Subscription& s) { s.ack_deadline = seconds(9); }, "10 to 600"},
      {[](Subscription& s) { s.ack_deadline = seconds(601); }, "10 to 600"},
      {[](Subscription& s) { s.message_retention = seconds(599); }, "10 minutes"},
      {[](Subscription& s) { s.message_retention = std::chrono::hours(31 * 24) + seconds(1); },
       "31 days"},
      {[](Subscription& s) { s.labels = {{"Upper", "x"}}; }, "lower-case"},
      {[](Subscription& s) { s.labels = {{"k", std::string(64, 'x')}}; }, "64 bytes"},
      {[](Subscription& s) { s.topic = "top"; }, "expected"},
  };
  TestService t;
  CHECK_OK(t->CreateTopic({}, {.name = kTopic}));
  for (const auto& c : cases) {
    Subscription subscription = valid;
    c.change(subscription);
    const Status status = t->CreateSubscription({}, subscription).status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument);
    EXPECT_THAT(status.message(), HasSubstr(c.error));
  }
  Subscription zero = valid;
  zero.ack_deadline = seconds(0);
  EXPECT_EQ(t->CreateSubscription({}, zero)->ack_deadline, seconds(10));
}

TEST(PubsubPublish, MessagesAreCheckedByOneRulePerCase) {
  std::map<std::string, std::string> many;
  for (int i = 0; i <= 100; ++i) many["k" + std::to_string(i)] = "v";
  const struct {
    std::vector<Message> messages;
    std::string error;
  } cases[] = {
      {{}, "at least one message"},
      {std::vector<Message>(1001, {.data = "x"}), "1001 messages"},
      {{Message{}}, "data or at least one attribute"},
      {{{.data = std::string(10'000'001, 'x')}}, "10000001 bytes"},
      {{{.attributes = many}}, "101 attributes"},
      {{{.attributes = {{"", "v"}}}}, "must not be empty"},
      {{{.attributes = {{std::string(257, 'k'), "v"}}}}, "257 bytes"},
      {{{.attributes = {{"k", std::string(1025, 'v')}}}}, "1025 bytes"},
      {{{.attributes = {{"k", "\xFF"}}}}, "UTF-8"},
      {{{.data = "x", .ordering_key = "a"}, {.data = "x", .ordering_key = "b"}},
       "same ordering key"},
      {std::vector<Message>(4, {.data = std::string(9'000'000, 'x')}), "36000000 bytes"},
  };
  TestService t;
  t.WithTopicAndSub();
  for (const auto& c : cases) {
    const Status status = t->Publish({}, kTopic, c.messages).status();
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << c.error;
    EXPECT_THAT(status.message(), HasSubstr(c.error));
  }
  EXPECT_EQ(t.StoredMessages(), 0u);
}

TEST(PubsubCatalogue, FindsListsAndDeletesAcrossRestart) {
  TestService t;
  t.WithTopicAndSub();
  CHECK_OK(t->CreateTopic({}, {.name = "projects/p/topics/zzz", .labels = {{"env", "dev"}}}));
  CHECK_OK(t->CreateTopic({}, {.name = "projects/pp/topics/other"}));
  EXPECT_EQ(t->CreateTopic({}, {.name = kTopic}).status().code(), Code::kAlreadyExists);
  EXPECT_EQ(t->CreateSubscription({}, {.name = kSub, .topic = kTopic}).status().reason(),
            "duplicate");
  t.Reopen();
  const std::vector<Topic> topics = t->ListTopics({}, "p").value();
  ASSERT_THAT(topics, SizeIs(2));
  EXPECT_EQ(topics[1].labels.at("env"), "dev");
  EXPECT_EQ(t->ListSubscriptions({}, "p")->at(0).topic, kTopic);
  EXPECT_THAT(t->ListSubscriptions({}, "pp").value(), IsEmpty());
  CHECK_OK(t->DeleteSubscription({}, kSub));
  EXPECT_EQ(t->GetSubscription({}, kSub).status().code(), Code::kNotFound);
  EXPECT_EQ(t->DeleteSubscription({}, kSub).code(), Code::kNotFound);
  CHECK_OK(t->DeleteTopic({}, kTopic));
  EXPECT_EQ(t->GetTopic({}, kTopic).status().message(), "Resource not found (resource=top).");
  EXPECT_EQ(t->DeleteTopic({}, kTopic).code(), Code::kNotFound);
}

TEST(PubsubCatalogue, RefusesWhatIsMissing) {
  TestService t;
  EXPECT_EQ(t->CreateSubscription({}, {.name = kSub, .topic = kTopic}).status().code(),
            Code::kNotFound);
  EXPECT_EQ(t->Publish({}, kTopic, {{.data = "x"}}).status().code(), Code::kNotFound);
  EXPECT_EQ(t->Pull({}, kSub, 1, {}).status().code(), Code::kNotFound);
  EXPECT_EQ(t->Acknowledge({}, kSub, {"id"}).code(), Code::kNotFound);
  EXPECT_EQ(t->ModifyAckDeadline({}, kSub, {"id"}, seconds(1)).code(), Code::kNotFound);
}

TEST(PubsubCatalogue, HasALimitPerProject) {
  TestService t({.topics_max = 2, .subscriptions_max = 1});
  t.WithTopicAndSub();
  CHECK_OK(t->CreateTopic({}, {.name = "projects/p/topics/two"}));
  EXPECT_EQ(t->CreateTopic({}, {.name = "projects/p/topics/three"}).status().code(),
            Code::kResourceExhausted);
  CHECK_OK(t->CreateTopic({}, {.name = "projects/q/topics/three"}));
  EXPECT_EQ(t->CreateSubscription({}, {.name = "projects/p/subscriptions/two", .topic = kTopic})
                .status()
                .code(),
            Code::kResourceExhausted);
}

TEST(PubsubDelivery, CarriesTheMessageAndIdsThatRise) {
  TestService t;
  t.WithTopicAndSub();
  EXPECT_THAT(t.Publish({"a", "b"}), ElementsAre("1", "2"));
  CHECK_OK(
      t->Publish({}, kTopic, {{.data = "c", .attributes = {{"k", "v"}}, .ordering_key = "o"}}));
  const std::vector<Delivery> got = t.Pull();
  ASSERT_THAT(got, SizeIs(3));
  EXPECT_EQ(got[2].message.message_id, "3");
  EXPECT_EQ(got[2].message.attributes.at("k"), "v");
  EXPECT_EQ(got[2].message.ordering_key, "o");
  EXPECT_EQ(got[2].message.publish_time, t.clock.Now());
  EXPECT_EQ(got[2].delivery_attempt, 1);
  EXPECT_THAT(t.Pull(), IsEmpty()) << "all are leased";
}

TEST(PubsubDelivery, StartsAtTheEndOfTheTopic) {
  TestService t;
  t.WithTopicAndSub();
  t.Publish({"before"});
  CHECK_OK(t->CreateSubscription({}, {.name = "projects/p/subscriptions/late", .topic = kTopic}));
  t.Publish({"after"});
  EXPECT_THAT(t.PullData(10, "projects/p/subscriptions/late"), ElementsAre("after"));
  EXPECT_THAT(t.PullData(), ElementsAre("before", "after"));
}

TEST(PubsubDelivery, KeepsNumberingOverARestartWithoutStoredMessages) {
  TestService t;
  CHECK_OK(t->CreateTopic({}, {.name = kTopic}));
  EXPECT_THAT(t.Publish({"nobody", "listens"}), ElementsAre("1", "2"));
  EXPECT_EQ(t.StoredMessages(), 0u);
  t.Reopen();
  CHECK_OK(t->CreateSubscription({}, {.name = kSub, .topic = kTopic}));
  EXPECT_THAT(t.Publish({"heard"}), ElementsAre("3"));
  EXPECT_THAT(t.PullData(), ElementsAre("heard"));
}

TEST(PubsubDelivery, RedeliversAfterTheDeadlineAndAfterANack) {
  TestService t;
  t.WithTopicAndSub();
  t.Publish({"x"});
  const std::vector<Delivery> first = t.Pull();
  t.clock.Advance(seconds(10));
  const std::vector<Delivery> second = t.Pull();
  ASSERT_THAT(second, SizeIs(1));
  EXPECT_EQ(second[0].message.data, "x");
  EXPECT_EQ(second[0].delivery_attempt, 2);
  EXPECT_NE(second[0].ack_id, first[0].ack_id);
  CHECK_OK(t->ModifyAckDeadline({}, kSub, {second[0].ack_id}, seconds(0)));
  EXPECT_EQ(t.Pull().at(0).delivery_attempt, 3);
}

TEST(PubsubDelivery, ExtendsALeaseAndChecksTheDeadline) {
  TestService t;
  t.WithTopicAndSub();
  t.Publish({"x"});
  const std::string id = t.Pull().at(0).ack_id;
  CHECK_OK(t->ModifyAckDeadline({}, kSub, {id}, seconds(600)));
  t.clock.Advance(seconds(599));
  EXPECT_THAT(t.Pull(), IsEmpty());
  EXPECT_EQ(t->ModifyAckDeadline({}, kSub, {id}, seconds(601)).code(), Code::kInvalidArgument);
  EXPECT_EQ(t->ModifyAckDeadline({}, kSub, {id}, seconds(-1)).code(), Code::kInvalidArgument);
  t.clock.Advance(seconds(1));
  EXPECT_THAT(t.Pull(), SizeIs(1));
}

TEST(PubsubAck, IsDurableAndTrims) {
  TestService t;
  t.WithTopicAndSub();
  t.Publish({"a", "b", "c"});
  const std::vector<Delivery> got = t.Pull();
  CHECK_OK(t.Ack({got[0], got[2]}));
  EXPECT_EQ(t.StoredMessages(), 2u);
  t.Reopen();
  EXPECT_THAT(t.PullData(), ElementsAre("b"));
}

TEST(PubsubAck, OfLateRepeatedUnknownOrForeignIdsHasNoEffect) {
  TestService t;
  t.WithTopicAndSub();
  t.Publish({"x"});
  const std::vector<Delivery> first = t.Pull();
  t.clock.Advance(seconds(10));
  EXPECT_TRUE(t.Ack(first).ok());
  EXPECT_TRUE(
      t->Acknowledge({}, kSub, {"", "zz", std::string(48, '0'), std::string(48, 'G')}).ok());
  EXPECT_EQ(t.StoredMessages(), 1u);
  const std::vector<Delivery> second = t.Pull();
  EXPECT_TRUE(t.Ack(second).ok());
  EXPECT_TRUE(t.Ack(second).ok());
  EXPECT_EQ(t.StoredMessages(), 0u);
  EXPECT_EQ(t->Acknowledge({}, kSub, {}).code(), Code::kInvalidArgument);
}

TEST(PubsubAck, OfAnIdFromBeforeARestartIsAcceptedAndTheMessageComesAgain) {
  TestService t;
  t.WithTopicAndSub();
  t.Publish({"x"});
  const std::vector<Delivery> before = t.Pull();
  t.Reopen();
  EXPECT_TRUE(t.Ack(before).ok());
  const std::vector<Delivery> after = t.Pull();
  ASSERT_THAT(after, SizeIs(1));
  EXPECT_EQ(after[0].message.message_id, before[0].message.message_id);
  EXPECT_EQ(after[0].delivery_attempt, 1) << "attempts live in memory";
}

TEST(PubsubAck, IdsAreUniqueAndNotGuessable) {
  TestService t;
  t.WithTopicAndSub();
  std::set<std::string> seen;
  for (int round = 0; round < 5; ++round) {
    t.Publish({"x"});
    for (const Delivery& delivery : t.Pull()) {
      EXPECT_EQ(delivery.ack_id.size(), 48u);
      EXPECT_TRUE(seen.insert(delivery.ack_id).second);
    }
    t.clock.Advance(seconds(10));
  }
}

// Random acks, nacks, expiries and restarts: an acked message never comes again, any other one
// does.
TEST(PubsubAck, HoldsOverRandomRestarts) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 dice(seed);
  TestService t({.window_messages_max = 25});
  t.WithTopicAndSub();
  std::set<std::string> unacked;
  for (int step = 0; step < 150; ++step) {
    if (dice() % 3 == 0) {
      for (const std::string& id : t.Publish(std::vector<std::string>(1 + dice() % 10, "x")))
        unacked.insert(id);
    }
    std::vector<Delivery> to_ack;
    for (const Delivery& delivery : t.Pull(1 + dice() % 15)) {
      ASSERT_TRUE(unacked.contains(delivery.message.message_id)) << delivery.message.message_id;
      if (dice() % 2 == 0) to_ack.push_back(delivery);
    }
    if (!to_ack.empty()) CHECK_OK(t.Ack(to_ack));
    for (const Delivery& delivery : to_ack) unacked.erase(delivery.message.message_id);
    if (dice() % 4 == 0) t.clock.Advance(seconds(10));
    if (dice() % 15 == 0) t.Reopen();
  }
  t.Reopen();
  std::set<std::string> left;
  for (std::vector<Delivery> got = t.Pull(); !got.empty(); got = t.Pull()) {
    for (const Delivery& delivery : got) left.insert(delivery.message.message_id);
    CHECK_OK(t.Ack(got));
  }
  EXPECT_EQ(left, unacked);
  EXPECT_EQ(t.StoredMessages(), 0u);
}

TEST(PubsubTrim, WaitsForAllSubscriptionsAndDropsOnDeletion) {
  TestService t;
  t.WithTopicAndSub();
  CHECK_OK(t->CreateSubscription({}, {.name = "projects/p/subscriptions/slow", .topic = kTopic}));
  t.Publish({"a", "b"});
  CHECK_OK(t.Ack(t.Pull()));
  EXPECT_EQ(t.StoredMessages(), 2u);
  CHECK_OK(t->DeleteSubscription({}, "projects/p/subscriptions/slow"));
  EXPECT_EQ(t.StoredMessages(), 0u);
}

TEST(PubsubDeletedTopic, LeavesItsSubscriptionsWithWhatTheyHave) {
  TestService t;
  t.WithTopicAndSub();
  t.Publish({"kept"});
  CHECK_OK(t->DeleteTopic({}, kTopic));
  EXPECT_EQ(t->GetSubscription({}, kSub)->topic, "_deleted-topic_");
  CHECK_OK(t->CreateTopic({}, {.name = kTopic}));
  EXPECT_THAT(t.Publish({"for the new topic's subscribers"}), ElementsAre("1"));
  EXPECT_EQ(t->GetSubscription({}, kSub)->topic, "_deleted-topic_") << "a new topic is another one";
  const std::vector<Delivery> got = t.Pull();
  ASSERT_THAT(got, SizeIs(1));
  EXPECT_EQ(got[0].message.data, "kept");
  CHECK_OK(t.Ack(got));
  EXPECT_EQ(t.StoredMessages(), 0u);
}

TEST(PubsubWindow, BoundsWhatIsOutSoThatALargeBacklogDoesNotLiveInMemory) {
  TestService t({.window_messages_max = 10});
  t.WithTopicAndSub();
  for (int round = 0; round < 30; ++round) t.Publish({"x", "x", "x"});
  const std::vector<Delivery> first = t.Pull();
  EXPECT_THAT(first, SizeIs(10));
  EXPECT_THAT(t.Pull(), IsEmpty());
  CHECK_OK(t.Ack({first[1], first[2], first[3]}));
  const std::vector<Delivery> more = t.Pull();
  ASSERT_THAT(more, SizeIs(3));
  EXPECT_EQ(more[0].message.message_id, "11");
  t.Reopen();
  std::size_t all = 0;
  for (std::vector<Delivery> got = t.Pull(); !got.empty(); got = t.Pull()) {
    all += got.size();
    CHECK_OK(t.Ack(got));
  }
  EXPECT_EQ(all, 87u);
  EXPECT_EQ(t.StoredMessages(), 0u);
}

TEST(PubsubPull, BoundsTheBytesOfOneAnswerWithoutCountingAnAttempt) {
  TestService t;
  t.WithTopicAndSub();
  for (int i = 0; i < 3; ++i) t.Publish({std::string(5'000'000, 'x')});
  for (const char* id : {"1", "2", "3"}) {
    const std::vector<Delivery> got = t.Pull();
    ASSERT_THAT(got, SizeIs(1));
    EXPECT_EQ(got[0].message.message_id, id);
    EXPECT_EQ(got[0].message.data.size(), 5'000'000u);
    EXPECT_EQ(got[0].delivery_attempt, 1);
  }
  EXPECT_EQ(t->Pull({}, kSub, 0, {}).status().code(), Code::kInvalidArgument);
}

TEST(PubsubRetention, DropsOutlivedMessagesOnPull) {
  TestService t;
  t.WithTopicAndSub();
  t.Publish({"old"});
  t.clock.Advance(std::chrono::hours(7 * 24 - 1));
  t.Publish({"young"});
  t.clock.Advance(std::chrono::hours(1));
  EXPECT_THAT(t.PullData(), ElementsAre("young"));
  EXPECT_EQ(t.StoredMessages(), 1u);
}

TEST(PubsubRetention, IsSweptAlsoWhenNobodyPulls) {
  TestService t({.window_messages_max = 5});
  t.WithTopicAndSub();
  for (int i = 0; i < 20; ++i) t.Publish({"old"});
  t->Sweep();
  EXPECT_EQ(t.StoredMessages(), 20u);
  t.clock.Advance(std::chrono::hours(7 * 24));
  t.Publish({"young"});
  t->Sweep();
  EXPECT_EQ(t.StoredMessages(), 1u);
  EXPECT_THAT(t.PullData(), ElementsAre("young"));
}

}  // namespace
}  // namespace landfall::pubsub
