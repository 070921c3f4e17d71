#include "api/multipart.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/text.h"

namespace landfall::api {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kBoundaryBytesMax = 256;  // RFC 2046 says 70; clients in the wild use more
constexpr std::size_t kPaddingBytesMax = 256;   // white space behind a boundary
constexpr std::size_t kPartHeadBytesMax = 16 * 1024;

Status Malformed(std::string_view why) {
  return InvalidArgument("Malformed multipart body: " + std::string(why), "parseError");
}

// The parameter of a Content-Type header, unquoted.
Result<std::string> BoundaryOf(std::string_view content_type) {
  const std::size_t semicolon = content_type.find(';');
  const std::string_view type = Trim(content_type.substr(0, semicolon));
  if (!EqualsIgnoreCase(type, "multipart/related")) {
    return InvalidArgument("uploadType=multipart needs Content-Type multipart/related, not \"" +
                               std::string(type.substr(0, 100)) + "\"",
                           "invalid", "Content-Type");
  }
  std::string_view rest =
      semicolon == std::string_view::npos ? std::string_view() : content_type.substr(semicolon + 1);
  while (!rest.empty()) {
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos) break;
    const std::string_view key = Trim(rest.substr(0, equals));
    rest = rest.substr(equals + 1);
    while (!rest.empty() && rest[0] == ' ') rest.remove_prefix(1);
    std::string value;
    if (rest.starts_with('"')) {
      const std::size_t close = rest.find('"', 1);
      if (close == std::string_view::npos) break;
      value = rest.substr(1, close - 1);
      rest = rest.substr(close + 1);
    } else {
      value = Trim(rest.substr(0, rest.find(';')));
      // gcloud and gsutil write the boundary as Python prints a text: in single quotes.
      if (value.size() > 2 && value.front() == '\'' && value.back() == '\'') {
        value = value.substr(1, value.size() - 2);
      }
    }
    if (EqualsIgnoreCase(key, "boundary") && !value.empty()) {
      if (value.size() > kBoundaryBytesMax || value.find_first_of("\r\n") != std::string::npos)
        break;
      return value;
    }
    const std::size_t next = rest.find(';');
    rest = next == std::string_view::npos ? std::string_view() : rest.substr(next + 1);
  }
  return InvalidArgument("multipart/related needs a boundary parameter", "invalid", "Content-Type");
}

// The body with what was read ahead of it.
class Input {
 public:
  explicit Input(ByteSource& body) : body_(body) {}
  std::string_view ahead() const { return std::string_view(buffer_).substr(at_); }
  void Consume(std::size_t bytes) { at_ += bytes; }
  // False at the end of the body.
  Result<bool> More() {
    if (at_ > 0) buffer_.erase(0, std::exchange(at_, 0));
    const std::size_t had = buffer_.size();
    buffer_.resize(had + kReadBytes);
    const auto n = body_.Read({buffer_.data() + had, kReadBytes});
    buffer_.resize(had + (n.ok() ? *n : 0));
    TRY(n);
    return *n > 0;
  }

 private:
  ByteSource& body_;
  std::string buffer_;
  std::size_t at_ = 0;
};

// What stands at a place that begins with the delimiter.
enum class Boundary : std::uint8_t { kNone, kNext, kClosing, kUndecided };
Boundary BoundaryAfter(std::string_view rest, bool at_end) {
  if (rest.starts_with("--")) return Boundary::kClosing;
  if (rest.find_first_not_of(" \t") > kPaddingBytesMax && rest.size() > kPaddingBytesMax)
    return Boundary::kNone;
  while (rest.starts_with(' ') || rest.starts_with('\t')) rest.remove_prefix(1);
  if (rest.starts_with("\n") || rest.starts_with("\r\n")) return Boundary::kNext;
  const bool short_of_bytes = rest.empty() || rest == "\r" || rest == "-";
  return short_of_bytes && !at_end ? Boundary::kUndecided : Boundary::kNone;
}

class Parser {
 public:
  Parser(ByteSource& body, const std::string& boundary) : input_(body), dashed_("--" + boundary) {}

  // Skips what stands before the first boundary, and finds out how lines end.
  Status Open(std::size_t bytes_max) {
    while (true) {
      const std::string_view ahead = input_.ahead();
      const std::size_t found = FindFirst(ahead);
      if (found != std::string_view::npos) {
        const std::size_t end = ahead.find('\n', found);
        if (end != std::string_view::npos) {
          if (BoundaryAfter(ahead.substr(found + dashed_.size()), true) != Boundary::kNext) {
            return Malformed("it has no parts");
          }
          line_end_ = ahead[end - 1] == '\r' ? "\r\n" : "\n";
          delimiter_ = line_end_ + dashed_;
          input_.Consume(end + 1);
          return {};
        }
      }
      if (ahead.size() > bytes_max) return Malformed("the first boundary is missing");
      if (!TRY(input_.More())) return Malformed("the first boundary is missing");
    }
  }

