// Datasets, tables, rows and upkeep through the public interface.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "warehouse/catalog.h"
#include "warehouse/job_store.h"
#include "warehouse/testing.h"

namespace landfall::warehouse {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

ResourcePatch Patch(std::string_view json) { return ParseJson(json).value().as_object(); }

Table MakeTable(const std::string& name, std::string_view fields) {
  Table table;
  table.ref = {"p", "d", name};
  table.schema = ParseSchema(ParseJson(fields).value().as_array()).value();
  return table;
}

TEST(WarehouseRestart, EndsJobsThatWereNotDone) {
  TestWarehouse t;
  t.Close();
  {
    DatabaseOptions options;
    options.path = t.dir() + "/warehouse.duckdb";
    const auto database = Database::Open(options, nullptr).value();
    Job job;
    job.ref = {"p", "lost"};
    job.created = t.clock.Now();
    ASSERT_TRUE(InsertJob(*database->Connect().value(), job).ok());
  }
  t.Reopen();
  const Job ended = t->GetJob(t.ctx, JobRef{"p", "lost"}).value();
  EXPECT_EQ(ended.state, JobState::kDone);
  EXPECT_EQ(ended.error->reason, "backendError");
  EXPECT_EQ(ended.error->message, "the server stopped while the job ran");
}

TEST(WarehouseRestart, ASecondOpenOfTheSameDirectoryIsRefused) {
  TestWarehouse t;
  Options options;
  options.dir = t.dir();
  const auto second =
      Open(options, t.objects, *t.files, t.clock, t.random, t.faults, t.log, t.metrics);
  EXPECT_EQ(second.status().reason(), "locked");
}

TEST(WarehouseDatasets, ArePatchedUnderTheirEtag) {
  TestWarehouse t;
  t.MakeDataset();
  const Dataset before = t->GetDataset(t.ctx, {"p", "d"}).value();
  const Dataset patched =
      t->PatchDataset(t.ctx, {"p", "d"},
                      Patch(R"({"labels": {"a": "b"}, "defaultTableExpirationMs": "3600000"})"),
                      before.etag)
          .value();
  EXPECT_EQ(patched.labels.at("a"), "b");
  EXPECT_EQ(patched.default_table_expiration_ms, 3'600'000);
  EXPECT_NE(patched.etag, before.etag);
  const Status stale =
      t->PatchDataset(t.ctx, {"p", "d"}, Patch(R"({"description": "x"})"), before.etag).status();
  EXPECT_EQ(stale.reason(), "conditionNotMet");
  const Status unknown =
      t->PatchDataset(t.ctx, {"p", "d"}, Patch(R"({"descripton": "x"})"), "").status();
  EXPECT_THAT(unknown.message(), HasSubstr("did you mean \"description\"?"));
  EXPECT_EQ(t->PatchDataset(t.ctx, {"p", "d"}, Patch(R"({"maxTimeTravelHours": "48"})"), "")
                .status()
                .code(),
            Code::kUnimplemented);
}

TEST(WarehouseDatasets, AreListedByLabelAndPage) {
  TestWarehouse t;
  for (const char* name : {"a", "b", "c"}) t.MakeDataset(name);
  ASSERT_TRUE(t->PatchDataset(t.ctx, {"p", "b"}, Patch(R"({"labels": {"env": "prod"}})"), "").ok());
  PageOptions options;
  options.label_filter = "labels.env:prod";
  EXPECT_THAT(t->ListDatasets(t.ctx, "p", options).value().items, SizeIs(1));
  options = {};
  options.results_max = 2;
  std::vector<std::string> names;
  do {
    const Page<Dataset> page = t->ListDatasets(t.ctx, "p", options).value();
    for (const Dataset& dataset : page.items) names.push_back(dataset.ref.dataset);
    options.page_token = page.next_page_token;
  } while (!options.page_token.empty());
  EXPECT_THAT(names, ElementsAre("a", "b", "bigquery_loads", "c", "landfall_system"));
}

TEST(WarehouseDatasets, RefusesBadNames) {
  TestWarehouse t;
  for (const char* name : {"", "a-b", "a.b", "ä"}) {
    Dataset dataset;
    dataset.ref = {"p", name};
    EXPECT_EQ(t->CreateDataset(t.ctx, dataset).status().code(), Code::kInvalidArgument) << name;
  }
}

TEST(WarehouseTables, PatchWidensTheSchemaAndQueriesSeeIt) {
  TestWarehouse t;
  t.MakeDataset();
  ASSERT_TRUE(
      t->CreateTable(t.ctx, MakeTable("t", R"([{"name":"a","type":"INTEGER","mode":"REQUIRED"}])"))
          .ok());
  ASSERT_FALSE(t.Run("INSERT INTO d.t (a) VALUES (1)").error);
  EXPECT_THAT(t.Run("INSERT INTO d.t (a) VALUES (NULL)").error->message,
              HasSubstr("Required field a cannot be null"));
  const Table wider = t->PatchTable(t.ctx, {"p", "d", "t"},
                                    Patch(
                                        R"({"schema":{"fields":[{"name":"a","type":"INTEGER"},
                  {"name":"b","type":"STRING","mode":"REPEATED"}]},
               "description":"wide"})"),
                                    "")
                          .value();
  EXPECT_EQ(wider.num_rows, 1);
  EXPECT_GT(wider.num_bytes, 0);
  EXPECT_EQ(t.Ask("SELECT a, b FROM d.t"), R"({"f":[{"v":"1"},{"v":[]}]})");
  EXPECT_FALSE(t.Run("INSERT INTO d.t (a) VALUES (NULL)").error);
  for (const char* refused : {R"({"clustering":{"fields":["a"]}})",
                              R"({"externalDataConfiguration":{"autodetect":true}})"}) {
    EXPECT_EQ(t->PatchTable(t.ctx, {"p", "d", "t"}, Patch(refused), "").status().code(),
              Code::kUnimplemented)
        << refused;
  }
  EXPECT_EQ(t->PatchTable(t.ctx, {"p", "d", "t"},
                          Patch(R"({"schema":{"fields":[{"name":"a","type":"STRING"}]}})"), "")
                .status()
                .code(),
            Code::kInvalidArgument);
}

