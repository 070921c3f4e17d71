// Copy, move, rewrite, compose, restore: new generations made of what is stored already.
#include <algorithm>

#include "storage/keys.h"
#include "storage/local_storage.h"
#include "storage/names.h"
#include "storage/policy.h"
#include "storage/precondition.h"

namespace landfall::storage {
namespace {

constexpr std::uint64_t kRewriteUnitBytes = 1 << 20;
constexpr std::size_t kTokenBytes = 24;

// The content of another version; its bytes are shared, not read.
Body SharedBody(const StoredObject& source) {
  const Object& object = source.object;
  return {.digest = {object.size_bytes, object.crc32c, object.md5},
          .shared_id = source.blob.id,
          .shared_in_file = source.blob.in_file,
          .component_count = object.component_count};
}

// What a copy takes over when the caller states nothing: not what belongs to the place or to the
// version.
ObjectAttributes Inherited(const ObjectAttributes& source, const ObjectAttributes& stated) {
  ObjectAttributes attributes = source;
  attributes.storage_class = stated.storage_class;
  attributes.acl = stated.acl;
  attributes.temporary_hold = false;
  attributes.event_based_hold.reset();
  attributes.retention.reset();
  return attributes;
}

// The contents of several objects, one behind the other.
class Concatenation final : public ByteSource {
 public:
  explicit Concatenation(std::vector<OpenObject> parts) : parts_(std::move(parts)) {}
  Result<std::size_t> Read(std::span<char> out) override {
    while (part_ < parts_.size()) {
      const OpenObject& part = parts_[part_];
      const std::uint64_t left = part.object.size_bytes - at_;
      if (left == 0) {
        parts_[part_++].file.reset();
        at_ = 0;
        continue;
      }
      const std::size_t n =
          TRY(part.file->ReadAt(at_, out.subspan(0, std::min<std::uint64_t>(out.size(), left))));
      if (n == 0) return DataLoss("an object's file is shorter than the object");
      at_ += n;
      return n;
    }
    return std::size_t{0};
  }

