// Uploads by HTML form: POST policies, V4 and V2.
#include "api/storage_xml.h"
#include "api/storage_xml_form.h"
#include "api/storage_xml_text.h"
#include "base/text.h"

namespace landfall::api::storage_xml {
namespace {

class Form {
 public:
  explicit Form(const FormFields& fields) : fields_(fields) {}
  std::string operator[](std::string_view name) const {
    for (const auto& [key, value] : fields_) {
      if (key == name) return value;
    }
    return {};
  }

 private:
  const FormFields& fields_;
};

// Node's client posts to the bare endpoint when that is not Google's: the policy has the bucket.
std::string BucketOf(const PostPolicy& policy, const FormFields& fields) {
  for (const PolicyCondition& condition : policy.conditions) {
    if (condition.field == "bucket" && !condition.prefix) return condition.value;
  }
  return Form(fields)["bucket"];
}

// The form's signature and policy. A form without either is an unsigned request. Fills in the
// bucket when the URL did not have one.
Result<PostPolicy> CheckForm(const net::Request& request, const FormFields& fields,
                             std::string& bucket, SigningKeys& keys, TimePoint now) {
  const Form form(fields);
  const std::string encoded = form["policy"];
  if (encoded.empty()) {
    const bool signs = !form["x-goog-signature"].empty() || !form["signature"].empty();
    if (signs)
      return InvalidArgument("a signed form needs the field policy", "InvalidPolicyDocument");
    if (bucket.empty()) bucket = form["bucket"];
    return PostPolicy{};
  }
  const auto text = FromBase64(encoded);
  if (!text.ok()) return InvalidArgument("the policy is not base64", "InvalidPolicyDocument");
  const PostPolicy policy = TRY(ParsePostPolicy(*text));
  if (const std::string account = form["googleaccessid"]; !account.empty()) {
    TRY(CheckRsaSignature(account, encoded, TRY(FromBase64(form["signature"])), keys));
  } else {
    TRY(ParseSigningDate(form["x-goog-date"]));
    TRY(CheckV4Signature(request.context, form["x-goog-algorithm"],
                         TRY(ParseCredential(form["x-goog-credential"])), encoded,
                         TRY(SignatureFromHex(form["x-goog-signature"])), keys));
  }
  if (bucket.empty()) bucket = BucketOf(policy, fields);
  TRY(CheckPostPolicy(policy, fields, bucket, now));
  return policy;
}

bool IsSigningField(std::string_view name) {
  return name == "x-goog-algorithm" || name == "x-goog-credential" || name == "x-goog-date" ||
         name == "x-goog-signature";
}

Result<NewObject> NewObjectOf(const PostedForm& posted) {
  JsonObject attributes, metadata;
  std::string acl;
  for (const auto& [name, value] : posted.fields) {
    if (value.empty() || IsSigningField(name)) continue;
    if (name == "content-type") attributes["contentType"] = value;
    if (name == "content-encoding") attributes["contentEncoding"] = value;
    if (name == "content-disposition") attributes["contentDisposition"] = value;
    if (name == "content-language") attributes["contentLanguage"] = value;
    if (name == "cache-control") attributes["cacheControl"] = value;
    if (name == "acl" || name == "x-goog-acl") acl = value;
    if (!name.starts_with("x-goog-") || name == "x-goog-acl") continue;
    if (name == "x-goog-storage-class") {
      attributes["storageClass"] = value;
    } else if (name == "x-goog-custom-time") {
      attributes["customTime"] = value;
    } else if (name.starts_with("x-goog-meta-")) {
      metadata[name.substr(12)] = value;
    } else {
      return Unimplemented("form field " + name.substr(0, 100) + " is not implemented");
    }
  }
  if (!attributes.contains("contentType") && !posted.file_content_type.empty())
    attributes["contentType"] = posted.file_content_type;
  if (!metadata.empty()) attributes["metadata"] = std::move(metadata);
  return NewObject{std::move(attributes), std::move(acl)};
}

net::Response Answer(const net::Request& request, const Form& form, const Address& address,
                     const storage::Object& made) {
  net::Response response = UploadedResponse(made);
  const std::string place = request.BaseUrl() + "/" +
                            (address.bucket_in_host ? "" : PercentEncode(address.bucket) + "/") +
                            PercentEncode(address.object);
  response.headers.Set("Location", place);
  response.status = 204;
  if (const std::string url = form["success_action_redirect"]; !url.empty()) {
    response.status = 303;
    response.headers.Set("Location", url + (url.find('?') == std::string::npos ? "?" : "&") +
                                         "bucket=" + PercentEncode(address.bucket) +
                                         "&key=" + PercentEncode(address.object) +
                                         "&etag=" + PercentEncode(XmlEtag(made)));
  } else if (form["success_action_status"] == "200") {
    response.status = 200;
  } else if (form["success_action_status"] == "201") {
    response.status = 201;
    response.headers.Set("Content-Type", "application/xml; charset=UTF-8");
    response.body = Document("PostResponse", "",
                             Element("Location", place) + Element("Bucket", address.bucket) +
                                 Element("Key", address.object) + Element("ETag", XmlEtag(made)));
  }
  return response;
}

bool IsRedirectTarget(std::string_view url) {
  const bool web = url.starts_with("http://") || url.starts_with("https://");
  return url.empty() || (web && url.find_first_of("\r\n\t ") == std::string_view::npos);
}

}  // namespace

Result<net::Response> Adapter::PostForm(net::Request& request, const Address& address) {
  TRY(RefuseSubresources(request));
  const PostedForm posted =
      TRY(ParsePostedForm(request.headers.Get("Content-Type").value_or(""), *request.body));
  const Form form(posted.fields);
  Address target = address;
  target.object = form["key"];
  if (target.object.empty())
    return InvalidArgument("the form needs the field key", "InvalidArgument");
  constexpr std::string_view kFileName = "${filename}";
  const PostPolicy policy =
      TRY(CheckForm(request, posted.fields, target.bucket, *keys_, clock_.Now()));
  if (const std::size_t at = target.object.find(kFileName); at != std::string::npos)
    target.object.replace(at, kFileName.size(), posted.file_name);
  if (!IsRedirectTarget(form["success_action_redirect"]))
    return InvalidArgument("success_action_redirect must be an http or https URL",
                           "InvalidArgument");
  if (target.bucket.empty())
    return InvalidArgument("neither the URL nor the policy names a bucket", "InvalidArgument");
  const storage::ObjectSpec spec = TRY(SpecOf(request, target, TRY(NewObjectOf(posted))));
  LengthChecked body(*posted.file, policy.bytes_min, policy.bytes_max);
  return Answer(request, form, target, TRY(storage_.Insert(request.context, spec, body)));
}

}  // namespace landfall::api::storage_xml
