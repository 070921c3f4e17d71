#include "net/test_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "base/text.h"
#include "net/http_parse.h"

namespace landfall::net {
namespace {

constexpr int kPatienceMs = 10'000;

}  // namespace

bool Eventually(const std::function<bool()>& condition) {
  for (int left_ms = kPatienceMs; left_ms > 0; left_ms -= 2) {
    if (condition()) return true;
    poll(nullptr, 0, 2);
  }
  return condition();
}

RawClient::RawClient(std::uint16_t port) : fd_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(connect(fd_, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0);
  const int on = 1;
  setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

RawClient::~RawClient() { Close(); }

void RawClient::Close() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

void RawClient::Abort() {
  const linger abort{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
  Close();
}

bool RawClient::Send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void RawClient::FinishSending() { shutdown(fd_, SHUT_WR); }

bool RawClient::Fill() {
  pollfd entry{fd_, POLLIN, 0};
  CHECK(poll(&entry, 1, kPatienceMs) == 1);  // the server must answer or close
  std::array<char, 65536> block;
  const ssize_t n = recv(fd_, block.data(), block.size(), 0);
  if (n < 0 && errno == ECONNRESET) reset_ = true;
  if (n <= 0) return false;
  pending_.append(block.data(), static_cast<std::size_t>(n));
  return true;
}

std::string RawClient::ReadSome() {
  if (pending_.empty()) Fill();
  return std::exchange(pending_, {});
}

std::string RawClient::ReadToEnd() {
  while (Fill()) {
  }
  return std::exchange(pending_, {});
}

std::string RawClient::ReadAnswer(bool to_head) {
  std::size_t end = 0;
  while ((end = pending_.find("\r\n\r\n")) == std::string::npos) {
    if (!Fill()) return std::exchange(pending_, {});
  }
  end += 4;
  const Result<ResponseHead> head = ParseResponseHead(std::string_view(pending_).substr(0, end),
                                                      to_head ? Method::kHead : Method::kGet);
  CHECK(head.ok());
  if (head->framing == Framing::kUntilClose) return ReadToEnd();
  if (head->framing == Framing::kLength) {
    end += static_cast<std::size_t>(head->body_bytes);
    while (pending_.size() < end) {
      if (!Fill()) return std::exchange(pending_, {});
    }
  }
  ChunkDecoder chunks;
  while (head->framing == Framing::kChunked && !chunks.done()) {
    const Result<ChunkDecoder::Piece> piece = chunks.Take(std::string_view(pending_).substr(end));
    CHECK(piece.ok());
    end += piece->consumed;
    if (piece->consumed == 0 && !chunks.done() && !Fill()) return std::exchange(pending_, {});
  }
  std::string answer = pending_.substr(0, end);
  pending_.erase(0, end);
  return answer;
}

TestServer::TestServer(ServerOptions o) : options(std::move(o)) {
  options.port = 0;
  api.name = "test";
  api.render_error = [](const Request&, const Status& status) {
    return TextResponse("error: " + status.message(), HttpStatusOf(status.code()));
  };
}

void TestServer::Add(Method method, std::string pattern, Handler handler) {
  std::string name = "test." + std::to_string(api.routes.size());
  api.routes.push_back({method, std::move(pattern), std::move(name), std::move(handler)});
}

void TestServer::Start() {
  router.Add(std::move(api));
  server = Listen(options, router, clock, log, metrics).value();
}

Response TextResponse(std::string body, int status) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  return response;
}

std::string BodyOf(const std::string& answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  return end == std::string::npos ? answer : answer.substr(end + 4);
}

Result<std::size_t> PatternSource::Read(std::span<char> out) {
  const std::size_t n = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left_));
  std::fill_n(out.begin(), n, 'x');
  left_ -= n;
  return n;
}

}  // namespace landfall::net
