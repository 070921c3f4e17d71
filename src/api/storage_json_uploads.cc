#include "api/json_error.h"
#include "api/multipart.h"
#include "api/object_download.h"
#include "api/storage_json.h"
#include "api/storage_json_params.h"
#include "api/storage_json_resource.h"
#include "base/text.h"

namespace landfall::api::storage_json {
namespace {

constexpr std::size_t kMetadataBytesMax = 1 << 20;

// Reads from a source that somebody else owns.
class BorrowedSource final : public ByteSource {
 public:
  explicit BorrowedSource(ByteSource& source) : source_(source) {}
  Result<std::size_t> Read(std::span<char> out) override { return source_.Read(out); }

 private:
  ByteSource& source_;
};

// The body without transport compression. With contentEncoding=gzip the client wants the bytes
// stored as they are.
std::unique_ptr<ByteSource> UploadBody(const net::Request& request) {
  auto body = std::make_unique<BorrowedSource>(*request.body);
  const std::string_view coding = request.headers.Get("Content-Encoding").value_or("");
  if (!EqualsIgnoreCase(coding, "gzip") || request.Query("contentEncoding") == "gzip") return body;
  return Gunzip(std::move(body));
}

std::string HeaderText(const net::Request& request, std::string_view name) {
  return std::string(request.headers.Get(name).value_or(""));
}

// What the URL and the headers say about the object to be.
Result<storage::ObjectSpec> SpecOf(const net::Request& request) {
  return storage::ObjectSpec{.bucket = std::string(request.Param("bucket")),
                             .name = TextQuery(request, "name"),
                             .expected = TRY(ChecksumsOf(request)),
                             .when = TRY(PreconditionOf(request))};
}

// What the JSON metadata says; the URL wins for the name.
Status AddMetadata(const net::Request& request, const JsonObject& metadata,
                   storage::ObjectSpec& spec) {
  ObjectBody body = TRY(ParseObjectBody(metadata));
  TRY(CheckAgrees(metadata, "bucket", spec.bucket));
  if (spec.name.empty()) spec.name = TRY(StringMember(metadata, "name")).value_or("");
  spec.attributes = std::move(body.attributes);
  if (const std::string coding = TextQuery(request, "contentEncoding"); !coding.empty()) {
    spec.attributes.content_encoding = coding;
  }
  if (body.expected.crc32c) spec.expected.crc32c = body.expected.crc32c;
  if (!body.expected.md5.empty()) spec.expected.md5 = body.expected.md5;
  return {};
}

// `body` counts in stored bytes: transport compression is off already, and Content-Range is about
// what comes out of it.
Result<storage::UploadChunk> ChunkOf(const net::Request& request, ByteSource& body) {
  storage::UploadChunk chunk;
  chunk.expected = TRY(ChecksumsOf(request));
  const auto header = request.headers.Get("Content-Range");
  if (!header) {
    chunk.last = true;
    chunk.body = &body;
    return chunk;
  }
  const ContentRange range = TRY(ParseContentRange(*header));
  chunk.total = range.total;
  if (!range.first) return chunk;  // no data: finalise or report
  chunk.body = &body;
  chunk.offset = range.first;
  if (range.last) {
    chunk.length = *range.last - *range.first + 1;
  } else {
    chunk.last = true;
  }
  return chunk;
}

}  // namespace

Result<net::Response> Adapter::PostUpload(net::Request& request) {
  if (request.Query("upload_id")) return SendToUpload(request);
  const std::string type = TextQuery(request, "uploadType");
  if (type == "media") return InsertMedia(request);
  if (type == "multipart") return InsertMultipart(request);
  if (type == "resumable") return StartUpload(request);
  if (type.empty())
    return InvalidArgument("Required parameter: uploadType", "required", "uploadType");
  return InvalidArgument("Invalid value '" + type.substr(0, 100) +
                             "' for parameter uploadType; it must be media, multipart or resumable",
                         "invalidParameter", "uploadType");
}

Result<net::Response> Adapter::PutUpload(net::Request& request) { return SendToUpload(request); }

Result<net::Response> Adapter::InsertMedia(net::Request& request) {
  storage::ObjectSpec spec = TRY(SpecOf(request));
  spec.attributes.content_type = HeaderText(request, "Content-Type");
  spec.attributes.content_encoding = TextQuery(request, "contentEncoding");
  TRY(AddPredefinedAcl(request, "predefinedAcl", spec));
  const auto body = UploadBody(request);
  return AnswerUploaded(request, TRY(storage_.Insert(request.context, spec, *body)));
}

Result<net::Response> Adapter::InsertMultipart(net::Request& request) {
  storage::ObjectSpec spec = TRY(SpecOf(request));
  const auto body = UploadBody(request);
  const MultipartRelated parts =
      TRY(ParseMultipartRelated(HeaderText(request, "Content-Type"), *body, kMetadataBytesMax));
  const Json metadata = TRY(ParseJson(parts.metadata));
  if (!metadata.is_object())
    return InvalidArgument("the metadata part must be a JSON object", "parseError");
  TRY(AddMetadata(request, metadata.get_object(), spec));
  if (spec.attributes.content_type.empty()) spec.attributes.content_type = parts.media_content_type;
  TRY(AddPredefinedAcl(request, "predefinedAcl", spec));
  return AnswerUploaded(request, TRY(storage_.Insert(request.context, spec, *parts.media)));
}

Result<net::Response> Adapter::StartUpload(net::Request& request) {
  storage::ObjectSpec spec = TRY(SpecOf(request));
  const JsonObject metadata = TRY(ReadJsonBody(request));
  if (!spec.name.empty()) TRY(CheckAgrees(metadata, "name", spec.name));
  TRY(AddMetadata(request, metadata, spec));
  if (spec.attributes.content_type.empty()) {
    spec.attributes.content_type = HeaderText(request, "X-Upload-Content-Type");
  }
  TRY(AddPredefinedAcl(request, "predefinedAcl", spec));
  std::optional<std::uint64_t> total;
  if (const auto text = request.headers.Get("X-Upload-Content-Length"); text && !text->empty()) {
    const auto value = ParseInt64(*text);
    if (!value || *value < 0) {
      return InvalidArgument(
          "Invalid X-Upload-Content-Length: \"" + std::string(text->substr(0, 100)) + "\"",
          "invalid", "X-Upload-Content-Length");
    }
    total = static_cast<std::uint64_t>(*value);
  }
  const std::string id = TRY(storage_.StartUpload(request.context, spec, total));
  std::string location = request.BaseUrl() + "/upload/storage/v1/b/" + PercentEncode(spec.bucket) +
                         "/o?uploadType=resumable&name=" + PercentEncode(spec.name) +
                         "&upload_id=" + id;
  // The final answer honours these of the start request; the URL carries them there.
  for (const std::string_view kept : {"fields", "projection", "contentEncoding"}) {
    if (const std::string value = TextQuery(request, kept); !value.empty()) {
      location.append("&").append(kept).append("=").append(PercentEncode(value));
    }
  }
  net::Response response;
  response.headers.Set("Location", location);
  return response;
}

Result<net::Response> Adapter::SendToUpload(net::Request& request) {
  const std::string id = TRY(RequiredQuery(request, "upload_id"));
  const auto body = UploadBody(request);
  const storage::UploadChunk chunk = TRY(ChunkOf(request, *body));
  if (chunk.body == nullptr && !chunk.total) {
    return UploadAnswer(request, TRY(storage_.QueryUpload(request.context, id)));
  }
  return UploadAnswer(request, TRY(storage_.Upload(request.context, id, chunk)));
}

Result<net::Response> Adapter::UploadAnswer(const net::Request& request,
                                            const storage::UploadStatus& status) {
  if (status.object) return AnswerUploaded(request, *status.object);
  net::Response response;
  response.status = 308;
  // Go's client cannot read a 308 and asks for this form instead.
  if (EqualsIgnoreCase(request.headers.Get("X-GUploader-No-308").value_or(""), "yes")) {
    response.status = 200;
    response.headers.Set("X-HTTP-Status-Code-Override", "308");
  }
  if (status.persisted_bytes > 0) {
    response.headers.Set("Range", "bytes=0-" + std::to_string(status.persisted_bytes - 1));
  }
  return response;
}

Result<net::Response> Adapter::AnswerUploaded(const net::Request& request,
                                              const storage::Object& object) {
  net::Response response = TRY(AnswerObject(request, object));
  response.headers.Set("x-goog-hash", HashHeader(object));
  return response;
}

Result<net::Response> Adapter::DeleteUpload(net::Request& request) {
  TRY(storage_.CancelUpload(request.context, TRY(RequiredQuery(request, "upload_id"))));
  net::Response response;
  response.status = 499;
  return response;
}

}  // namespace landfall::api::storage_json
