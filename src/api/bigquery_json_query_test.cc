// Jobs and queries, over the real warehouse.
#include "api/bigquery_json_fixture.h"

namespace landfall::api::bigquery_json {
namespace {

using ::testing::HasSubstr;

std::string JobBody(const std::string& sql, const std::string& id, const std::string& more = {}) {
  JsonObject body{{"configuration", {{"query", {{"query", sql}, {"useLegacySql", false}}}}}};
  if (!id.empty()) body["jobReference"] = {{"projectId", "p"}, {"jobId", id}};
  if (!more.empty()) body["configuration"].as_object()["labels"] = {{"pipeline", more}};
  return ToText(body);
}

TEST_F(BigQueryTest, AQueryAnswersSchemaRowsAndJob) {
  const Reply got =
      Query("SELECT 1 AS one, [1, 2] AS a, STRUCT('x' AS y) AS s, CAST(NULL AS STRING) AS n");
  ASSERT_EQ(got.status, 200) << got.body;
  EXPECT_EQ(got.At("/kind"), "bigquery#queryResponse");
  EXPECT_EQ(got.At("/jobComplete"), "true");
  EXPECT_EQ(got.At("/cacheHit"), "false");
  EXPECT_EQ(got.At("/totalRows"), "1");
  EXPECT_EQ(got.At("/schema/fields/0/type"), "INTEGER");
  EXPECT_EQ(got.At("/schema/fields/1/mode"), "REPEATED");
  EXPECT_EQ(got.At("/schema/fields/2/type"), "RECORD");
  EXPECT_EQ(
      got.At("/rows"),
      R"([{"f":[{"v":"1"},{"v":[{"v":"1"},{"v":"2"}]},{"v":{"f":[{"v":"x"}]}},{"v":null}]}])");
  EXPECT_FALSE(got.At("/jobReference/jobId").empty());
}

TEST_F(BigQueryTest, AQueryIsReadInPages) {
  const Reply first =
      Query("SELECT x FROM UNNEST([1, 2, 3, 4, 5]) AS x ORDER BY x", R"("maxResults":2)");
  ASSERT_EQ(first.json.at("rows").as_array().size(), 2u) << first.body;
  const std::string results = "/queries/" + first.At("/jobReference/jobId");
  EXPECT_EQ(
      api_->Get(results + "?maxResults=2&pageToken=" + first.At("/pageToken")).At("/rows/0/f/0/v"),
      "3");
  EXPECT_EQ(api_->Get(results + "?startIndex=4").At("/rows/0/f/0/v"), "5");
  const Reply probe = api_->Get(results + "?maxResults=0");
  EXPECT_EQ(probe.At("/totalRows"), "5");
  EXPECT_EQ(probe.At("/rows"), "");
  EXPECT_EQ(probe.At("/pageToken"), "");
}

TEST_F(BigQueryTest, DmlTellsItsCountsAndNoSchema) {
  MakeDataset("d");
  ASSERT_EQ(Query("CREATE TABLE d.t (a INT64)").status, 200);
  const Reply got = Query("INSERT INTO d.t VALUES (1), (2)");
  EXPECT_EQ(got.At("/numDmlAffectedRows"), "2");
  EXPECT_EQ(got.At("/dmlStats/insertedRowCount"), "2");
  EXPECT_EQ(got.At("/schema"), "");
  EXPECT_EQ(got.At("/totalRows"), "");
  const Reply job = api_->Get("/jobs/" + got.At("/jobReference/jobId"));
  EXPECT_EQ(job.At("/statistics/query/statementType"), "INSERT");
  EXPECT_EQ(job.At("/statistics/query/numDmlAffectedRows"), "2");
}

TEST_F(BigQueryTest, AJobShowsItsConfigurationAndDestination) {
  const Reply made = api_->Post("/jobs", JobBody("SELECT 1 AS x", "j1", "nightly"));
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(made.At("/id"), "p:US.j1");
  const Reply job = Done("j1");
  EXPECT_EQ(job.At("/status/state"), "DONE");
  EXPECT_EQ(job.At("/configuration/jobType"), "QUERY");
  EXPECT_EQ(job.At("/configuration/query/query"), "SELECT 1 AS x");
  EXPECT_EQ(job.At("/configuration/labels/pipeline"), "nightly");
  EXPECT_EQ(job.At("/statistics/query/statementType"), "SELECT");
  EXPECT_EQ(job.At("/jobReference/location"), "US");
  for (const char* time : {"creationTime", "startTime", "endTime"}) {
    EXPECT_FALSE(job.At("/statistics/" + std::string(time)).empty()) << time;
  }
  const std::string table = "/datasets/" +
                            job.At("/configuration/query/destinationTable/datasetId") + "/tables/" +
                            job.At("/configuration/query/destinationTable/tableId");
  EXPECT_EQ(api_->Get(table + "/data").At("/rows/0/f/0/v"), "1");
  EXPECT_EQ(api_->Get(table).At("/numRows"), "1");
}

TEST_F(BigQueryTest, AJobIdIsAcceptedOnce) {
  MakeDataset("d");
  ASSERT_EQ(Query("CREATE TABLE d.t (a INT64)").status, 200);
  const std::string body = JobBody("INSERT INTO d.t VALUES (1)", "once");
  ASSERT_EQ(api_->Post("/jobs", body).status, 200);
  EXPECT_EQ(Done("once").At("/status/state"), "DONE");
  const Reply again = api_->Post("/jobs", body);
  EXPECT_EQ(again.status, 409);
  EXPECT_EQ(again.Reason(), "duplicate");
  EXPECT_THAT(again.At("/error/message"), HasSubstr("once"));
  EXPECT_EQ(Query("SELECT COUNT(*) FROM d.t").At("/rows/0/f/0/v"), "1");
}

TEST_F(BigQueryTest, ARequestIdRunsOnce) {
  MakeDataset("d");
  ASSERT_EQ(Query("CREATE TABLE d.t (a INT64)").status, 200);
  const Reply a = Query("INSERT INTO d.t VALUES (1)", R"("requestId":"r")");
  const Reply b = Query("INSERT INTO d.t VALUES (1)", R"("requestId":"r")");
  EXPECT_EQ(a.At("/jobReference/jobId"), b.At("/jobReference/jobId"));
  EXPECT_EQ(Query("SELECT COUNT(*) FROM d.t").At("/rows/0/f/0/v"), "1");
}

TEST_F(BigQueryTest, AJobThatFailsSaysSoOncePerMethod) {
  ASSERT_EQ(api_->Post("/jobs", JobBody("SELECT 1 / x FROM UNNEST([0]) AS x", "bad")).status, 200);
  const Reply results = api_->Get("/queries/bad?timeoutMs=60000");
  EXPECT_EQ(results.status, 400) << results.body;
  EXPECT_THAT(results.At("/error/message"), HasSubstr("division by zero"));
  const Reply job = api_->Get("/jobs/bad");
  EXPECT_EQ(job.status, 200);
  EXPECT_EQ(job.At("/status/state"), "DONE");
  EXPECT_EQ(job.At("/status/errorResult/reason"), results.Reason());
  EXPECT_EQ(job.At("/status/errors/0/message"), results.At("/error/message"));
}

TEST_F(BigQueryTest, ADryRunTellsTheSchemaAndRunsNothing) {
  MakeDataset("d");
  ASSERT_EQ(Query("CREATE TABLE d.t (a INT64)").status, 200);
  const Reply select = Query("SELECT a FROM d.t", R"("dryRun":true)");
  EXPECT_EQ(select.At("/jobComplete"), "true") << select.body;
  EXPECT_EQ(select.At("/schema/fields/0/name"), "a");
  EXPECT_EQ(select.At("/totalBytesProcessed"), "0");
  EXPECT_EQ(Query("INSERT INTO d.t VALUES (1)", R"("dryRun":true)").status, 200);
  EXPECT_EQ(Query("SELECT COUNT(*) FROM d.t").At("/rows/0/f/0/v"), "0");
}

TEST_F(BigQueryTest, ParametersOfEveryShapeArrive) {
  const Reply named = Query("SELECT @n + 1, @a[OFFSET(1)], @s.x, @s.l[OFFSET(0)]",
                            R"("parameterMode":"NAMED","queryParameters":[
      {"name":"n","parameterType":{"type":"INT64"},"parameterValue":{"value":"3"}},
      {"name":"a","parameterType":{"type":"ARRAY","arrayType":{"type":"STRING"}},"parameterValue":{"arrayValues":[{"value":"p"},{"value":"q"}]}},
      {"name":"s","parameterType":{"type":"STRUCT","structTypes":[{"name":"x","type":{"type":"BOOL"}},{"name":"l","type":{"type":"ARRAY","arrayType":{"type":"INT64"}}}]},
       "parameterValue":{"structValues":{"x":{"value":"true"},"l":{"arrayValues":[{"value":"7"}]}}}}])");
  ASSERT_EQ(named.status, 200) << named.body;
  EXPECT_EQ(named.At("/rows/0/f"), R"([{"v":"4"},{"v":"q"},{"v":"true"},{"v":"7"}])");
  const Reply positional =
      Query("SELECT ? || ?", R"("parameterMode":"positional","queryParameters":[
      {"parameterType":{"type":"STRING"},"parameterValue":{"value":"a"}},{"parameterType":{"type":"STRING"},"parameterValue":{"value":"b"}}])");
  EXPECT_EQ(positional.At("/rows/0/f/0/v"), "ab") << positional.body;
}

