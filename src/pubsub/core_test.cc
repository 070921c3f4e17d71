#include "pubsub/core.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>

namespace landfall::pubsub {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr seconds kAckDeadline{10};
constexpr seconds kRetention{1000};

Instant At(std::int64_t second) {
  return {.monotonic = MonotonicTime(seconds(second)), .wall = TimePoint(seconds(second))};
}

std::vector<Position> Positions(const std::vector<Lease>& leases) {
  std::vector<Position> positions;
  for (const Lease& lease : leases) positions.push_back(lease.ref.position);
  return positions;
}

struct TestCore {
  explicit TestCore(std::size_t window_max = 100)
      : core({.window_max = window_max, .ack_deadline = kAckDeadline, .retention = kRetention},
             random) {}
  // Positions 1..count, published at 0 s.
  TestCore& Offer(Position count) {
    for (Position position = 1; position <= count; ++position) core.Offer(position, At(0).wall);
    return *this;
  }
  Lease PullOne(std::int64_t second) {
    const std::vector<Lease> leases = core.Pull(1, At(second));
    EXPECT_EQ(leases.size(), 1u);
    return leases.empty() ? Lease{} : leases.front();
  }

  SeededRandom random{1};
  SubscriptionCore core;
};

TEST(PubsubCorePull, HandsOutOldestFirstAndEachOnce) {
  TestCore t;
  t.Offer(3);
  EXPECT_THAT(Positions(t.core.Pull(2, At(0))), ElementsAre(1, 2));
  EXPECT_THAT(Positions(t.core.Pull(2, At(0))), ElementsAre(3));
  EXPECT_THAT(t.core.Pull(2, At(0)), IsEmpty());
}

TEST(PubsubCorePull, RedeliversOldestFirstAfterExpiry) {
  TestCore t;
  t.Offer(3);
  t.core.Pull(2, At(0));
  EXPECT_THAT(Positions(t.core.Pull(3, At(10))), ElementsAre(1, 2, 3));
}

TEST(PubsubCoreAttempts, AreOnePlusNacksPlusExpiries) {
  TestCore t;
  t.Offer(1);
  const Lease first = t.PullOne(0);
  EXPECT_EQ(first.delivery_attempt, 1);
  EXPECT_TRUE(t.core.ModifyAckDeadline(first.ref, seconds(0), At(1)));
  EXPECT_EQ(t.PullOne(1).delivery_attempt, 2);
  EXPECT_EQ(t.PullOne(11).delivery_attempt, 3);
}

TEST(PubsubCoreAttempts, AReturnedLeaseDoesNotCount) {
  TestCore t;
  t.Offer(1);
  t.core.Return(t.PullOne(0).ref);
  EXPECT_EQ(t.PullOne(0).delivery_attempt, 1);
}

TEST(PubsubCoreLease, EndsExactlyAtItsDeadline) {
  TestCore t;
  t.Offer(1);
  t.PullOne(5);
  EXPECT_EQ(t.core.NextWake(), At(15).monotonic);
  t.core.Tick({.monotonic = At(15).monotonic - Duration(1), .wall = At(15).wall});
  EXPECT_EQ(t.core.available(), 0u);
  t.core.Tick(At(15));
  EXPECT_EQ(t.core.available(), 1u);
  EXPECT_EQ(t.core.NextWake(), std::nullopt);
}

TEST(PubsubCoreLease, IsExtendedFromNow) {
  TestCore t;
  t.Offer(1);
  const Lease lease = t.PullOne(0);
  EXPECT_TRUE(t.core.ModifyAckDeadline(lease.ref, seconds(60), At(9)));
  EXPECT_EQ(t.core.NextWake(), At(69).monotonic);
  EXPECT_TRUE(t.core.Ack(lease.ref, At(68)));
}

TEST(PubsubCoreLease, IgnoresStepsOfTheWallClock) {
  TestCore t;
  t.Offer(1);
  t.PullOne(0);
  t.core.Tick({.monotonic = At(9).monotonic, .wall = At(500).wall});
  EXPECT_EQ(t.core.available(), 0u);
}

TEST(PubsubCoreAck, HasNoEffectWhenLateRepeatedReplacedOrUnknown) {
  TestCore t;
  t.Offer(2);
  const Lease late = t.PullOne(0);
  EXPECT_FALSE(t.core.Ack(late.ref, At(10)));
  const Lease again = t.PullOne(10);
  EXPECT_FALSE(t.core.Ack(late.ref, At(11))) << "a newer delivery has replaced it";
  EXPECT_FALSE(t.core.Ack({.position = 1, .token = again.ref.token + 1}, At(11)));
  EXPECT_FALSE(t.core.Ack({.position = 99, .token = again.ref.token}, At(11)));
  EXPECT_TRUE(t.core.Ack(again.ref, At(11)));
  EXPECT_FALSE(t.core.Ack(again.ref, At(11))) << "repeated";
  EXPECT_FALSE(t.core.ModifyAckDeadline(again.ref, seconds(0), At(11)));
}

TEST(PubsubCoreAck, ASettlingMessageIsNeitherDeliveredNorForgotten) {
  TestCore t(2);
  t.Offer(1);
  EXPECT_TRUE(t.core.Ack(t.PullOne(0).ref, At(0)));
  EXPECT_THAT(t.core.Pull(1, At(100)), IsEmpty());
  EXPECT_EQ(t.core.Room(), 1u);
  t.core.Settle(1, true);
  EXPECT_EQ(t.core.Room(), 2u);
}

TEST(PubsubCoreAck, ThatCouldNotBeMadeDurableIsRedelivered) {
  TestCore t;
  t.Offer(1);
  EXPECT_TRUE(t.core.Ack(t.PullOne(0).ref, At(0)));
  t.core.Settle(1, false);
  EXPECT_EQ(t.PullOne(0).delivery_attempt, 2);
}

TEST(PubsubCoreRetention, DropsWhatIsAvailableButNoRunningLease) {
  TestCore t;
  t.Offer(2);
  t.PullOne(995);
  EXPECT_THAT(t.core.Tick(At(999)), IsEmpty());
  EXPECT_THAT(t.core.Tick(At(1000)), ElementsAre(2));
  EXPECT_THAT(t.core.Tick(At(1005)), ElementsAre(1));
  EXPECT_EQ(t.core.available(), 0u);
}

TEST(PubsubCoreWindow, RefusesMoreThanItsBound) {
  TestCore t(2);
  t.Offer(2);
  EXPECT_EQ(t.core.Room(), 0u);
  EXPECT_DEATH(t.core.Offer(3, At(0).wall), "Room");
}

// The same rules written as simply as possible: every question is a scan over all messages.
class Model {
 public:
  struct Known {
    enum { kAvailable, kLeased, kSettling, kGone } state = kAvailable;
    int attempts = 0;
    std::uint64_t token = 0;
    std::int64_t deadline = 0, published = 0;
  };
  std::map<Position, Known> messages;

