#include "api/storage_xml_form.h"

#include <algorithm>
#include <optional>

#include "base/text.h"

namespace landfall::api::storage_xml {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kHeadBytesMax = 16 * 1024;
constexpr std::size_t kBoundaryBytesMax = 256;

Status Malformed(std::string_view why) {
  return InvalidArgument(
      "The body of your POST request is not well-formed multipart/form-data.\n" + std::string(why),
      "MalformedPOSTRequest");
}

// `name` of "form-data; name=\"key\"; filename=\"a.txt\"", or of a Content-Type. Unquoted values
// end at a semicolon; browsers write a quote inside a value as %22.
std::optional<std::string> Parameter(std::string_view header, std::string_view name) {
  std::size_t at = header.find(';');
  while (at != std::string_view::npos) {
    header = header.substr(at + 1);
    const std::size_t equals = header.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string_view key = Trim(header.substr(0, equals));
    header = Trim(header.substr(equals + 1));
    std::string value;
    if (header.starts_with('"')) {
      std::size_t i = 1;
      for (; i < header.size() && header[i] != '"'; ++i) {
        if (header[i] == '\\' && i + 1 < header.size() &&
            (header[i + 1] == '"' || header[i + 1] == '\\')) {
          ++i;
        }
        value.push_back(header[i]);
      }
      if (i == header.size()) return std::nullopt;
      header = header.substr(i + 1);
    } else {
      value = Trim(header.substr(0, header.find(';')));
    }
    if (EqualsIgnoreCase(key, name)) return value;
    at = header.find(';');
  }
  return std::nullopt;
}

struct PartHead {
  std::string name = {}, file_name = {}, content_type = {};
};

class Parser {
 public:
  // The line end before the first boundary is made up, so that it is found like all others.
  Parser(ByteSource& body, const std::string& boundary)
      : body_(body), buffer_("\r\n"), delimiter_("\r\n--" + boundary) {}

  // Skips what stands before the first boundary.
  Status Open() {
    char dropped[4096];
    std::size_t skipped = 0;
    while (const std::size_t n = TRY(Body(dropped))) {
      skipped += n;
      if (skipped > kHeadBytesMax) return Malformed("the first boundary is missing");
    }
    return {};
  }

  // Bytes of the part; 0 once its boundary is reached, which is consumed with its line.
  Result<std::size_t> Body(std::span<char> out) {
    while (!at_boundary_) {
      const std::string_view ahead = std::string_view(buffer_).substr(at_);
      const std::size_t found = ahead.find(delimiter_);
      if (found == 0) {
        at_ += delimiter_.size();
        TRY(EndBoundary());
        break;
      }
      const std::size_t held = delimiter_.size() - 1;
      const std::size_t sure = found != std::string_view::npos ? found
                               : ahead.size() > held           ? ahead.size() - held
                                                               : 0;
      if (sure > 0) {
        const std::size_t n = std::min(sure, out.size());
        ahead.copy(out.data(), n);
        at_ += n;
        return n;
      }
      if (!TRY(More())) return Malformed("it ends before the closing boundary");
    }
    return std::size_t{0};
  }

  Result<PartHead> Head() {
    at_boundary_ = false;
    PartHead head;
    bool form_data = false;
    for (std::size_t bytes = 0;;) {
      const std::string line = TRY(Line());
      if (line.empty()) break;
      bytes += line.size();
      if (bytes > kHeadBytesMax) return Malformed("a part's headers are too long");
      const std::size_t colon = line.find(':');
      if (colon == std::string::npos) return Malformed("a part has a header without a colon");
      const std::string name = AsciiLower(Trim(std::string_view(line).substr(0, colon)));
      const std::string_view value = Trim(std::string_view(line).substr(colon + 1));
      if (name == "content-type") head.content_type = value;
      if (name == "content-transfer-encoding" && !EqualsIgnoreCase(value, "binary") &&
          !EqualsIgnoreCase(value, "8bit") && !EqualsIgnoreCase(value, "7bit")) {
        return Malformed("a part has a Content-Transfer-Encoding");
      }
      if (name != "content-disposition") continue;
      form_data = EqualsIgnoreCase(Trim(value.substr(0, value.find(';'))), "form-data");
      head.name = Parameter(value, "name").value_or("");
      head.file_name = Parameter(value, "filename").value_or("");
    }
    if (!form_data || head.name.empty()) return Malformed("a part has no name");
    // The body may be empty; its boundary then follows the head's own line end.
    at_ -= 2;
    return head;
  }

