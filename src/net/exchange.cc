#include "net/exchange.h"

#include <algorithm>

#include "base/json.h"
#include "net/http_parse.h"
#include "net/response.h"

namespace landfall::net {
namespace {

constexpr std::uint64_t kDrainBytesMax = 256 * 1024;  // of a body that its handler did not read
constexpr int kTurnRequestsMax = 32;  // pipelined requests served before others have their turn

// SETTINGS (empty), then GOAWAY with HTTP_1_1_REQUIRED (0xd) and a text that clients log.
std::string Http2Refusal() {
  constexpr std::string_view kText = "HTTP/2 is not served on this port; use HTTP/1.1";
  std::string frames(9, '\0');
  frames[3] = 4;
  std::string goaway(9 + 8, '\0');
  goaway[2] = static_cast<char>(8 + kText.size());
  goaway[3] = 7;
  goaway[16] = 0xd;
  return frames + goaway + std::string(kText);
}

Response PlainRefusal(int status, std::string_view message) {
  Response response;
  response.status = status;
  response.headers.Set("Content-Type", "application/json; charset=UTF-8");
  response.body = ToText(Json{{"error", {{"code", status}, {"message", message}}}});
  return response;
}

// An answer to something that did not become a request.
After Refuse(Site& site, Connection& connection, int status, std::string_view message) {
  Response response = PlainRefusal(status, message);
  Answering answering{.keep_alive = false};
  const bool sent = WriteResponse(connection.wire, response, answering, site.clock.Now()).ok();
  site.log.Debug("http_refused",
                 {{"peer", connection.peer}, {"status", status}, {"message", message}});
  site.metrics.Count(0, status, 0);
  if (sent) connection.wire.Linger();
  return After::kClose;
}

void SkipBlankLines(Inbox& inbox) {
  while (inbox.view().starts_with("\r\n")) inbox.Consume(2);
}

std::string TraceOf(const Headers& headers, const Connection& connection) {
  // "TRACE_ID/SPAN_ID;o=1", as Google's front ends pass it on.
  if (const auto trace = headers.Get("X-Cloud-Trace-Context"))
    return std::string(trace->substr(0, trace->find('/')));
  return std::to_string(connection.id) + "-" + std::to_string(connection.requests);
}

class Exchange {
 public:
  Exchange(Site& site, Connection& connection, RequestHead head)
      : site_(site),
        connection_(connection),
        head_(std::move(head)),
        body_(connection.wire, connection.inbox,
              {head_.framing, head_.body_bytes, head_.expect_continue}),
        start_(site.clock.Monotonic()) {}

  After Run() {
    Request request = MakeRequest();
    Response response = site_.router.Dispatch(request);
    Finish(request, response);
    if (response.reset) {
      connection_.wire.ResetOnClose();
      Note(request, response, Cancelled("reset on purpose"), 0);
      return After::kClose;
    }
    Answering answering{
        .head_only = head_.method == Method::kHead,
        .http11 = head_.http11,
        .keep_alive = head_.keep_alive && !site_.draining.load() && BodyMayBeDrained()};
    const Result<std::uint64_t> sent =
        WriteResponse(connection_.wire, response, answering, site_.clock.Now());
    Note(request, response, sent.status(), sent.ok() ? *sent : 0);
    if (!sent.ok()) return After::kClose;
    if (answering.keep_alive && body_.Drain(kDrainBytesMax)) return After::kIdle;
    if (!body_.done()) connection_.wire.Linger();
    return After::kClose;
  }

 private:
  Request MakeRequest() {
    Request request;
    request.method = head_.method;
    request.target = std::move(head_.target);
    request.headers = std::move(head_.headers);
    if (!request.headers.Get("Host")) request.headers.Add("Host", site_.authority);
    if (head_.framing == Framing::kLength) request.content_length = head_.body_bytes;
    request.body = &body_;
    request.peer = connection_.peer;
    request.context.trace_id = TraceOf(request.headers, connection_);
    request.context.stop = connection_.stop.get_token();
    return request;
  }

  // What can still go wrong before the first byte of the answer becomes an error answer.
  void Finish(const Request& request, Response& response) {
    if (response.reset) return;
    Status bad = CheckHeaders(response);
    if (!bad.ok()) bad = Internal(bad.message());
    if (bad.ok() && head_.method != Method::kHead) bad = PrefetchStream(response);
    if (bad.ok()) return;
    response = site_.router.RenderError(request, bad);
    if (!CheckHeaders(response).ok()) response = PlainRefusal(500, "internal error");
    response.fault = bad.ToString();
  }

  bool BodyMayBeDrained() const {
    if (body_.done()) return true;
    if (body_.unasked()) return false;
    return head_.framing == Framing::kChunked || body_.bytes_left() <= kDrainBytesMax;
  }

