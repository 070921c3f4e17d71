// Batch requests: every part goes through the router as if it had come alone.
#include "api/batch.h"

#include <algorithm>

#include "api/api.h"
#include "api/json_error.h"
#include "base/random.h"
#include "base/text.h"

namespace landfall::api {
namespace {

// Headers of the whole that say nothing about a part of it.
bool IsOfTheWhole(std::string_view name) {
  constexpr std::string_view kOwn[] = {"connection", "transfer-encoding", "expect", "te", "host"};
  const std::string lower = AsciiLower(name);
  return lower.starts_with("content-") ||
         std::find(std::begin(kOwn), std::end(kOwn), lower) != std::end(kOwn);
}

// Where the JSON APIs are. The XML API, media and other batches have no place in a batch.
constexpr std::string_view kJsonPrefixes[] = {"/storage/v1/", "/b",   "/bigquery/v2/",
                                              "/projects",    "/v1/", "/v2/"};

Status RefuseCall(const BatchCall& call) {
  const std::string_view target = call.target;
  const std::string_view path = target.substr(0, target.find('?'));
  bool json = false;
  for (const std::string_view prefix : kJsonPrefixes) {
    // "/b" is a whole segment.
    json = json || path == prefix ||
           (path.starts_with(prefix) && (prefix.ends_with('/') || path[prefix.size()] == '/'));
  }
  const std::string_view query =
      path.size() < target.size() ? target.substr(path.size() + 1) : std::string_view();
  for (const std::string_view parameter : Split(query, '&')) {
    if (parameter == "alt=media") json = false;
  }
  if (json) return {};
  return InvalidArgument(
      "Uploads, downloads and what is no call of a JSON API are not allowed in a batch",
      "badRequest");
}

net::Request InnerRequest(const net::Request& outer, const BatchCall& call) {
  net::Request inner;
  inner.method = call.method;
  inner.target = call.target;
  // The outer parameters apply unless the part has them.
  for (const auto& [name, value] : outer.query) {
    const std::string pair = PercentEncode(name) + "=" + PercentEncode(value);
    const bool given = call.target.find("?" + PercentEncode(name) + "=") != std::string::npos ||
                       call.target.find("&" + PercentEncode(name) + "=") != std::string::npos;
    if (given) continue;
    inner.target += (inner.target.find('?') == std::string::npos ? "?" : "&") + pair;
  }
  inner.headers = call.headers;
  for (const auto& [name, value] : outer.headers.all()) {
    if (!IsOfTheWhole(name) && !call.headers.Get(name)) inner.headers.Add(name, value);
  }
  inner.headers.Set("Host", outer.headers.Get("Host").value_or("localhost"));
  inner.content_length = call.body.size();
  inner.peer = outer.peer;
  inner.context = outer.context;
  return inner;
}

Result<std::string> TextOf(net::Response& response) {
  if (auto* text = std::get_if<std::string>(&response.body)) return std::move(*text);
  return InvalidArgument("Downloads are not allowed in a batch", "badRequest");
}

struct Answered {
  net::Response response;
  std::string body;
};

Answered Run(const net::Router& router, const net::Request& outer, const BatchCall& call) {
  net::Request inner = InnerRequest(outer, call);
  StringSource body(call.body);
  inner.body = &body;
  Answered answered;
  Status refused = RefuseCall(call);
  if (refused.ok()) {
    answered.response = router.Dispatch(inner);
    if (answered.response.reset) return answered;
    Result<std::string> text = TextOf(answered.response);
    if (text.ok()) answered.body = std::move(*text);
    refused = text.status();
  }
  if (!refused.ok()) {
    answered.response = JsonErrorResponse(refused, ErrorShape::kPlain);
    answered.body = std::get<std::string>(answered.response.body);
  }
  if (call.method == net::Method::kHead) answered.body.clear();
  return answered;
}

Result<net::Response> Serve(const net::Router& router, net::Request& request) {
  const std::string body = TRY(net::ReadBody(request, kBatchBytesMax));
  const auto calls = TRY(ParseBatch(request.headers.Get("Content-Type").value_or(""), body));
  SystemRandom random;
  const std::string boundary = "batch_" + RandomHex(random, 16);
  std::string text;
  for (const BatchCall& call : calls) {
    const Answered answered = Run(router, request, call);
    if (answered.response.reset) {
      net::Response reset;
      reset.reset = true;
      return reset;
    }
    text += "--" + boundary + "\r\n" + BatchPart(call, answered.response, answered.body) + "\r\n";
    if (text.size() > kBatchAnswerBytesMax)
      return ResourceExhausted("the answer of the batch is over 64 MiB; ask for fewer calls");
  }
  net::Response response;
  response.headers.Set("Content-Type", "multipart/mixed; boundary=" + boundary);
  response.body = text + "--" + boundary + "--\r\n";
  return response;
}

}  // namespace

std::string BatchPart(const BatchCall& call, const net::Response& response, std::string_view body) {
  std::string text = "Content-Type: application/http\r\n";
  if (!call.content_id.empty()) {
    std::string_view id = call.content_id;
    const bool bracketed = id.starts_with('<') && id.ends_with('>') && id.size() > 2;
    if (bracketed) id = id.substr(1, id.size() - 2);
    text.append("Content-ID: ").append(bracketed ? "<" : "").append("response-").append(id);
    text.append(bracketed ? ">" : "").append("\r\n");
  }
  text += "\r\nHTTP/1.1 " + std::to_string(response.status) + " ";
  text.append(net::ReasonPhrase(response.status)).append("\r\n");
  for (const auto& [name, value] : response.headers.all()) {
    if (!EqualsIgnoreCase(name, "content-length")) text += name + ": " + value + "\r\n";
  }
  text += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  return text.append(body);
}

net::Api MakeBatch(const net::Router& router) {
  net::Api api;
  api.name = "batch";
  const auto serve = [&router](net::Request& request) { return Serve(router, request); };
  for (const char* pattern : {"/batch", "/batch/{api}/{version}"}) {
    api.routes.push_back({net::Method::kPost, pattern, "batch", serve});
  }
  api.render_error = [](const net::Request&, const Status& error) {
    return JsonErrorResponse(error, ErrorShape::kPlain);
  };
  return api;
}

}  // namespace landfall::api
