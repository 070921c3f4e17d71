// Object bytes on their way in and out, and the files that hold the large ones. Private to storage.
//
// A file is written and synced under its final name before the change that owns it: until the row
// st.f names it, nobody can see it, and Sweep removes it. So no temporary names and no renames are
// needed. Files are removed after the change that disowned them; what a crash leaves behind is
// again a file without a row.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/context.h"
#include "base/files.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/status.h"
#include "meta/meta.h"

namespace landfall::storage {

struct Digest {
  std::uint64_t size_bytes = 0;
  std::uint32_t crc32c = 0;
  std::string md5 = {};
};

class Hasher {
 public:
  void Update(std::string_view bytes) {
    size_bytes_ += bytes.size();
    crc32c_ = Crc32c(crc32c_, bytes);
    md5_.Update(bytes);
  }
  std::uint64_t size_bytes() const { return size_bytes_; }
  Digest Finish() { return {size_bytes_, crc32c_, md5_.Finish()}; }  // once

 private:
  std::uint64_t size_bytes_ = 0;
  std::uint32_t crc32c_ = 0;
  Md5 md5_;
};

// kCancelled when the caller has gone, kDeadlineExceeded when its time is over.
Status CheckAlive(const CallContext& ctx, Clock& clock);

struct BlobOptions {
  std::string dir = {};
  std::size_t inline_bytes_max = 0;
  std::uint64_t object_bytes_max = 0;
  std::uint64_t free_bytes_min = 0;
};

class BlobFiles {
 public:
  BlobFiles(BlobOptions options, FileSystem& files, Clock& clock, Log& log)
      : options_(std::move(options)), files_(files), clock_(clock), log_(log) {}

  // Makes the directory and sets the high bits of ids; `epoch` differs each time the store is
  // opened.
  Status Prepare(std::uint64_t epoch);
  // Removes files that no row of `reader` owns.
  Status Sweep(meta::Reader& reader);

  // kResourceExhausted/"diskFull" when little space is left; asks the file system once a second.
  Status CheckSpace();
  std::uint64_t NewId() { return epoch_bits_ | next_.fetch_add(1, std::memory_order_relaxed); }
  Result<std::unique_ptr<ReadableFile>> OpenForRead(std::uint64_t id) {
    return files_.OpenForRead(PathOf(id));
  }
  Result<std::unique_ptr<WritableFile>> OpenForAppend(std::uint64_t id, std::uint64_t keep_bytes) {
    return files_.OpenForAppend(PathOf(id), keep_bytes);
  }
  // Makes the name of a new file durable.
  Status SyncDir() { return files_.SyncDir(options_.dir); }
  void Remove(std::uint64_t id);  // a failure is logged; the next Sweep tries again
  void Remove(const std::vector<std::uint64_t>& ids) {
    for (const std::uint64_t id : ids) Remove(id);
  }
  const BlobOptions& options() const { return options_; }
  Clock& clock() { return clock_; }

 private:
  std::string PathOf(std::uint64_t id) const;

  const BlobOptions options_;
  FileSystem& files_;
  Clock& clock_;
  Log& log_;
  std::uint64_t epoch_bits_ = 0;
  std::atomic<std::uint64_t> next_{1};
  std::atomic<std::int64_t> space_checked_us_{INT64_MIN};
  std::atomic<bool> space_low_{false};
};

// Removes the file again unless kept.
class FileGuard {
 public:
  FileGuard(BlobFiles& blobs, std::uint64_t id) : blobs_(&blobs), id_(id) {}
  FileGuard(FileGuard&& other) noexcept : blobs_(other.blobs_), id_(std::exchange(other.id_, 0)) {}
  FileGuard& operator=(FileGuard&&) = delete;
  ~FileGuard() {
    if (id_ != 0) blobs_->Remove(id_);
  }
  void Keep() { id_ = 0; }

 private:
  BlobFiles* blobs_;
  std::uint64_t id_;
};

// A whole body: in `bytes`, in a durable file when it is too large for a row, or shared with
// another object.
struct Body {
  Digest digest = {};
  std::string bytes = {};
  std::uint64_t file_id = 0;
  std::uint64_t shared_id = 0;  // a blob that has an owner already
  bool shared_in_file = false;
  std::int64_t component_count = 0;
};
// `before_file` is asked once before the first byte goes to disk, so that a hopeless upload ends
// early.
Result<Body> ReceiveBody(const CallContext& ctx, ByteSource& source, BlobFiles& blobs,
                         const std::function<Status()>& before_file);

// The bytes of an inline object behind the interface of a file.
std::unique_ptr<ReadableFile> MakeInlineFile(std::string bytes);

}  // namespace landfall::storage