TEST(WarehouseTables, ViewsThroughTheInterfaceAndSqlAreOneCatalog) {
  TestWarehouse t;
  t.MakeDataset();
  t.Run("CREATE TABLE d.t AS SELECT 1 AS a");
  Table view;
  view.ref = {"p", "d", "v"};
  view.type = "VIEW";
  view.view_query = "SELECT a + 1 AS b FROM d.t";
  const Table made = t->CreateTable(t.ctx, view).value();
  EXPECT_EQ(made.schema.at(0).name, "b");
  EXPECT_EQ(t.Ask("SELECT b FROM d.v"), R"({"f":[{"v":"2"}]})");
  EXPECT_EQ(t->ReadTable(t.ctx, view.ref, {}).status().message(),
            "Cannot list a table of type VIEW.");
  view.ref.table = "w";
  view.view_query = "SELECT nope FROM d.t";
  EXPECT_EQ(t->CreateTable(t.ctx, view).status().reason(), "invalidQuery");
  EXPECT_THAT(t->ListTables(t.ctx, {"p", "d"}, {}).value().items, SizeIs(2));
}

TEST(WarehouseTables, RowsArePagedWithoutGapsOrRepeats) {
  TestWarehouse t;
  t.MakeDataset();
  ASSERT_FALSE(
      t.Run("CREATE TABLE d.t AS SELECT x FROM UNNEST(GENERATE_ARRAY(1, 5000)) AS x").error);
  RowsRequest request;
  request.rows_max = 999;
  std::vector<bool> seen(5001);
  std::size_t rows = 0;
  do {
    const Rows page = t->ReadTable(t.ctx, {"p", "d", "t"}, request).value();
    EXPECT_EQ(page.total_rows, 5000u);
    for (const std::string& row : page.rows) {
      seen.at(static_cast<std::size_t>(std::stoi(row.substr(12)))) = true;
      ++rows;
    }
    request.page_token = page.next_page_token;
  } while (!request.page_token.empty());
  EXPECT_EQ(rows, 5000u);
  EXPECT_EQ(std::count(seen.begin(), seen.end(), true), 5000);
  request.page_token = "bogus";
  EXPECT_EQ(t->ReadTable(t.ctx, {"p", "d", "t"}, request).status().code(), Code::kInvalidArgument);
}

