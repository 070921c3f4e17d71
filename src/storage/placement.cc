#include "storage/placement.h"

#include <algorithm>

#include "base/hash.h"
#include "base/text.h"
#include "storage/keys.h"
#include "storage/policy.h"
#include "storage/precondition.h"

namespace landfall::storage {
namespace {

Status NoSuchObject(std::string_view bucket, std::string_view name) {
  return NotFound("No such object: " + std::string(bucket) + "/" + std::string(name));
}

}  // namespace

Status GenerationClock::Load(meta::Reader& reader) {
  const auto last = TRY(reader.Get(GenerationKey()));
  if (last) last_ = static_cast<std::int64_t>(meta::FromOrderedInt(*last));
  return {};
}

std::int64_t GenerationClock::Next(meta::Txn& txn, TimePoint now) {
  const std::int64_t next = std::max(ToMicros(now), last_.load(std::memory_order_relaxed) + 1);
  last_.store(next, std::memory_order_relaxed);
  txn.Put(GenerationKey(), meta::OrderedInt(static_cast<std::uint64_t>(next)));
  return next;
}

Result<std::optional<StoredObject>> FindObject(meta::Reader& reader, std::string_view bucket,
                                               std::string_view name) {
  const auto row = TRY(reader.Get(ObjectKey(bucket, name)));
  if (!row) return std::optional<StoredObject>();
  return std::optional<StoredObject>(TRY(DecodeObject(bucket, name, *row)));
}

Result<Bucket> FindBucket(meta::Reader& reader, std::string_view bucket) {
  const auto row = TRY(reader.Get(BucketKey(bucket)));
  if (!row) return NotFound("The specified bucket does not exist.");
  return DecodeBucket(*row);
}

Result<StoredObject> NeedObject(meta::Reader& reader, std::string_view bucket,
                                std::string_view name, std::optional<std::int64_t> generation) {
  auto found = TRY(FindObject(reader, bucket, name));
  if (found && (!generation || *generation == found->object.generation)) return std::move(*found);
  if (generation) {
    if (const auto row = TRY(reader.Get(VersionKey(bucket, name, *generation))))
      return DecodeObject(bucket, name, *row);
  }
  if (!found) TRY(FindBucket(reader, bucket));
  return NoSuchObject(bucket, name);
}

Status CheckSoftDeleteOn(const Bucket& bucket) {
  if (bucket.soft_delete_seconds() > 0) return {};
  return InvalidArgument("bucket '" + bucket.name + "' has no soft-delete policy", "invalid",
                         "softDeleted");
}

Result<StoredObject> NeedSoftDeleted(meta::Reader& reader, const Bucket& bucket,
                                     std::string_view name, std::int64_t generation,
                                     TimePoint now) {
  const auto row = TRY(reader.Get(SoftDeletedKey(bucket, name, generation)));
  if (!row) return NoSuchObject(bucket.name, name);
  StoredObject stored = TRY(DecodeObject(bucket.name, name, *row));
  if (now >= stored.object.hard_delete_time.value_or(TimePoint()))
    return NoSuchObject(bucket.name, name);
  return stored;
}

Status CheckDigest(const Digest& got, const Checksums& expected) {
  if (expected.crc32c && *expected.crc32c != got.crc32c) {
    return InvalidArgument("Provided CRC32C \"" + Crc32cBase64(*expected.crc32c) +
                               "\" doesn't match calculated CRC32C \"" + Crc32cBase64(got.crc32c) +
                               "\".",
                           "invalid");
  }
  if (!expected.md5.empty() && expected.md5 != got.md5) {
    return InvalidArgument("Provided MD5 hash \"" + Base64(expected.md5) +
                               "\" doesn't match calculated MD5 hash \"" + Base64(got.md5) + "\".",
                           "invalid");
  }
  return {};
}

Status AddOwner(meta::Txn& txn, std::uint64_t file_id) {
  const auto row = TRY(txn.Get(FileKey(file_id)));
  if (!row) return DataLoss("an object's file has no owner");
  const std::uint64_t owners = row->empty() ? 1 : meta::FromOrderedInt(*row);
  txn.Put(FileKey(file_id), meta::OrderedInt(owners + 1));
  return {};
}

std::string RowKey(const Bucket& bucket, const Object& object) {
  if (object.soft_delete_time) return SoftDeletedKey(bucket, object.name, object.generation);
  if (object.time_deleted) return VersionKey(object.bucket, object.name, object.generation);
  return ObjectKey(object.bucket, object.name);
}

Status Placement::PlaceBytes(const Body& body, StoredObject& stored) {
  const std::uint64_t generation = static_cast<std::uint64_t>(stored.object.generation);
  if (body.file_id != 0) {
    stored.blob = {body.file_id, true};
    txn_.Put(FileKey(body.file_id), {});
  } else if (body.shared_id != 0 && body.shared_in_file) {
    stored.blob = {body.shared_id, true};
    TRY(AddOwner(txn_, body.shared_id));
  } else if (body.shared_id != 0) {
    const auto bytes = TRY(txn_.Get(InlineKey(body.shared_id)));
    if (!bytes) return DataLoss("the bytes of an object are missing");
    stored.blob = {generation, false};
    txn_.Put(InlineKey(generation), *bytes);
  } else if (!body.bytes.empty()) {
    // The generation is as unique as a blob id, and sorts new payloads behind all others.
    stored.blob = {generation, false};
    txn_.Put(InlineKey(generation), body.bytes);
  }
  return {};
}

Result<Object> Placement::Place(const ObjectSpec& spec, const Body& body) {
  const Bucket bucket = TRY(FindBucket(txn_, spec.bucket));
  const auto old = TRY(FindObject(txn_, spec.bucket, spec.name));
  TRY(CheckPrecondition(spec.when, old ? &old->object : nullptr, Access::kWrite));
  TRY(CheckObjectRetention(bucket, spec.attributes, rules_.now));

  StoredObject stored;
  Object& object = stored.object;
  object.bucket = spec.bucket;
  object.name = spec.name;
  object.generation = generations_.Next(txn_, rules_.now);
  object.size_bytes = body.digest.size_bytes;
  object.crc32c = body.digest.crc32c;
  object.md5 = body.digest.md5;
  object.component_count = body.component_count;
  object.time_created = object.updated = rules_.now;
  object.attributes = spec.attributes;
  ObjectAttributes& attributes = object.attributes;
  if (attributes.storage_class.empty()) attributes.storage_class = bucket.storage_class;
  if (!attributes.event_based_hold && bucket.default_event_based_hold)
    attributes.event_based_hold = true;
  if (!attributes.acl && !bucket.uniform_access) attributes.acl = bucket.default_object_acl;

  TRY(PlaceBytes(body, stored));
  std::optional<std::int64_t> overwrote;
  if (old) overwrote = old->object.generation;
  Feed(ChangeKind::kFinalize, bucket, object, overwrote, {});
  if (old) TRY(Retire(bucket, *old, object.generation));
  txn_.Put(ObjectKey(spec.bucket, spec.name), EncodeObject(stored));
  object.retention_expiration = RetentionExpiration(bucket, object);
  return std::move(object);
}

Status Placement::Retire(const Bucket& bucket, const StoredObject& live,
                         std::optional<std::int64_t> overwritten_by) {
  if (!bucket.versions_on()) return Remove(bucket, live, overwritten_by);
  TRY(CheckReleasable(bucket, live.object, rules_.now, rules_.enforce_retention));
  StoredObject archived = live;
  archived.object.time_deleted = rules_.now;
  txn_.Delete(RowKey(bucket, live.object));
  txn_.Put(RowKey(bucket, archived.object), EncodeObject(archived));
  Feed(ChangeKind::kArchive, bucket, archived.object, {}, overwritten_by);
  return {};
}

Status Placement::Remove(const Bucket& bucket, const StoredObject& stored,
                         std::optional<std::int64_t> overwritten_by) {
  TRY(CheckReleasable(bucket, stored.object, rules_.now, rules_.enforce_retention));
  txn_.Delete(RowKey(bucket, stored.object));
  if (bucket.soft_delete_seconds() == 0) {
    TRY(DropBlob(stored.blob));
    Feed(ChangeKind::kDelete, bucket, stored.object, {}, overwritten_by);
    return {};
  }
  StoredObject soft = stored;
  soft.object.soft_delete_time = rules_.now;
  soft.object.hard_delete_time = rules_.now + std::chrono::seconds(bucket.soft_delete_seconds());
  txn_.Put(RowKey(bucket, soft.object), EncodeObject(soft));
  txn_.Put(SoftDeletedEndKey(*soft.object.hard_delete_time, bucket, soft.object.name,
                             soft.object.generation),
           {});
  Feed(ChangeKind::kDelete, bucket, soft.object, {}, overwritten_by);
  return {};
}

Status Placement::RemoveForGood(const Bucket& bucket, const StoredObject& stored) {
  TRY(CheckReleasable(bucket, stored.object, rules_.now, rules_.enforce_retention));
  txn_.Delete(RowKey(bucket, stored.object));
  TRY(DropBlob(stored.blob));
  Feed(ChangeKind::kDelete, bucket, stored.object, {}, {});
  return {};
}

Status Placement::Forget(const Bucket& bucket, const StoredObject& stored) {
  txn_.Delete(RowKey(bucket, stored.object));
  return DropBlob(stored.blob);
}

Status Placement::Touch(const Bucket& bucket, StoredObject& stored) {
  ++stored.object.metageneration;
  stored.object.updated = rules_.now;
  txn_.Put(RowKey(bucket, stored.object), EncodeObject(stored));
  Feed(ChangeKind::kMetadataUpdate, bucket, stored.object, {}, {});
  stored.object.retention_expiration = RetentionExpiration(bucket, stored.object);
  return {};
}

Status Placement::DropBlob(const Blob& blob) {
  if (!blob.in_file) {
    if (blob.id != 0) txn_.Delete(InlineKey(blob.id));
    return {};
  }
  const auto row = TRY(txn_.Get(FileKey(blob.id)));
  const std::uint64_t owners = row && !row->empty() ? meta::FromOrderedInt(*row) : 1;
  if (owners > 1) {
    txn_.Put(FileKey(blob.id), meta::OrderedInt(owners - 1));
  } else {
    txn_.Delete(FileKey(blob.id));
    dead_files_.push_back(blob.id);
  }
  return {};
}

void Placement::Feed(ChangeKind kind, const Bucket& bucket, const Object& object,
                     std::optional<std::int64_t> overwrote,
                     std::optional<std::int64_t> overwritten_by) {
  txn_.Append(kObjectFeed, EncodeChange({.kind = kind,
                                         .time = rules_.now,
                                         .project = bucket.project,
                                         .object = object,
                                         .overwrote_generation = overwrote,
                                         .overwritten_by_generation = overwritten_by}));
}

}  // namespace landfall::storage
