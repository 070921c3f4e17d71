// What the log adds to the engine contract (engine_test.cc runs that over it, too): crashes, full
// disks, rotation.
#include "meta/engine_logged.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <random>
#include <thread>

#include "meta/testing_engines.h"

namespace landfall::meta {
namespace {

using ::testing::HasSubstr;
using Pairs = std::map<std::string, std::string>;

// A logged engine over one in memory. The disk under both can be copied at any time, as a crash
// would leave it.
class TestLogged {
 public:
  explicit TestLogged(std::size_t table_bytes_max = 1u << 20) : table_bytes_max_(table_bytes_max) {
    std::filesystem::create_directories(dir);
    Open();
  }
  void Open() { engine = TryOpen(dir, disk).value(); }
  Result<std::unique_ptr<Engine>> TryOpen(const std::string& at,
                                          std::shared_ptr<MemoryEngine::Disk> behind) const {
    return OpenLogged({.dir = at, .table_bytes_max = table_bytes_max_},
                      std::make_unique<MemoryEngine>(std::move(behind)));
  }
  // What a start after a crash right now would find.
  Result<Pairs> AfterCrash(const std::function<void(const std::string& dir)>& damage = {}) const {
    auto behind = std::make_shared<MemoryEngine::Disk>();
    const std::string copy = FreshDir("crashed");
    {
      // The engine behind first: what it gets later is in the log still when that is copied.
      const MutexLock lock(disk->mu);
      const MutexLock copy_lock(behind->mu);
      behind->pairs = disk->pairs;
      std::filesystem::copy(dir, copy, std::filesystem::copy_options::recursive);
    }
    if (damage) damage(copy);
    const std::unique_ptr<Engine> crashed = TRY(TryOpen(copy, behind));
    return All(*crashed);
  }
  static Pairs All(Engine& from) {
    Pairs pairs;
    CHECK_OK(from.Snapshot().value()->Scan({}, [&](std::string_view key, std::string_view value) {
      return pairs.emplace(key, value).second;
    }));
    return pairs;
  }
  void FailBehind(Status status) {
    const MutexLock lock(disk->mu);
    disk->next_apply = std::move(status);
  }
  int applies_behind() {
    const MutexLock lock(disk->mu);
    return disk->applies;
  }

  std::string dir = FreshDir("logged");
  std::shared_ptr<MemoryEngine::Disk> disk = std::make_shared<MemoryEngine::Disk>();
  std::unique_ptr<Engine> engine;

