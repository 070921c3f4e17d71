// Uploads of load jobs: multipart/related in one request, and resumable.
#include "api/bigquery_json_uploads.h"

#include <limits>

#include "api/bigquery_json.h"
#include "api/content_range.h"
#include "api/multipart.h"
#include "base/text.h"

namespace landfall::api::bigquery_json {
namespace {

constexpr std::size_t kMetadataBytesMax = 10u << 20;
constexpr std::uint64_t kToTheEnd = std::numeric_limits<std::uint64_t>::max();

// Of a body the request owns.
class BorrowedSource final : public ByteSource {
 public:
  explicit BorrowedSource(ByteSource& source) : source_(source) {}
  Result<std::size_t> Read(std::span<char> out) override { return source_.Read(out); }

 private:
  ByteSource& source_;
};

std::unique_ptr<ByteSource> UploadBody(const net::Request& request) {
  auto body = std::make_unique<BorrowedSource>(*request.body);
  if (!EqualsIgnoreCase(request.headers.Get("Content-Encoding").value_or(""), "gzip")) return body;
  return Gunzip(std::move(body));
}

class UploadedSource final : public ByteSource {
 public:
  explicit UploadedSource(const Upload& upload) : upload_(upload) {}
  Result<std::size_t> Read(std::span<char> out) override {
    const std::size_t n = TRY(upload_.reader->ReadAt(at_, out));
    at_ += n;
    return n;
  }

