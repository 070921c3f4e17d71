#include "storage/placement.h"

#include <algorithm>

#include "base/hash.h"
#include "base/text.h"
#include "storage/keys.h"
#include "storage/precondition.h"

namespace landfall::storage {
namespace {

void DropBlob(meta::Txn& txn, const Blob& blob, std::vector<std::uint64_t>& dead_files) {
  if (blob.in_file) {
    txn.Delete(FileKey(blob.id));
    dead_files.push_back(blob.id);
  } else if (blob.id != 0) {
    txn.Delete(InlineKey(blob.id));
  }
}

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
  if (!found) {
    TRY(FindBucket(reader, bucket));
    return NoSuchObject(bucket, name);
  }
  if (generation && *generation != found->object.generation) return NoSuchObject(bucket, name);
  return std::move(*found);
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

Result<Object> PlaceObject(meta::Txn& txn, GenerationClock& generations, TimePoint now,
                           const ObjectSpec& spec, const Body& body,
                           std::vector<std::uint64_t>& dead_files) {
  const Bucket bucket = TRY(FindBucket(txn, spec.bucket));
  const auto old = TRY(FindObject(txn, spec.bucket, spec.name));
  TRY(CheckPrecondition(spec.when, old ? &old->object : nullptr, Access::kWrite));

  StoredObject stored;
  Object& object = stored.object;
  object.bucket = spec.bucket;
  object.name = spec.name;
  object.generation = generations.Next(txn, now);
  object.size_bytes = body.digest.size_bytes;
  object.crc32c = body.digest.crc32c;
  object.md5 = body.digest.md5;
  object.time_created = object.updated = now;
  object.attributes = spec.attributes;
  if (object.attributes.storage_class.empty())
    object.attributes.storage_class = bucket.storage_class;

  if (body.file_id != 0) {
    stored.blob = {body.file_id, true};
    txn.Put(FileKey(body.file_id), {});
  } else if (!body.bytes.empty()) {
    // The generation is as unique as a blob id, and sorts new payloads behind all others.
    stored.blob = {static_cast<std::uint64_t>(object.generation), false};
    txn.Put(InlineKey(stored.blob.id), body.bytes);
  }
  txn.Put(ObjectKey(spec.bucket, spec.name), EncodeObject(stored));

  ObjectChange finalize{
      .kind = ChangeKind::kFinalize, .time = now, .project = bucket.project, .object = object};
  if (old) finalize.overwrote_generation = old->object.generation;
  txn.Append(kObjectFeed, EncodeChange(finalize));
  if (old) {
    DropBlob(txn, old->blob, dead_files);
    txn.Append(kObjectFeed, EncodeChange({.kind = ChangeKind::kDelete,
                                          .time = now,
                                          .project = bucket.project,
                                          .object = old->object,
                                          .overwritten_by_generation = object.generation}));
  }
  return std::move(object);
}

void RemoveObject(meta::Txn& txn, const StoredObject& stored, const std::string& project,
                  TimePoint now, std::vector<std::uint64_t>& dead_files) {
  txn.Delete(ObjectKey(stored.object.bucket, stored.object.name));
  DropBlob(txn, stored.blob, dead_files);
  txn.Append(
      kObjectFeed,
      EncodeChange(
          {.kind = ChangeKind::kDelete, .time = now, .project = project, .object = stored.object}));
}

}  // namespace landfall::storage
