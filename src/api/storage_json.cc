// Cloud Storage JSON API v1: the routes, and what all of its answers share.
#include "api/storage_json.h"

#include <memory>

#include "api/api.h"
#include "api/field_mask.h"
#include "api/json_error.h"
#include "api/storage_json_params.h"

namespace landfall::api {
namespace storage_json {
namespace {

using Handler = Result<net::Response> (Adapter::*)(net::Request&);

struct Row {
  net::Method method;
  std::string_view path;  // behind the prefix
  std::string_view name;
  Handler handler;  // null: known to Google, not implemented
};

constexpr net::Method kGet = net::Method::kGet, kPost = net::Method::kPost,
                      kPut = net::Method::kPut, kPatch = net::Method::kPatch,
                      kDelete = net::Method::kDelete;

// Served under /storage/v1 and, for Node's emulator mode, without a prefix.
constexpr Row kRows[] = {
    {kPost, "/b", "storage.buckets.insert", &Adapter::InsertBucket},
    {kGet, "/b", "storage.buckets.list", &Adapter::ListBuckets},
    {kGet, "/b/{bucket}", "storage.buckets.get", &Adapter::GetBucket},
    {kPatch, "/b/{bucket}", "storage.buckets.patch", &Adapter::PatchBucket},
    {kPut, "/b/{bucket}", "storage.buckets.update", nullptr},
    {kDelete, "/b/{bucket}", "storage.buckets.delete", &Adapter::DeleteBucket},
    {kPost, "/b/{bucket}/restore", "storage.buckets.restore", nullptr},
    {kPost, "/b/{bucket}/lockRetentionPolicy", "storage.buckets.lockRetentionPolicy", nullptr},
    {kGet, "/b/{bucket}/storageLayout", "storage.buckets.getStorageLayout",
     &Adapter::GetStorageLayout},
    {kGet, "/b/{bucket}/iam", "storage.buckets.getIamPolicy", nullptr},
    {kPut, "/b/{bucket}/iam", "storage.buckets.setIamPolicy", nullptr},
    {kGet, "/b/{bucket}/iam/testPermissions", "storage.buckets.testIamPermissions",
     &Adapter::TestBucketPermissions},
    {kPost, "/b/{bucket}/relocate", "storage.buckets.relocate", nullptr},
    {kGet, "/b/{bucket}/operations", "storage.buckets.operations.list", nullptr},
    {kGet, "/b/{bucket}/operations/{operation}", "storage.buckets.operations.get", nullptr},
    {kPost, "/b/{bucket}/operations/{operation}/cancel", "storage.buckets.operations.cancel",
     nullptr},
    {kPost, "/b/{bucket}/operations/{operation}/advanceRelocateBucket",
     "storage.buckets.operations.advanceRelocateBucket", nullptr},

    {kPost, "/b/{bucket}/o", "storage.objects.insert", &Adapter::RefuseMetadataPathInsert},
    {kGet, "/b/{bucket}/o", "storage.objects.list", &Adapter::ListObjects},
    {kGet, "/b/{bucket}/o/{object}", "storage.objects.get", &Adapter::GetObject},
    {kGet, "/b/{bucket}/o/{object=**}", "storage.objects.get", &Adapter::GetObject},
    {kPatch, "/b/{bucket}/o/{object}", "storage.objects.patch", &Adapter::PatchObject},
    {kPatch, "/b/{bucket}/o/{object=**}", "storage.objects.patch", &Adapter::PatchObject},
    {kPut, "/b/{bucket}/o/{object}", "storage.objects.update", nullptr},
    {kPut, "/b/{bucket}/o/{object=**}", "storage.objects.update", nullptr},
    {kDelete, "/b/{bucket}/o/{object}", "storage.objects.delete", &Adapter::DeleteObject},
    {kDelete, "/b/{bucket}/o/{object=**}", "storage.objects.delete", &Adapter::DeleteObject},
    {kPost, "/b/{bucket}/o/{object}/copyTo/b/{to}/o/{destination}", "storage.objects.copy",
     nullptr},
    {kPost, "/b/{bucket}/o/{object}/rewriteTo/b/{to}/o/{destination}", "storage.objects.rewrite",
     nullptr},
    {kPost, "/b/{bucket}/o/{object}/compose", "storage.objects.compose", nullptr},
    {kPost, "/b/{bucket}/o/{object}/moveTo/o/{destination}", "storage.objects.move", nullptr},
    {kPost, "/b/{bucket}/o/{object}/restore", "storage.objects.restore", nullptr},
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
    {kPost, "/projects/{project}/hmacKeys", "storage.projects.hmacKeys.create", nullptr},
    {kGet, "/projects/{project}/hmacKeys", "storage.projects.hmacKeys.list", nullptr},
    {kGet, "/projects/{project}/hmacKeys/{id}", "storage.projects.hmacKeys.get", nullptr},
    {kPut, "/projects/{project}/hmacKeys/{id}", "storage.projects.hmacKeys.update", nullptr},
    {kDelete, "/projects/{project}/hmacKeys/{id}", "storage.projects.hmacKeys.delete", nullptr},

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
    {kPost, "/b/{bucket}/o", "storage.objects.insert", &Adapter::PostUpload},
    {kPut, "/b/{bucket}/o", "storage.objects.insert", &Adapter::PutUpload},
    {kDelete, "/b/{bucket}/o", "storage.objects.insert", &Adapter::DeleteUpload},
};
constexpr Row kDownloadRows[] = {
    {kGet, "/b/{bucket}/o/{object}", "storage.objects.get", &Adapter::GetObject},
    {kGet, "/b/{bucket}/o/{object=**}", "storage.objects.get", &Adapter::GetObject},
};

class RouteTable {
 public:
  explicit RouteTable(std::shared_ptr<Adapter> adapter) : adapter_(std::move(adapter)) {}

