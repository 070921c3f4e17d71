// Every reason the storage API answers with, provoked once.
#include "api/storage_json_fixture.h"

namespace landfall::api {
namespace {

struct Row {
  std::string reason;
  int status;
  net::Method method;
  std::string target, body;
};

struct World : TestApi {
  World() {
    Post("/b?project=p",
         R"({"name":"soft","softDeletePolicy":{"retentionDurationSeconds":604800}})");
    Post("/b?project=p", R"({"name":"kept","retentionPolicy":{"retentionPeriod":"10"}})");
    Post("/b?project=p",
         R"({"name":"shut","iamConfiguration":{"publicAccessPrevention":"enforced"}})");
    Post("/b?project=p",
         R"({"name":"uniform","iamConfiguration":{"uniformBucketLevelAccess":{"enabled":true}}})");
    PutMedia("a", "x");
    PutMedia("held", "x");
    Patch("/b/bucket/o/held", R"({"temporaryHold":true})");
    Post("/upload/storage/v1/b/kept/o?uploadType=media&name=a", "x");
    soft = Post("/upload/storage/v1/b/soft/o?uploadType=media&name=a", "x").Text("generation");
    const Answer started = Post("/upload/storage/v1/b/bucket/o?uploadType=resumable&name=gone");
    gone = started.Header("Location").substr(std::string("http://localhost:8080").size());
    Delete(gone);
  }
  std::string soft, gone;
};

TEST(StorageJsonReasons, EachHasItsStatus) {
  World t;
  constexpr auto kGet = net::Method::kGet, kPost = net::Method::kPost, kPut = net::Method::kPut,
                 kPatch = net::Method::kPatch, kDelete = net::Method::kDelete;
  const std::string upload = "/upload/storage/v1/b/bucket/o?";
  const Row rows[] = {
      {"invalid", 400, kPost, "/b?project=p", R"({"name":"x"})"},
      {"invalid", 400, kPost, "/b/bucket/o/c/compose",
       R"({"sourceObjects":[)" +
           [] {
             std::string all = R"({"name":"a"})";
             for (int i = 0; i < 32; ++i) all += R"(,{"name":"a"})";
             return all;
           }() +
           "]}"},
      {"badRequest", 400, kPost, "/b/bucket/lockRetentionPolicy?ifMetagenerationMatch=1", ""},
      {"badRequest", 400, kGet, "/b/uniform/acl", ""},
      {"invalidArgument", 400, kPatch, "/b/bucket", R"({"storageClass":"WARM"})"},
      {"invalidArgument", 400, kPatch, "/b/bucket", R"({"nosuchfield":1})"},
      {"invalidParameter", 400, kGet, "/b/bucket/o/a?ifGenerationMatch=x", ""},
      {"invalidParameter", 400, kGet, "/b/bucket/o/a?nosuchparameter=x", ""},
      {"parseError", 400, kPatch, "/b/bucket", "{"},
      {"required", 400, kPost, "/b", R"({"name":"abc"})"},
      {"required", 400, kPost, "/b/bucket/lockRetentionPolicy", ""},
      {"required", 400, kPost, "/b/soft/o/a/restore", ""},
      {"required", 400, kPost, upload, "x"},
      {"invalidAltValue", 400, kGet, "/b/bucket/o/a?alt=xml", ""},
      {"notDownload", 400, kGet, "/b/bucket?alt=media", ""},
      {"wrongUrlForUpload", 400, kPost, "/b/bucket/o", "{}"},
      {"forbidden", 403, kPatch, "/b/kept", R"({"retentionPolicy":null})"},
      {"retentionPolicyNotMet", 403, kDelete, "/b/kept/o/a", ""},
      {"objectUnderActiveHold", 403, kDelete, "/b/bucket/o/held", ""},
      {"notFound", 404, kGet, "/b/nosuchbucket", ""},
      {"notFound", 404, kGet, "/b/bucket/o/nosuch", ""},
      {"notFound", 404, kPost, "/b/bucket/o/a/rewriteTo/b/bucket/o/b?rewriteToken=x", ""},
      {"notFound", 404, kPut, upload + "uploadType=resumable&upload_id=nosuch", ""},
      {"methodNotAllowed", 405, kPost, "/b/bucket/o/a", "{}"},
      {"conflict", 409, kPost, "/b?project=p", R"({"name":"bucket"})"},
      {"conflict", 409, kDelete, "/b/bucket", ""},
      {"gone", 410, kPut, t.gone, "x"},
      {"conditionNotMet", 412, kDelete, "/b/bucket/o/a?ifGenerationMatch=1", ""},
      {"objectNotSoftDeleted", 412, kPost, "/b/soft/o/a/restore?generation=" + t.soft, ""},
      {"orgPolicyConstraintFailed", 412, kPost, "/b/shut/acl",
       R"({"entity":"allUsers","role":"READER"})"},
      {"notImplemented", 501, kPost, "/b/bucket/o/bulkRestore", ""},
      {"notImplemented", 501, kGet, "/b/bucket/o?filter=x", ""},
      {"notImplemented", 501, kPatch, "/b/bucket", R"({"logging":{"logBucket":"x"}})"}};
  ASSERT_EQ(t.Post("/b/kept/lockRetentionPolicy?ifMetagenerationMatch=1").status, 200);
  for (const Row& row : rows) {
    const Answer answer = t.Send(row.method, row.target, row.body);
    EXPECT_EQ(answer.Reason(), row.reason) << row.target << " " << answer.body;
    EXPECT_EQ(answer.status, row.status) << row.target << " " << answer.body;
  }
  const Answer range = t.Get("/b/bucket/o/a?alt=media", {{"Range", "bytes=5-"}});
  EXPECT_EQ(range.status, 416);
  EXPECT_EQ(t.Get("/b/bucket/o/a?ifMetagenerationNotMatch=1").status, 304);
  const Answer restarted = t.Post("/upload/storage/v1/b/bucket/o?uploadType=resumable&name=c");
  const std::string url =
      restarted.Header("Location").substr(std::string("http://localhost:8080").size());
  EXPECT_EQ(t.Delete(url).status, 499);
}

}  // namespace
}  // namespace landfall::api
