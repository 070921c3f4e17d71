#include "net/http_parse.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace landfall::net {
namespace {

constexpr std::array<bool, 256> MakeTokenTable() {
  std::array<bool, 256> table{};
  for (int c = '0'; c <= '9'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (int c = 'A'; c <= 'Z'; ++c) table[static_cast<std::size_t>(c)] = true;
  for (const char c : std::string_view("!#$%&'*+-.^_`|~"))
    table[static_cast<unsigned char>(c)] = true;
  return table;
}
constexpr std::array<bool, 256> kToken = MakeTokenTable();

bool IsToken(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return kToken[static_cast<unsigned char>(c)]; });
}

std::string_view TrimBlanks(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Cuts the next line off `rest`; its CRLF is dropped. ScanHead has made sure that there is one.
Result<std::string_view> NextLine(std::string_view& rest) {
  const std::size_t end = rest.find('\n');
  if (end == std::string_view::npos || end == 0 || rest[end - 1] != '\r') {
    return InvalidArgument("a head line does not end with CRLF");
  }
  const std::string_view line = rest.substr(0, end - 1);
  rest.remove_prefix(end + 1);
  return line;
}

Status ParseHeaderLines(std::string_view rest, Headers& headers) {
  for (std::size_t lines = 0;; ++lines) {
    const std::string_view line = TRY(NextLine(rest));
    if (line.empty()) break;
    if (lines == kHeaderLinesMax) {
      return ResourceExhausted("over " + std::to_string(kHeaderLinesMax) + " header lines",
                               "headersTooLarge");
    }
    if (line.front() == ' ' || line.front() == '\t')
      return InvalidArgument("a header line is folded");
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) return InvalidArgument("a header line has no colon");
    const std::string_view name = line.substr(0, colon);
    if (!IsToken(name)) return InvalidArgument("a header name has a character that is not allowed");
    const std::string_view value = TrimBlanks(line.substr(colon + 1));
    if (!IsHeaderValue(value)) {
      return InvalidArgument("the value of header " + std::string(name) +
                             " has a control character");
    }
    headers.Add(name, value);
  }
  if (!rest.empty()) return InvalidArgument("bytes after the end of the head");
  return {};
}

// The headers that decide how the connection goes on, found in one pass.
struct Framed {
  Framing framing = Framing::kNone;
  std::uint64_t bytes = 0;
  bool close = false, keep_alive = false;
  std::size_t lengths = 0, codings = 0, hosts = 0;
  std::string_view host, expect;
};

Result<std::uint64_t> ParseLength(std::string_view text) {
  const bool digits =
      !text.empty() && text.size() <= 18 &&
      std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
  if (!digits)
    return InvalidArgument("Content-Length \"" + std::string(text) + "\" is not a number of bytes");
  std::uint64_t bytes = 0;
  for (const char c : text) bytes = bytes * 10 + static_cast<std::uint64_t>(c - '0');
  return bytes;
}

void ParseConnection(std::string_view value, Framed& framed) {
  for (const std::string_view part : Split(value, ',')) {
    const std::string_view option = TrimBlanks(part);
    if (EqualsIgnoreCase(option, "close")) framed.close = true;
    if (EqualsIgnoreCase(option, "keep-alive")) framed.keep_alive = true;
  }
}

Result<Framed> FindFraming(const Headers& headers) {
  Framed framed;
  for (const auto& [name, value] : headers.all()) {
    if (EqualsIgnoreCase(name, "content-length")) {
      framed.framing = Framing::kLength;
      framed.bytes = TRY(ParseLength(value));
      ++framed.lengths;
    } else if (EqualsIgnoreCase(name, "transfer-encoding")) {
      if (!EqualsIgnoreCase(value, "chunked")) {
        return Unimplemented("Transfer-Encoding \"" + value +
                             "\" is not implemented; only chunked is");
      }
      ++framed.codings;
    } else if (EqualsIgnoreCase(name, "connection")) {
      ParseConnection(value, framed);
    } else if (EqualsIgnoreCase(name, "host")) {
      framed.host = value;
      ++framed.hosts;
    } else if (EqualsIgnoreCase(name, "expect")) {
      framed.expect = value;
    }
  }
  if (framed.lengths > 0 && framed.codings > 0) {
    return InvalidArgument("both Content-Length and Transfer-Encoding are given");
  }
  if (framed.lengths > 1 || framed.codings > 1)
    return InvalidArgument("the body's length is given twice");
  if (framed.codings > 0) framed.framing = Framing::kChunked;
  return framed;
}

