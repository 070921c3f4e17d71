// net - the front door: one listener, HTTP/1.1 served by blocking handlers on a bounded pool, a
// router, and a client.
//
// The first bytes of a connection tell TLS (16 03), HTTP/2 ("PRI *"), CONNECT and HTTP/1.1 apart.
// Only HTTP/1.1 is answered yet; the others get a clear refusal and have their place in
// exchange.cc.
//
// Threads: connections idle on the event loop and cost no thread. Once a request head is complete,
// one pool thread owns the connection until the response is written; a handler may block. Request
// and Response belong to that thread. A Request's stop token is set when the client is gone
// (noticed within about a second) or a drain takes too long.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/context.h"
#include "base/files.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/status.h"

namespace landfall::net {

enum class Method : std::uint8_t {
  kGet,
  kHead,
  kPost,
  kPut,
  kPatch,
  kDelete,
  kOptions,
  kConnect,
  kOther
};
std::string_view MethodName(Method method);

// In order of arrival; names compare without case.
class Headers {
 public:
  std::optional<std::string_view> Get(std::string_view name) const;  // the first one
  void Set(std::string_view name, std::string_view value);           // replaces all of that name
  void Add(std::string_view name, std::string_view value);
  const std::vector<std::pair<std::string, std::string>>& all() const { return all_; }

 private:
  std::vector<std::pair<std::string, std::string>> all_;
};

struct Request {
  Method method = Method::kGet;
  std::string target = {};  // as received: raw path and query
  std::string path = {};    // raw, still percent-encoded, never cleaned
  std::vector<std::pair<std::string, std::string>> query = {};   // decoded, in order
  std::vector<std::pair<std::string, std::string>> params = {};  // of the pattern, decoded
  Headers headers = {};
  std::optional<std::uint64_t> content_length = {};  // none: chunked, or no body
  ByteSource* body = nullptr;  // never null in a handler; ends at the end of the body
  std::string peer = {};       // "127.0.0.1:41234"
  CallContext context = {};
  std::string_view route_name = {};  // name of the matched route
  std::size_t api = 0;               // which of Router::Apis() it is in, from 1; 0: none

  std::optional<std::string_view> Query(std::string_view name) const;  // the first one
  std::vector<std::string_view> QueryAll(std::string_view name) const;
  std::string_view Param(std::string_view name) const;  // CHECKs that the pattern has it
  // "http://HOST" as the client addressed us (Host header; X-Forwarded-* of a loopback peer).
  std::string BaseUrl() const;
};

// The whole body, gunzipped when Content-Encoding says gzip. kResourceExhausted/"uploadTooLarge"
// over `bytes_max`.
Result<std::string> ReadBody(Request& request, std::size_t bytes_max);

struct FileRange {  // sent with sendfile
  std::shared_ptr<ReadableFile> file = {};
  std::uint64_t offset = 0, bytes = 0;
};
// Chunked when `bytes` is not known. The first block is read before the head is sent, so an early
// error of the source still becomes a proper error answer; a later one cuts the connection.
struct Stream {
  std::unique_ptr<ByteSource> source = {};
  std::optional<std::uint64_t> bytes = {};
};

// The server adds Content-Length or Transfer-Encoding, Connection and Date itself and ignores a
// handler's; only the answer to HEAD with an empty body keeps the handler's Content-Length.
struct Response {
  int status = 200;
  Headers headers = {};
  std::variant<std::string, FileRange, Stream> body = {};
  bool reset = false;      // close with RST instead of answering (fault injection only)
  std::string fault = {};  // why this is an error; for the log only, set by the router
};

std::string_view ReasonPhrase(int status);  // "Not Found"

using Handler = std::function<Result<Response>(Request&)>;

// Pattern: "/storage/v1/b/{bucket}/o/{object}". `{x}` is one raw segment, decoded after the split,
// so `a%2Fb` is one name. `{x=**}` as the last segment takes the rest of the path, slashes
// included; it is never empty. A variable may be followed by a verb: "/v1/{topic}:publish".
// Literal beats `{x}:verb` beats `{x}` beats `{x=**}`. One trailing slash is tolerated.
// An empty handler means: this method of the API exists and is not implemented; the answer is 501
// naming it.
struct Route {
  Method method = Method::kGet;
  std::string pattern = {};
  std::string name = {};  // Google's method id: "storage.objects.get"
  Handler handler = {};
};

// One protocol adapter: its routes and how its errors look.
struct Api {
  std::string name = {};
  std::vector<Route> routes = {};
  std::function<Response(const Request&, const Status&)> render_error = {};
  // By method id: what a method that is served still refuses, for docs/api-coverage.md.
  std::map<std::string, std::string> refusals = {};
  // Either of these gives the API a tree of paths apart from the others'.
  // It gets every request that this accepts (by its Host, say), before any path is looked at.
  std::function<bool(const Request&)> claims = {};
  // It gets what is left: requests that match no other pattern, with no method, beyond their first
  // segment.
  bool catch_all = false;
};

class Router {
 public:
  Router();
  ~Router();
  void Add(Api api);
  // Matches, honours X-HTTP-Method-Override, runs the handler, renders errors. Never throws. An
  // unknown path is 404, a known path with another method 405 (render_error sees
  // kUnimplemented/"methodNotAllowed"; the router sets the status and Allow), both in the shape of
  // the API whose routes come closest. An empty request.path is filled, with the query, from
  // request.target; a null body becomes an empty one. So a test needs to set only method, target
  // and body.
  Response Dispatch(Request& request) const;
  // How the API of the matched route shows `status`.
  Response RenderError(const Request& request, const Status& status) const;
  // Names in the order of Add. Listen() makes its counters from it: add every API before.
  std::vector<std::string> Apis() const;
  // docs/api-coverage.md is made from it.
  struct Coverage {
    std::string api, name, method, pattern;
    bool implemented;
    std::string refuses;  // empty: nothing
  };
  std::vector<Coverage> Routes() const;

