// Headers and requests as handlers see them.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "net/http_parse.h"
#include "net/net.h"

namespace landfall::net {
namespace {

// Lets Gunzip(), which wants to own its input, read a body that the connection owns.
class BorrowedSource final : public ByteSource {
 public:
  explicit BorrowedSource(ByteSource& source) : source_(source) {}
  Result<std::size_t> Read(std::span<char> out) override { return source_.Read(out); }

 private:
  ByteSource& source_;
};

bool IsLoopback(std::string_view peer) {
  return peer.starts_with("127.") || peer.starts_with("[::1]:") || peer.starts_with("[::ffff:127.");
}

// The first element of a list header, which the proxy nearest to the client wrote.
std::string_view FirstElement(std::string_view list) {
  return Trim(list.substr(0, list.find(',')));
}

Status TooLarge(std::size_t bytes_max) {
  return ResourceExhausted("request body is over " + std::to_string(bytes_max) + " bytes",
                           "uploadTooLarge");
}

}  // namespace

std::string_view MethodName(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kHead:
      return "HEAD";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kPatch:
      return "PATCH";
    case Method::kDelete:
      return "DELETE";
    case Method::kOptions:
      return "OPTIONS";
    case Method::kConnect:
      return "CONNECT";
    case Method::kOther:
      return "OTHER";
  }
  return "OTHER";
}

std::optional<std::string_view> Headers::Get(std::string_view name) const {
  for (const auto& [key, value] : all_) {
    if (EqualsIgnoreCase(key, name)) return value;
  }
  return std::nullopt;
}

void Headers::Set(std::string_view name, std::string_view value) {
  std::erase_if(all_, [&](const auto& header) { return EqualsIgnoreCase(header.first, name); });
  Add(name, value);
}

void Headers::Add(std::string_view name, std::string_view value) { all_.emplace_back(name, value); }

std::optional<std::string_view> Request::Query(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::vector<std::string_view> Request::QueryAll(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : query) {
    if (key == name) values.push_back(value);
  }
  return values;
}

std::string_view Request::Param(std::string_view name) const {
  const auto it = std::find_if(params.begin(), params.end(),
                               [&](const auto& param) { return param.first == name; });
  CHECK(it != params.end());
  return it->second;
}

std::string Request::BaseUrl() const {
  std::string_view scheme = "http";
  std::string_view host = headers.Get("Host").value_or("localhost");
  if (IsLoopback(peer)) {
    const std::string_view proto = FirstElement(headers.Get("X-Forwarded-Proto").value_or(""));
    if (proto == "http" || proto == "https") scheme = proto;
    const std::string_view forwarded = FirstElement(headers.Get("X-Forwarded-Host").value_or(""));
    if (IsAuthority(forwarded)) host = forwarded;
  }
  return std::string(scheme) + "://" + std::string(host);
}

Result<std::string> ReadBody(Request& request, std::size_t bytes_max) {
  const std::string_view coding = request.headers.Get("Content-Encoding").value_or("identity");
  const bool gzip = EqualsIgnoreCase(coding, "gzip") || EqualsIgnoreCase(coding, "x-gzip");
  if (!gzip && !EqualsIgnoreCase(coding, "identity") && !coding.empty()) {
    return InvalidArgument("Content-Encoding \"" + std::string(coding) + "\" is not gzip",
                           "invalid", "Content-Encoding");
  }
  if (gzip) {
    const std::unique_ptr<ByteSource> plain =
        Gunzip(std::make_unique<BorrowedSource>(*request.body));
    return ReadAll(*plain, bytes_max, "request body");
  }
  if (request.content_length.value_or(0) > bytes_max) return TooLarge(bytes_max);
  // Grows with what has arrived, not with what the client announced.
  constexpr std::size_t kStepBytes = 64 * 1024;
  std::string body;
  for (;;) {
    const std::size_t have = body.size();
    const std::size_t expected =
        static_cast<std::size_t>(request.content_length.value_or(kStepBytes));
    const std::size_t step =
        expected > have ? std::min(expected - have, kStepBytes) : std::size_t{1};
    body.resize(have + step);
    const std::size_t n = TRY(request.body->Read(std::span(body.data() + have, step)));
    body.resize(have + n);
    if (n == 0) return body;
    if (body.size() > bytes_max) return TooLarge(bytes_max);
  }
}

}  // namespace landfall::net
