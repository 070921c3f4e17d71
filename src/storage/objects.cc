#include "base/text.h"
#include "storage/keys.h"
#include "storage/listing.h"
#include "storage/local_storage.h"
#include "storage/names.h"
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

Status ApplyPatch(ObjectAttributes& attributes, const ObjectPatch& patch) {
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
  TRY(CommitAndClean(
      body.file_id, [&](meta::Txn& txn, std::vector<std::uint64_t>& dead_files) -> Status {
        object = TRY(PlaceObject(txn, generations_, clock_.Now(), spec, body, dead_files));
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
  if (options.results_max == 0)
    return InvalidArgument("maxResults must be at least 1", "invalidParameter", "maxResults");
  const std::unique_ptr<meta::Reader> snapshot = meta_.Snapshot();
  TRY(FindBucket(*snapshot, bucket));
  return ListObjects(*snapshot, bucket, options);
}

Result<Object> LocalStorage::Patch(const CallContext&, std::string_view bucket,
                                   std::string_view name, std::optional<std::int64_t> generation,
                                   const ObjectPatch& patch, const Precondition& when) {
  TRY(CheckObjectName(name));
  TRY(blobs_.CheckSpace());
  TRY(faults_.Hit("storage.write", bucket));
  Object object;
  TRY(meta_.Commit([&](meta::Txn& txn) -> Status {
    StoredObject stored = TRY(NeedObject(txn, bucket, name, generation));
    const Bucket owner = TRY(FindBucket(txn, bucket));
    TRY(CheckPrecondition(when, &stored.object, Access::kWrite));
    TRY(ApplyPatch(stored.object.attributes, patch));
    ++stored.object.metageneration;
    stored.object.updated = clock_.Now();
    txn.Put(ObjectKey(bucket, name), EncodeObject(stored));
    txn.Append(kObjectFeed, EncodeChange({.kind = ChangeKind::kMetadataUpdate,
                                          .time = stored.object.updated,
                                          .project = owner.project,
                                          .object = stored.object}));
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
    RemoveObject(txn, stored, owner.project, clock_.Now(), dead_files);
    return {};
  });
}

}  // namespace landfall::storage
