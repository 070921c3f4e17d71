#include "storage/policy.h"

#include <algorithm>
#include <array>
#include <string>

#include "storage/names.h"

namespace landfall::storage {
namespace {

constexpr std::int64_t kDaySeconds = 86'400;
constexpr std::int64_t kRetentionSecondsMax = 3'155'760'000;  // 100 years
constexpr std::int64_t kSoftDeleteSecondsMin = 7 * kDaySeconds,
                       kSoftDeleteSecondsMax = 90 * kDaySeconds;
constexpr std::size_t kRulesMax = 100, kMatchesMax = 1000;
constexpr std::size_t kAclEntriesMax = 100;
constexpr std::size_t kBucketBytesMax = 20 * 1024;

std::string Time(TimePoint time) { return FormatRfc3339(time); }

bool AnyCondition(const LifecycleCondition& c) {
  return c.age || c.days_since_custom_time || c.days_since_noncurrent_time ||
         c.num_newer_versions || c.is_live || !c.created_before.empty() ||
         !c.custom_time_before.empty() || !c.noncurrent_time_before.empty() ||
         !c.matches_storage_class.empty() || !c.matches_prefix.empty() || !c.matches_suffix.empty();
}

Status BadLifecycle(std::string_view rule) {
  return InvalidArgument("lifecycle: " + std::string(rule), "invalidArgument", "lifecycle");
}

Status CheckCondition(const LifecycleCondition& c) {
  for (const auto& number :
       {c.age, c.days_since_custom_time, c.days_since_noncurrent_time, c.num_newer_versions}) {
    if (number && *number < 0) return BadLifecycle("a condition's number must not be negative");
  }
  for (const std::string& date :
       {c.created_before, c.custom_time_before, c.noncurrent_time_before}) {
    if (date.empty()) continue;
    if (date.size() != 10 || !ParseRfc3339(date + "T00:00:00Z").ok())
      return BadLifecycle("'" + date.substr(0, 40) + "' is not a date like 2025-12-31");
  }
  for (const std::string& name : c.matches_storage_class) TRY(CheckStorageClass(name));
  if (c.matches_prefix.size() + c.matches_suffix.size() > kMatchesMax)
    return BadLifecycle("a rule has at most 1000 prefixes and suffixes");
  return {};
}

Status CheckLifecycle(const std::vector<LifecycleRule>& rules) {
  if (rules.size() > kRulesMax) return BadLifecycle("a bucket has at most 100 rules");
  for (const LifecycleRule& rule : rules) {
    const LifecycleCondition& c = rule.condition;
    if (!AnyCondition(c)) return BadLifecycle("a rule needs at least one condition");
    TRY(CheckCondition(c));
    if (rule.action == LifecycleAction::kSetStorageClass)
      TRY(CheckStorageClass(rule.storage_class));
    if (rule.action != LifecycleAction::kAbortMultipartUpload) continue;
    LifecycleCondition rest = c;
    rest.age.reset();
    rest.matches_prefix.clear();
    rest.matches_suffix.clear();
    if (AnyCondition(rest) || !c.age)
      return BadLifecycle(
          "AbortIncompleteMultipartUpload takes age (required) and name matches only");
  }
  return {};
}

Status CheckSettings(const Bucket& bucket) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : bucket.settings) bytes += name.size() + value.size();
  for (const auto& [name, value] : bucket.labels) bytes += name.size() + value.size();
  if (bytes <= kBucketBytesMax) return {};
  return InvalidArgument("the bucket's metadata is " + std::to_string(bytes) +
                             " bytes; the limit is " + std::to_string(kBucketBytesMax),
                         "invalidArgument");
}

Status CheckAclSize(const std::optional<Acl>& acl) {
  if (!acl || acl->size() <= kAclEntriesMax) return {};
  return InvalidArgument("an access control list has at most 100 entries", "invalidArgument",
                         "acl");
}

}  // namespace

std::optional<TimePoint> RetentionExpiration(const Bucket& bucket, const Object& object) {
  std::optional<TimePoint> end;
  if (object.attributes.retention) end = object.attributes.retention->until;
  if (!bucket.retention || object.attributes.event_based_hold.value_or(false)) return end;
  const TimePoint start = std::max(object.time_created, object.hold_released.value_or(TimePoint()));
  const TimePoint bucket_end = start + std::chrono::seconds(bucket.retention->seconds);
  return end ? std::max(*end, bucket_end) : bucket_end;
}

