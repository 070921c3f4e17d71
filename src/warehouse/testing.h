// An open warehouse in a directory of its own, for the module's tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>

#include "warehouse/load_fakes.h"
#include "warehouse/warehouse.h"

namespace landfall::warehouse {

class TestWarehouse {
 public:
  explicit TestWarehouse(Options options = {}) : options_(std::move(options)) {
    const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
    options_.dir =
        ::testing::TempDir() + "/warehouse_" + info->test_suite_name() + "_" + info->name();
    std::replace(
        options_.dir.begin() + static_cast<std::ptrdiff_t>(::testing::TempDir().size()) + 1,
        options_.dir.end(), '/', '_');
    std::filesystem::remove_all(options_.dir);
    Reopen();
  }
  ~TestWarehouse() { std::filesystem::remove_all(options_.dir); }

  void Close() { warehouse_.reset(); }
  void Reopen() {
    Close();
    auto opened = Open(options_, objects, *files, clock, random, faults, log, metrics);
    CHECK_OK(opened.status());
    warehouse_ = std::move(*opened);
  }
  const std::string& dir() const { return options_.dir; }
  Warehouse& operator*() { return *warehouse_; }
  Warehouse* operator->() { return warehouse_.get(); }

  void MakeDataset(const std::string& name = "d") {
    Dataset dataset;
    dataset.ref = {"p", name};
    CHECK_OK(warehouse_->CreateDataset(ctx, dataset));
  }
  // Runs one statement to its end.
  Job Run(const std::string& sql) {
    QueryConfig config;
    config.sql = sql;
    return Finish(warehouse_->InsertQuery(ctx, JobRef{"p", ""}, config, {}, "").value());
  }
  Job Finish(const Job& job) {
    const Job done = warehouse_->WaitJob(ctx, job.ref, std::chrono::seconds(30)).value();
    EXPECT_EQ(done.state, JobState::kDone);
    return done;
  }
  // The rows of a SELECT, one text; or the error.
  std::string Ask(const std::string& sql) {
    const Job job = Run(sql);
    if (job.error) return job.error->message;
    const Result<Rows> rows = warehouse_->JobRows(ctx, job.ref, {});
    if (!rows.ok()) return rows.status().ToString();
    std::string text;
    for (const std::string& row : rows->rows) text += (text.empty() ? "" : "\n") + row;
    return text;
  }

  CallContext ctx;
  MemoryObjects objects;
  std::unique_ptr<FileSystem> files = MakePosixFiles();
  FakeClock clock;
  SeededRandom random{1};
  Faults faults;
  CapturedLog log;
  Metrics metrics;

 private:
  Options options_;
  std::unique_ptr<Warehouse> warehouse_;
};

}  // namespace landfall::warehouse