TEST_F(BigQueryTest, TheDefaultDatasetAndTimeZoneAreUsed) {
  MakeDataset("d");
  ASSERT_EQ(Query("CREATE TABLE d.t AS SELECT 7 AS a").status, 200);
  EXPECT_EQ(Query("SELECT a FROM t", R"("defaultDataset":{"datasetId":"d"})").At("/rows/0/f/0/v"),
            "7");
  EXPECT_EQ(Query("SELECT CAST(TIMESTAMP '2024-01-01 00:00:00' AS STRING)",
                  R"("connectionProperties":[{"key":"time_zone","value":"America/New_York"}])")
                .At("/rows/0/f/0/v"),
            "2024-01-01 00:00:00-05");
}

TEST_F(BigQueryTest, JobsAreListedCancelledAndDeleted) {
  ASSERT_EQ(api_->Post("/jobs", JobBody("SELECT 1", "a")).status, 200);
  EXPECT_EQ(Done("a").At("/status/state"), "DONE");
  const Reply list = api_->Get("/jobs?stateFilter=done&projection=full&allUsers=false");
  EXPECT_EQ(list.At("/jobs/0/jobReference/jobId"), "a");
  EXPECT_EQ(list.At("/jobs/0/state"), "DONE");
  EXPECT_EQ(api_->Get("/jobs?stateFilter=pending").At("/jobs"), "");
  EXPECT_EQ(api_->Get("/jobs?parentJobId=a").At("/jobs"), "");
  EXPECT_EQ(api_->Get("/jobs?minCreationTime=99999999999999").At("/jobs"), "");
  const Reply cancelled = api_->Post("/jobs/a/cancel", "");
  EXPECT_EQ(cancelled.At("/kind"), "bigquery#jobCancelResponse");
  EXPECT_EQ(cancelled.At("/job/status/state"), "DONE");
  EXPECT_EQ(api_->Delete("/jobs/a/delete").status, 204);
  EXPECT_EQ(api_->Get("/jobs/a").status, 404);
}

