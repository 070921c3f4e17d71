#include "net/response.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>
#include <vector>

#include "base/text.h"
#include "net/http_parse.h"

namespace landfall::net {
namespace {

constexpr std::size_t kBlockBytes = 64 * 1024;

struct Phrase {
  int status;
  std::string_view text;
};
constexpr Phrase kPhrases[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {206, "Partial Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Resume Incomplete"},  // as Cloud Storage words it
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Payload Too Large"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {499, "Client Closed Request"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
};

// "Sun, 06 Nov 1994 08:49:37 GMT"
void AppendDate(std::string& head, TimePoint now) {
  static constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                            "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds = static_cast<std::time_t>(ToMicros(now) / 1'000'000);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[64];
  const int n = std::snprintf(text, sizeof text, "Date: %s, %02d %s %04d %02d:%02d:%02d GMT\r\n",
                              kDays[utc.tm_wday], utc.tm_mday, kMonths[utc.tm_mon],
                              utc.tm_year + 1900, utc.tm_hour, utc.tm_min, utc.tm_sec);
  head.append(text, static_cast<std::size_t>(n));
}

void AppendHeader(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

bool IsOurs(std::string_view name) {
  return EqualsIgnoreCase(name, "content-length") || EqualsIgnoreCase(name, "transfer-encoding") ||
         EqualsIgnoreCase(name, "connection") || EqualsIgnoreCase(name, "date");
}

bool HasNoBody(int status) { return status < 200 || status == 204 || status == 304; }

std::optional<std::uint64_t> BodyBytes(const Response& response) {
  if (const auto* text = std::get_if<std::string>(&response.body)) return text->size();
  if (const auto* range = std::get_if<FileRange>(&response.body)) return range->bytes;
  return std::get<Stream>(response.body).bytes;
}

// Adds what frames the body. True when it goes out in chunks.
bool AppendFraming(std::string& head, const Response& response, Answering& answering) {
  const std::optional<std::uint64_t> bytes = BodyBytes(response);
  const std::optional<std::string_view> given = response.headers.Get("Content-Length");
  const bool empty = bytes == std::uint64_t{0};
  if (answering.head_only && empty && given && ParseInt64(*given).value_or(-1) >= 0) {
    AppendHeader(head, "Content-Length", *given);
  } else if (HasNoBody(response.status)) {
    return false;
  } else if (bytes) {
    AppendHeader(head, "Content-Length", std::to_string(*bytes));
  } else if (answering.http11) {
    AppendHeader(head, "Transfer-Encoding", "chunked");
    return true;
  } else {
    answering.keep_alive = false;  // HTTP/1.0 knows only the end of the connection
  }
  return false;
}

Result<std::uint64_t> WriteFile(Wire& wire, const std::string& head, const FileRange& range) {
  TRY(wire.Write(std::span<const std::string_view>(std::array<std::string_view, 1>{head}),
                 range.bytes > 0));
  if (range.file == nullptr && range.bytes > 0) return Internal("a file range has no file");
  if (range.bytes == 0) return std::uint64_t{0};
  if (range.file->fd() >= 0) {
    TRY(wire.SendFile(range.file->fd(), range.offset, range.bytes));
    return range.bytes;
  }
  std::vector<char> block(
      static_cast<std::size_t>(std::min<std::uint64_t>(range.bytes, kBlockBytes)));
  for (std::uint64_t sent = 0; sent < range.bytes;) {
    const std::size_t wanted =
        static_cast<std::size_t>(std::min<std::uint64_t>(block.size(), range.bytes - sent));
    const std::size_t n =
        TRY(range.file->ReadAt(range.offset + sent, std::span(block.data(), wanted)));
    if (n == 0) return DataLoss("the file is shorter than announced");
    TRY(wire.Write({block.data(), n}));
    sent += n;
  }
  return range.bytes;
}

// Head and first block leave together. A source that gives less or more than it announced is an
// error, because the peer would take the difference for the next answer.
Result<std::uint64_t> WriteStream(Wire& wire, std::string head, Stream& stream, bool chunked) {
  std::vector<char> block(kBlockBytes);
  std::uint64_t sent = 0;
  for (;;) {
    const std::size_t n = TRY(stream.source->Read(block));
    const std::string_view data(block.data(), n);
    if (stream.bytes && (sent + n > *stream.bytes || (n == 0 && sent < *stream.bytes))) {
      return DataLoss("a stream announced " + std::to_string(*stream.bytes) + " bytes and gave " +
                      std::to_string(sent + n));
    }
    char size[32];
    const int digits = std::snprintf(size, sizeof size, "%zx\r\n", n);
    const std::string_view frame =
        chunked ? std::string_view(size, static_cast<std::size_t>(digits)) : "";
    const std::array<std::string_view, 4> parts = {head, frame, data, chunked ? "\r\n" : ""};
    TRY(wire.Write(std::span<const std::string_view>(parts)));
    if (n == 0) return sent;
    head.clear();
    sent += n;
  }
}

// Gives back a block that was read ahead, then the rest.
class PrefetchedSource final : public ByteSource {
 public:
  PrefetchedSource(std::string first, std::unique_ptr<ByteSource> rest)
      : first_(std::move(first)), rest_(std::move(rest)) {}
  Result<std::size_t> Read(std::span<char> out) override {
    const std::size_t n = TRY(first_.Read(out));
    if (n > 0 || ended_) return n;
    const std::size_t more = TRY(rest_->Read(out));
    ended_ = more == 0;
    return more;
  }

 private:
  StringSource first_;
  std::unique_ptr<ByteSource> rest_;
  bool ended_ = false;
};

}  // namespace

std::string_view ReasonPhrase(int status) {
  const auto* const it =
      std::find_if(std::begin(kPhrases), std::end(kPhrases),
                   [&](const Phrase& phrase) { return phrase.status == status; });
  return it == std::end(kPhrases) ? "Status" : it->text;
}

Status CheckHeaders(const Response& response) {
  for (const auto& [name, value] : response.headers.all()) {
    if (!IsHeaderName(name))
      return InvalidArgument("response header name \"" + name + "\" is not a token");
    if (!IsHeaderValue(value)) {
      return InvalidArgument("the value of response header " + name + " has a control character");
    }
  }
  return {};
}

Status PrefetchStream(Response& response) {
  auto* stream = std::get_if<Stream>(&response.body);
  if (stream == nullptr) return {};
  if (stream->source == nullptr) stream->source = std::make_unique<StringSource>(std::string());
  std::string first(kBlockBytes, '\0');
  first.resize(TRY(stream->source->Read(first)));
  stream->source = std::make_unique<PrefetchedSource>(std::move(first), std::move(stream->source));
  return {};
}

Result<std::uint64_t> WriteResponse(Wire& wire, Response& response, Answering& answering,
                                    TimePoint now) {
  std::string head = "HTTP/1.1 ";
  head.reserve(512);
  head.append(std::to_string(response.status))
      .append(" ")
      .append(ReasonPhrase(response.status))
      .append("\r\n");
  for (const auto& [name, value] : response.headers.all()) {
    if (!IsOurs(name)) AppendHeader(head, name, value);
  }
  const bool chunked = AppendFraming(head, response, answering);
  AppendDate(head, now);
  if (!answering.keep_alive) {
    AppendHeader(head, "Connection", "close");
  } else if (!answering.http11) {
    AppendHeader(head, "Connection", "keep-alive");
  }
  head += "\r\n";
  if (answering.head_only || HasNoBody(response.status)) {
    TRY(wire.Write(head));
    return std::uint64_t{0};
  }
  if (const auto* text = std::get_if<std::string>(&response.body)) {
    const std::array<std::string_view, 2> parts = {head, *text};
    TRY(wire.Write(std::span<const std::string_view>(parts)));
    return text->size();
  }
  if (const auto* range = std::get_if<FileRange>(&response.body))
    return WriteFile(wire, head, *range);
  return WriteStream(wire, std::move(head), std::get<Stream>(response.body), chunked);
}

}  // namespace landfall::net
