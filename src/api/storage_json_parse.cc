// The parsing half of storage_json_resource.h.
#include <algorithm>
#include <cctype>
#include <span>

#include "api/storage_json_params.h"
#include "api/storage_json_resource.h"
#include "base/text.h"

namespace landfall::api::storage_json {
namespace {

using storage::Labels;

constexpr std::string_view kObjectOutputOnly[] = {"kind",
                                                  "id",
                                                  "selfLink",
                                                  "mediaLink",
                                                  "name",
                                                  "bucket",
                                                  "generation",
                                                  "metageneration",
                                                  "size",
                                                  "etag",
                                                  "owner",
                                                  "timeCreated",
                                                  "updated",
                                                  "timeDeleted",
                                                  "timeStorageClassUpdated",
                                                  "timeFinalized",
                                                  "componentCount",
                                                  "retentionExpirationTime",
                                                  "softDeleteTime",
                                                  "hardDeleteTime",
                                                  "restoreToken"};
constexpr std::string_view kObjectUnsupported[] = {"kmsKeyName", "customerEncryption", "contexts"};
constexpr std::string_view kObjectTexts[] = {
    "contentType",  "contentEncoding", "contentDisposition", "contentLanguage",
    "cacheControl", "storageClass",    "customTime"};
constexpr std::string_view kObjectStored[] = {
    "contentType",  "contentEncoding", "contentDisposition", "contentLanguage", "cacheControl",
    "storageClass", "customTime",      "metadata",           "crc32c",          "md5Hash",
    "acl",          "temporaryHold",   "eventBasedHold",     "retention"};
bool In(Names names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// One field under its snake_case or camelCase name.
std::string_view NameIn(const JsonObject& body, std::string_view snake) {
  static constexpr std::pair<std::string_view, std::string_view> kPairs[] = {
      {"event_types", "eventTypes"},
      {"custom_attributes", "customAttributes"},
      {"payload_format", "payloadFormat"},
      {"object_name_prefix", "objectNamePrefix"}};
  for (const auto& [name, camel] : kPairs) {
    if (name == snake && !body.contains(name) && body.contains(camel)) return camel;
  }
  return snake;
}

Result<std::string> ParseTopic(const JsonObject& body) {
  std::string_view topic;
  const std::string text = TRY(TextOr(body, "topic"));
  topic = text;
  if (topic.empty()) return InvalidArgument("Required field: topic", "required", "topic");
  if (topic.starts_with("//pubsub.googleapis.com/")) topic.remove_prefix(24);
  const auto parts = Split(topic, '/');
  if (parts.size() != 4 || parts[0] != "projects" || parts[1].empty() || parts[2] != "topics" ||
      parts[3].empty()) {
    return InvalidArgument(
        "Invalid Google Cloud Pub/Sub topic '" + text.substr(0, 300) +
            "'. It must look like '//pubsub.googleapis.com/projects/*/topics/*'.",
        "invalid", "topic");
  }
  return std::string(topic);
}

Result<std::optional<storage::ObjectRetention>> ParseRetention(const JsonObject& body) {
  const JsonObject* given = TRY(ObjectMember(body, "retention"));
  if (given == nullptr) return std::optional<storage::ObjectRetention>();
  constexpr std::string_view kFields[] = {"mode", "retainUntilTime"};
  constexpr std::string_view kOutputOnly[] = {"retentionExpirationTime"};  // Python sends it
  TRY(CheckFields(*given, "object retention", kFields, kOutputOnly, {}));
  const std::string mode = TRY(TextOr(*given, "mode"));
  const std::string until = TRY(TextOr(*given, "retainUntilTime"));
  if (mode.empty() && until.empty()) return std::optional<storage::ObjectRetention>();
  std::string upper = AsciiLower(mode);
  if ((upper != "locked" && upper != "unlocked") || until.empty()) {
    return InvalidArgument("retention needs mode (Locked or Unlocked) and retainUntilTime",
                           "invalidArgument", "retention");
  }
  return std::optional(
      storage::ObjectRetention{.locked = upper == "locked", .until = TRY(ParseRfc3339(until))});
}

}  // namespace

bool IsOff(const Json& value) {
  if (value.is_null()) return true;
  if (value.is_bool()) return !value.get_bool();
  if (value.is_int64()) return value.get_int64() == 0;
  if (value.is_string()) {
    const std::string_view text = value.get_string();
    return text.empty() || text == "0" || text == "DEFAULT";
  }
  if (value.is_array()) return value.get_array().empty();
  if (!value.is_object()) return false;
  return std::all_of(value.get_object().begin(), value.get_object().end(), [](const auto& member) {
    return member.key() == "effectiveTime" || member.key() == "toggleTime" || IsOff(member.value());
  });
}

Status CheckFields(const JsonObject& body, std::string_view resource, Names stored,
                   Names output_only, Names unsupported) {
  for (const auto& member : body) {
    const std::string_view name = member.key();
    if (In(stored, name) || In(output_only, name)) continue;
    if (!In(unsupported, name)) {
      return InvalidArgument(
          "Unknown field '" + std::string(name.substr(0, 100)) + "' of a " + std::string(resource),
          "invalidArgument", std::string(name.substr(0, 100)));
    }
    if (IsOff(member.value())) continue;
    return Unimplemented(
        "field " + std::string(resource) + "." + std::string(name) + " is not implemented",
        "notImplemented", std::string(name));
  }
  return {};
}

Result<std::string> TextOr(const JsonObject& body, std::string_view name) {
  return TRY(StringMember(body, name)).value_or("");
}

Result<std::map<std::string, std::optional<std::string>>> ParseMap(const JsonObject& map,
                                                                   std::string_view name) {
  std::map<std::string, std::optional<std::string>> parsed;
  for (const auto& member : map) {
    std::optional<std::string> value;
    if (member.value().is_string()) {
      value = std::string(member.value().get_string());
    } else if (!member.value().is_null()) {
      return InvalidArgument(
          std::string(name) + "." + std::string(member.key()) + " must be a string",
          "invalidArgument", std::string(name));
    }
    parsed.emplace(member.key(), std::move(value));
  }
  return parsed;
}

Result<Labels> ParseWholeMap(const JsonObject& body, std::string_view name) {
  Labels labels;
  const JsonObject* map = TRY(ObjectMember(body, name));
  if (map == nullptr) return labels;
  for (auto& [key, value] : TRY(ParseMap(*map, name))) {
    if (value) labels[key] = *std::move(value);
  }
  return labels;
}

Status CheckAgrees(const JsonObject& body, std::string_view field, std::string_view expected) {
  const Json* value = Find(body, field);
  if (value == nullptr) return {};
  const std::string got = value->is_string() ? std::string(value->get_string()) : ToText(*value);
  if (got == expected) return {};
  return InvalidArgument("Value '" + got.substr(0, 1100) +
                             "' in content does not agree with value '" + std::string(expected) +
                             "'.",
                         "invalidParameter", std::string(field));
}

Result<ObjectBody> ParseObjectBody(const JsonObject& body) {
  TRY(CheckFields(body, "object", kObjectStored, kObjectOutputOnly, kObjectUnsupported));
  ObjectBody parsed;
  storage::ObjectAttributes& a = parsed.attributes;
  a.content_type = TRY(TextOr(body, "contentType"));
  a.content_encoding = TRY(TextOr(body, "contentEncoding"));
  a.content_disposition = TRY(TextOr(body, "contentDisposition"));
  a.content_language = TRY(TextOr(body, "contentLanguage"));
  a.cache_control = TRY(TextOr(body, "cacheControl"));
  a.storage_class = TRY(TextOr(body, "storageClass"));
  if (const auto time = TRY(StringMember(body, "customTime")))
    a.custom_time = TRY(ParseRfc3339(*time));
  a.metadata = TRY(ParseWholeMap(body, "metadata"));
  a.temporary_hold = TRY(BoolMember(body, "temporaryHold")).value_or(false);
  a.event_based_hold = TRY(BoolMember(body, "eventBasedHold"));
  a.retention = TRY(ParseRetention(body));
  if (const JsonArray* acl = TRY(ArrayMember(body, "acl"))) a.acl = TRY(ParseAcl(*acl, "acl"));
  if (const auto crc = TRY(StringMember(body, "crc32c")))
    parsed.expected.crc32c = TRY(ParseCrc32c(*crc));
  if (const auto md5 = TRY(StringMember(body, "md5Hash")))
    parsed.expected.md5 = TRY(ParseMd5(*md5));
  for (const auto& member : body)
    parsed.stated = parsed.stated || (In(kObjectStored, member.key()) && !member.value().is_null());
  return parsed;
}

Result<storage::ObjectPatch> ParseObjectPatch(const JsonObject& body) {
  TRY(CheckFields(body, "object", kObjectStored, kObjectOutputOnly, kObjectUnsupported));
  storage::ObjectPatch patch;
  for (const auto& member : body) {
    const std::string_view name = member.key();
    if (In(kObjectTexts, name)) patch.attributes.emplace(name, TRY(StringMember(body, name)));
    // Checksums describe the content; a client that sends the resource back changes nothing by
    // them.
  }
  if (body.contains("metadata")) {
    const JsonObject* map = TRY(ObjectMember(body, "metadata"));
    patch.clear_metadata = map == nullptr;
    if (map != nullptr) patch.metadata = TRY(ParseMap(*map, "metadata"));
  }
  if (body.contains("temporaryHold"))
    patch.temporary_hold = TRY(BoolMember(body, "temporaryHold")).value_or(false);
  if (body.contains("eventBasedHold"))
    patch.event_based_hold = TRY(BoolMember(body, "eventBasedHold")).value_or(false);
  if (body.contains("retention")) patch.retention = TRY(ParseRetention(body));
  if (const JsonArray* entries = TRY(ArrayMember(body, "acl"))) {
    patch.edit_acl = [acl = TRY(ParseAcl(*entries, "acl"))](storage::Acl& now) -> Status {
      now = acl;
      return {};
    };
  }
  return patch;
}

Result<storage::NotificationConfig> ParseNotificationBody(const JsonObject& body) {
  constexpr std::string_view kStored[] = {"topic",
                                          "event_types",
                                          "eventTypes",
                                          "custom_attributes",
                                          "customAttributes",
                                          "payload_format",
                                          "payloadFormat",
                                          "object_name_prefix",
                                          "objectNamePrefix"};
  constexpr std::string_view kOutputOnly[] = {"kind", "id", "etag", "selfLink"};
  TRY(CheckFields(body, "notification", kStored, kOutputOnly, {}));
  storage::NotificationConfig config;
  config.topic = TRY(ParseTopic(body));
  config.payload_format = TRY(TextOr(body, NameIn(body, "payload_format")));
  if (config.payload_format.empty()) {
    return InvalidArgument("Required field: payload_format", "required", "payload_format");
  }
  config.object_name_prefix = TRY(TextOr(body, NameIn(body, "object_name_prefix")));
  config.custom_attributes = TRY(ParseWholeMap(body, NameIn(body, "custom_attributes")));
  if (const JsonArray* events = TRY(ArrayMember(body, NameIn(body, "event_types")))) {
    for (const Json& event : *events) {
      if (!event.is_string())
        return InvalidArgument("event_types must be strings", "invalidArgument", "event_types");
      config.event_types.emplace_back(event.get_string());
    }
  }
  return config;
}

}  // namespace landfall::api::storage_json
