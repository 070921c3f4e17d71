// Datasets, tables and their errors, over the real warehouse.
#include "api/bigquery_json_fixture.h"

namespace landfall::api::bigquery_json {
namespace {

using ::testing::HasSubstr;

constexpr char kTable[] = R"({
  "tableReference": {"projectId": "p", "datasetId": "d", "tableId": "t"},
  "schema": {"fields": [{"name": "a", "type": "INTEGER", "mode": "REQUIRED"}, {"name": "b", "type": "STRING"}]},
  "timePartitioning": {"type": "DAY", "expirationMs": "86400000"},
  "clustering": {"fields": ["b"]}, "labels": {"x": "y"}, "description": "nations"})";

TEST_F(BigQueryTest, ADatasetIsShownAsItWasMade) {
  const Reply made =
      api_->Post("/datasets", R"({"datasetReference":{"projectId":"p","datasetId":"d"},
      "labels":{"a":"b"},"description":"x","defaultTableExpirationMs":"3600000","location":"EU"})");
  ASSERT_EQ(made.status, 200) << made.body;
  const Reply got = api_->Get("/datasets/d");
  EXPECT_EQ(got.body, made.body);
  EXPECT_EQ(got.At("/kind"), "bigquery#dataset");
  EXPECT_EQ(got.At("/id"), "p:d");
  EXPECT_EQ(got.At("/selfLink"), "http://localhost:8080/bigquery/v2/projects/p/datasets/d");
  EXPECT_EQ(got.At("/datasetReference/projectId"), "p");
  EXPECT_EQ(got.At("/labels/a"), "b");
  EXPECT_EQ(got.At("/location"), "EU");
  EXPECT_EQ(got.At("/defaultTableExpirationMs"), "3600000");
  EXPECT_FALSE(got.At("/etag").empty());
}

TEST_F(BigQueryTest, DatasetsAreListedByLabelAndPage) {
  for (const char* name : {"a", "b", "c"}) MakeDataset(name);
  (void)api_->Patch("/datasets/b", R"({"labels":{"k":"v"}})");
  EXPECT_EQ(api_->Get("/datasets?filter=labels.k:v").At("/datasets/0/id"), "p:b");
  EXPECT_EQ(api_->Get("/datasets?filter=labels.k:v").At("/datasets/1/id"), "");
  EXPECT_EQ(api_->Get("/datasets?filter=name").Reason(), "invalidParameter");
  const Reply first = api_->Get("/datasets?maxResults=1");
  EXPECT_EQ(first.At("/datasets/0/id"), "p:a");
  EXPECT_EQ(api_->Get("/datasets?maxResults=1&pageToken=" + first.At("/nextPageToken"))
                .At("/datasets/0/id"),
            "p:b");
}

TEST_F(BigQueryTest, APatchHonoursIfMatch) {
  MakeDataset("d");
  const std::string etag = api_->Get("/datasets/d").At("/etag");
  EXPECT_EQ(api_->Patch("/datasets/d", R"({"description":"1"})", {{"If-Match", etag}}).status, 200);
  const Reply stale = api_->Patch("/datasets/d", R"({"description":"2"})", {{"If-Match", etag}});
  EXPECT_EQ(stale.status, 412);
  EXPECT_EQ(stale.Reason(), "conditionNotMet");
  EXPECT_EQ(stale.At("/error/errors/0/locationType"), "header");
  EXPECT_EQ(api_->Get("/datasets/d").At("/description"), "1");
}

TEST_F(BigQueryTest, AnUpdateRemovesWhatItLeavesOut) {
  ASSERT_EQ(api_->Post("/datasets", R"({"datasetReference":{"datasetId":"d"},"description":"x",
      "labels":{"a":"1","b":"2"}})")
                .status,
            200);
  const Reply updated =
      api_->Put("/datasets/d", R"({"datasetReference":{"projectId":"p","datasetId":"d"},
      "labels":{"b":"3"}})");
  ASSERT_EQ(updated.status, 200) << updated.body;
  EXPECT_EQ(updated.At("/labels"), R"({"b":"3"})");
  EXPECT_EQ(updated.At("/description"), "");
}

TEST_F(BigQueryTest, ATableSentBackByAnUpdateStaysAsItIs) {
  MakeDataset("d");
  ASSERT_EQ(api_->Post("/datasets/d/tables", kTable).status, 200);
  const Reply before = api_->Get("/datasets/d/tables/t");
  const Reply after = api_->Put("/datasets/d/tables/t", before.body);
  ASSERT_EQ(after.status, 200) << after.body;
  EXPECT_EQ(after.At("/clustering/fields/0"), "b");
  EXPECT_EQ(after.At("/labels/x"), "y");
}

