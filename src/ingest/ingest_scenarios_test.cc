// The scenarios of batch ingest against the real storage, pubsub and warehouse in one temporary
// directory. Only the notifier is played by the test: it is a module of the same level.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <filesystem>
#include <random>
#include <thread>

#include "base/faults.h"
#include "ingest/ingest.h"

namespace landfall::ingest {
namespace {

using ::testing::HasSubstr;

class StorageSource final : public warehouse::ObjectSource {
 public:
  explicit StorageSource(storage::Storage& storage) : storage_(storage) {}
  Result<std::vector<warehouse::SourceObject>> Expand(std::string_view) override {
    return Unimplemented("ingest pins every object itself");
  }
  Result<std::shared_ptr<ReadableFile>> Open(const warehouse::SourceObject& object) override {
    return TRY(storage_.Open({}, object.bucket, object.name, object.generation)).file;
  }

 private:
  storage::Storage& storage_;
};

std::string Lines(const std::string& line, int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += line + "\n";
  return text;
}

std::string Gzip(const std::string& bytes) {
  z_stream z{};
  CHECK(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
  std::string out(deflateBound(&z, bytes.size()), '\0');
  std::string in = bytes;
  z.next_in = reinterpret_cast<Bytef*>(in.data());
  z.avail_in = static_cast<uInt>(in.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

class BatchIngestScenario : public ::testing::Test {
 protected:
  void SetUp() override {
    dir_ = ::testing::TempDir() + "landfall_scenario_" +
           ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(dir_);
    Open();
    storage::Bucket bucket;
    bucket.name = "lake";
    bucket.project = "p";
    CHECK_OK(storage_->CreateBucket({}, bucket));
  }
  void TearDown() override {
    Close();
    std::filesystem::remove_all(dir_);
  }
  void Open() {
    files_ = MakePosixFiles();
    meta_ = meta::Open({.dir = dir_ + "/meta"}, log_, metrics_).value();
    storage_ = storage::Open({.dir = dir_ + "/objects"}, *meta_, *files_, clock_, random_, faults_,
                             log_, metrics_)
                   .value();
    pubsub_ = pubsub::Open({}, *meta_, clock_, random_, log_, metrics_).value();
    source_ = std::make_unique<StorageSource>(*storage_);
    warehouse_ = warehouse::Open({.dir = dir_ + "/warehouse"}, *source_, *files_, clock_, random_,
                                 faults_, log_, metrics_)
                     .value();
    Options options;
    options.default_project = "p";
    options.retry_delay = std::chrono::milliseconds(20);
    ingest_ =
        Start(options, *meta_, *storage_, *pubsub_, *warehouse_, clock_, log_, metrics_).value();
  }
  void Close() {
    ingest_.reset();
    warehouse_.reset();
    source_.reset();
    pubsub_.reset();
    storage_.reset();
    meta_.reset();
  }

  storage::Object Put(const std::string& name, std::string bytes) {
    storage::ObjectSpec spec;
    spec.bucket = "lake";
    spec.name = name;
    StringSource body(std::move(bytes));
    storage::Object object = storage_->Insert({}, spec, body).value();
    storage::ObjectChange change;
    change.project = "p";
    change.object = object;
    if (ingest_->Wants(change)) Hint(object, 1);
    return object;
  }
  void Hint(const storage::Object& object, int times) {
    std::vector<pubsub::Message> messages(static_cast<std::size_t>(times));
    for (auto& message : messages) {
      message.attributes = {{"bucketId", object.bucket},
                            {"objectId", object.name},
                            {"objectGeneration", std::to_string(object.generation)},
                            {"eventType", "OBJECT_FINALIZE"}};
    }
    CHECK_OK(pubsub_->Publish({}, kTopic, messages));
  }
  warehouse::LoadRecord Row(const storage::Object& marker) {
    return warehouse_->FindLoad({marker.bucket, marker.name, marker.generation})
        .value()
        .value_or(warehouse::LoadRecord{});
  }
  // Waits, bounded, until the load is over.
  warehouse::LoadRecord Over(const storage::Object& marker) {
    const auto until = clock_.Monotonic() + std::chrono::seconds(60);
    Mutex mu;
    CondVar never;
    warehouse::LoadRecord row;
    while (clock_.Monotonic() < until) {
      row = Row(marker);
      if (row.status == "DONE" || row.status == "FAILED" || row.status == "SKIPPED_DUPLICATE")
        return row;
      const MutexLock lock(mu);
      never.WaitFor(mu, std::chrono::milliseconds(5));
    }
    ADD_FAILURE() << marker.name << " is still " << row.status << "/" << row.state << ": "
                  << row.reason;
    return row;
  }
  void ExpectDone(const storage::Object& marker) {
    const warehouse::LoadRecord row = Over(marker);
    EXPECT_EQ(row.status, "DONE") << row.reason << " " << row.error;
    EXPECT_EQ(row.rows_in, row.rows_good + row.rows_bad + row.rows_duplicate + row.rows_filtered);
  }
  std::int64_t RowsOf(const std::string& dataset, const std::string& table) {
    const auto found = warehouse_->GetTable({}, {"p", dataset, table});
    return found.ok() ? found->num_rows : -1;
  }
  void MakeTable(const std::string& dataset, const std::string& table,
                 const std::vector<std::string>& columns, const std::string& partitioning = "") {
    warehouse::Dataset made;
    made.ref = {"p", dataset};
    const auto ignored = warehouse_->CreateDataset({}, made);
    warehouse::Table wanted;
    wanted.ref = {"p", dataset, table};
    for (const std::string& column : columns) {
      warehouse::Field field;
      field.name = column;
      wanted.schema.push_back(field);
    }
    if (!partitioning.empty()) {
      wanted.time_partitioning.emplace();
      wanted.time_partitioning->type = partitioning;
    }
    const auto created = warehouse_->CreateTable({}, wanted);
    CHECK_OK(created);
  }
  // The nation table: 25 rows in one file, an empty second one, "|" set for the whole bucket.
  void PutNation(const std::string& directory) {
    Put("_config/load.json", R"({"fieldDelimiter":"|"})");
    Put(directory + "part-m-00000", "");
    Put(directory + "part-m-00001", Lines("1|ALGERIA|0|comment, with comma", 25));
  }
  void MakeNation() { MakeTable("tpch", "nation", {"key", "name", "region", "comment"}); }

  std::string dir_;
  CapturedLog log_;
  Metrics metrics_;
  SystemClock clock_;
  SeededRandom random_{1};
  Faults faults_;
  std::unique_ptr<FileSystem> files_;
  std::unique_ptr<meta::Store> meta_;
  std::unique_ptr<storage::Storage> storage_;
  std::unique_ptr<pubsub::PubSub> pubsub_;
  std::unique_ptr<StorageSource> source_;
  std::unique_ptr<warehouse::Warehouse> warehouse_;
  std::unique_ptr<Ingest> ingest_;
};

TEST_F(BatchIngestScenario, B24_SuccessFileLoads25Rows) {
  MakeNation();
  PutNation("tpch/nation/");
  ExpectDone(Put("tpch/nation/_SUCCESS", ""));
  EXPECT_EQ(RowsOf("tpch", "nation"), 25);
}

TEST_F(BatchIngestScenario, B25_ObjectResourceForm) {
  MakeNation();
  PutNation("tpch/nation/");
  ASSERT_TRUE(ingest_->DeleteRule({}, "p", "default").ok())
      << "so that only the event below is heard";
  const auto marker = Put("tpch/nation/_SUCCESS", "");
  Rule rule;
  rule.project = "p";
  rule.id = "again";
  ASSERT_TRUE(ingest_->CreateRule({}, rule).ok());
  const Json resource = JsonObject{{"kind", "storage#object"},
                                   {"bucket", "lake"},
                                   {"name", marker.name},
                                   {"generation", std::to_string(marker.generation)}};
  EXPECT_FALSE(ingest_->Notify({}, resource, {})->duplicate);
  ExpectDone(marker);
  EXPECT_EQ(RowsOf("tpch", "nation"), 25);
}

TEST_F(BatchIngestScenario, B26_DuplicateSuccessNotificationLoadsOnce) {
  MakeNation();
  PutNation("tpch/nation/");
  const auto marker = Put("tpch/nation/_SUCCESS", "");
  Hint(marker, 1000);
  ExpectDone(marker);
  Hint(marker, 10);
  Put("tpch/last/a", "1,2\n");
  ExpectDone(Put("tpch/last/_SUCCESS", ""));
  EXPECT_EQ(RowsOf("tpch", "nation"), 25);
}

TEST_F(BatchIngestScenario, B27_TwoBatchesWithTruncateLeaveOne) {
  MakeNation();
  Put("tpch/nation/_config/load.json", R"({"writeDisposition":"WRITE_TRUNCATE"})");
  for (const char* batch : {"tpch/nation/b1/", "tpch/nation/b2/"}) {
    PutNation(batch);
    ExpectDone(Put(std::string(batch) + "_SUCCESS", ""));
  }
  EXPECT_EQ(RowsOf("tpch", "nation"), 25);
}

TEST_F(BatchIngestScenario, B28_TwoBatchesAppend) {
  MakeNation();
  std::vector<storage::Object> markers;
  for (const char* batch : {"tpch/nation/b1/", "tpch/nation/b2/"}) {
    PutNation(batch);
    markers.push_back(Put(std::string(batch) + "_SUCCESS", ""));
  }
  for (const auto& marker : markers) ExpectDone(marker);
  EXPECT_EQ(RowsOf("tpch", "nation"), 50);
}

TEST_F(BatchIngestScenario, TheLastMarkerWinsUnderTruncate) {
  MakeTable("ds", "t", {"a"});
  Put("ds/t/_config/load.json", R"({"writeDisposition":"WRITE_TRUNCATE"})");
  std::vector<storage::Object> markers;
  for (int i = 1; i <= 12; ++i) {
    const std::string batch = "ds/t/b" + std::to_string(i) + "/";
    Put(batch + "a", Lines("x", i));
    markers.push_back(Put(batch + "_SUCCESS", ""));
  }
  for (const auto& marker : markers) ExpectDone(marker);
  EXPECT_EQ(RowsOf("ds", "t"), 12) << "batches of one table run in the order of their markers";
}

TEST_F(BatchIngestScenario, B30_PartitionsTruncateOnlyThemselves) {
  MakeTable("ds", "calls", {"id", "what"}, "HOUR");
  Put("ds/calls/_config/load.json", R"({"writeDisposition":"WRITE_TRUNCATE"})");
  Put("ds/calls/$2021010100/.dot", "hidden");
  Put("ds/calls/$2021010100/a", Lines("1,x", 126));
  Put("ds/calls/$2021010101/a", Lines("2,y", 74));
  const auto first = Put("ds/calls/$2021010100/_SUCCESS", "");
  const auto second = Put("ds/calls/$2021010101/_SUCCESS", "");
  ExpectDone(first);
  ExpectDone(second);
  EXPECT_EQ(RowsOf("ds", "calls"), 200);
  ExpectDone(Put("ds/calls/$2021010101/_SUCCESS", ""));
  EXPECT_EQ(RowsOf("ds", "calls"), 200) << "a re-run replaces its own partition";
}

TEST_F(BatchIngestScenario, B32_JaggedGzippedCsv) {
  MakeTable("ds", "jagged", {"a", "b", "c"});
  Put("ds/jagged/_config/load.json", R"({"allowJaggedRows":true,"ignoreUnknownValues":true})");
  Put("ds/jagged/b/1.csv.gz", Gzip(Lines("1,2", 126)));
  Put("ds/jagged/b/2.csv.gz", Gzip(Lines("1,2,3,4", 74)));
  ExpectDone(Put("ds/jagged/b/_SUCCESS", ""));
  EXPECT_EQ(RowsOf("ds", "jagged"), 200);
}

TEST_F(BatchIngestScenario, B36_ConfigurationOfAncestorsReachesThreeLevelsDown) {
  MakeNation();
  PutNation("tpch/nation/2020/01/02/b/");
  Put("tpch/_config/load.json", R"({"writeDisposition":"WRITE_TRUNCATE"})");
  MakeTable("tpch", "day", {"key", "name", "region", "comment"}, "DAY");
  PutNation("tpch/day/2020/01/02/b/");
  ExpectDone(Put("tpch/day/2020/01/02/b/_SUCCESS", ""));
  EXPECT_EQ(RowsOf("tpch", "day"), 25);
}

TEST_F(BatchIngestScenario, B39_RecursiveListingFindsTheDataFilesOnly) {
  MakeTable("ds", "t", {"a"});
  for (const char* file : {"ds/t/1", "ds/t/x/2", "ds/t/x/y/3", "ds/t/z/4"}) Put(file, "v\n");
  for (const char* other : {"ds/t/_config/note.txt", "ds/t/_backlog/x/_SUCCESS", "ds/t/.x",
                            "ds/t/_bqlock", "ds/t/x/_BACKFILL"}) {
    Put(other, "v\n");
  }
  const auto marker = Put("ds/t/_SUCCESS", "");
  ExpectDone(marker);
  EXPECT_EQ(Row(marker).file_count, 4);
  EXPECT_EQ(RowsOf("ds", "t"), 4);
}

TEST_F(BatchIngestScenario, MissingDatasetAndTableAreMade) {
  Put("fresh/people/a.csv", "name,age\nann,41\nbob,42\n");
  ExpectDone(Put("fresh/people/_SUCCESS", ""));
  EXPECT_GE(RowsOf("fresh", "people"), 2)
      << warehouse_->GetTable({}, {"p", "fresh", "people"}).status().ToString();
}

TEST_F(BatchIngestScenario, BadRowsAreCountedAndTheRestLoads) {
  warehouse::Field number;
  MakeTable("ds", "t", {"a", "b"});
  Put("ds/t/a", "1,2\nonly-one\n3,4\n");
  const auto marker = Put("ds/t/_SUCCESS", "");
  ExpectDone(marker);
  const warehouse::LoadRecord row = Row(marker);
  EXPECT_EQ(row.rows_in, 3);
  EXPECT_EQ(row.rows_good, 2);
  EXPECT_EQ(row.rows_bad, 1);
  EXPECT_EQ(RowsOf("ds", "t"), 2);
}

TEST_F(BatchIngestScenario, MaxBadRecordsRefusesTheWholeBatch) {
  MakeTable("ds", "t", {"a", "b"});
  Put("ds/t/_config/load.json", R"({"maxBadRecords":0})");
  Put("ds/t/a", "1,2\nonly-one\n3,4\n");
  const auto marker = Put("ds/t/_SUCCESS", "");
  EXPECT_EQ(Over(marker).status, "FAILED");
  EXPECT_EQ(RowsOf("ds", "t"), 0);
}

TEST_F(BatchIngestScenario, B72_MoreThanTenThousandFilesAreAllLoaded) {
  MakeTable("ds", "many", {"a"});
  {
    // Side by side, because each upload alone waits for the disk.
    std::vector<std::jthread> writers;
    for (int w = 0; w < 16; ++w) {
      writers.emplace_back([this, w] {
        for (int i = w; i < 10'005; i += 16) Put("ds/many/" + std::to_string(i), "v\n");
      });
    }
  }
  const auto marker = Put("ds/many/_SUCCESS", "");
  const auto marked = clock_.Monotonic();
  ExpectDone(marker);
  RecordProperty("load_ms", std::to_string((clock_.Monotonic() - marked).count() / 1000));
  EXPECT_EQ(Row(marker).jobs.size(), 2u);
  EXPECT_EQ(RowsOf("ds", "many"), 10'005);
}

TEST_F(BatchIngestScenario, B74_SplitTruncateHoldsTheRowsOfAllJobs) {
  Rule rule;
  rule.project = "p";
  rule.id = "small";
  rule.bucket = "lake";
  rule.variables = {{"MAX_BATCH_BYTES", "10"}};
  ASSERT_TRUE(ingest_->CreateRule({}, rule).ok());
  MakeTable("ds", "t", {"a"});
  Put("ds/t/_config/load.json", R"({"writeDisposition":"WRITE_TRUNCATE"})");
  for (int i = 0; i < 5; ++i) Put("ds/t/f" + std::to_string(i), Lines("x", 4));
  for (int run = 0; run < 2; ++run) {
    const auto marker = Put("ds/t/_SUCCESS", "");
    ExpectDone(marker);
    EXPECT_EQ(Row(marker).jobs.size(), 5u);
    EXPECT_EQ(RowsOf("ds", "t"), 20);
    for (const warehouse::JobRef& ref : Row(marker).jobs) {
      const warehouse::Job job = warehouse_->GetJob({}, ref).value();
      EXPECT_EQ(job.state, warehouse::JobState::kDone);
      EXPECT_EQ(job.output_rows, 4);
    }
  }
}

TEST_F(BatchIngestScenario, B76_AFaultAtTheCommitIsRetriedAndLoadsOnce) {
  MakeNation();
  PutNation("tpch/nation/");
  ASSERT_TRUE(faults_.Arm("warehouse.commit", 2).ok());
  ExpectDone(Put("tpch/nation/_SUCCESS", ""));
  EXPECT_EQ(RowsOf("tpch", "nation"), 25);
}

TEST_F(BatchIngestScenario, B88_AFaultThatStaysEndsAsADeadLetter) {
  MakeNation();
  PutNation("tpch/nation/");
  ASSERT_TRUE(faults_.Arm("warehouse.commit", 1000, "nation").ok());
  const auto marker = Put("tpch/nation/_SUCCESS", "");
  const warehouse::LoadRecord row = Over(marker);
  EXPECT_EQ(row.state, "dead");
  EXPECT_THAT(row.reason, HasSubstr("injected fault"));
  ASSERT_TRUE(faults_.Arm("warehouse.commit", 0).ok());
  EXPECT_EQ(RowsOf("tpch", "nation"), 0);
  ExpectDone(Put("tpch/nation/_SUCCESS", ""));
  EXPECT_EQ(RowsOf("tpch", "nation"), 25);
}

TEST_F(BatchIngestScenario, B84_HiddenAndLateFilesAreNotRead) {
  MakeTable("ds", "t", {"a"});
  Put("ds/t/a.csv", "v\n");
  Put("ds/t/.b.csv", "v\n");
  const auto marker = Put("ds/t/_SUCCESS", "");
  ExpectDone(marker);
  Put("ds/t/late.csv", "v\n");
  EXPECT_EQ(RowsOf("ds", "t"), 1);
  const Json late = ingest_->Explain({}, "p", "lake", "ds/t/late.csv").value();
  EXPECT_THAT(std::string(late.at("reason").as_string()), HasSubstr("landed after the marker"));
}

TEST_F(BatchIngestScenario, B92_MisspeltConfigurationIsAFailedRow) {
  Put("ds/t/_config/load.json", R"({"writeDisposition":"WRTITE_TRUNCATE"})");
  Put("ds/t/a", "v\n");
  const warehouse::LoadRecord row = Over(Put("ds/t/_SUCCESS", ""));
  EXPECT_EQ(row.status, "FAILED");
  EXPECT_THAT(row.reason, HasSubstr("gs://lake/ds/t/_config/load.json"));
  EXPECT_THAT(row.reason, HasSubstr("writeDisposition"));
}

TEST_F(BatchIngestScenario, ARestartBetweenSeenAndLoadedLosesNothing) {
  MakeNation();
  PutNation("tpch/nation/");
  ASSERT_TRUE(faults_.Arm("warehouse.commit", 1).ok());
  const auto marker = Put("tpch/nation/_SUCCESS", "");
  Close();
  Open();
  ExpectDone(marker);
  EXPECT_EQ(RowsOf("tpch", "nation"), 25);
  Close();
  Open();
  Hint(marker, 3);
  Put("tpch/last/a", "1,2\n");
  ExpectDone(Put("tpch/last/_SUCCESS", ""));
  EXPECT_EQ(RowsOf("tpch", "nation"), 25);
}

TEST_F(BatchIngestScenario, RandomUploadsDuplicatesAndRestartsGiveExactlyTheRows) {
  std::mt19937_64 dice(::testing::UnitTest::GetInstance()->random_seed() + 7);
  MakeTable("ds", "t", {"a"});
  std::int64_t expected = 0;
  std::vector<storage::Object> markers;
  for (int step = 0; step < 40; ++step) {
    switch (dice() % 4) {
      case 0:
      case 1: {
        const std::string batch = "ds/t/b" + std::to_string(step) + "/";
        const int rows = 1 + static_cast<int>(dice() % 5);
        Put(batch + "a", Lines("v", rows));
        markers.push_back(Put(batch + "_SUCCESS", ""));
        expected += rows;
        break;
      }
      case 2:
        if (!markers.empty())
          Hint(markers[dice() % markers.size()], static_cast<int>(1 + dice() % 20));
        break;
      case 3:
        if (dice() % 3 == 0) {
          Close();
          Open();
        } else {
          CHECK_OK(faults_.Arm("warehouse.commit", static_cast<std::int64_t>(dice() % 2)));
        }
        break;
    }
  }
  for (const auto& marker : markers) ExpectDone(marker);
  EXPECT_EQ(RowsOf("ds", "t"), expected);
}

}  // namespace
}  // namespace landfall::ingest
