// Access control lists: of buckets, of objects, and the one new objects get. They are kept and
// shown; nothing is refused by them yet.
#include <algorithm>
#include <array>

#include "api/json_error.h"
#include "api/storage_json.h"
#include "api/storage_json_params.h"
#include "base/text.h"

namespace landfall::api::storage_json {
namespace {

using storage::Acl;
using storage::AclEntry;

bool IsPublic(std::string_view entity) {
  return entity == "allUsers" || entity == "allAuthenticatedUsers";
}

Status CheckEntity(std::string_view entity) {
  if (IsPublic(entity)) return {};
  for (const std::string_view prefix :
       {"user-", "group-", "domain-", "project-owners-", "project-editors-", "project-viewers-"}) {
    if (entity.starts_with(prefix) && entity.size() > prefix.size() && entity.size() <= 300 &&
        IsValidUtf8(entity))
      return {};
  }
  return InvalidArgument("Invalid entity '" + std::string(entity.substr(0, 100)) + "'",
                         "invalidArgument", "entity");
}

std::string Team(const storage::Bucket& bucket, std::string_view team) {
  return "project-" + std::string(team) + "-" + ProjectNumber(bucket.project);
}

// Which of the three collections a request is about.
enum class Kind : std::uint8_t { kBucket, kDefaultObject, kObject };
Kind KindOf(const net::Request& request) {
  if (request.route_name.starts_with("storage.bucketAccessControls")) return Kind::kBucket;
  return request.route_name.starts_with("storage.defaultObject") ? Kind::kDefaultObject
                                                                 : Kind::kObject;
}

Json EntryJson(const storage::Bucket& bucket, std::string_view path, std::string id,
               std::string_view kind, const AclEntry& entry) {
  JsonObject json{{"kind", kind},
                  {"id", id + "/" + entry.entity},
                  {"selfLink", "https://www.googleapis.com/storage/v1/b/" + bucket.name +
                                   std::string(path) + "/" + entry.entity},
                  {"bucket", bucket.name},
                  {"entity", entry.entity},
                  {"role", entry.role},
                  {"etag", storage::EtagOf(bucket)}};
  const std::string_view entity = entry.entity;
  if (entity.starts_with("user-")) json["email"] = entity.substr(5);
  if (entity.starts_with("group-")) json["email"] = entity.substr(6);
  if (entity.starts_with("domain-")) json["domain"] = entity.substr(7);
  if (entity.starts_with("project-")) {
    const auto parts = Split(entity, '-');
    json["projectTeam"] = JsonObject{{"team", parts[1]}, {"projectNumber", parts.back()}};
  }
  return json;
}

const AclEntry* FindEntry(const Acl& acl, std::string_view entity) {
  const auto it = std::find_if(acl.begin(), acl.end(),
                               [&](const AclEntry& entry) { return entry.entity == entity; });
  return it == acl.end() ? nullptr : &*it;
}

Status NoSuchEntry(std::string_view entity) {
  return NotFound("The specified ACL entry does not exist: " + std::string(entity.substr(0, 300)));
}

// Names that both kinds of resources know.
std::optional<Acl> CommonPredefined(std::string_view name, const AclEntry& owner) {
  if (name == "private") return Acl{owner};
  if (name == "publicRead") return Acl{owner, {"allUsers", "READER"}};
  if (name == "authenticatedRead") return Acl{owner, {"allAuthenticatedUsers", "READER"}};
  return std::nullopt;
}

Status UnknownPredefined(std::string_view name, std::string_view parameter) {
  return InvalidArgument("Invalid value '" + std::string(name.substr(0, 100)) + "' for parameter " +
                             std::string(parameter),
                         "invalidParameter", std::string(parameter));
}

Json ListJson(std::string_view kind, JsonArray items) {
  JsonObject body{{"kind", kind}};
  if (!items.empty()) body["items"] = std::move(items);
  return body;
}

}  // namespace

Result<AclEntry> ParseAclEntry(const JsonObject& body) {
  constexpr std::string_view kStored[] = {"entity", "role"};
  constexpr std::string_view kOutputOnly[] = {"kind",   "id",         "selfLink",   "bucket",
                                              "object", "generation", "email",      "entityId",
                                              "domain", "etag",       "projectTeam"};
  TRY(CheckFields(body, "access control entry", kStored, kOutputOnly, {}));
  AclEntry entry{.entity = TRY(TextOr(body, "entity")), .role = TRY(TextOr(body, "role"))};
  if (entry.entity.empty()) return InvalidArgument("Required field: entity", "required", "entity");
  if (entry.role.empty()) return InvalidArgument("Required field: role", "required", "role");
  TRY(CheckEntity(entry.entity));
  if (entry.role != "READER" && entry.role != "WRITER" && entry.role != "OWNER") {
    return InvalidArgument("Invalid role '" + entry.role.substr(0, 100) + "'", "invalidArgument",
                           "role");
  }
  return entry;
}

Result<Acl> ParseAcl(const JsonArray& entries, std::string_view field) {
  Acl acl;
  for (const Json& entry : entries) {
    if (!entry.is_object())
      return InvalidArgument(std::string(field) + " must hold objects", "invalidArgument",
                             std::string(field));
    acl.push_back(TRY(ParseAclEntry(entry.get_object())));
  }
  return acl;
}

Acl DefaultBucketAcl(const storage::Bucket& bucket) {
  return {{Team(bucket, "owners"), "OWNER"},
          {Team(bucket, "editors"), "OWNER"},
          {Team(bucket, "viewers"), "READER"}};
}

Acl DefaultObjectAcl(const storage::Bucket& bucket) { return DefaultBucketAcl(bucket); }

Result<Acl> PredefinedBucketAcl(const storage::Bucket& bucket, std::string_view name) {
  const AclEntry owner{Team(bucket, "owners"), "OWNER"};
  if (name == "projectPrivate") return DefaultBucketAcl(bucket);
  if (name == "publicReadWrite") return Acl{owner, {"allUsers", "WRITER"}};
  if (auto acl = CommonPredefined(name, owner)) return *std::move(acl);
  return UnknownPredefined(name, "predefinedAcl");
}

// There are no owners of objects apart from the project's, so bucketOwner* is private.
Result<Acl> PredefinedObjectAcl(const storage::Bucket& bucket, std::string_view name,
                                std::string_view parameter) {
  const AclEntry owner{Team(bucket, "owners"), "OWNER"};
  if (name == "projectPrivate") return DefaultObjectAcl(bucket);
  if (name == "bucketOwnerFullControl" || name == "bucketOwnerRead") return Acl{owner};
  if (auto acl = CommonPredefined(name, owner)) return *std::move(acl);
  return UnknownPredefined(name, parameter);
}

Status CheckPublicAccess(const storage::Bucket& bucket, const std::optional<Acl>& acl) {
  if (!bucket.public_access_prevented || !acl) return {};
  for (const AclEntry& entry : *acl) {
    if (!IsPublic(entry.entity)) continue;
    return FailedPrecondition(
        "The member bindings allUsers and allAuthenticatedUsers are not "
        "allowed since public access prevention is enforced.",
        "orgPolicyConstraintFailed");
  }
  return {};
}

Status CheckAclsInUse(const storage::Bucket& bucket) {
  if (!bucket.uniform_access) return {};
  return InvalidArgument(
      "Cannot use ACL API to update bucket policy when uniform bucket-level access is enabled.",
      "badRequest");
}

Json BucketAclEntryJson(const storage::Bucket& bucket, const AclEntry& entry) {
  return EntryJson(bucket, "/acl", bucket.name, "storage#bucketAccessControl", entry);
}

Json ObjectAclEntryJson(const storage::Bucket& bucket, const storage::Object* object,
                        const AclEntry& entry) {
  if (object == nullptr)
    return EntryJson(bucket, "/defaultObjectAcl", bucket.name, "storage#objectAccessControl",
                     entry);
  const std::string generation = std::to_string(object->generation);
  Json json = EntryJson(bucket, "/o/" + PercentEncode(object->name) + "/acl",
                        bucket.name + "/" + object->name + "/" + generation,
                        "storage#objectAccessControl", entry);
  json.get_object()["object"] = object->name;
  json.get_object()["generation"] = generation;
  json.get_object()["etag"] = storage::EtagOf(*object);
  return json;
}

void AddBucketAcls(const storage::Bucket& bucket, JsonObject& body) {
  body["owner"] = JsonObject{{"entity", Team(bucket, "owners")}};
  if (bucket.uniform_access) return;
  JsonArray acl, defaults;
  for (const AclEntry& entry : bucket.acl.value_or(DefaultBucketAcl(bucket)))
    acl.push_back(BucketAclEntryJson(bucket, entry));
  for (const AclEntry& entry : bucket.default_object_acl.value_or(DefaultObjectAcl(bucket)))
    defaults.push_back(ObjectAclEntryJson(bucket, nullptr, entry));
  body["acl"] = std::move(acl);
  body["defaultObjectAcl"] = std::move(defaults);
}

void AddObjectAcl(const storage::Object& object, const storage::Bucket& bucket, JsonObject& body) {
  body["owner"] = JsonObject{{"entity", Team(bucket, "owners")}};
  if (bucket.uniform_access) return;
  JsonArray acl;
  for (const AclEntry& entry : object.attributes.acl.value_or(DefaultObjectAcl(bucket)))
    acl.push_back(ObjectAclEntryJson(bucket, &object, entry));
  body["acl"] = std::move(acl);
}

Status Adapter::AddPredefinedAcl(const net::Request& request, std::string_view parameter,
                                 storage::ObjectSpec& spec) {
  const std::string name = TextQuery(request, parameter);
  if (name.empty() && !spec.attributes.acl) return {};
  const storage::Bucket bucket = TRY(storage_.GetBucket(request.context, spec.bucket));
  TRY(CheckAclsInUse(bucket));
  if (!name.empty()) spec.attributes.acl = TRY(PredefinedObjectAcl(bucket, name, parameter));
  return CheckPublicAccess(bucket, spec.attributes.acl);
}

// The list a request is about, and its bucket.
Result<Acl> Adapter::ReadAcl(net::Request& request, storage::Bucket& bucket) {
  bucket = TRY(storage_.GetBucket(request.context, request.Param("bucket")));
  TRY(CheckAclsInUse(bucket));
  switch (KindOf(request)) {
    case Kind::kBucket:
      return bucket.acl.value_or(DefaultBucketAcl(bucket));
    case Kind::kDefaultObject:
      return bucket.default_object_acl.value_or(DefaultObjectAcl(bucket));
    case Kind::kObject:
      break;
  }
  const storage::Object object = TRY(storage_.Get(
      request.context, bucket.name, request.Param("object"), TRY(GenerationOf(request))));
  return object.attributes.acl.value_or(DefaultObjectAcl(bucket));
}

Result<net::Response> Adapter::ListAcl(net::Request& request) {
  storage::Bucket bucket;
  const Acl acl = TRY(ReadAcl(request, bucket));
  const Kind kind = KindOf(request);
  JsonArray items;
  if (kind == Kind::kBucket) {
    for (const AclEntry& entry : acl) items.push_back(BucketAclEntryJson(bucket, entry));
    return Answer(request, ListJson("storage#bucketAccessControls", std::move(items)));
  }
  std::optional<storage::Object> object;
  if (kind == Kind::kObject) {
    object = TRY(storage_.Get(request.context, bucket.name, request.Param("object"),
                              TRY(GenerationOf(request))));
  }
  for (const AclEntry& entry : acl)
    items.push_back(ObjectAclEntryJson(bucket, object ? &*object : nullptr, entry));
  return Answer(request, ListJson("storage#objectAccessControls", std::move(items)));
}

Result<net::Response> Adapter::GetAcl(net::Request& request) {
  storage::Bucket bucket;
  const Acl acl = TRY(ReadAcl(request, bucket));
  const AclEntry* entry = FindEntry(acl, request.Param("entity"));
  if (entry == nullptr) return NoSuchEntry(request.Param("entity"));
  if (KindOf(request) == Kind::kBucket) return Answer(request, BucketAclEntryJson(bucket, *entry));
  if (KindOf(request) == Kind::kDefaultObject)
    return Answer(request, ObjectAclEntryJson(bucket, nullptr, *entry));
  const storage::Object object = TRY(storage_.Get(
      request.context, bucket.name, request.Param("object"), TRY(GenerationOf(request))));
  return Answer(request, ObjectAclEntryJson(bucket, &object, *entry));
}

// Changes the list inside the commit and answers the entry of `entity`, or 204 when it is gone.
Result<net::Response> Adapter::EditAcl(net::Request& request,
                                       const std::function<Status(Acl&)>& edit,
                                       std::string_view entity) {
  const Kind kind = KindOf(request);
  storage::Bucket bucket = TRY(storage_.GetBucket(request.context, request.Param("bucket")));
  TRY(CheckAclsInUse(bucket));
  const Acl defaults = DefaultBucketAcl(bucket);
  std::optional<storage::Object> object;
  Acl acl;
  const auto change = [&](const storage::Bucket& owner,
                          const std::optional<Acl>& before) -> Result<Acl> {
    acl = before.value_or(defaults);
    TRY(edit(acl));
    TRY(CheckPublicAccess(owner, acl));
    return acl;
  };
  if (kind == Kind::kObject) {
    storage::ObjectPatch patch;
    patch.edit_acl = [&](Acl& now) -> Status {
      now = TRY(change(bucket, now.empty() ? std::optional<Acl>() : std::optional(now)));
      return {};
    };
    object = TRY(storage_.Patch(request.context, bucket.name, request.Param("object"),
                                TRY(GenerationOf(request)), patch, TRY(PreconditionOf(request))));
  } else {
    const auto edit_bucket = [&](storage::Bucket& now) -> Status {
      auto& list = kind == Kind::kBucket ? now.acl : now.default_object_acl;
      list = TRY(change(now, list));
      return {};
    };
    bucket = TRY(storage_.PatchBucket(request.context, bucket.name, edit_bucket,
                                      TRY(PreconditionOf(request))));
  }
  const AclEntry* entry = FindEntry(acl, entity);
  if (entry == nullptr) {
    net::Response gone;
    gone.status = 204;
    return gone;
  }
  if (kind == Kind::kBucket) return Answer(request, BucketAclEntryJson(bucket, *entry));
  return Answer(request, ObjectAclEntryJson(bucket, object ? &*object : nullptr, *entry));
}

Result<net::Response> Adapter::InsertAcl(net::Request& request) {
  const AclEntry added = TRY(ParseAclEntry(TRY(ReadJsonBody(request))));
  const auto insert = [&](Acl& acl) -> Status {
    std::erase_if(acl, [&](const AclEntry& entry) { return entry.entity == added.entity; });
    acl.push_back(added);
    return {};
  };
  return EditAcl(request, insert, added.entity);
}

Result<net::Response> Adapter::UpdateAcl(net::Request& request) {
  JsonObject body = TRY(ReadJsonBody(request));
  const std::string entity(request.Param("entity"));
  TRY(CheckAgrees(body, "entity", entity));
  body["entity"] = entity;
  if (Find(body, "role") == nullptr && request.method == net::Method::kPatch) {
    storage::Bucket bucket;
    const Acl acl = TRY(ReadAcl(request, bucket));
    if (const AclEntry* entry = FindEntry(acl, entity)) body["role"] = entry->role;
  }
  const AclEntry changed = TRY(ParseAclEntry(body));
  const auto update = [&](Acl& acl) -> Status {
    for (AclEntry& entry : acl) {
      if (entry.entity != entity) continue;
      entry.role = changed.role;
      return {};
    }
    return NoSuchEntry(entity);
  };
  return EditAcl(request, update, entity);
}

Result<net::Response> Adapter::DeleteAcl(net::Request& request) {
  const std::string entity(request.Param("entity"));
  const auto remove = [&](Acl& acl) -> Status {
    const std::size_t removed =
        std::erase_if(acl, [&](const AclEntry& entry) { return entry.entity == entity; });
    return removed > 0 ? Ok() : NoSuchEntry(entity);
  };
  return EditAcl(request, remove, entity);
}

}  // namespace landfall::api::storage_json
