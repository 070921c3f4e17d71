// Bodies of buckets: insert, patch and update differ only in what they start from.
#include <algorithm>
#include <cctype>

#include "api/storage_json_resource.h"
#include "base/text.h"

namespace landfall::api::storage_json {
namespace {

using storage::Bucket;

constexpr std::string_view kOutputOnly[] = {
    "kind",           "id",           "selfLink",     "name",
    "projectNumber",  "timeCreated",  "updated",      "etag",
    "metageneration", "owner",        "location",     "locationType",
    "generation",     "satisfiesPZS", "satisfiesPZI", "softDeleteTime",
    "hardDeleteTime"};
constexpr std::string_view kUnsupported[] = {"encryption", "logging",  "rpo",
                                             "autoclass",  "ipFilter", "hierarchicalNamespace"};
constexpr std::string_view kStored[] = {"storageClass",
                                        "labels",
                                        "iamConfiguration",
                                        "versioning",
                                        "lifecycle",
                                        "retentionPolicy",
                                        "softDeletePolicy",
                                        "defaultEventBasedHold",
                                        "objectRetention",
                                        "acl",
                                        "defaultObjectAcl",
                                        "cors",
                                        "website",
                                        "billing",
                                        "customPlacementConfig"};

// Kept as they are: they matter to a web front end or to a bill, which are not here.
struct Setting {
  std::string_view name;
  std::vector<std::string_view> members;
};
const std::vector<Setting>& Settings() {
  static const std::vector<Setting> settings = {
      {"cors", {"origin", "method", "responseHeader", "maxAgeSeconds"}},
      {"website", {"mainPageSuffix", "notFoundPage"}},
      {"billing", {"requesterPays"}},
      {"customPlacementConfig", {"dataLocations"}}};
  return settings;
}

Status Bad(std::string message, std::string_view field) {
  return InvalidArgument(std::move(message), "invalidArgument", std::string(field));
}

Status MergeIam(const JsonObject& body, Bucket& bucket) {
  const JsonObject* iam = TRY(ObjectMember(body, "iamConfiguration"));
  if (iam == nullptr) return {};
  constexpr std::string_view kFields[] = {"publicAccessPrevention", "uniformBucketLevelAccess",
                                          "bucketPolicyOnly"};
  TRY(CheckFields(*iam, "bucket iamConfiguration", kFields, {}, {}));
  if (iam->contains("publicAccessPrevention")) {
    const std::string prevention = TRY(TextOr(*iam, "publicAccessPrevention"));
    if (!prevention.empty() && prevention != "inherited" && prevention != "unspecified" &&
        prevention != "enforced")
      return Bad("publicAccessPrevention must be inherited or enforced", "iamConfiguration");
    bucket.public_access_prevented = prevention == "enforced";
  }
  constexpr std::string_view kAccessFields[] = {"enabled"}, kAccessOutput[] = {"lockedTime"};
  for (const std::string_view name : {"bucketPolicyOnly", "uniformBucketLevelAccess"}) {
    const JsonObject* access = TRY(ObjectMember(*iam, name));
    if (access == nullptr) continue;
    TRY(CheckFields(*access, "bucket iamConfiguration", kAccessFields, kAccessOutput, {}));
    if (const auto value = TRY(BoolMember(*access, "enabled"))) bucket.uniform_access = *value;
  }
  return {};
}

Status MergePolicies(const JsonObject& body, Bucket& bucket) {
  if (body.contains("retentionPolicy")) {
    const JsonObject* policy = TRY(ObjectMember(body, "retentionPolicy"));
    const auto seconds = policy == nullptr ? std::optional<std::int64_t>()
                                           : TRY(Int64Member(*policy, "retentionPeriod"));
    if (policy != nullptr) {
      constexpr std::string_view kFields[] = {"retentionPeriod"},
                                 kOutput[] = {"effectiveTime", "isLocked"};
      TRY(CheckFields(*policy, "bucket retentionPolicy", kFields, kOutput, {}));
    }
    if (seconds && *seconds != 0) {
      if (!bucket.retention) bucket.retention.emplace();
      bucket.retention->seconds = *seconds;
    } else {
      bucket.retention.reset();
    }
  }
  if (body.contains("softDeletePolicy")) {
    const JsonObject* policy = TRY(ObjectMember(body, "softDeletePolicy"));
    storage::SoftDeletePolicy soft = bucket.soft_delete.value_or(storage::SoftDeletePolicy());
    soft.seconds = 0;
    if (policy != nullptr) {
      constexpr std::string_view kFields[] = {"retentionDurationSeconds"},
                                 kOutput[] = {"effectiveTime"};
      TRY(CheckFields(*policy, "bucket softDeletePolicy", kFields, kOutput, {}));
      soft.seconds = TRY(Int64Member(*policy, "retentionDurationSeconds")).value_or(0);
    }
    bucket.soft_delete = soft;
  }
  return {};
}

Status MergeSwitches(const JsonObject& body, BodyMode mode, Bucket& bucket) {
  if (body.contains("versioning")) {
    const JsonObject* versioning = TRY(ObjectMember(body, "versioning"));
    bucket.versioning.reset();
    if (versioning != nullptr) {
      constexpr std::string_view kFields[] = {"enabled"};
      TRY(CheckFields(*versioning, "bucket versioning", kFields, {}, {}));
      bucket.versioning = TRY(BoolMember(*versioning, "enabled"));
    }
  }
  if (body.contains("defaultEventBasedHold"))
    bucket.default_event_based_hold =
        TRY(BoolMember(body, "defaultEventBasedHold")).value_or(false);
  if (const JsonObject* retention = TRY(ObjectMember(body, "objectRetention"))) {
    const std::string text = TRY(TextOr(*retention, "mode"));
    if (text != "Enabled" || (mode == BodyMode::kInsert && !bucket.object_retention)) {
      return Bad("object retention is switched on at creation, by enableObjectRetention=true",
                 "objectRetention");
    }
    bucket.object_retention = true;
  }
  return {};
}

Status CheckMembers(const Json& value, const Setting& setting) {
  if (value.is_array()) {
    for (const Json& item : value.get_array()) TRY(CheckMembers(item, setting));
    return {};
  }
  if (!value.is_object())
    return Bad("bucket." + std::string(setting.name) + " has the wrong type", setting.name);
  return CheckFields(value.get_object(), "bucket " + std::string(setting.name), setting.members, {},
                     {});
}

// Objects merge member by member; lists are replaced.
Status MergeSettings(const JsonObject& body, Bucket& bucket) {
  for (const Setting& setting : Settings()) {
    if (!body.contains(setting.name)) continue;
    const std::string name(setting.name);
    const Json* given = Find(body, setting.name);
    if (given == nullptr) {
      bucket.settings.erase(name);
      continue;
    }
    TRY(CheckMembers(*given, setting));
    if ((setting.name == "cors") != given->is_array())
      return Bad("bucket." + name + " has the wrong type", setting.name);
    Json merged = *given;
    if (given->is_object()) {
      const auto before = bucket.settings.find(name);
      JsonObject members;
      if (before != bucket.settings.end()) {
        Json kept = TRY(ParseJson(before->second));
        if (kept.is_object()) members = std::move(kept.get_object());
      }
      for (const auto& member : given->get_object()) {
        if (member.value().is_null()) {
          members.erase(member.key());
        } else {
          members[member.key()] = member.value();
        }
      }
      merged = std::move(members);
    }
    if (ToText(merged) == "{}" || ToText(merged) == "[]") {
      bucket.settings.erase(name);
    } else {
      bucket.settings[name] = ToText(merged);
    }
  }
  return {};
}

Status MergeLabels(const JsonObject& body, Bucket& bucket) {
  if (!body.contains("labels")) return {};
  const JsonObject* map = TRY(ObjectMember(body, "labels"));
  if (map == nullptr) {
    bucket.labels.clear();
    return {};
  }
  for (auto& [key, value] : TRY(ParseMap(*map, "labels"))) {
    if (value) {
      bucket.labels[key] = *std::move(value);
    } else {
      bucket.labels.erase(key);
    }
  }
  return {};
}

Status MergeAcls(const JsonObject& body, Bucket& bucket) {
  const std::pair<std::string_view, std::optional<storage::Acl>*> lists[] = {
      {"acl", &bucket.acl}, {"defaultObjectAcl", &bucket.default_object_acl}};
  for (const auto& [name, list] : lists) {
    if (!body.contains(name)) continue;
    const JsonArray* entries = TRY(ArrayMember(body, name));
    list->reset();
    if (entries == nullptr || entries->empty()) continue;
    TRY(CheckAclsInUse(bucket));
    *list = TRY(ParseAcl(*entries, name));
    TRY(CheckPublicAccess(bucket, *list));
  }
  return {};
}

Status SetLocation(const JsonObject& body, Bucket& bucket) {
  const auto location = TRY(StringMember(body, "location"));
  if (!location || location->empty()) return {};
  bucket.location = *location;
  for (char& c : bucket.location) {
    c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '-')
      return Bad("Invalid location '" + location->substr(0, 100) + "'", "location");
  }
  return bucket.location.size() <= 64 ? Ok() : Bad("Invalid location", "location");
}

// What an update without a field returns to. The soft-delete policy stays: its default is the
// server's, not the API's.
void Reset(Bucket& bucket) {
  bucket.storage_class = "STANDARD";
  bucket.labels.clear();
  bucket.uniform_access = false;
  bucket.public_access_prevented = false;
  bucket.versioning.reset();
  bucket.lifecycle.clear();
  bucket.retention.reset();
  bucket.default_event_based_hold = false;
  bucket.settings.clear();
}

}  // namespace

