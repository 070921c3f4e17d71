#include "ingest/loader.h"

#include <gtest/gtest.h>

#include "ingest/testing_stores.h"

namespace landfall::ingest {
namespace {

using What = Verdict::What;

class IngestLoader : public ::testing::Test {
 protected:
  void SetUp() override {
    rules_ = RuleStore::Open({.default_project = "p"}, *t_.meta, t_.clock).value();
    loader_ = std::make_unique<Loader>(LoaderOptions{.attempts_max = 3}, *rules_, *t_.meta,
                                       *t_.storage, t_.warehouse, t_.clock, t_.log, t_.metrics);
  }
  // The marker lands and its hint is seen.
  warehouse::LoadKey Mark(const std::string& name = "ds/t/_SUCCESS") {
    const storage::Object object = t_.Put(name, "");
    return See({object.bucket, object.name, object.generation});
  }
  warehouse::LoadKey See(warehouse::LoadKey key) {
    warehouse::LoadRecord record;
    record.key = key;
    record.project = "p";
    CHECK_OK(t_.warehouse.MarkSeen({record}));
    return key;
  }
  // Prepare and, when there is something to run, Run.
  Verdict Step(const warehouse::LoadKey& key) {
    Verdict verdict = loader_->Prepare({}, key);
    if (verdict.what != What::kReady) return verdict;
    return loader_->Run({}, *verdict.prepared);
  }
  warehouse::LoadRecord Row(const warehouse::LoadKey& key) {
    return t_.warehouse.FindLoad(key).value().value();
  }

