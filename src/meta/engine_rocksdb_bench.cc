#include <rocksdb/db.h>
#include <rocksdb/table.h>

#include "meta/bench_engines.h"

namespace landfall::meta {

namespace {

rocksdb::Slice ToSlice(std::string_view bytes) { return {bytes.data(), bytes.size()}; }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

Status FromRocks(const rocksdb::Status& status) {
  if (status.ok()) return {};
  return status.IsNoSpace() ? ResourceExhausted(status.ToString(), "diskFull")
                            : Internal(status.ToString());
}

class RocksSnapshot final : public Reader {
 public:
  explicit RocksSnapshot(rocksdb::DB& db) : db_(db), snapshot_(db.GetSnapshot()) {
    options_.snapshot = snapshot_;
  }
  ~RocksSnapshot() override { db_.ReleaseSnapshot(snapshot_); }

  Result<std::optional<std::string>> Get(std::string_view key) override {
    std::string value;
    const rocksdb::Status status = db_.Get(options_, ToSlice(key), &value);
    if (status.IsNotFound()) return std::optional<std::string>();
    TRY(FromRocks(status));
    return std::optional(std::move(value));
  }

  Status Scan(const KeyRange& range, const Visitor& visit) override {
    rocksdb::ReadOptions options = options_;
    const rocksdb::Slice end = ToSlice(range.end);
    if (!range.end.empty()) options.iterate_upper_bound = &end;
    const std::unique_ptr<rocksdb::Iterator> at(db_.NewIterator(options));
    for (at->Seek(ToSlice(range.begin)); at->Valid(); at->Next()) {
      if (!visit(ToView(at->key()), ToView(at->value()))) break;
    }
    return FromRocks(at->status());
  }

 private:
  rocksdb::DB& db_;
  const rocksdb::Snapshot* snapshot_;
  rocksdb::ReadOptions options_;
};

class RocksEngine final : public Engine {
 public:
  explicit RocksEngine(std::unique_ptr<rocksdb::DB> db) : db_(std::move(db)) {}

  Result<std::unique_ptr<Reader>> Snapshot() override {
    return std::unique_ptr<Reader>(std::make_unique<RocksSnapshot>(*db_));
  }

  Status Apply(const WriteMap& writes) override {
    rocksdb::WriteBatch batch;
    for (const auto& [key, value] : writes) {
      TRY(FromRocks(value ? batch.Put(ToSlice(key), ToSlice(*value)) : batch.Delete(ToSlice(key))));
    }
    rocksdb::WriteOptions options;
    options.sync = true;
    return FromRocks(db_->Write(options, &batch));
  }

  std::uint64_t SizeBytes() override { return 0; }  // the benchmark measures the directory

 private:
  std::unique_ptr<rocksdb::DB> db_;
};

}  // namespace

std::unique_ptr<Engine> OpenRocksDb(const std::string& dir) {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.max_background_jobs = 2;
  options.write_buffer_size = 64u << 20;
  options.recycle_log_file_num = 4;
  options.compression = rocksdb::kNoCompression;
  options.level_compaction_dynamic_level_bytes = true;
  rocksdb::DB* db = nullptr;
  CHECK_OK(FromRocks(rocksdb::DB::Open(options, dir + "/rocksdb", &db)));
  return std::make_unique<RocksEngine>(std::unique_ptr<rocksdb::DB>(db));
}

}  // namespace landfall::meta