TEST(WarehouseTables, SelectedFieldsAreGivenInTheOrderOfTheSchema) {
  TestWarehouse t;
  t.MakeDataset();
  t.Run("CREATE TABLE d.t AS SELECT 1 AS a, 'x' AS b, TIMESTAMP '2020-01-01' AS c");
  RowsRequest request;
  request.selected_fields = {"c", "A"};
  request.int64_timestamps = true;
  EXPECT_THAT(t->ReadTable(t.ctx, {"p", "d", "t"}, request).value().rows,
              ElementsAre(R"({"f":[{"v":"1"},{"v":"1577836800000000"}]})"));
  const Job job = t.Run("SELECT * FROM d.t");
  EXPECT_THAT(t->ReadTable(t.ctx, *job.destination, request).value().rows,
              ElementsAre(R"({"f":[{"v":"1"},{"v":"1577836800000000"}]})"));
  request.selected_fields = {"zz"};
  EXPECT_EQ(t->ReadTable(t.ctx, {"p", "d", "t"}, request).status().message(), "No such field: zz");
}

TEST(WarehouseQueries, DryRunTellsWithoutRunning) {
  TestWarehouse t;
  t.MakeDataset();
  t.Run("CREATE TABLE d.t AS SELECT x AS a, 'k' AS b FROM UNNEST([1, 2, 3]) AS x");
  QueryConfig config;
  config.dry_run = true;
  config.sql = "SELECT a FROM d.t";
  const Job plan = t->InsertQuery(t.ctx, JobRef{"p", "dry"}, config, {}, "").value();
  EXPECT_EQ(plan.state, JobState::kDone);
  EXPECT_EQ(plan.bytes_processed, 24);
  EXPECT_THAT(plan.referenced_tables, ElementsAre(TableRef{"p", "d", "t"}));
  EXPECT_EQ(t->GetJob(t.ctx, JobRef{"p", "dry"}).status().code(), Code::kNotFound);
  config.sql = "DELETE FROM d.t WHERE true";
  ASSERT_TRUE(t->InsertQuery(t.ctx, JobRef{"p", ""}, config, {}, "").ok());
  EXPECT_EQ(t.Ask("SELECT COUNT(*) FROM d.t"), R"({"f":[{"v":"3"}]})");
  config.sql = "SELEC";
  EXPECT_EQ(t->InsertQuery(t.ctx, JobRef{"p", ""}, config, {}, "").status().reason(),
            "invalidQuery");
}

TEST(WarehouseQueries, RefuseLegacySqlByName) {
  TestWarehouse t;
  QueryConfig config;
  config.sql = "SELECT 1";
  config.use_legacy_sql = true;
  const Status refused = t->InsertQuery(t.ctx, JobRef{"p", ""}, config, {}, "").status();
  EXPECT_EQ(refused.code(), Code::kUnimplemented);
  EXPECT_THAT(refused.message(), HasSubstr("useLegacySql"));
}

TEST(WarehouseQueries, ErrorsOfValuesAreTheUsersOwn) {
  TestWarehouse t;
  const Job job = t.Run("SELECT 1 / x FROM UNNEST([0]) AS x");
  ASSERT_TRUE(job.error);
  EXPECT_EQ(job.error->reason, "invalidQuery");
  EXPECT_THAT(job.error->message, HasSubstr("division by zero"));
}

TEST(WarehouseUpkeep, ResultsAreKeptForTheirTime) {
  TestWarehouse t;
  const Job job = t.Run("SELECT 1");
  t.clock.Advance(std::chrono::hours(23));
  EXPECT_TRUE(t->JobRows(t.ctx, job.ref, {}).ok());
  t.clock.Advance(std::chrono::hours(2));
  EXPECT_EQ(t->JobRows(t.ctx, job.ref, {}).status().code(), Code::kNotFound);
  t.Reopen();
  EXPECT_EQ(t->JobRows(t.ctx, job.ref, {}).status().code(), Code::kNotFound);
}

}  // namespace
}  // namespace landfall::warehouse