  bool closed() const { return closed_; }

 private:
  Result<bool> More() {
    if (at_ > kReadBytes) {
      buffer_.erase(0, at_ - 2);
      at_ = 2;
    }
    const std::size_t have = buffer_.size();
    buffer_.resize(have + kReadBytes);
    const std::size_t n = TRY(body_.Read(std::span(buffer_.data() + have, kReadBytes)));
    buffer_.resize(have + n);
    return n > 0;
  }

  // Behind a boundary: "--" ends the form, a line end begins the next part.
  Status EndBoundary() {
    at_boundary_ = true;
    while (buffer_.size() - at_ < 2) {
      if (!TRY(More())) return Malformed("it ends inside a boundary");
    }
    closed_ = buffer_.compare(at_, 2, "--") == 0;
    if (closed_) return {};
    const std::string padding = TRY(Line());
    return Trim(padding).empty() ? Ok() : Malformed("a boundary is followed by text");
  }

  Result<std::string> Line() {
    while (true) {
      const std::size_t end = buffer_.find("\r\n", at_);
      if (end != std::string::npos) {
        std::string line = buffer_.substr(at_, end - at_);
        at_ = end + 2;
        return line;
      }
      if (buffer_.size() - at_ > kHeadBytesMax) return Malformed("a line is too long");
      if (!TRY(More())) return Malformed("it ends inside a part's headers");
    }
  }

  ByteSource& body_;
  std::string buffer_;
  const std::string delimiter_;
  std::size_t at_ = 0;
  bool at_boundary_ = false, closed_ = false;
};

// The first line end of a part belongs to its head; the parser gives it back (see Head).
Status SkipLineEnd(Parser& parser) {
  char two[2];
  std::size_t have = 0;
  while (have < 2) {
    const std::size_t n = TRY(parser.Body(std::span(two + have, 2 - have)));
    if (n == 0) return {};
    have += n;
  }
  return {};
}

class FileSource final : public ByteSource {
 public:
  explicit FileSource(std::unique_ptr<Parser> parser) : parser_(std::move(parser)) {}
  Result<std::size_t> Read(std::span<char> out) override {
    const std::size_t n = TRY(parser_->Body(out));
    if (n == 0 && !parser_->closed()) return Malformed("the file must be the last field");
    return n;
  }

 private:
  std::unique_ptr<Parser> parser_;
};

}  // namespace

Result<PostedForm> ParsePostedForm(std::string_view content_type, ByteSource& body) {
  const std::string_view type = Trim(content_type.substr(0, content_type.find(';')));
  const std::string boundary = Parameter(content_type, "boundary").value_or("");
  if (!EqualsIgnoreCase(type, "multipart/form-data") || boundary.empty() ||
      boundary.size() > kBoundaryBytesMax || boundary.find_first_of("\r\n") != std::string::npos) {
    return Malformed("Content-Type must be multipart/form-data with a boundary");
  }
  auto parser = std::make_unique<Parser>(body, boundary);
  TRY(parser->Open());
  PostedForm form;
  std::size_t bytes = 0;
  while (!parser->closed()) {
    PartHead head = TRY(parser->Head());
    TRY(SkipLineEnd(*parser));
    const std::string name = AsciiLower(head.name);
    if (name == "file") {
      form.file_name = std::move(head.file_name);
      form.file_content_type = std::move(head.content_type);
      form.file = std::make_unique<FileSource>(std::move(parser));
      return form;
    }
    std::string value;
    char block[4096];
    while (const std::size_t n = TRY(parser->Body(block))) {
      value.append(block, n);
      bytes += n;
      if (bytes > kFormFieldBytesMax) return Malformed("the fields are over 256 KiB");
    }
    if (form.fields.size() >= kFormFieldsMax) return Malformed("there are over 200 fields");
    form.fields.emplace_back(name, std::move(value));
  }
  return Malformed("the field file is missing");
}

}  // namespace landfall::api::storage_xml
