// End to end on a DuckDB file with objects in memory: what a batch and a load job leave behind, and
// what they do not.
#include "warehouse/load_job.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "warehouse/job_store.h"
#include "warehouse/load_fakes.h"
#include "warehouse/load_state.h"

namespace landfall::warehouse {
namespace {

using googlesql::TypeKind;
using ::testing::HasSubstr;

Field F(std::string name, TypeKind type, Mode mode = Mode::kNullable) {
  return {.name = std::move(name), .type = type, .mode = mode, .description = "", .fields = {}};
}

class LoadJobTest : public ::testing::Test {
 protected:
  LoadJobTest() {
    dir_ = ::testing::TempDir() + "/load_job_" +
           ::testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::remove_all(dir_);
    std::filesystem::create_directories(dir_ + "/spool");
    files_ = MakePosixFiles();
    DatabaseOptions options;
    options.path = dir_ + "/w.duckdb";
    options.readable_dirs = {dir_ + "/spool", "/proc/self/fd"};
    database_ = Database::Open(options, &faults_).value();
    connection_ = database_->Connect().value();
    catalog_ = Catalog::Open(*connection_, clock_).value();
    CHECK_OK(CreateJobTables(*connection_));
    pool_ = std::make_unique<ConnectionPool>(*database_, 4, "");
    engine_ = std::make_unique<LoadEngine>(LoadServices{
        *catalog_, locks_, *pool_, objects_, *files_, clock_, faults_, dir_ + "/spool", 1u << 20});
    CHECK_OK(engine_->Start(*connection_));
    Dataset dataset;
    dataset.ref = {"p", "d"};
    CHECK_OK(Change([&](CatalogChange& change) { return change.CreateDataset(dataset); }));
    table_.ref = {"p", "d", "t"};
    table_.schema = {F("id", TypeKind::kInt64, Mode::kRequired), F("name", TypeKind::kString),
                     F("day", TypeKind::kDate)};
  }
  ~LoadJobTest() override {
    engine_.reset();
    pool_.reset();
    connection_.reset();
    database_.reset();
    std::filesystem::remove_all(dir_);
  }

  template <typename Body>
  Status Change(Body body) {
    Transaction transaction = TRY(Transaction::Begin(*connection_));
    CatalogChange change(*catalog_, *connection_);
    TRY(body(change));
    return change.Commit(transaction);
  }
  void CreateTable() {
    CHECK_OK(Change([&](CatalogChange& change) { return change.CreateTable(table_); }));
  }
  std::string Query(const std::string& sql) {
    QueryResult result = connection_->Run("SELECT CAST((" + sql + ") AS VARCHAR)").value();
    return result.Next().value() ? result.Text(0) : "none";
  }
  std::string Rows(const std::string& table = "t") {
    return Query("SELECT string_agg(id || ':' || coalesce(name, '-'), ' ' ORDER BY id) FROM " +
                 PhysicalName({"p", "d", table}));
  }
  // A batch of `sources`, one job each, already seen and claimed.
  BatchLoad Batch(const std::string& trigger, const std::vector<SourceObject>& sources) {
    BatchLoad batch;
    batch.record.key = {.bucket = "b", .object = trigger, .generation = 1};
    batch.record.project = "p";
    batch.record.dataset = "d";
    batch.record.table = "t";
    CHECK_OK(MarkSeen(*connection_, {batch.record}, clock_.Now()));
    batch.record.epoch = ClaimLoad(*connection_, batch.record.key, "w", clock_.Now()).value();
    batch.config.destination = table_.ref;
    batch.config.source_format = SourceFormat::kNewlineDelimitedJson;
    batch.configuration_json = "{}";
    for (std::size_t i = 0; i < sources.size(); ++i) {
      batch.jobs.push_back(
          {.ref = {.project = "p", .job_id = "job" + trigger + std::to_string(i), .location = "US"},
           .sources = {sources[i]}});
    }
    return batch;
  }
  Result<LoadRecord> Run(const BatchLoad& batch) { return engine_->RunBatch({}, batch); }

