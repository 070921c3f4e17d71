#include "storage/lifecycle.h"

#include <algorithm>

namespace landfall::storage {
namespace {

bool DaysPassed(const std::optional<TimePoint>& since, std::int64_t days, TimePoint now) {
  return since && now >= *since + std::chrono::hours(24) * days;
}

bool Before(const std::optional<TimePoint>& time, const std::string& date) {
  const auto midnight = ParseRfc3339(date + "T00:00:00Z");
  return time && midnight.ok() && *time < *midnight;
}

// The older names rank as what they were replaced by. A rule never warms an object up.
int Coldness(std::string_view storage_class) {
  if (storage_class == "ARCHIVE") return 4;
  if (storage_class == "COLDLINE") return 3;
  if (storage_class == "NEARLINE") return 2;
  return storage_class == "STANDARD" ? 1 : 0;
}

// All conditions but numNewerVersions.
bool Holds(const LifecycleCondition& c, const Object& o, TimePoint now) {
  const std::vector<std::string>& classes = c.matches_storage_class;
  if (c.age && !DaysPassed(o.time_created, *c.age, now)) return false;
  if (c.days_since_custom_time &&
      !DaysPassed(o.attributes.custom_time, *c.days_since_custom_time, now))
    return false;
  if (c.days_since_noncurrent_time &&
      !DaysPassed(o.time_deleted, *c.days_since_noncurrent_time, now))
    return false;
  if (!c.created_before.empty() && !Before(o.time_created, c.created_before)) return false;
  if (!c.custom_time_before.empty() && !Before(o.attributes.custom_time, c.custom_time_before))
    return false;
  if (!c.noncurrent_time_before.empty() && !Before(o.time_deleted, c.noncurrent_time_before))
    return false;
  if (c.is_live && *c.is_live == o.time_deleted.has_value()) return false;
  if (!classes.empty() &&
      std::find(classes.begin(), classes.end(), o.attributes.storage_class) == classes.end())
    return false;
  const auto begins = [&](const std::string& prefix) { return o.name.starts_with(prefix); };
  const auto ends = [&](const std::string& suffix) { return o.name.ends_with(suffix); };
  if (!c.matches_prefix.empty() &&
      std::none_of(c.matches_prefix.begin(), c.matches_prefix.end(), begins))
    return false;
  return c.matches_suffix.empty() ||
         std::any_of(c.matches_suffix.begin(), c.matches_suffix.end(), ends);
}

}  // namespace

Result<LifecycleVerdict> JudgeByLifecycle(
    const Bucket& bucket, const Object& object, TimePoint now,
    const std::function<Result<std::int64_t>()>& newer_versions) {
  LifecycleVerdict verdict;
  int coldest = Coldness(object.attributes.storage_class);
  for (const LifecycleRule& rule : bucket.lifecycle) {
    if (rule.action == LifecycleAction::kAbortMultipartUpload) continue;  // not about objects
    if (!Holds(rule.condition, object, now)) continue;
    const auto& newer_min = rule.condition.num_newer_versions;
    if (newer_min && TRY(newer_versions()) < *newer_min) continue;
    if (rule.action == LifecycleAction::kDelete) return LifecycleVerdict{.remove = true};
    if (Coldness(rule.storage_class) <= coldest) continue;
    coldest = Coldness(rule.storage_class);
    verdict.storage_class = rule.storage_class;
  }
  return verdict;
}

}  // namespace landfall::storage
