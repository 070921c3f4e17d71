#include "base/text.h"
#include "storage/keys.h"
#include "storage/listing.h"
#include "storage/local_storage.h"
#include "storage/names.h"
#include "storage/policy.h"
#include "storage/precondition.h"

namespace landfall::storage {
namespace {

std::string* TextAttribute(ObjectAttributes& a, std::string_view json_name) {
  const struct {
    std::string_view name;
    std::string* value;
  } rows[] = {{"contentType", &a.content_type},
              {"contentEncoding", &a.content_encoding},
              {"contentDisposition", &a.content_disposition},
              {"contentLanguage", &a.content_language},
              {"cacheControl", &a.cache_control}};
  for (const auto& row : rows) {
    if (row.name == json_name) return row.value;
  }
  return nullptr;
}

Status PatchCustomTime(ObjectAttributes& attributes, const std::optional<std::string>& text) {
  if (!text) {
    if (!attributes.custom_time) return {};
    return InvalidArgument("customTime cannot be removed once it is set", "invalidArgument",
                           "customTime");
  }
  const TimePoint time = TRY(ParseRfc3339(*text));
  if (attributes.custom_time && time < *attributes.custom_time) {
    return InvalidArgument("customTime may only move forward", "invalidArgument", "customTime");
  }
  attributes.custom_time = time;
  return {};
}

Status PatchTexts(ObjectAttributes& attributes, const ObjectPatch& patch) {
  for (const auto& [name, value] : patch.attributes) {
    if (name == "customTime") {
      TRY(PatchCustomTime(attributes, value));
    } else if (name == "storageClass") {
      if (value && *value == attributes.storage_class) continue;
      return InvalidArgument("storageClass of an existing object is changed by rewrite only",
                             "invalidArgument", "storageClass");
    } else if (std::string* const text = TextAttribute(attributes, name)) {
      *text = value.value_or("");
    } else {
      return InvalidArgument("'" + name + "' is not a writable field of an object",
                             "invalidArgument", name);
    }
  }
  if (patch.clear_metadata) attributes.metadata.clear();
  for (const auto& [key, value] : patch.metadata) {
    if (value) {
      attributes.metadata[key] = *value;
    } else {
      attributes.metadata.erase(key);
    }
  }
  return {};
}

// Update: everything writable returns to its default, except what can never be taken back.
void Reset(ObjectAttributes& attributes) {
  ObjectAttributes fresh;
  fresh.storage_class = attributes.storage_class;
  fresh.custom_time = attributes.custom_time;
  fresh.acl = std::move(attributes.acl);
  attributes = std::move(fresh);
}

Status ApplyPatch(const Bucket& bucket, TimePoint now, const ObjectPatch& patch, Object& object) {
  ObjectAttributes& attributes = object.attributes;
  const bool held = attributes.event_based_hold.value_or(false);
  const auto retention = attributes.retention;
  if (patch.replace) Reset(attributes);
  TRY(PatchTexts(attributes, patch));
  if (patch.temporary_hold) attributes.temporary_hold = *patch.temporary_hold;
  if (patch.event_based_hold) attributes.event_based_hold = patch.event_based_hold;
  if (held && !attributes.event_based_hold.value_or(false)) object.hold_released = now;
  if (patch.retention) attributes.retention = *patch.retention;
  TRY(CheckRetentionChange(retention, attributes.retention, patch.override_unlocked_retention,
                           now));
  if (patch.retention && *patch.retention) TRY(CheckObjectRetention(bucket, attributes, now));
  if (patch.edit_acl) {
    Acl acl = attributes.acl.value_or(Acl());
    TRY(patch.edit_acl(acl));
    attributes.acl = std::move(acl);
  }
  return CheckAttributes(attributes);
}

}  // namespace

Result<Object> LocalStorage::Insert(const CallContext& ctx, const ObjectSpec& spec,
                                    ByteSource& source) {
  TRY(CheckObjectName(spec.name));
  TRY(CheckAttributes(spec.attributes));
  TRY(blobs_.CheckSpace());
  const auto still_possible = [&]() -> Status {
    const std::unique_ptr<meta::Reader> snapshot = meta_.Snapshot();
    TRY(FindBucket(*snapshot, spec.bucket));
    const auto live = TRY(FindObject(*snapshot, spec.bucket, spec.name));
    return CheckPrecondition(spec.when, live ? &live->object : nullptr, Access::kWrite);
  };
  const Body body = TRY(ReceiveBody(ctx, source, blobs_, still_possible));
  const Status usable = [&]() -> Status {
    TRY(CheckDigest(body.digest, spec.expected));
    return faults_.Hit("storage.write", spec.bucket);
  }();
  if (!usable.ok()) {
    if (body.file_id != 0) blobs_.Remove(body.file_id);
    return usable;
  }
  Object object;
  TRY(CommitAndClean(body.file_id,
                     [&](meta::Txn& txn, std::vector<std::uint64_t>& dead_files) -> Status {
                       object = TRY(PlacementIn(txn, dead_files).Place(spec, body));
                       return {};
                     }));
  bytes_in_.Add(object.size_bytes);
  objects_in_.Add();
  return object;
}

Result<Object> LocalStorage::Get(const CallContext&, std::string_view bucket, std::string_view name,
                                 std::optional<std::int64_t> generation, const Precondition& when) {
  TRY(CheckObjectName(name));
  const std::unique_ptr<meta::Reader> snapshot = meta_.Snapshot();
  StoredObject stored = TRY(NeedObject(*snapshot, bucket, name, generation));
  TRY(CheckPrecondition(when, &stored.object, Access::kRead));
  const Bucket owner = TRY(FindBucket(*snapshot, bucket));
  stored.object.retention_expiration = RetentionExpiration(owner, stored.object);
  return std::move(stored.object);
}

Result<OpenObject> LocalStorage::Open(const CallContext&, std::string_view bucket,
                                      std::string_view name, std::optional<std::int64_t> generation,
                                      const Precondition& when) {
  TRY(CheckObjectName(name));
  TRY(faults_.Hit("storage.read", bucket));
  std::int64_t missing_file_of = 0;
  while (true) {
    const std::unique_ptr<meta::Reader> snapshot = meta_.Snapshot();
    StoredObject stored = TRY(NeedObject(*snapshot, bucket, name, generation));
    TRY(CheckPrecondition(when, &stored.object, Access::kRead));
    if (!stored.blob.in_file) {
      std::optional<std::string> bytes = std::string();
      if (stored.blob.id != 0) bytes = TRY(snapshot->Get(InlineKey(stored.blob.id)));
      if (!bytes)
        return DataLoss("the bytes of " + stored.object.bucket + "/" + stored.object.name +
                        " are missing");
      return OpenObject{std::move(stored.object), MakeInlineFile(*std::move(bytes))};
    }
    auto file = blobs_.OpenForRead(stored.blob.id);
    if (file.ok()) return OpenObject{std::move(stored.object), std::move(file).value()};
    if (file.status().code() != Code::kNotFound) return file.status();
    // The object was replaced between our snapshot and the open, unless the same row still names
    // the missing file.
    if (missing_file_of == stored.object.generation) {
      return DataLoss("the file of " + stored.object.bucket + "/" + stored.object.name +
                      " is missing");
    }
    missing_file_of = stored.object.generation;
  }
}

Result<ObjectPage> LocalStorage::List(const CallContext&, std::string_view bucket,
                                      const ListOptions& options) {
  for (const std::string_view text :
       {std::string_view(options.prefix), std::string_view(options.start_offset),
        std::string_view(options.end_offset), std::string_view(options.delimiter)}) {
    if (text.find('\0') != std::string_view::npos) {
      return InvalidArgument("prefix, delimiter and offsets must not contain NUL",
                             "invalidParameter");
    }
  }
  if (!options.match_glob.empty() && !options.delimiter.empty() && options.delimiter != "/") {
    return InvalidArgument("matchGlob goes with the delimiter / or none", "invalidParameter",
                           "matchGlob");
  }
  if (options.results_max == 0)
    return InvalidArgument("maxResults must be at least 1", "invalidParameter", "maxResults");
  const std::unique_ptr<meta::Reader> snapshot = meta_.Snapshot();
  const Bucket owner = TRY(FindBucket(*snapshot, bucket));
  if (options.versions == Versions::kSoftDeleted) TRY(CheckSoftDeleteOn(owner));
  ObjectPage page = options.versions == Versions::kLive
                        ? TRY(ListObjects(*snapshot, bucket, options))
                        : TRY(ListVersions(*snapshot, owner, options));
  if (owner.retention) {
    for (Object& object : page.items)
      object.retention_expiration = RetentionExpiration(owner, object);
  }
  return page;
}

Result<Object> LocalStorage::Patch(const CallContext&, std::string_view bucket,
                                   std::string_view name, std::optional<std::int64_t> generation,
                                   const ObjectPatch& patch, const Precondition& when) {
  TRY(CheckObjectName(name));
  TRY(blobs_.CheckSpace());
  TRY(faults_.Hit("storage.write", bucket));
  Object object;
  TRY(CommitAndClean(0, [&](meta::Txn& txn, std::vector<std::uint64_t>& dead_files) -> Status {
    StoredObject stored = TRY(NeedObject(txn, bucket, name, generation));
    const Bucket owner = TRY(FindBucket(txn, bucket));
    TRY(CheckPrecondition(when, &stored.object, Access::kWrite));
    TRY(ApplyPatch(owner, clock_.Now(), patch, stored.object));
    TRY(PlacementIn(txn, dead_files).Touch(owner, stored));
    object = std::move(stored.object);
    return {};
  }));
  return object;
}

Status LocalStorage::Delete(const CallContext&, std::string_view bucket, std::string_view name,
                            std::optional<std::int64_t> generation, const Precondition& when) {
  TRY(CheckObjectName(name));
  TRY(faults_.Hit("storage.write", bucket));
  return CommitAndClean(0, [&](meta::Txn& txn, std::vector<std::uint64_t>& dead_files) -> Status {
    const StoredObject stored = TRY(NeedObject(txn, bucket, name, generation));
    const Bucket owner = TRY(FindBucket(txn, bucket));
    TRY(CheckPrecondition(when, &stored.object, Access::kWrite));
    Placement placement = PlacementIn(txn, dead_files);
    return generation ? placement.Remove(owner, stored) : placement.Retire(owner, stored);
  });
}

}  // namespace landfall::storage
