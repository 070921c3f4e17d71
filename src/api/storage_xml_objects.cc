#include <algorithm>
#include <ctime>

#include "api/content_range.h"
#include "api/storage_json_params.h"
#include "api/storage_json_resource.h"
#include "api/storage_xml.h"
#include "api/storage_xml_text.h"
#include "base/text.h"

namespace landfall::api::storage_xml {
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

void AddDownloadHeaders(const net::Request& request, const storage::Object& object,
                        net::Headers& headers) {
  const storage::ObjectAttributes& a = object.attributes;
  const auto set = [&](std::string_view name, std::string_view value) {
    if (!value.empty()) headers.Set(name, value);
  };
  AddObjectHeaders(object, headers);
  headers.Set("Content-Type", a.content_type.empty() ? "application/octet-stream" : a.content_type);
  headers.Set("Last-Modified", HttpDate(object.updated));
  headers.Set("Accept-Ranges", "bytes");
  set("Cache-Control", a.cache_control);
  set("Content-Disposition", a.content_disposition);
  set("Content-Language", a.content_language);
  set("Content-Encoding", a.content_encoding);
  for (const auto& [name, value] : a.metadata) {
    // A name or value that cannot stand in a header line stays behind.
    const bool fits = name.find_first_of(" :\r\n\t()<>@,;\\\"/[]?={}") == std::string::npos &&
                      value.find_first_of("\r\n") == std::string::npos;
    if (fits) headers.Set("x-goog-meta-" + name, value);
  }
  set("Content-Type", request.Query("response-content-type").value_or(""));
  set("Content-Disposition", request.Query("response-content-disposition").value_or(""));
}

std::optional<std::time_t> ParseHttpDate(std::optional<std::string_view> text) {
  std::tm utc{};
  if (!text) return std::nullopt;
  const std::string copy(Trim(*text));
  const char* end = strptime(copy.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return timegm(&utc);
}

bool ListsEtag(std::string_view header, const std::string& etag) {
  for (std::string_view one : Split(header, ',')) {
    one = Trim(one);
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == "*" || one == etag || one == etag.substr(1, etag.size() - 2)) return true;
  }
  return false;
}

// If-Match, If-None-Match and the two dates, on a read.
Status CheckConditions(const net::Request& request, const storage::Object& object) {
  const std::string etag = XmlEtag(object);
  const auto match = request.headers.Get("If-Match");
  const auto none_match = request.headers.Get("If-None-Match");
  const std::time_t modified = std::chrono::system_clock::to_time_t(object.updated);
  const auto since = ParseHttpDate(request.headers.Get("If-Modified-Since"));
  const auto unmodified = ParseHttpDate(request.headers.Get("If-Unmodified-Since"));
  if ((match && !ListsEtag(*match, etag)) || (!match && unmodified && modified > *unmodified)) {
    return FailedPrecondition("a condition in the request's headers did not hold");
  }
  const bool unchanged = none_match ? ListsEtag(*none_match, etag) : since && modified <= *since;
  return unchanged ? FailedPrecondition("not modified", "notModified") : Ok();
}

Status RefuseConditionalWrite(const net::Request& request) {
  for (const std::string_view name :
       {"If-Match", "If-None-Match", "If-Modified-Since", "If-Unmodified-Since"}) {
    if (request.headers.Get(name)) {
      return Unimplemented("header " + std::string(name) +
                           " on a write of the XML API is not implemented; use "
                           "x-goog-if-generation-match");
    }
  }
  return {};
}

// "0,1024", which a signed URL may demand.
struct LengthRange {
  std::uint64_t min = 0, max = ~0ull;
};
Result<LengthRange> LengthRangeOf(const net::Request& request) {
  const auto header = request.headers.Get("x-goog-content-length-range");
  if (!header) return LengthRange{};
  const auto parts = Split(*header, ',');
  const auto min = ParseInt64(Trim(parts[0]));
  const auto max = parts.size() == 2 ? ParseInt64(Trim(parts[1])) : std::nullopt;
  if (!min || !max || *min < 0 || *max < *min) {
    return InvalidArgument("x-goog-content-length-range must be MIN,MAX", "InvalidArgument");
  }
  return LengthRange{static_cast<std::uint64_t>(*min), static_cast<std::uint64_t>(*max)};
}

}  // namespace

Result<net::Response> Adapter::GetObject(net::Request& request, const Address& address) {
  if (request.Query("uploadId")) return ListParts(request, address);
  TRY(RefuseSubresources(request));
  storage::OpenObject open =
      TRY(storage_.Open(request.context, address.bucket, address.object, TRY(GenerationOf(request)),
                        TRY(PreconditionOf(request))));
  TRY(CheckConditions(request, open.object));
  return Download(request, address, std::move(open));
}

