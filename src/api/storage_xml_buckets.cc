#include <algorithm>

#include "api/storage_xml.h"
#include "api/storage_xml_text.h"
#include "base/text.h"

namespace landfall::api::storage_xml {
namespace {

constexpr std::size_t kXmlBodyBytesMax = 64 * 1024;
constexpr std::int64_t kKeysMax = 1000;

struct ListQuery {
  bool v2 = false, url_encoded = false;
  std::string marker = {}, start_after = {}, token = {};
  storage::ListOptions options = {};
};

std::string TextOf(const net::Request& request, std::string_view name) {
  return std::string(request.Query(name).value_or(""));
}

// The first name after `marker`; after everything under it when it is a prefix that a list with
// this delimiter has already shown.
std::string After(const std::string& marker, const std::string& delimiter) {
  std::string next = marker;
  const bool shown_prefix = !delimiter.empty() && marker.ends_with(delimiter);
  if (shown_prefix && static_cast<unsigned char>(next.back()) < 0xff) {
    next.back() = static_cast<char>(next.back() + 1);
  } else {
    next.push_back('\x01');  // names have no NUL, so nothing lies between
  }
  return next;
}

Result<ListQuery> ListQueryOf(const net::Request& request) {
  ListQuery query;
  const std::string type = TextOf(request, "list-type");
  if (!type.empty() && type != "2")
    return InvalidArgument("list-type must be 2 or absent", "InvalidArgument");
  query.v2 = type == "2";
  const std::string encoding = TextOf(request, "encoding-type");
  if (!encoding.empty() && encoding != "url")
    return InvalidArgument("encoding-type must be url or absent", "InvalidArgument");
  query.url_encoded = !encoding.empty();
  query.options.prefix = TextOf(request, "prefix");
  query.options.delimiter = TextOf(request, "delimiter");
  query.marker = TextOf(request, "marker");
  query.start_after = TextOf(request, "start-after");
  query.token = TextOf(request, "continuation-token");
  const std::string& from = query.v2 ? query.start_after : query.marker;
  if (query.v2) query.options.page_token = query.token;
  if (!from.empty()) query.options.start_offset = After(from, query.options.delimiter);
  if (const std::string text = TextOf(request, "max-keys"); !text.empty()) {
    const auto keys = ParseInt64(text);
    if (!keys || *keys < 0)
      return InvalidArgument("max-keys must be a whole number", "InvalidArgument");
    query.options.results_max =
        static_cast<std::size_t>(std::clamp<std::int64_t>(*keys, 1, kKeysMax));
  }
  return query;
}

std::string Name(const ListQuery& query, const std::string& name) {
  if (!query.url_encoded) return name;
  std::string encoded;
  for (const std::string_view part : Split(name, '/')) {
    if (part.data() != name.data()) encoded.push_back('/');
    encoded += PercentEncode(part);
  }
  return encoded;
}

std::string Contents(const ListQuery& query, const storage::Object& object) {
  return "<Contents>" + Element("Key", Name(query, object.name)) +
         Element("Generation", std::to_string(object.generation)) +
         Element("MetaGeneration", std::to_string(object.metageneration)) +
         Element("LastModified", FormatRfc3339(object.updated)) + Element("ETag", XmlEtag(object)) +
         Element("Size", std::to_string(object.size_bytes)) +
         Element("StorageClass", object.attributes.storage_class) + "</Contents>";
}

// The names of a page in the order that a reader pages through them.
std::string LastName(const storage::ObjectPage& page) {
  std::string last;
  if (!page.items.empty()) last = page.items.back().name;
  if (!page.prefixes.empty()) last = std::max(last, page.prefixes.back());
  return last;
}

std::string ListHead(const ListQuery& query, const std::string& bucket,
                     const storage::ObjectPage& page) {
  const bool more = !page.next_page_token.empty();
  std::string head = Element("Name", bucket) + Element("Prefix", Name(query, query.options.prefix));
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!value.empty()) head += Element(name, value);
  };
  if (query.v2) {
    add("StartAfter", Name(query, query.start_after));
    add("ContinuationToken", query.token);
    head += Element("KeyCount", std::to_string(page.items.size() + page.prefixes.size()));
    add("NextContinuationToken", page.next_page_token);
  } else {
    head += Element("Marker", Name(query, query.marker));
    if (more) add("NextMarker", Name(query, LastName(page)));
  }
  head += Element("MaxKeys", std::to_string(query.options.results_max));
  add("Delimiter", Name(query, query.options.delimiter));
  if (query.url_encoded) head += Element("EncodingType", "url");
  return head + Element("IsTruncated", more ? "true" : "false");
}