  void Expire(std::int64_t now) {
    for (auto& [position, m] : messages) {
      if (m.state == Known::kLeased && m.deadline <= now) m.state = Known::kAvailable;
    }
  }
  bool Runs(const LeaseRef& ref, std::int64_t now) const {
    const auto found = messages.find(ref.position);
    return found != messages.end() && found->second.state == Known::kLeased &&
           found->second.token == ref.token && found->second.deadline > now;
  }
  std::vector<Position> In(int state) const {
    std::vector<Position> found;
    for (const auto& [position, m] : messages) {
      if (m.state == state) found.push_back(position);
    }
    return found;
  }
};

class CoreAgainstModel {
 public:
  explicit CoreAgainstModel(std::uint32_t seed)
      : dice_(seed), core_({kWindow, kAckDeadline, kRetention}, random_) {}

  void Step() {
    now_ += static_cast<std::int64_t>(Roll(4));
    switch (Roll(8)) {
      case 0:
      case 1:
        return Offer();
      case 2:
      case 3:
        return Pull();
      case 4:
        return Ack();
      case 5:
        return Modify();
      case 6:
        return Settle();
      case 7:
        return Tick();
    }
  }

  void Compare() {
    model_.Expire(now_);
    const std::size_t known = model_.messages.size() - model_.In(Model::Known::kGone).size();
    core_.Tick({.monotonic = At(now_).monotonic, .wall = TimePoint()});  // leases only
    ASSERT_EQ(core_.Room(), kWindow - known);
    ASSERT_EQ(core_.available(), model_.In(Model::Known::kAvailable).size());
    ASSERT_EQ(core_.leased(), model_.In(Model::Known::kLeased).size());
    std::optional<MonotonicTime> wake;
    for (const Position position : model_.In(Model::Known::kLeased)) {
      const MonotonicTime deadline = At(model_.messages[position].deadline).monotonic;
      wake = wake ? std::min(*wake, deadline) : deadline;
    }
    ASSERT_EQ(core_.NextWake(), wake);
  }

