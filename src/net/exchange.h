// One request and its answer on a connection that the calling thread owns.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

#include "net/body.h"
#include "net/net.h"
#include "net/wire.h"

namespace landfall::net {

// Found once when the server starts, so that a request only adds to them.
class HttpMetrics {
 public:
  HttpMetrics(const Router& router, Metrics& metrics);
  void Count(std::size_t api, int status, double seconds);
  Gauge& connections;

 private:
  std::vector<std::array<Counter*, 5>> by_api_;  // 1xx..5xx; [0] is for requests that no API took
  Histogram& seconds_;
};

// What all connections of a server share.
struct Site {
  Site(const ServerOptions& o, const Router& r, Clock& c, Log& l, Metrics& m)
      : options(o), router(r), clock(c), log(l), metrics(r, m) {}
  const ServerOptions options;
  const Router& router;
  Clock& clock;
  Log& log;
  HttpMetrics metrics;
  std::string authority;  // host:port, for clients that send no Host
  std::atomic<bool> draining{false};
};

struct Connection {
  Connection(int fd, std::chrono::milliseconds stall_max, std::string peer_name,
             std::uint64_t number)
      : wire(fd, stall_max), peer(std::move(peer_name)), id(number) {}
  Wire wire;
  Inbox inbox;
  const std::string peer;
  const std::uint64_t id;
  std::uint64_t requests = 0;
  std::size_t scanned = 0;  // bytes of the inbox that hold no end of a head
  std::stop_source stop;    // requested when the client is gone or a drain has taken too long
  bool over_limit = false;  // one connection too many: it gets 503
};

// True when Serve() has something to do: a whole head, or bytes that can never become one.
bool IsReady(Connection& connection, std::size_t head_bytes_max);

enum class After : std::uint8_t {
  kIdle,   // wait for more bytes
  kAgain,  // the next request is here already; others should have their turn first
  kClose,
};
// Answers the requests whose heads have arrived. Needs IsReady().
After Serve(Site& site, Connection& connection);

}  // namespace landfall::net
