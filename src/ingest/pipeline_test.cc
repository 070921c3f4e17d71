#include "ingest/pipeline.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ingest/ingest.h"
#include "ingest/testing_stores.h"

namespace landfall::ingest {
namespace {

// The whole module over real storage and pubsub and the fake warehouse, through its public
// interface.
class IngestPipeline : public ::testing::Test {
 protected:
  void SetUp() override { Start(); }
  void Start(Options options = {}) {
    options.default_project = "p";
    ingest_ = landfall::ingest::Start(options, *t_.meta, *t_.storage, *t_.pubsub, t_.warehouse,
                                      t_.clock, t_.log, t_.metrics)
                  .value();
  }
  storage::Object Marker(const std::string& name = "ds/t/_SUCCESS") { return t_.Put(name, ""); }
  static std::map<std::string, std::string> Attributes(const storage::Object& object) {
    return {{"bucketId", object.bucket},
            {"objectId", object.name},
            {"objectGeneration", std::to_string(object.generation)},
            {"eventType", "OBJECT_FINALIZE"}};
  }
  // What the notifier does.
  void Hint(const storage::Object& object, int times = 1) {
    std::vector<pubsub::Message> messages(static_cast<std::size_t>(times));
    for (auto& message : messages) message.attributes = Attributes(object);
    CHECK_OK(t_.pubsub->Publish({}, kTopic, messages));
  }
  Result<NotifyOutcome> Notify(std::string_view body) {
    return ingest_->Notify({}, ParseJson(body).value(), {});
  }
  static std::string Resource(const storage::Object& object) {
    return R"({"kind":"storage#object","bucket":")" + object.bucket + R"(","name":")" +
           object.name + R"(","generation":")" + std::to_string(object.generation) + "\"}";
  }
  static warehouse::LoadKey KeyOf(const storage::Object& object) {
    return {object.bucket, object.name, object.generation};
  }
  std::optional<warehouse::LoadRecord> Row(const storage::Object& object) {
    return t_.warehouse.FindLoad(KeyOf(object)).value();
  }
  // Waits, bounded, for the threads to bring the marker to `state`.
  bool Reaches(const storage::Object& object, std::string_view state) {
    const auto until = real_.Monotonic() + std::chrono::seconds(60);
    Mutex mu;
    CondVar never;
    while (real_.Monotonic() < until) {
      const auto row = Row(object);
      if (row && row->state == state) return true;
      const MutexLock lock(mu);
      never.WaitFor(mu, std::chrono::milliseconds(5));
    }
    return false;
  }

