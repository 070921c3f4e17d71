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
// kNotFound naming the bucket or the object, whichever is missing. With `generation`: that version,
// live or noncurrent.
Result<StoredObject> NeedObject(meta::Reader& reader, std::string_view bucket,
                                std::string_view name, std::optional<std::int64_t> generation);

// kInvalidArgument when the bucket has no soft-delete policy.
Status CheckSoftDeleteOn(const Bucket& bucket);
// kNotFound when it never was, or its time is over.
Result<StoredObject> NeedSoftDeleted(meta::Reader& reader, const Bucket& bucket,
                                     std::string_view name, std::int64_t generation, TimePoint now);

// kInvalidArgument quoting both values.
Status CheckDigest(const Digest& got, const Checksums& expected);

// One owner more of a file that already has one.
Status AddOwner(meta::Txn& txn, std::uint64_t file_id);

// Live, noncurrent and soft-deleted versions are told apart by their times; so is their key.
std::string RowKey(const Bucket& bucket, const Object& object);

// What a change does to versions, rows and feed. Lives as long as the change.
class Placement {
 public:
  struct Rules {
    TimePoint now = {};
    bool enforce_retention = true;
  };
  // Files to remove once the change is durable go to `dead_files`.
  Placement(meta::Txn& txn, GenerationClock& generations, Rules rules,
            std::vector<std::uint64_t>& dead_files)
      : txn_(txn), generations_(generations), rules_(rules), dead_files_(dead_files) {}

  // The new live version: checks bucket and preconditions, writes rows, retires the old version,
  // feeds the events.
  Result<Object> Place(const ObjectSpec& spec, const Body& body);
  // The live version goes: it becomes noncurrent, soft-deleted or nothing, as the bucket says.
  Status Retire(const Bucket& bucket, const StoredObject& live,
                std::optional<std::int64_t> overwritten_by = {});
  // A version, live or not, is deleted for good or soft-deleted.
  Status Remove(const Bucket& bucket, const StoredObject& stored,
                std::optional<std::int64_t> overwritten_by = {});
  // Deleted for good whatever soft delete says.
  Status RemoveForGood(const Bucket& bucket, const StoredObject& stored);
  // A soft-deleted version's time is over; no event.
  Status Forget(const Bucket& bucket, const StoredObject& stored);
  // A version's metadata changed: metageneration, time, row, event.
  Status Touch(const Bucket& bucket, StoredObject& stored);

 private:
  Status PlaceBytes(const Body& body, StoredObject& stored);
  Status DropBlob(const Blob& blob);
  void Feed(ChangeKind kind, const Bucket& bucket, const Object& object,
            std::optional<std::int64_t> overwrote, std::optional<std::int64_t> overwritten_by);

  meta::Txn& txn_;
  GenerationClock& generations_;
  const Rules rules_;
  std::vector<std::uint64_t>& dead_files_;
};

}  // namespace landfall::storage
