// Cloud Storage JSON API v1: the routes, and what all of its answers share.
#include "api/storage_json.h"

#include <deque>
#include <memory>

#include "api/api.h"
#include "api/field_mask.h"
#include "api/json_error.h"
#include "api/storage_json_params.h"
#include "api/storage_retry_faults.h"

namespace landfall::api {
namespace storage_json {
namespace {

using Handler = Adapter::Handler;

struct Row {
  net::Method method;
  std::string_view path;  // behind the prefix
  std::string_view name;
  Handler handler = nullptr;    // null: known to Google, not implemented
  std::string_view query = {};  // parameters besides those of all methods
};

constexpr net::Method kGet = net::Method::kGet, kPost = net::Method::kPost,
                      kPut = net::Method::kPut, kPatch = net::Method::kPatch,
                      kDelete = net::Method::kDelete;

// @meta, @match and @source stand for groups of parameters; see CheckParameters.
constexpr std::string_view
    kWriteBucket = "@meta predefinedAcl predefinedDefaultObjectAcl",
    kGetObject = "@match softDeleted restoreToken",
    kWriteObject = "@match predefinedAcl overrideUnlockedRetention",
    kUpload = "@match name upload_id contentEncoding kmsKeyName predefinedAcl",
    kCopy = "@match @source destinationPredefinedAcl destinationKmsKeyName",
    kRewrite =
        "@match @source destinationPredefinedAcl destinationKmsKeyName rewriteToken "
        "maxBytesRewrittenPerCall",
    kListBuckets = "project prefix maxResults pageToken softDeleted returnPartialSuccess",
    kListObjects =
        "prefix delimiter includeTrailingDelimiter startOffset endOffset matchGlob "
        "includeFoldersAsPrefixes versions softDeleted filter maxResults pageToken";

// What these still answer 501 to, naming it; for docs/api-coverage.md.
constexpr std::string_view
    kBucketRefusals = "encryption, logging, rpo, autoclass, ipFilter, hierarchicalNamespace",
    kObjectRefusals = "kmsKeyName, contexts, customer-supplied encryption keys";
constexpr std::pair<std::string_view, std::string_view> kRefusals[] = {
    {"storage.buckets.insert", kBucketRefusals},
    {"storage.buckets.patch", kBucketRefusals},
    {"storage.buckets.update", kBucketRefusals},
    {"storage.objects.compose", kObjectRefusals},
    {"storage.objects.copy", kObjectRefusals},
    {"storage.objects.get", "customer-supplied encryption keys"},
    {"storage.objects.insert", kObjectRefusals},
    {"storage.objects.list", "filter"},
    {"storage.objects.patch", "contexts"},
    {"storage.objects.restore", "restoreToken"},
    {"storage.objects.rewrite", kObjectRefusals},
    {"storage.objects.update", "contexts"},
};

// Served under /storage/v1 and, for Node's emulator mode, without a prefix.
constexpr Row kRows[] = {
    {kPost, "/b", "storage.buckets.insert", &Adapter::InsertBucket,
     "project predefinedAcl predefinedDefaultObjectAcl enableObjectRetention"},
    {kGet, "/b", "storage.buckets.list", &Adapter::ListBuckets, kListBuckets},
    {kGet, "/b/{bucket}", "storage.buckets.get", &Adapter::GetBucket,
     "@meta generation softDeleted"},
    {kPatch, "/b/{bucket}", "storage.buckets.patch", &Adapter::PatchBucket, kWriteBucket},
    {kPut, "/b/{bucket}", "storage.buckets.update", &Adapter::UpdateBucket, kWriteBucket},
    {kDelete, "/b/{bucket}", "storage.buckets.delete", &Adapter::DeleteBucket, "@meta"},
    {kPost, "/b/{bucket}/restore", "storage.buckets.restore", &Adapter::RestoreBucket,
     "generation"},
    {kPost, "/b/{bucket}/lockRetentionPolicy", "storage.buckets.lockRetentionPolicy",
     &Adapter::LockRetentionPolicy, "@meta"},
    {kGet, "/b/{bucket}/storageLayout", "storage.buckets.getStorageLayout",
     &Adapter::GetStorageLayout, "prefix"},
    {kGet, "/b/{bucket}/iam", "storage.buckets.getIamPolicy", &Adapter::GetIamPolicy,
     "optionsRequestedPolicyVersion"},
    {kPut, "/b/{bucket}/iam", "storage.buckets.setIamPolicy", &Adapter::SetIamPolicy},
    {kGet, "/b/{bucket}/iam/testPermissions", "storage.buckets.testIamPermissions",
     &Adapter::TestBucketPermissions, "permissions"},
    {kPost, "/b/{bucket}/relocate", "storage.buckets.relocate", nullptr},
    {kGet, "/b/{bucket}/operations", "storage.buckets.operations.list", nullptr},
    {kGet, "/b/{bucket}/operations/{operation}", "storage.buckets.operations.get", nullptr},
    {kPost, "/b/{bucket}/operations/{operation}/cancel", "storage.buckets.operations.cancel",
     nullptr},
    {kPost, "/b/{bucket}/operations/{operation}/advanceRelocateBucket",
     "storage.buckets.operations.advanceRelocateBucket", nullptr},

    {kPost, "/b/{bucket}/o", "storage.objects.insert", &Adapter::RefuseMetadataPathInsert, kUpload},
    {kGet, "/b/{bucket}/o", "storage.objects.list", &Adapter::ListObjects, kListObjects},
    {kGet, "/b/{bucket}/o/{object}", "storage.objects.get", &Adapter::GetObject, kGetObject},
    {kGet, "/b/{bucket}/o/{object=**}", "storage.objects.get", &Adapter::GetObject, kGetObject},
    {kPatch, "/b/{bucket}/o/{object}", "storage.objects.patch", &Adapter::PatchObject,
     kWriteObject},
    {kPatch, "/b/{bucket}/o/{object=**}", "storage.objects.patch", &Adapter::PatchObject,
     kWriteObject},
    {kPut, "/b/{bucket}/o/{object}", "storage.objects.update", &Adapter::UpdateObject,
     kWriteObject},
    {kPut, "/b/{bucket}/o/{object=**}", "storage.objects.update", &Adapter::UpdateObject,
     kWriteObject},
    {kDelete, "/b/{bucket}/o/{object}", "storage.objects.delete", &Adapter::DeleteObject, "@match"},
    {kDelete, "/b/{bucket}/o/{object=**}", "storage.objects.delete", &Adapter::DeleteObject,
     "@match"},
    {kPost, "/b/{bucket}/o/{object}/copyTo/b/{to}/o/{destination}", "storage.objects.copy",
     &Adapter::CopyObject, kCopy},
    {kPost, "/b/{bucket}/o/{object}/rewriteTo/b/{to}/o/{destination}", "storage.objects.rewrite",
     &Adapter::RewriteObject, kRewrite},
    {kPost, "/b/{bucket}/o/{object}/compose", "storage.objects.compose", &Adapter::ComposeObject,
     "@match destinationPredefinedAcl kmsKeyName deleteSourceObjects"},
    {kPost, "/b/{bucket}/o/{object}/moveTo/o/{destination}", "storage.objects.move",
     &Adapter::MoveObject, "@match @source"},
    {kPost, "/b/{bucket}/o/{object}/restore", "storage.objects.restore", &Adapter::RestoreObject,
     "@match copySourceAcl restoreToken"},
    {kPost, "/b/{bucket}/o/bulkRestore", "storage.objects.bulkRestore", nullptr},
    {kPost, "/b/{bucket}/o/watch", "storage.objects.watchAll", nullptr},
    {kPost, "/channels/stop", "storage.channels.stop", nullptr},
    {kGet, "/b/{bucket}/o/{object}/iam", "storage.objects.getIamPolicy", nullptr},
    {kPut, "/b/{bucket}/o/{object}/iam", "storage.objects.setIamPolicy", nullptr},
    {kGet, "/b/{bucket}/o/{object}/iam/testPermissions", "storage.objects.testIamPermissions",
     nullptr},

    {kPost, "/b/{bucket}/notificationConfigs", "storage.notifications.insert",
     &Adapter::InsertNotification},
    {kGet, "/b/{bucket}/notificationConfigs", "storage.notifications.list",
     &Adapter::ListNotifications},
    {kGet, "/b/{bucket}/notificationConfigs/{id}", "storage.notifications.get",
     &Adapter::GetNotification},
    {kDelete, "/b/{bucket}/notificationConfigs/{id}", "storage.notifications.delete",
     &Adapter::DeleteNotification},

    {kGet, "/projects/{project}/serviceAccount", "storage.projects.serviceAccount.get",
     &Adapter::GetServiceAccount},
    {kPost, "/projects/{project}/hmacKeys", "storage.projects.hmacKeys.create",
     &Adapter::CreateHmacKey, "serviceAccountEmail"},
    {kGet, "/projects/{project}/hmacKeys", "storage.projects.hmacKeys.list", &Adapter::ListHmacKeys,
     "serviceAccountEmail showDeletedKeys maxResults pageToken"},
    {kGet, "/projects/{project}/hmacKeys/{id}", "storage.projects.hmacKeys.get",
     &Adapter::GetHmacKey},
    {kPut, "/projects/{project}/hmacKeys/{id}", "storage.projects.hmacKeys.update",
     &Adapter::UpdateHmacKey},
    {kDelete, "/projects/{project}/hmacKeys/{id}", "storage.projects.hmacKeys.delete",
     &Adapter::DeleteHmacKey},

    {kGet, "/b/{bucket}/folders", "storage.folders.list", nullptr},
    {kPost, "/b/{bucket}/folders", "storage.folders.insert", nullptr},
    {kGet, "/b/{bucket}/folders/{folder}", "storage.folders.get", nullptr},
    {kDelete, "/b/{bucket}/folders/{folder}", "storage.folders.delete", nullptr},
    {kPost, "/b/{bucket}/folders/{folder}/renameTo/folders/{destination}", "storage.folders.rename",
     nullptr},
    {kGet, "/b/{bucket}/managedFolders", "storage.managedFolders.list", nullptr},
    {kPost, "/b/{bucket}/managedFolders", "storage.managedFolders.insert", nullptr},
    {kGet, "/b/{bucket}/managedFolders/{folder}", "storage.managedFolders.get", nullptr},
    {kDelete, "/b/{bucket}/managedFolders/{folder}", "storage.managedFolders.delete", nullptr},
    {kGet, "/b/{bucket}/anywhereCaches", "storage.anywhereCaches.list", nullptr},
    {kPost, "/b/{bucket}/anywhereCaches", "storage.anywhereCaches.insert", nullptr},
    {kGet, "/b/{bucket}/anywhereCaches/{id}", "storage.anywhereCaches.get", nullptr},
    {kPatch, "/b/{bucket}/anywhereCaches/{id}", "storage.anywhereCaches.update", nullptr},
};

// The three access control collections have the same six methods.
struct AclRow {
  std::string_view path, family;
};
constexpr AclRow kAcls[] = {{"/b/{bucket}/acl", "storage.bucketAccessControls"},
                            {"/b/{bucket}/defaultObjectAcl", "storage.defaultObjectAccessControls"},
                            {"/b/{bucket}/o/{object}/acl", "storage.objectAccessControls"}};

constexpr Row kUploadRows[] = {
    {kPost, "/b/{bucket}/o", "storage.objects.insert", &Adapter::PostUpload, kUpload},
    {kPut, "/b/{bucket}/o", "storage.objects.insert", &Adapter::PutUpload, kUpload},
    {kDelete, "/b/{bucket}/o", "storage.objects.insert", &Adapter::DeleteUpload, kUpload},
};
constexpr Row kDownloadRows[] = {
    {kGet, "/b/{bucket}/o/{object}", "storage.objects.get", &Adapter::GetObject, kGetObject},
    {kGet, "/b/{bucket}/o/{object=**}", "storage.objects.get", &Adapter::GetObject, kGetObject},
};

// Browsers ask before they send; the answer is in the bucket's `cors`.
constexpr Row kPreflightRows[] = {
    {net::Method::kOptions, "/b/{bucket}", "cors.preflight", &Adapter::Preflight, "@any"},
    {net::Method::kOptions, "/b/{bucket}/o", "cors.preflight", &Adapter::Preflight, "@any"},
    {net::Method::kOptions, "/b/{bucket}/o/{object=**}", "cors.preflight", &Adapter::Preflight,
     "@any"},
};

// Only under the testbench profile; requests to these never fail on purpose.
constexpr Row kTestbenchRows[] = {
    {kPost, "/retry_test", "testbench.retryTests.create", &Adapter::CreateRetryTest},
    {kGet, "/retry_test/{id}", "testbench.retryTests.get", &Adapter::GetRetryTest},
    {kDelete, "/retry_test/{id}", "testbench.retryTests.delete", &Adapter::DeleteRetryTest},
    {kGet, "/retry_tests", "testbench.retryTests.list", &Adapter::ListRetryTests},
    {kGet, "/start_grpc", "testbench.startGrpc"},
};

class RouteTable {
 public:
  explicit RouteTable(std::shared_ptr<Adapter> adapter) : adapter_(std::move(adapter)) {}

