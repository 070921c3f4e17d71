// Identity of jobs and queries end to end.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "warehouse/testing.h"

namespace landfall::warehouse {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

QueryConfig Sql(std::string sql) {
  QueryConfig config;
  config.sql = std::move(sql);
  return config;
}

JobRef Ref(std::string id) { return JobRef{"p", std::move(id)}; }

TEST(JobIdentity, EveryAcknowledgedJobIsFoundAfterARestart) {
  TestWarehouse t;
  const Job done =
      t.Finish(t->InsertQuery(t.ctx, Ref("j1"), Sql("SELECT 1 AS x"), {{"k", "v"}}, "{}").value());
  t.Reopen();
  const Job found = t->GetJob(t.ctx, Ref("j1")).value();
  EXPECT_EQ(found.state, JobState::kDone);
  EXPECT_EQ(found.labels.at("k"), "v");
  EXPECT_EQ(found.statement_type, "SELECT");
  EXPECT_EQ(found.ended, done.ended);
  EXPECT_THAT(t->JobRows(t.ctx, Ref("j1"), {}).value().rows,
              ::testing::ElementsAre(R"({"f":[{"v":"1"}]})"));
  EXPECT_THAT(t->ListJobs(t.ctx, "p", {}).value().items, SizeIs(1));
}

TEST(JobIdentity, AnAnsweredSelectIsFoundAfterARestart) {
  TestWarehouse t;
  const Job asked = t->Query(t.ctx, "p", "", Sql("SELECT 'x' AS v"), {}, "", "").value();
  t.Finish(asked);
  t.Reopen();
  EXPECT_EQ(t->GetJob(t.ctx, asked.ref).value().state, JobState::kDone);
  EXPECT_THAT(t->JobRows(t.ctx, asked.ref, {}).value().rows,
              ::testing::ElementsAre(R"({"f":[{"v":"x"}]})"));
}

TEST(JobIdentity, AFailedSelectIsFoundAfterARestart) {
  TestWarehouse t;
  const Job asked = t->Query(t.ctx, "p", "", Sql("SELECT nope"), {}, "", "").value();
  t.Finish(asked);
  t.Reopen();
  EXPECT_EQ(t->GetJob(t.ctx, asked.ref).value().error->reason, "invalidQuery");
}

// Its record is made with its result, unless somebody is told its id before.
TEST(JobIdentity, ASelectThatStillRunsIsListedAndRecordedOnce) {
  TestWarehouse t;
  const Job asked = t->Query(t.ctx, "p", "",
                             Sql("SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 30000)) a, "
                                 "UNNEST(GENERATE_ARRAY(1, 30000)) b, "
                                 "UNNEST(GENERATE_ARRAY(1, 30000)) c WHERE a * b + c < 0"),
                             {}, "", "")
                        .value();
  const Page<Job> listed = t->ListJobs(t.ctx, "p", {}).value();
  ASSERT_THAT(listed.items, SizeIs(1));
  EXPECT_EQ(listed.items[0].ref.job_id, asked.ref.job_id);
  EXPECT_EQ(t->WaitJob(t.ctx, asked.ref, std::chrono::milliseconds(0)).value().ref.job_id,
            asked.ref.job_id);
  ASSERT_TRUE(t->CancelJob(t.ctx, asked.ref).ok());
  t.Finish(asked);
  EXPECT_THAT(t->ListJobs(t.ctx, "p", {}).value().items, SizeIs(1));
}

TEST(JobIdentity, AKnownIdIsADuplicateAndRunsNothing) {
  TestWarehouse t;
  t.MakeDataset();
  t.Run("CREATE TABLE d.t (a INT64)");
  const auto insert = [&] {
    return t->InsertQuery(t.ctx, Ref("same"), Sql("INSERT INTO d.t (a) VALUES (1)"), {}, "");
  };
  t.Finish(insert().value());
  for (const bool restarted : {false, true}) {
    if (restarted) t.Reopen();
    const Status again = insert().status();
    EXPECT_EQ(again.code(), Code::kAlreadyExists);
    EXPECT_EQ(again.reason(), "duplicate");
    EXPECT_EQ(again.message(), "Already Exists: Job p:US.same");
    EXPECT_EQ(t.Ask("SELECT COUNT(*) FROM d.t"), R"({"f":[{"v":"1"}]})");
  }
}

TEST(JobIdentity, AFailedJobKeepsItsId) {
  TestWarehouse t;
  const Job failed =
      t.Finish(t->InsertQuery(t.ctx, Ref("bad"), Sql("SELECT nope"), {}, "").value());
  ASSERT_TRUE(failed.error);
  EXPECT_EQ(failed.error->reason, "invalidQuery");
  EXPECT_EQ(failed.error->location, "query");
  EXPECT_EQ(t->InsertQuery(t.ctx, Ref("bad"), Sql("SELECT 1"), {}, "").status().reason(),
            "duplicate");
  t.Reopen();
  EXPECT_EQ(t->InsertQuery(t.ctx, Ref("bad"), Sql("SELECT 1"), {}, "").status().reason(),
            "duplicate");
  EXPECT_EQ(t->JobRows(t.ctx, Ref("bad"), {}).status().reason(), "invalidQuery");
}

TEST(JobIdentity, ADeletedJobIsGoneButItsIdStaysTaken) {
  TestWarehouse t;
  t.Finish(t->InsertQuery(t.ctx, Ref("x"), Sql("SELECT 1"), {}, "").value());
  ASSERT_TRUE(t->DeleteJob(t.ctx, Ref("x")).ok());
  EXPECT_EQ(t->GetJob(t.ctx, Ref("x")).status().code(), Code::kNotFound);
  EXPECT_EQ(t->InsertQuery(t.ctx, Ref("x"), Sql("SELECT 1"), {}, "").status().reason(),
            "duplicate");
}

TEST(JobIdentity, TheSameRequestIdGivesTheSameJobAndRunsOnce) {
  TestWarehouse t;
  t.MakeDataset();
  t.Run("CREATE TABLE d.t (a INT64)");
  const auto query = [&] {
    return t->Query(t.ctx, "p", "US", Sql("INSERT INTO d.t (a) VALUES (1)"), {}, "{}", "r-1")
        .value();
  };
  const Job first = t.Finish(query());
  EXPECT_EQ(query().ref.job_id, first.ref.job_id);
  t.Reopen();
  EXPECT_EQ(query().ref.job_id, first.ref.job_id);
  EXPECT_EQ(t.Ask("SELECT COUNT(*) FROM d.t"), R"({"f":[{"v":"1"}]})");
  t.clock.Advance(std::chrono::minutes(16));
  const Job later = t.Finish(query());
  EXPECT_NE(later.ref.job_id, first.ref.job_id);
  EXPECT_EQ(t.Ask("SELECT COUNT(*) FROM d.t"), R"({"f":[{"v":"2"}]})");
}

TEST(JobIdentity, JobIdsHaveAnAlphabet) {
  TestWarehouse t;
  for (const char* bad : {"a b", "a/b", "ä"}) {
    EXPECT_EQ(t->InsertQuery(t.ctx, Ref(bad), Sql("SELECT 1"), {}, "").status().code(),
              Code::kInvalidArgument)
        << bad;
  }
}

TEST(JobIdentity, AFailedCommitLeavesNothingAndSaysSo) {
  TestWarehouse t;
  t.MakeDataset();
  t.Run("CREATE TABLE d.t (a INT64)");
  ASSERT_TRUE(t.faults.Arm("warehouse.commit", 1).ok());
  const Job failed = t.Run("INSERT INTO d.t (a) VALUES (1)");
  ASSERT_TRUE(failed.error);
  EXPECT_THAT(failed.error->message, HasSubstr("injected fault"));
  EXPECT_EQ(t.Ask("SELECT COUNT(*) FROM d.t"), R"({"f":[{"v":"0"}]})");
}

TEST(JobIdentity, CancelEndsARunningQuery) {
  TestWarehouse t;
  const Job job = t->InsertQuery(t.ctx, Ref("long"),
                                 Sql("SELECT COUNT(*) FROM UNNEST(GENERATE_ARRAY(1, 30000)) a, "
                                     "UNNEST(GENERATE_ARRAY(1, 30000)) b, "
                                     "UNNEST(GENERATE_ARRAY(1, 30000)) c WHERE a * b + c < 0"),
                                 {}, "")
                      .value();
  EXPECT_NE(job.state, JobState::kDone);  // PENDING or RUNNING can be seen
  const Job cancelled = t->CancelJob(t.ctx, job.ref).value();
  ASSERT_EQ(cancelled.state, JobState::kDone);
  EXPECT_EQ(cancelled.error->reason, "stopped");
  EXPECT_EQ(t.Ask("SELECT 1"), R"({"f":[{"v":"1"}]})");
}

LoadConfig Ndjson(std::vector<std::string> uris) {
  LoadConfig config;
  config.destination = {"", "d", "t"};
  config.source_uris = std::move(uris);
  config.source_format = SourceFormat::kNewlineDelimitedJson;
  config.schema =
      ParseSchema(ParseJson(R"([{"name":"a","type":"INTEGER"}])").value().as_array()).value();
  return config;
}

TEST(LoadJobIdentity, DoneImpliesRowsAndTheSameIdLoadsOnce) {
  TestWarehouse t;
  t.MakeDataset();
  t.objects.Put("f.json", "{\"a\":1}\n{\"a\":2}\n");
  const auto load = [&] {
    return t->InsertLoad(t.ctx, Ref("load"), Ndjson({"gs://b/f.json"}), {}, "", nullptr);
  };
  const Job done = t.Finish(load().value());
  ASSERT_FALSE(done.error) << done.error->message;
  EXPECT_EQ(done.output_rows, 2);
  EXPECT_EQ(t.Ask("SELECT SUM(a) FROM d.t"), R"({"f":[{"v":"3"}]})");
  EXPECT_EQ(load().status().reason(), "duplicate");
  t.Reopen();
  EXPECT_EQ(load().status().reason(), "duplicate");
  EXPECT_EQ(t.Ask("SELECT COUNT(*) FROM d.t"), R"({"f":[{"v":"2"}]})");
}

TEST(LoadJobIdentity, AnUploadIsTheSource) {
  TestWarehouse t;
  t.MakeDataset();
  StringSource body("{\"a\":7}\n");
  const Job done = t.Finish(t->InsertLoad(t.ctx, Ref(""), Ndjson({}), {}, "", &body).value());
  ASSERT_FALSE(done.error) << done.error->message;
  EXPECT_EQ(t.Ask("SELECT a, _landfall_record_no FROM d.t"), R"({"f":[{"v":"7"},{"v":"1"}]})");
  EXPECT_THAT(t.files->List(t.dir() + "/spool").value(), SizeIs(0));
}

TEST(LoadJobIdentity, AFailedLoadLeavesTheTableAndKeepsItsId) {
  TestWarehouse t;
  t.MakeDataset();
  t.objects.Put("f.json", "{\"a\":1}\n{\"a\":\"x\"}\n");
  const Job failed = t.Finish(
      t->InsertLoad(t.ctx, Ref("bad"), Ndjson({"gs://b/f.json"}), {}, "", nullptr).value());
  ASSERT_TRUE(failed.error);
  EXPECT_EQ(t->GetTable(t.ctx, {"p", "d", "t"}).status().code(), Code::kNotFound);
  t.objects.Put("f.json", "{\"a\":1}\n");
  EXPECT_EQ(t->InsertLoad(t.ctx, Ref("bad"), Ndjson({"gs://b/f.json"}), {}, "", nullptr)
                .status()
                .reason(),
            "duplicate");
}

TEST(JobList, FiltersAndPages) {
  TestWarehouse t;
  for (const char* id : {"a", "b", "c"}) {
    t.Finish(t->InsertQuery(t.ctx, Ref(id), Sql("SELECT 1"), {}, "").value());
    t.clock.Advance(std::chrono::seconds(1));
  }
  Warehouse::JobFilter filter;
  filter.results_max = 2;
  const Page<Job> first = t->ListJobs(t.ctx, "p", filter).value();
  ASSERT_THAT(first.items, SizeIs(2));
  EXPECT_EQ(first.items[0].ref.job_id, "c");
  filter.page_token = first.next_page_token;
  const Page<Job> second = t->ListJobs(t.ctx, "p", filter).value();
  ASSERT_THAT(second.items, SizeIs(1));
  EXPECT_EQ(second.items[0].ref.job_id, "a");
  EXPECT_EQ(second.next_page_token, "");
  filter = {};
  filter.states = {JobState::kRunning};
  EXPECT_THAT(t->ListJobs(t.ctx, "p", filter).value().items, SizeIs(0));
}

TEST(QueryResults, LargeOnesAreReadInPagesAndSurviveARestart) {
  TestWarehouse t;
  const Job job = t.Run(
      "SELECT x, REPEAT('y', 100) AS y FROM UNNEST(GENERATE_ARRAY(1, 60000)) AS x ORDER BY x");
  ASSERT_FALSE(job.error) << job.error->message;
  EXPECT_EQ(job.total_rows, 60000);
  t.Reopen();
  RowsRequest request;
  request.start_index = 59'999;
  const Rows last = t->JobRows(t.ctx, job.ref, request).value();
  ASSERT_THAT(last.rows, SizeIs(1));
  EXPECT_THAT(last.rows[0], HasSubstr(R"({"v":"60000"})"));
  request = {};
  request.bytes_max = 1 << 20;
  std::size_t rows = 0;
  do {
    const Rows page = t->JobRows(t.ctx, job.ref, request).value();
    rows += page.rows.size();
    request.page_token = page.next_page_token;
  } while (!request.page_token.empty());
  EXPECT_EQ(rows, 60000u);
  request = {};
  request.start_index = 59'990;
  EXPECT_EQ(t->ReadTable(t.ctx, *job.destination, request).value().rows.size(), 10u);
}

TEST(QueryDestination, DispositionsAreHonoured) {
  TestWarehouse t;
  t.MakeDataset();
  const auto run = [&](const std::string& sql, WriteDisposition write,
                       CreateDisposition create = CreateDisposition::kIfNeeded) {
    QueryConfig config = Sql(sql);
    config.destination = TableRef{"p", "d", "t"};
    config.write_disposition = write;
    config.create_disposition = create;
    const Job job = t.Finish(t->InsertQuery(t.ctx, Ref(""), config, {}, "").value());
    return job.error ? job.error->reason : "";
  };
  EXPECT_EQ(run("SELECT 1 AS a", WriteDisposition::kEmpty, CreateDisposition::kNever), "notFound");
  EXPECT_EQ(run("SELECT 1 AS a", WriteDisposition::kEmpty), "");
  EXPECT_EQ(run("SELECT 2 AS a", WriteDisposition::kEmpty), "duplicate");
  EXPECT_EQ(run("SELECT 2 AS a", WriteDisposition::kAppend), "");
  EXPECT_EQ(run("SELECT 'x' AS a", WriteDisposition::kAppend), "invalid");
  EXPECT_EQ(t.Ask("SELECT SUM(a) FROM d.t"), R"({"f":[{"v":"3"}]})");
  EXPECT_EQ(run("SELECT a + 10 AS a FROM d.t", WriteDisposition::kTruncate), "");
  EXPECT_EQ(t.Ask("SELECT SUM(a) FROM d.t"), R"({"f":[{"v":"23"}]})");
  EXPECT_EQ(run("SELECT 'x' AS b, [1] AS c FROM d.t", WriteDisposition::kTruncate), "");
  EXPECT_EQ(t.Ask("SELECT b, c FROM d.t LIMIT 1"), R"({"f":[{"v":"x"},{"v":[{"v":"1"}]}]})");
}

TEST(QueryDml, CountsWhatItChanged) {
  TestWarehouse t;
  t.MakeDataset();
  ASSERT_FALSE(t.Run("CREATE TABLE d.t (a INT64, b STRING)").error);
  EXPECT_EQ(t.Run("INSERT INTO d.t (a, b) VALUES (1, 'x'), (2, 'y')").dml_inserted, 2);
  EXPECT_EQ(t.Run("UPDATE d.t SET b = 'z' WHERE a = 1").dml_updated, 1);
  const Job merge = t.Run(
      "MERGE d.t USING (SELECT 1 AS a UNION ALL SELECT 3) s ON t.a = s.a WHEN MATCHED THEN UPDATE "
      "SET b = 'm' "
      "WHEN NOT MATCHED THEN INSERT (a, b) VALUES (s.a, 'n')");
  ASSERT_FALSE(merge.error) << merge.error->message;
  EXPECT_EQ(merge.dml_inserted, 1);
  EXPECT_EQ(merge.dml_updated, 1);
  EXPECT_EQ(t.Run("DELETE FROM d.t WHERE a > 1").dml_deleted, 2);
  EXPECT_EQ(t.Ask("SELECT b FROM d.t"), R"({"f":[{"v":"m"}]})");
}

TEST(QueryDdl, TellsWhatItDid) {
  TestWarehouse t;
  EXPECT_EQ(t.Run("CREATE SCHEMA d").ddl_operation, "CREATE");
  EXPECT_EQ(t.Run("CREATE SCHEMA IF NOT EXISTS d").ddl_operation, "SKIP");
  EXPECT_EQ(t.Run("CREATE TABLE d.t AS SELECT 1 AS a, 'x' AS b").ddl_operation, "CREATE");
  EXPECT_EQ(t.Run("CREATE OR REPLACE TABLE d.t AS SELECT a + 1 AS a FROM d.t").ddl_operation,
            "REPLACE");
  EXPECT_EQ(t.Ask("SELECT * FROM d.t"), R"({"f":[{"v":"2"}]})");
  EXPECT_EQ(t.Run("CREATE VIEW d.v AS SELECT a FROM d.t").ddl_operation, "CREATE");
  t.Reopen();
  EXPECT_EQ(t.Ask("SELECT a FROM d.v"), R"({"f":[{"v":"2"}]})");
  EXPECT_EQ(t->GetTable(t.ctx, {"p", "d", "v"}).value().type, "VIEW");
  EXPECT_EQ(t.Run("DROP VIEW d.v").ddl_operation, "DROP");
  EXPECT_EQ(t.Run("DROP TABLE IF EXISTS d.nope").ddl_operation, "SKIP");
  EXPECT_EQ(t.Run("DROP SCHEMA d").error->reason, "resourceInUse");
  EXPECT_EQ(t.Run("DROP SCHEMA d CASCADE").ddl_operation, "DROP");
}

TEST(QueryParameters, AllKindsArrive) {
  TestWarehouse t;
  QueryConfig config = Sql("SELECT @i + 1, @s, @ts, @l[OFFSET(1)], @st.x, @n IS NULL, @b, @d");
  const auto type = [](googlesql::TypeKind kind) {
    googlesql::Type made;
    made.kind = kind;
    return made;
  };
  using enum googlesql::TypeKind;
  googlesql::Type record = type(kStruct);
  record.fields = {{"x", type(kInt64)}};
  const auto add = [&](std::string name, googlesql::Type of, const char* json) {
    config.parameters.push_back({std::move(name), std::move(of), ParseJson(json).value()});
  };
  add("i", type(kInt64), R"({"value": "41"})");
  add("s", type(kString), R"({"value": "it's"})");
  add("ts", type(kTimestamp), R"({"value": "2020-01-01 00:00:00+00:00"})");
  add("l", googlesql::ArrayOf(type(kInt64)),
      R"({"arrayValues": [{"value": "1"}, {"value": "2"}]})");
  add("st", record, R"({"structValues": {"x": {"value": "7"}}})");
  add("n", type(kInt64), R"({"value": null})");
  add("b", type(kBytes), R"({"value": "AP8="})");
  add("d", type(kDate), R"({"value": "2024-02-29"})");
  const Job job = t.Finish(t->InsertQuery(t.ctx, Ref(""), config, {}, "").value());
  ASSERT_FALSE(job.error) << job.error->message;
  EXPECT_EQ(t->JobRows(t.ctx, job.ref, {}).value().rows.at(0),
            R"({"f":[{"v":"42"},{"v":"it's"},{"v":"1.5778368E9"},{"v":"2"},)"
            R"({"v":"7"},{"v":"true"},{"v":"AP8="},{"v":"2024-02-29"}]})");
}

TEST(SystemTables, AreThereAndReadOnly) {
  TestWarehouse t;
  LoadRecord seen;
  seen.key = {"b", "x/_SUCCESS", 5};
  seen.project = "p";
  ASSERT_EQ(t->MarkSeen({seen}).value(), std::vector<bool>{true});
  seen.key.generation = 6;
  seen.project = "other";
  ASSERT_TRUE(t->MarkSeen({seen}).ok());
  EXPECT_EQ(t.Ask("SELECT object, generation, status FROM landfall_system.loads"),
            R"({"f":[{"v":"x/_SUCCESS"},{"v":"5"},{"v":"SEEN"}]})");
  EXPECT_EQ(t.Ask("SELECT generation FROM bigquery_loads.serverless_bq_loads"),
            R"({"f":[{"v":"5"}]})");
  EXPECT_EQ(t.Ask("SELECT COUNT(*) FROM landfall_system.load_objects"), R"({"f":[{"v":"0"}]})");
  EXPECT_TRUE(t.Run("DELETE FROM landfall_system.loads WHERE true").error);
  EXPECT_EQ(t->DeleteTable(t.ctx, {"p", "landfall_system", "loads"}).reason(), "accessDenied");
  EXPECT_THAT(t->ListTables(t.ctx, {"p", "landfall_system"}, {}).value().items, SizeIs(2));
  EXPECT_EQ(t->ReadTable(t.ctx, {"p", "landfall_system", "loads"}, {}).value().total_rows, 1u);
}

TEST(PartitionedQuery, DestinationDecoratorTruncatesOnePartition) {
  TestWarehouse t;
  t.MakeDataset();
  ASSERT_FALSE(t.Run("CREATE TABLE d.t (a INT64, day DATE) PARTITION BY day").error);
  t.Run("INSERT INTO d.t (a, day) VALUES (1, DATE '2024-05-16'), (2, DATE '2024-05-17')");
  QueryConfig config = Sql("SELECT 5 AS a, DATE '2024-05-17' AS day");
  config.destination = TableRef{"p", "d", "t"};
  config.destination_partition = "20240517";
  config.write_disposition = WriteDisposition::kTruncate;
  const Job job = t.Finish(t->InsertQuery(t.ctx, Ref(""), config, {}, "").value());
  ASSERT_FALSE(job.error) << job.error->message;
  EXPECT_EQ(t.Ask("SELECT a FROM d.t ORDER BY a"),
            "{\"f\":[{\"v\":\"1\"}]}\n{\"f\":[{\"v\":\"5\"}]}");
  config.sql = "SELECT 6 AS a, DATE '2024-05-18' AS day";
  const Job strayed = t.Finish(t->InsertQuery(t.ctx, Ref(""), config, {}, "").value());
  EXPECT_THAT(strayed.error->message, HasSubstr("different partitions"));
  EXPECT_EQ(t.Ask("SELECT COUNT(*) FROM d.t"), R"({"f":[{"v":"2"}]})");
}

TEST(PartitionedQuery, IngestionTimeHasHiddenColumns) {
  TestWarehouse t;
  t.MakeDataset();
  ASSERT_FALSE(t.Run("CREATE TABLE d.t (a INT64) PARTITION BY _PARTITIONDATE").error);
  QueryConfig config = Sql("SELECT 5 AS a");
  config.destination = TableRef{"p", "d", "t"};
  config.destination_partition = "20240517";
  config.write_disposition = WriteDisposition::kAppend;
  ASSERT_FALSE(t.Finish(t->InsertQuery(t.ctx, Ref(""), config, {}, "").value()).error);
  EXPECT_EQ(t.Ask("SELECT * FROM d.t"), R"({"f":[{"v":"5"}]})");
  EXPECT_EQ(t.Ask("SELECT _PARTITIONDATE FROM d.t WHERE _PARTITIONTIME = TIMESTAMP '2024-05-17'"),
            R"({"f":[{"v":"2024-05-17"}]})");
}

}  // namespace
}  // namespace landfall::warehouse
