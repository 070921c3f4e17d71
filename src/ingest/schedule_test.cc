#include "ingest/schedule.h"

#include <gtest/gtest.h>

#include "ingest/loader.h"

namespace landfall::ingest {
namespace {

warehouse::LoadKey Key(std::int64_t n) { return {"b", "o", n}; }
const TimePoint kNow{std::chrono::seconds(100)};

std::shared_ptr<Prepared> Batch(std::int64_t n) {
  auto batch = std::make_shared<Prepared>();
  batch->record.key = Key(n);
  return batch;
}

TEST(IngestSchedule, PlansInOrderOfArrivalAndOnce) {
  Schedule schedule({});
  EXPECT_TRUE(schedule.Add(Key(1), {}));
  EXPECT_TRUE(schedule.Add(Key(2), {}));
  EXPECT_FALSE(schedule.Add(Key(1), {}));
  EXPECT_EQ(schedule.TakeWaiting(kNow), Key(1));
  EXPECT_FALSE(schedule.Add(Key(1), {})) << "it is known until it is done";
  EXPECT_EQ(schedule.TakeWaiting(kNow), Key(2));
  EXPECT_EQ(schedule.TakeWaiting(kNow), std::nullopt);
  schedule.Done(Key(1));
  EXPECT_TRUE(schedule.Add(Key(1), {}));
}

TEST(IngestSchedule, DelayedMarkersWaitForTheirTime) {
  Schedule schedule({});
  schedule.Add(Key(1), kNow + std::chrono::seconds(5));
  EXPECT_EQ(schedule.TakeWaiting(kNow), std::nullopt);
  EXPECT_EQ(schedule.NextDue(), kNow + std::chrono::seconds(5));
  EXPECT_EQ(schedule.TakeWaiting(kNow + std::chrono::seconds(5)), Key(1));
  EXPECT_EQ(schedule.NextDue(), std::nullopt);
}

TEST(IngestSchedule, OneBatchPerTableAtATime) {
  Schedule schedule({});
  schedule.AddPrepared(Key(1), Batch(1), "t");
  schedule.AddPrepared(Key(2), Batch(2), "t");
  schedule.AddPrepared(Key(3), Batch(3), "u");
  EXPECT_EQ(schedule.TakePrepared()->record.key, Key(1));
  EXPECT_EQ(schedule.TakePrepared()->record.key, Key(3)) << "another table does not wait";
  EXPECT_EQ(schedule.TakePrepared(), nullptr);
  schedule.Release("t");
  EXPECT_EQ(schedule.TakePrepared()->record.key, Key(2));
}

TEST(IngestSchedule, NobodyIsPlannedBeforeThoseWhoWait) {
  Schedule schedule({.waiting_max = 10, .prepared_max = 2});
  EXPECT_TRUE(schedule.CanPlanAtOnce());
  schedule.Add(Key(1), {});
  EXPECT_FALSE(schedule.CanPlanAtOnce()) << "one waits";
  schedule.TakeWaiting(kNow);
  EXPECT_FALSE(schedule.CanPlanAtOnce()) << "one is being planned";
  schedule.AddPrepared(Key(1), Batch(1), "t");
  EXPECT_TRUE(schedule.CanPlanAtOnce());
  schedule.AddPrepared(Key(2), Batch(2), "t");
  EXPECT_TRUE(schedule.Knows(Key(2)));
  EXPECT_FALSE(schedule.CanPlanAtOnce()) << "planning waits for loading";
}

TEST(IngestSchedule, FullQueuesSaySo) {
  Schedule schedule({.waiting_max = 1, .prepared_max = 1});
  EXPECT_TRUE(schedule.Add(Key(1), {}));
  EXPECT_FALSE(schedule.Add(Key(2), {}));
  EXPECT_TRUE(schedule.overflowed());
  schedule.AddPrepared(Key(9), Batch(9), "t");
  EXPECT_EQ(schedule.TakeWaiting(kNow), std::nullopt) << "planning waits for loading";
  schedule.TakePrepared();
  EXPECT_EQ(schedule.TakeWaiting(kNow), Key(1));
  schedule.Refilled(true);
  EXPECT_FALSE(schedule.overflowed());
}

}  // namespace
}  // namespace landfall::ingest
