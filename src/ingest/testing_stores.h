// Real meta, storage and pubsub in a temporary directory, the fake warehouse, and short words to
// use them.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>

#include "base/faults.h"
#include "ingest/testing_warehouse.h"
#include "meta/meta.h"
#include "pubsub/pubsub.h"
#include "storage/storage.h"

namespace landfall::ingest {

class TestStores {
 public:
  TestStores() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    std::string name = std::string(test->test_suite_name()) + "_" + test->name();
    for (char& c : name) c = c == '/' ? '_' : c;
    dir = ::testing::TempDir() + "landfall_" + name;
    std::filesystem::remove_all(dir);
    Open();
    MakeBucket("bkt", "p");
  }
  ~TestStores() {
    Close();
    std::filesystem::remove_all(dir);
  }
  TestStores(const TestStores&) = delete;
  TestStores& operator=(const TestStores&) = delete;

  void Open() {
    files = MakePosixFiles();
    meta = meta::Open({.dir = dir + "/meta"}, log, metrics).value();
    storage =
        storage::Open({.dir = dir + "/objects"}, *meta, *files, clock, random, faults, log, metrics)
            .value();
    pubsub = pubsub::Open({}, *meta, clock, random, log, metrics).value();
  }
  void Close() {
    pubsub.reset();
    storage.reset();
    meta.reset();
  }
  void MakeBucket(const std::string& name, const std::string& project) {
    storage::Bucket bucket;
    bucket.name = name;
    bucket.project = project;
    CHECK_OK(storage->CreateBucket({}, bucket));
  }
  storage::Object Put(const std::string& name, std::string bytes,
                      const std::string& bucket = "bkt") {
    storage::ObjectSpec spec;
    spec.bucket = bucket;
    spec.name = name;
    StringSource body(std::move(bytes));
    clock.Advance(std::chrono::microseconds(1));
    return storage->Insert({}, spec, body).value();
  }
  void Remove(const std::string& name) {
    CHECK_OK(storage->Delete({}, "bkt", name, std::nullopt, {}));
  }

  std::string dir;
  CapturedLog log;
  Metrics metrics;
  FakeClock clock;
  SeededRandom random{1};
  Faults faults;
  std::unique_ptr<FileSystem> files;
  std::unique_ptr<meta::Store> meta;
  std::unique_ptr<storage::Storage> storage;
  std::unique_ptr<pubsub::PubSub> pubsub;
  FakeWarehouse warehouse;
};

}  // namespace landfall::ingest
