#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include "net/test_server.h"

namespace landfall::net {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

// Routes that most tests need: GET /hello, POST and PUT /echo, POST /ignore.
std::unique_ptr<TestServer> EchoServer(ServerOptions options = {}) {
  auto t = std::make_unique<TestServer>(std::move(options));
  const Handler echo = [](Request& request) -> Result<Response> {
    return TextResponse(TRY(ReadBody(request, 1 << 20)));
  };
  t->Add(Method::kPost, "/echo", echo);
  t->Add(Method::kPut, "/echo", echo);
  t->Add(Method::kGet, "/hello",
         [](Request&) -> Result<Response> { return TextResponse("hello"); });
  t->Add(Method::kPost, "/ignore",
         [](Request&) -> Result<Response> { return TextResponse("ignored"); });
  t->Start();
  return t;
}

constexpr std::string_view kGet = "GET /hello HTTP/1.1\r\nHost: t\r\n\r\n";

TEST(Server, AnswersManyRequestsOnOneConnection) {
  const auto t = EchoServer();
  RawClient client(t->port());
  for (int i = 0; i < 100; ++i) {
    client.Send(kGet);
    const std::string answer = client.ReadAnswer();
    ASSERT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    ASSERT_EQ(BodyOf(answer), "hello");
  }
  EXPECT_EQ(t->connections(), 1);
  const Counter& counted =
      t->metrics.AddCounter("landfall_http_requests_total", "", "api=\"test\",code=\"2xx\"");
  EXPECT_TRUE(Eventually([&] { return counted.value() == 100; }));
}

TEST(Server, UnderstandsARequestSplitAnywhere) {
  const auto t = EchoServer();
  const std::string_view requests[] = {
      "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 5\r\n\r\nabcde",
      "\r\nPUT /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: "
      "chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nX-T: 1\r\n\r\n"};
  for (const std::string_view request : requests) {
    RawClient client(t->port());
    for (std::size_t at = 1; at < request.size(); ++at) {
      client.Send(request.substr(0, at));
      poll(nullptr, 0,
           1);  // lets the server see the first part alone; the answer is the same if it does not
      client.Send(request.substr(at));
      ASSERT_EQ(BodyOf(client.ReadAnswer()), "abcde") << at;
    }
  }
}

TEST(Server, AnswersPipelinedRequestsInOrder) {
  const auto t = EchoServer();
  RawClient client(t->port());
  std::string all;
  for (int i = 0; i < 200; ++i) {
    const std::string body = "body " + std::to_string(i);
    all += "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: " + std::to_string(body.size()) +
           "\r\n\r\n" + body;
  }
  client.Send(all);
  for (int i = 0; i < 200; ++i) ASSERT_EQ(BodyOf(client.ReadAnswer()), "body " + std::to_string(i));
}

TEST(Server, SendsContinueOnlyWhenTheBodyIsWanted) {
  const auto t = EchoServer();
  RawClient client(t->port());
  client.Send(
      "POST /echo HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.ReadSome(), "HTTP/1.1 100 Continue\r\n\r\n");
  client.Send("abc");
  EXPECT_EQ(BodyOf(client.ReadAnswer()), "abc");
  client.Send(
      "POST /ignore HTTP/1.1\r\nHost: t\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n");
  const std::string answer = client.ReadToEnd();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
}

struct RefusalCase {
  const char* what;
  std::string bytes;
  const char* status_line;
};

TEST(Server, RefusesWhatIsNotARequest) {
  const auto t = EchoServer();
  const std::string post = "POST /echo HTTP/1.1\r\nHost: t\r\n";
  const RefusalCase cases[] = {
      {"two framings", post + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
       "HTTP/1.1 400 "},
      {"two lengths", post + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", "HTTP/1.1 400 "},
      {"bad length", post + "Content-Length: +3\r\n\r\nabc", "HTTP/1.1 400 "},
      {"list of lengths", post + "Content-Length: 3, 3\r\n\r\nabc", "HTTP/1.1 400 "},
      {"unknown coding", post + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
       "HTTP/1.1 501 "},
      {"blank before the colon", post + "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
       "HTTP/1.1 400 "},
      {"folding", post + "X-A: 1\r\n 2\r\n\r\n", "HTTP/1.1 400 "},
      {"bad name", post + "X(A): 1\r\n\r\n", "HTTP/1.1 400 "},
      {"bare newline", "GET /hello HTTP/1.1\nHost: t\n\n", "HTTP/1.1 400 "},
      {"no host", "GET /hello HTTP/1.1\r\n\r\n", "HTTP/1.1 400 "},
      {"two hosts", "GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", "HTTP/1.1 400 "},
      {"host with a path", "GET /hello HTTP/1.1\r\nHost: a/b\r\n\r\n", "HTTP/1.1 400 "},
      {"version 2", "GET /hello HTTP/2.0\r\nHost: t\r\n\r\n", "HTTP/1.1 505 "},
      {"no version", "GET /hello\r\nHost: t\r\n\r\n", "HTTP/1.1 400 "},
      {"relative target", "GET hello HTTP/1.1\r\nHost: t\r\n\r\n", "HTTP/1.1 400 "},
      {"CONNECT", "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n",
       "HTTP/1.1 501 "},
      {"TLS", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11), "HTTP/1.1 400 "},
      {"nonsense", std::string("\x00\x01\x02\x03", 4), "HTTP/1.1 400 "},
      {"unknown expectation", post + "Content-Length: 1\r\nExpect: tea\r\n\r\n", "HTTP/1.1 417 "},
      {"oversize head", "GET /hello HTTP/1.1\r\nX: " + std::string(70'000, 'x'), "HTTP/1.1 431 "},
      {"oversize whole head", "GET /hello HTTP/1.1\r\nX: " + std::string(66'000, 'x') + "\r\n\r\n",
       "HTTP/1.1 431 "},
      {"too many lines",
       "GET /hello HTTP/1.1\r\n" +
           [] {
             std::string lines;
             for (int i = 0; i < 300; ++i) lines += "X: 1\r\n";
             return lines;
           }() +
           "\r\n",
       "HTTP/1.1 431 "},
  };
  for (const RefusalCase& c : cases) {
    RawClient client(t->port());
    client.Send(c.bytes);
    const std::string answer = client.ReadToEnd();
    EXPECT_THAT(answer, StartsWith(c.status_line)) << c.what;
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n")) << c.what;
    EXPECT_FALSE(client.was_reset()) << c.what;
  }
}

TEST(Server, RefusesBadChunksThroughTheHandler) {
  const auto t = EchoServer();
  for (const char* chunks :
       {"zz\r\n", "-1\r\n", "0x1\r\nab\r\n", "1\nab", "3\r\nabcd\r\n0\r\n\r\n", " 1\r\na\r\n",
        "ffffffffffffffff\r\n", "0\r\nbad trailer\r\n\r\n", "\r\n"}) {
    RawClient client(t->port());
    client.Send("POST /echo HTTP/1.1\r\nHost: t\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.Send(chunks);
    EXPECT_THAT(client.ReadToEnd(), StartsWith("HTTP/1.1 400 ")) << chunks;
  }
}

TEST(Server, RefusesHttp2InItsOwnLanguage) {
  const auto t = EchoServer();
  RawClient client(t->port());
  client.Send("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
  const std::string frames = client.ReadToEnd();
  ASSERT_GT(frames.size(), 26u);
  EXPECT_EQ(frames[3], 4);      // SETTINGS
  EXPECT_EQ(frames[9 + 3], 7);  // GOAWAY
  EXPECT_EQ(frames[9 + 16], 0xd);
  EXPECT_THAT(frames, HasSubstr("use HTTP/1.1"));
}

TEST(Server, AnswersHeadWithoutABody) {
  const auto t = EchoServer();
  RawClient client(t->port());
  client.Send("HEAD /hello HTTP/1.1\r\nHost: t\r\n\r\n");
  const std::string answer = client.ReadAnswer(true);
  EXPECT_THAT(answer, HasSubstr("Content-Length: 5\r\n"));
  EXPECT_EQ(BodyOf(answer), "");
  client.Send(kGet);
  EXPECT_EQ(BodyOf(client.ReadAnswer()), "hello");
}

TEST(Server, ClosesWhenTheClientAsks) {
  const auto t = EchoServer();
  for (const char* request : {"GET /hello HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n",
                              "GET /hello HTTP/1.0\r\n\r\n"}) {
    RawClient client(t->port());
    client.Send(request);
    const std::string answer = client.ReadToEnd();
    EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
    EXPECT_EQ(BodyOf(answer), "hello");
  }
  RawClient client(t->port());
  for (int i = 0; i < 2; ++i) {
    client.Send("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    EXPECT_THAT(client.ReadAnswer(), HasSubstr("Connection: keep-alive\r\n"));
  }
}

TEST(Server, DropsASmallUnreadBodyAndGoesOn) {
  const auto t = EchoServer();
  RawClient client(t->port());
  client.Send("POST /ignore HTTP/1.1\r\nHost: t\r\nContent-Length: 100000\r\n\r\n" +
              std::string(100'000, 'x'));
  EXPECT_EQ(BodyOf(client.ReadAnswer()), "ignored");
  client.Send(kGet);
  EXPECT_EQ(BodyOf(client.ReadAnswer()), "hello");
}

TEST(Server, ClosesAfterALargeUnreadBody) {
  const auto t = EchoServer();
  RawClient client(t->port());
  client.Send("POST /ignore HTTP/1.1\r\nHost: t\r\nContent-Length: 5000000\r\n\r\n" +
              std::string(2'000'000, 'x'));
  const std::string answer = client.ReadAnswer();
  EXPECT_EQ(BodyOf(answer), "ignored");
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
}

TEST(Server, NeverLetsAHandlerBreakOutOfAHeader) {
  TestServer t;
  t.Add(Method::kGet, "/inject", [](Request& request) -> Result<Response> {
    Response response = TextResponse("body");
    response.headers.Set("X-Name", request.Query("name").value_or(""));
    return response;
  });
  t.Start();
  RawClient client(t.port());
  client.Send("GET /inject?name=a%0d%0aSet-Cookie:%20x HTTP/1.1\r\nHost: t\r\n\r\n");
  const std::string answer = client.ReadAnswer();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 500 "));
  EXPECT_THAT(answer, Not(HasSubstr("\r\nSet-Cookie")));
  client.Send("GET /inject?name=fine HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_THAT(client.ReadAnswer(), HasSubstr("X-Name: fine\r\n"));
}

TEST(Server, NamesAnAddressInUse) {
  const auto t = EchoServer();
  ServerOptions options;
  options.port = t->port();
  const auto second = Listen(options, t->router, t->clock, t->log, t->metrics);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().reason(), "addressInUse");
  EXPECT_THAT(second.status().message(), HasSubstr("127.0.0.1:" + std::to_string(t->port())));
}

TEST(Server, LogsServerErrorsAtInfo) {
  TestServer t;
  t.Add(Method::kGet, "/bad",
        [](Request&) -> Result<Response> { return Internal("disk on fire"); });
  t.Start();
  RawClient client(t.port());
  client.Send("GET /bad HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_THAT(client.ReadAnswer(), StartsWith("HTTP/1.1 500 "));
  const auto logged = [&] {
    for (const std::string& line : t.log.lines()) {
      if (line.find("\"INFO\"") != line.npos && line.find("disk on fire") != line.npos) return true;
    }
    return false;
  };
  EXPECT_TRUE(Eventually(logged));
}

}  // namespace
}  // namespace landfall::net
