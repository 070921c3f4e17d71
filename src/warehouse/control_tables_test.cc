// Many connections write the control tables at once, as a busy server does.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "warehouse/duck.h"
#include "warehouse/job_store.h"

namespace landfall::warehouse {
namespace {

constexpr int kWriters = 6;
constexpr int kJobsEach = 100;

Status InsertAndFinish(Connection& connection, int writer, int n) {
  Job job;
  job.ref = {.project = "p", .job_id = "job_" + std::to_string(writer) + "_" + std::to_string(n)};
  TRY(InsertJob(connection, job));
  Transaction transaction = TRY(Transaction::Begin(connection));
  job.state = JobState::kDone;
  const JobResult result{.rows = "[]", .table = "", .expires = FromMicros(1)};
  TRY(SaveJob(connection, job, &result));
  return transaction.Commit();
}

TEST(ControlTables, UpdatesAndCommittedAppendsOfManyConnectionsDoNotMeet) {
  const auto database = Database::Open({}, nullptr).value();
  const auto setup = database->Connect().value();
  ASSERT_TRUE(setup->Execute("CREATE SCHEMA IF NOT EXISTS _landfall").ok());
  ASSERT_TRUE(CreateJobTables(*setup).ok());
  std::atomic<int> failures{0};
  {
    std::vector<std::jthread> writers;
    for (int writer = 0; writer < kWriters; ++writer) {
      writers.emplace_back([&, writer] {
        const auto connection = database->Connect().value();
        for (int n = 0; n < kJobsEach; ++n) {
          const Status status = InsertAndFinish(*connection, writer, n);
          if (!status.ok() && failures++ == 0) ADD_FAILURE() << status.ToString();
        }
      });
    }
  }
  EXPECT_EQ(failures, 0);
  QueryResult done = setup->Run("SELECT count(*) FROM _landfall.jobs WHERE state = 2").value();
  ASSERT_TRUE(done.Next().value());
  EXPECT_EQ(done.Int64(0), kWriters * kJobsEach);
}

TEST(KeptStatements, GoOnAfterAChangeOfTheirTable) {
  const auto database = Database::Open({}, nullptr).value();
  const auto connection = database->Connect().value();
  const auto count = [&] {
    QueryResult rows = connection->RunKept("SELECT count(*) FROM t WHERE a >= $1", {1}).value();
    return rows.Next().value() ? rows.Int64(0) : -1;
  };
  EXPECT_FALSE(connection->RunKept("SELECT count(*) FROM t WHERE a >= $1", {1}).ok());
  ASSERT_TRUE(connection->Execute("CREATE TABLE t (a BIGINT)").ok());
  ASSERT_TRUE(connection->Write("INSERT INTO t (a) VALUES ($1)", {2}).ok());
  EXPECT_EQ(count(), 1);
  ASSERT_TRUE(connection->Execute("DROP TABLE t; CREATE TABLE t (b VARCHAR, a INTEGER)").ok());
  EXPECT_EQ(count(), 0);
  ASSERT_TRUE(connection->Write("INSERT INTO t (a) VALUES ($1)", {3}).ok());
  EXPECT_EQ(count(), 1);
}

TEST(KeptStatements, AreForgottenBeyondTheirNumber) {
  const auto database = Database::Open({}, nullptr).value();
  const auto connection = database->Connect().value();
  for (int i = 0; i < 200; ++i) {
    QueryResult row = connection->RunKept("SELECT $1 + " + std::to_string(i), {1}).value();
    ASSERT_TRUE(row.Next().value());
    EXPECT_EQ(row.Int64(0), i + 1);
  }
}

// DuckDB 1.4 plans a sort for the texts and numbers that are there when the statement is prepared;
// a row that comes between that and the run would be cut to their width.
TEST(Snapshots, ASortReadsWholeRowsWhileOthersInsert) {
  const auto database = Database::Open({}, nullptr).value();
  const auto setup = database->Connect().value();
  constexpr int kRounds = 15;
  constexpr int kRows = 100;
  constexpr int kStep = 50;
  std::atomic<int> wrong{0};
  for (int round = 0; round < kRounds; ++round) {
    const std::string table = "t" + std::to_string(round);
    ASSERT_TRUE(setup->Execute("CREATE TABLE " + table + " (a BIGINT, b VARCHAR)").ok());
    std::jthread reader([&](const std::stop_token& stop) {
      const auto connection = database->Connect().value();
      while (!stop.stop_requested()) {
        QueryResult rows = connection->Run("SELECT a, b FROM " + table + " ORDER BY a").value();
        while (rows.Next().value()) {
          if (rows.Text(1) != std::string(1 + rows.Int64(0) / kStep, 'b')) ++wrong;
        }
      }
    });
    for (int row = 0; row < kRows; ++row) {
      const std::string text(1 + row, 'b');
      ASSERT_TRUE(
          setup->Write("INSERT INTO " + table + " VALUES ($1, $2)", {row * kStep, text}).ok());
    }
  }
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace landfall::warehouse
