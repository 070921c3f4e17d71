#include "api/storage_json_resource.h"

#include <algorithm>
#include <cctype>

#include "base/hash.h"
#include "base/text.h"

namespace landfall::api::storage_json {
namespace {

using storage::Labels;

void AddText(JsonObject& into, std::string_view name, const std::string& value) {
  if (!value.empty()) into[name] = value;
}

void AddMap(JsonObject& into, std::string_view name, const Labels& map) {
  if (map.empty()) return;
  JsonObject members;
  for (const auto& [key, value] : map) members[key] = value;
  into[name] = std::move(members);
}

void AddTime(JsonObject& into, std::string_view name, const std::optional<TimePoint>& time) {
  if (time) into[name] = FormatRfc3339(*time);
}

}  // namespace

std::string ProjectNumber(std::string_view project) {
  if (!project.empty() && project.find_first_not_of("0123456789") == std::string_view::npos)
    return std::string(project);
  std::uint64_t hash = 14695981039346656037ull;  // FNV-1a
  for (const char c : project) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return std::to_string(100'000'000'000 + hash % 900'000'000'000);
}

std::string_view LocationType(std::string_view location) {
  if (location == "US" || location == "EU" || location == "ASIA") return "multi-region";
  const bool ends_in_number =
      !location.empty() && std::isdigit(static_cast<unsigned char>(location.back())) != 0;
  return ends_in_number && location.find('-') == std::string_view::npos ? "dual-region" : "region";
}

JsonObject ObjectJson(const storage::Object& o, std::string_view base_url) {
  const std::string generation = std::to_string(o.generation);
  const std::string path = "/b/" + PercentEncode(o.bucket) + "/o/" + PercentEncode(o.name);
  const std::string created = FormatRfc3339(o.time_created);
  JsonObject json{{"kind", "storage#object"},
                  {"id", o.bucket + "/" + o.name + "/" + generation},
                  {"selfLink", "https://www.googleapis.com/storage/v1" + path},
                  {"mediaLink", std::string(base_url) + "/download/storage/v1" + path +
                                    "?generation=" + generation + "&alt=media"},
                  {"name", o.name},
                  {"bucket", o.bucket},
                  {"generation", generation},
                  {"metageneration", std::to_string(o.metageneration)},
                  {"size", std::to_string(o.size_bytes)},
                  {"crc32c", Crc32cBase64(o.crc32c)},
                  {"etag", storage::EtagOf(o)},
                  {"storageClass", o.attributes.storage_class},
                  {"timeCreated", created},
                  {"updated", FormatRfc3339(o.updated)},
                  {"timeStorageClassUpdated",
                   o.storage_class_updated ? FormatRfc3339(*o.storage_class_updated) : created},
                  {"timeFinalized", created}};
  AddText(json, "contentType", o.attributes.content_type);
  AddText(json, "contentEncoding", o.attributes.content_encoding);
  AddText(json, "contentDisposition", o.attributes.content_disposition);
  AddText(json, "contentLanguage", o.attributes.content_language);
  AddText(json, "cacheControl", o.attributes.cache_control);
  if (o.attributes.custom_time) json["customTime"] = FormatRfc3339(*o.attributes.custom_time);
  AddMap(json, "metadata", o.attributes.metadata);
  if (!o.md5.empty()) json["md5Hash"] = Base64(o.md5);
  if (o.component_count > 0) json["componentCount"] = o.component_count;
  AddTime(json, "timeDeleted", o.time_deleted);
  AddTime(json, "softDeleteTime", o.soft_delete_time);
  AddTime(json, "hardDeleteTime", o.hard_delete_time);
  AddTime(json, "retentionExpirationTime", o.retention_expiration);
  if (o.attributes.temporary_hold) json["temporaryHold"] = true;
  if (o.attributes.event_based_hold) json["eventBasedHold"] = *o.attributes.event_based_hold;
  if (const auto& retention = o.attributes.retention) {
    json["retention"] = JsonObject{{"mode", retention->locked ? "Locked" : "Unlocked"},
                                   {"retainUntilTime", FormatRfc3339(retention->until)}};
  }
  return json;
}

JsonObject BucketJson(const storage::Bucket& b) {
  JsonObject uniform{{"enabled", b.uniform_access}};
  if (b.uniform_access && b.uniform_access_since)
    uniform["lockedTime"] = FormatRfc3339(*b.uniform_access_since + std::chrono::hours(90 * 24));
  JsonObject soft_delete{{"retentionDurationSeconds", std::to_string(b.soft_delete_seconds())}};
  if (b.soft_delete_seconds() > 0)
    soft_delete["effectiveTime"] = FormatRfc3339(b.soft_delete->effective_time);
  JsonObject json{
      {"kind", "storage#bucket"},
      {"id", b.name},
      {"name", b.name},
      {"selfLink", "https://www.googleapis.com/storage/v1/b/" + b.name},
      {"projectNumber", ProjectNumber(b.project)},
      {"metageneration", std::to_string(b.metageneration)},
      {"etag", storage::EtagOf(b)},
      {"timeCreated", FormatRfc3339(b.time_created)},
      {"updated", FormatRfc3339(b.updated)},
      {"location", b.location},
      {"locationType", LocationType(b.location)},
      {"storageClass", b.storage_class},
      {"iamConfiguration", JsonObject{{"uniformBucketLevelAccess", uniform},
                                      {"bucketPolicyOnly", uniform},
                                      {"publicAccessPrevention",
                                       b.public_access_prevented ? "enforced" : "inherited"}}},
      {"softDeletePolicy", std::move(soft_delete)}};
  if (b.generation != 0) json["generation"] = std::to_string(b.generation);
  AddMap(json, "labels", b.labels);
  if (b.versioning) json["versioning"] = JsonObject{{"enabled", *b.versioning}};
  if (!b.lifecycle.empty()) json["lifecycle"] = LifecycleJson(b.lifecycle);
  if (b.retention) {
    JsonObject policy{{"retentionPeriod", std::to_string(b.retention->seconds)},
                      {"effectiveTime", FormatRfc3339(b.retention->effective_time)}};
    if (b.retention->locked) policy["isLocked"] = true;
    json["retentionPolicy"] = std::move(policy);
  }
  if (b.default_event_based_hold) json["defaultEventBasedHold"] = true;
  if (b.object_retention) json["objectRetention"] = JsonObject{{"mode", "Enabled"}};
  for (const auto& [name, text] : b.settings) {
    if (auto value = ParseJson(text); value.ok()) json[name] = *std::move(value);
  }
  AddTime(json, "softDeleteTime", b.soft_delete_time);
  AddTime(json, "hardDeleteTime", b.hard_delete_time);
  return json;
}

Json NotificationJson(const storage::NotificationConfig& c) {
  JsonObject json{{"kind", "storage#notification"},
                  {"id", c.id},
                  {"topic", "//pubsub.googleapis.com/" + c.topic},
                  {"payload_format", c.payload_format},
                  {"etag", c.id},
                  {"selfLink", "https://www.googleapis.com/storage/v1/b/" + c.bucket +
                                   "/notificationConfigs/" + c.id}};
  if (!c.event_types.empty())
    json["event_types"] = JsonArray(c.event_types.begin(), c.event_types.end());
  AddText(json, "object_name_prefix", c.object_name_prefix);
  AddMap(json, "custom_attributes", c.custom_attributes);
  return json;
}

}  // namespace landfall::api::storage_json
