// HTTP/1 heads and chunks as pure functions over bytes: no sockets, no clock. Strict where leniency
// is how requests get smuggled: one framing only, CRLF only, no folding, token names.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"
#include "net/net.h"

namespace landfall::net {

inline constexpr std::size_t kHeaderLinesMax = 256;
inline constexpr std::size_t kChunkLineBytesMax = 1024;  // size and extensions
inline constexpr std::size_t kTrailerBytesMax = 8 * 1024;

// What the first bytes of a connection say. kUndecided: more bytes are needed.
enum class Protocol : std::uint8_t { kUndecided, kHttp1, kHttp2, kTls };
Protocol Sniff(std::string_view bytes);

enum class HeadState : std::uint8_t { kIncomplete, kComplete, kMalformed };
struct HeadScan {
  HeadState state = HeadState::kIncomplete;
  std::size_t bytes = 0;  // kComplete: of the head with its empty line
};
// Looks for the end of a head. `from`: bytes known from an earlier call to hold no end.
HeadScan ScanHead(std::string_view bytes, std::size_t from = 0);

enum class Framing : std::uint8_t { kNone, kLength, kChunked, kUntilClose };

struct RequestHead {
  Method method = Method::kOther;
  std::string target;  // origin-form; an absolute-form's authority has become Host
  bool http11 = true;
  bool keep_alive = true;
  bool expect_continue = false;
  Framing framing = Framing::kNone;
  std::uint64_t body_bytes = 0;  // with kLength
  Headers headers;
};
// `head` ends with the empty line. Errors: see HttpStatusOfHeadError.
Result<RequestHead> ParseRequestHead(std::string_view head);
// 400, 417, 431, 501 or 505.
int HttpStatusOfHeadError(const Status& status);

struct ResponseHead {
  int status = 0;
  bool keep_alive = true;
  Framing framing = Framing::kUntilClose;
  std::uint64_t body_bytes = 0;
  Headers headers;
};
// `to`: the request's method; the answer to HEAD has no body.
Result<ResponseHead> ParseResponseHead(std::string_view head, Method to);

// Splits "/path?a=b&c" into its path and its decoded parameters. '+' is a space, as forms send it.
Status ParseTarget(std::string_view target, Request& request);

// True for what may stand in a header line we write.
bool IsHeaderName(std::string_view name);
bool IsHeaderValue(std::string_view value);
// host[:port] without anything that could change the meaning of a URL around it.
bool IsAuthority(std::string_view text);

// Undoes chunked transfer coding over a buffer that the caller fills and consumes. Trailers are
// checked and dropped.
class ChunkDecoder {
 public:
  struct Piece {
    std::size_t consumed = 0;  // bytes of the input that are used up; 0: more input is needed
    std::string_view data;     // body bytes, inside the input
  };
  // At most one piece of data per call. Call until done() or consumed is 0.
  Result<Piece> Take(std::string_view in);
  bool done() const { return state_ == State::kDone; }
  // Body bytes that come next, before any framing. The caller may read them past the decoder and
  // Skip() them.
  std::uint64_t data_left() const { return state_ == State::kData ? left_ : 0; }
  void Skip(std::uint64_t bytes);

 private:
  enum class State : std::uint8_t { kSize, kData, kDataEnd, kTrailer, kDone };
  Status TakeSize(std::string_view line);
  State state_ = State::kSize;
  std::uint64_t left_ = 0;
  std::size_t trailer_bytes_ = 0;
};

}  // namespace landfall::net
