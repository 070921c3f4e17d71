#include "api/storage_json_fixture.h"
#include "api/storage_retry_tests.h"

namespace landfall::api {
namespace {

struct Testbench : TestApi {
  Testbench() : TestApi() {
    router = std::make_unique<net::Router>();
    const auto tests = MakeRetryTests();
    router->Add(MakeStorageJson(*store.storage, pubsub,
                                {.topics_need_not_exist = true, .retry_tests = tests}));
    const Signing signing =
        MakeSigning(store.root + "/keys", store.files, store.clock, store.random, *store.storage);
    for (net::Api& api :
         MakeStorageXml(*store.storage, signing.keys, store.clock, store.files,
                        {.parts_dir = store.root + "/parts", .retry_tests = tests})) {
      router->Add(std::move(api));
    }
  }
  std::string Start(const std::string& method, const std::string& instructions) {
    const Answer made =
        Post("/retry_test", R"({"instructions":{")" + method + R"(":[)" + instructions + "]}}");
    EXPECT_EQ(made.status, 200) << made.body;
    return made.Text("id");
  }
  bool Completed(const std::string& id) {
    return Get("/retry_test/" + id).Object().at("completed").as_bool();
  }
};

TEST(StorageRetryApi, IsShutOutsideTheTestbench) {
  TestApi t;
  EXPECT_EQ(t.Post("/retry_test", "{}").status, 404);
  EXPECT_EQ(t.Get("/b/bucket", {{"x-retry-test-id", "x"}}).status, 200);
}

TEST(StorageRetryApi, ConsumesOneInstructionPerRequestOfTheMethod) {
  Testbench t;
  const std::string id =
      t.Start("storage.buckets.get", R"("return-503","return-reset-connection")");
  const HeaderList named = {{"x-retry-test-id", id}};
  EXPECT_EQ(t.Get("/b?project=p", named).status, 200);
  EXPECT_EQ(t.Get("/b/bucket").status, 200);
  EXPECT_EQ(t.Get("/b/bucket", named).status, 503);
  EXPECT_FALSE(t.Completed(id));
  t.Get("/b/bucket", named);
  EXPECT_TRUE(t.Completed(id));
  EXPECT_EQ(t.Get("/b/bucket", named).status, 200);
  EXPECT_EQ(t.Get("/b/bucket", {{"x-retry-test-id", "none"}}).status, 404);
  EXPECT_EQ(t.Get("/retry_tests").Object().at("retry_test").as_array().size(), 1u);
  EXPECT_EQ(t.Delete("/retry_test/" + id).status, 200);
  EXPECT_EQ(t.Get("/retry_test/" + id).status, 404);
}

TEST(StorageRetryApi, XmlRequestsCountAsTheJsonMethods) {
  Testbench t;
  const std::string put =
      t.Start("storage.objects.insert", R"("return-503-after-256K","return-429")");
  const std::string body(300 * 1024, 'x');
  EXPECT_EQ(t.Put("/bucket/a", "small", {{"x-retry-test-id", put}}).status, 200);
  EXPECT_EQ(t.Put("/bucket/b", body, {{"x-retry-test-id", put}}).status, 503);
  EXPECT_EQ(t.Get("/bucket/b").status, 404);
  EXPECT_EQ(t.Put("/bucket/b", body, {{"x-retry-test-id", put}}).status, 429);
  EXPECT_EQ(t.Put("/bucket/b", body, {{"x-retry-test-id", put}}).status, 200);
  EXPECT_TRUE(t.Completed(put));
  const std::string get = t.Start("storage.objects.get", R"("return-503")");
  EXPECT_EQ(t.Get("/bucket/a", {{"x-retry-test-id", get}}).status, 503);
  EXPECT_EQ(t.Get("/bucket/a", {{"x-retry-test-id", get}}).status, 200);
  const std::string remove = t.Start("storage.objects.delete", R"("return-503")");
  EXPECT_EQ(t.Send(net::Method::kDelete, "/bucket/a", {}, {{"x-retry-test-id", remove}}).status,
            503);
  EXPECT_EQ(t.Send(net::Method::kDelete, "/bucket/a", {}, {{"x-retry-test-id", remove}}).status,
            204);
}

TEST(StorageRetryApi, RefusesWhatItDoesNotKnow) {
  Testbench t;
  for (const std::string body :
       {R"({})", R"({"instructions":{"storage.buckets.find":["return-503"]}})",
        R"({"instructions":{"storage.buckets.get":["return-now"]}})",
        R"({"instructions":{"storage.buckets.get":["return-999"]}})",
        R"({"instructions":{"storage.buckets.get":["return-503-after-1M"]}})",
        R"({"instructions":{"storage.buckets.get":["stall-for-after-1K"]}})",
        R"({"instructions":{},"transport":"PIGEON"})"}) {
    EXPECT_EQ(t.Post("/retry_test", body).status, 400) << body;
  }
  EXPECT_EQ(t.Get("/start_grpc?port=0").status, 501);
}

TEST(StorageRetryApi, InstructionsSayWhatHappens) {
  using storage_json::Fault;
  using storage_json::ParseFault;
  EXPECT_EQ(ParseFault("return-503-after-256K")->after_bytes, 256u * 1024);
  EXPECT_EQ(ParseFault("return-broken-stream")->after_bytes, 4u);
  EXPECT_EQ(ParseFault("return-broken-stream-after-2K")->after_bytes, 2048u);
  EXPECT_EQ(ParseFault("return-broken-stream-final-chunk-after-12B")->kind,
            Fault::Kind::kBrokenAnswer);
  EXPECT_EQ(ParseFault("stall-for-3s-after-1K")->stall_seconds, 3);
  EXPECT_EQ(ParseFault("return-unreachable-buckets-a,b")->buckets,
            std::vector<std::string>({"a", "b"}));
}

TEST(StorageRetryApi, UploadsFailAfterExactlyTheBytesToldAndGoOn) {
  Testbench t;
  const Answer started = t.Post("/upload/storage/v1/b/bucket/o?uploadType=resumable&name=a");
  const std::string url =
      started.Header("Location").substr(std::string("http://localhost:8080").size());
  const std::string id = t.Start("storage.objects.insert", R"("return-503-after-256K")");
  const std::string body(600 * 1024, 'x');
  EXPECT_EQ(t.Put(url, body, {{"x-retry-test-id", id}}).status, 503);
  EXPECT_TRUE(t.Completed(id));
  const Answer status = t.Put(url, "", {{"Content-Range", "bytes */*"}});
  EXPECT_EQ(status.Header("Range"), "bytes=0-262143");
  const Answer done =
      t.Put(url, body.substr(256 * 1024), {{"Content-Range", "bytes 262144-614399/614400"}});
  EXPECT_EQ(done.status, 200) << done.body;
  EXPECT_EQ(t.Read("a"), body);
}

TEST(StorageRetryApi, SingleShotsFailOnlyWhenTheyAreThatLong) {
  Testbench t;
  const std::string id = t.Start("storage.objects.insert", R"("return-503-after-2K")");
  EXPECT_EQ(t.PutMedia("a", "short", "", {{"x-retry-test-id", id}}).status, 200);
  EXPECT_FALSE(t.Completed(id));
  EXPECT_EQ(t.PutMedia("b", std::string(4096, 'x'), "", {{"x-retry-test-id", id}}).status, 503);
  EXPECT_TRUE(t.Completed(id));
  EXPECT_EQ(t.Get("/b/bucket/o/b").status, 404);
}

TEST(StorageRetryApi, UnreachableBucketsAreNamed) {
  Testbench t;
  const std::string id = t.Start("storage.buckets.list", R"("return-unreachable-buckets-x,y")");
  const HeaderList named = {{"x-retry-test-id", id}};
  EXPECT_FALSE(t.Get("/b?project=p", named).Object().contains("unreachable"));
  const Answer partial = t.Get("/b?project=p&returnPartialSuccess=true", named);
  EXPECT_EQ(ToText(partial.Object().at("unreachable")),
            R"(["projects/_/buckets/x","projects/_/buckets/y"])");
}

TEST(StorageRetryApi, HeadersInstructSingleRequests) {
  Testbench t;
  const std::string body(300 * 1024, 'x');
  const auto put = [&](const std::string& instruction) {
    return t.PutMedia("a", body, "", {{"x-goog-emulator-instructions", instruction}}).status;
  };
  EXPECT_EQ(put("return-503-after-256K"), 503);
  EXPECT_EQ(put("return-503-after-256K/retry-2"), 503);
  EXPECT_EQ(put("return-503-after-256K/retry-3"), 200);
  EXPECT_EQ(put("do-something"), 400);
  const Answer spoiled =
      t.Get("/b/bucket/o/a?alt=media", {{"x-goog-emulator-instructions", "return-corrupted-data"}});
  EXPECT_EQ(spoiled.body.size(), body.size());
  EXPECT_NE(spoiled.body, body);
}

TEST(StorageRetryApi, NotificationTopicsNeedNotExist) {
  Testbench t;
  EXPECT_EQ(t.Post("/b/bucket/notificationConfigs",
                   R"({"topic":"projects/p/topics/none","payload_format":"NONE"})")
                .status,
            200);
}

}  // namespace
}  // namespace landfall::api