  TestStores t_;
  SystemClock real_;
  std::unique_ptr<Ingest> ingest_;
};

TEST_F(IngestPipeline, B24_AHintLoadsTheBatch) {
  t_.Put("ds/t/part-1", "xxxxx");
  t_.Put("ds/t/part-0", "");
  const auto marker = Marker();
  Hint(marker);
  ASSERT_TRUE(Reaches(marker, "committed"));
  EXPECT_EQ(Row(marker)->rows, 5);
}

TEST_F(IngestPipeline, B25_TheObjectResourceFormLoadsTheBatch) {
  t_.Put("ds/t/part-1", "xxxxx");
  const auto marker = Marker();
  const NotifyOutcome outcome = Notify(Resource(marker)).value();
  EXPECT_TRUE(outcome.acts);
  EXPECT_FALSE(outcome.duplicate);
  ASSERT_TRUE(Reaches(marker, "committed"));
}

TEST_F(IngestPipeline, B26_DuplicateSuccessNotificationLoadsOnce) {
  t_.Put("ds/t/part-1", "xxxxx");
  const auto marker = Marker();
  Hint(marker, 100);
  ASSERT_TRUE(Reaches(marker, "committed"));
  Hint(marker, 100);
  EXPECT_TRUE(Notify(Resource(marker))->duplicate);
  const auto other = Marker("ds/u/_SUCCESS");
  Hint(other);
  ASSERT_TRUE(Reaches(other, "failed")) << "an empty batch, after all of the above";
  EXPECT_EQ(t_.warehouse.runs().size(), 1u);
}

TEST_F(IngestPipeline, NotifyWithoutGenerationMeansTheLiveOne) {
  t_.Put("ds/t/part-1", "x");
  const auto marker = Marker();
  EXPECT_TRUE(Notify(R"({"attributes":{"bucketId":"bkt","objectId":"ds/t/_SUCCESS"}})")->acts);
  ASSERT_TRUE(Reaches(marker, "committed"));
}

TEST_F(IngestPipeline, NoOpsSayWhy) {
  EXPECT_FALSE(Notify(R"({"attributes":{"bucketId":"no-such","objectId":"ds/t/part-1"}})")->acts)
      << "decided before any store is asked";
  EXPECT_FALSE(Notify(R"({"attributes":{"bucketId":"bkt","objectId":"ds/t/_SUCCESS",)"
                      R"("eventType":"OBJECT_DELETE"}})")
                   ->acts);
  const auto old = Marker();
  Marker();
  const NotifyOutcome outcome = Notify(Resource(old)).value();
  EXPECT_FALSE(outcome.acts);
  EXPECT_NE(outcome.reason.find("not the live one"), std::string::npos);
  EXPECT_EQ(
      Notify(R"({"attributes":{"bucketId":"bkt","objectId":"x/y/_SUCCESS"}})").status().code(),
      Code::kNotFound);
  EXPECT_EQ(Notify(R"({"hello":"world"})").status().reason(), "UnexpectedTrigger");
}

TEST_F(IngestPipeline, B70_BatchesOfDifferentTablesDoNotMix) {
  t_.Put("ds/t/$20200101/a", "x");
  t_.Put("ds2/other/a", "yy");
  const auto first = Marker("ds/t/$20200101/_SUCCESS");
  const auto second = Marker("ds2/other/_SUCCESS");
  Hint(first);
  Hint(second);
  ASSERT_TRUE(Reaches(first, "committed"));
  ASSERT_TRUE(Reaches(second, "committed"));
  EXPECT_EQ(Row(first)->partition, "20200101");
  EXPECT_EQ(Row(second)->dataset, "ds2");
  EXPECT_EQ(Row(second)->partition, "");
}

TEST_F(IngestPipeline, UnfinishedLoadsGoOnAfterARestart) {
  t_.Put("ds/t/a", "xx");
  const auto marker = Marker();
  t_.warehouse.OnRun(
      [&](const warehouse::BatchLoad&) { return Cancelled("killed while loading"); });
  Hint(marker);
  ASSERT_TRUE(Reaches(marker, "loading"));
  ingest_.reset();
  t_.warehouse.OnRun(nullptr);
  Start();
  ASSERT_TRUE(Reaches(marker, "committed"));
  EXPECT_EQ(Row(marker)->rows, 2);
}

TEST_F(IngestPipeline, HintsAreHeldUntilTheirRowsAreDurable) {
  t_.Put("ds/t/a", "xx");
  const auto marker = Marker();
  t_.warehouse.FailMarkSeen(2);
  Hint(marker);
  ASSERT_TRUE(Reaches(marker, "committed"));
}

TEST_F(IngestPipeline, AMarkerThatComesAloneIsPlannedInTheChangeThatMarksItSeen) {
  t_.Put("ds/t/a", "xx");
  const auto marker = Marker();
  t_.warehouse.FailUpdates(1'000'000);
  Hint(marker);
  ASSERT_TRUE(Reaches(marker, "committed"));
  EXPECT_EQ(Row(marker)->epoch, 1);
  EXPECT_EQ(Row(marker)->attempt, 1);
}

TEST_F(IngestPipeline, LostNotificationsAreFoundByListing) {
  t_.Put("ds/t/a", "xx");
  const auto lost = Marker();
  t_.Put("ds/t/_config/_SUCCESS", "");  // no marker there
  EXPECT_FALSE(Row(lost));
  t_.clock.Advance(std::chrono::minutes(11));
  ASSERT_TRUE(Reaches(lost, "committed"));
  EXPECT_EQ(t_.warehouse.runs().size(), 1u);
  EXPECT_NE(t_.metrics.Render().find("landfall_ingest_reconcile_misses_total 1"),
            std::string::npos);
}

TEST_F(IngestPipeline, ListingLeavesThePastOfARuleAlone) {
  ASSERT_TRUE(ingest_->DeleteRule({}, "p", "default").ok());
  t_.Put("ds/t/a", "xx");
  const auto past = Marker();
  t_.clock.Advance(std::chrono::hours(1));
  Rule rule;
  rule.project = "p";
  rule.id = "new";
  ASSERT_TRUE(ingest_->CreateRule({}, rule).ok());
  t_.Put("ds/u/a", "xx");
  const auto lost = Marker("ds/u/_SUCCESS");
  t_.clock.Advance(std::chrono::minutes(11));
  ASSERT_TRUE(Reaches(lost, "committed"));
  EXPECT_FALSE(Row(past));
}

TEST_F(IngestPipeline, RetriesWaitForTheirTime) {
  t_.Put("ds/t/a", "xx");
  const auto marker = Marker();
  t_.warehouse.FailRuns({Unavailable("not now")});
  Hint(marker);
  ASSERT_TRUE(Reaches(marker, "failed"));
  EXPECT_EQ(Row(marker)->status, "CLAIMED");
  t_.clock.Advance(std::chrono::seconds(2));
  ASSERT_TRUE(Reaches(marker, "committed"));
}

TEST_F(IngestPipeline, MoreMarkersThanTheQueueHoldsAreTakenFromTheLoadState) {
  ingest_.reset();
  Options options;
  options.queued_loads_max = 3;
  Start(options);
  std::vector<storage::Object> markers;
  for (int i = 0; i < 20; ++i) {
    const std::string directory = "ds/t" + std::to_string(i) + "/";
    t_.Put(directory + "a", "x");
    markers.push_back(Marker(directory + "_SUCCESS"));
  }
  for (const auto& marker : markers) Hint(marker);
  for (const auto& marker : markers) EXPECT_TRUE(Reaches(marker, "committed")) << marker.name;
}

TEST_F(IngestPipeline, WantsMarkersOfItsRulesOnly) {
  storage::ObjectChange change;
  change.project = "p";
  change.object.bucket = "bkt";
  change.object.name = "ds/t/_SUCCESS";
  EXPECT_TRUE(ingest_->Wants(change));
  change.object.name = "ds/t/part-1";
  EXPECT_FALSE(ingest_->Wants(change));
  change.object.name = "ds/t/_SUCCESS";
  change.kind = storage::ChangeKind::kDelete;
  EXPECT_FALSE(ingest_->Wants(change));
  change.kind = storage::ChangeKind::kFinalize;
  ASSERT_TRUE(ingest_->DeleteRule({}, "p", "default").ok());
  EXPECT_FALSE(ingest_->Wants(change));
}

// ---- explain ----

std::string Get(const Json& json, std::string_view member) {
  return std::string(json.as_object().at(member).as_string());
}

TEST_F(IngestPipeline, ExplainsALoadedBatchAndItsFiles) {
  t_.Put("_config/load.json", R"({"fieldDelimiter":"|"})");
  t_.Put("ds/t/a", "xx");
  const auto marker = Marker();
  Hint(marker);
  ASSERT_TRUE(Reaches(marker, "committed"));
  const Json json = ingest_->Explain({}, "", "bkt", "ds/t/_SUCCESS").value();
  EXPECT_EQ(Get(json, "state"), "committed");
  EXPECT_EQ(Get(json, "dataset"), "ds");
  EXPECT_EQ(Get(json, "table"), "t");
  EXPECT_EQ(json.at("counts").at("good").as_int64(), 2);
  EXPECT_EQ(json.at("files").as_array().size(), 1u);
  EXPECT_EQ(json.at("jobs").as_array().size(), 1u);
  EXPECT_EQ(json.at("rules").at(0).at("id").as_string(), "default");
  EXPECT_EQ(json.at("config").at(0).at("key").as_string(), "fieldDelimiter");
  EXPECT_EQ(json.at("config").at(0).at("origin").as_string(), "gs://bkt/_config/load.json");

  const Json file = ingest_->Explain({}, "", "bkt", "ds/t/a").value();
  EXPECT_EQ(Get(file, "state"), "committed");
  EXPECT_EQ(Get(file, "marker"), "gs://bkt/ds/t/_SUCCESS");
  EXPECT_EQ(file.at("counts").at("in").as_int64(), 2);
}

TEST_F(IngestPipeline, ExplainsLateAndOverwrittenFiles) {
  t_.Put("ds/t/a", "xx");
  const auto marker = Marker();
  Hint(marker);
  ASSERT_TRUE(Reaches(marker, "committed"));
  t_.Put("ds/t/late", "yy");
  const Json late = ingest_->Explain({}, "", "bkt", "ds/t/late").value();
  EXPECT_EQ(Get(late, "state"), "waiting");
  EXPECT_EQ(Get(late, "reason"), "landed after the marker; re-upload the marker to load it");
  t_.Put("ds/t/a", "changed");
  EXPECT_NE(Get(ingest_->Explain({}, "", "bkt", "ds/t/a").value(), "reason")
                .find("overwritten after the marker"),
            std::string::npos);
}

TEST_F(IngestPipeline, ExplainsWhatHasNotHappened) {
  t_.Put("ds/t/history/00/a", "xx");
  const Json marker = ingest_->Explain({}, "", "bkt", "ds/t/history/00/_SUCCESS").value();
  EXPECT_EQ(Get(marker, "state"), "waiting");
  EXPECT_EQ(Get(marker, "batch"), "history")
      << "the surprising parse is visible before anything is loaded";
  EXPECT_FALSE(marker.at("exists").as_bool());
  EXPECT_EQ(marker.at("jobs").as_array().size(), 1u);

  const Json file = ingest_->Explain({}, "", "bkt", "ds/t/history/00/a").value();
  EXPECT_EQ(Get(file, "state"), "waiting");
  EXPECT_NE(Get(file, "reason").find("no marker has landed"), std::string::npos);
  EXPECT_EQ(Get(file, "table"), "t");

  EXPECT_NE(Get(ingest_->Explain({}, "p", "no-such-bucket", "ds/t/_SUCCESS").value(), "reason")
                .find("does not exist"),
            std::string::npos);
  EXPECT_EQ(t_.warehouse.datasets().size(), 0u) << "explaining makes nothing";
}

TEST_F(IngestPipeline, ExplainsWhatIsNeverLoaded) {
  t_.Put("ds/t/.hidden", "x");
  t_.Put("ds/t/_HISTORYDONE", "x");
  t_.Put("ds/t/_config/load.json", R"({"fieldDelimeter":"|"})");
  EXPECT_EQ(Get(ingest_->Explain({}, "", "bkt", "ds/t/.hidden").value(), "state"), "ignored");
  EXPECT_EQ(Get(ingest_->Explain({}, "", "bkt", "ds/t/_HISTORYDONE").value(), "state"), "ignored");
  const Json config = ingest_->Explain({}, "", "bkt", "ds/t/_config/load.json").value();
  EXPECT_EQ(Get(config, "state"), "ignored");
  EXPECT_NE(Get(config, "reason").find("fieldDelimiter"), std::string::npos)
      << "the mistake is seen before a batch fails";
  ASSERT_TRUE(ingest_->DeleteRule({}, "p", "default").ok());
  EXPECT_NE(Get(ingest_->Explain({}, "", "bkt", "ds/t/x").value(), "reason").find("no ingest rule"),
            std::string::npos);
}

TEST_F(IngestPipeline, ExplainsARefusedBatch) {
  t_.Put("ds/t/a", "xx");
  t_.Put("ds/t/_config/load.json", R"({"writeDisposition":"WRTITE_TRUNCATE"})");
  const auto marker = Marker();
  Hint(marker);
  ASSERT_TRUE(Reaches(marker, "failed"));
  const Json json = ingest_->Explain({}, "", "bkt", "ds/t/_SUCCESS").value();
  EXPECT_EQ(Get(json, "status"), "FAILED");
  EXPECT_NE(Get(json, "reason").find("gs://bkt/ds/t/_config/load.json"), std::string::npos);
  EXPECT_NE(Get(json, "next").find("upload gs://bkt/ds/t/_SUCCESS again"), std::string::npos);
  EXPECT_NE(Get(ingest_->Explain({}, "", "bkt", "ds/t/a").value(), "reason").find("failed"),
            std::string::npos);
}

}  // namespace
}  // namespace landfall::ingest
