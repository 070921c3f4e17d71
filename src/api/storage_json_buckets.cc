#include "api/json_error.h"
#include "api/storage_json.h"
#include "api/storage_json_params.h"
#include "api/storage_json_resource.h"
#include "base/text.h"

namespace landfall::api::storage_json {
namespace {

net::Response NoContent() {
  net::Response response;
  response.status = 204;
  return response;
}

}  // namespace

Result<net::Response> Adapter::InsertBucket(net::Request& request) {
  const std::string project = TRY(RequiredQuery(request, "project"));
  storage::Bucket bucket = TRY(ParseBucketBody(TRY(ReadJsonBody(request))));
  bucket.project = project;
  return Answer(request,
                BucketJson(TRY(storage_.CreateBucket(request.context, std::move(bucket)))));
}

Result<net::Response> Adapter::ListBuckets(net::Request& request) {
  const std::string project = TRY(RequiredQuery(request, "project"));
  const storage::BucketPage page =
      TRY(storage_.ListBuckets(request.context, project, TRY(ListOptionsOf(request))));
  JsonObject body{{"kind", "storage#buckets"}};
  JsonArray items;
  for (const storage::Bucket& bucket : page.items) items.push_back(BucketJson(bucket));
  if (!items.empty()) body["items"] = std::move(items);
  if (!page.next_page_token.empty()) body["nextPageToken"] = page.next_page_token;
  return Answer(request, body);
}

Result<net::Response> Adapter::GetBucket(net::Request& request) {
  return Answer(request, BucketJson(TRY(storage_.GetBucket(request.context, request.Param("bucket"),
                                                           TRY(PreconditionOf(request))))));
}

Result<net::Response> Adapter::PatchBucket(net::Request& request) {
  const std::string_view name = request.Param("bucket");
  const JsonObject body = TRY(ReadJsonBody(request));
  TRY(CheckAgrees(body, "name", name));
  if (Find(body, "location") != nullptr) {
    TRY(CheckAgrees(body, "location", TRY(storage_.GetBucket(request.context, name)).location));
  }
  return Answer(request, BucketJson(TRY(storage_.PatchBucket(request.context, name,
                                                             TRY(ParseBucketPatch(body)),
                                                             TRY(PreconditionOf(request))))));
}

Result<net::Response> Adapter::DeleteBucket(net::Request& request) {
  TRY(storage_.DeleteBucket(request.context, request.Param("bucket"),
                            TRY(PreconditionOf(request))));
  return NoContent();
}

Result<net::Response> Adapter::GetStorageLayout(net::Request& request) {
  const storage::Bucket bucket = TRY(storage_.GetBucket(request.context, request.Param("bucket")));
  return Answer(request, JsonObject{{"kind", "storage#storageLayout"},
                                    {"bucket", bucket.name},
                                    {"location", bucket.location},
                                    {"locationType", LocationType(bucket.location)},
                                    {"hierarchicalNamespace", JsonObject{{"enabled", false}}}});
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

Result<net::Response> Adapter::InsertNotification(net::Request& request) {
  storage::NotificationConfig config = TRY(ParseNotificationBody(TRY(ReadJsonBody(request))));
  config.bucket = request.Param("bucket");
  TRY(storage_.GetBucket(request.context, config.bucket));
  const auto topic = pubsub_.GetTopic(request.context, config.topic);
  if (!topic.ok() && topic.status().code() == Code::kNotFound) {
    return InvalidArgument(
        "Invalid bucket notification: the topic '" + config.topic + "' does not exist", "invalid",
        "topic");
  }
  TRY(topic);
  return Answer(request, NotificationJson(
                             TRY(storage_.CreateNotification(request.context, std::move(config)))));
}

Result<net::Response> Adapter::ListNotifications(net::Request& request) {
  JsonArray items;
  for (const auto& config :
       TRY(storage_.ListNotifications(request.context, request.Param("bucket")))) {
    items.push_back(NotificationJson(config));
  }
  JsonObject body{{"kind", "storage#notifications"}};
  if (!items.empty()) body["items"] = std::move(items);
  return Answer(request, body);
}

Result<net::Response> Adapter::GetNotification(net::Request& request) {
  return Answer(request, NotificationJson(TRY(storage_.GetNotification(
                             request.context, request.Param("bucket"), request.Param("id")))));
}

Result<net::Response> Adapter::DeleteNotification(net::Request& request) {
  TRY(storage_.DeleteNotification(request.context, request.Param("bucket"), request.Param("id")));
  return NoContent();
}

}  // namespace landfall::api::storage_json
