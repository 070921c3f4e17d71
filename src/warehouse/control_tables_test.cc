// Many connections write the control tables at once, as a busy server does.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "warehouse/connection_pool.h"
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

TEST(ConnectionPool, WhoIsAloneStaysAlone) {
  const auto database = Database::Open({}, nullptr).value();
  ConnectionPool pool(*database, 2, "");
  {
    const auto lent = pool.Take().value();
    EXPECT_EQ(pool.TakeAlone().status().code(), Code::kUnavailable);
  }
  std::atomic<bool> alone{true};
  std::jthread other;
  {
    const auto only = pool.TakeAlone().value();
    EXPECT_EQ(pool.TakeAlone().status().code(), Code::kUnavailable);
    other = std::jthread([&] {
      const auto lent = pool.Take().value();
      EXPECT_FALSE(alone);
    });
    alone = false;
  }
  other.join();
  EXPECT_TRUE(pool.TakeAlone().ok());
}

}  // namespace
}  // namespace landfall::warehouse
