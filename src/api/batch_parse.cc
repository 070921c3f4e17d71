#include <algorithm>

#include "api/batch.h"
#include "base/text.h"
#include "net/net.h"

namespace landfall::api {
namespace {

constexpr std::size_t kBoundaryBytesMax = 256;

Status Malformed(std::string_view why) {
  return InvalidArgument("Malformed batch request: " + std::string(why), "parseError");
}

Result<std::string> BoundaryOf(std::string_view content_type) {
  const auto parts = Split(content_type, ';');
  if (!EqualsIgnoreCase(Trim(parts[0]), "multipart/mixed")) {
    return InvalidArgument("a batch needs Content-Type multipart/mixed, not \"" +
                               std::string(Trim(parts[0]).substr(0, 100)) + "\"",
                           "badRequest", "Content-Type");
  }
  for (std::string_view part : parts) {
    part = Trim(part);
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos || !EqualsIgnoreCase(part.substr(0, equals), "boundary"))
      continue;
    std::string_view value = Trim(part.substr(equals + 1));
    if (value.size() >= 2 && value.front() == '"' && value.back() == '"')
      value = value.substr(1, value.size() - 2);
    if (!value.empty() && value.size() <= kBoundaryBytesMax) return std::string(value);
  }
  return InvalidArgument("multipart/mixed needs a boundary parameter", "badRequest",
                         "Content-Type");
}

// Cuts the next line off; both line ends are fine, as Python writes LF.
std::string_view NextLine(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  std::string_view line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

// Header lines up to an empty one, or to the end.
Status TakeHeaders(std::string_view& rest, net::Headers& headers) {
  while (!rest.empty()) {
    const std::string_view line = NextLine(rest);
    if (line.empty()) return {};
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || Trim(line.substr(0, colon)).empty())
      return Malformed("a header line has no name");
    headers.Add(Trim(line.substr(0, colon)), Trim(line.substr(colon + 1)));
  }
  return {};
}

// The bodies between boundaries, without the line end that belongs to the boundary.
Result<std::vector<std::string_view>> Parts(std::string_view body, const std::string& boundary) {
  const std::string dashed = "--" + boundary;
  std::vector<std::string_view> parts;
  std::string_view rest = body;
  const char* begin = nullptr;  // of the part that is open
  while (!rest.empty()) {
    const char* const line_begin = rest.data();
    const std::string_view line = NextLine(rest);
    if (!line.starts_with(dashed)) continue;
    const std::string_view tail = Trim(line.substr(dashed.size()));
    if (!tail.empty() && tail != "--") continue;
    if (begin != nullptr) {
      std::string_view part(begin, static_cast<std::size_t>(line_begin - begin));
      if (part.ends_with('\n')) part.remove_suffix(1);
      if (part.ends_with('\r')) part.remove_suffix(1);
      parts.push_back(part);
    }
    if (tail == "--") return parts;
    begin = rest.data();
    if (parts.size() > kBatchCallsMax) break;
  }
  if (parts.size() > kBatchCallsMax) return parts;  // the caller names the limit
  return Malformed("the closing boundary is missing");
}

net::Method MethodOf(std::string_view name) {
  for (const net::Method method : {net::Method::kGet, net::Method::kHead, net::Method::kPost,
                                   net::Method::kPut, net::Method::kPatch, net::Method::kDelete}) {
    if (net::MethodName(method) == name) return method;
  }
  return net::Method::kOther;
}

// "/path?query" of a path or of an absolute URL.
std::string_view TargetOf(std::string_view url) {
  if (url.starts_with('/')) return url;
  if (!url.starts_with("http://") && !url.starts_with("https://")) return {};
  const std::size_t slash = url.find('/', url.find("//") + 2);
  return slash == std::string_view::npos ? std::string_view() : url.substr(slash);
}

Status ParseInner(std::string_view text, BatchCall& call) {
  while (text.starts_with('\r') || text.starts_with('\n')) text.remove_prefix(1);
  const std::string_view line = NextLine(text);
  const std::size_t first = line.find(' '), last = line.rfind(' ');
  if (first == std::string_view::npos) return Malformed("a part has no request line");
  call.method = MethodOf(line.substr(0, first));
  if (call.method == net::Method::kOther) {
    return Malformed("\"" + std::string(line.substr(0, std::min<std::size_t>(first, 20))) +
                     "\" is not a method");
  }
  const bool versioned = last > first && line.substr(last + 1).starts_with("HTTP/");
  if (versioned && line.substr(last + 1, 7) != "HTTP/1.") return Malformed("a part is not HTTP/1");
  const std::string_view url =
      Trim(line.substr(first + 1, versioned ? last - first - 1 : std::string_view::npos));
  call.target = TargetOf(url);
  if (call.target.empty() || call.target.find(' ') != std::string::npos)
    return Malformed("a part's URL is neither a path nor an http URL");
  TRY(TakeHeaders(text, call.headers));
  call.body = text;
  if (const auto length = call.headers.Get("Content-Length")) {
    const auto bytes = ParseInt64(*length);
    if (!bytes || *bytes < 0) return Malformed("a part's Content-Length is no number");
    // Line ends behind the body belong to the multipart format.
    if (static_cast<std::uint64_t>(*bytes) < call.body.size())
      call.body.resize(static_cast<std::size_t>(*bytes));
  }
  return {};
}

}  // namespace

Result<std::vector<BatchCall>> ParseBatch(std::string_view content_type, std::string_view body) {
  const auto parts = TRY(Parts(body, TRY(BoundaryOf(content_type))));
  if (parts.empty()) return Malformed("it has no parts");
  if (parts.size() > kBatchCallsMax) {
    return InvalidArgument(
        "The batch request has over " + std::to_string(kBatchCallsMax) + " calls", "badRequest");
  }
  std::vector<BatchCall> calls;
  for (std::string_view part : parts) {
    net::Headers headers;
    TRY(TakeHeaders(part, headers));
    const std::string_view type = headers.Get("Content-Type").value_or("");
    if (!EqualsIgnoreCase(Trim(type.substr(0, type.find(';'))), "application/http"))
      return Malformed("a part's Content-Type must be application/http");
    BatchCall& call = calls.emplace_back();
    call.content_id = headers.Get("Content-ID").value_or("");
    TRY(ParseInner(part, call));
  }
  return calls;
}

}  // namespace landfall::api
