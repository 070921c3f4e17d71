#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "net/test_server.h"

namespace landfall::net {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// Answers each accepted connection with the next script, then closes it.
class ScriptedServer {
 public:
  explicit ScriptedServer(std::vector<std::string> scripts) : scripts_(std::move(scripts)) {
    fd_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(bind(fd_, reinterpret_cast<const sockaddr*>(&at), sizeof at) == 0);
    CHECK(listen(fd_, 8) == 0);
    socklen_t size = sizeof at;
    CHECK(getsockname(fd_, reinterpret_cast<sockaddr*>(&at), &size) == 0);
    port_ = ntohs(at.sin_port);
    thread_ = std::jthread([this] { Serve(); });
  }
  ~ScriptedServer() {
    shutdown(fd_, SHUT_RDWR);
    thread_.join();
    close(fd_);
  }
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::string request(std::size_t n) {
    EXPECT_TRUE(Eventually([&] { return served_.load() > n; }));
    return requests_[n];
  }
  std::size_t served() const { return served_; }

 private:
  void Serve() {
    for (const std::string& script : scripts_) {
      const int fd = accept(fd_, nullptr, nullptr);
      if (fd < 0) return;
      char block[4096];
      const ssize_t n = recv(fd, block, sizeof block, 0);
      requests_.emplace_back(block, n > 0 ? static_cast<std::size_t>(n) : 0);
      ++served_;
      [[maybe_unused]] const ssize_t sent = send(fd, script.data(), script.size(), MSG_NOSIGNAL);
      close(fd);
    }
  }

  std::vector<std::string> scripts_;
  std::vector<std::string> requests_;
  std::atomic<std::size_t> served_{0};
  int fd_ = -1;
  std::uint16_t port_ = 0;
  std::jthread thread_;
};

TEST(HttpClient, ReadsEveryFramingOfAnAnswer) {
  struct {
    const char* script;
    int status;
    const char* body;
  } cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", 200, "abc"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", 200,
       "abc"},
      {"HTTP/1.1 200 OK\r\n\r\nabc", 200, "abc"},
      {"HTTP/1.0 404 Nope\r\n\r\nabc", 404, "abc"},
      {"HTTP/1.1 204 No Content\r\n\r\n", 204, ""},
      {"HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n", 302, ""},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nx", 201, "x"},
  };
  for (const auto& c : cases) {
    ScriptedServer server({c.script});
    const Result<ClientResponse> response =
        MakeHttpClient(server.url()).value()->Send({.target = "/"});
    ASSERT_TRUE(response.ok()) << c.script << response.status().ToString();
    EXPECT_EQ(response->status, c.status) << c.script;
    EXPECT_EQ(response->body, c.body) << c.script;
  }
}

