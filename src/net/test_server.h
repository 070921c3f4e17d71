// Raw sockets and a server on a free port, for the tests of this folder.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "net/net.h"

namespace landfall::net {

// Waits, polling, until `condition` holds; false after ten seconds.
bool Eventually(const std::function<bool()>& condition);

// A client that sends exactly the bytes it is told to.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool Send(std::string_view bytes);  // false when the server is gone
  void FinishSending();
  void Abort();  // closes with RST
  void Close();
  // One answer: head, and the body that Content-Length or chunking announces. Empty at the end.
  std::string ReadAnswer(bool to_head = false);
  std::string ReadToEnd();  // until the server closes
  std::string ReadSome();   // what comes next; empty at the end
  bool was_reset() const { return reset_; }
  int fd() const { return fd_; }

 private:
  bool Fill();
  int fd_;
  bool reset_ = false;
  std::string pending_;
};

// A server with the routes a test gives it. `router` is filled before Start().
struct TestServer {
  explicit TestServer(ServerOptions o = {});
  void Add(Method method, std::string pattern, Handler handler);
  void Start();
  std::uint16_t port() const { return server->port(); }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port()); }
  std::int64_t connections() { return metrics.AddGauge("landfall_http_connections", "").value(); }

  ServerOptions options;
  SystemClock clock;
  CapturedLog log;
  Metrics metrics;
  Router router;
  Api api;
  std::unique_ptr<Server> server;
};

Response TextResponse(std::string body, int status = 200);
// The body of an answer as ReadAnswer() gives it.
std::string BodyOf(const std::string& answer);

// Endless or counted bytes without memory.
class PatternSource final : public ByteSource {
 public:
  explicit PatternSource(std::uint64_t bytes) : left_(bytes) {}
  Result<std::size_t> Read(std::span<char> out) override;

 private:
  std::uint64_t left_;
};

}  // namespace landfall::net
