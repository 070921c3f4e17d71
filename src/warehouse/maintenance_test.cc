#include "warehouse/maintenance.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "warehouse/job_store.h"
#include "warehouse/result_rows.h"

namespace landfall::warehouse {
namespace {

class MaintenanceTest : public ::testing::Test {
 protected:
  MaintenanceTest() {
    const std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    path = ::testing::TempDir() + "/maintenance_" + name + ".duckdb";
    std::filesystem::remove(path);
    std::filesystem::remove(path + ".wal");
    DatabaseOptions options;
    options.path = path;
    database = Database::Open(options, nullptr).value();
    connection = database->Connect().value();
    catalog = Catalog::Open(*connection, clock).value();
    CHECK_OK(CreateJobTables(*connection));
    pool = std::make_unique<ConnectionPool>(*database, 4, "");
    runner = std::make_unique<JobRunner>(RunnerOptions{}, *pool, clock, log, metrics);
    maintenance = std::make_unique<Maintenance>(
        Maintenance::Parts{*pool, *catalog, locks, *runner, *files, clock, log}, path + ".wal",
        std::uint64_t{1} << 40, metrics);
  }
  void CreateTable(Table table) {
    Transaction transaction = Transaction::Begin(*connection).value();
    CatalogChange change(*catalog, *connection);
    Dataset dataset;
    dataset.ref = {"p", "d"};
    CHECK_OK(change.CreateDataset(dataset).status());
    table.ref = {"p", "d", "t"};
    CHECK_OK(change.CreateTable(std::move(table)).status());
    CHECK_OK(change.Commit(transaction));
  }
  std::int64_t Count(const std::string& sql) {
    QueryResult result = connection->Run(sql).value();
    EXPECT_TRUE(result.Next().value());
    return result.Int64(0);
  }

  std::string path;
  FakeClock clock;
  CapturedLog log;
  Metrics metrics;
  std::unique_ptr<FileSystem> files = MakePosixFiles();
  std::unique_ptr<Database> database;
  std::unique_ptr<Connection> connection;
  std::unique_ptr<Catalog> catalog;
  TableLocks locks;
  std::unique_ptr<ConnectionPool> pool;
  std::unique_ptr<JobRunner> runner;
  std::unique_ptr<Maintenance> maintenance;
};

TEST_F(MaintenanceTest, DropsTablesPastTheirExpiration) {
  Table table;
  table.expiration = clock.Now() + std::chrono::hours(1);
  CreateTable(table);
  ASSERT_TRUE(maintenance->Sweep().ok());
  EXPECT_EQ(Count("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'p:d'"), 1);
  clock.Advance(std::chrono::hours(1));
  ASSERT_TRUE(maintenance->Sweep().ok());
  EXPECT_EQ(Count("SELECT count(*) FROM duckdb_tables() WHERE schema_name = 'p:d'"), 0);
  EXPECT_EQ(Count("SELECT count(*) FROM _landfall.tables"), 0);
}

TEST_F(MaintenanceTest, DropsPartitionsPastTheirExpiration) {
  Table table;
  Field day;
  day.name = "day";
  day.type = googlesql::TypeKind::kDate;
  table.schema = {day};
  table.time_partitioning = TimePartitioning{"DAY", "day", 2 * 86'400'000};
  CreateTable(table);
  // The clock says 2023-11-14 22:13: the partition of the 12th began more than two days ago, that
  // of the 13th did not.
  ASSERT_TRUE(
      connection
          ->Execute("INSERT INTO \"p:d\".t (day) SELECT d::DATE FROM "
                    "generate_series(DATE '2023-11-10', DATE '2023-11-15', INTERVAL 1 DAY) x(d)")
          .ok());
  ASSERT_TRUE(maintenance->Sweep().ok());
  EXPECT_EQ(Count("SELECT count(*) FROM \"p:d\".t"), 3);
  EXPECT_EQ(Count("SELECT count(*) FROM \"p:d\".t WHERE day < DATE '2023-11-13'"), 0);
}

TEST_F(MaintenanceTest, DropsResultsPastTheirTime) {
  Job job;
  job.ref = {"p", "j"};
  ASSERT_TRUE(InsertJob(*connection, job).ok());
  const std::string table = ResultTableName(job.ref);
  ASSERT_TRUE(connection->Execute("CREATE TABLE _landfall_results." + table + " (v VARCHAR)").ok());
  const JobResult result{
      .rows = "", .table = table, .expires = clock.Now() + std::chrono::hours(24)};
  ASSERT_TRUE(SaveJob(*connection, job, &result).ok());
  ASSERT_TRUE(maintenance->Sweep().ok());
  EXPECT_TRUE(FindJob(*connection, job.ref).value()->has_result);
  clock.Advance(std::chrono::hours(24));
  ASSERT_TRUE(maintenance->Sweep().ok());
  EXPECT_FALSE(FindJob(*connection, job.ref).value()->has_result);
  EXPECT_EQ(Count("SELECT count(*) FROM duckdb_tables() WHERE schema_name = '_landfall_results'"),
            0);
}

TEST_F(MaintenanceTest, ACheckpointEmptiesTheLog) {
  ASSERT_TRUE(connection->Execute("CREATE TABLE big AS SELECT range AS x FROM range(100000)").ok());
  EXPECT_GT(std::filesystem::file_size(path + ".wal"), 1000u);
  ASSERT_TRUE(maintenance->Checkpoint().ok());
  EXPECT_TRUE(!std::filesystem::exists(path + ".wal") ||
              std::filesystem::file_size(path + ".wal") < 1000u);
}

}  // namespace
}  // namespace landfall::warehouse
