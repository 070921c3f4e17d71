// Versions, holds, copies, policies and access lists as clients see them.
#include "api/storage_json_fixture.h"
#include "base/text.h"

namespace landfall::api {
namespace {

using ::testing::HasSubstr;

struct Features : TestApi {
  // A bucket named "b" with these members besides its name.
  std::string Make(const std::string& members, const std::string& query = "") {
    const Answer made = Post("/b?project=p" + query, R"({"name":"made",)" + members + "}");
    EXPECT_EQ(made.status, 200) << made.body;
    return made.body;
  }
  std::string PutIn(const std::string& name, std::string body) {
    const Answer made =
        Post("/upload/storage/v1/b/made/o?uploadType=media&name=" + name, std::move(body));
    EXPECT_EQ(made.status, 200) << made.body;
    return made.Text("generation");
  }
  std::vector<std::string> Names(const std::string& query) {
    std::vector<std::string> names;
    const JsonObject page = Get("/b/made/o?" + query).Object();
    if (const Json* items = Find(page, "items")) {
      for (const Json& item : items->get_array()) names.emplace_back(item.at("name").as_string());
    }
    return names;
  }
};

TEST(StorageJsonVersions, OverwrittenAndDeletedOnesBecomeNoncurrent) {
  Features t;
  t.Make(R"("versioning":{"enabled":true})");
  const std::string first = t.PutIn("a", "one"), second = t.PutIn("a", "two");
  EXPECT_EQ(t.Get("/b/made/o/a?generation=" + first + "&alt=media").body, "one");
  EXPECT_NE(t.Get("/b/made/o/a?generation=" + first).Text("timeDeleted"), "");
  EXPECT_EQ(t.Names(""), std::vector<std::string>({"a"}));
  EXPECT_EQ(t.Names("versions=true"), std::vector<std::string>({"a", "a"}));
  EXPECT_EQ(t.Delete("/b/made/o/a").status, 204);
  EXPECT_EQ(t.Get("/b/made/o/a").status, 404);
  EXPECT_EQ(t.Get("/b/made/o/a?generation=" + second + "&alt=media").body, "two");
  EXPECT_EQ(t.Delete("/b/made").Reason(), "conflict");
  EXPECT_EQ(t.Delete("/b/made/o/a?generation=" + second).status, 204);
  EXPECT_EQ(t.Delete("/b/made/o/a?generation=" + first).status, 204);
  EXPECT_EQ(t.Delete("/b/made").status, 204);
}

TEST(StorageJsonSoftDelete, KeptListedDescribedAndRestored) {
  Features t;
  t.Make(R"("softDeletePolicy":{"retentionDurationSeconds":604800})");
  const std::string generation = t.PutIn("a", "one");
  EXPECT_EQ(t.Post("/b/made/o/a/restore?generation=" + generation).Reason(),
            "objectNotSoftDeleted");
  EXPECT_EQ(t.Post("/b/made/o/a/restore?generation=" + generation).status, 412);
  EXPECT_EQ(t.Delete("/b/made/o/a").status, 204);
  const std::string at = "/b/made/o/a?generation=" + generation;
  EXPECT_EQ(t.Get(at).status, 404);
  EXPECT_NE(t.Get(at + "&softDeleted=true").Text("hardDeleteTime"), "");
  EXPECT_EQ(t.Get(at + "&softDeleted=true&alt=media").status, 400);
  EXPECT_EQ(t.Names("softDeleted=true"), std::vector<std::string>({"a"}));
  EXPECT_EQ(t.Names(""), std::vector<std::string>());
  const Answer restored = t.Post("/b/made/o/a/restore?generation=" + generation);
  ASSERT_EQ(restored.status, 200) << restored.body;
  EXPECT_NE(restored.Text("generation"), generation);
  EXPECT_EQ(t.Get("/b/made/o/a?alt=media").body, "one");
  t.store.clock.Advance(std::chrono::hours(24 * 8));
  ASSERT_TRUE(t.store.storage->Sweep(t.store.ctx).ok());
  EXPECT_EQ(t.Get(at + "&softDeleted=true").status, 404);
  EXPECT_EQ(t.Get("/b/made/o/a?alt=media").body, "one");
}

TEST(StorageJsonSoftDelete, BucketsComeBackToo) {
  Features t;
  t.Make(R"("softDeletePolicy":{"retentionDurationSeconds":604800})");
  const std::string generation = t.Get("/b/made").Text("generation");
  EXPECT_EQ(t.Delete("/b/made").status, 204);
  EXPECT_EQ(t.Get("/b/made").status, 404);
  EXPECT_EQ(t.Get("/b?project=p&softDeleted=true").Object().at("items").as_array().size(), 1u);
  EXPECT_EQ(t.Get("/b/made?softDeleted=true&generation=" + generation).status, 200);
  EXPECT_EQ(t.Post("/b/made/restore?generation=1").status, 404);
  EXPECT_EQ(t.Post("/b/made/restore?generation=" + generation).status, 200);
  EXPECT_EQ(t.Get("/b/made").status, 200);
}

TEST(StorageJsonHolds, KeepObjectsFromGoing) {
  Features t;
  t.Make(R"("defaultEventBasedHold":true)");
  t.PutIn("a", "x");
  EXPECT_EQ(t.Delete("/b/made/o/a").Reason(), "objectUnderActiveHold");
  EXPECT_EQ(t.Post("/upload/storage/v1/b/made/o?uploadType=media&name=a", "y").status, 403);
  EXPECT_EQ(t.Patch("/b/made/o/a", R"({"eventBasedHold":false,"temporaryHold":true})").status, 200);
  EXPECT_EQ(t.Delete("/b/made/o/a").Reason(), "objectUnderActiveHold");
  EXPECT_EQ(t.Patch("/b/made/o/a", R"({"temporaryHold":null})").status, 200);
  EXPECT_EQ(t.Delete("/b/made/o/a").status, 204);
}

TEST(StorageJsonRetention, BucketPolicyIsKeptLockedAndOutlived) {
  Features t;
  t.Make(R"("retentionPolicy":{"retentionPeriod":"100"})");
  t.PutIn("a", "x");
  EXPECT_NE(t.Get("/b/made/o/a").Text("retentionExpirationTime"), "");
  EXPECT_EQ(t.Delete("/b/made/o/a").Reason(), "retentionPolicyNotMet");
  EXPECT_EQ(t.Post("/b/made/lockRetentionPolicy").Reason(), "required");
  EXPECT_EQ(t.Post("/b/made/lockRetentionPolicy?ifMetagenerationMatch=7").status, 412);
  EXPECT_EQ(t.Post("/b/made/lockRetentionPolicy?ifMetagenerationMatch=1").status, 200);
  EXPECT_EQ(t.Patch("/b/made", R"({"retentionPolicy":null})").status, 403);
  EXPECT_EQ(t.Patch("/b/made", R"({"retentionPolicy":{"retentionPeriod":"99"}})").status, 403);
  EXPECT_EQ(t.Patch("/b/made", R"({"retentionPolicy":{"retentionPeriod":"101"}})").status, 200);
  EXPECT_EQ(t.Post("/b/bucket/lockRetentionPolicy?ifMetagenerationMatch=1").Reason(), "badRequest");
  t.store.clock.Advance(std::chrono::seconds(101));
  EXPECT_EQ(t.Delete("/b/made/o/a").status, 204);
}

TEST(StorageJsonRetention, ObjectsHaveTheirOwn) {
  Features t;
  t.Make(R"("labels":{})", "&enableObjectRetention=true");
  t.PutIn("a", "x");
  const std::string until = FormatRfc3339(t.store.clock.Now() + std::chrono::seconds(100));
  const std::string later = FormatRfc3339(t.store.clock.Now() + std::chrono::seconds(200));
  const auto set = [&](const std::string& mode, const std::string& time, const std::string& query) {
    return t.Patch("/b/made/o/a" + query,
                   R"({"retention":{"mode":")" + mode + R"(","retainUntilTime":")" + time + "\"}}");
  };
  EXPECT_EQ(t.Patch("/b/bucket/o/a", "{}").status, 404);
  ASSERT_EQ(set("Unlocked", later, "").status, 200);
  EXPECT_EQ(t.Delete("/b/made/o/a").Reason(), "retentionPolicyNotMet");
  EXPECT_EQ(set("Unlocked", until, "").Reason(), "forbidden");
  EXPECT_EQ(set("Unlocked", until, "?overrideUnlockedRetention=true").status, 200);
  EXPECT_EQ(set("Locked", until, "").status, 200);
  EXPECT_EQ(set("Unlocked", until, "?overrideUnlockedRetention=true").status, 403);
  EXPECT_EQ(set("Locked", later, "").status, 200);
  t.store.clock.Advance(std::chrono::seconds(201));
  EXPECT_EQ(t.Delete("/b/made/o/a").status, 204);
}

TEST(StorageJsonCopy, TakesContentAndUnlessToldOtherwiseMetadata) {
  Features t;
  t.Make(R"("storageClass":"NEARLINE")");
  t.PutMedia("a", std::string(100'000, 'x'), "", {{"Content-Type", "text/csv"}});
  const Answer copy = t.Post("/b/bucket/o/a/copyTo/b/made/o/d%2Fb");
  ASSERT_EQ(copy.status, 200) << copy.body;
  EXPECT_EQ(copy.Text("contentType"), "text/csv");
  EXPECT_EQ(copy.Text("storageClass"), "NEARLINE");
  const Answer own = t.Post("/b/bucket/o/a/copyTo/b/made/o/c", R"({"metadata":{"k":"v"}})");
  EXPECT_EQ(own.Text("contentType"), "");
  EXPECT_EQ(t.Delete("/b/bucket/o/a").status, 204);
  t.Restart();
  EXPECT_EQ(t.Get("/b/made/o/d%2Fb?alt=media").body, std::string(100'000, 'x'));
  EXPECT_EQ(t.Delete("/b/made/o/d%2Fb").status, 204);
  EXPECT_EQ(t.Get("/b/made/o/c?alt=media").body.size(), 100'000u);
  EXPECT_EQ(t.Delete("/b/made/o/c").status, 204);
  EXPECT_EQ(t.store.FileCount(), 0u);
}

TEST(StorageJsonCopy, PreconditionsOfBothEndsHold) {
  Features t;
  t.PutMedia("a", "x");
  const std::string path = "/b/bucket/o/a/copyTo/b/bucket/o/b?";
  EXPECT_EQ(t.Post(path + "ifSourceGenerationMatch=1").status, 412);
  EXPECT_EQ(t.Post(path + "ifGenerationMatch=1").status, 412);
  EXPECT_EQ(t.Post(path + "ifGenerationMatch=0&ifSourceMetagenerationMatch=1").status, 200);
  EXPECT_EQ(t.Post(path + "ifGenerationMatch=0").status, 412);
  EXPECT_EQ(t.Post(path + "sourceGeneration=1").status, 404);
}

TEST(StorageJsonRewrite, TokensGoOnAfterARestart) {
  Features t;
  t.PutMedia("a", std::string(3 << 20, 'x'));
  const std::string path = "/b/bucket/o/a/rewriteTo/b/bucket/o/b?maxBytesRewrittenPerCall=1048576";
  const Answer one = t.Post(path);
  ASSERT_EQ(one.status, 200) << one.body;
  EXPECT_EQ(one.Text("totalBytesRewritten"), "1048576");
  EXPECT_EQ(one.Text("objectSize"), "3145728");
  EXPECT_FALSE(one.Object().at("done").as_bool());
  t.Restart();
  const std::string token = "&rewriteToken=" + one.Text("rewriteToken");
  EXPECT_EQ(t.Post(path + token).Text("totalBytesRewritten"), "2097152");
  const Answer last = t.Post("/b/bucket/o/a/rewriteTo/b/bucket/o/b?" + token.substr(1));
  EXPECT_TRUE(last.Object().at("done").as_bool());
  EXPECT_FALSE(last.Object().contains("rewriteToken"));
  EXPECT_EQ(last.Object().at("resource").at("name").as_string(), "b");
  EXPECT_EQ(t.Post(path + token).status, 404);
  EXPECT_EQ(t.Post("/b/bucket/o/a/rewriteTo/b/bucket/o/b?maxBytesRewrittenPerCall=5").status, 400);
}

TEST(StorageJsonRewrite, ChangesTheStorageClassInPlace) {
  Features t;
  t.PutMedia("a", std::string(100'000, 'x'));
  const Answer done =
      t.Post("/b/bucket/o/a/rewriteTo/b/bucket/o/a", R"({"storageClass":"COLDLINE"})");
  EXPECT_EQ(done.Object().at("resource").at("storageClass").as_string(), "COLDLINE");
  EXPECT_EQ(t.Read("a").size(), 100'000u);
  EXPECT_EQ(t.store.FileCount(), 1u);
}

TEST(StorageJsonMove, IsOneStepWithinABucket) {
  Features t;
  t.PutMedia("a", "x");
  EXPECT_EQ(t.Post("/b/bucket/o/a/moveTo/o/b?ifGenerationMatch=0&ifGenerationNotMatch=1").status,
            400);
  EXPECT_EQ(t.Post("/b/bucket/o/a/moveTo/o/a").status, 400);
  EXPECT_EQ(t.Post("/b/bucket/o/a/moveTo/o/b").status, 200);
  EXPECT_EQ(t.Get("/b/bucket/o/a").status, 404);
  EXPECT_EQ(t.Read("b"), "x");
}

TEST(StorageJsonCompose, JoinsInOrderWithoutMd5) {
  Features t;
  t.PutMedia("a", "one ");
  t.PutMedia("b", "two");
  const std::string sources = R"("sourceObjects":[{"name":"a"},{"name":"b"},{"name":"a"}])";
  const Answer made = t.Post("/b/bucket/o/c/compose",
                             R"({"destination":{"contentType":"text/plain"},)" + sources + "}");
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(t.Read("c"), "one twoone ");
  EXPECT_EQ(made.Object().at("componentCount").as_int64(), 3);
  EXPECT_FALSE(made.Object().contains("md5Hash"));
  EXPECT_EQ(made.Text("contentType"), "text/plain");
  EXPECT_THAT(t.Get("/b/bucket/o/c?alt=media").Header("x-goog-hash"),
              ::testing::Not(HasSubstr("md5")));
  const Answer again =
      t.Post("/b/bucket/o/c/compose",
             R"({"sourceObjects":[{"name":"c"},{"name":"b"}],"deleteSourceObjects":true})");
  EXPECT_EQ(again.Object().at("componentCount").as_int64(), 4);
  EXPECT_EQ(t.Read("c"), "one twoone two");
  EXPECT_EQ(t.Get("/b/bucket/o/b").status, 404);
}

TEST(StorageJsonCompose, RefusesWhatTheSpecForbids) {
  Features t;
  t.PutMedia("a", "x");
  std::string many;
  for (int i = 0; i < 33; ++i) many += std::string(i > 0 ? "," : "") + R"({"name":"a"})";
  const struct {
    std::string sources, query;
    int status;
  } rows[] = {{"", "", 400},
              {"{}", "", 400},
              {many, "", 400},
              {R"({"name":"none"})", "", 404},
              {R"({"name":"a","generation":"1"})", "", 404},
              {R"({"name":"a","objectPreconditions":{"ifGenerationMatch":"1"}})", "", 412},
              {R"({"name":"a","etag":"1"})", "", 400},
              {R"({"name":"a"})", "?ifGenerationMatch=5", 412},
              {R"({"name":"a"})", "?ifGenerationMatch=0", 200}};
  for (const auto& row : rows) {
    const Answer answer =
        t.Post("/b/bucket/o/c/compose" + row.query, R"({"sourceObjects":[)" + row.sources + "]}");
    EXPECT_EQ(answer.status, row.status) << row.sources << answer.body;
  }
}

TEST(StorageJsonIam, PoliciesHaveEtags) {
  Features t;
  const Answer first = t.Get("/b/bucket/iam?optionsRequestedPolicyVersion=3");
  EXPECT_EQ(first.Text("kind"), "storage#policy");
  EXPECT_EQ(first.Text("etag"), "CAE=");
  const std::string bindings = R"("bindings":[{"role":"roles/viewer","members":["allUsers"]}])";
  EXPECT_EQ(t.Put("/b/bucket/iam", R"({"etag":"CAI=",)" + bindings + "}").status, 412);
  const Answer set = t.Put("/b/bucket/iam", R"({"etag":"CAE=",)" + bindings + "}");
  ASSERT_EQ(set.status, 200) << set.body;
  EXPECT_EQ(t.Get("/b/bucket/iam").body, set.body);
  EXPECT_EQ(set.Text("etag"), "CAI=");
  EXPECT_EQ(
      t.Patch("/b/bucket", R"({"iamConfiguration":{"publicAccessPrevention":"enforced"}})").status,
      200);
  const Answer refused = t.Put("/b/bucket/iam", "{" + bindings + "}");
  EXPECT_EQ(refused.Reason(), "orgPolicyConstraintFailed");
  EXPECT_EQ(refused.status, 412);
}

TEST(StorageJsonAcl, EntriesOfAllThreeCollections) {
  Features t;
  t.PutMedia("a", "x");
  for (const std::string path :
       {"/b/bucket/acl", "/b/bucket/defaultObjectAcl", "/b/bucket/o/a/acl"}) {
    EXPECT_EQ(t.Get(path).Object().at("items").as_array().size(), 3u) << path;
    EXPECT_EQ(t.Post(path, R"({"entity":"allUsers","role":"READER"})").Text("role"), "READER");
    EXPECT_EQ(t.Get(path + "/allUsers").Text("entity"), "allUsers");
    EXPECT_EQ(t.Put(path + "/allUsers", R"({"role":"OWNER"})").Text("role"), "OWNER");
    EXPECT_EQ(t.Patch(path + "/allUsers", R"({"role":"READER"})").Text("role"), "READER");
    EXPECT_EQ(t.Get(path).Object().at("items").as_array().size(), 4u);
    EXPECT_EQ(t.Delete(path + "/allUsers").status, 204);
    EXPECT_EQ(t.Get(path + "/allUsers").status, 404);
    EXPECT_EQ(t.Delete(path + "/allUsers").status, 404);
    EXPECT_EQ(t.Post(path, R"({"entity":"x","role":"READER"})").status, 400);
    EXPECT_EQ(t.Post(path, R"({"entity":"allUsers"})").Reason(), "required");
  }
  EXPECT_FALSE(t.Get("/b/bucket").Object().contains("acl"));
  EXPECT_TRUE(t.Get("/b/bucket?projection=full").Object().contains("defaultObjectAcl"));
  EXPECT_TRUE(t.Get("/b/bucket/o/a?projection=full").Object().contains("acl"));
  EXPECT_EQ(t.PutMedia("b", "x", "&predefinedAcl=publicRead&projection=full")
                .Object()
                .at("acl")
                .as_array()
                .size(),
            2u);
  t.Patch("/b/bucket", R"({"iamConfiguration":{"uniformBucketLevelAccess":{"enabled":true}}})");
  EXPECT_EQ(t.Get("/b/bucket/acl").Reason(), "badRequest");
  EXPECT_EQ(t.PutMedia("b", "x", "&predefinedAcl=publicRead").Reason(), "badRequest");
}

TEST(StorageJsonHmac, KeysLiveFromActiveToDeleted) {
  Features t;
  const std::string base = "/storage/v1/projects/p/hmacKeys";
  EXPECT_EQ(t.Post(base).Reason(), "required");
  const Answer made = t.Post(base + "?serviceAccountEmail=s@p");
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(made.Text("secret").size(), 40u);
  const std::string id(made.Object().at("metadata").at("accessId").as_string());
  EXPECT_EQ(id.size(), 61u);
  EXPECT_EQ(t.Get(base + "/" + id).Text("state"), "ACTIVE");
  EXPECT_EQ(t.Delete(base + "/" + id).status, 400);
  EXPECT_EQ(t.Put(base + "/" + id, R"({"state":"INACTIVE","etag":"x"})").status, 412);
  EXPECT_EQ(t.Put(base + "/" + id, R"({"state":"INACTIVE"})").Text("state"), "INACTIVE");
  EXPECT_EQ(t.Get(base).Object().at("items").as_array().size(), 1u);
  EXPECT_EQ(t.Delete(base + "/" + id).status, 204);
  EXPECT_FALSE(t.Get(base).Object().contains("items"));
  EXPECT_TRUE(t.Get(base + "?showDeletedKeys=true").Object().contains("items"));
}

TEST(StorageJsonUpdate, PutReturnsTheRestToDefaults) {
  Features t;
  t.Make(R"("labels":{"a":"1"},"versioning":{"enabled":true},"website":{"mainPageSuffix":"i"})");
  const Answer bucket = t.Put("/b/made", R"({"storageClass":"NEARLINE"})");
  ASSERT_EQ(bucket.status, 200) << bucket.body;
  for (const std::string field : {"labels", "versioning", "website"})
    EXPECT_FALSE(bucket.Object().contains(field)) << field;
  t.PutMedia("a", "x", "", {{"Content-Type", "text/csv"}});
  t.Patch("/b/bucket/o/a", R"({"metadata":{"k":"v"}})");
  const Answer object = t.Put("/b/bucket/o/a", R"({"cacheControl":"no-store"})");
  EXPECT_EQ(object.Text("contentType"), "");
  EXPECT_FALSE(object.Object().contains("metadata"));
  EXPECT_EQ(object.Text("metageneration"), "3");
}

TEST(StorageJsonParameters, UnknownOnesAreRefusedByName) {
  Features t;
  t.PutMedia("a", "x");
  const Answer answer = t.Get("/b/bucket/o/a?ifGenerationMach=1");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.Reason(), "invalidParameter");
  EXPECT_THAT(answer.body, HasSubstr("did you mean 'ifGenerationMatch'"));
  for (const std::string path :
       {"/b/bucket?prefix=a", "/b/bucket/o?max=1", "/b/bucket/o/a?version=1",
        "/b?project=p&labels=x", "/b/bucket/acl?role=x"})
    EXPECT_EQ(t.Get(path).Reason(), "invalidParameter") << path;
  EXPECT_EQ(t.Get("/b/bucket/o?versions=true&softDeleted=true").Reason(), "invalidParameter");
  EXPECT_EQ(t.Get("/b/bucket/o?softDeleted=true").status, 400);
  EXPECT_EQ(t.Get("/b/bucket/o?includeFoldersAsPrefixes=true").status, 400);
  EXPECT_EQ(t.Get("/b/bucket?projection=some").Reason(), "invalidParameter");
}

TEST(StorageJsonList, GlobsSelect) {
  Features t;
  t.Make(R"("labels":{})");
  for (const std::string name : {"a.txt", "b.csv", "d%2Fc.txt", "d%2Fe%2Ff.txt"})
    t.PutIn(name, "x");
  EXPECT_EQ(t.Names("matchGlob=*.txt"), std::vector<std::string>({"a.txt"}));
  EXPECT_EQ(t.Names("matchGlob=**.txt").size(), 3u);
  EXPECT_EQ(t.Names("matchGlob=d/*.txt&versions=true"), std::vector<std::string>({"d/c.txt"}));
  EXPECT_EQ(t.Get("/b/made/o?matchGlob=*&delimiter=x").Reason(), "invalidParameter");
  EXPECT_EQ(t.Get("/b/made/o?matchGlob=%5Ba").Reason(), "invalidParameter");
}

TEST(StorageJsonCors, AnswersPreflightsFromTheBucket) {
  Features t;
  t.Make(
      R"("cors":[{"origin":["http://a"],"method":["PUT"],"responseHeader":["x-h"],"maxAgeSeconds":9}])");
  const auto ask = [&](const std::string& origin, const std::string& method) {
    return t.Send(net::Method::kOptions, "/upload/storage/v1/b/made/o?uploadType=media", "",
                  {{"Origin", origin}, {"Access-Control-Request-Method", method}});
  };
  const Answer allowed = ask("http://a", "PUT");
  EXPECT_EQ(allowed.status, 200);
  EXPECT_EQ(allowed.Header("Access-Control-Allow-Origin"), "http://a");
  EXPECT_EQ(allowed.Header("Access-Control-Allow-Headers"), "x-h");
  EXPECT_EQ(allowed.Header("Access-Control-Max-Age"), "9");
  EXPECT_EQ(ask("http://b", "PUT").Header("Access-Control-Allow-Origin"), "");
  EXPECT_EQ(ask("http://a", "GET").Header("Access-Control-Allow-Origin"), "");
  EXPECT_EQ(t.Get("/b/made", {{"Origin", "http://a"}}).Header("Access-Control-Allow-Origin"), "");
}

TEST(StorageJsonLifecycle, RulesAreCheckedAndReturned) {
  Features t;
  const struct {
    std::string rule;
    int status;
  } rows[] = {
      {R"({"action":{"type":"Delete"},"condition":{"age":3,"isLive":true}})", 200},
      {R"({"action":{"type":"SetStorageClass","storageClass":"ARCHIVE"},"condition":{"createdBefore":"2020-01-31","matchesPrefix":["a"]}})",
       200},
      {R"({"action":{"type":"AbortIncompleteMultipartUpload"},"condition":{"age":1,"matchesPrefix":["a"]}})",
       200},
      {R"({"action":{"type":"Delete"},"condition":{}})", 400},
      {R"({"action":{"type":"Delete"},"condition":{"ages":3}})", 400},
      {R"({"action":{"type":"Delete"},"condition":{"age":-1}})", 400},
      {R"({"action":{"type":"Delete","storageClass":"ARCHIVE"},"condition":{"age":1}})", 400},
      {R"({"action":{"type":"SetStorageClass"},"condition":{"age":1}})", 400},
      {R"({"action":{"type":"SetStorageClass","storageClass":"WARM"},"condition":{"age":1}})", 400},
      {R"({"action":{"type":"Explode"},"condition":{"age":1}})", 400},
      {R"({"action":{"type":"Delete"},"condition":{"createdBefore":"yesterday"}})", 400},
      {R"({"action":{"type":"Delete"},"condition":{"matchesPattern":"x"}})", 501},
      {R"({"action":{"type":"AbortIncompleteMultipartUpload"},"condition":{"isLive":true}})", 400}};
  for (const auto& row : rows) {
    const std::string lifecycle = R"({"rule":[)" + row.rule + "]}";
    const Answer answer = t.Patch("/b/bucket", R"({"lifecycle":)" + lifecycle + "}");
    EXPECT_EQ(answer.status, row.status) << row.rule << answer.body;
    if (row.status == 200) {
      EXPECT_EQ(ToText(answer.Object().at("lifecycle")), lifecycle);
    }
  }
}

}  // namespace
}  // namespace landfall::api
