#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/text.h"
#include "net/body.h"
#include "net/http_parse.h"
#include "net/net.h"
#include "net/wire.h"

namespace landfall::net {
namespace {

constexpr std::size_t kHeadBytesMax = 256 * 1024;
constexpr std::size_t kBlockBytes = 64 * 1024;

struct Address {
  std::string host, port;
  std::string name() const {
    return (host.find(':') == std::string::npos ? host : "[" + host + "]") + ":" + port;
  }
};

Result<Address> ParseBaseUrl(std::string_view url) {
  const Status bad =
      InvalidArgument("server URL \"" + std::string(url) + "\" is not http://HOST[:PORT]");
  if (url.starts_with("https://"))
    return Unimplemented("https is not implemented by this client: " + std::string(url));
  if (!url.starts_with("http://")) return bad;
  url.remove_prefix(7);
  if (url.ends_with('/')) url.remove_suffix(1);
  if (!IsAuthority(url)) return bad;
  Address address{.host = std::string(url), .port = "80"};
  const std::size_t colon = url.rfind(':');
  const std::size_t bracket = url.rfind(']');
  if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
    address.host = url.substr(0, colon);
    address.port = url.substr(colon + 1);
  }
  if (address.host.starts_with('[') && address.host.ends_with(']')) {
    address.host = address.host.substr(1, address.host.size() - 2);
  }
  const std::optional<std::int64_t> port = ParseInt64(address.port);
  if (address.host.empty() || !port || *port < 1 || *port > 65535) return bad;
  return address;
}

// One open connection.
struct Link {
  explicit Link(int fd, std::chrono::milliseconds stall_max) : wire(fd, stall_max) {}
  ~Link() { close(wire.fd()); }
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;
  Wire wire;
  Inbox inbox;
};

// 0, or the errno that says why not.
int ConnectWithin(int fd, const addrinfo& to, std::chrono::milliseconds bound) {
  if (connect(fd, to.ai_addr, to.ai_addrlen) == 0) return 0;
  if (errno != EINPROGRESS) return errno;
  pollfd entry{fd, POLLOUT, 0};
  if (poll(&entry, 1, static_cast<int>(bound.count())) <= 0) return ETIMEDOUT;
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
  return error;
}

Result<std::unique_ptr<Link>> Connect(const Address& address, const ClientOptions& options) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (const int rc = getaddrinfo(address.host.c_str(), address.port.c_str(), &hints, &found);
      rc != 0) {
    return Unavailable("cannot find " + address.name() + ": " + gai_strerror(rc));
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owned(found, &freeaddrinfo);
  int error = ECONNREFUSED;
  for (const addrinfo* to = found; to != nullptr; to = to->ai_next) {
    const int fd = socket(to->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return FromErrno(errno, "opening a socket");
    auto link = std::make_unique<Link>(fd, options.stall_max);
    error = ConnectWithin(fd, *to, options.connect_max);
    if (error != 0) continue;
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return link;
  }
  return Unavailable("cannot connect to " + address.name() + ": " + std::strerror(error));
}

Result<std::string> RequestText(const ClientRequest& request, const Address& address) {
  const bool plain = request.target.starts_with('/') &&
                     request.target.find_first_of(" \t") == std::string::npos &&
                     IsHeaderValue(request.target);
  if (!plain) return InvalidArgument("request target \"" + request.target + "\" is not a path");
  std::string text =
      std::string(MethodName(request.method)) + " " + request.target + " HTTP/1.1\r\n";
  if (!request.headers.Get("Host")) text += "Host: " + address.name() + "\r\n";
  for (const auto& [name, value] : request.headers.all()) {
    if (!IsHeaderName(name) || !IsHeaderValue(value))
      return InvalidArgument("request header " + name + " is malformed");
    if (EqualsIgnoreCase(name, "content-length") || EqualsIgnoreCase(name, "transfer-encoding"))
      continue;
    text += name + ": " + value + "\r\n";
  }
  const bool sized = request.source == nullptr || request.source_bytes.has_value();
  const std::uint64_t bytes =
      request.source == nullptr ? request.body.size() : request.source_bytes.value_or(0);
  const bool bodyless = request.method == Method::kGet || request.method == Method::kHead ||
                        request.method == Method::kDelete || request.method == Method::kOptions;
  if (!sized) {
    text += "Transfer-Encoding: chunked\r\n";
  } else if (bytes > 0 || !bodyless) {
    text += "Content-Length: " + std::to_string(bytes) + "\r\n";
  }
  return text + "\r\n";
}

class BlockingClient final : public HttpClient {
 public:
  BlockingClient(Address address, ClientOptions options)
      : address_(std::move(address)), options_(options) {}

  Result<ClientResponse> Send(const ClientRequest& request, ByteSink* sink) override {
    const std::string head = TRY(RequestText(request, address_));
    for (;;) {
      const bool kept = link_ != nullptr;
      if (!kept) link_ = TRY(Connect(address_, options_));
      Attempt attempt;
      Result<ClientResponse> response = Try(head, request, sink, attempt);
      if (response.ok() && attempt.keep) return response;
      link_.reset();
      // The server may close a kept connection at any time; that is no news to our caller.
      const bool again = !response.ok() && response.status().code() == Code::kUnavailable && kept &&
                         !attempt.answered && !attempt.source_read;
      if (!again)
        return response.ok() ? std::move(response)
                             : Result<ClientResponse>(Named(response.status()));
    }
  }

 private:
  struct Attempt {
    bool source_read = false;  // the body cannot be sent again
    bool answered = false;     // a byte of the answer has arrived
    bool keep = false;
  };

  Status Named(const Status& status) const {
    return status.code() == Code::kUnavailable || status.code() == Code::kDeadlineExceeded
               ? status.Annotate("talking to " + address_.name())
               : status;
  }

  Result<ClientResponse> Try(const std::string& head, const ClientRequest& request, ByteSink* sink,
                             Attempt& attempt) {
    Status source;
    const Status sent = SendAll(head, request, attempt, source);
    TRY(source);
    // A server may refuse before it has read everything; its answer says more than our broken
    // write.
    Result<ResponseHead> answer = ReadHead(request.method, attempt);
    if (!answer.ok()) return sent.ok() || attempt.answered ? answer.status() : sent;
    ClientResponse response;
    response.status = answer->status;
    response.headers = std::move(answer->headers);
    BodySource body(link_->wire, link_->inbox, {answer->framing, answer->body_bytes, false});
    TRY(ReadBodyInto(response, body, response.status / 100 == 2 ? sink : nullptr));
    attempt.keep = sent.ok() && answer->keep_alive && link_->inbox.empty();
    return response;
  }

  Status SendAll(const std::string& head, const ClientRequest& request, Attempt& attempt,
                 Status& source) {
    if (request.source == nullptr) {
      const std::array<std::string_view, 2> parts = {head, request.body};
      return link_->wire.Write(std::span<const std::string_view>(parts));
    }
    TRY(link_->wire.Write(head));
    const bool chunked = !request.source_bytes.has_value();
    std::vector<char> block(kBlockBytes);
    for (std::uint64_t sent = 0;;) {
      attempt.source_read = true;
      const Result<std::size_t> n = request.source->Read(block);
      source = n.status();
      if (n.ok() && !chunked &&
          (sent + *n > *request.source_bytes || (*n == 0 && sent < *request.source_bytes))) {
        source = InvalidArgument("the body has not the " + std::to_string(*request.source_bytes) +
                                 " bytes announced");
      }
      if (!source.ok()) return source;
      char size[32];
      const int digits = std::snprintf(size, sizeof size, "%zx\r\n", *n);
      const std::array<std::string_view, 3> parts = {
          chunked ? std::string_view(size, static_cast<std::size_t>(digits)) : "",
          {block.data(), *n},
          chunked ? "\r\n" : ""};
      TRY(link_->wire.Write(std::span<const std::string_view>(parts)));
      if (*n == 0) return {};
      sent += *n;
    }
  }

  // The head of the final answer; 1xx ones are dropped.
  Result<ResponseHead> ReadHead(Method method, Attempt& attempt) {
    std::array<char, 16 * 1024> block;
    for (std::size_t scanned = 0;;) {
      const std::string_view bytes = link_->inbox.view();
      const HeadScan scan = ScanHead(bytes, scanned);
      if (scan.state == HeadState::kMalformed)
        return InvalidArgument(address_.name() + " does not answer in HTTP/1");
      if (scan.state == HeadState::kComplete) {
        ResponseHead head = TRY(ParseResponseHead(bytes.substr(0, scan.bytes), method));
        link_->inbox.Consume(scan.bytes);
        scanned = 0;
        if (head.status >= 200 || head.status == 101) return head;
        continue;
      }
      scanned = bytes.size();
      if (bytes.size() > kHeadBytesMax)
        return ResourceExhausted("the head of an answer is too long");
      const std::size_t n = TRY(link_->wire.Read(block));
      if (n == 0) return Unavailable("the server closed the connection without an answer");
      attempt.answered = true;
      link_->inbox.Append({block.data(), n});
    }
  }

  Status ReadBodyInto(ClientResponse& response, BodySource& body, ByteSink* sink) {
    std::vector<char> block(kBlockBytes);
    for (;;) {
      const std::size_t n = TRY(body.Read(block));
      if (n == 0) return {};
      if (sink != nullptr) {
        TRY(sink->Write({block.data(), n}));
      } else if (response.body.size() + n > options_.body_bytes_max) {
        return ResourceExhausted("the answer is over " + std::to_string(options_.body_bytes_max) +
                                 " bytes");
      } else {
        response.body.append(block.data(), n);
      }
    }
  }

  const Address address_;
  const ClientOptions options_;
  std::unique_ptr<Link> link_;
};

}  // namespace

Result<std::unique_ptr<HttpClient>> MakeHttpClient(std::string_view base_url,
                                                   ClientOptions options) {
  return std::unique_ptr<HttpClient>(
      std::make_unique<BlockingClient>(TRY(ParseBaseUrl(base_url)), options));
}

}  // namespace landfall::net
