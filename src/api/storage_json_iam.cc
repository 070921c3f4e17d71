// Who may do what, as far as it is kept: IAM policies of buckets, HMAC keys, the service agent.
#include <algorithm>

#include "api/json_error.h"
#include "api/storage_json.h"
#include "api/storage_json_params.h"
#include "base/text.h"

namespace landfall::api::storage_json {
namespace {

constexpr std::int64_t kKeysPageMax = 250;

// What a bucket has until somebody sets a policy.
JsonArray DefaultBindings(std::string_view project) {
  const std::string id(project);
  return {JsonObject{{"role", "roles/storage.legacyBucketOwner"},
                     {"members", {"projectEditor:" + id, "projectOwner:" + id}}},
          JsonObject{{"role", "roles/storage.legacyBucketReader"},
                     {"members", {"projectViewer:" + id}}}};
}

Json PolicyJson(const storage::Bucket& bucket, const storage::IamPolicy& policy) {
  JsonArray bindings = DefaultBindings(bucket.project);
  if (policy.revision > 1) {
    auto stored = ParseJson(policy.bindings);
    bindings = stored.ok() && stored->is_array() ? stored->get_array() : JsonArray();
  }
  JsonObject body{{"kind", "storage#policy"},
                  {"resourceId", "projects/_/buckets/" + bucket.name},
                  {"version", policy.version},
                  {"etag", storage::EtagOf(policy)}};
  if (!bindings.empty()) body["bindings"] = std::move(bindings);
  return body;
}

Status BadBinding(std::string_view rule) {
  return InvalidArgument("Invalid IAM policy: " + std::string(rule), "invalidArgument", "bindings");
}

Status CheckBinding(const storage::Bucket& bucket, std::int64_t version, const Json& json) {
  if (!json.is_object()) return BadBinding("a binding must be an object");
  const JsonObject& binding = json.get_object();
  constexpr std::string_view kFields[] = {"role", "members", "condition"};
  TRY(CheckFields(binding, "IAM binding", kFields, {}, {}));
  const std::string role = TRY(TextOr(binding, "role"));
  const JsonArray* members = TRY(ArrayMember(binding, "members"));
  if (!role.starts_with("roles/") && !role.starts_with("projects/") &&
      !role.starts_with("organizations/"))
    return BadBinding("role '" + role.substr(0, 100) + "' is not roles/...");
  if (members == nullptr || members->empty()) return BadBinding("a binding needs members");
  for (const Json& member : *members) {
    const std::string_view text =
        member.is_string() ? std::string_view(member.get_string()) : std::string_view();
    const bool open = text == "allUsers" || text == "allAuthenticatedUsers";
    if (!open && text.find(':') == std::string_view::npos)
      return BadBinding("member '" + std::string(text.substr(0, 100)) + "' is not TYPE:ID");
    if (open && bucket.public_access_prevented)
      return CheckPublicAccess(bucket, storage::Acl{{std::string(text), "READER"}});
  }
  if (Find(binding, "condition") == nullptr) return {};
  if (!bucket.uniform_access) {
    return FailedPrecondition(
        "To set conditional bindings in the IAM policy, enable uniform bucket-level access on the "
        "bucket first",
        "conditionNotMet", "bindings");
  }
  return version >= 3 ? Ok() : BadBinding("with conditions the policy version must be at least 3");
}

Json HmacMetadata(const storage::HmacKey& key) {
  return JsonObject{{"kind", "storage#hmacKeyMetadata"},
                    {"id", key.project + "/" + key.access_id},
                    {"selfLink", "https://www.googleapis.com/storage/v1/projects/" + key.project +
                                     "/hmacKeys/" + key.access_id},
                    {"accessId", key.access_id},
                    {"projectId", key.project},
                    {"serviceAccountEmail", key.service_account},
                    {"state", key.state},
                    {"timeCreated", FormatRfc3339(key.time_created)},
                    {"updated", FormatRfc3339(key.updated)},
                    {"etag", storage::EtagOf(key)}};
}

}  // namespace

Result<net::Response> Adapter::GetIamPolicy(net::Request& request) {
  const auto version = TRY(Int64Query(request, "optionsRequestedPolicyVersion"));
  if (version && (*version < 1 || *version > 3 || *version == 2)) {
    return InvalidArgument("optionsRequestedPolicyVersion must be 1 or 3", "invalidParameter",
                           "optionsRequestedPolicyVersion");
  }
  const storage::Bucket bucket = TRY(storage_.GetBucket(request.context, request.Param("bucket")));
  const auto policy = TRY(storage_.GetIamPolicy(request.context, bucket.name));
  return Answer(request, PolicyJson(bucket, policy));
}

Result<net::Response> Adapter::SetIamPolicy(net::Request& request) {
  const JsonObject body = TRY(ReadJsonBody(request));
  constexpr std::string_view kStored[] = {"version", "bindings", "etag"};
  constexpr std::string_view kOutputOnly[] = {"kind", "resourceId"};
  TRY(CheckFields(body, "policy", kStored, kOutputOnly, {}));
  const storage::Bucket bucket = TRY(storage_.GetBucket(request.context, request.Param("bucket")));
  storage::IamPolicy policy;
  policy.version = TRY(Int64Member(body, "version")).value_or(1);
  if (policy.version == 0) policy.version = 1;
  if (policy.version != 1 && policy.version != 3) return BadBinding("version must be 1 or 3");
  if (const JsonArray* bindings = TRY(ArrayMember(body, "bindings"))) {
    for (const Json& binding : *bindings) TRY(CheckBinding(bucket, policy.version, binding));
    policy.bindings = ToText(*bindings);
  }
  policy = TRY(storage_.SetIamPolicy(request.context, bucket.name, std::move(policy),
                                     TRY(TextOr(body, "etag"))));
  return Answer(request, PolicyJson(bucket, policy));
}

// There is no access control yet, so everybody has every permission that is asked for.
Result<net::Response> Adapter::TestBucketPermissions(net::Request& request) {
  TRY(storage_.GetBucket(request.context, request.Param("bucket")));
  JsonArray permissions;
  for (const std::string_view permission : request.QueryAll("permissions"))
    permissions.emplace_back(permission);
  JsonObject body{{"kind", "storage#testIamPermissionsResponse"}};
  if (!permissions.empty()) body["permissions"] = std::move(permissions);
  return Answer(request, body);
}

Result<net::Response> Adapter::GetServiceAccount(net::Request& request) {
  return Answer(request,
                JsonObject{{"kind", "storage#serviceAccount"},
                           {"email_address", "service-" + ProjectNumber(request.Param("project")) +
                                                 "@gs-project-accounts.iam.gserviceaccount.com"}});
}

Result<net::Response> Adapter::CreateHmacKey(net::Request& request) {
  const std::string account = TRY(RequiredQuery(request, "serviceAccountEmail"));
  const storage::HmacKey key =
      TRY(storage_.CreateHmacKey(request.context, request.Param("project"), account));
  return Answer(request, JsonObject{{"kind", "storage#hmacKey"},
                                    {"secret", key.secret},
                                    {"metadata", HmacMetadata(key)}});
}

Result<net::Response> Adapter::ListHmacKeys(net::Request& request) {
  const std::string account = TextQuery(request, "serviceAccountEmail");
  const std::string after = TextQuery(request, "pageToken");
  const bool deleted = TRY(BoolQuery(request, "showDeletedKeys"));
  const std::int64_t page = std::clamp<std::int64_t>(
      TRY(Int64Query(request, "maxResults")).value_or(kKeysPageMax), 1, kKeysPageMax);
  JsonArray items;
  std::string last, next;
  // Keys come by access id, which is also the page token.
  for (const storage::HmacKey& key :
       TRY(storage_.ListHmacKeys(request.context, request.Param("project")))) {
    if (key.access_id <= after || (!account.empty() && key.service_account != account)) continue;
    if (key.state == "DELETED" && !deleted) continue;
    if (static_cast<std::int64_t>(items.size()) == page) {
      next = last;
      break;
    }
    items.push_back(HmacMetadata(key));
    last = key.access_id;
  }
  JsonObject body{{"kind", "storage#hmacKeysMetadata"}};
  if (!items.empty()) body["items"] = std::move(items);
  if (!next.empty()) body["nextPageToken"] = next;
  return Answer(request, body);
}

Result<net::Response> Adapter::GetHmacKey(net::Request& request) {
  return Answer(request,
                HmacMetadata(TRY(storage_.GetHmacKey(request.context, request.Param("id")))));
}

Result<net::Response> Adapter::UpdateHmacKey(net::Request& request) {
  const JsonObject body = TRY(ReadJsonBody(request));
  constexpr std::string_view kStored[] = {"state", "etag"};
  constexpr std::string_view kOutputOnly[] = {"kind",        "id",        "selfLink",
                                              "accessId",    "projectId", "serviceAccountEmail",
                                              "timeCreated", "updated"};
  TRY(CheckFields(body, "HMAC key", kStored, kOutputOnly, {}));
  return Answer(request, HmacMetadata(TRY(storage_.UpdateHmacKey(
                             request.context, request.Param("id"), TRY(TextOr(body, "state")),
                             TRY(TextOr(body, "etag"))))));
}

Result<net::Response> Adapter::DeleteHmacKey(net::Request& request) {
  TRY(storage_.DeleteHmacKey(request.context, request.Param("id")));
  net::Response response;
  response.status = 204;
  return response;
}

}  // namespace landfall::api::storage_json