 private:
  static constexpr std::size_t kWindow = 20;

  std::size_t Roll(std::size_t sides) { return dice_() % sides; }
  LeaseRef AnyLease() {
    if (given_.empty()) return {.position = 1, .token = 1};
    return given_[given_.size() - 1 - Roll(std::min<std::size_t>(given_.size(), 30))];
  }
  void Offer() {
    if (core_.Room() == 0) return;
    next_ += 1 + Roll(2);
    model_.messages[next_].published = now_;
    core_.Offer(next_, At(now_).wall);
  }
  void Pull() {
    model_.Expire(now_);
    const std::size_t max = Roll(6);
    std::vector<Position> expected = model_.In(Model::Known::kAvailable);
    if (expected.size() > max) expected.resize(max);
    const std::vector<Lease> leases = core_.Pull(max, At(now_));
    ASSERT_EQ(Positions(leases), expected);
    for (const Lease& lease : leases) {
      Model::Known& m = model_.messages[lease.ref.position];
      ASSERT_EQ(lease.delivery_attempt, ++m.attempts);
      m.state = Model::Known::kLeased;
      m.token = lease.ref.token;
      m.deadline = now_ + kAckDeadline.count();
      given_.push_back(lease.ref);
    }
  }
  void Ack() {
    const LeaseRef ref = AnyLease();
    const bool runs = model_.Runs(ref, now_);
    ASSERT_EQ(core_.Ack(ref, At(now_)), runs);
    if (runs) model_.messages[ref.position].state = Model::Known::kSettling;
  }
  void Modify() {
    const LeaseRef ref = AnyLease();
    const auto deadline = static_cast<std::int64_t>(Roll(3) * 15);
    const bool runs = model_.Runs(ref, now_);
    ASSERT_EQ(core_.ModifyAckDeadline(ref, seconds(deadline), At(now_)), runs);
    if (!runs) return;
    Model::Known& m = model_.messages[ref.position];
    m.deadline = now_ + deadline;
    if (deadline == 0) m.state = Model::Known::kAvailable;
  }
  void Settle() {
    for (const Position position : model_.In(Model::Known::kSettling)) {
      const bool durable = Roll(4) != 0;
      core_.Settle(position, durable);
      model_.messages[position].state = durable ? Model::Known::kGone : Model::Known::kAvailable;
    }
  }
  void Tick() {
    model_.Expire(now_);
    std::vector<Position> expected;
    for (const Position position : model_.In(Model::Known::kAvailable)) {
      Model::Known& m = model_.messages[position];
      if (m.published + kRetention.count() > now_) break;
      m.state = Model::Known::kSettling;
      expected.push_back(position);
    }
    ASSERT_EQ(core_.Tick(At(now_)), expected);
  }

  std::mt19937 dice_;
  SeededRandom random_{7};
  SubscriptionCore core_;
  Model model_;
  std::vector<LeaseRef> given_;
  std::int64_t now_ = 0;
  Position next_ = 0;
};

TEST(PubsubCoreModel, AgreesOverRandomOperations) {
  std::random_device device;
  for (int round = 0; round < 40; ++round) {
    const std::uint32_t seed = round == 0 ? 1 : device();
    SCOPED_TRACE("seed " + std::to_string(seed));
    CoreAgainstModel pair(seed);
    for (int step = 0; step < 1500; ++step) {
      pair.Step();
      pair.Compare();
      if (::testing::Test::HasFatalFailure()) FAIL() << "at step " << step;
    }
  }
}

}  // namespace
}  // namespace landfall::pubsub
