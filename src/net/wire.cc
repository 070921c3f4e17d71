#include "net/wire.h"

#include <poll.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>

namespace landfall::net {
namespace {

constexpr std::size_t kPartsMax = 4;
constexpr std::size_t kLingerBytesMax = 8u << 20;
constexpr std::chrono::milliseconds kLingerMax{2'000};
constexpr std::size_t kSendFileStepBytes = 1u << 30;

Status Lost(int error_number) {
  return Unavailable(std::string("the connection is lost: ") + std::strerror(error_number));
}

bool WouldBlock(int error_number) { return error_number == EAGAIN || error_number == EWOULDBLOCK; }

}  // namespace

Status Wire::WaitFor(short events) {
  pollfd entry{fd_, events, 0};
  for (;;) {
    const int n = poll(&entry, 1, static_cast<int>(stall_max_.count()));
    if (n > 0) return {};
    if (n == 0) {
      return DeadlineExceeded("the peer did not move a byte for " +
                              std::to_string(stall_max_.count()) + " ms");
    }
    if (errno != EINTR) return Lost(errno);
  }
}

std::optional<Result<std::size_t>> Wire::ReadReady(std::span<char> out) {
  for (;;) {
    const ssize_t n = recv(fd_, out.data(), out.size(), MSG_DONTWAIT);
    if (n >= 0) return Result<std::size_t>(static_cast<std::size_t>(n));
    if (WouldBlock(errno)) return std::nullopt;
    if (errno != EINTR) return Result<std::size_t>(Lost(errno));
  }
}

bool Wire::PeerIsGone() const {
  char byte = 0;
  const ssize_t n = recv(fd_, &byte, 1, MSG_DONTWAIT | MSG_PEEK);
  return n == 0 || (n < 0 && !WouldBlock(errno) && errno != EINTR);
}

Result<std::size_t> Wire::Read(std::span<char> out) {
  for (;;) {
    if (auto ready = ReadReady(out)) return std::move(*ready);
    TRY(WaitFor(POLLIN));
  }
}

Status Wire::Write(std::span<const std::string_view> parts, bool more) {
  CHECK(parts.size() <= kPartsMax);
  std::array<iovec, kPartsMax> vectors{};
  std::size_t count = 0;
  for (const std::string_view part : parts) {
    if (!part.empty()) vectors[count++] = {const_cast<char*>(part.data()), part.size()};
  }
  iovec* next = vectors.data();
  while (count > 0) {
    msghdr message{};
    message.msg_iov = next;
    message.msg_iovlen = count;
    ssize_t n = sendmsg(fd_, &message, MSG_NOSIGNAL | MSG_DONTWAIT | (more ? MSG_MORE : 0));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && !WouldBlock(errno)) return Lost(errno);
    if (n < 0) {
      TRY(WaitFor(POLLOUT));
      continue;
    }
    while (count > 0 && static_cast<std::size_t>(n) >= next->iov_len) {
      n -= static_cast<ssize_t>(next->iov_len);
      ++next;
      --count;
    }
    if (count > 0) {
      next->iov_base = static_cast<char*>(next->iov_base) + n;
      next->iov_len -= static_cast<std::size_t>(n);
    }
  }
  return {};
}

Status Wire::SendFile(int file_fd, std::uint64_t offset, std::uint64_t bytes) {
  off_t at = static_cast<off_t>(offset);
  while (bytes > 0) {
    const ssize_t n =
        sendfile(fd_, file_fd, &at, std::min<std::uint64_t>(bytes, kSendFileStepBytes));
    if (n > 0) {
      bytes -= static_cast<std::uint64_t>(n);
    } else if (n == 0) {
      return DataLoss("the file is " + std::to_string(bytes) + " bytes shorter than announced");
    } else if (WouldBlock(errno)) {
      TRY(WaitFor(POLLOUT));
    } else if (errno != EINTR) {
      return Lost(errno);
    }
  }
  return {};
}

void Wire::Linger() {
  shutdown(fd_, SHUT_WR);
  const auto end = std::chrono::steady_clock::now() + kLingerMax;
  std::array<char, 16 * 1024> sink;
  for (std::size_t bytes = 0; bytes < kLingerBytesMax;) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return;
    if (!Wire(fd_, std::min(left, stall_max_)).WaitFor(POLLIN).ok()) return;
    const auto n = ReadReady(sink);
    if (!n) continue;
    if (!n->ok() || **n == 0) return;
    bytes += **n;
  }
}

void Wire::ResetOnClose() {
  const linger abort{1, 0};
  setsockopt(fd_, SOL_SOCKET, SO_LINGER, &abort, sizeof abort);
}

}  // namespace landfall::net
