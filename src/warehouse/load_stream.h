// One source object as a sequence of blocks of whole records. Plain or gzip, told by content; a BOM
// is skipped.
//
// Who parses a block does not read: a caller holds a lock while it takes the next block and parses
// without it, so several threads work on one object, and a thread that inflates feeds the others.
// Memory: one block per Next.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/files.h"
#include "base/mutex.h"
#include "warehouse/csv.h"

namespace landfall::warehouse {

inline constexpr std::size_t kBlockBytes =
    1u << 20;  // stays in a core's cache from reading to parsing

// Buffers of kBlockBytes, used again instead of mapped again. Thread-safe.
class BlockPool : public std::enable_shared_from_this<BlockPool> {
 public:
  std::shared_ptr<char[]> Take();

 private:
  static constexpr std::size_t kFreeMax = 64;
  void Return(std::unique_ptr<char[]> buffer);
  Mutex mu_;
  std::vector<std::unique_ptr<char[]>> free_ GUARDED_BY(mu_);
};

struct StreamOptions {
  std::optional<CsvOptions> csv;  // absent: records are lines
  std::size_t block_bytes = kBlockBytes;
  std::size_t record_bytes_max = 100u << 20;
  std::shared_ptr<BlockPool> pool = nullptr;  // absent: every block has memory of its own
};

struct Block {
  std::shared_ptr<char[]> bytes;
  std::string_view text;          // whole records; kLinePaddingBytes more may be read behind it
  std::uint64_t offset = 0;       // of `text` in the object, decompressed
  std::int64_t first_record = 1;  // records are lines, blank ones included, header rows too
  // The record at `offset` is over the limit: `text` is only its head, at most 64 KiB,
  // `record_bytes` its length.
  bool too_large = false;
  std::uint64_t record_bytes = 0;
};

class ObjectStream {
 public:
  ObjectStream(std::shared_ptr<ReadableFile> file, StreamOptions options);
  // False at the end. Damaged or truncated gzip is kInvalidArgument; other errors are the file's.
  Result<bool> Next(Block& block);

 private:
  class FileSource;
  Status Start();
  Result<bool> InflateWhole(std::string_view compressed);
  Result<std::size_t> Fill(char* out, std::size_t bytes);
  CsvFramer::Found Frame(std::string_view text) const;
  std::shared_ptr<char[]> NewBlock(std::size_t bytes) const;
  Result<bool> TakeTooLarge(Block& block, std::size_t used);
  void Give(Block& block, std::size_t bytes, std::int64_t records);

  const std::shared_ptr<ReadableFile> file_;
  const StreamOptions options_;
  std::unique_ptr<ByteSource> source_;
  bool started_ = false, ended_ = false;
  std::size_t first_capacity_ = 0;
  std::string carry_;  // the start of the next record, read with the last block
  std::uint64_t offset_ = 0;
  std::int64_t next_record_ = 1;
};

}  // namespace landfall::warehouse
