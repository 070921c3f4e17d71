// A Storage over a real meta store in a fresh directory, with a clock that stands still. For tests
// only.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "storage/storage.h"

namespace landfall::storage {

// Passes everything on to the real file system, unless told to fail.
class FlakyFiles final : public FileSystem {
 public:
  Result<std::unique_ptr<ReadableFile>> OpenForRead(const std::string& path) override {
    return real_->OpenForRead(path);
  }
  Result<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path,
                                                      std::uint64_t keep) override {
    if (full) return ResourceExhausted("disk is full", "diskFull");
    return real_->OpenForAppend(path, keep);
  }
  Status Rename(const std::string& from, const std::string& to) override {
    return real_->Rename(from, to);
  }
  Status Remove(const std::string& path) override { return real_->Remove(path); }
  Status MakeDirs(const std::string& path) override { return real_->MakeDirs(path); }
  Status SyncDir(const std::string& path) override { return real_->SyncDir(path); }
  Result<std::vector<std::string>> List(const std::string& dir) override {
    return real_->List(dir);
  }
  Result<std::uint64_t> FreeBytes(const std::string&) override { return free_bytes; }
  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override {
    return real_->Lock(path);
  }

  bool full = false;
  std::uint64_t free_bytes = 1ull << 40;

 private:
  std::unique_ptr<FileSystem> real_ = MakePosixFiles();
};

// Yields `bytes` in pieces, then ends or fails.
class PiecewiseSource final : public ByteSource {
 public:
  PiecewiseSource(std::string bytes, std::size_t piece, Status end = {})
      : bytes_(std::move(bytes)), piece_(piece), end_(std::move(end)) {}
  Result<std::size_t> Read(std::span<char> out) override {
    const std::size_t n = std::min({out.size(), piece_, bytes_.size() - at_});
    if (n == 0 && !end_.ok()) return end_;
    bytes_.copy(out.data(), n, at_);
    at_ += n;
    return n;
  }

 private:
  std::string bytes_;
  std::size_t piece_, at_ = 0;
  Status end_;
};

struct TestStorage {
  explicit TestStorage(Options wanted = {}) : options(std::move(wanted)) {
    static int count = 0;
    root = ::testing::TempDir() + "/storage_test_" + std::to_string(::getpid()) + "_" +
           std::to_string(count++);
    std::filesystem::remove_all(root);
    options.dir = root + "/objects";
    options.sweep_every = {};
    Reopen();
    CHECK_OK(storage->CreateBucket(ctx, {.name = "bucket", .project = "p"}));
  }
  ~TestStorage() {
    storage.reset();
    meta.reset();
    std::filesystem::remove_all(root);
  }
  void Reopen() {
    storage.reset();
    meta.reset();
    meta = meta::Open({.dir = root + "/meta"}, log, metrics).value();
    storage = Open(options, *meta, files, clock, random, faults, log, metrics).value();
  }

  Result<Object> Put(std::string_view name, std::string body, Precondition when = {}) {
    StringSource source(std::move(body));
    return storage->Insert(
        ctx, {.bucket = "bucket", .name = std::string(name), .when = std::move(when)}, source);
  }
  Result<std::string> Read(std::string_view name, std::optional<std::int64_t> generation = {}) {
    const OpenObject open = TRY(storage->Open(ctx, "bucket", name, generation));
    std::string bytes(open.object.size_bytes, '\0');
    if (!bytes.empty() && TRY(open.file->ReadAt(0, bytes)) != bytes.size())
      return DataLoss("short file");
    return bytes;
  }
  std::size_t FileCount() { return files.List(options.dir).value().size(); }
  std::vector<ObjectChange> AllChanges() { return storage->Changes(0, 100'000).value(); }

  CallContext ctx;
  Options options;
  std::string root;
  FakeClock clock;
  SeededRandom random{1};
  Faults faults;
  CapturedLog log;
  Metrics metrics;
  FlakyFiles files;
  std::unique_ptr<meta::Store> meta;
  std::unique_ptr<Storage> storage;
};

MATCHER_P2(FailsWith, code, reason, "") {
  const Status status = arg.status();
  *result_listener << "which is " << status.ToString();
  return status.code() == code && status.reason() == reason;
}

}  // namespace landfall::storage