TEST_F(BigQueryTest, ASlowQueryIsAnsweredAsIncompleteAndCanBeCancelled) {
  const Reply made = api_->Post("/queries", R"({"useLegacySql":false,"timeoutMs":0,"query":
      "SELECT SUM(MOD(a * b, 7)) FROM UNNEST(GENERATE_ARRAY(1, 300000)) AS a, UNNEST(GENERATE_ARRAY(1, 300000)) AS b"})");
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(made.At("/jobComplete"), "false");
  EXPECT_EQ(made.At("/rows"), "");
  const std::string id = made.At("/jobReference/jobId");
  EXPECT_EQ(api_->Get("/queries/" + id + "?timeoutMs=0").At("/jobComplete"), "false");
  EXPECT_EQ(api_->Post("/jobs/" + id + "/cancel", "").status, 200);
  const Reply results = api_->Get("/queries/" + id + "?timeoutMs=60000");
  EXPECT_EQ(results.status, 499) << results.body;
  EXPECT_EQ(results.Reason(), "stopped");
  EXPECT_EQ(api_->Get("/jobs/" + id).At("/status/errorResult/reason"), "stopped");
}

struct BadJob {
  const char* about;
  const char* path;
  const char* body;
  int status;
  const char* reason;
  const char* message;  // a part of it
};
constexpr BadJob kBadJobs[] = {
    {"legacy by default", "/queries", R"({"query":"SELECT 1"})", 400, "invalid",
     "set useLegacySql to false"},
    {"legacy", "/jobs", R"({"configuration":{"query":{"query":"SELECT 1","useLegacySql":true}}})",
     400, "invalid", "Legacy SQL is not supported"},
    {"no query", "/queries", R"({"useLegacySql":false})", 400, "required", "query"},
    {"syntax", "/queries", R"({"query":"SELEC 1","useLegacySql":false})", 400, "invalidQuery",
     "[1:1]"},
    {"no table", "/queries", R"({"query":"SELECT * FROM nowhere.t","useLegacySql":false})", 404,
     "notFound", "nowhere"},
    {"session", "/queries", R"({"query":"SELECT 1","useLegacySql":false,"createSession":true})",
     501, "notImplemented", "createSession"},
    {"billed bytes", "/queries",
     R"({"query":"SELECT 1","useLegacySql":false,"maximumBytesBilled":"1"})", 501, "notImplemented",
     "maximumBytesBilled"},
    {"other property", "/queries",
     R"({"query":"SELECT 1","useLegacySql":false,"connectionProperties":[{"key":"session_id","value":"x"}]})",
     501, "notImplemented", "session_id"},
    {"unknown member", "/queries", R"({"query":"SELECT 1","useLegacySql":false,"timeoutMS":1})",
     400, "invalid", "timeoutMs"},
    {"timestamp texts", "/queries",
     R"({"query":"SELECT 1","useLegacySql":false,"formatOptions":{"timestampOutputFormat":"ISO8601_STRING"}})",
     501, "notImplemented", "ISO8601_STRING"},
    {"negative wait", "/queries", R"({"query":"SELECT 1","useLegacySql":false,"timeoutMs":-1})",
     400, "invalidParameter", "timeoutMs"},
    {"mixed parameters", "/queries",
     R"({"query":"SELECT 1","useLegacySql":false,"queryParameters":[{"name":"a","parameterType":{"type":"INT64"}},{"parameterType":{"type":"INT64"}}]})",
     400, "invalid", "queryParameters"},
    {"parameter type", "/queries",
     R"({"query":"SELECT 1","useLegacySql":false,"queryParameters":[{"name":"a","parameterType":{"type":"INT65"}}]})",
     400, "invalid", "INT65"},
    {"array of nothing", "/queries",
     R"({"query":"SELECT 1","useLegacySql":false,"queryParameters":[{"name":"a","parameterType":{"type":"ARRAY"}}]})",
     400, "required", "arrayType"},
    {"parameter mode", "/queries",
     R"({"query":"SELECT 1","useLegacySql":false,"parameterMode":"BOTH"})", 400, "invalid", "BOTH"},
    {"nothing to do", "/jobs", R"({"configuration":{"labels":{}}})", 400, "required",
     "configuration.query"},
    {"no configuration", "/jobs", "{}", 400, "required", "configuration"},
    {"two kinds", "/jobs", R"({"configuration":{"query":{"query":"SELECT 1"},"load":{}}})", 400,
     "invalid", "exactly one"},
    {"other project", "/jobs",
     R"({"jobReference":{"projectId":"q"},"configuration":{"query":{"query":"SELECT 1","useLegacySql":false}}})",
     400, "invalid", "projectId"},
    {"bad job id", "/jobs",
     R"({"jobReference":{"jobId":"a b"},"configuration":{"query":{"query":"SELECT 1","useLegacySql":false}}})",
     400, "invalid", "a b"},
    {"job timeout", "/jobs",
     R"({"configuration":{"jobTimeoutMs":"5","query":{"query":"SELECT 1","useLegacySql":false}}})",
     501, "notImplemented", "configuration.jobTimeoutMs"},
    {"script options", "/jobs",
     R"({"configuration":{"query":{"query":"SELECT 1","useLegacySql":false,"scriptOptions":{"statementTimeoutMs":"5"}}}})",
     501, "notImplemented", "configuration.query.scriptOptions"},
    {"priority", "/jobs",
     R"({"configuration":{"query":{"query":"SELECT 1","useLegacySql":false,"priority":"HIGH"}}})",
     400, "invalid", "priority"},
    {"load of nothing", "/jobs",
     R"({"configuration":{"load":{"destinationTable":{"datasetId":"d","tableId":"t"}}}})", 400,
     "required", "sourceUris"},
    {"load to nowhere", "/jobs", R"({"configuration":{"load":{"sourceUris":["gs://b/o"]}}})", 400,
     "required", "destinationTable"},
    {"Avro", "/jobs",
     R"({"configuration":{"load":{"sourceUris":["gs://b/o"],"sourceFormat":"AVRO","destinationTable":{"datasetId":"d","tableId":"t"}}}})",
     501, "notImplemented", "AVRO"},
    {"dry load", "/jobs",
     R"({"configuration":{"dryRun":true,"load":{"sourceUris":["gs://b/o"],"destinationTable":{"datasetId":"d","tableId":"t"}}}})",
     501, "notImplemented", "dryRun"},
};

TEST_F(BigQueryTest, BadJobsAreRefusedByName) {
  for (const BadJob& bad : kBadJobs) {
    const Reply reply = api_->Post(bad.path, bad.body);
    EXPECT_EQ(reply.status, bad.status) << bad.about << ": " << reply.body;
    EXPECT_EQ(reply.Reason(), bad.reason) << bad.about << ": " << reply.body;
    EXPECT_THAT(reply.At("/error/message"), HasSubstr(bad.message)) << bad.about;
  }
  EXPECT_EQ(api_->Get("/jobs/none").Reason(), "notFound");
  EXPECT_EQ(api_->Get("/queries/none").Reason(), "notFound");
  EXPECT_EQ(api_->Get("/jobs?stateFilter=gone").Reason(), "invalidParameter");
}

}  // namespace
}  // namespace landfall::api::bigquery_json