Method MethodOf(std::string_view name) {
  for (const Method method :
       {Method::kGet, Method::kHead, Method::kPost, Method::kPut, Method::kPatch, Method::kDelete,
        Method::kOptions, Method::kConnect}) {
    if (MethodName(method) == name) return method;
  }
  return Method::kOther;
}

Status ParseVersion(std::string_view version, bool& http11) {
  const bool shaped = version.size() == 8 && version.starts_with("HTTP/") && version[5] >= '0' &&
                      version[5] <= '9' && version[6] == '.' && version[7] >= '0' &&
                      version[7] <= '9';
  if (!shaped) return InvalidArgument("the request line has no HTTP version");
  if (version[5] != '1') {
    return InvalidArgument(std::string(version) + " is not supported", "httpVersionNotSupported");
  }
  http11 = version[7] != '0';
  return {};
}

// "http://host/path" is what clients send to a proxy; its authority beats the Host header (RFC
// 9112 3.2.2).
Status TakeAbsoluteForm(RequestHead& head) {
  constexpr std::string_view kScheme = "http://";
  const std::size_t slash = head.target.find_first_of("/?", kScheme.size());
  const std::string authority = head.target.substr(kScheme.size(), slash - kScheme.size());
  if (!IsAuthority(authority)) return InvalidArgument("the request target has no valid host");
  std::string origin = slash == std::string::npos ? "/" : head.target.substr(slash);
  if (origin.front() == '?') origin.insert(0, "/");
  head.target = std::move(origin);
  head.headers.Set("Host", authority);
  return {};
}

Status ParseRequestLine(std::string_view line, RequestHead& head) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) {
    return InvalidArgument("the request line is not \"METHOD TARGET VERSION\"");
  }
  const std::string_view method = line.substr(0, first);
  const std::string_view target = line.substr(first + 1, last - first - 1);
  if (!IsToken(method))
    return InvalidArgument("the request method has a character that is not allowed");
  const bool plain = !target.empty() && std::all_of(target.begin(), target.end(), [](char c) {
    return static_cast<unsigned char>(c) > 0x20 && c != 0x7f;
  });
  if (!plain) return InvalidArgument("the request target has a blank or a control character");
  TRY(ParseVersion(line.substr(last + 1), head.http11));
  head.method = MethodOf(method);
  head.target = target;
  return {};
}

Status CheckTargetForm(RequestHead& head) {
  if (head.method == Method::kConnect) return Unimplemented("CONNECT is not implemented");
  if (head.target.starts_with("http://")) return TakeAbsoluteForm(head);
  if (head.target.front() == '/') return {};
  if (head.target == "*" && head.method == Method::kOptions) return {};
  return InvalidArgument("the request target does not start with \"/\"");
}

}  // namespace

Protocol Sniff(std::string_view bytes) {
  constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
  if (bytes.empty()) return Protocol::kUndecided;
  if (bytes[0] == 0x16) {
    if (bytes.size() == 1) return Protocol::kUndecided;
    return bytes[1] == 0x03 ? Protocol::kTls : Protocol::kHttp1;
  }
  const std::string_view start = bytes.substr(0, kPreface.size());
  if (start != kPreface.substr(0, start.size())) return Protocol::kHttp1;
  return start.size() == kPreface.size() ? Protocol::kHttp2 : Protocol::kUndecided;
}

