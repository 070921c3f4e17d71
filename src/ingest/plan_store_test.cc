#include "ingest/plan_store.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace landfall::ingest {
namespace {

class IngestPlanStore : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_ = ::testing::TempDir() + "ingest_plans_" +
           ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(dir_);
    meta_ = meta::Open({.dir = dir_}, log_, metrics_).value();
    store_ = std::make_unique<PlanStore>(*meta_);
  }
  void TearDown() override {
    meta_.reset();
    std::filesystem::remove_all(dir_);
  }
  static Plan Make(std::size_t files, std::int64_t generation = 5) {
    Plan plan;
    plan.key = {"b", "d/t/_SUCCESS", generation};
    plan.project = "p";
    plan.rule = "default";
    plan.destination = {"p", "d", "t"};
    plan.partition = "2020";
    plan.keys = {{"writeDisposition", "WRITE_APPEND", "default"}};
    plan.load = {{"writeDisposition", "WRITE_APPEND"}};
    plan.manifest_hash = "m";
    plan.labels = {{"component", "x"}};
    plan.notes = {"a note"};
    plan.jobs.resize(2);
    plan.jobs[0].ref = {"p", "job-0", "EU"};
    plan.jobs[1].ref = {"p", "job-1", "EU"};
    for (std::size_t i = 0; i < files; ++i) {
      plan.jobs[i < files / 2 ? 0 : 1].sources.push_back(
          {"b", "d/t/part-" + std::to_string(i), 7, i, 0xFFFFFFFF});
    }
    plan.file_count = files;
    return plan;
  }

  std::string dir_;
  CapturedLog log_;
  Metrics metrics_;
  std::unique_ptr<meta::Store> meta_;
  std::unique_ptr<PlanStore> store_;
};

TEST_F(IngestPlanStore, GivesBackWhatWasSaved) {
  const Plan plan = Make(1001);
  ASSERT_TRUE(store_->Save(plan).ok());
  const Plan again = store_->Find(plan.key).value().value();
  EXPECT_EQ(again.destination, plan.destination);
  EXPECT_EQ(again.jobs[0].ref.location, "EU");
  EXPECT_EQ(again.jobs[0].sources.size(), 500u);
  EXPECT_EQ(again.jobs[1].sources.size(), 501u);
  EXPECT_EQ(ManifestHash(AllSources(again)), ManifestHash(AllSources(plan)));
  EXPECT_EQ(again.load, plan.load);
  EXPECT_EQ(again.notes, plan.notes);
  EXPECT_EQ(again.labels, plan.labels);
}

TEST_F(IngestPlanStore, ManyFilesTakeSeveralChanges) {
  const Plan plan = Make(25'000);
  ASSERT_TRUE(store_->Save(plan).ok());
  EXPECT_EQ(AllSources(store_->Find(plan.key).value().value()).size(), 25'000u);
  ASSERT_TRUE(store_->Save(Make(2)).ok()) << "a smaller plan replaces all of the larger one";
  EXPECT_EQ(AllSources(store_->Find(plan.key).value().value()).size(), 2u);
}

TEST_F(IngestPlanStore, ForgottenFilesLeaveTheSummary) {
  const Plan plan = Make(10);
  const Plan other = Make(10, 6);
  ASSERT_TRUE(store_->Save(plan).ok());
  ASSERT_TRUE(store_->Save(other).ok());
  ASSERT_TRUE(
      store_->ForgetFilesUnless([&](const warehouse::LoadKey& key) { return key == other.key; })
          .ok());
  EXPECT_FALSE(store_->Find(plan.key).value().has_value());
  EXPECT_TRUE(store_->Find(other.key).value().has_value());
  EXPECT_EQ(store_->FindSummary(plan.key).value()->file_count, 10u);
}

TEST_F(IngestPlanStore, UnknownMarkersHaveNoPlan) {
  EXPECT_FALSE(store_->Find({"b", "x", 1}).value().has_value());
  EXPECT_FALSE(store_->FindSummary({"b", "x", 1}).value().has_value());
}

}  // namespace
}  // namespace landfall::ingest