TEST(HttpClient, RefusesABrokenAnswer) {
  for (const char* script :
       {"", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", "hello\r\n\r\n",
        "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    ScriptedServer server({script});
    EXPECT_FALSE(MakeHttpClient(server.url()).value()->Send({.target = "/"}).ok()) << script;
  }
}

TEST(HttpClient, RetriesOnceWhenAKeptConnectionWasClosed) {
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  ScriptedServer server({answer, answer});  // says keep-alive, then closes
  const auto client = MakeHttpClient(server.url()).value();
  for (int i = 0; i < 2; ++i) {
    const ClientRequest request{.method = Method::kPost, .target = "/", .body = "again"};
    EXPECT_EQ(client->Send(request).value().body, "ok");
  }
  EXPECT_THAT(server.request(1), HasSubstr("again"));
}

TEST(HttpClient, DoesNotRetryABodyThatIsHalfRead) {
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  ScriptedServer server({answer, answer});
  const auto client = MakeHttpClient(server.url()).value();
  EXPECT_TRUE(client->Send({.target = "/"}).ok());
  StringSource source("once");
  const Result<ClientResponse> second =
      client->Send({.method = Method::kPut, .target = "/", .source = &source});
  EXPECT_EQ(second.status().code(), Code::kUnavailable);
  EXPECT_EQ(server.served(), 1u);
}

TEST(HttpClient, DoesNotRetryAFreshConnection) {
  const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
  ScriptedServer server({"", answer});
  const Result<ClientResponse> response =
      MakeHttpClient(server.url()).value()->Send({.target = "/"});
  EXPECT_EQ(response.status().code(), Code::kUnavailable);
  EXPECT_THAT(response.status().message(), HasSubstr("127.0.0.1:"));
}

TEST(HttpClient, NamesTheServerThatDoesNotAnswer) {
  std::string url;
  {
    ScriptedServer gone({});
    url = gone.url();
  }
  const Result<ClientResponse> response = MakeHttpClient(url).value()->Send({.target = "/"});
  EXPECT_EQ(response.status().code(), Code::kUnavailable);
  EXPECT_THAT(response.status().message(), HasSubstr(url.substr(7)));
}

TEST(HttpClient, GivesUpOnASilentServer) {
  TestServer t;
  t.Add(Method::kGet, "/slow", [](Request&) -> Result<Response> {
    poll(nullptr, 0, 300);
    return TextResponse("late");
  });
  t.Start();
  const auto client = MakeHttpClient(t.url(), {.stall_max = 30ms}).value();
  EXPECT_EQ(client->Send({.target = "/slow"}).status().code(), Code::kDeadlineExceeded);
}

TEST(HttpClient, LimitsABodyWithoutASinkOnly) {
  TestServer t;
  t.Add(Method::kGet, "/big",
        [](Request&) -> Result<Response> { return TextResponse(std::string(5'000, 'x')); });
  t.Add(Method::kGet, "/missing", [](Request&) -> Result<Response> { return NotFound("none"); });
  t.Start();
  const auto client = MakeHttpClient(t.url(), {.body_bytes_max = 4'999}).value();
  EXPECT_EQ(client->Send({.target = "/big"}).status().code(), Code::kResourceExhausted);
  StringSink sink;
  const ClientResponse response = client->Send({.target = "/big"}, &sink).value();
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(sink.text.size(), 5'000u);
  EXPECT_EQ(client->Send({.target = "/missing"}, &sink).value().body, "error: none");
}

TEST(HttpClient, SeesTheRefusalOfAnUploadThatIsCutShort) {
  TestServer t;
  t.Add(Method::kPut, "/full",
        [](Request&) -> Result<Response> { return ResourceExhausted("full"); });
  t.Start();
  const auto client = MakeHttpClient(t.url()).value();
  PatternSource source(4'000'000);
  const ClientRequest request{
      .method = Method::kPut, .target = "/full", .source = &source, .source_bytes = 4'000'000};
  const Result<ClientResponse> response = client->Send(request);
  ASSERT_TRUE(response.ok()) << response.status().ToString();
  EXPECT_EQ(response->status, 429);
}

TEST(HttpClient, RefusesWhatWouldBreakTheRequest) {
  const auto client = MakeHttpClient("http://127.0.0.1:1").value();
  EXPECT_EQ(client->Send({.target = "no-slash"}).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(client->Send({.target = "/a b"}).status().code(), Code::kInvalidArgument);
  EXPECT_EQ(client->Send({.target = "/a\r\nX: 1"}).status().code(), Code::kInvalidArgument);
  ClientRequest request{.target = "/"};
  request.headers.Set("X", "1\r\nY: 2");
  EXPECT_EQ(client->Send(request).status().code(), Code::kInvalidArgument);
}

TEST(HttpClient, RefusesUrlsItCannotServe) {
  for (const char* url : {"", "127.0.0.1:80", "ftp://x", "http://", "http://a:99999", "http://a:x",
                          "http://a/path", "http://u@h", "http://:80"}) {
    EXPECT_EQ(MakeHttpClient(url).status().code(), Code::kInvalidArgument) << url;
  }
  EXPECT_EQ(MakeHttpClient("https://a").status().code(), Code::kUnimplemented);
  EXPECT_TRUE(MakeHttpClient("http://[::1]:8080/").ok());
}

}  // namespace
}  // namespace landfall::net
