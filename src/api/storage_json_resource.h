// Cloud Storage's resources as JSON, both ways. Private to the storage adapter. Fields of a body
// fall in three groups: those we store, output-only ones that clients send back (ignored), and
// those we cannot honour (kUnimplemented naming them, unless the value says "off"). Any other name
// is kInvalidArgument.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"
#include "storage/storage.h"

namespace landfall::api::storage_json {

// `base_url`: as the client addressed us; clients follow mediaLink.
Json ObjectJson(const storage::Object& object, std::string_view base_url);
Json BucketJson(const storage::Bucket& bucket);
Json NotificationJson(const storage::NotificationConfig& config);
std::string ProjectNumber(std::string_view project);
std::string_view LocationType(std::string_view location);

// For insert. Name, bucket and generation are left to the caller.
struct ObjectBody {
  storage::ObjectAttributes attributes = {};
  storage::Checksums expected = {};
};
Result<ObjectBody> ParseObjectBody(const JsonObject& body);
Result<storage::ObjectPatch> ParseObjectPatch(const JsonObject& body);

Result<storage::Bucket> ParseBucketBody(const JsonObject& body);
Result<storage::BucketPatch> ParseBucketPatch(const JsonObject& body);

// snake_case and camelCase. The topic loses its "//pubsub.googleapis.com/" prefix.
Result<storage::NotificationConfig> ParseNotificationBody(const JsonObject& body);

// kInvalidArgument/"invalidParameter" when the body has `field` and it is not `expected`.
Status CheckAgrees(const JsonObject& body, std::string_view field, std::string_view expected);

}  // namespace landfall::api::storage_json
