#include "api/object_download.h"

#include <algorithm>
#include <ctime>
#include <memory>

#include "api/content_range.h"
#include "base/hash.h"
#include "base/text.h"

namespace landfall::api {
namespace {

constexpr std::uint64_t kInMemoryBytesMax = 1 << 20;

class RangeSource final : public ByteSource {
 public:
  RangeSource(std::shared_ptr<ReadableFile> file, ByteRange range)
      : file_(std::move(file)), range_(range) {}
  Result<std::size_t> Read(std::span<char> out) override {
    const std::size_t want = std::min<std::uint64_t>(out.size(), range_.bytes);
    if (want == 0) return std::size_t{0};
    const std::size_t n = TRY(file_->ReadAt(range_.offset, out.subspan(0, want)));
    if (n == 0) return DataLoss("an object's file is shorter than the object");
    range_.offset += n;
    range_.bytes -= n;
    return n;
  }

 private:
  std::shared_ptr<ReadableFile> file_;
  ByteRange range_;
};

void AddDownloadHeaders(const storage::Object& object, net::Headers& headers) {
  const storage::ObjectAttributes& a = object.attributes;
  const auto set = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) headers.Set(name, value);
  };
  headers.Set("Content-Type", a.content_type.empty() ? "application/octet-stream" : a.content_type);
  AddGoogHeaders(object, headers);
  headers.Set("Last-Modified", HttpDate(object.updated));
  headers.Set("Accept-Ranges", "bytes");
  set("Cache-Control", a.cache_control);
  set("Content-Disposition", a.content_disposition);
  set("Content-Language", a.content_language);
  set("Content-Encoding", a.content_encoding);
}

bool AcceptsGzip(const net::Request& request) {
  for (const std::string_view coding :
       Split(request.headers.Get("Accept-Encoding").value_or(""), ',')) {
    const auto parts = Split(coding, ';');
    const std::string_view name = Trim(parts[0]);
    const bool refused = parts.size() > 1 && (Trim(parts[1]) == "q=0" || Trim(parts[1]) == "q=0.0");
    if (!refused && (EqualsIgnoreCase(name, "gzip") || name == "*")) return true;
  }
  return false;
}

// Stored gzip, a client that does not take it, and bytes that really are gzip.
Result<bool> MustGunzip(const net::Request& request, const storage::OpenObject& open) {
  const storage::ObjectAttributes& a = open.object.attributes;
  if (a.content_encoding != "gzip" || AcceptsGzip(request)) return false;
  if (a.cache_control.find("no-transform") != std::string::npos) return false;
  char magic[2] = {};
  return TRY(open.file->ReadAt(0, magic)) == 2 && magic[0] == '\x1f' && magic[1] == '\x8b';
}

// The length is not known beforehand, so ranges are off.
net::Response Gunzipped(storage::OpenObject open, net::Response response) {
  net::Headers kept;
  for (const auto& [name, value] : response.headers.all()) {
    if (name != "Content-Encoding" && name != "Accept-Ranges") kept.Add(name, value);
  }
  response.headers = std::move(kept);
  response.headers.Set("Warning", "214 UploadServer gunzipped");
  response.headers.Set("X-GUploader-Response-Body-Transformations", "gunzipped");
  response.body = net::Stream{.source = Gunzip(std::make_unique<RangeSource>(
                                  std::move(open.file), ByteRange{0, open.object.size_bytes}))};
  return response;
}

Status SetBody(net::Response& response, std::shared_ptr<ReadableFile> file, ByteRange range) {
  if (file->fd() >= 0) {
    response.body = net::FileRange{std::move(file), range.offset, range.bytes};
  } else if (range.bytes <= kInMemoryBytesMax) {
    std::string bytes(range.bytes, '\0');
    if (range.bytes > 0 && TRY(file->ReadAt(range.offset, bytes)) != range.bytes) {
      return DataLoss("an object's bytes are cut short");
    }
    response.body = std::move(bytes);
  } else {
    response.body = net::Stream{std::make_unique<RangeSource>(std::move(file), range), range.bytes};
  }
  return {};
}

}  // namespace

std::string HttpDate(TimePoint time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[64];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

std::string HashHeader(const storage::Object& object) {
  std::string value = "crc32c=" + Crc32cBase64(object.crc32c);
  if (!object.md5.empty()) value += ",md5=" + Base64(object.md5);
  return value;
}

void AddGoogHeaders(const storage::Object& object, net::Headers& headers) {
  const storage::ObjectAttributes& a = object.attributes;
  headers.Set("x-goog-hash", HashHeader(object));
  headers.Set("x-goog-generation", std::to_string(object.generation));
  headers.Set("x-goog-metageneration", std::to_string(object.metageneration));
  headers.Set("x-goog-storage-class", a.storage_class);
  headers.Set("x-goog-stored-content-length", std::to_string(object.size_bytes));
  headers.Set("x-goog-stored-content-encoding",
              a.content_encoding.empty() ? "identity" : a.content_encoding);
}

Result<net::Response> DownloadObject(const net::Request& request, storage::OpenObject open,
                                     const DownloadStyle& style) {
  const std::uint64_t size = open.object.size_bytes;
  const std::string total = "/" + std::to_string(size);
  net::Response response;
  AddDownloadHeaders(open.object, response.headers);
  response.headers.Set("ETag", style.etag);
  for (const auto& [name, value] : style.own_headers.all()) response.headers.Set(name, value);
  if (TRY(MustGunzip(request, open))) return Gunzipped(std::move(open), std::move(response));
  const RangeChoice range = ChooseRange(request.headers.Get("Range"), size);
  switch (range.kind) {
    case RangeChoice::Kind::kWhole:
      TRY(SetBody(response, std::move(open.file), {0, size}));
      return response;
    case RangeChoice::Kind::kPart: {
      const std::uint64_t last = range.part.offset + range.part.bytes - 1;
      response.status = 206;
      response.headers.Set("Content-Range", "bytes " + std::to_string(range.part.offset) + "-" +
                                                std::to_string(last) + total);
      TRY(SetBody(response, std::move(open.file), range.part));
      return response;
    }
    case RangeChoice::Kind::kUnsatisfiable:
      break;
  }
  response = style.render_error(
      OutOfRange("The requested range cannot be satisfied.", "requestedRangeNotSatisfiable"));
  response.headers.Set("Content-Range", "bytes *" + total);
  return response;
}

}  // namespace landfall::api