  TestStores t_;
  std::unique_ptr<RuleStore> rules_;
  std::unique_ptr<Loader> loader_;
};

TEST_F(IngestLoader, LoadsWhatIsAtAndBelowTheMarker) {
  t_.Put("ds/t/a.csv", "xx");
  t_.Put("ds/t/deep/er/b.csv", "yyy");
  t_.Put("ds/t/empty.csv", "");
  t_.Put("ds/t/.hidden", "h");
  t_.Put("ds/other/c.csv", "z");
  const auto key = Mark();
  EXPECT_EQ(Step(key).what, What::kOver);
  const warehouse::LoadRecord row = Row(key);
  EXPECT_EQ(row.status, "DONE");
  EXPECT_EQ(row.file_count, 2);
  EXPECT_EQ(row.rows, 5);
  EXPECT_EQ(row.dataset, "ds");
  EXPECT_EQ(row.table, "t");
  EXPECT_EQ(row.attempt, 1);
  EXPECT_EQ(row.rule, "default");
  EXPECT_EQ(row.jobs.size(), 1u);
  EXPECT_TRUE(t_.warehouse.datasets().contains("p:ds")) << "dropping files is all it takes";
  EXPECT_EQ(t_.warehouse.states(key), (std::vector<std::string>{"planned", "loading"}));
}

TEST_F(IngestLoader, AFreshMarkerIsPlannedWithoutARow) {
  t_.Put("ds/t/a.csv", "xx");
  const storage::Object object = t_.Put("ds/t/_SUCCESS", "");
  warehouse::LoadRecord seen;
  seen.key = {object.bucket, object.name, object.generation};
  seen.project = "p";
  const std::shared_ptr<Prepared> batch = loader_->PrepareFresh({}, seen);
  ASSERT_NE(batch, nullptr);
  EXPECT_FALSE(t_.warehouse.FindLoad(seen.key).value()) << "the row is the caller's to write";
  EXPECT_EQ(batch->record.state, "planned");
  EXPECT_EQ(batch->record.epoch, 1);
  ASSERT_TRUE(t_.warehouse.MarkSeen({batch->record}).ok());
  EXPECT_EQ(loader_->PrepareFresh({}, seen), nullptr) << "a known load may have a frozen plan";
  EXPECT_EQ(loader_->Run({}, *batch).what, What::kOver);
  EXPECT_EQ(Row(seen.key).rows, 2);
}

TEST_F(IngestLoader, WhatCannotBePlannedOrIsOldTakesTheLongWay) {
  const storage::Object empty = t_.Put("ds/none/_SUCCESS", "");
  warehouse::LoadRecord seen;
  seen.project = "p";
  seen.key = {empty.bucket, empty.name, empty.generation};
  EXPECT_EQ(loader_->PrepareFresh({}, seen), nullptr) << "an empty batch gets its reason there";
  t_.Put("ds/t/a.csv", "xx");
  const storage::Object old = t_.Put("ds/t/_SUCCESS", "");
  t_.Put("ds/t/_SUCCESS", "");
  seen.key = {old.bucket, old.name, old.generation};
  EXPECT_EQ(loader_->PrepareFresh({}, seen), nullptr);
}

TEST_F(IngestLoader, FilesThatAreReadAsCsvByDefaultAndDoNotLookLikeItAreNoted) {
  t_.Put("ds/t/a.ndjson.gz", "xx");
  const auto key = Mark();
  Step(key);
  const auto noted = [&](const warehouse::LoadKey& of) {
    const auto plan = loader_->plans().FindSummary(of).value();
    std::string all;
    for (const std::string& note : plan->notes) all += note;
    return all.find("looks like NEWLINE_DELIMITED_JSON") != std::string::npos;
  };
  EXPECT_TRUE(noted(key));
  t_.Put("ds/u/_config/load.json", R"({"sourceFormat":"CSV"})");
  t_.Put("ds/u/a.json", "xx");
  const auto configured = Mark("ds/u/_SUCCESS");
  Step(configured);
  EXPECT_FALSE(noted(configured)) << "who says CSV means it";
}

TEST_F(IngestLoader, MissingTableIsDetectedAndPartitionedAsThePathSays) {
  t_.Put("ds/t/2020/01/02/a.csv", "xx");
  ASSERT_EQ(Step(Mark("ds/t/2020/01/02/_SUCCESS")).what, What::kOver);
  const warehouse::BatchLoad run = t_.warehouse.runs().front();
  EXPECT_TRUE(run.config.autodetect);
  EXPECT_EQ(run.config.time_partitioning->type, "DAY");
  EXPECT_EQ(run.config.partition, "20200102");
  EXPECT_NE(run.configuration_json.find("t$20200102"), std::string::npos);
  EXPECT_EQ(run.labels.at("component"), "event-based-gcs-ingest");
}

TEST_F(IngestLoader, ExistingTableKeepsItsSchema) {
  t_.warehouse.AddDataset("p", "ds", "EU");
  t_.warehouse.AddTable({"p", "ds", "t"});
  t_.Put("ds/t/a.csv", "xx");
  ASSERT_EQ(Step(Mark()).what, What::kOver);
  EXPECT_FALSE(t_.warehouse.runs().front().config.autodetect);
  EXPECT_EQ(t_.warehouse.runs().front().jobs.front().ref.location, "EU")
      << "B-79: the job is where its dataset is";
}

TEST_F(IngestLoader, CreateNeverRefusesAMissingDataset) {
  t_.Put("ds/t/_config/load.json", R"({"createDisposition":"CREATE_NEVER"})");
  t_.Put("ds/t/a.csv", "xx");
  const auto key = Mark();
  EXPECT_EQ(Step(key).what, What::kOver);
  EXPECT_EQ(Row(key).status, "FAILED");
  EXPECT_NE(Row(key).reason.find("Dataset p:ds"), std::string::npos);
}

TEST_F(IngestLoader, B69_ConfigurationOfTheBatchDirectoryCounts) {
  t_.Put("_config/load.json", R"({"fieldDelimiter":"|"})");
  t_.Put("ds/t/_config/load.json", R"({"writeDisposition":"WRITE_TRUNCATE"})");
  t_.Put("ds/t/a.csv", "xx");
  ASSERT_EQ(Step(Mark()).what, What::kOver);
  const warehouse::LoadConfig config = t_.warehouse.runs().front().config;
  EXPECT_EQ(config.field_delimiter, "|");
  EXPECT_EQ(config.write_disposition, warehouse::WriteDisposition::kTruncate);
}

TEST_F(IngestLoader, B37_DestinationComesFromTheBucketRootForSplitDatePaths) {
  t_.Put("_config/load.json",
         R"({"destinationRegex":"(?P<table>.*?)/(?P<yyyy>[\\d]{4})/(?P<mm>[\\d]{2})/",)"
         R"("destinationTable":{"projectId":"q","datasetId":"dd","tableId":"tt"},)"
         R"("dataSourceName":"src"})");
  t_.Put("any/where/2021/06/a.csv", "xx");
  const auto key = Mark("any/where/2021/06/_SUCCESS");
  ASSERT_EQ(Step(key).what, What::kOver);
  const warehouse::BatchLoad run = t_.warehouse.runs().front();
  EXPECT_EQ(run.config.destination, (warehouse::TableRef{"q", "dd", "tt"}));
  EXPECT_EQ(run.config.partition, "202106");
  EXPECT_TRUE(run.jobs.front().ref.job_id.starts_with("gcf-ingest-src-dd-tt-2021-06-"))
      << run.jobs.front().ref.job_id;
  EXPECT_EQ(run.jobs.front().ref.project, "p") << "jobs run in the bucket's project";
}

struct Refusal {
  const char* scenario;
  const char* file;
  const char* content;
  const char* marker;
  const char* says;
};
class RefusedBatch : public IngestLoader, public ::testing::WithParamInterface<Refusal> {};
TEST_P(RefusedBatch, IsAFailedRowWithItsReason) {
  t_.Put("ds/t/a.csv", "xx");
  t_.Put("ds/t/2020/13/a.csv", "xx");
  t_.Put("a.b.c/t/a.csv", "xx");
  if (GetParam().file != nullptr) t_.Put(GetParam().file, GetParam().content);
  const auto key = Mark(GetParam().marker);
  EXPECT_EQ(Step(key).what, What::kOver);
  const warehouse::LoadRecord row = Row(key);
  EXPECT_EQ(row.status, "FAILED");
  EXPECT_EQ(row.state, "failed");
  EXPECT_NE(row.reason.find(GetParam().says), std::string::npos) << row.reason;
  EXPECT_FALSE(row.error_code.empty());
  EXPECT_TRUE(t_.warehouse.runs().empty());
}
INSTANTIATE_TEST_SUITE_P(
    BatchIngest, RefusedBatch,
    ::testing::Values(
        Refusal{"NoMatch", nullptr, "", "_SUCCESS", "does not match"},
        Refusal{"EmptyBatch", nullptr, "", "ds/empty/_SUCCESS", "NotFound"},
        Refusal{"Month13", nullptr, "", "ds/t/2020/13/_SUCCESS", "month 13"},
        Refusal{"TwoDots", nullptr, "", "a.b.c/t/_SUCCESS", "more than one dot"},
        Refusal{"B92_UnknownKey", "ds/_config/load.json", R"({"fieldDelimeter":"|"})",
                "ds/t/_SUCCESS", "gs://bkt/ds/_config/load.json"},
        Refusal{"B92_MisspeltEnum", "ds/t/_config/load.json",
                R"({"writeDisposition":"WRTITE_TRUNCATE"})", "ds/t/_SUCCESS", "WRITE_TRUNCATE"},
        Refusal{"BadJson", "_config/load.json", "{", "ds/t/_SUCCESS", "gs://bkt/_config/load.json"},
        Refusal{"Ordering", "ds/_config/ORDERME", "", "ds/t/_SUCCESS", "ordering"},
        Refusal{"Sql", "ds/t/_config/bq_transform.sql", "SELECT 1", "ds/t/_SUCCESS",
                "external-query"},
        Refusal{"External", "_config/external.json", "{}", "ds/t/_SUCCESS", "external-query"}),
    [](const auto& param_info) { return std::string(param_info.param.scenario); });

TEST_F(IngestLoader, B80_SqlBesideOrBelowConfigIsNotPickedUp) {
  t_.Put("ds/t/_config_old/x.sql", "SELECT 1");
  t_.Put("ds/t/_config/nested/y.sql", "SELECT 1");
  t_.Put("ds/t/a.csv", "xx");
  const auto key = Mark();
  EXPECT_EQ(Step(key).what, What::kOver);
  EXPECT_EQ(Row(key).status, "DONE");
}

TEST_F(IngestLoader, B78_TransientFailuresWaitLongerEachTimeThenTheBatchIsDead) {
  t_.Put("ds/t/a.csv", "xx");
  const auto key = Mark();
  t_.warehouse.FailRuns({Unavailable("one"), Unavailable("two"), Unavailable("three")});
  const Verdict first = Step(key);
  ASSERT_EQ(first.what, What::kAgain);
  EXPECT_EQ(Row(key).status, "CLAIMED") << "FAILED is only said when it is final";
  EXPECT_EQ(Row(key).state, "failed");
  const Verdict second = Step(key);
  ASSERT_EQ(second.what, What::kAgain);
  EXPECT_GT(*second.not_before - t_.clock.Now(), *first.not_before - t_.clock.Now());
  EXPECT_EQ(Step(key).what, What::kOver);
  const warehouse::LoadRecord row = Row(key);
  EXPECT_EQ(row.status, "FAILED");
  EXPECT_EQ(row.state, "dead");
  EXPECT_EQ(row.attempt, 3);
  EXPECT_NE(row.reason.find("three"), std::string::npos) << "B-88: the dead letter has its reason";
}

TEST_F(IngestLoader, B76_ATransientFailureIsResumedWithTheSameJobs) {
  t_.Put("ds/t/a.csv", "xx");
  const auto key = Mark();
  t_.warehouse.FailRuns({Unavailable("one")});
  ASSERT_EQ(Step(key).what, What::kAgain);
  t_.Put("ds/t/late.csv", "zzz");
  EXPECT_EQ(Step(key).what, What::kOver);
  EXPECT_EQ(Row(key).status, "DONE");
  EXPECT_EQ(Row(key).rows, 2)
      << "the plan was frozen: what landed after it is not part of the batch";
  const auto runs = t_.warehouse.runs();
  EXPECT_EQ(runs[0].jobs[0].ref.job_id, runs[1].jobs[0].ref.job_id);
}

TEST_F(IngestLoader, DeterministicErrorsAreNotRetried) {
  t_.Put("ds/t/a.csv", "xx");
  const auto key = Mark();
  t_.warehouse.FailRuns({InvalidArgument("schema mismatch")});
  EXPECT_EQ(Step(key).what, What::kOver);
  EXPECT_EQ(Row(key).status, "FAILED");
  EXPECT_EQ(Row(key).attempt, 1);
  EXPECT_EQ(Step(key).what, What::kOver) << "and nothing runs when it is stepped again";
  EXPECT_EQ(t_.warehouse.runs().size(), 1u);
}

TEST_F(IngestLoader, AFullDiskPausesWithoutUsingUpAttempts) {
  t_.Put("ds/t/a.csv", "xx");
  const auto key = Mark();
  const Status full = ResourceExhausted("no space", "diskFull");
  t_.warehouse.FailRuns({full, full, full, full, full});
  for (int i = 0; i < 5; ++i) {
    ASSERT_EQ(Step(key).what, What::kAgain);
    EXPECT_EQ(Row(key).state, "waiting");
  }
  EXPECT_EQ(Step(key).what, What::kOver);
  EXPECT_EQ(Row(key).status, "DONE");
  EXPECT_EQ(Row(key).attempt, 1);
}

TEST_F(IngestLoader, AnOverwrittenFileIsReadInItsNewVersion) {
  t_.Put("ds/t/a.csv", "xx");
  const auto key = Mark();
  t_.warehouse.FailRuns({NotFound("No such object: b/ds/t/a.csv")});
  Verdict prepared = loader_->Prepare({}, key);
  t_.Put("ds/t/a.csv", "yyyy");
  EXPECT_EQ(loader_->Run({}, *prepared.prepared).what, What::kAgain);
  EXPECT_NE(Row(key).reason.find("overwritten"), std::string::npos);
  EXPECT_EQ(Step(key).what, What::kOver);
  EXPECT_EQ(Row(key).rows, 4);
}

TEST_F(IngestLoader, ADeletedFileIsNotSilentlyLeftOut) {
  t_.Put("ds/t/a.csv", "xx");
  t_.Put("ds/t/b.csv", "yy");
  const auto key = Mark();
  t_.warehouse.FailRuns({NotFound("No such object: b/ds/t/a.csv")});
  Verdict prepared = loader_->Prepare({}, key);
  t_.Remove("ds/t/a.csv");
  EXPECT_EQ(loader_->Run({}, *prepared.prepared).what, What::kOver);
  EXPECT_EQ(Row(key).state, "dead");
  EXPECT_EQ(Row(key).status, "FAILED");
  EXPECT_NE(Row(key).reason.find("deleted"), std::string::npos);
}

TEST_F(IngestLoader, NotFoundOfTheDestinationIsFinal) {
  t_.Put("ds/t/a.csv", "xx");
  const auto key = Mark();
  t_.warehouse.FailRuns({NotFound("Not found: Table p:ds.t")});
  EXPECT_EQ(Step(key).what, What::kOver);
  EXPECT_EQ(Row(key).state, "failed");
}

TEST_F(IngestLoader, EveryUploadOfTheMarkerIsOneRun) {
  t_.Put("ds/t/a.csv", "xx");
  const auto first = Mark();
  const auto second = Mark();
  EXPECT_EQ(Step(first).what, What::kOver);
  EXPECT_EQ(Step(second).what, What::kOver);
  EXPECT_EQ(Row(first).status, "DONE");
  EXPECT_EQ(Row(second).status, "DONE");
  EXPECT_EQ(t_.warehouse.runs().size(), 2u);
}

TEST_F(IngestLoader, AHintHeardAfterANewerMarkerWasPlannedIsSuperseded) {
  t_.Put("ds/t/a.csv", "xx");
  const storage::Object older = t_.Put("ds/t/_SUCCESS", "");
  const auto newer = Mark();
  EXPECT_EQ(Step(newer).what, What::kOver);
  const auto key = See({older.bucket, older.name, older.generation});
  EXPECT_EQ(Step(key).what, What::kOver);
  EXPECT_EQ(Row(key).status, "SKIPPED_DUPLICATE");
  EXPECT_EQ(Row(key).state, "superseded");
  EXPECT_EQ(t_.warehouse.runs().size(), 1u);
}

TEST_F(IngestLoader, B77_AStaleWorkerWritesNothing) {
  t_.Put("ds/t/a.csv", "xx");
  const auto key = Mark();
  Verdict stale = loader_->Prepare({}, key);
  ASSERT_EQ(stale.what, What::kReady);
  EXPECT_EQ(Step(key).what, What::kOver) << "somebody else claims and loads it";
  const warehouse::LoadRecord done = Row(key);
  EXPECT_EQ(loader_->Run({}, *stale.prepared).what, What::kOver);
  EXPECT_EQ(Row(key).epoch, done.epoch);
  EXPECT_EQ(Row(key).status, "DONE");
  EXPECT_EQ(t_.warehouse.runs().size(), 1u);
}

TEST_F(IngestLoader, AnUnwritableLoadStateKeepsTheMarker) {
  t_.Put("ds/t/a.csv", "xx");
  const auto key = Mark();
  t_.warehouse.FailUpdates(1);
  EXPECT_EQ(Step(key).what, What::kAgain);
  EXPECT_EQ(Step(key).what, What::kOver);
  EXPECT_EQ(Row(key).status, "DONE");
}

TEST_F(IngestLoader, StoppingLeavesTheStateForTheNextStart) {
  t_.Put("ds/t/a.csv", "xx");
  const auto key = Mark();
  t_.warehouse.FailRuns({Cancelled("stopping")});
  EXPECT_EQ(Step(key).what, What::kOver);
  EXPECT_EQ(Row(key).state, "loading");
  EXPECT_EQ(Step(key).what, What::kOver);
  EXPECT_EQ(Row(key).status, "DONE");
  EXPECT_EQ(Row(key).attempt, 1) << "an attempt that was cut off is the same one again";
}

TEST_F(IngestLoader, B74_SplitBatchesHaveDistinctJobs) {
  Rule rule;
  rule.project = "p";
  rule.id = "small";
  rule.bucket = "bkt";
  rule.variables = {{"MAX_BATCH_BYTES", "4"}};
  ASSERT_TRUE(rules_->Create(rule).ok());
  t_.Put("ds/t/a.csv", "xxxxxx");
  t_.Put("ds/t/b.csv", "yy");
  t_.Put("ds/t/c.csv", "zz");
  const auto key = Mark();
  EXPECT_EQ(Step(key).what, What::kOver);
  const auto jobs = t_.warehouse.runs().front().jobs;
  ASSERT_EQ(jobs.size(), 2u);
  EXPECT_NE(jobs[0].ref.job_id, jobs[1].ref.job_id);
  EXPECT_EQ(Row(key).rows, 10);
  const auto plan = loader_->plans().FindSummary(key).value();
  EXPECT_NE(plan->notes.front().find("MAX_BATCH_BYTES"), std::string::npos)
      << "B-73: the outcome is stated";
}

TEST_F(IngestLoader, B81_ADirectoryWithTheMarkersNameStaysIntact) {
  t_.Put("ds/t/x_SUCCESS_y/a.csv", "xx");
  const auto key = Mark("ds/t/x_SUCCESS_y/_SUCCESS");
  EXPECT_EQ(Step(key).what, What::kOver);
  EXPECT_EQ(Row(key).batch_id, "x_SUCCESS_y");
  EXPECT_TRUE(Row(key).jobs.front().job_id.starts_with("gcf-ingest-bkt-ds-t-x_SUCCESS_y-_SUCCESS"));
}

}  // namespace
}  // namespace landfall::ingest
