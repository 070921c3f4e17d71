// Connections that stall, vanish, are too many, or outlive their server; bodies larger than memory
// should be.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <atomic>
#include <fstream>
#include <thread>

#include "net/test_server.h"

namespace landfall::net {
namespace {

using namespace std::chrono_literals;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kGet = "GET /hello HTTP/1.1\r\nHost: t\r\n\r\n";

Result<Response> Hello(Request&) { return TextResponse("hello"); }

// A handler that waits until the test lets it go, or its call is stopped.
struct Gate {
  std::atomic<bool> entered{false}, open{false}, stopped{false};
  Handler handler() {
    return [this](Request& request) -> Result<Response> {
      entered = true;
      const bool freed =
          Eventually([&] { return open.load() || request.context.stop.stop_requested(); });
      stopped = request.context.stop.stop_requested();
      return TextResponse(freed ? "gate" : "timed out");
    };
  }
};

std::string WriteTempFile(const std::string& name, std::string_view bytes) {
  std::string path = ::testing::TempDir() + name;
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

TEST(ServerFile, SendsExactlyTheRange) {
  std::string bytes;
  for (int i = 0; i < 300'000; ++i) bytes += static_cast<char>('a' + i % 23);
  const std::string path = WriteTempFile("net_range", bytes);
  const auto files = MakePosixFiles();
  TestServer t;
  t.Add(Method::kGet, "/file", [&](Request& request) -> Result<Response> {
    Response response;
    const std::uint64_t offset = std::stoull(std::string(*request.Query("offset")));
    const std::uint64_t count = std::stoull(std::string(*request.Query("bytes")));
    response.body = FileRange{TRY(files->OpenForRead(path)), offset, count};
    return response;
  });
  t.Start();
  RawClient client(t.port());
  struct {
    std::size_t offset, bytes;
  } cases[] = {{0, 300'000}, {0, 0}, {299'999, 1}, {1, 65'536}, {4'097, 123'456}};
  for (const auto& c : cases) {
    client.Send("GET /file?offset=" + std::to_string(c.offset) +
                "&bytes=" + std::to_string(c.bytes) + " HTTP/1.1\r\nHost: t\r\n\r\n");
    EXPECT_EQ(BodyOf(client.ReadAnswer()), bytes.substr(c.offset, c.bytes)) << c.offset;
  }
  client.Send("HEAD /file?offset=5&bytes=7 HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_THAT(client.ReadAnswer(true), HasSubstr("Content-Length: 7\r\n"));
  client.Send("GET /file?offset=299990&bytes=20 HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_THAT(client.ReadToEnd(), EndsWith(bytes.substr(299'990)));  // cut, never padded
}

class FakeFile final : public ReadableFile {
 public:
  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<char> out) override {
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = static_cast<char>('a' + (offset + i) % 26);
    return out.size();
  }
  std::uint64_t size_bytes() const override { return 1 << 20; }
  int fd() const override { return -1; }
};

TEST(ServerFile, ReadsFilesWithoutADescriptor) {
  TestServer t;
  t.Add(Method::kGet, "/file", [](Request&) -> Result<Response> {
    Response response;
    response.body = FileRange{std::make_shared<FakeFile>(), 27, 200'000};
    return response;
  });
  t.Start();
  RawClient client(t.port());
  client.Send("GET /file HTTP/1.1\r\nHost: t\r\n\r\n");
  const std::string body = BodyOf(client.ReadAnswer());
  ASSERT_EQ(body.size(), 200'000u);
  EXPECT_THAT(body, StartsWith("bcdef"));
}

std::int64_t PeakKiB() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

// Counts and forgets.
struct CountingSink final : public ByteSink {
  Status Write(std::string_view bytes) override {
    count += bytes.size();
    return {};
  }
  std::uint64_t count = 0;
};

TEST(ServerStream, MovesLargeBodiesBothWaysInConstantMemory) {
  static constexpr std::uint64_t kBytes = 100'000'000;
  TestServer t;
  t.Add(Method::kGet, "/stream", [](Request& request) -> Result<Response> {
    Response response;
    Stream stream{std::make_unique<PatternSource>(kBytes), std::nullopt};
    if (request.Query("sized")) stream.bytes = kBytes;
    response.body = std::move(stream);
    return response;
  });
  t.Add(Method::kPost, "/count", [](Request& request) -> Result<Response> {
    std::vector<char> block(64 * 1024);
    std::uint64_t count = 0;
    while (const std::size_t n = TRY(request.body->Read(block))) count += n;
    return TextResponse(std::to_string(count));
  });
  t.Start();
  const auto client = MakeHttpClient(t.url()).value();
  const std::int64_t before = PeakKiB();
  for (const char* target : {"/stream", "/stream?sized"}) {
    CountingSink sink;
    EXPECT_EQ(client->Send({.target = target}, &sink).value().status, 200);
    EXPECT_EQ(sink.count, kBytes);
  }
  for (const bool sized : {false, true}) {
    PatternSource source(kBytes);
    ClientRequest request{.method = Method::kPost, .target = "/count", .source = &source};
    if (sized) request.source_bytes = kBytes;
    EXPECT_EQ(client->Send(request).value().body, std::to_string(kBytes));
  }
  EXPECT_LT(PeakKiB() - before, 30'000);
}

// Fails after `good` bytes.
class FailingSource final : public ByteSource {
 public:
  explicit FailingSource(std::uint64_t good) : good_(good) {}
  Result<std::size_t> Read(std::span<char> out) override {
    const std::size_t n = TRY(good_.Read(out));
    if (n == 0) return DataLoss("segment is damaged");
    return n;
  }

 private:
  PatternSource good_;
};

TEST(ServerStream, RendersAnEarlyErrorAndCutsOnALateOne) {
  TestServer t;
  t.Add(Method::kGet, "/stream/{good}", [](Request& request) -> Result<Response> {
    Response response;
    response.body =
        Stream{std::make_unique<FailingSource>(std::stoull(std::string(request.Param("good")))),
               std::nullopt};
    return response;
  });
  t.Start();
  RawClient early(t.port());
  early.Send("GET /stream/0 HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_THAT(early.ReadAnswer(), HasSubstr("error: segment is damaged"));
  RawClient late(t.port());
  late.Send("GET /stream/100000 HTTP/1.1\r\nHost: t\r\n\r\n");
  const std::string answer = late.ReadToEnd();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 "));
  EXPECT_THAT(answer, Not(HasSubstr("\r\n0\r\n\r\n")));
}

TEST(ServerStream, NeverSendsAnotherLengthThanAnnounced) {
  TestServer t;
  t.Add(Method::kGet, "/stream/{bytes}", [](Request& request) -> Result<Response> {
    Response response;
    response.body = Stream{
        std::make_unique<PatternSource>(std::stoull(std::string(request.Param("bytes")))), 10};
    return response;
  });
  t.Start();
  for (const char* bytes : {"9", "11", "0"}) {
    RawClient client(t.port());
    client.Send(std::string("GET /stream/") + bytes + " HTTP/1.1\r\nHost: t\r\n\r\n" +
                std::string(kGet));
    EXPECT_LT(BodyOf(client.ReadToEnd()).size(), 10u) << bytes;
  }
}

TEST(ServerStream, EndsWithTheConnectionForHttp10) {
  TestServer t;
  t.Add(Method::kGet, "/stream", [](Request&) -> Result<Response> {
    Response response;
    response.body = Stream{std::make_unique<PatternSource>(100'000), std::nullopt};
    return response;
  });
  t.Start();
  RawClient client(t.port());
  client.Send("GET /stream HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const std::string answer = client.ReadToEnd();
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(BodyOf(answer), std::string(100'000, 'x'));
}

TEST(ServerVanishing, FreesTheHandlerWhenTheClientLeavesInTheBody) {
  TestServer t;
  std::atomic<int> entered{0}, failed{0};
  t.Add(Method::kPost, "/read", [&](Request& request) -> Result<Response> {
    ++entered;
    const Result<std::string> body = ReadBody(request, 1 << 20);
    if (!body.ok()) ++failed;
    return body.ok() ? TextResponse(*body) : TextResponse("gone", 400);
  });
  t.Start();
  const char* const heads[] = {"Content-Length: 100\r\n\r\nabc",
                               "Transfer-Encoding: chunked\r\n\r\n5\r\nab",
                               "Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n"};
  int expected = 0;
  for (const char* head : heads) {
    for (const bool abort : {false, true}) {
      RawClient client(t.port());
      client.Send(std::string("POST /read HTTP/1.1\r\nHost: t\r\n") + head);
      ++expected;
      ASSERT_TRUE(Eventually([&] { return entered == expected; }));
      abort ? client.Abort() : client.Close();
    }
  }
  EXPECT_TRUE(Eventually([&] { return failed == expected && t.connections() == 0; }));
}

TEST(ServerVanishing, FreesTheHandlerWhenTheClientLeavesInTheAnswer) {
  TestServer t;
  const auto files = MakePosixFiles();
  const std::string path = WriteTempFile("net_big", std::string(32 << 20, 'f'));
  t.Add(Method::kGet, "/stream", [](Request&) -> Result<Response> {
    Response response;
    response.body = Stream{std::make_unique<PatternSource>(std::uint64_t{1} << 40), std::nullopt};
    return response;
  });
  t.Add(Method::kGet, "/file", [&](Request&) -> Result<Response> {
    Response response;
    response.body = FileRange{TRY(files->OpenForRead(path)), 0, 32 << 20};
    return response;
  });
  t.Start();
  for (const char* target : {"/stream", "/file"}) {
    for (const bool abort : {false, true}) {
      RawClient client(t.port());
      client.Send(std::string("GET ") + target + " HTTP/1.1\r\nHost: t\r\n\r\n");
      EXPECT_THAT(client.ReadSome(), StartsWith("HTTP/1.1 200 "));
      abort ? client.Abort() : client.Close();
    }
  }
  EXPECT_TRUE(Eventually([&] { return t.connections() == 0; }));
}

TEST(ServerVanishing, StopsTheHandlerThatWaitsForSomethingElse) {
  TestServer t({.stall_max = 400ms});  // also sets how often the server looks
  Gate gate;
  t.Add(Method::kGet, "/gate", gate.handler());
  t.Start();
  RawClient client(t.port());
  client.Send("GET /gate HTTP/1.1\r\nHost: t\r\n\r\n");
  ASSERT_TRUE(Eventually([&] { return gate.entered.load(); }));
  EXPECT_FALSE(gate.stopped);
  client.Close();
  EXPECT_TRUE(Eventually([&] { return gate.stopped.load() && t.connections() == 0; }));
}

TEST(ServerStalling, GivesUpOnAClientThatStopsInTheBody) {
  TestServer t({.stall_max = 400ms});
  t.Add(Method::kPost, "/read", [](Request& request) -> Result<Response> {
    return TextResponse(TRY(ReadBody(request, 100)));
  });
  t.Start();
  RawClient client(t.port());
  client.Send("POST /read HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\nabc");
  EXPECT_THAT(client.ReadToEnd(), StartsWith("HTTP/1.1 504 "));
}

TEST(ServerStalling, GivesUpOnAClientThatDoesNotReadItsAnswer) {
  TestServer t({.stall_max = 400ms});
  t.Add(Method::kGet, "/stream", [](Request&) -> Result<Response> {
    Response response;
    response.body = Stream{std::make_unique<PatternSource>(std::uint64_t{1} << 40), std::nullopt};
    return response;
  });
  t.Start();
  RawClient client(t.port());
  client.Send("GET /stream HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_TRUE(Eventually([&] { return t.connections() == 1; }));
  EXPECT_TRUE(Eventually([&] { return t.connections() == 0; }));
}

TEST(ServerStalling, ClosesIdleConnections) {
  TestServer t({.idle_max = 400ms});
  t.Add(Method::kGet, "/hello", Hello);
  t.Start();
  RawClient silent(t.port());
  RawClient used(t.port());
  used.Send(kGet);
  EXPECT_EQ(BodyOf(used.ReadAnswer()), "hello");
  EXPECT_EQ(silent.ReadToEnd(), "");
  EXPECT_EQ(used.ReadToEnd(), "");
  EXPECT_TRUE(Eventually([&] { return t.connections() == 0; }));
}

TEST(ServerStalling, GivesATricklingHeadABoundedTime) {
  TestServer t({.stall_max = 400ms});
  t.Add(Method::kGet, "/hello", Hello);
  t.Start();
  RawClient client(t.port());
  client.Send("GET /hello HTTP/1.1\r\nX: ");
  // Each byte comes well within the limit; the head as a whole does not.
  EXPECT_TRUE(Eventually([&] { return !client.Send("x"); }));
  EXPECT_TRUE(Eventually([&] { return t.connections() == 0; }));
}

TEST(ServerLimits, AnswersOneConnectionTooManyWith503) {
  TestServer t({.connections_max = 2});
  t.Add(Method::kGet, "/hello", Hello);
  t.Start();
  auto first = std::make_unique<RawClient>(t.port());
  RawClient second(t.port());
  EXPECT_TRUE(Eventually([&] { return t.connections() == 2; }));
  RawClient third(t.port());
  third.Send(kGet);
  const std::string answer = third.ReadToEnd();
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 503 "));
  EXPECT_THAT(answer, HasSubstr("the limit is 2"));
  second.Send(kGet);
  EXPECT_EQ(BodyOf(second.ReadAnswer()), "hello");
  third.Close();
  first.reset();
  EXPECT_TRUE(Eventually([&] { return t.connections() == 1; }));
  RawClient fourth(t.port());
  fourth.Send(kGet);
  EXPECT_EQ(BodyOf(fourth.ReadAnswer()), "hello");
}

TEST(ServerLimits, LetsRequestsOverTheHandlerLimitWait) {
  TestServer t({.handlers_max = 1});
  Gate gate;
  t.Add(Method::kGet, "/gate", gate.handler());
  t.Add(Method::kGet, "/hello", Hello);
  t.Start();
  RawClient slow(t.port());
  slow.Send("GET /gate HTTP/1.1\r\nHost: t\r\n\r\n");
  ASSERT_TRUE(Eventually([&] { return gate.entered.load(); }));
  RawClient waiting(t.port());
  waiting.Send(kGet);
  gate.open = true;
  EXPECT_EQ(BodyOf(waiting.ReadAnswer()), "hello");
  EXPECT_EQ(BodyOf(slow.ReadAnswer()), "gate");
}

TEST(ServerDrain, FinishesRequestsInProgressAndClosesIdleOnes) {
  TestServer t;
  Gate gate;
  t.Add(Method::kGet, "/gate", gate.handler());
  t.Start();
  RawClient idle(t.port());
  RawClient busy(t.port());
  busy.Send("GET /gate HTTP/1.1\r\nHost: t\r\n\r\n");
  ASSERT_TRUE(Eventually([&] { return gate.entered.load(); }));
  std::jthread drain([&] { t.server->Drain(); });
  EXPECT_EQ(idle.ReadToEnd(), "");
  gate.open = true;
  const std::string answer = busy.ReadToEnd();
  EXPECT_THAT(answer, HasSubstr("Connection: close\r\n"));
  EXPECT_EQ(BodyOf(answer), "gate");
  drain.join();
  EXPECT_FALSE(gate.stopped);
  EXPECT_EQ(t.connections(), 0);
}

TEST(ServerDrain, StopsHandlersThatTakeTooLong) {
  TestServer t({.drain_max = 50ms});
  Gate gate;
  t.Add(Method::kGet, "/gate", gate.handler());
  t.Start();
  RawClient busy(t.port());
  busy.Send("GET /gate HTTP/1.1\r\nHost: t\r\n\r\n");
  ASSERT_TRUE(Eventually([&] { return gate.entered.load(); }));
  t.server->Drain();
  EXPECT_TRUE(gate.stopped);
  EXPECT_EQ(BodyOf(busy.ReadAnswer()), "gate");
}

TEST(ServerDrain, DoesNotWaitForeverForAStalledClient) {
  TestServer t({.drain_max = 50ms});
  t.Add(Method::kPost, "/read", [](Request& request) -> Result<Response> {
    return TextResponse(TRY(ReadBody(request, 100)));
  });
  t.Start();
  RawClient client(t.port());
  client.Send("POST /read HTTP/1.1\r\nHost: t\r\nContent-Length: 100\r\n\r\nabc");
  EXPECT_TRUE(Eventually([&] { return t.connections() == 1; }));
  t.server->Drain();
  EXPECT_EQ(t.connections(), 0);
}

TEST(ServerReset, ClosesWithoutAWord) {
  TestServer t;
  t.Add(Method::kGet, "/reset", [](Request&) -> Result<Response> {
    Response response;
    response.reset = true;
    return response;
  });
  t.Start();
  RawClient client(t.port());
  client.Send("GET /reset HTTP/1.1\r\nHost: t\r\n\r\n");
  EXPECT_EQ(client.ReadToEnd(), "");
  EXPECT_TRUE(client.was_reset());
}

TEST(Server, ServesManyClientsAtOnce) {
  TestServer t({.io_threads = 2, .handlers_max = 8});
  t.Add(Method::kGet, "/hello", Hello);
  t.Start();
  std::atomic<int> good{0};
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 16; ++i) {
      threads.emplace_back([&] {
        const auto client = MakeHttpClient(t.url()).value();
        for (int n = 0; n < 50; ++n)
          good += client->Send({.target = "/hello"}).value().body == "hello";
      });
    }
  }
  EXPECT_EQ(good, 16 * 50);
}

}  // namespace
}  // namespace landfall::net
