#include "pubsub/backlog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <memory>
#include <random>
#include <set>

#include "base/log.h"
#include "base/metrics.h"

namespace landfall::pubsub {
namespace {

using ::testing::IsEmpty;

constexpr SubscriptionUids kUids{.topic = 1, .subscription = 2};

// A topic (uid 1) with one subscription (uid 2) in a store of its own.
class PubsubBacklog : public ::testing::Test {
 protected:
  PubsubBacklog() {
    dir_ = ::testing::TempDir() + "pubsub_backlog_" +
           ::testing::UnitTest::GetInstance()->current_test_info()->name() +
           std::to_string(getpid());
    std::filesystem::remove_all(dir_);
    meta_ = meta::Open({.dir = dir_}, log_, metrics_).value();
    Change([](meta::Txn& txn) {
      txn.Put(LowKey(1, 2), meta::OrderedInt(0));
      return Ok();
    });
  }
  ~PubsubBacklog() override {
    meta_.reset();
    std::filesystem::remove_all(dir_);
  }

  void Change(const meta::Change& change) { CHECK_OK(meta_->Commit(change)); }
  void Publish(const std::vector<Message>& messages) {
    Change([&](meta::Txn& txn) { return AppendMessages(txn, 1, messages).status(); });
  }
  void Ack(const std::vector<Position>& positions) {
    Change([&](meta::Txn& txn) { return RecordAcked(txn, kUids, positions); });
  }
  AckState State() { return LoadAcked(*meta_->Snapshot(), kUids).value(); }
  std::size_t Stored() { return meta_->ReadFeed(FeedName(1), 0, 1000).value().size(); }
  std::size_t Keys(const std::string& prefix) {
    std::size_t count = 0;
    CHECK_OK(
        meta_->Snapshot()->Scan(meta::PrefixRange(prefix), [&](std::string_view, std::string_view) {
          ++count;
          return true;
        }));
    return count;
  }

  CapturedLog log_;
  Metrics metrics_;
  std::string dir_;
  std::unique_ptr<meta::Store> meta_;
};

TEST_F(PubsubBacklog, KeepsOutOfOrderAcksAsRangesAndCleansThemUp) {
  Publish(std::vector<Message>(10, {.data = "x"}));
  Ack({3, 4, 8});
  EXPECT_EQ(State().low, 0u);
  ASSERT_EQ(State().acked.size(), 2u);
  EXPECT_EQ(State().acked[0].last, 4u);
  Ack({5, 6, 7});
  ASSERT_EQ(State().acked.size(), 1u);
  EXPECT_EQ(State().acked[0].first, 3u);
  EXPECT_EQ(State().acked[0].last, 8u);
  Ack({1});
  EXPECT_EQ(State().low, 1u);
  Ack({2});
  EXPECT_EQ(State().low, 8u);
  EXPECT_THAT(State().acked, IsEmpty());
  EXPECT_EQ(Keys(AckedPrefix(2)), 0u);
  EXPECT_EQ(Stored(), 2u);
}

TEST_F(PubsubBacklog, AckedSetAgreesWithASetOverRandomBatches) {
  const std::uint32_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 dice(seed);
  constexpr Position kMessages = 60;
  Publish(std::vector<Message>(kMessages, {.data = "x"}));
  std::set<Position> acked;
  for (int round = 0; round < 60; ++round) {
    std::set<Position> batch;
    for (std::size_t left = 1 + dice() % 5; left > 0; --left) batch.insert(1 + dice() % kMessages);
    Ack({batch.begin(), batch.end()});
    acked.insert(batch.begin(), batch.end());
    const AckState state = State();
    std::set<Position> stored;
    for (Position position = 1; position <= state.low; ++position) stored.insert(position);
    Position before = state.low;
    for (const Range& range : state.acked) {
      ASSERT_GT(range.first, before + 1) << "ranges must not touch";
      for (Position position = range.first; position <= range.last; ++position)
        stored.insert(position);
      before = range.last;
    }
    ASSERT_EQ(stored, acked);
    ASSERT_EQ(Stored(), kMessages - state.low);
  }
}

TEST_F(PubsubBacklog, TrimsOnlyWhatEverySubscriptionHasAcked) {
  Change([](meta::Txn& txn) {
    txn.Put(LowKey(1, 3), meta::OrderedInt(0));
    return Ok();
  });
  Publish(std::vector<Message>(4, {.data = "x"}));
  Ack({1, 2, 3});
  EXPECT_EQ(Stored(), 4u);
  Change([](meta::Txn& txn) { return RecordAcked(txn, {.topic = 1, .subscription = 3}, {1, 2}); });
  EXPECT_EQ(Stored(), 2u);
  Change([](meta::Txn& txn) { return EraseAcked(txn, {.topic = 1, .subscription = 3}); });
  EXPECT_EQ(Stored(), 1u);
}

TEST_F(PubsubBacklog, KeepsALargeMessageInPiecesAndDropsThemWithIt) {
  Message large{.data = std::string(3'000'000, 'd'), .attributes = {{"k", "v"}}};
  large.data[2'999'999] = '!';
  Publish({{.data = "small"}, large, {.data = "after"}});
  EXPECT_GT(Keys(BlobPrefix(1)), 1u);
  const Message read = ReadMessage(*meta_, 1, 2).value();
  EXPECT_EQ(read.data, large.data);
  EXPECT_EQ(read.attributes, large.attributes);
  EXPECT_EQ(read.message_id, "2");
  Ack({1, 2});
  EXPECT_EQ(Keys(BlobPrefix(1)), 0u);
  EXPECT_EQ(ReadMessage(*meta_, 1, 2).status().code(), Code::kNotFound);
  EXPECT_EQ(ReadMessage(*meta_, 1, 3)->data, "after");
}

TEST_F(PubsubBacklog, NumbersButDoesNotStoreWithoutSubscriptions) {
  Change([](meta::Txn& txn) { return EraseAcked(txn, kUids); });
  Publish({{.data = "one"}, {.data = std::string(2'000'000, 'x')}});
  EXPECT_EQ(Stored(), 0u);
  EXPECT_EQ(Keys(BlobPrefix(1)), 0u);
  EXPECT_EQ(Head(*meta_->Snapshot(), 1).value(), 2u);
}

TEST(PubsubRecords, RoundTripMessages) {
  const Message message{.data = std::string("\0\xFF data", 7),
                        .attributes = {{"a", ""}, {"b", "2"}},
                        .ordering_key = "key",
                        .publish_time = FromMicros(1'700'000'000'123'456)};
  const Entry entry = DecodeEntry(42, EncodeMessage(message)).value();
  EXPECT_EQ(entry.message.data, message.data);
  EXPECT_EQ(entry.message.attributes, message.attributes);
  EXPECT_EQ(entry.message.ordering_key, "key");
  EXPECT_EQ(entry.message.message_id, "42");
  EXPECT_EQ(entry.message.publish_time, message.publish_time);
}

TEST(PubsubRecords, RefuseBytesThatAreCutOrForeign) {
  const std::string bytes = EncodeMessage({.data = "", .attributes = {{"key", "value"}}});
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(DecodeEntry(1, bytes.substr(0, size)).status().code(), Code::kDataLoss) << size;
  }
  EXPECT_EQ(DecodeEntry(1, std::string(40, '\x09')).status().code(), Code::kDataLoss);
  EXPECT_EQ(DecodeTopic("t", "{").status().code(), Code::kDataLoss);
  EXPECT_EQ(DecodeSubscription("s", "{}").status().code(), Code::kDataLoss);
}

}  // namespace
}  // namespace landfall::pubsub