  void Add(std::string_view prefix, const Row& row) {
    net::Route route{.method = row.method,
                     .pattern = std::string(prefix).append(row.path),
                     .name = std::string(row.name)};
    if (row.handler != nullptr) {
      route.handler = [adapter = adapter_, handler = row.handler,
                       query = row.query](net::Request& request) {
        return adapter->Serve(handler, query, request);
      };
    }
    routes_.push_back(std::move(route));
  }
  void AddAcl(std::string_view prefix, const AclRow& acl) {
    const auto add = [&](net::Method method, std::string_view suffix, std::string_view name,
                         Handler handler) {
      paths_.push_back(std::string(acl.path).append(suffix));
      paths_.push_back(std::string(acl.family).append(name));
      Add(prefix, {.method = method,
                   .path = paths_[paths_.size() - 2],
                   .name = paths_.back(),
                   .handler = handler,
                   .query = "@meta generation"});
    };
    add(kGet, "", ".list", &Adapter::ListAcl);
    add(kPost, "", ".insert", &Adapter::InsertAcl);
    add(kGet, "/{entity}", ".get", &Adapter::GetAcl);
    add(kPut, "/{entity}", ".update", &Adapter::UpdateAcl);
    add(kPatch, "/{entity}", ".patch", &Adapter::UpdateAcl);
    add(kDelete, "/{entity}", ".delete", &Adapter::DeleteAcl);
  }
  std::vector<net::Route> Take() { return std::move(routes_); }

