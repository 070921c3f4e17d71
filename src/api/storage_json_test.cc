#include "api/storage_json_fixture.h"
#include "base/hash.h"
#include "base/text.h"

namespace landfall::api {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(StorageJsonBuckets, InsertGetListPatchDelete) {
  TestApi t;
  const Answer made =
      t.Post("/storage/v1/b?project=p", R"({"name":"made","location":"eu","labels":{"a":"1"}})");
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(made.Text("kind"), "storage#bucket");
  EXPECT_EQ(made.Text("location"), "EU");
  EXPECT_EQ(made.Text("metageneration"), "1");
  EXPECT_EQ(made.Text("etag"), "CAE=");
  EXPECT_EQ(t.Get("/b/made").status, 200);
  EXPECT_EQ(t.Get("/storage/v1/b/?project=p").Object().at("items").as_array().size(), 2u);
  EXPECT_FALSE(t.Get("/storage/v1/b?project=other").Object().contains("items"));
  const Answer patched = t.Patch("/storage/v1/b/made", R"({"labels":{"a":null,"b":"2"}})");
  EXPECT_EQ(patched.Text("metageneration"), "2");
  EXPECT_EQ(ToText(patched.Object().at("labels")), R"({"b":"2"})");
  EXPECT_EQ(t.Delete("/storage/v1/b/made").status, 204);
  EXPECT_EQ(t.Get("/storage/v1/b/made").status, 404);
}

TEST(StorageJsonBuckets, RefuseByNameWhatIsNotSupported) {
  TestApi t;
  const struct {
    std::string field, value;
    int status;
  } rows[] = {{"versioning", R"({"enabled":true})", 200},
              {"versioning", R"({"enabled":false})", 200},
              {"versioning", R"({"on":true})", 400},
              {"lifecycle", R"({"rule":[]})", 200},
              {"retentionPolicy", R"({"retentionPeriod":"10"})", 200},
              {"softDeletePolicy", R"({"retentionDurationSeconds":"604800"})", 200},
              {"softDeletePolicy", R"({"retentionDurationSeconds":"60"})", 400},
              {"softDeletePolicy",
               R"({"retentionDurationSeconds":"0","effectiveTime":"2020-01-01T00:00:00Z"})", 200},
              {"encryption", R"({"defaultKmsKeyName":"k"})", 501},
              {"logging", R"({"logBucket":"k"})", 501},
              {"autoclass", R"({"enabled":true})", 501},
              {"autoclass", R"({"enabled":false})", 200},
              {"rpo", R"("ASYNC_TURBO")", 501},
              {"rpo", R"("DEFAULT")", 200},
              {"hierarchicalNamespace", R"({"enabled":true})", 501},
              {"ipFilter", R"({"mode":"Enabled"})", 501},
              {"cors", R"([{"origin":["*"]}])", 200},
              {"cors", R"([{"origins":["*"]}])", 400},
              {"cors", R"({"origin":["*"]})", 400},
              {"website", R"({"mainPageSuffix":"i"})", 200},
              {"billing", R"({"requesterPays":true})", 200},
              {"defaultEventBasedHold", "true", 200},
              {"objectRetention", R"({"mode":"Enabled"})", 400},
              {"iamConfiguration", R"({"publicAccessPrevention":"enforced"})", 200},
              {"iamConfiguration", R"({"publicAccessPrevention":"maybe"})", 400},
              {"iamConfiguration", R"({"uniformBucketLevelAccess":{"enabled":true}})", 200},
              {"acl", R"([{"entity":"allUsers","role":"READER"}])", 200},
              {"acl", R"([{"entity":"nobody","role":"READER"}])", 400},
              {"nosuchfield", "1", 400}};
  int n = 0;
  for (const auto& row : rows) {
    const std::string name = "try" + std::to_string(n++);
    const std::string body =
        R"({"name":")" + name + R"(",")" + row.field + R"(":)" + row.value + "}";
    const Answer answer = t.Post("/storage/v1/b?project=p", body);
    EXPECT_EQ(answer.status, row.status) << body << answer.body;
    if (row.status == 501) {
      EXPECT_THAT(answer.body, HasSubstr(row.field));
    }
    EXPECT_EQ(t.Get("/b/" + name).status, row.status == 200 ? 200 : 404);
  }
}

TEST(StorageJsonBuckets, SentBackUnchangedIsAccepted) {
  TestApi t;
  const std::string resource = t.Get("/b/bucket").body;
  EXPECT_EQ(t.Patch("/b/bucket", resource).status, 200) << t.Patch("/b/bucket", resource).body;
  EXPECT_EQ(t.Patch("/b/bucket", R"({"location":"EU"})").status, 400);
}

TEST(StorageJsonBuckets, MissingProjectOrNameIsRequired) {
  TestApi t;
  EXPECT_EQ(t.Post("/b", R"({"name":"abc"})").Reason(), "required");
  EXPECT_EQ(t.Post("/b?project=p", "{}").Reason(), "required");
  EXPECT_EQ(t.Get("/b").Reason(), "required");
  EXPECT_EQ(t.Post("/b?project=p", "{").Reason(), "parseError");
}

TEST(StorageJsonBuckets, AnswersWhatGcloudAsksBeforeCreatingNotifications) {
  TestApi t;
  EXPECT_THAT(t.Get("/storage/v1/projects/p/serviceAccount").Text("email_address"),
              HasSubstr("@gs-project-accounts."));
  EXPECT_EQ(t.Get("/storage/v1/b/bucket/storageLayout").Text("locationType"), "multi-region");
  const Answer permissions = t.Get(
      "/storage/v1/b/bucket/iam/testPermissions?permissions=storage.objects.get&permissions=x");
  EXPECT_EQ(ToText(permissions.Object().at("permissions")), R"(["storage.objects.get","x"])");
}

TEST(StorageJsonCoverage, EveryMethodOfTheApiIsDoneOrAnswers501NamingIt) {
  TestApi t;
  for (const auto& route : t.router->Routes()) {
    if (route.implemented) continue;
    std::string path = route.pattern;
    while (path.find('{') != std::string::npos) {
      path.replace(path.find('{'), path.find('}') - path.find('{') + 1, "x");
    }
    net::Method method = net::Method::kGet;
    for (const net::Method m :
         {net::Method::kPost, net::Method::kPut, net::Method::kPatch, net::Method::kDelete}) {
      if (net::MethodName(m) == route.method) method = m;
    }
    const Answer answer = t.Send(method, path);
    EXPECT_EQ(answer.status, 501) << route.method << " " << path;
    EXPECT_EQ(answer.Reason(), "notImplemented");
    EXPECT_THAT(answer.body, HasSubstr(route.name));
  }
}

TEST(StorageJsonObjects, MediaUploadAnswersTheResource) {
  TestApi t;
  const Answer made = t.PutMedia("dir%2Fa.txt", "hello", "", {{"Content-Type", "text/plain"}});
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(made.Text("kind"), "storage#object");
  EXPECT_EQ(made.Text("name"), "dir/a.txt");
  EXPECT_EQ(made.Text("bucket"), "bucket");
  EXPECT_EQ(made.Text("size"), "5");
  EXPECT_EQ(made.Text("contentType"), "text/plain");
  EXPECT_EQ(made.Text("md5Hash"), "XUFAKrxLKna5cZ2REBfFkg==");
  EXPECT_EQ(made.Text("crc32c"), "mnG7TA==");
  EXPECT_EQ(made.Text("id"), "bucket/dir/a.txt/" + made.Text("generation"));
  EXPECT_EQ(made.Text("selfLink"), "https://www.googleapis.com/storage/v1/b/bucket/o/dir%2Fa.txt");
  EXPECT_EQ(made.Text("mediaLink"),
            "http://localhost:8080/download/storage/v1/b/bucket/o/dir%2Fa.txt?generation=" +
                made.Text("generation") + "&alt=media");
  EXPECT_NE(made.Header("X-GUploader-UploadID"), "");
  EXPECT_EQ(t.Get("/storage/v1/b/bucket/o/dir%2Fa.txt").body, made.body);
}

TEST(StorageJsonObjects, EtagIsGenerationAndMetagenerationAsProtobuf) {
  storage::Object object;
  object.generation = 1587627537231057;
  object.metageneration = 1;
  EXPECT_EQ(storage::EtagOf(object), "CNHZkbuF/ugCEAE=");
}

TEST(StorageJsonObjects, NamesAreDataInEveryPathForm) {
  TestApi t;
  for (const std::string name :
       {"a/b", "a//b", "../x", "a/../b", "x/acl", "a:b", "a+b", "a b", "%", "a?b#c", "o/"}) {
    const std::string encoded = PercentEncode(name);
    ASSERT_EQ(t.PutMedia(encoded, name).status, 200) << name;
    EXPECT_EQ(t.Get("/b/bucket/o/" + encoded).Text("name"), name);
    EXPECT_EQ(t.Read(encoded), name);
  }
  EXPECT_EQ(t.Get("/storage/v1/b/bucket/o/a/b").Text("name"), "a/b");
  EXPECT_EQ(t.Get("/storage/v1/b/bucket/o/a//b?alt=media").body, "a//b");
  EXPECT_EQ(t.Get("/download/storage/v1/b/bucket/o/a/../b").body, "a/../b");
}

TEST(StorageJsonObjects, BadNamesAre400) {
  TestApi t;
  for (const std::string encoded : {"%2E", "..", "a%0Ab", "a%0Db", "a%00b", "%FF"}) {
    EXPECT_EQ(t.PutMedia(encoded, "x").status, 400) << encoded;
  }
  EXPECT_EQ(t.PutMedia(std::string(1025, 'a'), "x").status, 400);
  EXPECT_EQ(t.PutMedia("", "x").Reason(), "required");
}

TEST(StorageJsonObjects, PatchMergesAndChecksTheUrl) {
  TestApi t;
  t.PutMedia("a", "x");
  const Answer patched = t.Patch(
      "/b/bucket/o/a", R"({"metadata":{"k":"v"},"contentType":"text/csv","etag":"ignored"})");
  ASSERT_EQ(patched.status, 200) << patched.body;
  EXPECT_EQ(patched.Text("metageneration"), "2");
  EXPECT_EQ(patched.Text("contentType"), "text/csv");
  EXPECT_EQ(ToText(patched.Object().at("metadata")), R"({"k":"v"})");
  EXPECT_EQ(t.Patch("/b/bucket/o/a", R"({"metadata":null})").Object().contains("metadata"), false);
  EXPECT_EQ(t.Patch("/b/bucket/o/a", R"({"name":"other"})").status, 400);
  EXPECT_EQ(t.Patch("/b/bucket/o/a", R"({"contexts":{"custom":{"a":{"value":"b"}}}})").status, 501);
  EXPECT_EQ(t.Patch("/b/bucket/o/a", R"({"temporaryHold":false})").status, 200);
  EXPECT_EQ(t.Patch("/b/bucket/o/a", R"({"metadata":{"k":1}})").status, 400);
  EXPECT_EQ(t.Post("/b/bucket/o/a", R"({"cacheControl":"no-store"})",
                   {{"X-HTTP-Method-Override", "PATCH"}})
                .Text("cacheControl"),
            "no-store");
  EXPECT_EQ(t.Post("/b/bucket/o/a", "{}").status, 405);
}

TEST(StorageJsonObjects, ErrorsOfDownloadsArePlainText) {
  TestApi t;
  const Answer json = t.Get("/b/bucket/o/a");
  EXPECT_EQ(json.status, 404);
  EXPECT_EQ(json.Reason(), "notFound");
  EXPECT_NE(json.Header("X-GUploader-UploadID"), "");
  for (const std::string target :
       {"/b/bucket/o/a?alt=media", "/download/storage/v1/b/bucket/o/a"}) {
    const Answer media = t.Get(target);
    EXPECT_EQ(media.status, 404);
    EXPECT_EQ(media.body, "No such object: bucket/a");
    EXPECT_EQ(media.Header("Content-Type"), "text/html; charset=UTF-8");
  }
}

TEST(StorageJsonObjects, UnsupportedParametersAndHeadersAreRefusedByName) {
  TestApi t;
  t.PutMedia("a", "x");
  EXPECT_EQ(t.Get("/b/bucket/o?filter=x").status, 501);
  EXPECT_THAT(t.Get("/b/bucket/o?filter=x").body, HasSubstr("filter"));
  EXPECT_EQ(
      t.Get("/b/bucket/"
            "o?versions=false&projection=full&key=k&quotaUser=q&userProject=u&prettyPrint=false")
          .status,
      200);
  EXPECT_EQ(t.PutMedia("b", "x", "&kmsKeyName=k").status, 501);
  EXPECT_EQ(t.PutMedia("b", "x", "", {{"X-Goog-Encryption-Algorithm", "AES256"}}).status, 501);
  EXPECT_EQ(t.Get("/b/bucket/o/a?alt=xml").Reason(), "invalidAltValue");
  EXPECT_EQ(t.Get("/b/bucket?alt=media").Reason(), "notDownload");
}

TEST(StorageJsonObjects, FieldsSelectsPartsOfTheAnswer) {
  TestApi t;
  t.PutMedia("a", "x");
  EXPECT_EQ(t.Get("/b/bucket/o/a?fields=name,size").body, R"({"name":"a","size":"1"})");
  EXPECT_EQ(t.Get("/b/bucket/o?fields=items(name),nextPageToken").body,
            R"({"items":[{"name":"a"}]})");
  EXPECT_EQ(t.Get("/b/bucket/o?fields=items/size").body, R"({"items":[{"size":"1"}]})");
  EXPECT_EQ(t.Get("/b/bucket/o?fields=items(").Reason(), "invalidParameter");
}

TEST(StorageJsonPreconditions, DecideEveryMethod) {
  TestApi t;
  t.PutMedia("a", "x");
  const std::string g = t.Get("/b/bucket/o/a").Text("generation");
  const struct {
    std::string query;
    int read, write;
  } rows[] = {{"ifGenerationMatch=" + g, 200, 200},
              {"ifGenerationMatch=1", 412, 412},
              {"ifGenerationMatch=0", 412, 412},
              {"ifGenerationMatch=", 200, 200},
              {"ifGenerationMatch=x", 400, 400},
              {"ifGenerationNotMatch=" + g, 304, 412},
              {"ifGenerationNotMatch=1", 200, 200},
              {"ifGenerationNotMatch=0", 200, 200},
              {"ifMetagenerationMatch=1", 200, 200},
              {"ifMetagenerationMatch=2", 412, 412},
              {"ifMetagenerationNotMatch=1", 304, 412},
              {"ifMetagenerationNotMatch=2", 200, 200},
              {"ifGenerationMatch=" + g + "&ifMetagenerationMatch=2", 412, 412}};
  for (const auto& row : rows) {
    SCOPED_TRACE(row.query);
    EXPECT_EQ(t.Get("/b/bucket/o/a?" + row.query).status, row.read);
    EXPECT_EQ(t.Get("/b/bucket/o/a?alt=media&" + row.query).status, row.read);
    // Each write starts from the same object again.
    for (const std::string method : {"insert", "patch", "delete"}) {
      TestApi w;
      w.PutMedia("a", "x");
      const std::string live = w.Get("/b/bucket/o/a").Text("generation");
      std::string query = row.query;
      if (const std::size_t at = query.find(g); at != std::string::npos)
        query.replace(at, g.size(), live);
      const int status = method == "insert"  ? w.PutMedia("a", "y", "&" + query).status
                         : method == "patch" ? w.Patch("/b/bucket/o/a?" + query, "{}").status
                                             : w.Delete("/b/bucket/o/a?" + query).status;
      EXPECT_EQ(status, row.write == 200 && method == "delete" ? 204 : row.write) << method;
      if (row.write != 200) {
        EXPECT_EQ(w.Read("a"), "x");
      }
    }
  }
}

TEST(StorageJsonPreconditions, OnAMissingObject) {
  TestApi t;
  EXPECT_EQ(t.Get("/b/bucket/o/no?ifGenerationMatch=5").status, 404);
  EXPECT_EQ(t.Delete("/b/bucket/o/no?ifGenerationMatch=5").status, 404);
  EXPECT_EQ(t.PutMedia("no", "x", "&ifGenerationMatch=5").status, 412);
  EXPECT_EQ(t.PutMedia("no", "x", "&ifGenerationNotMatch=0").status, 412);
  EXPECT_EQ(t.PutMedia("no", "x", "&ifGenerationNotMatch=5").status, 412);
  EXPECT_EQ(t.PutMedia("no", "x", "&ifMetagenerationMatch=1").status, 412);
  const Answer made = t.PutMedia("no", "x", "&ifGenerationMatch=0");
  EXPECT_EQ(made.status, 200);
  const Answer again = t.PutMedia("no", "x", "&ifGenerationMatch=0");
  EXPECT_EQ(again.status, 412);
  EXPECT_EQ(again.Reason(), "conditionNotMet");
}

TEST(StorageJsonPreconditions, EtagHeadersCompare) {
  TestApi t;
  t.PutMedia("a", "x");
  const std::string etag = t.Get("/b/bucket/o/a").Text("etag");
  EXPECT_EQ(t.Get("/b/bucket/o/a", {{"If-None-Match", etag}}).status, 304);
  EXPECT_EQ(t.Get("/b/bucket/o/a", {{"If-None-Match", "\"" + etag + "\", other"}}).status, 304);
  EXPECT_EQ(t.Get("/b/bucket/o/a", {{"If-None-Match", "other"}}).status, 200);
  EXPECT_EQ(t.Get("/b/bucket/o/a", {{"If-Match", "other"}}).status, 412);
  EXPECT_EQ(t.Get("/b/bucket/o/a", {{"If-Match", etag}}).status, 200);
  EXPECT_EQ(t.Patch("/b/bucket/o/a", "{}", {{"If-Match", etag}}).status, 200);
  EXPECT_EQ(t.Patch("/b/bucket/o/a", "{}", {{"If-Match", etag}}).status, 412);
  EXPECT_EQ(t.Get("/b/bucket", {{"If-None-Match", "CAE="}}).status, 304);
  EXPECT_EQ(t.Get("/b/bucket?ifMetagenerationMatch=2").status, 412);
}

TEST(StorageJsonChecksums, HeaderAndMetadataAreChecked) {
  TestApi t;
  const std::string crc = Crc32cBase64(Crc32c(0, "body"));
  EXPECT_EQ(t.PutMedia("a", "body", "",
                       {{"x-goog-hash", "crc32c=" + crc + ",md5=hBp2VMdLPJTVbq4FfcjqDw=="}})
                .status,
            400);
  const Answer bad = t.PutMedia("a", "body", "", {{"x-goog-hash", "crc32c=AAAAAA=="}});
  EXPECT_EQ(bad.status, 400);
  EXPECT_EQ(bad.Reason(), "invalid");
  EXPECT_THAT(bad.body, HasSubstr("AAAAAA=="));
  EXPECT_THAT(bad.body, HasSubstr(crc));
  EXPECT_EQ(t.Get("/b/bucket/o/a").status, 404);
  EXPECT_EQ(t.PutMedia("a", "body", "",
                       {{"x-goog-hash", "crc32c=" + crc},
                        {"x-goog-hash", "md5=hBotaJrYa9FhFEdFPCLG/A=="}})
                .status,
            200);
  EXPECT_EQ(t.PutMedia("a", "body", "", {{"x-goog-hash", "sha1=x"}}).status, 400);
}

TEST(StorageJsonNotifications, RoundTripBothSpellings) {
  TestApi t;
  t.pubsub.topics.insert("projects/p/topics/t");
  const std::string path = "/storage/v1/b/bucket/notificationConfigs";
  const Answer made = t.Post(
      path,
      R"({"topic":"//pubsub.googleapis.com/projects/p/topics/t","payload_format":"JSON_API_V1",)"
      R"("event_types":["OBJECT_FINALIZE"],"object_name_prefix":"in/",)"
      R"("custom_attributes":{"k":"v"}})");
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(made.Text("kind"), "storage#notification");
  EXPECT_EQ(made.Text("topic"), "//pubsub.googleapis.com/projects/p/topics/t");
  EXPECT_EQ(made.Text("object_name_prefix"), "in/");
  EXPECT_EQ(t.Get(path + "/" + made.Text("id")).body, made.body);
  const Answer camel =
      t.Post(path, R"({"topic":"projects/p/topics/t","payloadFormat":"NONE",)"
                   R"("eventTypes":["OBJECT_DELETE"],"customAttributes":{"k":"v"}})");
  ASSERT_EQ(camel.status, 200) << camel.body;
  EXPECT_EQ(camel.Text("payload_format"), "NONE");
  EXPECT_NE(camel.Text("id"), made.Text("id"));
  EXPECT_EQ(t.Get(path).Object().at("items").as_array().size(), 2u);
  EXPECT_EQ(t.Get("/b/bucket").Text("metageneration"), "3");
  EXPECT_EQ(t.Delete(path + "/" + made.Text("id")).status, 204);
  EXPECT_EQ(t.Get(path + "/" + made.Text("id")).status, 404);
  EXPECT_EQ(t.Get("/b/bucket").Text("metageneration"), "4");
}

TEST(StorageJsonNotifications, RefusesBadConfigurations) {
  TestApi t;
  t.pubsub.topics.insert("projects/p/topics/t");
  const std::string topic = R"("topic":"//pubsub.googleapis.com/projects/p/topics/t")";
  for (
      const std::string& body :
      {std::string(
           R"({"topic":"//pubsub.googleapis.com/projects/p/topics/none","payload_format":"NONE"})"),
       std::string(R"({"payload_format":"NONE"})"), "{" + topic + "}",
       "{" + topic + R"(,"payload_format":"XML"})",
       "{" + topic + R"(,"payload_format":"NONE","event_types":["X"]})",
       "{" + topic + R"(,"payload_format":"NONE","nosuch":1})",
       std::string(R"({"topic":"t","payload_format":"NONE"})")}) {
    EXPECT_EQ(t.Post("/b/bucket/notificationConfigs", body).status, 400) << body;
  }
  EXPECT_EQ(t.Post("/b/nobucket/notificationConfigs", "{" + topic + R"(,"payload_format":"NONE"})")
                .status,
            404);
}

TEST(StorageJsonNotifications, TenPerEventTypeAreTheLimit) {
  TestApi t;
  t.pubsub.topics.insert("projects/p/topics/t");
  const std::string body = R"({"topic":"projects/p/topics/t","payload_format":"NONE",)"
                           R"("event_types":["OBJECT_FINALIZE"]})";
  for (int i = 0; i < 10; ++i) ASSERT_EQ(t.Post("/b/bucket/notificationConfigs", body).status, 200);
  EXPECT_EQ(t.Post("/b/bucket/notificationConfigs", body).status, 400);
}

}  // namespace
}  // namespace landfall::api
