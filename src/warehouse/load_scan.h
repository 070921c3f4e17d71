// One load's way from source objects to rows: shared by the threads of one INSERT, which take
// blocks of records from the objects and turn them into data chunks.
//
//   thread: NextBlock() (own object, else the next unopened, else somebody's) -> records ->
//   ChunkWriter -> DuckDB
//
// Deterministic: a failure does not stop at once. Blocks that begin before the earliest failure are
// still read (rows are no longer produced), so the error reported does not depend on the threads'
// speed.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/mutex.h"
#include "warehouse/bad_rows.h"
#include "warehouse/hive_partitions.h"
#include "warehouse/load_stream.h"
#include "warehouse/ndjson.h"
#include "warehouse/types.h"

namespace landfall::warehouse {

// Rows outside of [start, end) of the decorated partition are bad. Only for column partitioning.
struct PartitionBounds {
  std::size_t column = 0;
  TimePoint start, end;
  std::string id;
};

// Whether row `row` of `slot`, the partitioning column, is inside.
bool InPartition(const PartitionBounds& bounds, const ColumnSlot& slot, idx_t row,
                 RecordError& error);

struct ScanOptions {
  Schema schema;  // of the target, whole
  SourceFormat format = SourceFormat::kNewlineDelimitedJson;
  NdjsonOptions ndjson;
  CsvOptions csv;
  std::int64_t skip_leading_rows = 0;
  std::size_t record_bytes_max = 100u << 20;
  std::uint64_t load_id = 0;
  std::optional<TimePoint> partition_time;  // fills _PARTITIONTIME
  std::optional<PartitionBounds> partition;
  std::optional<std::int64_t> bad_max;  // more bad rows than this fail the load
  HiveLayout hive;                      // its fields are the last ones of `schema`
  std::size_t block_bytes = kBlockBytes;
};

struct ObjectCounts {
  std::atomic<std::int64_t> in = 0, good = 0, bad = 0;
};

class LoadScan {
 public:
  // `sources[i]` has object_no i + 1. All references must outlive the scan.
  LoadScan(ScanOptions options, const std::vector<SourceObject>& sources, ObjectSource& objects,
           BadRows& bad_rows);

  const ScanOptions& options() const { return options_; }
  const std::vector<SourceObject>& sources() const { return sources_; }
  ObjectCounts& counts(std::size_t source) { return counts_[source]; }
  // After the INSERT: why the load fails, naming the object; OK when it does not.
  Status Outcome() const;
  bool failed() const { return failed_.load(std::memory_order_relaxed); }

  // ---- for LoadWorker ----
  // An object being read; several workers may take blocks from it.
  struct OpenObject {
    OpenObject(std::size_t n, std::shared_ptr<ReadableFile> file, StreamOptions stream_options)
        : source(n), stream(std::move(file), std::move(stream_options)) {}
    const std::size_t source;
    Mutex mu;
    ObjectStream stream GUARDED_BY(mu);
    std::atomic<bool> done = false;  // written under mu
  };
  // The next block, from `current` if it has one; else `current` becomes the object it comes from.
  // False: no more.
  bool NextBlock(std::shared_ptr<OpenObject>& current, Block& block);
  void AddBad(BadRow row);

 private:
  using Position = std::pair<std::int32_t, std::int64_t>;  // object_no, record_no
  std::shared_ptr<OpenObject> OpenNext();
  std::shared_ptr<OpenObject> Join();
  bool Take(OpenObject& object, Block& block);
  void Fail(Position at, Status status);
  bool IsPastCutoff(Position at) const;

  const ScanOptions options_;
  const std::vector<SourceObject>& sources_;
  ObjectSource& objects_;
  BadRows& bad_rows_;
  std::vector<ObjectCounts> counts_;
  const std::shared_ptr<BlockPool> blocks_ = std::make_shared<BlockPool>();
  std::atomic<std::size_t> next_source_ = 0;
  std::atomic<bool> failed_ = false;
  mutable Mutex mu_;
  std::vector<std::shared_ptr<OpenObject>> open_ GUARDED_BY(mu_);
  std::optional<std::pair<Position, Status>> failure_
      GUARDED_BY(mu_);  // of an object: the earliest
};

// One thread's part. Chunk layout: load id UBIGINT, object no INTEGER, record no BIGINT,
// [_PARTITIONTIME,] schema.
class LoadWorker {
 public:
  explicit LoadWorker(LoadScan& scan);
  // Rows written into the chunk; 0 at the end. The rows' strings live until the next call.
  idx_t Fill(duckdb_data_chunk chunk);

 private:
  static constexpr std::size_t kKeptBytesMax = 32u
                                               << 20;  // a chunk ends early when it refers to more
  bool NextRecord(std::string_view& record);
  void StartOver(duckdb_data_chunk chunk);
  bool ReadRecord(std::string_view record, idx_t row, RecordError& error);
  bool WriteHiveValues(idx_t row, RecordError& error);
  void NoteBad(std::string_view record, std::uint64_t bytes, RecordError error);
  void FinishBlock();

  LoadScan& scan_;
  ChunkWriter writer_;
  NdjsonReader ndjson_;
  CsvReader csv_;
  CsvFramer framer_;
  std::shared_ptr<LoadScan::OpenObject> object_;
  Block block_;
  std::string_view rest_;     // of block_
  std::uint64_t offset_ = 0;  // of the record being read
  std::int64_t record_no_ = 0;
  std::int64_t in_ = 0, good_ = 0, bad_ = 0;  // of the block
  idx_t rows_ = 0;                            // in the chunk
  std::size_t kept_bytes_ = 0;                // of blocks its rows refer to
};

}  // namespace landfall::warehouse
