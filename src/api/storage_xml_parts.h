// Parts of unfinished XML multipart uploads: one directory per upload, one synced file per part,
// named by number and MD5, so that the directory's listing is the whole state and survives a
// restart. An upload forgotten for a week is swept, and before that one that a lifecycle rule of
// its bucket (AbortIncompleteMultipartUpload) says is too old.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/json.h"
#include "base/mutex.h"
#include "base/random.h"
#include "storage/storage.h"

namespace landfall::api::storage_xml {

// The first three are Cloud Storage's limits, the last one is ours.
constexpr std::int64_t kPartNumberMax = 10'000;
constexpr std::uint64_t kPartBytesMin = 5ull << 20;  // of all but the last
constexpr std::uint64_t kPartBytesMax = 5ull << 30;
constexpr std::size_t kUploadsOpenMax = 1000;

struct Part {
  std::int64_t number = 0;
  std::string md5_hex = {};
  std::uint32_t crc32c = 0;  // of a part just put; the directory does not know it
  std::uint64_t bytes = 0;
  std::string path = {};
};

// Whether a rule of the bucket with the action AbortIncompleteMultipartUpload ends an upload.
bool AbortsMultipartUpload(const storage::Bucket& bucket, std::string_view object,
                           TimePoint started, TimePoint now);

// Thread-safe. An unknown id, or one of another bucket or object, is kNotFound/"NoSuchUpload".
class PartStore {
 public:
  // `dir` is made when it is first needed.
  PartStore(std::string dir, FileSystem& files, Clock& clock)
      : dir_(std::move(dir)), files_(&files), clock_(&clock) {}

  // `about` comes back from About(): bucket and object must be among it.
  Result<std::string> Start(JsonObject about, Random& random);
  Result<JsonObject> About(std::string_view upload_id, std::string_view bucket,
                           std::string_view object);
  // Replaces a part of the same number. Durable on return. Checksums as the client states them;
  // another one is kInvalidArgument/"BadDigest".
  Result<Part> Put(std::string_view upload_id, std::int64_t number, ByteSource& body,
                   const storage::Checksums& expected);
  Result<std::vector<Part>> List(std::string_view upload_id);  // by number
  Status Remove(std::string_view upload_id);
  // The parts one after the other. They must stay while it is read.
  std::unique_ptr<ByteSource> Open(std::vector<Part> parts);

  // Removes what is too old, or of a bucket that is not there any more.
  using BucketOf = std::function<Result<storage::Bucket>(std::string_view name)>;
  void Sweep(const BucketOf& bucket_of);

 private:
  std::string DirOf(std::string_view upload_id) const;
  Result<JsonObject> Record(std::string_view upload_id);
  Status Receive(const std::string& path, ByteSource& body, const storage::Checksums& expected,
                 Part& part);

  std::string dir_;
  FileSystem* files_;
  Clock* clock_;
  // One part is put in place, and one upload begun or swept, at a time.
  std::unique_ptr<Mutex> naming_ = std::make_unique<Mutex>();
};

// Sweeps at once, and from then on every kSweepEvery on a thread of its own.
class PartSweeper {
 public:
  static constexpr std::chrono::seconds kSweepEvery{600};
  // All must outlive it.
  PartSweeper(PartStore& parts, storage::Storage& storage, Clock& clock);
  ~PartSweeper();

 private:
  void Loop(const std::stop_token& stop);

  PartStore& parts_;
  storage::Storage& storage_;
  Clock& clock_;
  Mutex mu_;
  CondVar stopped_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace landfall::api::storage_xml