 private:
  const Upload& upload_;
  std::uint64_t at_ = 0;
};

// Reads over what a client sends again.
Status Skip(ByteSource& body, std::uint64_t bytes) {
  std::array<char, 64 * 1024> block;
  while (bytes > 0) {
    const std::size_t n =
        TRY(body.Read(std::span(block.data(), std::min<std::uint64_t>(block.size(), bytes))));
    if (n == 0) return {};
    bytes -= n;
  }
  return {};
}

net::Response Incomplete(const net::Request& request, const Upload& upload) {
  net::Response response;
  response.status = 308;
  // Go's client cannot read a 308 and asks for this form instead.
  if (EqualsIgnoreCase(request.headers.Get("X-GUploader-No-308").value_or(""), "yes")) {
    response.status = 200;
    response.headers.Set("X-HTTP-Status-Code-Override", "308");
  }
  if (upload.size > 0) {
    response.headers.Set("Range", "bytes=0-" + std::to_string(upload.size - 1));
  }
  return response;
}

Status SetTotal(Upload& upload, std::optional<std::uint64_t> total) {
  if (!total) return {};
  if (upload.total && *upload.total != *total) {
    return InvalidArgument("the upload has " + std::to_string(*upload.total) +
                               " bytes in all by what was said before, not " +
                               std::to_string(*total),
                           "invalid", "Content-Range");
  }
  upload.total = total;
  return {};
}

// Takes what the request brings. Whether it is the last piece by its own words.
Result<bool> Receive(net::Request& request, Upload& upload) {
  const auto header = request.headers.Get("Content-Range");
  const ContentRange range = header ? TRY(ParseContentRange(*header)) : ContentRange{.first = 0};
  TRY(SetTotal(upload, range.total));
  if (!range.first) return false;
  // A gap: the answer tells the client where to go on.
  if (*range.first > upload.size) return false;
  const std::uint64_t again = upload.size - *range.first;
  const std::uint64_t bytes = range.last ? *range.last - *range.first + 1 : kToTheEnd;
  if (bytes <= again) return upload.total == upload.size;
  TRY(Skip(*request.body, again));
  TRY(upload.Append(*request.body, range.last ? bytes - again : kToTheEnd));
  return !range.last;
}

Result<JobBody> ParseUploadBody(const std::string& text, std::string_view project) {
  const Json metadata = TRY(ParseJson(text));
  if (!metadata.is_object()) {
    return InvalidArgument("the metadata part must be a JSON object", "parseError");
  }
  return ParseJobBody(metadata.get_object(), project, true);
}

}  // namespace

Result<net::Response> Adapter::PostUpload(net::Request& request) {
  if (request.Query("upload_id")) return SendToUpload(request);
  const std::string type = TextQuery(request, "uploadType");
  if (type == "multipart") return InsertMultipart(request);
  if (type == "resumable") return StartUpload(request);
  if (type.empty()) {
    return InvalidArgument("Required parameter: uploadType", "required", "uploadType");
  }
  return InvalidArgument("Invalid value '" + type.substr(0, 100) +
                             "' for parameter uploadType; it must be multipart or resumable",
                         "invalidParameter", "uploadType");
}

Result<net::Response> Adapter::PutUpload(net::Request& request) { return SendToUpload(request); }

Result<net::Response> Adapter::InsertMultipart(net::Request& request) {
  const auto body = UploadBody(request);
  const MultipartRelated parts = TRY(ParseMultipartRelated(
      request.headers.Get("Content-Type").value_or(""), *body, kMetadataBytesMax));
  JobBody job = TRY(ParseUploadBody(parts.metadata, request.Param("project")));
  return Answer(
      request,
      JobJson(TRY(warehouse_.InsertLoad(request.context, std::move(job.ref), std::move(job.load),
                                        std::move(job.labels), std::move(job.configuration_json),
                                        parts.media.get())),
              request.BaseUrl()));
}

Result<net::Response> Adapter::StartUpload(net::Request& request) {
  Upload upload;
  upload.project = request.Param("project");
  upload.job = TRY(
      ParseUploadBody(TRY(net::ReadBody(request, kMetadataBytesMax)), request.Param("project")));
  if (const auto text = request.headers.Get("X-Upload-Content-Length"); text && !text->empty()) {
    const auto value = ParseInt64(*text);
    if (!value || *value < 0) {
      return InvalidArgument(
          "Invalid X-Upload-Content-Length: \"" + std::string(text->substr(0, 100)) + "\"",
          "invalid", "X-Upload-Content-Length");
    }
    upload.total = static_cast<std::uint64_t>(*value);
  }
  const std::string id = TRY(uploads_.Start(std::move(upload)));
  std::string location = request.BaseUrl() + "/upload/bigquery/v2/projects/" +
                         PercentEncode(request.Param("project")) +
                         "/jobs?uploadType=resumable&upload_id=" + id;
  // The final answer honours it; the URL carries it there.
  if (const std::string fields = TextQuery(request, "fields"); !fields.empty()) {
    location += "&fields=" + PercentEncode(fields);
  }
  net::Response response;
  response.headers.Set("Location", location);
  response.headers.Set("X-GUploader-UploadID", id);
  return response;
}

Result<net::Response> Adapter::SendToUpload(net::Request& request) {
  const UploadSessions::Taken upload = TRY(uploads_.Take(TextQuery(request, "upload_id")));
  if (upload->project != request.Param("project")) {
    return NotFound("Not found: the upload is of another project");
  }
  if (upload->done) {
    return Answer(request, JobJson(TRY(warehouse_.GetJob(request.context, *upload->done)),
                                   request.BaseUrl()));
  }
  const bool last = TRY(Receive(request, *upload));
  if (upload->total && upload->size > *upload->total) {
    return InvalidArgument(
        "the upload has more bytes than the " + std::to_string(*upload->total) + " it said it has",
        "invalid", "Content-Range");
  }
  const bool complete = upload->total ? upload->size == *upload->total : last;
  if (!complete) return Incomplete(request, *upload);
  return FinishUpload(request, *upload);
}

// A job that cannot be made leaves the upload as it is, so that a client may ask again.
Result<net::Response> Adapter::FinishUpload(net::Request& request, Upload& upload) {
  UploadedSource bytes(upload);
  const warehouse::Job job =
      TRY(warehouse_.InsertLoad(request.context, upload.job.ref, upload.job.load, upload.job.labels,
                                upload.job.configuration_json, &bytes));
  upload.done = job.ref;
  upload.writer.reset();
  upload.reader.reset();
  upload.job = {};
  return Answer(request, JobJson(job, request.BaseUrl()));
}

Result<net::Response> Adapter::DeleteUpload(net::Request& request) {
  TRY(uploads_.Cancel(TextQuery(request, "upload_id")));
  net::Response response;
  response.status = 499;
  return response;
}

}  // namespace landfall::api::bigquery_json
