// Cloud Storage's resources as JSON, both ways. Private to the storage adapter. Fields of a body
// fall in three groups: those we store, output-only ones that clients send back (ignored), and
// those we cannot honour (kUnimplemented naming them, unless the value says "off"). Any other name
// is kInvalidArgument.
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "storage/storage.h"

namespace landfall::api::storage_json {

// `base_url`: as the client addressed us; clients follow mediaLink.
JsonObject ObjectJson(const storage::Object& object, std::string_view base_url);
JsonObject BucketJson(const storage::Bucket& bucket);
Json NotificationJson(const storage::NotificationConfig& config);
std::string ProjectNumber(std::string_view project);
std::string_view LocationType(std::string_view location);

// For insert. Name, bucket and generation are left to the caller.
struct ObjectBody {
  storage::ObjectAttributes attributes = {};
  storage::Checksums expected = {};
  bool stated = false;  // the body says something about the object to be
};
Result<ObjectBody> ParseObjectBody(const JsonObject& body);
Result<storage::ObjectPatch> ParseObjectPatch(const JsonObject& body);

// Insert starts from a default bucket; patch merges; update first returns what is writable to its
// default.
enum class BodyMode : std::uint8_t { kInsert, kPatch, kUpdate };
Status MergeBucketBody(const JsonObject& body, BodyMode mode, storage::Bucket& bucket);

// {"rule": [...]}
Result<std::vector<storage::LifecycleRule>> ParseLifecycle(const JsonObject& body);
Json LifecycleJson(const std::vector<storage::LifecycleRule>& rules);

// Access control lists. Without entries of its own a resource has Cloud Storage's default
// (projectPrivate).
Result<storage::Acl> ParseAcl(const JsonArray& entries, std::string_view field);
// One entry's entity and role, checked; roles of objects have no WRITER.
Result<storage::AclEntry> ParseAclEntry(const JsonObject& body);
storage::Acl DefaultBucketAcl(const storage::Bucket& bucket);
storage::Acl DefaultObjectAcl(const storage::Bucket& bucket);
Result<storage::Acl> PredefinedBucketAcl(const storage::Bucket& bucket, std::string_view name);
Result<storage::Acl> PredefinedObjectAcl(const storage::Bucket& bucket, std::string_view name,
                                         std::string_view parameter);
// kFailedPrecondition/"orgPolicyConstraintFailed" for public entries where the bucket prevents
// them.
Status CheckPublicAccess(const storage::Bucket& bucket, const std::optional<storage::Acl>& acl);
// kInvalidArgument/"badRequest" under uniform bucket-level access.
Status CheckAclsInUse(const storage::Bucket& bucket);
Json BucketAclEntryJson(const storage::Bucket& bucket, const storage::AclEntry& entry);
// `object` null: of the bucket's defaultObjectAcl.
Json ObjectAclEntryJson(const storage::Bucket& bucket, const storage::Object* object,
                        const storage::AclEntry& entry);
// What projection=full adds.
void AddBucketAcls(const storage::Bucket& bucket, JsonObject& body);
void AddObjectAcl(const storage::Object& object, const storage::Bucket& bucket, JsonObject& body);

// snake_case and camelCase. The topic loses its "//pubsub.googleapis.com/" prefix.
Result<storage::NotificationConfig> ParseNotificationBody(const JsonObject& body);

// kInvalidArgument/"invalidParameter" when the body has `field` and it is not `expected`.
Status CheckAgrees(const JsonObject& body, std::string_view field, std::string_view expected);

// Shared by the parsers.
using Names = std::span<const std::string_view>;
Status CheckFields(const JsonObject& body, std::string_view resource, Names stored,
                   Names output_only, Names unsupported);
// Whether a value asks for nothing: null, false, 0, "", the defaults' words, or containers of only
// such.
bool IsOff(const Json& value);
Result<std::string> TextOr(const JsonObject& body, std::string_view name);
// String values; null only where a patch may remove entries.
Result<std::map<std::string, std::optional<std::string>>> ParseMap(const JsonObject& map,
                                                                   std::string_view name);
Result<storage::Labels> ParseWholeMap(const JsonObject& body, std::string_view name);

}  // namespace landfall::api::storage_json
