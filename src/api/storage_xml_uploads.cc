// Resumable uploads started over XML, and XML multipart uploads.
#include <algorithm>
#include <map>

#include "api/content_range.h"
#include "api/storage_json_params.h"
#include "api/storage_xml.h"
#include "api/storage_xml_text.h"
#include "base/hash.h"
#include "base/text.h"

namespace landfall::api::storage_xml {
namespace {

constexpr std::size_t kPartListBytesMax = 4u << 20;

// "/BUCKET/OBJECT", or "/OBJECT" when the host names the bucket, as the client addressed it.
std::string UrlOf(const net::Request& request) { return request.BaseUrl() + request.path; }

Result<std::int64_t> PartNumberOf(const net::Request& request) {
  const auto number = ParseInt64(request.Query("partNumber").value_or(""));
  if (number && *number >= 1 && *number <= kPartNumberMax) return *number;
  return InvalidArgument("Part number must be an integer between 1 and 10000, inclusive.",
                         "InvalidArgument");
}

struct ListedPart {
  std::int64_t number = 0;
  std::string etag = {};
};
Result<std::vector<ListedPart>> ListedParts(std::string_view body) {
  std::vector<ListedPart> parts;
  ListedPart next;
  for (const XmlElement& element :
       TRY(ParseXml(body, 4 * static_cast<std::size_t>(kPartNumberMax)))) {
    if (element.path == "CompleteMultipartUpload/Part/PartNumber") {
      next.number = ParseInt64(Trim(element.text)).value_or(0);
    } else if (element.path == "CompleteMultipartUpload/Part/ETag") {
      next.etag = Trim(element.text);
    } else if (element.path == "CompleteMultipartUpload/Part") {
      parts.push_back(std::move(next));
      next = {};
    }
  }
  if (parts.empty()) return InvalidArgument("You must specify at least one part", "MalformedXML");
  return parts;
}

// The stored parts that the client lists, in its order.
Result<std::vector<Part>> ChosenParts(const std::vector<ListedPart>& listed,
                                      const std::vector<Part>& stored) {
  std::map<std::int64_t, const Part*> by_number;
  for (const Part& part : stored) by_number[part.number] = &part;
  std::vector<Part> chosen;
  for (const ListedPart& one : listed) {
    if (!chosen.empty() && one.number <= chosen.back().number) {
      return InvalidArgument("The list of parts was not in ascending order.", "InvalidPartOrder");
    }
    const auto it = by_number.find(one.number);
    std::string_view etag = one.etag;
    if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"')
      etag = etag.substr(1, etag.size() - 2);
    if (it == by_number.end() || it->second->md5_hex != etag) {
      return InvalidArgument("One or more of the specified parts could not be found.\nPart " +
                                 std::to_string(one.number) +
                                 " was not uploaded, or its ETag is another",
                             "InvalidPart");
    }
    if (!chosen.empty() && chosen.back().bytes < kPartBytesMin) {
      return InvalidArgument(
          "Your proposed upload is smaller than the minimum object size "
          "specified in the CompleteMultipartUpload request.\nPart " +
              std::to_string(chosen.back().number) + " has " + std::to_string(chosen.back().bytes) +
              " bytes; all parts but the last need " + std::to_string(kPartBytesMin),
          "EntityTooSmall");
    }
    chosen.push_back(*it->second);
  }
  return chosen;
}

}  // namespace

Result<net::Response> Adapter::PostObject(net::Request& request, const Address& address) {
  if (request.Query("uploads")) return StartMultipart(request, address);
  if (request.Query("uploadId")) return CompleteMultipart(request, address);
  if (request.Query("upload_id")) return SendToResumable(request);
  TRY(RefuseSubresources(request));
  const std::string_view resumable = request.headers.Get("x-goog-resumable").value_or("");
  if (resumable == "start") return StartResumable(request, address);
  if (!resumable.empty())
    return InvalidArgument("x-goog-resumable must be start", "InvalidArgument");
  return InvalidArgument(
      "POST of an object needs x-goog-resumable: start, ?uploads or ?uploadId; a form is posted to "
      "the bucket",
      "InvalidArgument");
}

Result<net::Response> Adapter::StartResumable(net::Request& request, const Address& address) {
  const std::string id = TRY(storage_.StartUpload(
      request.context, TRY(SpecOf(request, address, TRY(NewObjectOf(request)))), {}));
  net::Response response;
  response.status = 201;
  response.headers.Set("Content-Type", "text/html; charset=UTF-8");
  response.headers.Set("Location", UrlOf(request) + "?upload_id=" + id);
  return response;
}

Result<net::Response> Adapter::SendToResumable(net::Request& request) {
  const std::string id(request.Query("upload_id").value_or(""));
  storage::UploadChunk chunk;
  chunk.expected = TRY(storage_json::ChecksumsOf(request));
  chunk.body = request.body;
  if (const auto header = request.headers.Get("Content-Range")) {
    const ContentRange range = TRY(ParseContentRange(*header));
    chunk.total = range.total;
    chunk.offset = range.first;
    chunk.last = range.first && !range.last;
    if (range.last) chunk.length = *range.last - *range.first + 1;
    if (!range.first) chunk.body = nullptr;
  } else {
    chunk.last = true;
  }
  const bool query = chunk.body == nullptr && !chunk.total;
  const storage::UploadStatus status = query ? TRY(storage_.QueryUpload(request.context, id))
                                             : TRY(storage_.Upload(request.context, id, chunk));
  if (status.object) return UploadedResponse(*status.object);
  net::Response response;
  response.status = 308;
  if (status.persisted_bytes > 0)
    response.headers.Set("Range", "bytes=0-" + std::to_string(status.persisted_bytes - 1));
  return response;
}

Result<net::Response> Adapter::StartMultipart(net::Request& request, const Address& address) {
  const NewObject object = TRY(NewObjectOf(request));
  TRY(SpecOf(request, address, object));  // bad ones are refused now, not after the last part
  TRY(storage_.GetBucket(request.context, address.bucket));
  const std::string id = TRY(parts_.Start({{"bucket", address.bucket},
                                           {"object", address.object},
                                           {"resource", object.resource},
                                           {"acl", object.acl}},
                                          random_));
  return XmlResponse(Document("InitiateMultipartUploadResult", kUploadNamespace,
                              Element("Bucket", address.bucket) + Element("Key", address.object) +
                                  Element("UploadId", id)));
}

Result<net::Response> Adapter::PutPart(net::Request& request, const Address& address) {
  const std::string_view id = request.Query("uploadId").value_or("");
  const std::int64_t number = TRY(PartNumberOf(request));
  if (request.headers.Get("x-goog-copy-source"))
    return Unimplemented("copying into a part (x-goog-copy-source) is not implemented");
  const storage::Checksums expected = TRY(storage_json::ChecksumsOf(request));
  TRY(parts_.About(id, address.bucket, address.object));
  const Part part = TRY(parts_.Put(id, number, *request.body, expected));
  net::Response response;
  response.headers.Set("Content-Type", "text/html; charset=UTF-8");
  response.headers.Set("ETag", "\"" + part.md5_hex + "\"");
  response.headers.Set("x-goog-hash", "crc32c=" + Crc32cBase64(part.crc32c));
  return response;
}

Result<net::Response> Adapter::ListParts(net::Request& request, const Address& address) {
  const std::string id(request.Query("uploadId").value_or(""));
  TRY(parts_.About(id, address.bucket, address.object));
  const std::int64_t after =
      ParseInt64(request.Query("part-number-marker").value_or("")).value_or(0);
  const std::int64_t max = std::clamp<std::int64_t>(
      ParseInt64(request.Query("max-parts").value_or("")).value_or(1000), 1, 1000);
  std::string parts;
  std::int64_t shown = 0, last = after;
  bool more = false;
  for (const Part& part : TRY(parts_.List(id))) {
    if (part.number <= after) continue;
    more = shown == max;
    if (more) break;
    parts += "<Part>" + Element("PartNumber", std::to_string(part.number)) +
             Element("ETag", "\"" + part.md5_hex + "\"") +
             Element("Size", std::to_string(part.bytes)) + "</Part>";
    last = part.number;
    ++shown;
  }
  std::string body = Element("Bucket", address.bucket) + Element("Key", address.object) +
                     Element("UploadId", id) + Element("PartNumberMarker", std::to_string(after)) +
                     Element("MaxParts", std::to_string(max)) +
                     Element("IsTruncated", more ? "true" : "false");
  if (more) body += Element("NextPartNumberMarker", std::to_string(last));
  return XmlResponse(Document("ListPartsResult", kUploadNamespace, body + parts));
}

Result<net::Response> Adapter::CompleteMultipart(net::Request& request, const Address& address) {
  const std::string id(request.Query("uploadId").value_or(""));
  const JsonObject about = TRY(parts_.About(id, address.bucket, address.object));
  const std::string list = TRY(net::ReadBody(request, kPartListBytesMax));
  std::vector<Part> chosen = TRY(ChosenParts(TRY(ListedParts(list)), TRY(parts_.List(id))));
  NewObject object;
  if (const JsonObject* resource = TRY(ObjectMember(about, "resource")))
    object.resource = *resource;
  object.acl = TRY(StringMember(about, "acl")).value_or("");
  // The request's own checksum is of the whole object, as for any other upload.
  storage::ObjectSpec spec = TRY(SpecOf(request, address, object));
  spec.expected.md5.clear();  // Content-MD5 is of the list
  const auto bytes = parts_.Open(std::move(chosen));
  const storage::Object made = TRY(storage_.Insert(request.context, spec, *bytes));
  TRY(parts_.Remove(id));
  net::Response response =
      XmlResponse(Document("CompleteMultipartUploadResult", kUploadNamespace,
                           Element("Location", UrlOf(request)) + Element("Bucket", address.bucket) +
                               Element("Key", address.object) + Element("ETag", XmlEtag(made))));
  AddObjectHeaders(made, response.headers);
  return response;
}

}  // namespace landfall::api::storage_xml
