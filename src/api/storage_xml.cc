// Cloud Storage XML API: the routes, and what all of its answers share.
#include "api/storage_xml.h"

#include <algorithm>
#include <cctype>
#include <memory>

#include "api/api.h"
#include "api/json_error.h"
#include "api/object_download.h"
#include "api/signing_crypto.h"
#include "api/storage_json_params.h"
#include "api/storage_json_resource.h"
#include "api/storage_retry_faults.h"
#include "api/storage_xml_text.h"
#include "base/hash.h"
#include "base/text.h"

namespace landfall::api {
namespace storage_xml {
namespace {

constexpr net::Method kGet = net::Method::kGet, kPost = net::Method::kPost,
                      kPut = net::Method::kPut, kDelete = net::Method::kDelete;

struct Row {
  net::Method method;
  std::string_view name;
  Adapter::Handler handler;
};
constexpr Row kBucketRows[] = {{kGet, "storage.objects.list", &Adapter::ListObjects},
                               {kPut, "storage.buckets.insert", &Adapter::PutBucket},
                               {kDelete, "storage.buckets.delete", &Adapter::DeleteBucket},
                               {kPost, "storage.objects.insert", &Adapter::PostForm}};
constexpr Row kObjectRows[] = {{kGet, "storage.objects.get", &Adapter::GetObject},
                               {kPut, "storage.objects.insert", &Adapter::PutObject},
                               {kDelete, "storage.objects.delete", &Adapter::DeleteObject},
                               {kPost, "storage.objects.insert", &Adapter::PostObject}};

// Sub-resources of the XML API that are not served, and query forms of AWS that GCS also knows.
constexpr std::string_view kSubresources[] = {
    "acl",        "billing",        "compose",   "cors",         "defaultObjectAcl", "delete",
    "encryption", "lifecycle",      "location",  "logging",      "notification",     "object-lock",
    "policy",     "requestPayment", "retention", "storageClass", "tagging",          "uploads",
    "versioning", "versions",       "website"};

// Which code of the XML API says what a reason of the JSON API says.
struct CodeRow {
  std::string_view reason, code;
};
constexpr CodeRow kCodes[] = {{"conditionNotMet", "PreconditionFailed"},
                              {"contentLengthRequired", "MissingContentLength"},
                              {"uploadTooLarge", "EntityTooLarge"},
                              {"diskFull", "InsufficientStorage"},
                              {"requestedRangeNotSatisfiable", "InvalidRange"},
                              {"objectUnderActiveHold", "ObjectUnderActiveHold"},
                              {"retentionPolicyNotMet", "RetentionPolicyNotMet"},
                              {"methodNotAllowed", "MethodNotAllowed"},
                              {"notImplemented", "NotImplemented"},
                              {"rateLimitExceeded", "SlowDown"},
                              {"gone", "NoSuchUpload"},
                              {"accessDenied", "AccessDenied"},
                              {"forbidden", "AccessDenied"}};

bool Mentions(const Status& error, std::string_view text) {
  return error.message().find(text) != std::string::npos;
}

std::string CodeOf(const Status& error) {
  const std::string& reason = error.reason();
  if (!reason.empty() && std::isupper(static_cast<unsigned char>(reason[0])) != 0) return reason;
  for (const CodeRow& row : kCodes) {
    if (row.reason == reason) return std::string(row.code);
  }
  switch (error.code()) {
    case Code::kNotFound:
      return Mentions(error, "bucket does not exist") ? "NoSuchBucket" : "NoSuchKey";
    case Code::kAlreadyExists:
      if (Mentions(error, "not empty")) return "BucketNotEmpty";
      return Mentions(error, "you already own it") ? "BucketAlreadyOwnedByYou"
                                                   : "BucketNameUnavailable";
    case Code::kPermissionDenied:
      return "AccessDenied";
    case Code::kUnauthenticated:
      return "AuthenticationRequired";
    case Code::kUnavailable:
    case Code::kDeadlineExceeded:
    case Code::kCancelled:
    case Code::kAborted:
      return "ServiceUnavailable";
    case Code::kInvalidArgument:
      return Mentions(error, "doesn't match calculated") ? "BadDigest" : "InvalidArgument";
    case Code::kFailedPrecondition:
    case Code::kOutOfRange:
    case Code::kResourceExhausted:
      return "InvalidArgument";
    case Code::kUnimplemented:
      return "NotImplemented";
    case Code::kOk:
    case Code::kUnknown:
    case Code::kInternal:
    case Code::kDataLoss:
      break;
  }
  return "InternalError";
}

// Cloud Storage says these in the same words whatever the object is; ours goes to Details.
std::string_view FixedMessage(std::string_view code) {
  if (code == "NoSuchKey") return "The specified key does not exist.";
  if (code == "PreconditionFailed")
    return "At least one of the pre-conditions you specified did not hold.";
  if (code == "InvalidRange") return "The requested range cannot be satisfied.";
  return {};
}

// A domain may be a bucket's name and the server's own at once: these paths stay the APIs'.
bool IsApiPath(std::string_view path) {
  constexpr std::string_view kPrefixes[] = {"/storage/v1/",
                                            "/upload/storage/v1/",
                                            "/resumable/upload/",
                                            "/download/storage/v1/",
                                            "/bigquery/v2/",
                                            "/upload/bigquery/v2/",
                                            "/landfall/v1/",
                                            "/v1/projects/",
                                            "/batch",
                                            "/discovery/v1/",
                                            "/$discovery/",
                                            "/healthz",
                                            "/readyz",
                                            "/metrics"};
  return std::any_of(std::begin(kPrefixes), std::end(kPrefixes),
                     [&](std::string_view prefix) { return path.starts_with(prefix); });
}

bool IsAddress(std::string_view host) {
  return host.starts_with('[') || host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

net::Response XmlResponse(std::string body, int status) {
  net::Response response;
  response.status = status;
  response.headers.Set("Content-Type", "application/xml; charset=UTF-8");
  response.body = std::move(body);
  return response;
}

net::Response XmlError(const Status& error, const Verdict* verdict) {
  const std::string code = CodeOf(error);
  net::Response response;
  response.status = HttpStatusOfError(error);
  response.fault = error.ToString();
  if (response.status == 304 || response.status == 499) return response;
  std::string message = error.message(), details;
  if (const std::string_view fixed = FixedMessage(code); !fixed.empty()) {
    details = message;
    message = fixed;
  } else if (const std::size_t line = message.find('\n'); line != std::string::npos) {
    details = message.substr(line + 1);
    message.resize(line);
  }
  // Clients (Python's transfer manager) look for Details in every error.
  std::string inside =
      Element("Code", code) + Element("Message", message) + Element("Details", details);
  std::string_view kind;
  for (const SignedText& text : verdict == nullptr ? std::vector<SignedText>() : verdict->texts) {
    inside += Element(std::string(kind) + "StringToSign", text.string_to_sign);
    if (!text.canonical_request.empty())
      inside += Element(std::string(kind) + "CanonicalRequest", text.canonical_request);
    kind = "Alternative";  // ours: the other readings that were tried
  }
  const int status = response.status;
  std::string fault = std::move(response.fault);
  response = XmlResponse(Document("Error", "", inside), status);
  response.fault = std::move(fault);
  return response;
}

Status RefuseSubresources(const net::Request& request) {
  for (const auto& [name, value] : request.query) {
    if (std::find(std::begin(kSubresources), std::end(kSubresources), name) !=
        std::end(kSubresources)) {
      return Unimplemented(std::string(net::MethodName(request.method)) + " ?" + name +
                           " of the XML API is not implemented");
    }
  }
  return {};
}

namespace {

Result<std::optional<std::int64_t>> Int64Header(const net::Request& request,
                                                std::string_view name) {
  const auto text = request.headers.Get(name);
  if (!text || Trim(*text).empty()) return std::optional<std::int64_t>();
  const auto value = ParseInt64(Trim(*text));
  if (value) return value;
  return InvalidArgument("header " + std::string(name) + " must be a whole number",
                         "InvalidArgument", std::string(name));
}

Status RefuseHeaders(const net::Request& request) {
  for (const auto& [name, value] : request.headers.all()) {
    const std::string lower = AsciiLower(name);
    if (lower.starts_with("x-goog-encryption-") ||
        lower.starts_with("x-goog-copy-source-encryption-")) {
      return Unimplemented("customer-supplied encryption keys (header " + lower +
                           ") are not implemented");
    }
    if (lower.starts_with("x-amz-")) {
      return Unimplemented("header " + lower + " is not implemented; use its x-goog- form");
    }
  }
  return {};
}

}  // namespace

Result<storage::Precondition> PreconditionOf(const net::Request& request) {
  storage::Precondition when;
  when.generation_match = TRY(Int64Header(request, "x-goog-if-generation-match"));
  when.metageneration_match = TRY(Int64Header(request, "x-goog-if-metageneration-match"));
  return when;
}

Result<std::optional<std::int64_t>> GenerationOf(const net::Request& request) {
  return storage_json::GenerationOf(request);
}

Result<NewObject> NewObjectOf(const net::Request& request) {
  JsonObject attributes, metadata;
  const auto take = [&](std::string_view header, std::string_view name) {
    const std::string_view value = request.headers.Get(header).value_or("");
    if (!value.empty()) attributes[name] = value;
  };
  take("Content-Type", "contentType");
  take("Content-Encoding", "contentEncoding");
  take("Content-Disposition", "contentDisposition");
  take("Content-Language", "contentLanguage");
  take("Cache-Control", "cacheControl");
  take("x-goog-storage-class", "storageClass");
  take("x-goog-custom-time", "customTime");
  for (const auto& [name, value] : request.headers.all()) {
    const std::string lower = AsciiLower(name);
    if (lower.starts_with("x-goog-meta-")) metadata[lower.substr(12)] = value;
  }
  if (!metadata.empty()) attributes["metadata"] = std::move(metadata);
  return NewObject{std::move(attributes),
                   std::string(request.headers.Get("x-goog-acl").value_or(""))};
}

std::string XmlEtag(const storage::Object& object) {
  return "\"" + (object.md5.empty() ? storage::EtagOf(object) : Hex(object.md5)) + "\"";
}

void AddObjectHeaders(const storage::Object& object, net::Headers& headers) {
  AddGoogHeaders(object, headers);
  headers.Set("ETag", XmlEtag(object));
}

net::Response UploadedResponse(const storage::Object& object) {
  net::Response response;
  response.headers.Set("Content-Type", "text/html; charset=UTF-8");
  AddObjectHeaders(object, response.headers);
  return response;
}

Result<std::size_t> LengthChecked::Read(std::span<char> out) {
  const std::size_t n = TRY(source_.Read(out));
  seen_ += n;
  if (seen_ > max_) {
    return InvalidArgument(
        "Your proposed upload is larger than the maximum content length.\nThe "
        "maximum is " +
            std::to_string(max_) + " bytes",
        "EntityTooLarge");
  }
  if (n == 0 && seen_ < min_) {
    return InvalidArgument(
        "Your proposed upload is smaller than the minimum content length.\nIt is " +
            std::to_string(seen_) + " bytes; the minimum is " + std::to_string(min_),
        "EntityTooSmall");
  }
  return n;
}

std::string Adapter::BucketOfHost(const net::Request& request) {
  std::string host = AsciiLower(request.headers.Get("Host").value_or(""));
  if (IsAddress(host.substr(0, host.rfind(':')))) return {};
  host = host.substr(0, host.find(':'));
  if (const std::size_t at = host.rfind(".storage."); at != std::string::npos && at > 0)
    return host.substr(0, at);
  constexpr std::string_view kLocal = ".localhost";
  const bool local = host.ends_with(kLocal);
  const bool ours = host.find('.') == std::string::npos || host.starts_with("storage.") ||
                    host.starts_with("www.google") || host.ends_with(".googleapis.com");
  if (ours || IsApiPath(request.path)) return {};
  if (local) host.resize(host.size() - kLocal.size());
  return storage_.GetBucket({}, host).ok() ? host : std::string();
}

// "bucket-owner-read" as the JSON API writes it: "bucketOwnerRead".
static std::string CamelCase(std::string_view dashed) {
  std::string text;
  for (std::size_t i = 0; i < dashed.size(); ++i) {
    const bool upper = dashed[i] == '-' && i + 1 < dashed.size();
    if (upper) ++i;
    text.push_back(upper ? static_cast<char>(std::toupper(static_cast<unsigned char>(dashed[i])))
                         : dashed[i]);
  }
  return text;
}

Result<storage::ObjectSpec> Adapter::SpecOf(const net::Request& request, const Address& address,
                                            const NewObject& object) {
  storage_json::ObjectBody body = TRY(storage_json::ParseObjectBody(object.resource));
  storage::ObjectSpec spec{.bucket = address.bucket,
                           .name = address.object,
                           .attributes = std::move(body.attributes),
                           .expected = TRY(storage_json::ChecksumsOf(request)),
                           .when = TRY(PreconditionOf(request))};
  if (object.acl.empty()) return spec;
  const storage::Bucket bucket = TRY(storage_.GetBucket(request.context, spec.bucket));
  TRY(storage_json::CheckAclsInUse(bucket));
  spec.attributes.acl =
      TRY(storage_json::PredefinedObjectAcl(bucket, CamelCase(object.acl), "x-goog-acl"));
  TRY(storage_json::CheckPublicAccess(bucket, spec.attributes.acl));
  return spec;
}

void Adapter::AddCommonHeaders(const net::Request& request, net::Response& response) {
  const std::string& trace = request.context.trace_id;
  response.headers.Set("X-GUploader-UploadID", trace.empty() ? RandomHex(random_, 16) : trace);
}

Result<net::Response> Adapter::Serve(Handler handler, net::Request& request) {
  const auto serve = [&] { return ServePlain(handler, request); };
  if (retry_tests_ == nullptr) return serve();
  return storage_json::ServeUnderTests(*retry_tests_, request,
                                       request.route_name == "storage.objects.get", serve);
}

Result<net::Response> Adapter::ServePlain(Handler handler, net::Request& request) {
  Address address;
  for (const auto& [name, value] : request.params) {
    if (name == "bucket") address.bucket = value;
    if (name == "object") address.object = value;
  }
  if (address.bucket.empty()) {
    address.bucket = BucketOfHost(request);
    address.bucket_in_host = true;
  }
  const Verdict verdict = VerifySignature(
      request, address.bucket_in_host ? address.bucket : std::string(), *keys_, clock_.Now());
  if (!verdict.status.ok()) {
    net::Response response = XmlError(verdict.status, &verdict);
    AddCommonHeaders(request, response);
    return response;
  }
  TRY(RefuseHeaders(request));
  ByteSource* const body = request.body;
  std::unique_ptr<ByteSource> checked;
  if (!verdict.payload_sha256.empty() && body != nullptr) {
    checked = Sha256Checked(*body, verdict.payload_sha256);
    request.body = checked.get();
  }
  Result<net::Response> response = (this->*handler)(request, address);
  request.body = body;
  if (response.ok()) AddCommonHeaders(request, *response);
  return response;
}

net::Response Adapter::RenderError(const net::Request& request, const Status& error) {
  net::Response response = XmlError(error);
  AddCommonHeaders(request, response);
  return response;
}

}  // namespace storage_xml

std::vector<net::Api> MakeStorageXml(storage::Storage& storage, std::shared_ptr<SigningKeys> keys,
                                     Clock& clock, FileSystem& files, StorageXmlOptions options) {
  using namespace storage_xml;  // NOLINT: the adapter's own names
  const auto adapter = std::make_shared<Adapter>(storage, std::move(keys), clock,
                                                 PartStore(options.parts_dir, files, clock),
                                                 std::move(options.retry_tests));
  const auto make = [&](std::string name, const std::string& bucket_path) {
    net::Api api;
    api.name = std::move(name);
    const auto add = [&](const Row& row, std::string pattern) {
      api.routes.push_back({.method = row.method,
                            .pattern = std::move(pattern),
                            .name = std::string(row.name),
                            .handler = [adapter, handler = row.handler](net::Request& request) {
                              return adapter->Serve(handler, request);
                            }});
    };
    for (const Row& row : kBucketRows) add(row, bucket_path.empty() ? "/" : bucket_path);
    for (const Row& row : kObjectRows) add(row, bucket_path + "/{object=**}");
    api.render_error = [adapter](const net::Request& request, const Status& error) {
      return adapter->RenderError(request, error);
    };
    return api;
  };
  std::vector<net::Api> apis;
  apis.push_back(make("storage-xml", "/{bucket}"));
  apis.back().catch_all = true;
  apis.push_back(make("storage-xml-host", ""));
  apis.back().claims = [adapter](const net::Request& request) {
    // "GET storage.googleapis.com/" lists buckets; with any other host "/" is the index page.
    const std::string_view host = request.headers.Get("Host").value_or("");
    // Nothing else takes a POST there (see PostForm).
    const bool post = request.method == net::Method::kPost;
    if (request.path == "/" && (post || host.starts_with("storage."))) return true;
    return !adapter->BucketOfHost(request).empty();
  };
  return apis;
}

}  // namespace landfall::api