 private:
  std::size_t table_bytes_max_;
};

TEST(LoggedEngine, GroupIsThereAfterACrash) {
  TestLogged t;
  ASSERT_TRUE(t.engine->Apply({{"a", "1"}, {"b", "1"}}).ok());
  ASSERT_TRUE(t.engine->Apply({{"a", "2"}, {"b", std::nullopt}}).ok());
  EXPECT_EQ(t.AfterCrash().value(), (Pairs{{"a", "2"}}));
  EXPECT_EQ(t.applies_behind(), 0) << "one sequential write was all";
}

TEST(LoggedEngine, EmptyGroupHidesNoLaterOne) {
  TestLogged t;
  ASSERT_TRUE(t.engine->Apply({}).ok());
  ASSERT_TRUE(t.engine->Apply({{"a", "1"}}).ok());
  EXPECT_EQ(t.AfterCrash().value(), (Pairs{{"a", "1"}}));
}

TEST(LoggedEngine, CleanEndLeavesNothingToRecover) {
  TestLogged t;
  ASSERT_TRUE(t.engine->Apply({{"a", "1"}}).ok());
  t.engine.reset();
  EXPECT_EQ(t.applies_behind(), 1);
  t.Open();
  EXPECT_EQ(t.applies_behind(), 1);
  EXPECT_EQ(TestLogged::All(*t.engine), (Pairs{{"a", "1"}}));
}

// Random groups through many rotations; a crash after any of them shows exactly the groups so far.
TEST(LoggedEngine, CrashAfterAnyGroupShowsAllGroupsSoFar) {
  std::mt19937 random(3);
  TestLogged t(1000);
  Pairs model;
  for (int round = 0; round < 60; ++round) {
    WriteMap writes;
    for (int i = 0; i < 3; ++i) {
      const std::string key = "k" + std::to_string(random() % 12);
      if (random() % 3 == 0) {
        writes[key] = std::nullopt;
        model.erase(key);
      } else {
        writes[key] = model[key] = std::string(random() % 90, 'v') + std::to_string(round);
      }
    }
    ASSERT_TRUE(t.engine->Apply(writes).ok());
    ASSERT_EQ(TestLogged::All(*t.engine), model) << round;
    ASSERT_EQ(t.AfterCrash().value(), model) << round;
  }
  EXPECT_GT(t.applies_behind(), 5) << "the test must rotate";
}

TEST(LoggedEngine, TornLastGroupIsNotThereAtAll) {
  TestLogged t;
  ASSERT_TRUE(t.engine->Apply({{"a", "1"}}).ok());
  ASSERT_TRUE(t.engine->Apply({{"a", "2"}, {"b", "2"}}).ok());
  const auto cut = [](const std::string& dir) {
    std::filesystem::resize_file(dir + "/commit.0.log", 34 + 24 + 12);
  };
  EXPECT_EQ(t.AfterCrash(cut).value(), (Pairs{{"a", "1"}}));
}

TEST(LoggedEngine, MissingGroupBetweenTheSegmentsIsDataLoss) {
  TestLogged t(1);  // every group finds the table full: one group to a segment
  ASSERT_TRUE(t.engine->Apply({{"a", "1"}}).ok());
  ASSERT_TRUE(t.engine->Apply({{"a", "2"}}).ok());
  const std::string kept = FreshDir("kept");
  std::filesystem::copy(t.dir, kept, std::filesystem::copy_options::recursive);
  ASSERT_TRUE(t.engine->Apply({{"a", "3"}}).ok());
  ASSERT_TRUE(t.engine->Apply({{"a", "4"}}).ok());
  // Groups 1 and 4: as if the segment with 2 and 3 had been restored from an old copy.
  const auto restore = [&](const std::string& dir) {
    std::filesystem::copy_file(kept + "/commit.0.log", dir + "/commit.0.log",
                               std::filesystem::copy_options::overwrite_existing);
  };
  const Status status = t.AfterCrash(restore).status();
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("no group 2"));
}

TEST(LoggedEngine, SnapshotStandsStillThroughRotations) {
  TestLogged t(300);
  ASSERT_TRUE(t.engine->Apply({{"a", "first"}, {"gone", "x"}}).ok());
  const std::unique_ptr<Reader> snapshot = t.engine->Snapshot().value();
  for (int i = 0; i < 20; ++i) {
    const WriteMap writes = {
        {"a", std::to_string(i)}, {"gone", std::nullopt}, {"n" + std::to_string(i), "x"}};
    ASSERT_TRUE(t.engine->Apply(writes).ok());
  }
  std::vector<std::string> keys;
  ASSERT_TRUE(snapshot
                  ->Scan({},
                         [&](std::string_view key, std::string_view) {
                           keys.emplace_back(key);
                           return true;
                         })
                  .ok());
  EXPECT_THAT(keys, ::testing::ElementsAre("a", "gone"));
  EXPECT_EQ(snapshot->Get("a").value(), "first");
}

TEST(LoggedEngine, FullDiskBehindStopsWritingNotReadingAndEndsByItself) {
  TestLogged t(1);
  t.FailBehind(ResourceExhausted("no space", "diskFull"));
  int accepted = 0;
  Status status;
  for (; accepted < 10 && status.ok(); ++accepted)
    status = t.engine->Apply({{"a", std::to_string(accepted)}});
  EXPECT_EQ(status.reason(), "diskFull");
  EXPECT_EQ(t.engine->Snapshot().value()->Get("a").value(), std::to_string(accepted - 2));
  EXPECT_EQ(t.AfterCrash().value(), (Pairs{{"a", std::to_string(accepted - 2)}}));
  t.FailBehind(Ok());
  ASSERT_TRUE(t.engine->Apply({{"a", "again"}}).ok());
  EXPECT_EQ(t.AfterCrash().value(), (Pairs{{"a", "again"}}));
}

TEST(LoggedEngine, FailedCleanEndKeepsTheLog) {
  TestLogged t;
  ASSERT_TRUE(t.engine->Apply({{"a", "1"}}).ok());
  t.FailBehind(ResourceExhausted("no space", "diskFull"));
  t.engine.reset();
  t.FailBehind(Ok());
  t.Open();
  EXPECT_EQ(TestLogged::All(*t.engine), (Pairs{{"a", "1"}}));
}

// Readers and the writer at once; every snapshot must hold two equal values. Meant for
// ThreadSanitizer.
TEST(LoggedEngine, ReadersNeverSeeHalfAGroup) {
  TestLogged t(2000);
  std::jthread reader([&](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const std::unique_ptr<Reader> snapshot = t.engine->Snapshot().value();
      const auto x = snapshot->Get("x").value();
      const Pairs all = TestLogged::All(*t.engine);
      ASSERT_EQ(x, snapshot->Get("y").value());
      ASSERT_TRUE(all.empty() || all.at("x") == all.at("y"));
    }
  });
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(t.engine->Apply({{"x", std::to_string(i)}, {"y", std::to_string(i)}}).ok());
  }
}

}  // namespace
}  // namespace landfall::meta