  // The Content-Type among a part's headers.
  Result<std::string> PartHead() {
    std::string content_type;
    std::size_t bytes = 0;
    while (true) {
      const std::string line = TRY(Line());
      if (line.empty()) return content_type;
      bytes += line.size();
      if (bytes > kPartHeadBytesMax) return Malformed("a part's headers are too long");
      const std::size_t colon = line.find(':');
      if (colon == std::string::npos) return Malformed("a part has a header without a colon");
      if (EqualsIgnoreCase(Trim(std::string_view(line).substr(0, colon)), "content-type")) {
        content_type = Trim(std::string_view(line).substr(colon + 1));
      }
    }
  }

  // Bytes of the current part, up to `out.size()`; 0 once its boundary is reached, which is
  // consumed.
  Result<std::size_t> PartBody(std::span<char> out) {
    while (ended_with_ == Boundary::kNone) {
      const std::string_view ahead = input_.ahead();
      const std::size_t found = ahead.find(delimiter_);
      if (found == 0) {
        const std::string_view rest = ahead.substr(delimiter_.size());
        const Boundary kind = BoundaryAfter(rest, at_end_);
        if (kind == Boundary::kUndecided) {
          TRY(ReadMore());
          continue;
        }
        if (kind == Boundary::kNone) return Give(1, out);  // looked like the boundary, but is data
        ended_with_ = kind;
        const std::size_t line = rest.find('\n');
        input_.Consume(delimiter_.size() + (kind == Boundary::kNext ? line + 1 : 2));
        return std::size_t{0};
      }
      if (found != std::string_view::npos) return Give(found, out);
      // The last bytes may be the beginning of a boundary.
      if (ahead.size() >= delimiter_.size()) return Give(ahead.size() - delimiter_.size() + 1, out);
      if (at_end_) return Malformed("it ends before the closing boundary");
      TRY(ReadMore());
    }
    return std::size_t{0};
  }

  Boundary ended_with() const { return ended_with_; }
  void NextPart() { ended_with_ = Boundary::kNone; }

 private:
  std::size_t FindFirst(std::string_view ahead) const {
    if (ahead.starts_with(dashed_)) return 0;
    const std::size_t found = ahead.find("\n" + dashed_);
    return found == std::string_view::npos ? found : found + 1;
  }

  Status ReadMore() {
    at_end_ = !TRY(input_.More());
    return {};
  }

  std::size_t Give(std::size_t bytes, std::span<char> out) {
    bytes = std::min(bytes, out.size());
    input_.ahead().copy(out.data(), bytes);
    input_.Consume(bytes);
    return bytes;
  }

  Result<std::string> Line() {
    while (true) {
      const std::string_view ahead = input_.ahead();
      const std::size_t end = ahead.find('\n');
      if (end != std::string_view::npos) {
        std::string line(ahead.substr(0, end));
        if (line.ends_with('\r')) line.pop_back();
        input_.Consume(end + 1);
        return line;
      }
      if (ahead.size() > kPartHeadBytesMax) return Malformed("a part's headers are too long");
      if (!TRY(input_.More())) return Malformed("it ends inside a part's headers");
    }
  }

  Input input_;
  const std::string dashed_;
  std::string line_end_, delimiter_;
  bool at_end_ = false;
  Boundary ended_with_ = Boundary::kNone;
};

class MediaSource final : public ByteSource {
 public:
  explicit MediaSource(std::unique_ptr<Parser> parser) : parser_(std::move(parser)) {}
  Result<std::size_t> Read(std::span<char> out) override {
    const std::size_t n = TRY(parser_->PartBody(out));
    if (n == 0 && parser_->ended_with() == Boundary::kNext)
      return Malformed("it has more than two parts");
    return n;
  }

 private:
  std::unique_ptr<Parser> parser_;
};

}  // namespace

Result<MultipartRelated> ParseMultipartRelated(std::string_view content_type, ByteSource& body,
                                               std::size_t metadata_bytes_max) {
  auto parser = std::make_unique<Parser>(body, TRY(BoundaryOf(content_type)));
  MultipartRelated parsed;
  TRY(parser->Open(kPartHeadBytesMax));
  parsed.metadata_content_type = TRY(parser->PartHead());
  char buffer[4096];
  while (const std::size_t n = TRY(parser->PartBody(buffer))) {
    parsed.metadata.append(buffer, n);
    if (parsed.metadata.size() > metadata_bytes_max) {
      return ResourceExhausted(
          "the metadata part is larger than " + std::to_string(metadata_bytes_max) + " bytes",
          "uploadTooLarge");
    }
  }
  if (parser->ended_with() == Boundary::kClosing)
    return Malformed("it has one part; metadata and media are needed");
  parser->NextPart();
  parsed.media_content_type = TRY(parser->PartHead());
  parsed.media = std::make_unique<MediaSource>(std::move(parser));
  return parsed;
}

}  // namespace landfall::api
