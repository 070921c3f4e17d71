#include "warehouse/catalog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <thread>

namespace landfall::warehouse {
namespace {

using googlesql::TypeKind;
using ::testing::HasSubstr;
using ::testing::SizeIs;

Field MakeField(std::string name, TypeKind type = TypeKind::kString, Mode mode = Mode::kNullable) {
  Field field;
  field.name = std::move(name);
  field.type = type;
  field.mode = mode;
  return field;
}

class CatalogTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = ::testing::TempDir() + "/catalog_" +
            ::testing::UnitTest::GetInstance()->current_test_info()->name() + ".duckdb";
    std::filesystem::remove(path_);
    std::filesystem::remove(path_ + ".wal");
    Reopen();
  }
  void Reopen() {
    catalog.reset();
    connection.reset();
    database.reset();
    DatabaseOptions options;
    options.path = path_;
    database = Database::Open(options, nullptr).value();
    connection = database->Connect().value();
    catalog = Catalog::Open(*connection, clock).value();
  }
  template <typename Body>
  Status Change(Body body) {
    Transaction transaction = TRY(Transaction::Begin(*connection));
    CatalogChange change(*catalog, *connection);
    TRY(body(change));
    return change.Commit(transaction);
  }
  Status CreateDataset(const std::string& name) {
    Dataset dataset;
    dataset.ref = {"p", name};
    return Change([&](CatalogChange& change) { return change.CreateDataset(dataset); });
  }
  Status CreateTable(Table table) {
    return Change([&](CatalogChange& change) { return change.CreateTable(table); });
  }
  static Table MakeTable(const std::string& name, Schema schema) {
    Table table;
    table.ref = {"p", "d", name};
    table.schema = std::move(schema);
    return table;
  }
  std::int64_t Count(const std::string& sql) {
    QueryResult result = connection->Run(sql).value();
    EXPECT_TRUE(result.Next().value());
    return result.Int64(0);
  }

  FakeClock clock;
  std::unique_ptr<Database> database;
  std::unique_ptr<Connection> connection;
  std::unique_ptr<Catalog> catalog;

 private:
  std::string path_;
};

TEST_F(CatalogTest, KeepsDatasetsAndTablesAcrossARestart) {
  ASSERT_TRUE(CreateDataset("d").ok());
  Table table = MakeTable("t", {MakeField("a", TypeKind::kInt64, Mode::kRequired),
                                MakeField("b", TypeKind::kString, Mode::kRepeated)});
  table.labels["k"] = "v";
  table.time_partitioning = TimePartitioning{"HOUR", "", std::nullopt};
  ASSERT_TRUE(CreateTable(table).ok());
  Reopen();
  const auto found = catalog->GetTable({"p", "d", "t"}).value();
  EXPECT_EQ(ToText(SchemaJson(found->schema)), ToText(SchemaJson(table.schema)));
  EXPECT_EQ(found->labels.at("k"), "v");
  EXPECT_EQ(found->time_partitioning->type, "HOUR");
  EXPECT_EQ(found->created, clock.Now());
  EXPECT_FALSE(found->etag.empty());
}

TEST_F(CatalogTest, TableNamesThatDifferInCaseOnlyAreTwoTables) {
  ASSERT_TRUE(CreateDataset("d").ok());
  ASSERT_TRUE(CreateTable(MakeTable("foo", {MakeField("a")})).ok());
  ASSERT_TRUE(CreateTable(MakeTable("Foo", {MakeField("a")})).ok());
  EXPECT_THAT(catalog->Tables({"p", "d"}), SizeIs(2));
  EXPECT_NE(PhysicalName({"p", "d", "^foo"}), PhysicalName({"p", "d", "Foo"}));
}

TEST_F(CatalogTest, ARolledBackChangeIsNeverSeen) {
  ASSERT_TRUE(CreateDataset("d").ok());
  {
    Transaction transaction = Transaction::Begin(*connection).value();
    CatalogChange change(*catalog, *connection);
    ASSERT_TRUE(change.CreateTable(MakeTable("t", {MakeField("a")})).ok());
    EXPECT_NE(change.FindTable({"p", "d", "t"}), nullptr);
    EXPECT_EQ(catalog->FindTable({"p", "d", "t"}), nullptr);
  }
  EXPECT_EQ(catalog->FindTable({"p", "d", "t"}), nullptr);
  EXPECT_TRUE(CreateTable(MakeTable("t", {MakeField("a")})).ok());
}