Result<net::Response> Adapter::Download(net::Request& request, const Address&,
                                        storage::OpenObject open) {
  const std::uint64_t size = open.object.size_bytes;
  net::Response response;
  AddDownloadHeaders(request, open.object, response.headers);
  if (TRY(MustGunzip(request, open))) {
    net::Headers kept;
    for (const auto& [name, value] : response.headers.all()) {
      if (name != "Content-Encoding" && name != "Accept-Ranges") kept.Add(name, value);
    }
    response.headers = std::move(kept);
    response.headers.Set("Warning", "214 UploadServer gunzipped");
    response.headers.Set("X-GUploader-Response-Body-Transformations", "gunzipped");
    response.body = net::Stream{
        .source = Gunzip(std::make_unique<RangeSource>(std::move(open.file), ByteRange{0, size}))};
    return response;
  }
  const RangeChoice choice = ChooseRange(request.headers.Get("Range"), size);
  ByteRange part{0, size};
  if (choice.kind == RangeChoice::Kind::kUnsatisfiable) {
    response = XmlError(OutOfRange("the object has " + std::to_string(size) + " bytes",
                                   "requestedRangeNotSatisfiable"));
    response.headers.Set("Content-Range", "bytes */" + std::to_string(size));
    return response;
  }
  if (choice.kind == RangeChoice::Kind::kPart) {
    part = choice.part;
    response.status = 206;
    response.headers.Set("Content-Range", "bytes " + std::to_string(part.offset) + "-" +
                                              std::to_string(part.offset + part.bytes - 1) + "/" +
                                              std::to_string(size));
  }
  if (open.file->fd() >= 0) {
    response.body = net::FileRange{std::move(open.file), part.offset, part.bytes};
  } else if (part.bytes <= kInMemoryBytesMax) {
    std::string bytes(part.bytes, '\0');
    if (part.bytes > 0 && TRY(open.file->ReadAt(part.offset, bytes)) != part.bytes)
      return DataLoss("an object's bytes are cut short");
    response.body = std::move(bytes);
  } else {
    response.body =
        net::Stream{std::make_unique<RangeSource>(std::move(open.file), part), part.bytes};
  }
  return response;
}

Result<net::Response> Adapter::PutObject(net::Request& request, const Address& address) {
  if (request.Query("upload_id")) return SendToResumable(request);
  if (request.Query("uploadId") || request.Query("partNumber")) return PutPart(request, address);
  TRY(RefuseSubresources(request));
  TRY(RefuseConditionalWrite(request));
  if (request.headers.Get("x-goog-copy-source")) return CopyObject(request, address);
  const storage::ObjectSpec spec = TRY(SpecOf(request, address, TRY(NewObjectOf(request))));
  const LengthRange range = TRY(LengthRangeOf(request));
  LengthChecked body(*request.body, range.min, range.max);
  return UploadedResponse(TRY(storage_.Insert(request.context, spec, body)));
}

// x-goog-copy-source: "/BUCKET/OBJECT" or "BUCKET/OBJECT", percent-encoded.
Result<net::Response> Adapter::CopyObject(net::Request& request, const Address& address) {
  const auto header = [&](std::string_view name) {
    return request.headers.Get(name).value_or(std::string_view());
  };
  const std::string source = TRY(PercentDecode(header("x-goog-copy-source")));
  const std::string_view path = std::string_view(source).substr(source.starts_with('/') ? 1 : 0);
  const std::size_t slash = path.find('/');
  if (slash == std::string_view::npos || slash == 0 || slash + 1 == path.size()) {
    return InvalidArgument("x-goog-copy-source must be /BUCKET/OBJECT", "InvalidArgument");
  }
  const auto number = [&](std::string_view name) -> Result<std::optional<std::int64_t>> {
    if (header(name).empty()) return std::optional<std::int64_t>();
    const auto value = ParseInt64(header(name));
    if (!value) return InvalidArgument("header " + std::string(name) + " must be a whole number");
    return value;
  };
  const std::string_view directive = header("x-goog-metadata-directive");
  if (!directive.empty() && directive != "COPY" && directive != "REPLACE") {
    return InvalidArgument("x-goog-metadata-directive must be COPY or REPLACE", "InvalidArgument");
  }
  storage::CopySpec copy{.source_bucket = std::string(path.substr(0, slash)),
                         .source_name = std::string(path.substr(slash + 1)),
                         .source_generation = TRY(number("x-goog-copy-source-generation")),
                         .destination = TRY(SpecOf(request, address, TRY(NewObjectOf(request)))),
                         .own_attributes = directive == "REPLACE"};
  copy.source_when.generation_match = TRY(number("x-goog-copy-source-if-generation-match"));
  copy.source_when.metageneration_match = TRY(number("x-goog-copy-source-if-metageneration-match"));
  const storage::Object made = TRY(storage_.Copy(request.context, copy));
  net::Response response = XmlResponse(Document(
      "CopyObjectResult", kListNamespace,
      Element("ETag", XmlEtag(made)) + Element("LastModified", FormatRfc3339(made.updated))));
  AddObjectHeaders(made, response.headers);
  return response;
}

Result<net::Response> Adapter::DeleteObject(net::Request& request, const Address& address) {
  net::Response response;
  response.status = 204;
  if (const auto id = request.Query("upload_id")) {
    TRY(storage_.CancelUpload(request.context, *id));
    response.status = 499;
    return response;
  }
  if (const auto id = request.Query("uploadId")) {
    TRY(parts_.About(*id, address.bucket, address.object));
    TRY(parts_.Remove(*id));
    return response;
  }
  TRY(RefuseSubresources(request));
  TRY(RefuseConditionalWrite(request));
  TRY(storage_.Delete(request.context, address.bucket, address.object, TRY(GenerationOf(request)),
                      TRY(PreconditionOf(request))));
  return response;
}

}  // namespace landfall::api::storage_xml