  // Runs a load job as the runner would; the record afterwards.
  Job RunJob(LoadConfig config, std::shared_ptr<ReadableFile> upload = nullptr) {
    Job job;
    job.ref = {.project = "p", .job_id = "load" + std::to_string(++jobs_), .location = "US"};
    job.kind = JobKind::kLoad;
    job.created = clock_.Now();
    CHECK_OK(InsertJob(*connection_, job));
    LiveJob live(job, true);
    const auto lease = pool_->Take().value();
    JobRun run(live, *lease, clock_);
    if (config.destination.table.empty()) config.destination = table_.ref;
    const Status status = engine_->RunLoadJob(run, std::move(config), std::move(upload));
    if (!status.ok()) run.job.error = JobErrorOf(status);
    return run.job;
  }
  static LoadConfig Json(std::vector<std::string> uris) {
    LoadConfig config;
    config.source_format = SourceFormat::kNewlineDelimitedJson;
    config.source_uris = std::move(uris);
    return config;
  }

  std::string dir_;
  FakeClock clock_;
  Faults faults_;
  std::unique_ptr<FileSystem> files_;
  MemoryObjects objects_;
  TableLocks locks_;
  std::unique_ptr<Database> database_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<Catalog> catalog_;
  std::unique_ptr<ConnectionPool> pool_;
  std::unique_ptr<LoadEngine> engine_;
  Table table_;
  int jobs_ = 0;
};

TEST_F(LoadJobTest, ABatchLeavesRowsBadRowsCountsJobsAndOutboxAtOnce) {
  CreateTable();
  const auto a =
      objects_.Put("a.json", "{\"id\":1,\"name\":\"x\"}\n{\"id\":\"no\"}\n\n{\"id\":2}\n");
  const auto b = objects_.Put("b.json", Gzip("{\"id\":3}\r\n{\"nope\":1}"));
  const auto empty = objects_.Put("c.json", "");
  const LoadRecord record = Run(Batch("m", {a, b, empty})).value();
  EXPECT_EQ(Rows(), "1:x 2:- 3:-");
  EXPECT_EQ(record.status, "DONE");
  EXPECT_EQ(record.rows_in, 5);
  EXPECT_EQ(record.rows_good, 3);
  EXPECT_EQ(record.rows_bad, 2);
  const LoadRecord stored = FindLoad(*connection_, record.key).value().value();
  EXPECT_EQ(stored.state, "committed");
  EXPECT_EQ(stored.committed_at, clock_.Now());
  const auto counted = ListLoadObjects(*connection_, record.key).value();
  ASSERT_EQ(counted.size(), 3u);
  for (const LoadObjectRecord& object : counted) {
    EXPECT_EQ(object.rows_in,
              object.rows_good + object.rows_bad + object.rows_duplicate + object.rows_filtered);
  }
  EXPECT_EQ(counted[0].rows_in, 3);
  EXPECT_EQ(counted[2].rows_in, 0);
  EXPECT_EQ(Query("SELECT string_agg(code || ' ' || record_no || ' ' || byte_offset || ' ' || "
                  "coalesce(\"column\", ''), ', ' "
                  "ORDER BY bad_id) FROM \"p:d\".t__bad WHERE object LIKE 'gs://b/a%'"),
            "invalid_value 2 20 id");
  EXPECT_EQ(Query("SELECT string_agg(decode(raw), ',' ORDER BY object) FROM \"p:d\".t__bad"),
            "{\"id\":\"no\"},{\"nope\":1}");
  EXPECT_EQ(Query("SELECT count(*) FROM \"_landfall\".outbox WHERE kind = 'load_committed'"), "1");
  for (int i = 0; i < 3; ++i) {
    const StoredJob job =
        FindJob(*connection_,
                {.project = "p", .job_id = "jobm" + std::to_string(i), .location = "US"})
            .value()
            .value();
    EXPECT_EQ(job.job.state, JobState::kDone);
    EXPECT_FALSE(job.job.error.has_value());
    EXPECT_EQ(job.job.bad_records, counted[static_cast<std::size_t>(i)].rows_bad);
  }
  EXPECT_EQ(Query("SELECT string_agg(_landfall_object_no || '/' || _landfall_record_no, ' ' ORDER "
                  "BY id) FROM \"p:d\".t"),
            "1/1 1/4 2/1");
  EXPECT_EQ(Query("SELECT count(DISTINCT _landfall_load_id) FROM \"p:d\".t"), "1");
  EXPECT_NE(catalog_->FindTable({"p", "d", "t__bad"}), nullptr);
}

TEST_F(LoadJobTest, AFaultAtCommitLeavesNothingAndARetryLoadsOnce) {
  CreateTable();
  const auto a = objects_.Put("a.json", "{\"id\":1}\nbad\n");
  const BatchLoad batch = Batch("m", {a});
  ASSERT_TRUE(faults_.Arm("warehouse.commit", 1, "t").ok());
  EXPECT_EQ(Run(batch).status().code(), Code::kUnavailable);
  EXPECT_EQ(Query("SELECT count(*) FROM \"p:d\".t"), "0");
  EXPECT_EQ(catalog_->FindTable({"p", "d", "t__bad"}), nullptr);
  EXPECT_EQ(Query("SELECT count(*) FROM \"_landfall\".outbox"), "0");
  EXPECT_EQ(Query("SELECT count(*) FROM \"_landfall\".load_objects"), "0");
  EXPECT_TRUE(FindJob(*connection_, batch.jobs[0].ref).value()->job.error.has_value());
  const LoadRecord record = Run(batch).value();
  EXPECT_EQ(record.rows_good, 1);
  EXPECT_EQ(record.jobs.at(0).job_id, "jobm0_2");
  EXPECT_EQ(Rows(), "1:-");
  EXPECT_EQ(Run(batch).status().reason(), "committed");
  EXPECT_EQ(Rows(), "1:-");
}

TEST_F(LoadJobTest, AnOldEpochLoadsNothing) {
  CreateTable();
  const BatchLoad batch = Batch("m", {objects_.Put("a.json", "{\"id\":1}")});
  ASSERT_TRUE(ClaimLoad(*connection_, batch.record.key, "other", clock_.Now()).ok());
  EXPECT_EQ(Run(batch).status().reason(), "staleEpoch");
  EXPECT_EQ(Query("SELECT count(*) FROM \"p:d\".t"), "0");
}

TEST_F(LoadJobTest, AnUnreadableObjectFailsTheBatchNamingIt) {
  CreateTable();
  const auto good = objects_.Put("good.json", "{\"id\":1}\n");
  const std::string gz = Gzip(std::string(50'000, '\n'));
  const auto cut = objects_.Put("cut.json.gz", gz.substr(0, gz.size() - 9));
  const Status damaged = Run(Batch("m1", {good, cut})).status();
  EXPECT_EQ(damaged.code(), Code::kInvalidArgument);
  EXPECT_THAT(damaged.message(), HasSubstr("gs://b/cut.json.gz"));
  EXPECT_THAT(damaged.message(), HasSubstr("truncated"));
  objects_.Remove("good.json");
  const Status gone = Run(Batch("m2", {good})).status();
  EXPECT_EQ(gone.code(), Code::kNotFound);
  EXPECT_THAT(gone.message(), HasSubstr("gs://b/good.json"));
  EXPECT_EQ(Query("SELECT count(*) FROM \"p:d\".t"), "0");
}

TEST_F(LoadJobTest, ThresholdsHoldTheBatch) {
  CreateTable();
  BatchLoad batch = Batch("m", {objects_.Put("a.json", "{\"id\":1}\nx\ny\n")});
  batch.bad_max = 1;
  EXPECT_EQ(Run(batch).status().reason(), "badRowsThreshold");
  batch.bad_max.reset();
  batch.bad_ratio_max = 0.5;
  EXPECT_EQ(Run(batch).status().reason(), "badRowsThreshold");
  EXPECT_EQ(Query("SELECT count(*) FROM \"p:d\".t"), "0");
  batch.bad_ratio_max = 0.7;
  EXPECT_EQ(Run(batch).value().rows_bad, 2);
}

TEST_F(LoadJobTest, TruncatingADecoratedPartitionReplacesOnlyThat) {
  table_.time_partitioning = TimePartitioning{.type = "DAY", .field = "day", .expiration_ms = {}};
  CreateTable();
  ASSERT_TRUE(
      Run(Batch("m1",
                {objects_.Put(
                    "a", "{\"id\":1,\"day\":\"2024-05-17\"}\n{\"id\":2,\"day\":\"2024-05-18\"}")}))
          .ok());
  BatchLoad batch = Batch(
      "m2",
      {objects_.Put(
          "b",
          "{\"id\":3,\"day\":\"2024-05-17\"}\n{\"id\":4,\"day\":\"2024-05-18\"}\n{\"id\":5}")});
  batch.config.partition = "20240517";
  batch.config.write_disposition = WriteDisposition::kTruncate;
  EXPECT_EQ(Run(batch).value().rows_bad, 2);
  EXPECT_EQ(Rows(), "2:- 3:-");
  EXPECT_EQ(Query("SELECT string_agg(DISTINCT code || ' ' || \"column\") FROM \"p:d\".t__bad"),
            "wrong_partition day");
}

TEST_F(LoadJobTest, IngestionTimePartitionsComeFromTheDecoratorOrTheClock) {
  table_.time_partitioning = TimePartitioning{.type = "DAY", .field = "", .expiration_ms = {}};
  CreateTable();
  BatchLoad batch = Batch("m1", {objects_.Put("a", "{\"id\":1}")});
  batch.config.partition = "20240517";
  ASSERT_TRUE(Run(batch).ok());
  ASSERT_TRUE(Run(Batch("m2", {objects_.Put("b", "{\"id\":2}")})).ok());
  EXPECT_EQ(Query("SELECT string_agg(epoch(\"_PARTITIONTIME\")::BIGINT::VARCHAR, ' ' ORDER BY id) "
                  "FROM \"p:d\".t"),
            "1715904000 1699920000");
}

TEST_F(LoadJobTest, ALoadJobFailsWholeOnABadRecordAsBigQueryDoes) {
  CreateTable();
  objects_.Put("a.json", "{\"id\":1}\n{\"id\":2,\"zzz\":1}\n{\"id\":\"x\"}\n");
  const Job failed = RunJob(Json({"gs://b/*.json"}));
  ASSERT_TRUE(failed.error.has_value());
  EXPECT_EQ(failed.error->reason, "invalid");
  EXPECT_EQ(failed.error->message,
            "Error while reading data, error message: JSON parsing error in row starting at "
            "position 9: No such field: zzz. File: "
            "gs://b/a.json");
  EXPECT_EQ(Query("SELECT count(*) FROM \"p:d\".t"), "0");
  LoadConfig lax = Json({"gs://b/a.json"});
  lax.max_bad_records = 2;
  const Job done = RunJob(lax);
  EXPECT_FALSE(done.error.has_value());
  EXPECT_EQ(done.output_rows, 1);
  EXPECT_EQ(done.bad_records, 2);
  EXPECT_EQ(done.errors.size(), 2u);
  EXPECT_EQ(RunJob(Json({"gs://b/missing"})).error->message, "Not found: URI gs://b/missing");
}

TEST_F(LoadJobTest, CreatesTheTableFromSchemaOrDetection) {
  objects_.Put("a.csv",
               "name,score,when\nann,1.5,2024-05-17 10:00:00 UTC\nbob,2,2024-05-18 10:00:00 UTC\n");
  LoadConfig config;
  config.source_uris = {"gs://b/a.csv"};
  config.destination = {"p", "d", "csv"};
  EXPECT_THAT(RunJob(config).error->message, HasSubstr("No schema specified"));
  config.create_disposition = CreateDisposition::kNever;
  EXPECT_EQ(RunJob(config).error->reason, "notFound");
  config.create_disposition = CreateDisposition::kIfNeeded;
  config.autodetect = true;
  const Job job = RunJob(config);
  ASSERT_FALSE(job.error.has_value()) << job.error->message;
  EXPECT_EQ(job.output_rows, 2);
  const Schema schema = catalog_->FindTable(config.destination)->schema;
  ASSERT_EQ(schema.size(), 3u);
  EXPECT_EQ(schema[1].name, "score");
  EXPECT_EQ(schema[1].type, TypeKind::kFloat64);
  EXPECT_EQ(schema[2].type, TypeKind::kTimestamp);
}

TEST_F(LoadJobTest, DispositionsAndSchemaUpdates) {
  CreateTable();
  objects_.Put("a", "{\"id\":1}");
  objects_.Put("b", "{\"id\":2,\"extra\":7}");
  ASSERT_FALSE(RunJob(Json({"gs://b/a"})).error.has_value());
  LoadConfig empty = Json({"gs://b/a"});
  empty.write_disposition = WriteDisposition::kEmpty;
  EXPECT_EQ(RunJob(empty).error->reason, "duplicate");
  LoadConfig add = Json({"gs://b/b"});
  add.schema = Schema{F("id", TypeKind::kInt64, Mode::kRequired), F("extra", TypeKind::kInt64)};
  EXPECT_THAT(RunJob(add).error->message, HasSubstr("Cannot add fields (field: extra)"));
  add.allow_field_addition = true;
  ASSERT_FALSE(RunJob(add).error.has_value());
  EXPECT_EQ(Query("SELECT sum(extra)::BIGINT || '/' || count(*) FROM \"p:d\".t"), "7/2");
  LoadConfig relax = Json({"gs://b/a"});
  relax.schema = Schema{F("id", TypeKind::kInt64)};
  EXPECT_THAT(RunJob(relax).error->message, HasSubstr("REQUIRED to NULLABLE"));
  relax.allow_field_relaxation = true;
  relax.write_disposition = WriteDisposition::kTruncate;
  ASSERT_FALSE(RunJob(relax).error.has_value());
  EXPECT_EQ(Rows(), "1:-");
}

TEST_F(LoadJobTest, AnUploadIsItsOnlyObject) {
  CreateTable();
  LoadConfig csv;
  csv.skip_leading_rows = 1;
  const Job job = RunJob(csv, std::make_shared<MemoryFile>("id,name,day\n1,a,2024-01-01\n2,b,\n"));
  ASSERT_FALSE(job.error.has_value()) << job.error->message;
  EXPECT_EQ(job.output_rows, 2);
  EXPECT_EQ(Rows(), "1:a 2:b");
}

TEST_F(LoadJobTest, LargeObjectsKeepExactRecordNumbers) {
  CreateTable();
  std::string text;
  for (int i = 1; i <= 200'000; ++i)
    text +=
        "{\"id\":" + std::to_string(i) + ",\"name\":\"some text that takes room in the line\"}\n";
  objects_.Put("big", text);
  ASSERT_FALSE(RunJob(Json({"gs://b/big"})).error.has_value());
  EXPECT_EQ(
      Query("SELECT count(*) || ' ' || count(*) FILTER (id = _landfall_record_no) FROM \"p:d\".t"),
      "200000 200000");
}

TEST_F(LoadJobTest, TheErrorIsTheFirstOneHoweverManyThreads) {
  CreateTable();
  std::vector<SourceObject> sources;
  for (int i = 0; i < 50; ++i) {
    std::string text;
    for (int k = 0; k < 500; ++k) text += k == 400 - i ? "bad\n" : "{\"id\":1}\n";
    sources.push_back(objects_.Put("o" + std::to_string(100 + i), text));
  }
  for (int round = 0; round < 5; ++round) {
    const Job job = RunJob(Json({"gs://b/*"}));
    EXPECT_THAT(job.error->message, HasSubstr("position 3600")) << round;
    EXPECT_THAT(job.error->message, HasSubstr("o100"));
  }
}

TEST_F(LoadJobTest, ALineOverTheLimitIsABadRow) {
  CreateTable();
  const auto a = objects_.Put(
      "a", "{\"id\":1}\n{\"id\":2,\"name\":\"" + std::string(2u << 20, 'x') + "\"}\n{\"id\":3}\n");
  EXPECT_EQ(Run(Batch("m", {a})).value().rows_bad, 1);
  EXPECT_EQ(Rows(), "1:- 3:-");
  EXPECT_EQ(
      Query("SELECT code || ' ' || record_no || ' ' || octet_length(raw) FROM \"p:d\".t__bad"),
      "line_too_large 2 65536");
}

TEST_F(LoadJobTest, ManyBadRowsGoThroughTheSpool) {
  CreateTable();
  std::string text;
  for (int i = 0; i < 3000; ++i) text += "bad" + std::string(10'000, 'x') + "\n";
  EXPECT_EQ(Run(Batch("m", {objects_.Put("a", text)})).value().rows_bad, 3000);
  EXPECT_EQ(Query("SELECT count(*) || ' ' || count(DISTINCT bad_id) || ' ' || "
                  "min(octet_length(raw)) FROM \"p:d\".t__bad"),
            "3000 3000 10003");
  EXPECT_TRUE(std::filesystem::is_empty(dir_ + "/spool"));
}

TEST_F(LoadJobTest, ParquetGoesByNameAndHalfAFileIsAnError) {
  CreateTable();
  const std::string path = dir_ + "/spool/x.parquet";
  CHECK_OK(
      connection_->Execute("COPY (SELECT 'n' || i AS name, i AS \"ID\" FROM range(3) r(i)) TO '" +
                           path + "' (FORMAT parquet)"));
  const auto file = files_->OpenForRead(path).value();
  std::string bytes(file->size_bytes(), '\0');
  ASSERT_TRUE(file->ReadAt(0, bytes).ok());
  objects_.Put("x.parquet", bytes);
  objects_.Put("half.parquet", bytes.substr(0, bytes.size() / 2));
  LoadConfig config = Json({"gs://b/x.parquet"});
  config.source_format = SourceFormat::kParquet;
  const Job job = RunJob(config);
  ASSERT_FALSE(job.error.has_value()) << job.error->message;
  EXPECT_EQ(Rows(), "0:n0 1:n1 2:n2");
  EXPECT_EQ(
      Query("SELECT string_agg(_landfall_record_no::VARCHAR, ' ' ORDER BY id) FROM \"p:d\".t"),
      "1 2 3");
  config.destination = {"p", "d", "fresh"};
  ASSERT_FALSE(RunJob(config).error.has_value());
  EXPECT_EQ(catalog_->FindTable(config.destination)->schema[1].name, "ID");
  config.source_uris = {"gs://b/half.parquet"};
  const Job half = RunJob(config);
  ASSERT_TRUE(half.error.has_value());
  EXPECT_EQ(half.error->reason, "invalid");
  EXPECT_THAT(half.error->message, HasSubstr("gs://b/half.parquet"));
}

}  // namespace
}  // namespace landfall::warehouse
