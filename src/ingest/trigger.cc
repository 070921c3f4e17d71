#include "ingest/trigger.h"

#include "base/text.h"

namespace landfall::ingest {
namespace {

constexpr std::string_view kFinalizeNotification = "OBJECT_FINALIZE";
constexpr std::string_view kFinalizeEvent = "google.cloud.storage.object.v1.finalized";
constexpr std::string_view kStorageEvents = "google.cloud.storage.object.v1.";
constexpr std::string_view kPublishedEvent = "google.cloud.pubsub.topic.v1.messagePublished";

Status Unexpected(std::string_view why) {
  return InvalidArgument(
      "UnexpectedTrigger: " + std::string(why) +
          "; accepted are: a Pub/Sub message or push body with attributes bucketId and objectId, a "
          "storage object "
          "resource with kind storage#object, bucket and name, and a CloudEvent of type " +
          std::string(kFinalizeEvent),
      "UnexpectedTrigger");
}

Result<std::int64_t> Generation(const Json& value) {
  std::optional<std::int64_t> number;
  if (value.is_string()) number = ParseInt64(std::string_view(value.as_string()));
  if (value.is_int64()) number = value.as_int64();
  if (value.is_uint64() && value.as_uint64() <= INT64_MAX)
    number = static_cast<std::int64_t>(value.as_uint64());
  if (!number || *number < 1)
    return Unexpected("generation " + ToText(value) + " is not a positive 64-bit integer");
  return *number;
}

Result<std::string> Text(const JsonObject& object, std::string_view name) {
  const Json* value = Find(object, name);
  if (value == nullptr || !value->is_string() || value->as_string().empty()) {
    return Unexpected(std::string(name) + " is missing, empty or not a string");
  }
  return std::string(value->as_string());
}

Result<Trigger> DecodeResource(const JsonObject& resource, bool kind_needed) {
  const Json* kind = Find(resource, "kind");
  if (kind_needed || kind != nullptr) {
    if (kind == nullptr || *kind != "storage#object")
      return Unexpected("kind is not storage#object");
  }
  Trigger trigger;
  trigger.bucket = TRY(Text(resource, "bucket"));
  trigger.object = TRY(Text(resource, "name"));
  if (const Json* generation = Find(resource, "generation"))
    trigger.generation = TRY(Generation(*generation));
  return trigger;
}

Result<Trigger> DecodeMessage(const JsonObject& message) {
  const Json* attributes = Find(message, "attributes");
  if (attributes == nullptr || !attributes->is_object())
    return Unexpected("the message has no attributes");
  std::map<std::string, std::string> texts;
  for (const auto& [name, value] : attributes->as_object()) {
    if (value.is_string()) texts[std::string(name)] = std::string(value.as_string());
    // Some publishers write the generation as a number.
    if (value.is_number()) texts[std::string(name)] = ToText(value);
  }
  return DecodeAttributes(texts);
}

Result<Trigger> DecodePushBody(const Json& body) {
  if (!body.is_object()) return Unexpected("the push body is not an object");
  const Json* message = Find(body.as_object(), "message");
  if (message == nullptr || !message->is_object())
    return Unexpected("the push body has no message");
  return DecodeMessage(message->as_object());
}

Result<Trigger> DecodeEvent(const std::string& type, const Json& data) {
  if (type == kPublishedEvent) return DecodePushBody(data);
  if (!type.starts_with(kStorageEvents)) return Unexpected("CloudEvent type \"" + type + "\"");
  if (type != kFinalizeEvent) {
    // Nothing will be done for it, so nothing more is asked of its data.
    Trigger other{
        .bucket = "", .object = "", .generation = {}, .event_type = type, .finalize = false};
    if (data.is_object()) {
      const auto decoded = DecodeResource(data.as_object(), false);
      if (decoded.ok()) other.bucket = decoded->bucket, other.object = decoded->object;
    }
    return other;
  }
  if (!data.is_object()) return Unexpected("the CloudEvent's data is not an object resource");
  Trigger trigger = TRY(DecodeResource(data.as_object(), false));
  trigger.event_type = type;
  return trigger;
}

Result<Trigger> DecodeStructuredEvent(const JsonObject& event) {
  const std::string type = TRY(Text(event, "type"));
  if (const Json* data = Find(event, "data")) return DecodeEvent(type, *data);
  const Json* encoded = Find(event, "data_base64");
  if (encoded == nullptr || !encoded->is_string()) return DecodeEvent(type, Json());
  const Result<std::string> bytes = FromBase64(std::string_view(encoded->as_string()));
  if (!bytes.ok()) return Unexpected("data_base64 is not base64");
  const Result<Json> data = ParseJson(*bytes);
  if (!data.ok()) return Unexpected("data_base64 does not hold JSON");
  return DecodeEvent(type, *data);
}

}  // namespace

Result<Trigger> DecodeAttributes(const std::map<std::string, std::string>& attributes) {
  const auto text = [&](const char* name) {
    const auto found = attributes.find(name);
    return found == attributes.end() ? std::string() : found->second;
  };
  Trigger trigger;
  trigger.bucket = text("bucketId");
  trigger.object = text("objectId");
  trigger.event_type = text("eventType");
  trigger.finalize = trigger.event_type.empty() || trigger.event_type == kFinalizeNotification;
  if (trigger.bucket.empty()) return Unexpected("attribute bucketId is missing");
  if (trigger.object.empty()) return Unexpected("attribute objectId is missing");
  if (const std::string generation = text("objectGeneration"); !generation.empty()) {
    trigger.generation = TRY(Generation(Json(generation)));
  }
  return trigger;
}

Result<Trigger> DecodeTrigger(const Json& body, const std::map<std::string, std::string>& headers) {
  for (const auto& [name, value] : headers) {
    if (EqualsIgnoreCase(name, "ce-type")) return DecodeEvent(value, body);
  }
  if (!body.is_object()) return Unexpected("the body is not a JSON object");
  const JsonObject& object = body.as_object();
  if (object.contains("specversion")) return DecodeStructuredEvent(object);
  if (object.contains("message")) return DecodePushBody(body);
  if (object.contains("attributes")) return DecodeMessage(object);
  if (object.contains("kind")) return DecodeResource(object, true);
  return Unexpected("the body has none of attributes, message, kind and specversion");
}

}  // namespace landfall::ingest