Status CheckReleasable(const Bucket& bucket, const Object& object, TimePoint now,
                       bool enforce_bucket_retention) {
  const std::string name = object.bucket + "/" + object.name;
  const ObjectAttributes& a = object.attributes;
  if (a.temporary_hold || a.event_based_hold.value_or(false)) {
    return PermissionDenied("Object '" + name + "' is under active " +
                                (a.temporary_hold ? "Temporary" : "Event-Based") +
                                " hold and cannot be deleted, overwritten or archived until hold "
                                "is removed.",
                            "objectUnderActiveHold");
  }
  std::optional<TimePoint> end;
  if (a.retention) end = a.retention->until;
  if (enforce_bucket_retention) end = RetentionExpiration(bucket, object);
  if (!end || now >= *end) return {};
  return PermissionDenied("Object '" + name +
                              "' is subject to bucket's retention policy or object retention and "
                              "cannot be deleted, overwritten or archived until " +
                              Time(*end),
                          "retentionPolicyNotMet");
}

Status CheckBucket(const Bucket& bucket) {
  TRY(CheckStorageClass(bucket.storage_class));
  TRY(CheckLabels(bucket.labels));
  TRY(CheckLifecycle(bucket.lifecycle));
  TRY(CheckSettings(bucket));
  TRY(CheckAclSize(bucket.acl));
  TRY(CheckAclSize(bucket.default_object_acl));
  if (bucket.retention &&
      (bucket.retention->seconds < 1 || bucket.retention->seconds >= kRetentionSecondsMax)) {
    return InvalidArgument("retentionPolicy.retentionPeriod must be 1 to 3155759999 seconds",
                           "invalidArgument", "retentionPolicy");
  }
  const std::int64_t soft = bucket.soft_delete_seconds();
  if (soft != 0 && (soft < kSoftDeleteSecondsMin || soft > kSoftDeleteSecondsMax)) {
    return InvalidArgument(
        "softDeletePolicy.retentionDurationSeconds must be 0 or 604800 to 7776000",
        "invalidArgument", "softDeletePolicy");
  }
  if (bucket.versions_on() && bucket.retention) {
    return InvalidArgument("a bucket has object versioning or a retention policy, not both",
                           "badRequest", "retentionPolicy");
  }
  return {};
}

Status CheckBucketChange(const Bucket& before, Bucket& after, TimePoint now) {
  if (before.retention && before.retention->locked) {
    if (!after.retention || after.retention->seconds < before.retention->seconds) {
      return PermissionDenied(
          "Cannot reduce retention duration of a locked Retention Policy for "
          "bucket '" +
              before.name + "'.",
          "forbidden");
    }
    after.retention->locked = true;
  }
  if (after.retention &&
      (!before.retention || before.retention->seconds != after.retention->seconds))
    after.retention->effective_time = now;
  if (after.soft_delete && before.soft_delete_seconds() != after.soft_delete->seconds)
    after.soft_delete->effective_time = now;
  if (before.object_retention && !after.object_retention) {
    return InvalidArgument("object retention cannot be disabled once it is enabled", "badRequest",
                           "objectRetention");
  }
  if (after.uniform_access && !before.uniform_access) after.uniform_access_since = now;
  if (!after.uniform_access && before.uniform_access) {
    constexpr std::chrono::hours kLockedAfter{90 * 24};
    if (before.uniform_access_since && now >= *before.uniform_access_since + kLockedAfter) {
      return InvalidArgument("uniform bucket-level access is locked: it has been on for 90 days",
                             "badRequest", "iamConfiguration");
    }
    after.uniform_access_since.reset();
  }
  return {};
}

Status CheckObjectRetention(const Bucket& bucket, const ObjectAttributes& attributes,
                            TimePoint now) {
  if (!attributes.retention) return {};
  if (!bucket.object_retention) {
    return InvalidArgument("object retention is not enabled on bucket '" + bucket.name + "'",
                           "badRequest", "retention");
  }
  if (attributes.retention->until > now) return {};
  return InvalidArgument("retention.retainUntilTime must be in the future", "invalidArgument",
                         "retention");
}

Status CheckRetentionChange(const std::optional<ObjectRetention>& before,
                            const std::optional<ObjectRetention>& after, bool override_unlocked,
                            TimePoint now) {
  if (!before || before->until <= now) return {};
  const bool shrinks = !after || after->until < before->until;
  if (before->locked && (shrinks || !after->locked)) {
    return PermissionDenied(
        "the object's retention is LOCKED until " + Time(before->until) + " and may only grow",
        "forbidden");
  }
  if (!before->locked && shrinks && !override_unlocked) {
    return PermissionDenied("the object's retention lasts until " + Time(before->until) +
                                "; overrideUnlockedRetention=true is needed to shorten it",
                            "forbidden");
  }
  return {};
}

}  // namespace landfall::storage
