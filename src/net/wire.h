// A connected socket used by one thread at a time: non-blocking underneath, blocking with a bound
// to its user.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/status.h"

namespace landfall::net {

// Does not own the descriptor. No call raises SIGPIPE except SendFile: its threads block that
// signal. Errors: kUnavailable when the peer is gone, kDeadlineExceeded after stall_max without a
// byte.
class Wire {
 public:
  Wire(int fd, std::chrono::milliseconds stall_max) : fd_(fd), stall_max_(stall_max) {}

  // Blocks for at least a byte; 0 when the peer has closed its side.
  Result<std::size_t> Read(std::span<char> out);
  // Only what is already there; nullopt when nothing is.
  std::optional<Result<std::size_t>> ReadReady(std::span<char> out);
  // The peer has closed and nothing it sent is left to read. Any thread.
  bool PeerIsGone() const;
  // All parts (at most 4), in order. `more`: hold back a last short packet, because more follows at
  // once.
  Status Write(std::span<const std::string_view> parts, bool more = false);
  Status Write(std::string_view bytes) { return Write(std::span(&bytes, 1)); }
  Status SendFile(int file_fd, std::uint64_t offset, std::uint64_t bytes);

  // Says goodbye to a peer that may still be sending: closing at once would reset the connection
  // and could destroy the answer before it is read. Bounded in bytes and time.
  void Linger();
  void ResetOnClose();

  int fd() const { return fd_; }

 private:
  Status WaitFor(short events);
  int fd_;
  std::chrono::milliseconds stall_max_;
};

}  // namespace landfall::net
