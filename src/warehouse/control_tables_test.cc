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
  TRY(SaveJob(connection, job));
  TRY(SaveJobResult(connection, job.ref, "[]", "", FromMicros(1)));
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

}  // namespace
}  // namespace landfall::warehouse
