#include <algorithm>
#include <ctime>

#include "api/object_download.h"
#include "api/storage_json_params.h"
#include "api/storage_json_resource.h"
#include "api/storage_xml.h"
#include "api/storage_xml_text.h"
#include "base/text.h"

namespace landfall::api::storage_xml {
namespace {

// What XML downloads carry besides what all do.
net::Headers OwnHeaders(const net::Request& request, const storage::Object& object) {
  net::Headers headers;
  for (const auto& [name, value] : object.attributes.metadata) {
    // A name or value that cannot stand in a header line stays behind.
    const bool fits = name.find_first_of(" :\r\n\t()<>@,;\\\"/[]?={}") == std::string::npos &&
                      value.find_first_of("\r\n") == std::string::npos;
    if (fits) headers.Set("x-goog-meta-" + name, value);
  }
  constexpr std::string_view kOverrides[][2] = {
      {"response-content-type", "Content-Type"},
      {"response-content-disposition", "Content-Disposition"}};
  for (const auto& [parameter, name] : kOverrides) {
    const std::string_view value = request.Query(parameter).value_or("");
    if (!value.empty()) headers.Set(name, value);
  }
  return headers;
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
  const DownloadStyle style{.etag = XmlEtag(open.object),
                            .own_headers = OwnHeaders(request, open.object),
                            .render_error = [](const Status& error) { return XmlError(error); }};
  return DownloadObject(request, std::move(open), style);
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