TEST_F(CatalogTest, NamesWhatIsMissingOrAlreadyThere) {
  EXPECT_EQ(catalog->GetTable({"p", "d", "t"}).status().message(), "Not found: Dataset p:d");
  ASSERT_TRUE(CreateDataset("d").ok());
  EXPECT_EQ(catalog->GetTable({"p", "d", "t"}).status().message(),
            "Not found: Table p:d.t was not found in location US");
  EXPECT_EQ(CreateDataset("d").message(), "Already Exists: Dataset p:d");
  ASSERT_TRUE(CreateTable(MakeTable("t", {MakeField("a")})).ok());
  const Status twice = CreateTable(MakeTable("t", {MakeField("a")}));
  EXPECT_EQ(twice.message(), "Already Exists: Table p:d.t");
  EXPECT_EQ(twice.code(), Code::kAlreadyExists);
}

TEST_F(CatalogTest, ANonEmptyDatasetNeedsDeleteContents) {
  ASSERT_TRUE(CreateDataset("d").ok());
  ASSERT_TRUE(CreateTable(MakeTable("t", {MakeField("a")})).ok());
  const Status refused =
      Change([](CatalogChange& change) { return change.DropDataset({"p", "d"}, false); });
  EXPECT_EQ(refused.reason(), "resourceInUse");
  ASSERT_TRUE(
      Change([](CatalogChange& change) { return change.DropDataset({"p", "d"}, true); }).ok());
  Reopen();
  EXPECT_EQ(catalog->FindDataset({"p", "d"}), nullptr);
  EXPECT_EQ(catalog->FindTable({"p", "d", "t"}), nullptr);
  EXPECT_TRUE(CreateDataset("d").ok());
}

TEST_F(CatalogTest, AddsFieldsInPlaceAtEveryDepth) {
  ASSERT_TRUE(CreateDataset("d").ok());
  Field record = MakeField("r", TypeKind::kStruct);
  record.fields = {MakeField("x")};
  Field list = MakeField("l", TypeKind::kStruct, Mode::kRepeated);
  list.fields = {MakeField("q")};
  ASSERT_TRUE(
      CreateTable(MakeTable("t", {record, list, MakeField("a", TypeKind::kInt64, Mode::kRequired)}))
          .ok());
  ASSERT_TRUE(
      connection->Execute("INSERT INTO \"p:d\".t (r, l, a) VALUES ({'x': 'k'}, [{'q': 'm'}], 1)")
          .ok());

  record.fields.push_back(MakeField("y", TypeKind::kInt64));
  list.fields.push_back(MakeField("w"));
  const Schema wider = {record, list, MakeField("a", TypeKind::kInt64),
                        MakeField("n", TypeKind::kString, Mode::kRepeated)};
  const Status altered =
      Change([&](CatalogChange& change) { return change.AlterTable(MakeTable("t", wider)); });
  ASSERT_TRUE(altered.ok()) << altered.ToString();
  EXPECT_EQ(Count("SELECT count(*) FROM \"p:d\".t WHERE r.x = 'k' AND r.y IS NULL AND l[1].q = 'm' "
                  "AND len(n) = 0"),
            1);
  EXPECT_TRUE(connection->Execute("INSERT INTO \"p:d\".t (a) VALUES (NULL)").ok());
}

