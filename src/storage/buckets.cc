#include "base/text.h"
#include "storage/keys.h"
#include "storage/local_storage.h"
#include "storage/names.h"
#include "storage/precondition.h"

namespace landfall::storage {
namespace {

Result<bool> IsEmpty(meta::Reader& reader, const std::string& prefix) {
  bool empty = true;
  TRY(reader.Scan(meta::PrefixRange(prefix),
                  [&](std::string_view, std::string_view) { return empty = false; }));
  return empty;
}

Status DeleteAll(meta::Txn& txn, const std::string& prefix) {
  std::vector<std::string> keys;
  TRY(txn.Scan(meta::PrefixRange(prefix), [&](std::string_view key, std::string_view) {
    keys.emplace_back(key);
    return true;
  }));
  for (const std::string& key : keys) txn.Delete(key);
  return {};
}

void ApplyPatch(Bucket& bucket, const BucketPatch& patch) {
  if (patch.clear_labels) bucket.labels.clear();
  for (const auto& [key, value] : patch.labels) {
    if (value) {
      bucket.labels[key] = *value;
    } else {
      bucket.labels.erase(key);
    }
  }
  if (patch.storage_class) bucket.storage_class = *patch.storage_class;
  if (patch.uniform_access) bucket.uniform_access = *patch.uniform_access;
}

}  // namespace

Result<Bucket> LocalStorage::CreateBucket(const CallContext&, Bucket bucket) {
  TRY(CheckBucketName(bucket.name));
  TRY(CheckStorageClass(bucket.storage_class));
  TRY(CheckLabels(bucket.labels));
  if (bucket.project.empty())
    return InvalidArgument("Required parameter: project", "required", "project");
  TRY(blobs_.CheckSpace());
  bucket.metageneration = 1;
  bucket.time_created = bucket.updated = clock_.Now();
  TRY(meta_.Commit([&](meta::Txn& txn) -> Status {
    const auto row = TRY(txn.Get(BucketKey(bucket.name)));
    if (!row) {
      txn.Put(BucketKey(bucket.name), EncodeBucket(bucket));
      return {};
    }
    if (TRY(DecodeBucket(*row)).project == bucket.project) {
      return AlreadyExists(
          "Your previous request to create the named bucket succeeded and you already own it.",
          "conflict");
    }
    return AlreadyExists(
        "The requested bucket name is not available. The bucket namespace is shared by all users "
        "of the system. "
        "Please select a different name and try again.",
        "conflict");
  }));
  return bucket;
}

Result<Bucket> LocalStorage::GetBucket(const CallContext&, std::string_view name,
                                       const Precondition& when) {
  const auto row = TRY(meta_.Get(BucketKey(name)));
  if (!row) return NotFound("The specified bucket does not exist.");
  Bucket bucket = TRY(DecodeBucket(*row));
  TRY(CheckPrecondition(when, bucket, Access::kRead));
  return bucket;
}

Result<BucketPage> LocalStorage::ListBuckets(const CallContext&, std::string_view project,
                                             const ListOptions& options) {
  BucketPage page;
  meta::KeyRange range = meta::PrefixRange(BucketsPrefix());
  if (!options.page_token.empty()) {
    const auto token = FromBase64(options.page_token);
    if (!token.ok()) return InvalidArgument("Invalid pageToken", "invalidParameter", "pageToken");
    range.begin = BucketKey(*token);
  }
  Status bad;
  const std::unique_ptr<meta::Reader> snapshot = meta_.Snapshot();
  TRY(snapshot->Scan(range, [&](std::string_view, std::string_view value) {
    auto bucket = DecodeBucket(value);
    if (!bucket.ok()) {
      bad = bucket.status();
      return false;
    }
    if (bucket->project != project || !bucket->name.starts_with(options.prefix)) return true;
    if (page.items.size() == options.results_max) {
      page.next_page_token = Base64(bucket->name);
      return false;
    }
    page.items.push_back(*std::move(bucket));
    return true;
  }));
  TRY(bad);
  return page;
}

Result<Bucket> LocalStorage::PatchBucket(const CallContext&, std::string_view name,
                                         const BucketPatch& patch, const Precondition& when) {
  TRY(blobs_.CheckSpace());
  Bucket bucket;
  TRY(meta_.Commit([&](meta::Txn& txn) -> Status {
    bucket = TRY(FindBucket(txn, name));
    TRY(CheckPrecondition(when, bucket, Access::kWrite));
    ApplyPatch(bucket, patch);
    TRY(CheckStorageClass(bucket.storage_class));
    TRY(CheckLabels(bucket.labels));
    ++bucket.metageneration;
    bucket.updated = clock_.Now();
    txn.Put(BucketKey(name), EncodeBucket(bucket));
    return {};
  }));
  return bucket;
}

Status LocalStorage::DeleteBucket(const CallContext&, std::string_view name,
                                  const Precondition& when) {
  return meta_.Commit([&](meta::Txn& txn) -> Status {
    const Bucket bucket = TRY(FindBucket(txn, name));
    TRY(CheckPrecondition(when, bucket, Access::kWrite));
    if (!TRY(IsEmpty(txn, ObjectsPrefix(name)))) {
      return AlreadyExists("The bucket you tried to delete is not empty.", "conflict");
    }
    txn.Delete(BucketKey(name));
    return DeleteAll(txn, NotificationsPrefix(name));
  });
}

}  // namespace landfall::storage
