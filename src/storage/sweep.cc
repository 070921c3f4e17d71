// What time brings: lifecycle rules, the end of soft-deleted versions, forgotten rows. Small
// changes, each judged again inside its commit, so that a client's change in between wins.
#include <algorithm>

#include "storage/keys.h"
#include "storage/lifecycle.h"
#include "storage/listing.h"
#include "storage/local_storage.h"
#include "storage/policy.h"

namespace landfall::storage {
namespace {

constexpr std::size_t kSweptPerChange = 100;
constexpr std::size_t kUploadsPerSweep = 1000;
constexpr std::chrono::seconds kLook{1};  // how often the thread looks at the clock
constexpr std::chrono::hours kRewriteLife{7 * 24};

Result<std::int64_t> NewerVersions(meta::Reader& reader, const Object& object) {
  if (!object.time_deleted) return std::int64_t{0};
  std::int64_t newer = TRY(reader.Get(ObjectKey(object.bucket, object.name))) ? 1 : 0;
  meta::KeyRange later = meta::PrefixRange(VersionsPrefix(object.bucket, object.name));
  later.begin = VersionKey(object.bucket, object.name, object.generation + 1);
  TRY(reader.Scan(later, [&](std::string_view, std::string_view) {
    ++newer;
    return true;
  }));
  return newer;
}

Result<LifecycleVerdict> Judge(meta::Reader& reader, const Bucket& bucket, const Object& object,
                               TimePoint now) {
  return JudgeByLifecycle(bucket, object, now, [&] { return NewerVersions(reader, object); });
}

// Bytes of the rows under `prefix` for which `wanted` holds, at most `keys_max`.
Result<std::vector<std::string>> KeysWhere(
    meta::Reader& reader, const meta::KeyRange& range, std::size_t keys_max,
    const std::function<bool(std::string_view value)>& wanted) {
  std::vector<std::string> keys;
  TRY(reader.Scan(range, [&](std::string_view key, std::string_view value) {
    if (wanted(value)) keys.emplace_back(key);
    return keys.size() < keys_max;
  }));
  return keys;
}

}  // namespace

Status LocalStorage::Sweep(const CallContext& ctx) {
  std::vector<Bucket> buckets;
  TRY(meta_.Snapshot()->Scan(meta::PrefixRange(BucketsPrefix()),
                             [&](std::string_view, std::string_view value) {
                               auto bucket = DecodeBucket(value);
                               if (bucket.ok() && !bucket->lifecycle.empty())
                                 buckets.push_back(*std::move(bucket));
                               return true;
                             }));
  for (const Bucket& bucket : buckets) TRY(ApplyLifecycle(ctx, bucket));
  TRY(ForgetSoftDeleted(ctx));
  return ForgetOldRows();
}

void LocalStorage::SweepLoop(const std::stop_token& stop) {
  MonotonicTime next = clock_.Monotonic();
  while (!stop.stop_requested()) {
    {
      const MutexLock lock(sweep_mu_);
      if (!stop.stop_requested()) sweep_stopped_.WaitFor(sweep_mu_, kLook);
    }
    if (stop.stop_requested() || clock_.Monotonic() < next) continue;
    CallContext ctx;
    ctx.stop = stop;
    const Status swept = Sweep(ctx);
    if (!swept.ok() && !stop.stop_requested())
      log_.Warn("storage_sweep_failed", {{"error", swept.ToString()}});
    next = clock_.Monotonic() + options_.sweep_every;
  }
}

Status LocalStorage::ApplyLifecycle(const CallContext& ctx, const Bucket& bucket) {
  ListOptions options{.versions = Versions::kAll};
  do {
    TRY(CheckAlive(ctx, clock_));
    std::vector<Object> candidates;
    {
      const std::unique_ptr<meta::Reader> snapshot = meta_.Snapshot();
      ObjectPage page = TRY(ListVersions(*snapshot, bucket, options));
      options.page_token = page.next_page_token;
      for (Object& object : page.items) {
        if (TRY(Judge(*snapshot, bucket, object, clock_.Now())).any())
          candidates.push_back(std::move(object));
      }
    }
    for (std::size_t at = 0; at < candidates.size(); at += kSweptPerChange) {
      const auto begin = candidates.begin() + static_cast<long>(at);
      const auto end = begin + static_cast<long>(std::min(kSweptPerChange, candidates.size() - at));
      TRY(ApplyLifecycle(bucket, {begin, end}));
    }
  } while (!options.page_token.empty());
  return {};
}

Status LocalStorage::ApplyLifecycle(const Bucket& bucket, const std::vector<Object>& candidates) {
  return CommitAndClean(0, [&](meta::Txn& txn, std::vector<std::uint64_t>& dead_files) -> Status {
    const auto now_there = FindBucket(txn, bucket.name);
    if (!now_there.ok()) return {};
    const Bucket& owner = *now_there;
    Placement placement = PlacementIn(txn, dead_files);
    for (const Object& candidate : candidates) {
      auto found = NeedObject(txn, bucket.name, candidate.name, candidate.generation);
      if (!found.ok()) continue;
      StoredObject stored = *std::move(found);
      const LifecycleVerdict verdict = TRY(Judge(txn, owner, stored.object, clock_.Now()));
      if (verdict.remove) {
        // Holds and retention are stronger than lifecycle rules.
        if (!CheckReleasable(owner, stored.object, clock_.Now(), options_.enforce_retention).ok())
          continue;
        TRY(stored.object.time_deleted ? placement.Remove(owner, stored)
                                       : placement.Retire(owner, stored));
      } else if (!verdict.storage_class.empty()) {
        stored.object.attributes.storage_class = verdict.storage_class;
        stored.object.storage_class_updated = clock_.Now();
        TRY(placement.Touch(owner, stored));
      }
    }
    return {};
  });
}

Status LocalStorage::ForgetSoftDeleted(const CallContext& ctx) {
  for (bool more = true; more;) {
    TRY(CheckAlive(ctx, clock_));
    TRY(CommitAndClean(0, [&](meta::Txn& txn, std::vector<std::uint64_t>& dead_files) -> Status {
      const std::string prefix = SoftDeletedEndsPrefix();
      const meta::KeyRange over{prefix,
                                meta::MakeKey({"st.sx", Ordered(ToMicros(clock_.Now()) + 1)})};
      const auto ends = TRY(KeysWhere(txn, over, kSweptPerChange, [](auto) { return true; }));
      more = ends.size() == kSweptPerChange;
      Placement placement = PlacementIn(txn, dead_files);
      for (const std::string& end : ends) {
        const std::vector<std::string> parts = TRY(meta::SplitKey(end));
        Bucket owner;
        owner.name = parts.at(2);
        owner.generation = static_cast<std::int64_t>(meta::FromOrderedInt(parts.at(3)));
        const auto generation = static_cast<std::int64_t>(meta::FromOrderedInt(parts.at(5)));
        if (const auto row = TRY(txn.Get(SoftDeletedKey(owner, parts.at(4), generation))))
          TRY(placement.Forget(owner, TRY(DecodeObject(owner.name, parts.at(4), *row))));
        txn.Delete(end);
      }
      return {};
    }));
  }
  return {};
}

Status LocalStorage::ForgetOldRows() {
  return CommitAndClean(0, [&](meta::Txn& txn, std::vector<std::uint64_t>& dead_files) -> Status {
    const TimePoint now = clock_.Now();
    const auto old_rewrite = [&](std::string_view value) {
      const auto rewrite = DecodeRewrite(value);
      return !rewrite.ok() || now >= rewrite->created + kRewriteLife;
    };
    const auto old_bucket = [&](std::string_view value) {
      const auto bucket = DecodeBucket(value);
      return bucket.ok() && bucket->hard_delete_time && now >= *bucket->hard_delete_time;
    };
    for (const std::string& key :
         TRY(KeysWhere(txn, meta::PrefixRange(RewritesPrefix()), kSweptPerChange, old_rewrite)))
      txn.Delete(key);
    for (const std::string& key : TRY(KeysWhere(txn, meta::PrefixRange(SoftDeletedBucketsPrefix()),
                                                kSweptPerChange, old_bucket)))
      txn.Delete(key);
    return SweepUploads(txn, kUploadsPerSweep, dead_files);
  });
}

}  // namespace landfall::storage
