#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "net/net.h"

namespace landfall::net {
namespace {

using ::testing::HasSubstr;

// Answers with the route's name and what it captured: "get x=a y=b".
Handler Echo() {
  return [](Request& request) -> Result<Response> {
    std::string text(request.route_name);
    for (const auto& [name, value] : request.params) text += " " + name + "=" + value;
    Response response;
    response.body = text;
    return response;
  };
}

Response Shaped(std::string_view api, const Status& status) {
  Response response;
  response.status = HttpStatusOf(status.code());
  response.body = std::string(api) + ": " + status.message();
  return response;
}

Api MakeApi(const std::string& name, std::vector<Route> routes) {
  return {name, std::move(routes),
          [name](const Request&, const Status& status) { return Shaped(name, status); }};
}

std::string Text(const Response& response) { return std::get<std::string>(response.body); }

Response Send(const Router& router, Method method, std::string_view target) {
  Request request;
  request.method = method;
  request.target = target;
  return router.Dispatch(request);
}

std::unique_ptr<Router> GoogleRouter() {
  auto router = std::make_unique<Router>();
  router->Add(MakeApi(
      "storage", {{Method::kGet, "/storage/v1/b/{bucket}", "buckets.get", Echo()},
                  {Method::kGet, "/storage/v1/b/{bucket}/o", "objects.list", Echo()},
                  {Method::kGet, "/storage/v1/b/{bucket}/o/{object}", "objects.get", Echo()},
                  {Method::kDelete, "/storage/v1/b/{bucket}/o/{object}", "objects.delete", Echo()},
                  {Method::kPost, "/storage/v1/b/{bucket}/o/{object}/compose",
                   "storage.objects.compose", nullptr},
                  {Method::kGet, "/storage/v1/b/special", "buckets.special", Echo()},
                  {Method::kGet, "/download/{bucket}/{object=**}", "media.get", Echo()}}));
  router->Add(
      MakeApi("pubsub",
              {{Method::kGet, "/v1/projects/{p}/topics/{topic}", "topics.get", Echo()},
               {Method::kPut, "/v1/projects/{p}/topics/{topic}", "topics.create", Echo()},
               {Method::kPost, "/v1/projects/{p}/topics/{topic}:publish", "topics.publish", Echo()},
               {Method::kGet, "/v1/{resource=**}:getIamPolicy", "iam.get", Echo()},
               {Method::kPost, "/landfall/v1/ingest:notify", "ingest.notify", Echo()},
               {Method::kGet, "/", "root", Echo()}}));
  return router;
}

struct MatchCase {
  Method method;
  const char* target;
  const char* expected;
};

TEST(RouterMatch, FollowsTheTable) {
  const auto router = GoogleRouter();
  const MatchCase cases[] = {
      {Method::kGet, "/storage/v1/b/one", "buckets.get bucket=one"},
      {Method::kGet, "/storage/v1/b/one/", "buckets.get bucket=one"},
      {Method::kGet, "/storage/v1/b/special", "buckets.special"},
      {Method::kGet, "/storage/v1/b/special/o", "objects.list bucket=special"},
      {Method::kGet, "/storage/v1/b/b/o?prefix=a/b", "objects.list bucket=b"},
      {Method::kGet, "/storage/v1/b/b/o/a%2Fb%20c", "objects.get bucket=b object=a/b c"},
      {Method::kGet, "/storage/v1/b/b/o/a:publish", "objects.get bucket=b object=a:publish"},
      {Method::kGet, "/storage/v1/b/b/o/%2e%2e", "objects.get bucket=b object=.."},
      {Method::kHead, "/storage/v1/b/b/o/x", "objects.get bucket=b object=x"},
      {Method::kGet, "/download/b/a//b/", "media.get bucket=b object=a//b/"},
      {Method::kGet, "/download/b//lead", "media.get bucket=b object=/lead"},
      {Method::kGet, "/download/b/..", "media.get bucket=b object=.."},
      {Method::kGet, "/v1/projects/p/topics/t", "topics.get p=p topic=t"},
      {Method::kPost, "/v1/projects/p/topics/t:publish", "topics.publish p=p topic=t"},
      {Method::kPost, "/v1/projects/p/topics/a:b:publish", "topics.publish p=p topic=a:b"},
      {Method::kGet, "/v1/projects/p/topics/t:getIamPolicy", "topics.get p=p topic=t:getIamPolicy"},
      {Method::kGet, "/v1/projects/p/snapshots/s:getIamPolicy",
       "iam.get resource=projects/p/snapshots/s"},
      {Method::kPut, "/v1/projects/p/topics/t%3Apublish", "topics.create p=p topic=t:publish"},
      {Method::kPost, "/landfall/v1/ingest:notify", "ingest.notify"},
      {Method::kGet, "/", "root"},
  };
  for (const MatchCase& c : cases) {
    const Response response = Send(*router, c.method, c.target);
    EXPECT_EQ(response.status, 200) << c.target;
    EXPECT_EQ(Text(response), c.expected) << c.target;
  }
}

TEST(RouterMatch, RefusesInTheShapeOfTheNearestApi) {
  const auto router = GoogleRouter();
  struct {
    Method method;
    const char* target;
    int status;
    const char* part;
  } cases[] = {
      {Method::kGet, "/nowhere", 404, "\"code\":404"},
      {Method::kGet, "/storage/v2/b/one", 404, "storage: no method at GET /storage/v2/b/one"},
      {Method::kGet, "/v1/projects/p/nothing", 404, "pubsub: "},
      {Method::kGet, "/storage/v1/b//o/x", 404, "storage: "},
      {Method::kGet, "/storage/v1/b/b//", 404, "storage: "},
      {Method::kPut, "/storage/v1/b/b/o/x", 405, "storage: PUT /storage/v1/b/b/o/x is not allowed"},
      {Method::kOther, "/v1/projects/p/topics/t", 405, "pubsub: "},
      {Method::kPost, "/storage/v1/b/b/o/x/compose", 501,
       "storage: storage.objects.compose is not implemented"},
      {Method::kGet, "/storage/v1/b/b/o/%zz", 400, "storage: malformed percent escape"},
      {Method::kGet, "/storage/v1/b/b/o/x?alt=%f", 400, "storage: malformed percent escape"},
      {Method::kPost, "/landfall/v1/ingest%3Anotify", 404, "pubsub: "},
      {Method::kOptions, "*", 404, ""},
  };
  for (const auto& c : cases) {
    const Response response = Send(*router, c.method, c.target);
    EXPECT_EQ(response.status, c.status) << c.target;
    EXPECT_THAT(Text(response), HasSubstr(c.part)) << c.target;
  }
}

TEST(RouterMatch, NamesTheAllowedMethods) {
  const auto router = GoogleRouter();
  EXPECT_EQ(Send(*router, Method::kPatch, "/storage/v1/b/b/o/x").headers.Get("Allow"),
            "GET, HEAD, DELETE");
}

TEST(RouterMatch, TriesAWiderPatternForTheMethod) {
  Router router;
  router.Add(MakeApi("a", {{Method::kGet, "/x/{one}", "narrow", Echo()},
                           {Method::kPost, "/x/{all=**}", "wide", Echo()}}));
  EXPECT_EQ(Text(Send(router, Method::kPost, "/x/y")), "wide all=y");
  EXPECT_EQ(Text(Send(router, Method::kGet, "/x/y")), "narrow one=y");
}

TEST(RouterMatch, StaysFastWithManyRoutesAndDeepPaths) {
  Router router;
  std::vector<Route> routes;
  for (int i = 0; i < 200; ++i) {
    routes.push_back({Method::kGet, "/api/v1/kind" + std::to_string(i) + "/{name}",
                      "get" + std::to_string(i), Echo()});
  }
  router.Add(MakeApi("a", std::move(routes)));
  EXPECT_EQ(Text(Send(router, Method::kGet, "/api/v1/kind199/n")), "get199 name=n");
  EXPECT_EQ(Send(router, Method::kGet, std::string(60'000, '/')).status, 404);
}

TEST(RouterDispatch, DecodesTheQueryInOrder) {
  Router router;
  router.Add(MakeApi("a", {{Method::kGet, "/q", "q", [](Request& request) -> Result<Response> {
                              std::string text;
                              for (const auto& [name, value] : request.query)
                                text += name + "=" + value + ";";
                              Response response;
                              response.body =
                                  text + std::string(request.Query("a").value_or("none"));
                              return response;
                            }}}));
  EXPECT_EQ(Text(Send(router, Method::kGet, "/q?a=1+2&&b&a=%26%3D&c==")), "a=1 2;b=;a=&=;c==;1 2");
  EXPECT_EQ(Text(Send(router, Method::kGet, "/q?")), "none");
}

TEST(RouterDispatch, HonoursMethodOverrideOnPostOnly) {
  const auto router = GoogleRouter();
  Request request;
  request.method = Method::kPost;
  request.target = "/storage/v1/b/b/o/x";
  request.headers.Set("x-http-method-override", "DELETE");
  EXPECT_EQ(Text(router->Dispatch(request)), "objects.delete bucket=b object=x");
  Request get;
  get.target = "/storage/v1/b/b/o/x";
  get.headers.Set("X-HTTP-Method-Override", "DELETE");
  EXPECT_EQ(Text(router->Dispatch(get)), "objects.get bucket=b object=x");
}

TEST(RouterDispatch, RefusesAnUnknownMethodOverride) {
  Router router;
  router.Add(MakeApi("a", {{Method::kPost, "/x", "x", Echo()}}));
  Request request;
  request.method = Method::kPost;
  request.target = "/x";
  request.headers.Set("X-HTTP-Method-Override", "FROB");
  const Response response = router.Dispatch(request);
  EXPECT_EQ(response.status, 400);
  EXPECT_THAT(Text(response), HasSubstr("X-HTTP-Method-Override \"FROB\""));
}

TEST(RouterDispatch, TurnsExceptionsIntoInternalErrors) {
  Router router;
  router.Add(MakeApi(
      "a", {{Method::kGet, "/throw", "a.throw",
             [](Request&) -> Result<Response> { throw std::runtime_error("secret"); }},
            {Method::kGet, "/odd", "a.odd", [](Request&) -> Result<Response> { throw 7; }}}));
  const Response response = Send(router, Method::kGet, "/throw");
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(Text(response), "a: internal error in a.throw");  // what it said goes to the log only
  EXPECT_THAT(response.fault, HasSubstr("secret"));
  EXPECT_EQ(Send(router, Method::kGet, "/odd").status, 500);
}

TEST(RouterDispatch, GivesAHandlerAnEmptyBodyWhenThereIsNone) {
  Router router;
  router.Add(MakeApi("a", {{Method::kPost, "/x", "x", [](Request& request) -> Result<Response> {
                              Response response;
                              response.body = "[" + TRY(ReadBody(request, 10)) + "]";
                              return response;
                            }}}));
  EXPECT_EQ(Text(Send(router, Method::kPost, "/x")), "[]");
}

TEST(RouterRoutes, ListsWhatIsImplemented) {
  const auto router = GoogleRouter();
  const std::vector<Router::Coverage> all = router->Routes();
  ASSERT_EQ(all.size(), 13u);
  EXPECT_EQ(all[4].name, "storage.objects.compose");
  EXPECT_FALSE(all[4].implemented);
  EXPECT_EQ(all[5].pattern, "/storage/v1/b/special");
  EXPECT_TRUE(all[5].implemented);
  EXPECT_EQ(router->Apis(), (std::vector<std::string>{"storage", "pubsub"}));
}

TEST(RequestBaseUrl, TrustsForwardedHeadersOfLoopbackOnly) {
  Request request;
  request.headers.Set("Host", "api.test:8080");
  request.headers.Set("X-Forwarded-Proto", "https");
  request.headers.Set("X-Forwarded-Host", "public.test, inner");
  request.peer = "10.0.0.9:1234";
  EXPECT_EQ(request.BaseUrl(), "http://api.test:8080");
  request.peer = "127.0.0.1:1234";
  EXPECT_EQ(request.BaseUrl(), "https://public.test");
  request.headers.Set("X-Forwarded-Host", "evil/path");
  request.headers.Set("X-Forwarded-Proto", "javascript");
  EXPECT_EQ(request.BaseUrl(), "http://api.test:8080");
}

TEST(RequestBody, IsLimitedBeforeAndWhileItIsRead) {
  StringSource body(std::string(100, 'x'));
  Request request;
  request.body = &body;
  request.content_length = 100;
  const Result<std::string> announced = ReadBody(request, 99);
  EXPECT_EQ(announced.status().reason(), "uploadTooLarge");
  request.content_length = std::nullopt;
  EXPECT_EQ(ReadBody(request, 99).status().reason(), "uploadTooLarge");
  StringSource exact(std::string(100, 'x'));
  request.body = &exact;
  EXPECT_EQ(ReadBody(request, 100).value().size(), 100u);
}

TEST(RequestBody, RefusesAnUnknownContentEncoding) {
  StringSource body("x");
  Request request;
  request.body = &body;
  request.headers.Set("Content-Encoding", "br");
  EXPECT_EQ(ReadBody(request, 10).status().location(), "Content-Encoding");
}

std::unique_ptr<Router> RouterWithCatchAll() {
  auto router = GoogleRouter();
  Api files = MakeApi("files", {{Method::kGet, "/{bucket}", "files.list", Echo()},
                                {Method::kGet, "/{bucket}/{object=**}", "files.get", Echo()}});
  files.catch_all = true;
  router->Add(std::move(files));
  Api hosted = MakeApi("hosted", {{Method::kGet, "/{object=**}", "hosted.get", Echo()}});
  hosted.claims = [](const Request& request) {
    return request.headers.Get("Host").value_or("").starts_with("bucket.");
  };
  router->Add(std::move(hosted));
  return router;
}

TEST(RouterCatchAll, GetsWhatNoOtherPatternComesNear) {
  const auto router = RouterWithCatchAll();
  EXPECT_EQ(Text(Send(*router, Method::kGet, "/my/a//b%20c")), "files.get bucket=my object=a//b c");
  EXPECT_EQ(Text(Send(*router, Method::kGet, "/my/")), "files.list bucket=my");
  EXPECT_EQ(Text(Send(*router, Method::kGet, "/my//a")), "files.get bucket=my object=/a");
  // "storage" is also how the other API begins, but only its second segment makes it that API's.
  EXPECT_EQ(Text(Send(*router, Method::kGet, "/storage/a")), "files.get bucket=storage object=a");
  EXPECT_EQ(Text(Send(*router, Method::kGet, "/storage/v1/b/x")), "buckets.get bucket=x");
  EXPECT_EQ(Send(*router, Method::kPost, "/my/a").status, 405);
}

TEST(RouterCatchAll, LeavesUnknownMethodsToTheApiWhosePathTheyShare) {
  const auto router = RouterWithCatchAll();
  EXPECT_THAT(Text(Send(*router, Method::kGet, "/storage/v1/nothing")), HasSubstr("storage: no"));
  const Response refused = Send(*router, Method::kPut, "/storage/v1/b/x");
  EXPECT_EQ(refused.status, 405);
  EXPECT_THAT(Text(refused), HasSubstr("storage: "));
}

TEST(RouterClaims, TakesARequestBeforeAnyPathIsLookedAt) {
  const auto router = RouterWithCatchAll();
  Request request;
  request.target = "/storage/v1/b/x";
  request.headers.Set("Host", "bucket.localhost");
  EXPECT_EQ(Text(router->Dispatch(request)), "hosted.get object=storage/v1/b/x");
  EXPECT_EQ(router->RenderError(request, NotFound("gone")).status, 404);
}

}  // namespace
}  // namespace landfall::net
