#include "ingest/rules.h"

#include <gtest/gtest.h>

#include <filesystem>

namespace landfall::ingest {
namespace {

class IngestRules : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_ = ::testing::TempDir() + "ingest_rules_" +
           ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(dir_);
    Open();
  }
  void TearDown() override {
    store_.reset();
    meta_.reset();
    std::filesystem::remove_all(dir_);
  }
  void Open(Options options = {.default_project = "p"}) {
    store_.reset();
    meta_.reset();
    meta_ = meta::Open({.dir = dir_}, log_, metrics_).value();
    store_ = RuleStore::Open(options, *meta_, clock_).value();
  }
  static Rule Make(std::string id, std::string bucket = "*", std::string prefix = "") {
    Rule rule;
    rule.project = "p";
    rule.id = std::move(id);
    rule.bucket = std::move(bucket);
    rule.prefix = std::move(prefix);
    return rule;
  }
  std::string Governing(std::string_view bucket, std::string_view object) {
    const RulePtr rule = store_->Snapshot()->Governing("p", bucket, object);
    return rule == nullptr ? "(none)" : rule->rule.id;
  }

  std::string dir_;
  CapturedLog log_;
  Metrics metrics_;
  FakeClock clock_;
  std::unique_ptr<meta::Store> meta_;
  std::unique_ptr<RuleStore> store_;
};

TEST_F(IngestRules, DefaultWatchesEveryBucketOfEveryProject) {
  EXPECT_EQ(Governing("b", "d/t/_SUCCESS"), "default");
  const Rule other = store_->Get("another", "default").value();
  EXPECT_EQ(other.project, "another");
  EXPECT_EQ(other.bucket, "*");
}

TEST_F(IngestRules, LongestPrefixThenNamedBucket) {
  ASSERT_TRUE(store_->Create(Make("bucket", "b")).ok());
  ASSERT_TRUE(store_->Create(Make("raw", "*", "raw/")).ok());
  ASSERT_TRUE(store_->Create(Make("raw-b", "b", "raw/")).ok());
  EXPECT_EQ(Governing("b", "x/_SUCCESS"), "bucket");
  EXPECT_EQ(Governing("c", "x/_SUCCESS"), "default");
  EXPECT_EQ(Governing("b", "raw/x/_SUCCESS"), "raw-b");
  EXPECT_EQ(Governing("c", "raw/x/_SUCCESS"), "raw");
}

TEST_F(IngestRules, SurviveARestart) {
  Rule rule = Make("mine", "b", "raw/");
  rule.variables = {{"SUCCESS_FILENAME", "_DONE"}};
  ASSERT_TRUE(store_->Create(rule).ok());
  ASSERT_TRUE(store_->Delete("p", "default").ok());
  const TimePoint created = store_->Get("p", "mine")->created;
  clock_.Advance(std::chrono::seconds(5));
  Open();
  const Rule again = store_->Get("p", "mine").value();
  EXPECT_EQ(again.prefix, "raw/");
  EXPECT_EQ(again.variables, rule.variables);
  EXPECT_EQ(again.created, created);
  EXPECT_FALSE(store_->Get("p", "default").ok());
  EXPECT_TRUE(store_->Get("q", "default").ok()) << "deleted only where it was deleted";
  EXPECT_EQ(Governing("b", "x/_SUCCESS"), "(none)");
}

TEST_F(IngestRules, DefaultMayBeMadeAgainWithOtherVariables) {
  EXPECT_EQ(store_->Create(Make("default")).status().code(), Code::kAlreadyExists);
  ASSERT_TRUE(store_->Delete("p", "default").ok());
  Rule rule = Make("default");
  rule.variables = {{"SUCCESS_FILENAME", "_DONE"}};
  ASSERT_TRUE(store_->Create(rule).ok());
  Open();
  EXPECT_EQ(store_->Get("p", "default")->variables.at("SUCCESS_FILENAME"), "_DONE");
}

TEST_F(IngestRules, ConfiguredRulesCannotBeDeleted) {
  Options options;
  options.default_project = "p";
  options.configured_rules = {Make("from-file", "b")};
  options.default_variables = {{"SUCCESS_FILENAME", "_DONE"}};
  Open(options);
  EXPECT_EQ(Governing("b", "x/_DONE"), "from-file");
  EXPECT_EQ(store_->Delete("p", "from-file").code(), Code::kFailedPrecondition);
  EXPECT_EQ(store_->Get("p", "default")->variables.at("SUCCESS_FILENAME"), "_DONE");
}

TEST_F(IngestRules, BadRulesAreRefusedByName) {
  EXPECT_EQ(store_->Create(Make("a b")).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(store_->Create(Make("")).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(store_->Create(Make("x", "")).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(store_->Create(Make("x", "b*")).status().code(), Code::kInvalidArgument);
  Rule rule = Make("x");
  rule.variables = {{"SUCESS_FILENAME", "x"}};
  EXPECT_NE(store_->Create(rule).status().message().find("SUCCESS_FILENAME"), std::string::npos);
  EXPECT_EQ(store_->Delete("p", "nope").code(), Code::kNotFound);
  EXPECT_EQ(store_->Create(Make("y")).status().code(), Code::kOk);
  EXPECT_EQ(store_->Create(Make("y")).status().code(), Code::kAlreadyExists);
}

}  // namespace
}  // namespace landfall::ingest