 private:
  std::shared_ptr<Adapter> adapter_;
  std::deque<std::string> paths_;
  std::vector<net::Route> routes_;
};

}  // namespace

void Adapter::AddCommonHeaders(const net::Request& request, net::Response& response) {
  const std::string& trace = request.context.trace_id;
  response.headers.Set("X-GUploader-UploadID", trace.empty() ? RandomHex(random_, 16) : trace);
  if (const auto token = request.headers.Get("x-goog-gcs-idempotency-token")) {
    response.headers.Set("x-goog-gcs-idempotency-token", *token);
  }
  AddCorsHeaders(request, response);
}

Result<net::Response> Adapter::ServePlain(Handler handler, std::string_view query,
                                          net::Request& request) {
  TRY(CheckParameters(request, query));
  net::Response response = TRY((this->*handler)(request));
  AddCommonHeaders(request, response);
  return response;
}

Result<net::Response> Adapter::Serve(Handler handler, std::string_view query,
                                     net::Request& request) {
  const auto serve = [&] { return ServePlain(handler, query, request); };
  if (options_.retry_tests == nullptr) return serve();
  const bool download = request.route_name == "storage.objects.get" && WantsMedia(request);
  return ServeUnderTests(*options_.retry_tests, request, download, serve);
}

Result<net::Response> Adapter::CreateRetryTest(net::Request& request) {
  return JsonResponse(TRY(options_.retry_tests->Create(TRY(ReadJsonBody(request)))));
}

Result<net::Response> Adapter::GetRetryTest(net::Request& request) {
  return JsonResponse(TRY(options_.retry_tests->Get(request.Param("id"))));
}

Result<net::Response> Adapter::ListRetryTests(net::Request&) {
  return JsonResponse(options_.retry_tests->List());
}

Result<net::Response> Adapter::DeleteRetryTest(net::Request& request) {
  TRY(options_.retry_tests->Delete(request.Param("id")));
  return JsonResponse(JsonObject());
}

net::Response Adapter::RenderError(const net::Request& request, const Status& error) {
  net::Response response = JsonErrorResponse(error, ErrorShape::kPlain);
  if (WantsMedia(request) && request.route_name == "storage.objects.get" &&
      response.status != 304) {
    response.headers.Set("Content-Type", "text/html; charset=UTF-8");
    response.body = error.message();
  }
  AddCommonHeaders(request, response);
  return response;
}

Result<net::Response> Adapter::Answer(const net::Request& request, Json body) {
  const std::string_view fields = request.Query("fields").value_or("");
  if (fields.empty()) return JsonResponse(body);
  return JsonResponse(ApplyFieldMask(TRY(ParseFieldMask(fields)), body));
}

Result<net::Response> Adapter::AnswerObject(const net::Request& request,
                                            const storage::Object& object) {
  JsonObject body = ObjectJson(object, request.BaseUrl());
  if (TRY(WantsFull(request))) {
    const storage::Bucket bucket = TRY(storage_.GetBucket(request.context, object.bucket));
    AddObjectAcl(object, bucket, body);
  }
  return Answer(request, std::move(body));
}

Result<net::Response> Adapter::AnswerBucket(const net::Request& request,
                                            const storage::Bucket& bucket) {
  JsonObject body = BucketJson(bucket);
  if (TRY(WantsFull(request))) AddBucketAcls(bucket, body);
  return Answer(request, std::move(body));
}

}  // namespace storage_json

net::Api MakeStorageJson(storage::Storage& storage, pubsub::PubSub& pubsub,
                         StorageJsonOptions options) {
  using namespace storage_json;  // NOLINT: the adapter's own names
  const auto adapter = std::make_shared<Adapter>(storage, pubsub, options);
  RouteTable table(adapter);
  for (const std::string_view prefix : {"/storage/v1", ""}) {
    for (const Row& row : kRows) table.Add(prefix, row);
    for (const AclRow& acl : kAcls) table.AddAcl(prefix, acl);
  }
  for (const std::string_view prefix : {"/upload/storage/v1", "/resumable/upload/storage/v1"}) {
    for (const Row& row : kUploadRows) table.Add(prefix, row);
  }
  for (const Row& row : kDownloadRows) table.Add("/download/storage/v1", row);
  for (const std::string_view prefix :
       {"/storage/v1", "", "/upload/storage/v1", "/download/storage/v1"}) {
    for (const Row& row : kPreflightRows) table.Add(prefix, row);
  }
  if (options.retry_tests != nullptr) {
    for (const Row& row : kTestbenchRows) table.Add("", row);
  }
  return {.name = "storage",
          .routes = table.Take(),
          .render_error = [adapter](
                              const net::Request& request,
                              const Status& error) { return adapter->RenderError(request, error); },
          .refusals = {std::begin(kRefusals), std::end(kRefusals)}};
}

}  // namespace landfall::api