TEST_F(CatalogTest, RefusesSchemaChangesThatLoseData) {
  ASSERT_TRUE(CreateDataset("d").ok());
  ASSERT_TRUE(CreateTable(MakeTable("t", {MakeField("a"), MakeField("b")})).ok());
  struct Case {
    Schema schema;
    std::string message;
  };
  const Case cases[] = {
      {{MakeField("a")}, "Field b is missing in new schema"},
      {{MakeField("a", TypeKind::kInt64), MakeField("b")},
       "Field a has changed type from STRING to INTEGER"},
      {{MakeField("a"), MakeField("b", TypeKind::kString, Mode::kRequired)},
       "Field b has changed mode"},
      {{MakeField("a"), MakeField("b"), MakeField("c", TypeKind::kString, Mode::kRequired)},
       "Cannot add required fields"},
  };
  for (const Case& c : cases) {
    const Status status =
        Change([&](CatalogChange& change) { return change.AlterTable(MakeTable("t", c.schema)); });
    EXPECT_EQ(status.code(), Code::kInvalidArgument);
    EXPECT_THAT(status.message(),
                HasSubstr("Provided Schema does not match Table p:d.t. " + c.message));
  }
}

TEST_F(CatalogTest, IngestionTimePartitionDefaultsToNow) {
  ASSERT_TRUE(CreateDataset("d").ok());
  Table table = MakeTable("t", {MakeField("a")});
  table.time_partitioning = TimePartitioning{"DAY", "", std::nullopt};
  ASSERT_TRUE(CreateTable(table).ok());
  ASSERT_TRUE(connection->Execute("SET TimeZone = 'America/New_York'").ok());
  ASSERT_TRUE(connection->Execute("INSERT INTO \"p:d\".t (a) VALUES ('x')").ok());
  EXPECT_EQ(Count("SELECT epoch_us(_PARTITIONTIME) % 86400000000 FROM \"p:d\".t"), 0);
}

TEST_F(CatalogTest, AnExpiredTableIsGoneAndDoesNotBlockItsName) {
  ASSERT_TRUE(CreateDataset("d").ok());
  Table table = MakeTable("t", {MakeField("a")});
  table.expiration = clock.Now() + std::chrono::seconds(10);
  ASSERT_TRUE(CreateTable(table).ok());
  clock.Advance(std::chrono::seconds(10));
  EXPECT_EQ(catalog->FindTable(table.ref), nullptr);
  EXPECT_THAT(catalog->Tables({"p", "d"}), SizeIs(0));
  EXPECT_THAT(catalog->ExpiredTables(), SizeIs(1));
  EXPECT_TRUE(CreateTable(MakeTable("t", {MakeField("b")})).ok());
  EXPECT_EQ(catalog->FindTable(table.ref)->schema[0].name, "b");
}

TEST_F(CatalogTest, ChecksPartitioningAndClustering) {
  ASSERT_TRUE(CreateDataset("d").ok());
  Table table = MakeTable("t", {MakeField("a"), MakeField("ts", TypeKind::kTimestamp)});
  table.time_partitioning = TimePartitioning{"DAY", "a", std::nullopt};
  EXPECT_THAT(CreateTable(table).message(),
              HasSubstr("can only be of type TIMESTAMP, DATE or DATETIME"));
  table.time_partitioning->field = "nope";
  EXPECT_THAT(CreateTable(table).message(), HasSubstr("cannot be found in the schema: nope"));
  table.time_partitioning->field = "ts";
  table.clustering = {"zz"};
  EXPECT_THAT(CreateTable(table).message(), HasSubstr("zz"));
  table.clustering = {"a"};
  EXPECT_TRUE(CreateTable(table).ok());
}

TEST_F(CatalogTest, WhoSeesACommitSeesItsTable) {
  ASSERT_TRUE(CreateDataset("d").ok());
  constexpr int kTables = 60;
  std::atomic<int> missed{0};
  std::jthread reader([&](const std::stop_token& stop) {
    const auto other = database->Connect().value();
    for (int n = 0; n < kTables && !stop.stop_requested();) {
      const std::string name = "t" + std::to_string(n);
      QueryResult rows =
          other->Run("SELECT 1 FROM _landfall.tables WHERE name = $1", {std::string_view(name)})
              .value();
      if (!rows.Next().value()) continue;
      if (catalog->FindTable({"p", "d", name}) == nullptr) ++missed;
      ++n;
    }
  });
  for (int n = 0; n < kTables; ++n)
    ASSERT_TRUE(CreateTable(MakeTable("t" + std::to_string(n), {MakeField("a")})).ok());
  reader.join();
  EXPECT_EQ(missed, 0);
}

}  // namespace
}  // namespace landfall::warehouse
