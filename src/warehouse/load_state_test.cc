#include "warehouse/load_state.h"

#include <gtest/gtest.h>

#include <string>

namespace landfall::warehouse {
namespace {

class LoadStateTest : public ::testing::Test {
 protected:
  LoadStateTest() : db_(Database::Open({}, nullptr).value()), connection_(db_->Connect().value()) {
    CHECK_OK(CreateLoadTables(*connection_));
  }
  static LoadRecord Record(const std::string& object, std::int64_t generation = 1) {
    LoadRecord record;
    record.key = {.bucket = "b", .object = object, .generation = generation};
    record.project = "p";
    record.dataset = "d";
    record.table = "t";
    record.jobs = {{.project = "p", .job_id = "j1", .location = "EU"}};
    return record;
  }
  std::unique_ptr<Database> db_;
  std::unique_ptr<Connection> connection_;
  const TimePoint now_ = FromMicros(1'700'000'000'123'456);
};

TEST_F(LoadStateTest, MarkSeenAddsOnlyWhatIsNew) {
  EXPECT_EQ(MarkSeen(*connection_, {Record("a"), Record("b"), Record("a")}, now_).value(),
            (std::vector<bool>{true, true, false}));
  EXPECT_EQ(MarkSeen(*connection_, {Record("b"), Record("b", 2)}, now_).value(),
            (std::vector<bool>{false, true}));
  const LoadRecord found = FindLoad(*connection_, {"b", "b", 2}).value().value();
  EXPECT_EQ(found.status, "SEEN");
  EXPECT_EQ(found.seen_at, now_);
  EXPECT_EQ(found.committed_at, std::nullopt);
  ASSERT_EQ(found.jobs.size(), 1u);
  EXPECT_EQ(found.jobs[0].location, "EU");
  EXPECT_FALSE(FindLoad(*connection_, {"b", "a", 2}).value().has_value());
}

TEST_F(LoadStateTest, AnOldEpochCannotWrite) {
  ASSERT_TRUE(MarkSeen(*connection_, {Record("a")}, now_).ok());
  EXPECT_EQ(ClaimLoad(*connection_, {"b", "a", 1}, "w1", now_).value(), 1);
  LoadRecord mine = FindLoad(*connection_, {"b", "a", 1}).value().value();
  EXPECT_EQ(mine.worker, "w1");
  EXPECT_EQ(ClaimLoad(*connection_, {"b", "a", 1}, "w2", now_).value(), 2);
  mine.state = "failed";
  const Status stale = UpdateLoad(*connection_, mine, now_);
  EXPECT_EQ(stale.code(), Code::kAborted);
  EXPECT_EQ(stale.reason(), "staleEpoch");
  EXPECT_EQ(FindLoad(*connection_, mine.key).value()->state, "seen");
  mine.epoch = 2;
  mine.committed_at = now_;
  EXPECT_TRUE(UpdateLoad(*connection_, mine, now_).ok());
  EXPECT_EQ(ClaimLoad(*connection_, mine.key, "w3", now_).status().reason(), "committed");
  EXPECT_EQ(ClaimLoad(*connection_, {"b", "zz", 1}, "w3", now_).status().code(), Code::kNotFound);
}

TEST_F(LoadStateTest, ListsByFilterNewestFirst) {
  ASSERT_TRUE(MarkSeen(*connection_, {Record("x/1"), Record("y/1")}, now_).ok());
  ASSERT_TRUE(MarkSeen(*connection_, {Record("x/2")}, now_ + Duration(1)).ok());
  LoadFilter filter;
  filter.object_prefix = "x/";
  const auto found = ListLoads(*connection_, filter).value();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].key.object, "x/2");
  filter.state = "dead";
  EXPECT_TRUE(ListLoads(*connection_, filter).value().empty());
  filter = {};
  filter.limit = 1;
  EXPECT_EQ(ListLoads(*connection_, filter).value().size(), 1u);
}

TEST_F(LoadStateTest, LoadIdsArePositiveAndStable) {
  EXPECT_EQ(LoadIdOf(LoadKey{"b", "a", 1}), LoadIdOf(LoadKey{"b", "a", 1}));
  EXPECT_NE(LoadIdOf(LoadKey{"b", "a", 1}), LoadIdOf(LoadKey{"b", "a", 2}));
  for (int i = 0; i < 100; ++i) EXPECT_GT(LoadIdOf(LoadKey{"b", "a", i}), 0);
}

}  // namespace
}  // namespace landfall::warehouse
