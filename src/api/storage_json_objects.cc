#include "api/object_download.h"
#include "api/storage_json.h"
#include "api/storage_json_params.h"
#include "api/storage_json_resource.h"
#include "base/text.h"

namespace landfall::api::storage_json {
Result<net::Response> Adapter::GetObject(net::Request& request) {
  const bool soft_deleted = TRY(BoolQuery(request, "softDeleted"));
  if (WantsMedia(request)) {
    if (!soft_deleted) return Download(request);
    return InvalidArgument("a soft-deleted object cannot be downloaded; restore it first",
                           "invalidParameter", "softDeleted");
  }
  const std::string_view bucket = request.Param("bucket"), name = request.Param("object");
  const auto generation = TRY(GenerationOf(request));
  if (soft_deleted && !generation) TRY(RequiredQuery(request, "generation"));
  const storage::Object object =
      soft_deleted ? TRY(storage_.GetSoftDeleted(request.context, bucket, name, *generation))
                   : TRY(storage_.Get(request.context, bucket, name, generation,
                                      TRY(PreconditionOf(request))));
  net::Response response = TRY(AnswerObject(request, object));
  response.headers.Set("ETag", storage::EtagOf(object));
  return response;
}

Result<net::Response> Adapter::Download(net::Request& request) {
  storage::OpenObject open =
      TRY(storage_.Open(request.context, request.Param("bucket"), request.Param("object"),
                        TRY(GenerationOf(request)), TRY(PreconditionOf(request))));
  const DownloadStyle style{
      .etag = storage::EtagOf(open.object),
      .render_error = [&](const Status& error) { return RenderError(request, error); }};
  return DownloadObject(request, std::move(open), style);
}

Result<net::Response> Adapter::ListObjects(net::Request& request) {
  const storage::ObjectPage page =
      TRY(storage_.List(request.context, request.Param("bucket"), TRY(ListOptionsOf(request))));
  JsonObject body{{"kind", "storage#objects"}};
  if (!page.next_page_token.empty()) body["nextPageToken"] = page.next_page_token;
  if (!page.prefixes.empty())
    body["prefixes"] = JsonArray(page.prefixes.begin(), page.prefixes.end());
  JsonArray items;
  const std::string base_url = request.BaseUrl();
  std::optional<storage::Bucket> bucket;
  if (TRY(WantsFull(request)))
    bucket = TRY(storage_.GetBucket(request.context, request.Param("bucket")));
  for (const storage::Object& object : page.items) {
    JsonObject item = ObjectJson(object, base_url);
    if (bucket) AddObjectAcl(object, *bucket, item);
    items.push_back(std::move(item));
  }
  if (!items.empty()) body["items"] = std::move(items);
  return Answer(request, std::move(body));
}

Result<net::Response> Adapter::PatchObject(net::Request& request) {
  return ChangeObject(request, false);
}

Result<net::Response> Adapter::UpdateObject(net::Request& request) {
  return ChangeObject(request, true);
}

Result<net::Response> Adapter::ChangeObject(net::Request& request, bool replace) {
  const std::string_view bucket = request.Param("bucket"), name = request.Param("object");
  const auto generation = TRY(GenerationOf(request));
  const JsonObject body = TRY(ReadJsonBody(request));
  TRY(CheckAgrees(body, "bucket", bucket));
  TRY(CheckAgrees(body, "name", name));
  if (generation) TRY(CheckAgrees(body, "generation", std::to_string(*generation)));
  storage::ObjectPatch patch = TRY(ParseObjectPatch(body));
  patch.replace = replace;
  patch.override_unlocked_retention = TRY(BoolQuery(request, "overrideUnlockedRetention"));
  const std::string predefined = TextQuery(request, "predefinedAcl");
  if (!predefined.empty() || patch.edit_acl) {
    const storage::Bucket owner = TRY(storage_.GetBucket(request.context, bucket));
    TRY(CheckAclsInUse(owner));
    storage::Acl acl;
    if (patch.edit_acl) TRY(patch.edit_acl(acl));
    if (!predefined.empty()) acl = TRY(PredefinedObjectAcl(owner, predefined, "predefinedAcl"));
    TRY(CheckPublicAccess(owner, acl));
    patch.edit_acl = [acl](storage::Acl& now) -> Status {
      now = acl;
      return {};
    };
  }
  return AnswerObject(request, TRY(storage_.Patch(request.context, bucket, name, generation, patch,
                                                  TRY(PreconditionOf(request)))));
}

Result<net::Response> Adapter::DeleteObject(net::Request& request) {
  TRY(storage_.Delete(request.context, request.Param("bucket"), request.Param("object"),
                      TRY(GenerationOf(request)), TRY(PreconditionOf(request))));
  net::Response response;
  response.status = 204;
  return response;
}

Result<net::Response> Adapter::RefuseMetadataPathInsert(net::Request& request) {
  return InvalidArgument("Upload requests must be sent to /upload/storage/v1/b/" +
                             PercentEncode(request.Param("bucket")) + "/o",
                         "wrongUrlForUpload");
}

}  // namespace landfall::api::storage_json