TEST_F(BigQueryTest, ATableIsShownAsItWasMade) {
  MakeDataset("d");
  ASSERT_EQ(api_->Post("/datasets/d/tables", kTable).status, 200);
  const Reply got = api_->Get("/datasets/d/tables/t");
  EXPECT_EQ(got.At("/id"), "p:d.t");
  EXPECT_EQ(got.At("/type"), "TABLE");
  EXPECT_EQ(got.At("/schema/fields/0/mode"), "REQUIRED");
  EXPECT_EQ(got.At("/timePartitioning/type"), "DAY");
  EXPECT_EQ(got.At("/timePartitioning/expirationMs"), "86400000");
  EXPECT_EQ(got.At("/clustering/fields/0"), "b");
  EXPECT_EQ(got.At("/labels/x"), "y");
  EXPECT_EQ(got.At("/numRows"), "0");
  EXPECT_EQ(got.At("/location"), "US");
  const Reply listed = api_->Get("/datasets/d/tables");
  EXPECT_EQ(listed.At("/tables/0/tableReference/tableId"), "t");
  EXPECT_EQ(api_->Delete("/datasets/d/tables/t").status, 204);
  EXPECT_EQ(api_->Get("/datasets/d/tables/t").status, 404);
}

TEST_F(BigQueryTest, AViewShowsItsQueryAndColumns) {
  MakeDataset("d");
  const Reply made =
      api_->Post("/datasets/d/tables", R"({"tableReference":{"datasetId":"d","tableId":"v"},
      "view":{"query":"SELECT 1 AS one","useLegacySql":false}})");
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(made.At("/type"), "VIEW");
  EXPECT_EQ(made.At("/view/query"), "SELECT 1 AS one");
  EXPECT_EQ(made.At("/schema/fields/0/name"), "one");
}

