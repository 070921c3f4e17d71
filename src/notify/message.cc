// The shape of a storage notification (spec: storage section 14.2, wire formats sections 1 and 2).
#include <string>
#include <utility>

#include "base/hash.h"
#include "base/json.h"
#include "base/text.h"
#include "notify/notify.h"
#include "notify/pump.h"

namespace landfall::notify {
namespace {

constexpr std::string_view kNoPayload = "NONE";

void PutText(JsonObject& json, std::string_view name, const std::string& value) {
  if (!value.empty()) json[name] = value;
}

}  // namespace

std::string_view EventTypeOf(storage::ChangeKind kind) {
  switch (kind) {
    case storage::ChangeKind::kFinalize:
      return "OBJECT_FINALIZE";
    case storage::ChangeKind::kMetadataUpdate:
      return "OBJECT_METADATA_UPDATE";
    case storage::ChangeKind::kDelete:
      return "OBJECT_DELETE";
    case storage::ChangeKind::kArchive:
      return "OBJECT_ARCHIVE";
  }
  CHECK(false);
}

std::string ObjectResourceJson(const storage::Object& object) {
  const std::string generation = std::to_string(object.generation);
  const std::string path = "/b/" + object.bucket + "/o/" + PercentEncode(object.name);
  const std::string created = FormatRfc3339(object.time_created);
  const storage::ObjectAttributes& attributes = object.attributes;
  JsonObject json{{"kind", "storage#object"},
                  {"id", object.bucket + "/" + object.name + "/" + generation},
                  {"selfLink", "https://www.googleapis.com/storage/v1" + path},
                  {"mediaLink", "https://storage.googleapis.com/download/storage/v1" + path +
                                    "?generation=" + generation + "&alt=media"},
                  {"name", object.name},
                  {"bucket", object.bucket},
                  {"generation", generation},
                  {"metageneration", std::to_string(object.metageneration)},
                  {"size", std::to_string(object.size_bytes)},
                  {"crc32c", Crc32cBase64(object.crc32c)},
                  {"etag", storage::EtagOf(object)},
                  {"timeCreated", created},
                  {"updated", FormatRfc3339(object.updated)},
                  {"timeStorageClassUpdated", created},
                  {"timeFinalized", created}};
  if (!object.md5.empty()) json["md5Hash"] = Base64(object.md5);
  PutText(json, "storageClass", attributes.storage_class);
  PutText(json, "contentType", attributes.content_type);
  PutText(json, "contentEncoding", attributes.content_encoding);
  PutText(json, "contentDisposition", attributes.content_disposition);
  PutText(json, "contentLanguage", attributes.content_language);
  PutText(json, "cacheControl", attributes.cache_control);
  if (object.component_count > 0) json["componentCount"] = object.component_count;
  if (object.storage_class_updated)
    json["timeStorageClassUpdated"] = FormatRfc3339(*object.storage_class_updated);
  if (object.time_deleted) json["timeDeleted"] = FormatRfc3339(*object.time_deleted);
  if (object.soft_delete_time) {
    json["softDeleteTime"] = FormatRfc3339(*object.soft_delete_time);
    json["hardDeleteTime"] = FormatRfc3339(object.hard_delete_time.value_or(TimePoint()));
  }
  if (attributes.temporary_hold) json["temporaryHold"] = true;
  if (attributes.event_based_hold) json["eventBasedHold"] = *attributes.event_based_hold;
  if (attributes.custom_time) json["customTime"] = FormatRfc3339(*attributes.custom_time);
  if (!attributes.metadata.empty()) {
    JsonObject metadata;
    for (const auto& [key, value] : attributes.metadata) metadata[key] = value;
    json["metadata"] = std::move(metadata);
  }
  return ToText(json);
}

pubsub::Message MakeMessage(const storage::ObjectChange& change,
                            const storage::NotificationConfig& config) {
  const storage::Object& object = change.object;
  // Custom attributes first: they must not be able to say something else about the event.
  std::map<std::string, std::string> attributes = config.custom_attributes;
  attributes["eventType"] = EventTypeOf(change.kind);
  attributes["payloadFormat"] = config.payload_format;
  attributes["bucketId"] = object.bucket;
  attributes["objectId"] = object.name;
  attributes["objectGeneration"] = std::to_string(object.generation);
  attributes["eventTime"] = FormatRfc3339(change.time, Fraction::kMicros);
  if (!config.id.empty()) {  // a watch is no resource that could be named
    attributes["notificationConfig"] =
        "projects/_/buckets/" + object.bucket + "/notificationConfigs/" + config.id;
  }
  if (change.overwrote_generation) {
    attributes["overwroteGeneration"] = std::to_string(*change.overwrote_generation);
  }
  if (change.overwritten_by_generation) {
    attributes["overwrittenByGeneration"] = std::to_string(*change.overwritten_by_generation);
  }
  return {.data = config.payload_format == kNoPayload ? "" : ObjectResourceJson(object),
          .attributes = std::move(attributes)};
}

}  // namespace landfall::notify