 private:
  std::vector<OpenObject> parts_;
  std::size_t part_ = 0;
  std::uint64_t at_ = 0;
};

Status CheckSources(const ComposeSpec& spec) {
  if (spec.sources.empty()) {
    return InvalidArgument("You must provide at least one source component.", "required",
                           "sourceObjects");
  }
  if (spec.sources.size() > kComposeSourcesMax) {
    return InvalidArgument("The number of source components provided (" +
                               std::to_string(spec.sources.size()) +
                               ") exceeds the maximum allowed limit (32).",
                           "invalid", "sourceObjects");
  }
  for (const ComposeSource& source : spec.sources) {
    if (source.name.empty())
      return InvalidArgument("Required field: sourceObjects[].name", "required", "sourceObjects");
    if (source.generation && source.generation_match &&
        *source.generation != *source.generation_match) {
      return FailedPrecondition("At least one of the pre-conditions you specified did not hold.",
                                "conditionNotMet", "If-Match");
    }
  }
  return {};
}

}  // namespace

Result<Object> LocalStorage::CopyWithin(meta::Txn& txn, std::vector<std::uint64_t>& dead_files,
                                        const CopySpec& spec, bool take_source) {
  const StoredObject source =
      TRY(NeedObject(txn, spec.source_bucket, spec.source_name, spec.source_generation));
  TRY(CheckPrecondition(spec.source_when, &source.object, Access::kWrite));
  ObjectSpec destination = spec.destination;
  if (!spec.own_attributes)
    destination.attributes = Inherited(source.object.attributes, spec.destination.attributes);
  Placement placement = PlacementIn(txn, dead_files);
  Object made = TRY(placement.Place(destination, SharedBody(source)));
  if (take_source) TRY(placement.Retire(TRY(FindBucket(txn, spec.source_bucket)), source));
  return made;
}

Result<Object> LocalStorage::Copy(const CallContext&, const CopySpec& spec) {
  TRY(CheckObjectName(spec.source_name));
  TRY(CheckObjectName(spec.destination.name));
  TRY(CheckAttributes(spec.destination.attributes));
  TRY(blobs_.CheckSpace());
  TRY(faults_.Hit("storage.write", spec.destination.bucket));
  Object object;
  TRY(CommitAndClean(0, [&](meta::Txn& txn, std::vector<std::uint64_t>& dead_files) -> Status {
    object = TRY(CopyWithin(txn, dead_files, spec, false));
    return {};
  }));
  objects_in_.Add();
  return object;
}

Result<Object> LocalStorage::Move(const CallContext&, const CopySpec& spec) {
  TRY(CheckObjectName(spec.source_name));
  TRY(CheckObjectName(spec.destination.name));
  if (spec.source_bucket != spec.destination.bucket)
    return InvalidArgument("an object moves within its bucket only", "invalid");
  if (spec.source_name == spec.destination.name)
    return InvalidArgument("source and destination of a move must differ", "invalid");
  TRY(blobs_.CheckSpace());
  TRY(faults_.Hit("storage.write", spec.destination.bucket));
  Object object;
  TRY(CommitAndClean(0, [&](meta::Txn& txn, std::vector<std::uint64_t>& dead_files) -> Status {
    object = TRY(CopyWithin(txn, dead_files, spec, true));
    return {};
  }));
  return object;
}

// The state of a rewrite as of its last call; that of a new one when the spec has no token.
Result<StoredRewrite> LocalStorage::LoadRewrite(const RewriteSpec& spec) {
  const CopySpec& copy = spec.copy;
  if (spec.token.empty()) {
    StoredRewrite fresh{.created = clock_.Now(), .spec = spec};
    const std::unique_ptr<meta::Reader> snapshot = meta_.Snapshot();
    const StoredObject source =
        TRY(NeedObject(*snapshot, copy.source_bucket, copy.source_name, copy.source_generation));
    TRY(CheckPrecondition(copy.source_when, &source.object, Access::kWrite));
    TRY(FindBucket(*snapshot, copy.destination.bucket));
    fresh.spec.copy.source_generation = source.object.generation;
    return fresh;
  }
  const auto row = TRY(meta_.Get(RewriteKey(spec.token)));
  if (!row) return NotFound("Rewrite token not found: " + spec.token.substr(0, 100));
  StoredRewrite stored = TRY(DecodeRewrite(*row));
  const CopySpec& first = stored.spec.copy;
  const bool same = copy.source_bucket == first.source_bucket &&
                    copy.source_name == first.source_name &&
                    copy.destination.bucket == first.destination.bucket &&
                    copy.destination.name == first.destination.name &&
                    (!copy.source_generation || copy.source_generation == first.source_generation);
  if (!same || (spec.bytes_max && spec.bytes_max != stored.spec.bytes_max)) {
    return InvalidArgument("the rewrite token belongs to a call with other parameters", "invalid",
                           "rewriteToken");
  }
  return stored;
}

Result<RewriteStatus> LocalStorage::Rewrite(const CallContext&, const RewriteSpec& spec) {
  TRY(CheckObjectName(spec.copy.source_name));
  TRY(CheckObjectName(spec.copy.destination.name));
  TRY(CheckAttributes(spec.copy.destination.attributes));
  if (spec.bytes_max && (*spec.bytes_max == 0 || *spec.bytes_max % kRewriteUnitBytes != 0)) {
    return InvalidArgument("maxBytesRewrittenPerCall must be a multiple of 1048576", "invalid",
                           "maxBytesRewrittenPerCall");
  }
  TRY(blobs_.CheckSpace());
  TRY(faults_.Hit("storage.write", spec.copy.destination.bucket));
  StoredRewrite rewrite = TRY(LoadRewrite(spec));
  const std::string token = spec.token.empty() ? RandomHex(random_, kTokenBytes) : spec.token;
  RewriteStatus status;
  TRY(CommitAndClean(0, [&](meta::Txn& txn, std::vector<std::uint64_t>& dead_files) -> Status {
    status = {};
    const CopySpec& copy = rewrite.spec.copy;
    const StoredObject source =
        TRY(NeedObject(txn, copy.source_bucket, copy.source_name, copy.source_generation));
    status.object_bytes = source.object.size_bytes;
    status.rewritten_bytes =
        std::min(status.object_bytes,
                 rewrite.rewritten_bytes + rewrite.spec.bytes_max.value_or(status.object_bytes));
    if (status.rewritten_bytes < status.object_bytes) {
      StoredRewrite next = rewrite;
      next.rewritten_bytes = status.rewritten_bytes;
      status.token = token;
      txn.Put(RewriteKey(token), EncodeRewrite(next));
      return {};
    }
    status.object = TRY(CopyWithin(txn, dead_files, copy, false));
    if (!spec.token.empty()) txn.Delete(RewriteKey(token));
    return {};
  }));
  return status;
}

// Copies the sources' bytes into one body; `generations` are what was read.
Result<Body> LocalStorage::Concatenate(const CallContext& ctx, const ComposeSpec& spec,
                                       std::vector<std::int64_t>& generations) {
  std::vector<OpenObject> parts;
  std::int64_t components = 0;
  for (const ComposeSource& source : spec.sources) {
    OpenObject part = TRY(Open(ctx, spec.destination.bucket, source.name, source.generation,
                               {.generation_match = source.generation_match}));
    components += std::max<std::int64_t>(1, part.object.component_count);
    generations.push_back(part.object.generation);
    if (!parts.empty() &&
        part.object.attributes.storage_class != parts.front().object.attributes.storage_class) {
      return InvalidArgument("all source objects must have one storage class", "invalid",
                             "sourceObjects");
    }
    parts.push_back(std::move(part));
  }
  Concatenation content(std::move(parts));
  const auto still_possible = [&]() -> Status {
    const auto live =
        TRY(FindObject(*meta_.Snapshot(), spec.destination.bucket, spec.destination.name));
    return CheckPrecondition(spec.destination.when, live ? &live->object : nullptr, Access::kWrite);
  };
  Body body = TRY(ReceiveBody(ctx, content, blobs_, still_possible));
  body.digest.md5.clear();  // composite objects have none
  body.component_count = components;
  return body;
}

Result<Object> LocalStorage::Compose(const CallContext& ctx, const ComposeSpec& spec) {
  const ObjectSpec& destination = spec.destination;
  TRY(CheckObjectName(destination.name));
  TRY(CheckAttributes(destination.attributes));
  TRY(CheckSources(spec));
  TRY(blobs_.CheckSpace());
  TRY(FindBucket(*meta_.Snapshot(), destination.bucket));
  TRY(faults_.Hit("storage.write", destination.bucket));
  std::vector<std::int64_t> generations;
  const Body body = TRY(Concatenate(ctx, spec, generations));
  const Status sums = CheckDigest(body.digest, {.crc32c = destination.expected.crc32c});
  if (!sums.ok()) {
    if (body.file_id != 0) blobs_.Remove(body.file_id);
    return sums;
  }
  Object object;
  TRY(CommitAndClean(
      body.file_id, [&](meta::Txn& txn, std::vector<std::uint64_t>& dead_files) -> Status {
        // The sources must still be what was read; a replaced one is a lost race like any other.
        std::vector<StoredObject> sources;
        for (std::size_t i = 0; i < spec.sources.size(); ++i) {
          sources.push_back(
              TRY(NeedObject(txn, destination.bucket, spec.sources[i].name, generations[i])));
        }
        Placement placement = PlacementIn(txn, dead_files);
        object = TRY(placement.Place(destination, body));
        if (!spec.delete_sources) return {};
        const Bucket bucket = TRY(FindBucket(txn, destination.bucket));
        for (std::size_t i = 0; i < sources.size(); ++i) {
          const bool again =
              std::any_of(sources.begin(), sources.begin() + static_cast<long>(i),
                          [&](const StoredObject& other) {
                            return other.object.name == sources[i].object.name &&
                                   other.object.generation == sources[i].object.generation;
                          });
          // The destination may have been a source; placing it took that away already.
          if (again || sources[i].object.name == destination.name) continue;
          TRY(placement.RemoveForGood(bucket, sources[i]));
        }
        return {};
      }));
  objects_in_.Add();
  return object;
}

Result<Object> LocalStorage::GetSoftDeleted(const CallContext&, std::string_view bucket,
                                            std::string_view name, std::int64_t generation) {
  TRY(CheckObjectName(name));
  const std::unique_ptr<meta::Reader> snapshot = meta_.Snapshot();
  const Bucket owner = TRY(FindBucket(*snapshot, bucket));
  TRY(CheckSoftDeleteOn(owner));
  return std::move(TRY(NeedSoftDeleted(*snapshot, owner, name, generation, clock_.Now())).object);
}

Result<Object> LocalStorage::Restore(const CallContext&, const ObjectSpec& spec,
                                     std::int64_t generation, bool copy_acl) {
  TRY(CheckObjectName(spec.name));
  TRY(blobs_.CheckSpace());
  Object object;
  TRY(CommitAndClean(0, [&](meta::Txn& txn, std::vector<std::uint64_t>& dead_files) -> Status {
    const Bucket owner = TRY(FindBucket(txn, spec.bucket));
    const auto there = NeedObject(txn, spec.bucket, spec.name, generation);
    if (there.ok()) {
      return FailedPrecondition("object " + spec.bucket + "/" + spec.name + "#" +
                                    std::to_string(generation) + " is not soft-deleted",
                                "objectNotSoftDeleted");
    }
    const StoredObject source =
        TRY(NeedSoftDeleted(txn, owner, spec.name, generation, clock_.Now()));
    ObjectSpec restored = spec;
    restored.attributes = source.object.attributes;
    restored.attributes.retention.reset();
    if (!copy_acl) restored.attributes.acl.reset();
    object = TRY(PlacementIn(txn, dead_files).Place(restored, SharedBody(source)));
    return {};
  }));
  return object;
}

}  // namespace landfall::storage
