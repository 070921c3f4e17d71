#include "net/body.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>

namespace landfall::net {
namespace {

constexpr std::size_t kShrinkBytes = 16 * 1024;
// Smaller reads go through the inbox, so that a caller who reads byte by byte does not pay a system
// call for each.
constexpr std::size_t kDirectReadBytes = 4 * 1024;

}  // namespace

void Inbox::Consume(std::size_t bytes) {
  CHECK(bytes <= bytes_.size() - at_);
  at_ += bytes;
  if (at_ == bytes_.size()) {
    bytes_.clear();
    at_ = 0;
  } else if (at_ >= kShrinkBytes && at_ >= bytes_.size() / 2) {
    bytes_.erase(0, at_);
    at_ = 0;
  }
}

void Inbox::Shrink() {
  if (empty() && bytes_.capacity() > kShrinkBytes) bytes_ = std::string();
}

bool BodySource::done() const {
  switch (frame_.framing) {
    case Framing::kNone:
      return true;
    case Framing::kLength:
      return left_ == 0;
    case Framing::kChunked:
      return chunks_.done();
    case Framing::kUntilClose:
      return ended_;
  }
  return true;
}

Status BodySource::AskToContinue() {
  if (!frame_.ask_to_continue) return {};
  frame_.ask_to_continue = false;
  if (!inbox_.empty()) return {};  // it did not wait for our word
  return wire_.Write("HTTP/1.1 100 Continue\r\n\r\n");
}

Status BodySource::Refill() {
  std::array<char, 16 * 1024> block;
  const std::size_t n = TRY(wire_.Read(block));
  if (n == 0) return Unavailable("the peer closed the connection in the middle of the body");
  inbox_.Append({block.data(), n});
  return {};
}

// Up to `at_most` body bytes, from the inbox first; 0 only when the peer has closed.
Result<std::size_t> BodySource::ReadPlain(std::span<char> out, std::uint64_t at_most) {
  const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), at_most));
  if (inbox_.empty() && wanted < kDirectReadBytes && wanted < at_most) TRY(Refill());
  if (inbox_.empty()) return wire_.Read(out.first(wanted));
  const std::string_view have = inbox_.view().substr(0, wanted);
  std::memcpy(out.data(), have.data(), have.size());
  inbox_.Consume(have.size());
  return have.size();
}

Result<std::size_t> BodySource::ReadChunked(std::span<char> out) {
  while (!chunks_.done()) {
    if (chunks_.data_left() > 0) {
      const std::size_t n = TRY(ReadPlain(out, chunks_.data_left()));
      if (n == 0) return Unavailable("the peer closed the connection in the middle of a chunk");
      chunks_.Skip(n);
      return n;
    }
    const ChunkDecoder::Piece piece = TRY(chunks_.Take(inbox_.view()));
    if (piece.consumed == 0) {
      TRY(Refill());
    } else {
      inbox_.Consume(piece.consumed);
    }
  }
  return std::size_t{0};
}

Result<std::size_t> BodySource::Read(std::span<char> out) {
  CHECK(!out.empty());
  TRY(broken_);
  if (done()) return std::size_t{0};
  broken_ = AskToContinue();
  TRY(broken_);
  Result<std::size_t> n = std::size_t{0};
  if (frame_.framing == Framing::kChunked) {
    n = ReadChunked(out);
  } else if (frame_.framing == Framing::kUntilClose) {
    n = ReadPlain(out, out.size());
    ended_ = n.ok() && *n == 0;
  } else {
    n = ReadPlain(out, left_);
    if (n.ok() && *n == 0)
      n = Unavailable("the peer closed the connection in the middle of the body");
    if (n.ok()) left_ -= *n;
  }
  if (!n.ok()) broken_ = n.status();
  return n;
}

bool BodySource::Drain(std::uint64_t bytes_max) {
  if (!broken_.ok()) return false;
  std::array<char, 16 * 1024> sink;
  for (std::uint64_t drained = 0; !done();) {
    if (drained > bytes_max) return false;
    const Result<std::size_t> n = Read(sink);
    if (!n.ok()) return false;
    drained += *n;
  }
  return true;
}

}  // namespace landfall::net