std::string ProjectOf(const net::Request& request) {
  return std::string(request.headers.Get("x-goog-project-id").value_or(""));
}

}  // namespace

Result<net::Response> Adapter::ListBuckets(net::Request& request, const Address&) {
  const std::string project = ProjectOf(request);
  if (project.empty())
    return InvalidArgument("listing buckets needs the header x-goog-project-id",
                           "MissingSecurityHeader");
  std::string buckets;
  storage::ListOptions options;
  options.prefix = TextOf(request, "prefix");
  do {
    const storage::BucketPage page = TRY(storage_.ListBuckets(request.context, project, options));
    for (const storage::Bucket& bucket : page.items) {
      buckets += "<Bucket>" + Element("Name", bucket.name) +
                 Element("CreationDate", FormatRfc3339(bucket.time_created)) + "</Bucket>";
    }
    options.page_token = page.next_page_token;
  } while (!options.page_token.empty());
  return XmlResponse(
      Document("ListAllMyBucketsResult", kListNamespace,
               "<Owner>" + Element("ID", project) + "</Owner><Buckets>" + buckets + "</Buckets>"));
}

Result<net::Response> Adapter::ListObjects(net::Request& request, const Address& address) {
  if (address.bucket.empty()) return ListBuckets(request, address);
  TRY(RefuseSubresources(request));
  const ListQuery query = TRY(ListQueryOf(request));
  const storage::ObjectPage page =
      TRY(storage_.List(request.context, address.bucket, query.options));
  std::string body = ListHead(query, address.bucket, page);
  for (const storage::Object& object : page.items) body += Contents(query, object);
  for (const std::string& prefix : page.prefixes)
    body += "<CommonPrefixes>" + Element("Prefix", Name(query, prefix)) + "</CommonPrefixes>";
  return XmlResponse(Document("ListBucketResult", kListNamespace, body));
}

Result<net::Response> Adapter::PutBucket(net::Request& request, const Address& address) {
  TRY(RefuseSubresources(request));
  storage::Bucket bucket;
  bucket.name = address.bucket;
  bucket.project = ProjectOf(request);
  if (bucket.project.empty())
    return InvalidArgument("creating a bucket needs the header x-goog-project-id",
                           "MissingSecurityHeader");
  if (const auto acl = request.headers.Get("x-goog-acl"); acl && !acl->empty())
    return Unimplemented("header x-goog-acl is not implemented");
  const std::string body = TRY(net::ReadBody(request, kXmlBodyBytesMax));
  if (!Trim(body).empty()) {
    for (const XmlElement& element : TRY(ParseXml(body, 100))) {
      if (element.path == "CreateBucketConfiguration") continue;
      if (element.path == "CreateBucketConfiguration/LocationConstraint") {
        bucket.location = Trim(element.text);
        std::transform(bucket.location.begin(), bucket.location.end(), bucket.location.begin(),
                       [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
      } else if (element.path == "CreateBucketConfiguration/StorageClass") {
        bucket.storage_class = Trim(element.text);
      } else {
        return Unimplemented("element " + element.path.substr(0, 200) + " is not implemented");
      }
    }
  }
  TRY(storage_.CreateBucket(request.context, bucket));
  net::Response response;
  response.headers.Set("Content-Type", "text/html; charset=UTF-8");
  response.headers.Set("Location", "/" + address.bucket);
  return response;
}

Result<net::Response> Adapter::DeleteBucket(net::Request& request, const Address& address) {
  TRY(RefuseSubresources(request));
  TRY(storage_.DeleteBucket(request.context, address.bucket, {}));
  net::Response response;
  response.status = 204;
  return response;
}

}  // namespace landfall::api::storage_xml
