#include <algorithm>

#include "api/content_range.h"
#include "api/json_error.h"
#include "api/storage_json.h"
#include "api/storage_json_params.h"
#include "api/storage_json_resource.h"
#include "base/hash.h"
#include "base/text.h"

namespace landfall::api::storage_json {
namespace {

constexpr std::uint64_t kInMemoryBytesMax = 1 << 20;

class FileSource final : public ByteSource {
 public:
  FileSource(std::shared_ptr<ReadableFile> file, ByteRange range)
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

// "Sun, 06 Nov 1994 08:49:37 GMT".
std::string HttpDate(TimePoint time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[64];
  return {text, std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &utc)};
}

void SetUnlessEmpty(net::Headers& headers, std::string_view name, const std::string& value) {
  if (!value.empty()) headers.Set(name, value);
}

void AddObjectHeaders(const storage::Object& object, net::Headers& headers) {
  const storage::ObjectAttributes& a = object.attributes;
  headers.Set("Content-Type", a.content_type.empty() ? "application/octet-stream" : a.content_type);
  headers.Set("x-goog-hash", HashHeader(object));
  headers.Set("x-goog-generation", std::to_string(object.generation));
  headers.Set("x-goog-metageneration", std::to_string(object.metageneration));
  headers.Set("x-goog-storage-class", a.storage_class);
  headers.Set("x-goog-stored-content-length", std::to_string(object.size_bytes));
  headers.Set("x-goog-stored-content-encoding",
              a.content_encoding.empty() ? "identity" : a.content_encoding);
  headers.Set("ETag", storage::EtagOf(object));
  headers.Set("Last-Modified", HttpDate(object.updated));
  headers.Set("Accept-Ranges", "bytes");
  SetUnlessEmpty(headers, "Cache-Control", a.cache_control);
  SetUnlessEmpty(headers, "Content-Disposition", a.content_disposition);
  SetUnlessEmpty(headers, "Content-Language", a.content_language);
  SetUnlessEmpty(headers, "Content-Encoding", a.content_encoding);
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

net::Response Gunzipped(storage::OpenObject open, net::Response response) {
  net::Headers kept;
  for (const auto& [name, value] : response.headers.all()) {
    if (name != "Content-Encoding" && name != "Accept-Ranges") kept.Add(name, value);
  }
  response.headers = std::move(kept);
  response.headers.Set("Warning", "214 UploadServer gunzipped");
  response.headers.Set("X-GUploader-Response-Body-Transformations", "gunzipped");
  response.body = net::Stream{.source = Gunzip(std::make_unique<FileSource>(
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
    response.body = net::Stream{std::make_unique<FileSource>(std::move(file), range), range.bytes};
  }
  return {};
}

}  // namespace

Result<net::Response> Adapter::GetObject(net::Request& request) {
  const bool soft_deleted = TRY(BoolQuery(request, "softDeleted"));
  if (WantsMedia(request)) {
    if (!soft_deleted) return Download(request);
    return InvalidArgument("a soft-deleted object cannot be downloaded; restore it first",
                           "invalidParameter", "softDeleted");
  }
  const std::string_view bucket = request.Param("bucket"), name = request.Param("object");
  const auto generation = TRY(GenerationOf(request));
  if (soft_deleted && !generation) TRY(RequiredQuery(request, "generation"));
  const storage::Object object =
      soft_deleted ? TRY(storage_.GetSoftDeleted(request.context, bucket, name, *generation))
                   : TRY(storage_.Get(request.context, bucket, name, generation,
                                      TRY(PreconditionOf(request))));
  net::Response response = TRY(AnswerObject(request, object));
  response.headers.Set("ETag", storage::EtagOf(object));
  return response;
}

Result<net::Response> Adapter::Download(net::Request& request) {
  storage::OpenObject open =
      TRY(storage_.Open(request.context, request.Param("bucket"), request.Param("object"),
                        TRY(GenerationOf(request)), TRY(PreconditionOf(request))));
  const std::uint64_t size = open.object.size_bytes;
  net::Response response;
  AddObjectHeaders(open.object, response.headers);
  if (TRY(MustGunzip(request, open))) return Gunzipped(std::move(open), std::move(response));
  const RangeChoice range = ChooseRange(request.headers.Get("Range"), size);
  switch (range.kind) {
    case RangeChoice::Kind::kWhole:
      TRY(SetBody(response, std::move(open.file), {0, size}));
      return response;
    case RangeChoice::Kind::kPart:
      response.status = 206;
      response.headers.Set("Content-Range",
                           "bytes " + std::to_string(range.part.offset) + "-" +
                               std::to_string(range.part.offset + range.part.bytes - 1) + "/" +
                               std::to_string(size));
      TRY(SetBody(response, std::move(open.file), range.part));
      return response;
    case RangeChoice::Kind::kUnsatisfiable:
      break;
  }
  response = RenderError(request, OutOfRange("The requested range cannot be satisfied.",
                                             "requestedRangeNotSatisfiable"));
  response.headers.Set("Content-Range", "bytes */" + std::to_string(size));
  return response;
}

Result<net::Response> Adapter::ListObjects(net::Request& request) {
  const storage::ObjectPage page =
      TRY(storage_.List(request.context, request.Param("bucket"), TRY(ListOptionsOf(request))));
  JsonObject body{{"kind", "storage#objects"}};
  if (!page.next_page_token.empty()) body["nextPageToken"] = page.next_page_token;
  if (!page.prefixes.empty())
    body["prefixes"] = JsonArray(page.prefixes.begin(), page.prefixes.end());
  JsonArray items;
  const std::string base_url = request.BaseUrl();
  std::optional<storage::Bucket> bucket;
  if (TRY(WantsFull(request)))
    bucket = TRY(storage_.GetBucket(request.context, request.Param("bucket")));
  for (const storage::Object& object : page.items) {
    JsonObject item = ObjectJson(object, base_url);
    if (bucket) AddObjectAcl(object, *bucket, item);
    items.push_back(std::move(item));
  }
  if (!items.empty()) body["items"] = std::move(items);
  return Answer(request, std::move(body));
}

Result<net::Response> Adapter::PatchObject(net::Request& request) {
  return ChangeObject(request, false);
}

Result<net::Response> Adapter::UpdateObject(net::Request& request) {
  return ChangeObject(request, true);
}

Result<net::Response> Adapter::ChangeObject(net::Request& request, bool replace) {
  const std::string_view bucket = request.Param("bucket"), name = request.Param("object");
  const auto generation = TRY(GenerationOf(request));
  const JsonObject body = TRY(ReadJsonBody(request));
  TRY(CheckAgrees(body, "bucket", bucket));
  TRY(CheckAgrees(body, "name", name));
  if (generation) TRY(CheckAgrees(body, "generation", std::to_string(*generation)));
  storage::ObjectPatch patch = TRY(ParseObjectPatch(body));
  patch.replace = replace;
  patch.override_unlocked_retention = TRY(BoolQuery(request, "overrideUnlockedRetention"));
  const std::string predefined = TextQuery(request, "predefinedAcl");
  if (!predefined.empty() || patch.edit_acl) {
    const storage::Bucket owner = TRY(storage_.GetBucket(request.context, bucket));
    TRY(CheckAclsInUse(owner));
    storage::Acl acl;
    if (patch.edit_acl) TRY(patch.edit_acl(acl));
    if (!predefined.empty()) acl = TRY(PredefinedObjectAcl(owner, predefined, "predefinedAcl"));
    TRY(CheckPublicAccess(owner, acl));
    patch.edit_acl = [acl](storage::Acl& now) -> Status {
      now = acl;
      return {};
    };
  }
  return AnswerObject(request, TRY(storage_.Patch(request.context, bucket, name, generation, patch,
                                                  TRY(PreconditionOf(request)))));
}

Result<net::Response> Adapter::DeleteObject(net::Request& request) {
  TRY(storage_.Delete(request.context, request.Param("bucket"), request.Param("object"),
                      TRY(GenerationOf(request)), TRY(PreconditionOf(request))));
  net::Response response;
  response.status = 204;
  return response;
}

Result<net::Response> Adapter::RefuseMetadataPathInsert(net::Request& request) {
  return InvalidArgument("Upload requests must be sent to /upload/storage/v1/b/" +
                             PercentEncode(request.Param("bucket")) + "/o",
                         "wrongUrlForUpload");
}

}  // namespace landfall::api::storage_json