 private:
  struct Node;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

struct ServerOptions {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;  // 0 picks a free one
  std::size_t io_threads = 1;
  std::size_t handlers_max = 128;        // requests in progress; more wait
  std::size_t connections_max = 10'000;  // more are answered 503 and closed
  std::size_t head_bytes_max = 64 * 1024;
  std::chrono::milliseconds idle_max{120'000};  // between requests
  // For a whole head; without a byte moving in the middle of a body or a response.
  std::chrono::milliseconds stall_max{60'000};
  std::chrono::milliseconds drain_max{30'000};
};

class Server {
 public:
  virtual ~Server() = default;  // drains
  virtual std::string host() const = 0;
  virtual std::uint16_t port() const = 0;
  // Stops accepting, lets requests in progress end (their CallContext stops after drain_max),
  // closes idle connections. Returns when all is done.
  virtual void Drain() = 0;
};
// kFailedPrecondition/"addressInUse" names the address. The router must outlive the server.
Result<std::unique_ptr<Server>> Listen(ServerOptions options, const Router& router, Clock& clock,
                                       Log& log, Metrics& metrics);

// Blocking client, one connection kept open, for the CLI, push delivery and tests. One thread at a
// time.
struct ClientRequest {
  Method method = Method::kGet;
  std::string target = {};  // "/storage/v1/b?project=p"
  Headers headers = {};
  std::string body = {};                           // used when source is empty
  ByteSource* source = nullptr;                    // not owned
  std::optional<std::uint64_t> source_bytes = {};  // chunked when not known
};
struct ClientResponse {
  int status = 0;
  Headers headers = {};
  std::string body = {};  // empty when a sink took it
};
class HttpClient {
 public:
  virtual ~HttpClient() = default;
  // kUnavailable naming host and port when nobody answers. A 2xx body goes to `sink` when given.
  virtual Result<ClientResponse> Send(const ClientRequest& request, ByteSink* sink = nullptr) = 0;
};
struct ClientOptions {
  std::chrono::milliseconds connect_max{5'000};
  std::chrono::milliseconds stall_max{120'000};
  std::size_t body_bytes_max = 256u << 20;  // without a sink; kResourceExhausted over it
};
// `base_url`: "http://127.0.0.1:8080".
Result<std::unique_ptr<HttpClient>> MakeHttpClient(std::string_view base_url,
                                                   ClientOptions options = {});

}  // namespace landfall::net
