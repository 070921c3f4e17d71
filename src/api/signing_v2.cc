// V2 signed URLs: GoogleAccessId, Expires and Signature in the query.
#include <map>

#include "api/signing.h"
#include "api/signing_crypto.h"
#include "base/text.h"

namespace landfall::api {
namespace {

// The only query parameters that are part of what V2 signs.
constexpr std::string_view kSubresources[] = {"acl",     "cors",         "lifecycle",  "location",
                                              "logging", "storageClass", "versioning", "website"};

// The x-goog- headers by name, values joined, without those that V2 leaves out.
std::string ExtensionHeaders(const net::Request& request) {
  std::map<std::string, std::string> headers;
  for (const auto& [name, value] : request.headers.all()) {
    const std::string lower = AsciiLower(name);
    if (!lower.starts_with("x-goog-") || lower == "x-goog-encryption-key" ||
        lower == "x-goog-encryption-key-sha256") {
      continue;
    }
    std::string& joined = headers[lower];
    joined.append(joined.empty() ? "" : ",").append(Trim(value));
  }
  std::string text;
  for (const auto& [name, value] : headers) text.append(name + ":" + value + "\n");
  return text;
}

Status Check(const net::Request& request, std::string_view text, SigningKeys& keys, TimePoint now,
             const std::string& account) {
  const auto expires = ParseInt64(request.Query("Expires").value_or(""));
  if (!expires) {
    return InvalidArgument("Expires must be seconds since 1970", "InvalidArgument", "Expires");
  }
  if (ToMicros(now) / 1'000'000 > *expires) {
    return InvalidArgument("The provided token has expired.\nRequest signature expired at: " +
                               std::to_string(*expires),
                           "ExpiredToken");
  }
  const auto signature = FromBase64(request.Query("Signature").value_or(""));
  if (!signature.ok()) return SignatureDoesNotMatch("the signature is not base64");
  if (account.find('@') != std::string::npos) {
    return CheckRsaSignature(account, text, *signature, keys);
  }
  const auto secret = keys.HmacSecret(request.context, account);
  if (secret.ok() && SameBytes(HmacSha1(*secret, text), *signature)) return {};
  return SignatureDoesNotMatch(secret.ok() ? "" : "no active HMAC key of that access id is known");
}

}  // namespace

Verdict VerifyV2(const net::Request& request, std::string_view bucket, SigningKeys& keys,
                 TimePoint now) {
  Verdict verdict{.account = std::string(request.Query("GoogleAccessId").value_or(""))};
  const auto header = [&](std::string_view name) {
    return std::string(request.headers.Get(name).value_or(""));
  };
  std::string resource = bucket.empty() ? "" : "/" + std::string(bucket);
  resource += request.path;
  for (const std::string_view part : kSubresources) {
    if (request.Query(part)) resource.append("?").append(part);
  }
  const std::string text = std::string(net::MethodName(request.method)) + "\n" +
                           header("Content-MD5") + "\n" + header("Content-Type") + "\n" +
                           std::string(request.Query("Expires").value_or("")) + "\n" +
                           ExtensionHeaders(request) + resource;
  verdict.texts = {{.string_to_sign = text}};
  verdict.status = Check(request, text, keys, now, verdict.account);
  return verdict;
}

}  // namespace landfall::api