HeadScan ScanHead(std::string_view bytes, std::size_t from) {
  if (!bytes.empty() && !kToken[static_cast<unsigned char>(bytes[0])])
    return {HeadState::kMalformed, 0};
  // An end that straddles two reads starts at most three bytes before what is new.
  std::size_t at = from > 3 ? from - 3 : 0;
  for (;;) {
    at = bytes.find('\n', at);
    if (at == std::string_view::npos) return {HeadState::kIncomplete, 0};
    if (at == 0 || bytes[at - 1] != '\r') return {HeadState::kMalformed, 0};
    if (at >= 3 && bytes[at - 2] == '\n' && bytes[at - 3] == '\r')
      return {HeadState::kComplete, at + 1};
    ++at;
  }
}

Result<RequestHead> ParseRequestHead(std::string_view bytes) {
  RequestHead head;
  TRY(ParseRequestLine(TRY(NextLine(bytes)), head));
  TRY(ParseHeaderLines(bytes, head.headers));
  const Framed framed = TRY(FindFraming(head.headers));
  if (framed.hosts > 1) return InvalidArgument("more than one Host header");
  if (framed.hosts == 0 && head.http11) return InvalidArgument("the Host header is missing");
  if (!framed.host.empty() && !IsAuthority(framed.host))
    return InvalidArgument("the Host header is not host[:port]");
  if (framed.framing == Framing::kChunked && !head.http11) {
    return InvalidArgument("Transfer-Encoding needs HTTP/1.1");
  }
  head.framing = framed.framing;
  head.body_bytes = framed.bytes;
  head.keep_alive = head.http11 ? !framed.close : framed.keep_alive && !framed.close;
  if (!framed.expect.empty() && head.http11) {
    if (!EqualsIgnoreCase(framed.expect, "100-continue")) {
      return InvalidArgument("Expect \"" + std::string(framed.expect) + "\" cannot be met",
                             "expectationFailed");
    }
    head.expect_continue = head.framing == Framing::kChunked || head.body_bytes > 0;
  }
  TRY(CheckTargetForm(head));  // last: it may replace the Host that `framed` looks at
  return head;
}

int HttpStatusOfHeadError(const Status& status) {
  if (status.reason() == "headersTooLarge") return 431;
  if (status.reason() == "httpVersionNotSupported") return 505;
  if (status.reason() == "expectationFailed") return 417;
  return status.code() == Code::kUnimplemented ? 501 : 400;
}

Result<ResponseHead> ParseResponseHead(std::string_view bytes, Method to) {
  ResponseHead head;
  const std::string_view line = TRY(NextLine(bytes));
  const std::int64_t code = line.size() >= 12 ? ParseInt64(line.substr(9, 3)).value_or(0) : 0;
  if (!line.starts_with("HTTP/1.") || line[8] != ' ' || code < 100 || code > 599) {
    return InvalidArgument("the answer does not start with an HTTP/1 status line");
  }
  head.status = static_cast<int>(code);
  TRY(ParseHeaderLines(bytes, head.headers));
  const Framed framed = TRY(FindFraming(head.headers));
  const bool http11 = line[7] != '0';
  head.keep_alive = http11 ? !framed.close : framed.keep_alive && !framed.close;
  const bool bodyless =
      to == Method::kHead || head.status < 200 || head.status == 204 || head.status == 304;
  head.framing = bodyless
                     ? Framing::kNone
                     : (framed.framing == Framing::kNone ? Framing::kUntilClose : framed.framing);
  head.body_bytes = head.framing == Framing::kLength ? framed.bytes : 0;
  if (head.framing == Framing::kUntilClose) head.keep_alive = false;
  return head;
}

