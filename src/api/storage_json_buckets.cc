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

// predefinedAcl and predefinedDefaultObjectAcl.
Status ApplyPredefined(const net::Request& request, storage::Bucket& bucket) {
  const std::string acl = TextQuery(request, "predefinedAcl");
  const std::string defaults = TextQuery(request, "predefinedDefaultObjectAcl");
  if (!acl.empty() || !defaults.empty()) TRY(CheckAclsInUse(bucket));
  if (!acl.empty()) bucket.acl = TRY(PredefinedBucketAcl(bucket, acl));
  if (!defaults.empty()) {
    bucket.default_object_acl =
        TRY(PredefinedObjectAcl(bucket, defaults, "predefinedDefaultObjectAcl"));
  }
  TRY(CheckPublicAccess(bucket, bucket.acl));
  return CheckPublicAccess(bucket, bucket.default_object_acl);
}

}  // namespace

Result<net::Response> Adapter::InsertBucket(net::Request& request) {
  storage::Bucket bucket;
  bucket.project = TRY(RequiredQuery(request, "project"));
  bucket.object_retention = TRY(BoolQuery(request, "enableObjectRetention"));
  TRY(MergeBucketBody(TRY(ReadJsonBody(request)), BodyMode::kInsert, bucket));
  TRY(ApplyPredefined(request, bucket));
  return AnswerBucket(request, TRY(storage_.CreateBucket(request.context, std::move(bucket))));
}

Result<net::Response> Adapter::ListBuckets(net::Request& request) {
  const std::string project = TRY(RequiredQuery(request, "project"));
  const bool full = TRY(WantsFull(request));
  TRY(BoolQuery(request, "returnPartialSuccess"));  // every bucket is always reachable
  const storage::BucketPage page =
      TRY(storage_.ListBuckets(request.context, project, TRY(ListOptionsOf(request))));
  JsonObject body{{"kind", "storage#buckets"}};
  JsonArray items;
  for (const storage::Bucket& bucket : page.items) {
    JsonObject item = BucketJson(bucket);
    if (full) AddBucketAcls(bucket, item);
    items.push_back(std::move(item));
  }
  if (!items.empty()) body["items"] = std::move(items);
  if (!page.next_page_token.empty()) body["nextPageToken"] = page.next_page_token;
  return Answer(request, std::move(body));
}

Result<net::Response> Adapter::GetBucket(net::Request& request) {
  const std::string_view name = request.Param("bucket");
  const auto generation = TRY(GenerationOf(request));
  if (TRY(BoolQuery(request, "softDeleted"))) {
    TRY(RequiredQuery(request, "generation"));
    return AnswerBucket(request,
                        TRY(storage_.GetSoftDeletedBucket(request.context, name, *generation)));
  }
  const storage::Bucket bucket =
      TRY(storage_.GetBucket(request.context, name, TRY(PreconditionOf(request))));
  if (generation && *generation != bucket.generation)
    return NotFound("The specified bucket does not exist.");
  return AnswerBucket(request, bucket);
}

Result<net::Response> Adapter::PatchBucket(net::Request& request) {
  return ChangeBucket(request, BodyMode::kPatch);
}

Result<net::Response> Adapter::UpdateBucket(net::Request& request) {
  return ChangeBucket(request, BodyMode::kUpdate);
}

Result<net::Response> Adapter::ChangeBucket(net::Request& request, BodyMode mode) {
  const std::string_view name = request.Param("bucket");
  const JsonObject body = TRY(ReadJsonBody(request));
  TRY(CheckAgrees(body, "name", name));
  const auto edit = [&](storage::Bucket& bucket) -> Status {
    TRY(CheckAgrees(body, "location", bucket.location));
    TRY(MergeBucketBody(body, mode, bucket));
    return ApplyPredefined(request, bucket);
  };
  return AnswerBucket(request, TRY(storage_.PatchBucket(request.context, name, edit,
                                                        TRY(PreconditionOf(request)))));
}

Result<net::Response> Adapter::RestoreBucket(net::Request& request) {
  TRY(RequiredQuery(request, "generation"));
  const std::int64_t generation = TRY(GenerationOf(request)).value();
  TRY(ReadJsonBody(request));
  return AnswerBucket(
      request, TRY(storage_.RestoreBucket(request.context, request.Param("bucket"), generation)));
}

Result<net::Response> Adapter::LockRetentionPolicy(net::Request& request) {
  TRY(RequiredQuery(request, "ifMetagenerationMatch"));
  const auto lock = [](storage::Bucket& bucket) -> Status {
    if (!bucket.retention) {
      return InvalidArgument("bucket '" + bucket.name + "' has no retention policy to lock",
                             "badRequest");
    }
    bucket.retention->locked = true;
    return {};
  };
  return AnswerBucket(request, TRY(storage_.PatchBucket(request.context, request.Param("bucket"),
                                                        lock, TRY(PreconditionOf(request)))));
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

Result<net::Response> Adapter::InsertNotification(net::Request& request) {
  storage::NotificationConfig config = TRY(ParseNotificationBody(TRY(ReadJsonBody(request))));
  config.bucket = request.Param("bucket");
  TRY(storage_.GetBucket(request.context, config.bucket));
  const auto topic = pubsub_.GetTopic(request.context, config.topic);
  if (!topic.ok() && topic.status().code() == Code::kNotFound && !options_.topics_need_not_exist) {
    return InvalidArgument(
        "Invalid bucket notification: the topic '" + config.topic + "' does not exist", "invalid",
        "topic");
  }
  if (!options_.topics_need_not_exist) TRY(topic);
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
  return Answer(request, std::move(body));
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