  void Add(std::string_view prefix, const Row& row) {
    net::Route route{.method = row.method,
                     .pattern = std::string(prefix).append(row.path),
                     .name = std::string(row.name)};
    if (row.handler != nullptr) {
      route.handler = [adapter = adapter_, handler = row.handler](net::Request& request) {
        return adapter->Serve(handler, request);
      };
    }
    routes_.push_back(std::move(route));
  }
  void AddAcl(std::string_view prefix, const AclRow& acl) {
    const auto add = [&](net::Method method, std::string_view suffix, std::string_view name) {
      routes_.push_back({.method = method,
                         .pattern = std::string(prefix).append(acl.path).append(suffix),
                         .name = std::string(acl.family).append(name)});
    };
    add(kGet, "", ".list");
    add(kPost, "", ".insert");
    add(kGet, "/{entity}", ".get");
    add(kPut, "/{entity}", ".update");
    add(kPatch, "/{entity}", ".patch");
    add(kDelete, "/{entity}", ".delete");
  }
  std::vector<net::Route> Take() { return std::move(routes_); }

 private:
  std::shared_ptr<Adapter> adapter_;
  std::vector<net::Route> routes_;
};

}  // namespace

void Adapter::AddCommonHeaders(const net::Request& request, net::Response& response) {
  const std::string& trace = request.context.trace_id;
  response.headers.Set("X-GUploader-UploadID", trace.empty() ? RandomHex(random_, 16) : trace);
  if (const auto token = request.headers.Get("x-goog-gcs-idempotency-token")) {
    response.headers.Set("x-goog-gcs-idempotency-token", *token);
  }
}

Result<net::Response> Adapter::Serve(Handler handler, net::Request& request) {
  TRY(RefuseUnsupported(request));
  net::Response response = TRY((this->*handler)(request));
  AddCommonHeaders(request, response);
  return response;
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

Result<net::Response> Adapter::Answer(const net::Request& request, const Json& body) {
  const std::string_view fields = request.Query("fields").value_or("");
  if (fields.empty()) return JsonResponse(body);
  return JsonResponse(ApplyFieldMask(TRY(ParseFieldMask(fields)), body));
}

}  // namespace storage_json

net::Api MakeStorageJson(storage::Storage& storage, pubsub::PubSub& pubsub) {
  using namespace storage_json;  // NOLINT: the adapter's own names
  const auto adapter = std::make_shared<Adapter>(storage, pubsub);
  RouteTable table(adapter);
  for (const std::string_view prefix : {"/storage/v1", ""}) {
    for (const Row& row : kRows) table.Add(prefix, row);
    for (const AclRow& acl : kAcls) table.AddAcl(prefix, acl);
  }
  for (const std::string_view prefix : {"/upload/storage/v1", "/resumable/upload/storage/v1"}) {
    for (const Row& row : kUploadRows) table.Add(prefix, row);
  }
  for (const Row& row : kDownloadRows) table.Add("/download/storage/v1", row);
  return {.name = "storage",
          .routes = table.Take(),
          .render_error = [adapter](const net::Request& request, const Status& error) {
            return adapter->RenderError(request, error);
          }};
}

}  // namespace landfall::api