Status ParseTarget(std::string_view target, Request& request) {
  target = target.substr(0, target.find('#'));
  const std::size_t question = target.find('?');
  request.path = target.substr(0, question);
  request.query.clear();
  if (question == std::string_view::npos) return {};
  for (const std::string_view part : Split(target.substr(question + 1), '&')) {
    if (part.empty()) continue;
    const auto decode = [](std::string_view text) -> Result<std::string> {
      std::string spaced(text);
      std::replace(spaced.begin(), spaced.end(), '+', ' ');
      return spaced.find('%') == std::string::npos ? std::move(spaced) : PercentDecode(spaced);
    };
    const std::size_t equals = part.find('=');
    std::string name = TRY(decode(part.substr(0, equals)));
    std::string value =
        equals == std::string_view::npos ? "" : TRY(decode(part.substr(equals + 1)));
    request.query.emplace_back(std::move(name), std::move(value));
  }
  return {};
}

bool IsHeaderName(std::string_view name) { return IsToken(name); }

bool IsHeaderValue(std::string_view value) {
  return std::all_of(value.begin(), value.end(), [](char c) {
    return (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f) || c == '\t';
  });
}

bool IsAuthority(std::string_view text) {
  return !text.empty() && text.size() <= 512 && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '-' || c == '_' || c == ':' || c == '[' || c == ']';
  });
}

Status ChunkDecoder::TakeSize(std::string_view line) {
  const std::size_t semicolon = line.find(';');
  const std::string_view digits = TrimBlanks(line.substr(0, semicolon));
  if (semicolon == std::string_view::npos && digits.size() != line.size()) {
    return InvalidArgument("a chunk size has blanks");
  }
  if (digits.empty() || digits.size() > 15)
    return InvalidArgument("a chunk size is not 1 to 15 hex digits");
  std::uint64_t size = 0;
  for (const char c : digits) {
    const int value = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (value < 0) return InvalidArgument("a chunk size is not hexadecimal");
    size = size * 16 + static_cast<std::uint64_t>(value);
  }
  if (!IsHeaderValue(line)) return InvalidArgument("a chunk line has a control character");
  left_ = size;
  state_ = size == 0 ? State::kTrailer : State::kData;
  return {};
}

void ChunkDecoder::Skip(std::uint64_t bytes) {
  CHECK(bytes <= data_left());
  left_ -= bytes;
  if (left_ == 0 && bytes > 0) state_ = State::kDataEnd;
}

Result<ChunkDecoder::Piece> ChunkDecoder::Take(std::string_view in) {
  if (state_ == State::kDone || in.empty()) return Piece{};
  if (state_ == State::kData) {
    const std::string_view data =
        in.substr(0, static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size())));
    Skip(data.size());
    return Piece{data.size(), data};
  }
  if (state_ == State::kDataEnd) {
    if (in[0] != '\r' || (in.size() > 1 && in[1] != '\n')) {
      return InvalidArgument("a chunk does not end where its size says");
    }
    if (in.size() == 1) return Piece{};
    state_ = State::kSize;
    return Piece{2, {}};
  }
  const std::size_t line_max =
      state_ == State::kSize ? kChunkLineBytesMax : kTrailerBytesMax - trailer_bytes_;
  const std::size_t end = in.substr(0, line_max).find('\n');
  if (end == std::string_view::npos) {
    if (in.size() < line_max) return Piece{};
    return InvalidArgument(state_ == State::kSize ? "a chunk line is too long"
                                                  : "the trailers are too long");
  }
  if (end == 0 || in[end - 1] != '\r')
    return InvalidArgument("a chunk line does not end with CRLF");
  const std::string_view line = in.substr(0, end - 1);
  if (state_ == State::kSize) {
    TRY(TakeSize(line));
  } else if (line.empty()) {
    state_ = State::kDone;
  } else {
    if (!IsToken(line.substr(0, line.find(':'))) || line.find(':') == std::string_view::npos ||
        !IsHeaderValue(line)) {
      return InvalidArgument("a trailer is not a header line");
    }
    trailer_bytes_ += end + 1;
  }
  return Piece{end + 1, {}};
}

}  // namespace landfall::net
