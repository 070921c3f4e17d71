// The body of one message, read off a wire.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "net/http_parse.h"
#include "net/wire.h"

namespace landfall::net {

// Bytes that have arrived and nobody has consumed yet. What one message leaves belongs to the next.
class Inbox {
 public:
  std::string_view view() const { return std::string_view(bytes_).substr(at_); }
  bool empty() const { return at_ == bytes_.size(); }
  void Append(std::string_view bytes) { bytes_.append(bytes); }
  void Consume(std::size_t bytes);
  // Gives memory back while the connection idles.
  void Shrink();

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

// Ends exactly where the body ends; what follows stays in the inbox. Errors: kInvalidArgument for
// bad chunks, kUnavailable when the peer leaves in the middle, kDeadlineExceeded when it stalls.
class BodySource final : public ByteSource {
 public:
  struct Frame {
    Framing framing = Framing::kNone;
    std::uint64_t bytes = 0;       // with kLength
    bool ask_to_continue = false;  // "100 Continue" goes out before the first byte is waited for
  };
  BodySource(Wire& wire, Inbox& inbox, Frame frame)
      : wire_(wire), inbox_(inbox), frame_(frame), left_(frame.bytes) {}

  Result<std::size_t> Read(std::span<char> out) override;

  bool done() const;
  // The client still waits for "100 Continue" and may never send its body.
  bool unasked() const { return frame_.ask_to_continue; }
  std::uint64_t bytes_left() const { return left_; }  // with kLength
  // Reads and drops what is left; false when that is over `bytes_max` or fails.
  bool Drain(std::uint64_t bytes_max);

 private:
  Result<std::size_t> ReadPlain(std::span<char> out, std::uint64_t at_most);
  Result<std::size_t> ReadChunked(std::span<char> out);
  Status Refill();
  Status AskToContinue();

  Wire& wire_;
  Inbox& inbox_;
  Frame frame_;
  std::uint64_t left_;
  ChunkDecoder chunks_;
  bool ended_ = false;  // with kUntilClose
  Status broken_;
};

}  // namespace landfall::net