Status MergeBucketBody(const JsonObject& body, BodyMode mode, Bucket& bucket) {
  TRY(CheckFields(body, "bucket", kStored, kOutputOnly, kUnsupported));
  if (mode == BodyMode::kUpdate) Reset(bucket);
  if (mode == BodyMode::kInsert) {
    bucket.name = TRY(TextOr(body, "name"));
    if (bucket.name.empty()) return InvalidArgument("Required field: name", "required", "name");
    TRY(SetLocation(body, bucket));
  }
  if (body.contains("storageClass")) {
    const std::string storage_class = TRY(TextOr(body, "storageClass"));
    bucket.storage_class = storage_class.empty() ? "STANDARD" : storage_class;
  }
  TRY(MergeLabels(body, bucket));
  TRY(MergeIam(body, bucket));
  TRY(MergePolicies(body, bucket));
  TRY(MergeSwitches(body, mode, bucket));
  TRY(MergeSettings(body, bucket));
  TRY(MergeAcls(body, bucket));
  if (body.contains("lifecycle")) {
    const JsonObject* lifecycle = TRY(ObjectMember(body, "lifecycle"));
    bucket.lifecycle.clear();
    if (lifecycle != nullptr) bucket.lifecycle = TRY(ParseLifecycle(*lifecycle));
  }
  return {};
}

}  // namespace landfall::api::storage_json
