// What happens to rows and feed when an object's version appears, changes or goes; runs inside a
// meta change. Private to storage.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "meta/meta.h"
#include "storage/blobs.h"
#include "storage/codec.h"
#include "storage/storage.h"

namespace landfall::storage {

// Microseconds since 1970, strictly increasing over all buckets, restarts and steps of the wall
// clock.
class GenerationClock {
 public:
  Status Load(meta::Reader& reader);
  // Only inside a change; a change that fails leaves a hole.
  std::int64_t Next(meta::Txn& txn, TimePoint now);

 private:
  std::atomic<std::int64_t> last_{0};
};

Result<std::optional<StoredObject>> FindObject(meta::Reader& reader, std::string_view bucket,
                                               std::string_view name);
// kNotFound "The specified bucket does not exist."
Result<Bucket> FindBucket(meta::Reader& reader, std::string_view bucket);
// kNotFound naming the bucket or the object, whichever is missing. Another generation than
// `generation` is missing too.
Result<StoredObject> NeedObject(meta::Reader& reader, std::string_view bucket,
                                std::string_view name, std::optional<std::int64_t> generation);

// kInvalidArgument quoting both values.
Status CheckDigest(const Digest& got, const Checksums& expected);

// The new live version: checks bucket and preconditions, writes rows, replaces the old version,
// feeds the events. Files to remove once the change is durable go to `dead_files`.
Result<Object> PlaceObject(meta::Txn& txn, GenerationClock& generations, TimePoint now,
                           const ObjectSpec& spec, const Body& body,
                           std::vector<std::uint64_t>& dead_files);
void RemoveObject(meta::Txn& txn, const StoredObject& stored, const std::string& project,
                  TimePoint now, std::vector<std::uint64_t>& dead_files);

}  // namespace landfall::storage