TEST_F(BigQueryTest, RowsOfATableComeInPagesAndForms) {
  MakeDataset("d");
  ASSERT_EQ(
      Query("CREATE TABLE d.t AS SELECT x, TIMESTAMP_SECONDS(x) AS ts FROM UNNEST([1, 2, 3]) AS x")
          .status,
      200);
  const std::string data = "/datasets/d/tables/t/data";
  EXPECT_EQ(api_->Get(data + "?maxResults=0").body,
            R"({"kind":"bigquery#tableDataList","totalRows":"3"})");
  const Reply first = api_->Get(data + "?maxResults=2");
  EXPECT_EQ(first.json.at("rows").as_array().size(), 2u);
  const Reply rest = api_->Get(data + "?maxResults=2&pageToken=" + first.At("/pageToken"));
  EXPECT_EQ(rest.json.at("rows").as_array().size(), 1u);
  EXPECT_EQ(rest.At("/pageToken"), "");
  EXPECT_EQ(api_->Get(data + "?startIndex=2&selectedFields=ts").At("/rows/0/f/0/v"), "3.0");
  EXPECT_EQ(api_->Get(data + "?startIndex=2&selectedFields=ts&formatOptions.useInt64Timestamp=True")
                .At("/rows/0/f/0/v"),
            "3000000");
  EXPECT_EQ(
      api_->Get(data + "?startIndex=2&selectedFields=ts&formatOptions.timestampOutputFormat=INT64")
          .At("/rows/0/f/0/v"),
      "3000000");
  EXPECT_EQ(api_->Get(data + "?formatOptions.timestampOutputFormat=ISO8601_STRING").status, 501);
}

TEST_F(BigQueryTest, FieldsSelectsPartsOfAnswers) {
  MakeDataset("d");
  EXPECT_EQ(api_->Get("/datasets/d?fields=id").body, R"({"id":"p:d"})");
  const Reply made = Query("SELECT 1 AS x, 2 AS y");
  const std::string results = "/queries/" + made.At("/jobReference/jobId");
  EXPECT_EQ(api_->Get(results + "?fields=totalRows").body, R"({"totalRows":"1"})");
  EXPECT_EQ(api_->Get(results + "?fields=rows").body, R"({"rows":[{"f":[{"v":"1"},{"v":"2"}]}]})");
  EXPECT_EQ(api_->Get(results + "?fields=rows/f").body,
            R"({"rows":[{"f":[{"v":"1"},{"v":"2"}]}]})");
}

TEST_F(BigQueryTest, OneProjectIsListedAndEveryOneServed) {
  EXPECT_EQ(api_->Send(net::Method::kGet, "/bigquery/v2/projects").At("/projects/0/id"), "p");
  EXPECT_THAT(api_->Get("/serviceAccount").At("/email"), HasSubstr("@"));
  EXPECT_EQ(api_->Send(net::Method::kPost, "/projects/other/datasets",
                       R"({"datasetReference":{"datasetId":"x"}})")
                .At("/id"),
            "other:x");
  EXPECT_EQ(api_->Get("/datasets/x").status, 404);
}

struct BadCall {
  const char* about;
  net::Method method;
  const char* path;
  const char* body;
  int status;
  const char* reason;
  const char* message;  // a part of it
};
constexpr net::Method kGet = net::Method::kGet, kPost = net::Method::kPost,
                      kDelete = net::Method::kDelete, kPatch = net::Method::kPatch;
constexpr BadCall kBadCalls[] = {
    {"unknown dataset", kGet, "/datasets/no", "", 404, "notFound", "Not found: Dataset p:no"},
    {"unknown table", kGet, "/datasets/d/tables/no", "", 404, "notFound", "p:d.no"},
    {"a second dataset", kPost, "/datasets", R"({"datasetReference":{"datasetId":"d"}})", 409,
     "duplicate", "p:d"},
    {"dataset in use", kDelete, "/datasets/d", "", 400, "resourceInUse", "p:d"},
    {"no reference", kPost, "/datasets", "{}", 400, "required", "datasetReference"},
    {"other project", kPost, "/datasets",
     R"({"datasetReference":{"projectId":"q","datasetId":"z"}})", 400, "invalid", "projectId"},
    {"unknown member", kPost, "/datasets",
     R"({"datasetReference":{"datasetId":"z"},"descripton":"x"})", 400, "invalid",
     "did you mean \"description\""},
    {"unbuilt member", kPost, "/datasets",
     R"({"datasetReference":{"datasetId":"z"},"access":[{"role":"OWNER"}]})", 501, "notImplemented",
     "dataset.access"},
    {"bad label", kPost, "/datasets",
     R"({"datasetReference":{"datasetId":"z"},"labels":{"Big":"x"}})", 400, "invalid", "Big"},
    {"no JSON", kPost, "/datasets", "{", 400, "parseError", "Parse Error"},
    {"bad count", kGet, "/datasets?maxResults=x", "", 400, "invalidParameter", "maxResults"},
    {"hidden datasets", kGet, "/datasets?all=true", "", 501, "notImplemented", "all"},
    {"bad field type", kPost, "/datasets/d/tables",
     R"({"tableReference":{"tableId":"z"},"schema":{"fields":[{"name":"a","type":"INTEGR"}]}})",
     400, "invalid", "INTEGR"},
    {"external table", kPost, "/datasets/d/tables",
     R"({"tableReference":{"tableId":"z"},"externalDataConfiguration":{"sourceFormat":"CSV"}})",
     501, "notImplemented", "table.externalDataConfiguration"},
    {"partitioning type", kPost, "/datasets/d/tables",
     R"({"tableReference":{"tableId":"z"},"timePartitioning":{"type":"WEEK"}})", 400, "invalid",
     "WEEK"},
    {"legacy view", kPost, "/datasets/d/tables",
     R"({"tableReference":{"tableId":"z"},"view":{"query":"SELECT 1"}})", 400, "invalid",
     "Legacy SQL"},
    {"patch of an unbuilt member", kPatch, "/datasets/d/tables/t",
     R"({"encryptionConfiguration":{"kmsKeyName":"k"}})", 501, "notImplemented",
     "encryptionConfiguration"},
    {"rows of nothing", kGet, "/datasets/d/tables/no/data", "", 404, "notFound", "p:d.no"},
    {"insertAll", kPost, "/datasets/d/tables/t/insertAll", R"({"rows":[]})", 400, "invalid",
     "No rows present in the request."},
    {"routines", kGet, "/datasets/d/routines", "", 501, "notImplemented", "bigquery.routines.list"},
    {"undelete", kPost, "/datasets/d:undelete", "{}", 501, "notImplemented",
     "bigquery.datasets.undelete"},
    {"table IAM", kPost, "/datasets/d/tables/t:getIamPolicy", "{}", 501, "notImplemented",
     "bigquery.tables.getIamPolicy"},
};

TEST_F(BigQueryTest, BadCallsNameTheThingAndTheRule) {
  MakeDataset("d");
  ASSERT_EQ(api_->Post("/datasets/d/tables", kTable).status, 200);
  for (const BadCall& call : kBadCalls) {
    const Reply reply = api_->Send(call.method, api_->kBase + call.path, call.body);
    EXPECT_EQ(reply.status, call.status) << call.about << ": " << reply.body;
    EXPECT_EQ(reply.At("/error/code"), std::to_string(call.status)) << call.about;
    EXPECT_EQ(reply.Reason(), call.reason) << call.about << ": " << reply.body;
    EXPECT_THAT(reply.At("/error/message"), HasSubstr(call.message)) << call.about;
    EXPECT_NE(reply.At("/error/status"), "") << call.about;
  }
}

}  // namespace
}  // namespace landfall::api::bigquery_json