  void Note(const Request& request, const Response& response, const Status& written,
            std::uint64_t bytes) {
    const std::int64_t us = (site_.clock.Monotonic() - start_).count();
    site_.metrics.Count(request.api, response.status, static_cast<double>(us) / 1e6);
    const Severity severity = response.status >= 500 ? Severity::kInfo : Severity::kDebug;
    if (!site_.log.enabled(severity)) return;
    const LogFields fields = {{"method", MethodName(request.method)},
                              {"path", request.path},
                              {"route", request.route_name},
                              {"status", response.status},
                              {"bytes", bytes},
                              {"ms", static_cast<double>(us) / 1e3},
                              {"peer", request.peer},
                              {"trace", request.context.trace_id},
                              {"error", written.ok() ? response.fault : written.ToString()}};
    if (severity == Severity::kInfo) {
      site_.log.Info("http_request", fields);
    } else {
      site_.log.Debug("http_request", fields);
    }
  }

  Site& site_;
  Connection& connection_;
  RequestHead head_;
  BodySource body_;
  const MonotonicTime start_;
};

After ServeOne(Site& site, Connection& connection) {
  const std::string_view bytes = connection.inbox.view();
  ++connection.requests;
  if (connection.over_limit) {
    return Refuse(
        site, connection, 503,
        "too many connections; the limit is " + std::to_string(site.options.connections_max));
  }
  switch (Sniff(bytes)) {
    case Protocol::kTls:
      return Refuse(site, connection, 400, "this port speaks plain HTTP/1.1, not TLS");
    case Protocol::kHttp2:
      if (connection.wire.Write(Http2Refusal()).ok()) connection.wire.Linger();
      return After::kClose;
    case Protocol::kUndecided:
    case Protocol::kHttp1:
      break;
  }
  const HeadScan scan = ScanHead(bytes);
  if (scan.state == HeadState::kMalformed) {
    return Refuse(site, connection, 400,
                  "malformed request head: a line does not end with CRLF, or no method");
  }
  if (scan.state == HeadState::kIncomplete || scan.bytes > site.options.head_bytes_max) {
    return Refuse(
        site, connection, 431,
        "the request head is over " + std::to_string(site.options.head_bytes_max) + " bytes");
  }
  Result<RequestHead> head = ParseRequestHead(bytes.substr(0, scan.bytes));
  if (!head.ok())
    return Refuse(site, connection, HttpStatusOfHeadError(head.status()), head.status().message());
  connection.inbox.Consume(scan.bytes);
  connection.scanned = 0;
  return Exchange(site, connection, std::move(*head)).Run();
}

}  // namespace

HttpMetrics::HttpMetrics(const Router& router, Metrics& metrics)
    : connections(metrics.AddGauge("landfall_http_connections", "Open client connections.")),
      seconds_(metrics.AddHistogram("landfall_http_request_seconds",
                                    "From the whole head to the end of the answer.")) {
  std::vector<std::string> apis = router.Apis();
  apis.insert(apis.begin(), "none");
  for (const std::string& api : apis) {
    std::array<Counter*, 5>& counters = by_api_.emplace_back();
    for (std::size_t i = 0; i < counters.size(); ++i) {
      const std::string labels = "api=\"" + api + "\",code=\"" + std::to_string(i + 1) + "xx\"";
      counters[i] =
          &metrics.AddCounter("landfall_http_requests_total", "Requests answered.", labels);
    }
  }
}

void HttpMetrics::Count(std::size_t api, int status, double seconds) {
  const std::size_t code_class = static_cast<std::size_t>(std::clamp(status / 100, 1, 5) - 1);
  by_api_[api < by_api_.size() ? api : 0][code_class]->Add();
  seconds_.Observe(seconds);
}

bool IsReady(Connection& connection, std::size_t head_bytes_max) {
  SkipBlankLines(connection.inbox);
  const std::string_view bytes = connection.inbox.view();
  if (bytes.empty() || bytes == "\r") return false;
  if (connection.over_limit) return true;
  switch (Sniff(bytes)) {
    case Protocol::kUndecided:
      return false;
    case Protocol::kTls:
    case Protocol::kHttp2:
      return true;
    case Protocol::kHttp1:
      break;
  }
  const HeadScan scan = ScanHead(bytes, connection.scanned);
  if (scan.state != HeadState::kIncomplete) return true;
  connection.scanned = bytes.size();
  return bytes.size() > head_bytes_max;
}

After Serve(Site& site, Connection& connection) {
  std::array<char, 16 * 1024> block;
  for (int served = 0; served < kTurnRequestsMax; ++served) {
    const After after = ServeOne(site, connection);
    if (after != After::kIdle) return after;
    connection.scanned = 0;
    if (IsReady(connection, site.options.head_bytes_max)) continue;
    const auto n = connection.wire.ReadReady(block);
    if (!n) return After::kIdle;
    if (!n->ok() || **n == 0) return After::kClose;
    connection.inbox.Append({block.data(), **n});
    if (!IsReady(connection, site.options.head_bytes_max)) return After::kIdle;
  }
  return After::kAgain;
}

}  // namespace landfall::net
