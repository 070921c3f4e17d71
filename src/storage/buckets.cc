#include "base/text.h"
#include "storage/keys.h"
#include "storage/local_storage.h"
#include "storage/names.h"
#include "storage/policy.h"
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

// Soft-deleted buckets of the project, which are few, by name.
Result<BucketPage> SoftDeletedBuckets(meta::Reader& reader, std::string_view project,
                                      const ListOptions& options) {
  BucketPage page;
  Status bad;
  TRY(reader.Scan(
      meta::PrefixRange(SoftDeletedBucketsPrefix()), [&](std::string_view, std::string_view value) {
        auto bucket = DecodeBucket(value);
        if (!bucket.ok()) {
          bad = bucket.status();
        } else if (bucket->project == project && bucket->name.starts_with(options.prefix)) {
          page.items.push_back(*std::move(bucket));
        }
        return bad.ok();
      }));
  TRY(bad);
  return page;
}

Result<Bucket> FindSoftDeleted(meta::Reader& reader, std::string_view name, std::int64_t generation,
                               TimePoint now) {
  const auto row = TRY(reader.Get(SoftDeletedBucketKey(name, generation)));
  if (row) {
    Bucket bucket = TRY(DecodeBucket(*row));
    if (bucket.hard_delete_time && now < *bucket.hard_delete_time) return bucket;
  }
  return NotFound("No such soft-deleted bucket: " + std::string(name) + "/" +
                  std::to_string(generation));
}

}  // namespace

Result<Bucket> LocalStorage::CreateBucket(const CallContext&, Bucket bucket) {
  TRY(CheckBucketName(bucket.name));
  if (!bucket.soft_delete)
    bucket.soft_delete = SoftDeletePolicy{options_.soft_delete_default.count()};
  TRY(CheckBucket(bucket));
  if (bucket.project.empty())
    return InvalidArgument("Required parameter: project", "required", "project");
  TRY(blobs_.CheckSpace());
  bucket.metageneration = 1;
  bucket.time_created = bucket.updated = clock_.Now();
  if (bucket.retention) bucket.retention->effective_time = bucket.time_created;
  if (bucket.uniform_access) bucket.uniform_access_since = bucket.time_created;
  bucket.soft_delete->effective_time = bucket.time_created;
  TRY(meta_.Commit([&](meta::Txn& txn) -> Status {
    const auto row = TRY(txn.Get(BucketKey(bucket.name)));
    if (!row) {
      bucket.generation = generations_.Next(txn, bucket.time_created);
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
  if (options.versions == Versions::kSoftDeleted)
    return SoftDeletedBuckets(*snapshot, project, options);
  TRY(snapshot->Scan(range, [&](std::string_view, std::string_view value) {
    auto bucket = DecodeBucket(value);
    if (!bucket.ok()) {
      bad = bucket.status();
      return false;
    }
    const bool wanted = project.empty() || bucket->project == project;
    if (!wanted || !bucket->name.starts_with(options.prefix)) return true;
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
                                         const BucketEdit& edit, const Precondition& when) {
  TRY(blobs_.CheckSpace());
  Bucket bucket;
  TRY(meta_.Commit([&](meta::Txn& txn) -> Status {
    const Bucket before = TRY(FindBucket(txn, name));
    TRY(CheckPrecondition(when, before, Access::kWrite));
    bucket = before;
    if (edit) TRY(edit(bucket));
    TRY(CheckBucket(bucket));
    TRY(CheckBucketChange(before, bucket, clock_.Now()));
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
    Bucket bucket = TRY(FindBucket(txn, name));
    TRY(CheckPrecondition(when, bucket, Access::kWrite));
    if (!TRY(IsEmpty(txn, ObjectsPrefix(name))) || !TRY(IsEmpty(txn, VersionsPrefix(name)))) {
      return AlreadyExists("The bucket you tried to delete is not empty.", "conflict");
    }
    txn.Delete(BucketKey(name));
    txn.Delete(IamPolicyKey(name));
    if (bucket.soft_delete_seconds() > 0) {
      bucket.soft_delete_time = clock_.Now();
      bucket.hard_delete_time =
          *bucket.soft_delete_time + std::chrono::seconds(bucket.soft_delete_seconds());
      txn.Put(SoftDeletedBucketKey(name, bucket.generation), EncodeBucket(bucket));
    }
    return DeleteAll(txn, NotificationsPrefix(name));
  });
}

Result<Bucket> LocalStorage::GetSoftDeletedBucket(const CallContext&, std::string_view name,
                                                  std::int64_t generation) {
  return FindSoftDeleted(*meta_.Snapshot(), name, generation, clock_.Now());
}

Result<Bucket> LocalStorage::RestoreBucket(const CallContext&, std::string_view name,
                                           std::int64_t generation) {
  Bucket bucket;
  TRY(meta_.Commit([&](meta::Txn& txn) -> Status {
    bucket = TRY(FindSoftDeleted(txn, name, generation, clock_.Now()));
    if (TRY(txn.Get(BucketKey(name))))
      return AlreadyExists("A bucket with the name '" + std::string(name) + "' exists.",
                           "conflict");
    txn.Delete(SoftDeletedBucketKey(name, generation));
    bucket.soft_delete_time.reset();
    bucket.hard_delete_time.reset();
    ++bucket.metageneration;
    bucket.updated = clock_.Now();
    txn.Put(BucketKey(name), EncodeBucket(bucket));
    return {};
  }));
  return bucket;
}

Result<IamPolicy> LocalStorage::GetIamPolicy(const CallContext&, std::string_view bucket) {
  const std::unique_ptr<meta::Reader> snapshot = meta_.Snapshot();
  TRY(FindBucket(*snapshot, bucket));
  const auto row = TRY(snapshot->Get(IamPolicyKey(bucket)));
  return row ? DecodeIamPolicy(*row) : Result<IamPolicy>(IamPolicy());
}

Result<IamPolicy> LocalStorage::SetIamPolicy(const CallContext&, std::string_view bucket,
                                             IamPolicy policy, std::string_view etag) {
  if (policy.bindings.size() > meta::kValueBytesMax / 4)
    return InvalidArgument("the IAM policy is larger than 256 KiB", "invalidArgument");
  TRY(blobs_.CheckSpace());
  TRY(meta_.Commit([&](meta::Txn& txn) -> Status {
    TRY(FindBucket(txn, bucket));
    const auto row = TRY(txn.Get(IamPolicyKey(bucket)));
    const IamPolicy before = row ? TRY(DecodeIamPolicy(*row)) : IamPolicy();
    if (!etag.empty() && etag != EtagOf(before)) {
      return FailedPrecondition("At least one of the pre-conditions you specified did not hold.",
                                "conditionNotMet", "If-Match");
    }
    policy.revision = before.revision + 1;
    txn.Put(IamPolicyKey(bucket), EncodeIamPolicy(policy));
    return {};
  }));
  return policy;
}

}  // namespace landfall::storage
