#include <algorithm>
#include <cctype>

#include "api/signing.h"
#include "api/signing_crypto.h"
#include "base/hash.h"
#include "base/text.h"

namespace landfall::api {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kRsa = "GOOG4-RSA-SHA256", kHmac = "GOOG4-HMAC-SHA256";
constexpr std::string_view kUnsigned = "UNSIGNED-PAYLOAD";
constexpr std::int64_t kExpiresSecondsMax = 604'800;
constexpr Duration kClockSkewMax = 15min;

// What the client says about its signature, from the query or the Authorization header.
struct Stated {
  std::string algorithm = {}, credential = {}, date = {}, signed_headers = {}, signature = {};
  std::optional<std::int64_t> expires_seconds = {};  // only signed URLs expire by themselves
};

Status BadQuery(std::string_view name, std::string_view rule) {
  return InvalidArgument(std::string(name) + " " + std::string(rule), "InvalidArgument",
                         std::string(name));
}

Result<Stated> StatedInQuery(const net::Request& request) {
  Stated stated;
  const auto take = [&](std::string_view name, std::string& into) -> Status {
    const auto values = request.QueryAll(name);
    if (values.size() != 1 || values[0].empty())
      return BadQuery(name, "must be given exactly once in a signed URL");
    into = values[0];
    return {};
  };
  std::string expires;
  TRY(take("X-Goog-Algorithm", stated.algorithm));
  TRY(take("X-Goog-Credential", stated.credential));
  TRY(take("X-Goog-Date", stated.date));
  TRY(take("X-Goog-Expires", expires));
  TRY(take("X-Goog-SignedHeaders", stated.signed_headers));
  TRY(take("X-Goog-Signature", stated.signature));
  stated.expires_seconds = ParseInt64(expires);
  if (!stated.expires_seconds || *stated.expires_seconds < 1 ||
      *stated.expires_seconds > kExpiresSecondsMax) {
    return BadQuery("X-Goog-Expires", "must be 1 to 604800 seconds");
  }
  return stated;
}

// "GOOG4-HMAC-SHA256 Credential=..., SignedHeaders=..., Signature=...", dated by x-goog-date.
Result<Stated> StatedInHeader(const net::Request& request) {
  const std::string_view header = request.headers.Get("Authorization").value_or("");
  const std::size_t blank = header.find(' ');
  Stated stated{.algorithm = std::string(header.substr(0, blank))};
  for (std::string_view item :
       Split(blank == std::string_view::npos ? "" : header.substr(blank), ',')) {
    item = Trim(item);
    const std::size_t equals = item.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = item.substr(0, equals), value = item.substr(equals + 1);
    if (name == "Credential") stated.credential = value;
    if (name == "SignedHeaders") stated.signed_headers = value;
    if (name == "Signature") stated.signature = value;
  }
  stated.date = request.headers.Get("x-goog-date").value_or("");
  if (stated.credential.empty() || stated.signed_headers.empty() || stated.signature.empty() ||
      stated.date.empty()) {
    return InvalidArgument(
        "Authorization must have Credential, SignedHeaders and Signature, and x-goog-date the time",
        "InvalidArgument", "Authorization");
  }
  return stated;
}

// Inner blanks become one, outer ones go.
std::string Collapsed(std::string_view value) {
  std::string text;
  for (const char c : Trim(value)) {
    const bool blank = c == ' ' || c == '\t';
    if (blank && text.ends_with(' ')) continue;
    text.push_back(blank ? ' ' : c);
  }
  return text;
}

// All values of one header, as they count for the signature.
Result<std::string> SignedHeaderValue(const net::Request& request, std::string_view name) {
  std::string joined;
  bool found = false;
  for (const auto& [key, value] : request.headers.all()) {
    if (!EqualsIgnoreCase(key, name)) continue;
    joined.append(found ? "," : "").append(Collapsed(value));
    found = true;
  }
  if (!found)
    return SignatureDoesNotMatch("the signed header \"" + std::string(name.substr(0, 100)) +
                                 "\" did not arrive");
  return joined;
}

std::string EncodedPath(std::string_view raw) {
  // A malformed escape cannot be what a client signed; it stays, and does not match.
  const auto decoded = PercentDecode(raw);
  if (!decoded.ok()) return std::string(raw);
  std::string path;
  for (const std::string_view part : Split(*decoded, '/')) {
    if (part.data() != decoded->data()) path.push_back('/');
    path += PercentEncode(part);
  }
  return path;
}

std::string SortedQuery(const net::Request& request, bool in_query) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const auto& [name, value] : request.query) {
    if (in_query && name == "X-Goog-Signature") continue;
    pairs.emplace_back(PercentEncode(name), PercentEncode(value));
  }
  std::sort(pairs.begin(), pairs.end());
  std::string text;
  for (const auto& [name, value] : pairs) {
    text.append(text.empty() ? "" : "&").append(name).append("=").append(value);
  }
  return text;
}

// How a client may have addressed us.
struct Addressed {
  std::string host, path;
};
std::vector<Addressed> AddressesOf(const net::Request& request, std::string_view bucket) {
  const std::string host(Trim(request.headers.Get("Host").value_or("")));
  std::vector<Addressed> all = {{host, EncodedPath(request.path)}};
  const std::size_t colon = host.rfind(':');
  if (colon != std::string::npos && host.find(']', colon) == std::string::npos)
    all.push_back({host.substr(0, colon), all[0].path});
  for (std::size_t i = 0, n = all.size(); i < n && !bucket.empty(); ++i)
    all.push_back({all[i].host, "/" + PercentEncode(bucket) + all[i].path});
  return all;
}

Result<std::string> CanonicalRequest(const net::Request& request, const Stated& stated,
                                     const Addressed& addressed, std::string_view payload) {
  bool host = false;
  std::string headers;
  for (const std::string_view name : Split(stated.signed_headers, ';')) {
    const bool is_host = name == "host";
    host = host || is_host;
    headers.append(name).append(":");
    headers.append(is_host ? addressed.host : TRY(SignedHeaderValue(request, name))).append("\n");
  }
  if (!host) return BadQuery("X-Goog-SignedHeaders", "must name host");
  std::string text(net::MethodName(request.method));
  text.append("\n").append(addressed.path);
  text.append("\n").append(SortedQuery(request, stated.expires_seconds.has_value()));
  text.append("\n").append(headers).append("\n").append(stated.signed_headers);
  return text.append("\n").append(payload);
}

Status CheckTime(const Stated& stated, const CredentialScope& scope, TimePoint now) {
  const TimePoint signed_at = TRY(ParseSigningDate(stated.date));
  if (!stated.date.starts_with(scope.date)) {
    return BadQuery("X-Goog-Credential", "must have the date of X-Goog-Date");
  }
  if (signed_at > now + kClockSkewMax) {
    return PermissionDenied("Request is not yet valid\nX-Goog-Date is " + stated.date +
                                ", the server's time " + FormatRfc3339(now),
                            "AccessDenied");
  }
  if (!stated.expires_seconds) {
    if (signed_at + kClockSkewMax >= now) return {};
    return PermissionDenied("The difference between x-goog-date and the server's time is too large",
                            "RequestTimeTooSkewed");
  }
  const TimePoint end = signed_at + std::chrono::seconds(*stated.expires_seconds);
  if (now <= end) return {};
  return InvalidArgument(
      "The provided token has expired.\nRequest signature expired at: " + FormatRfc3339(end),
      "ExpiredToken");
}

Status VerifyV4(const net::Request& request, const Stated& stated, std::string_view bucket,
                SigningKeys& keys, TimePoint now, Verdict& verdict) {
  if (stated.algorithm != kRsa && stated.algorithm != kHmac) {
    return BadQuery("X-Goog-Algorithm", "must be GOOG4-RSA-SHA256 or GOOG4-HMAC-SHA256");
  }
  const CredentialScope scope = TRY(ParseCredential(stated.credential));
  verdict.account = scope.account;
  const std::string payload =
      Collapsed(request.headers.Get("x-goog-content-sha256").value_or(std::string_view(kUnsigned)));
  if (payload != kUnsigned) verdict.payload_sha256 = payload;
  for (const Addressed& addressed : AddressesOf(request, bucket)) {
    SignedText& text = verdict.texts.emplace_back();
    text.canonical_request = TRY(CanonicalRequest(request, stated, addressed, payload));
    text.string_to_sign = stated.algorithm + "\n" + stated.date + "\n" + scope.Text() + "\n" +
                          Sha256Hex(text.canonical_request);
  }
  TRY(CheckTime(stated, scope, now));
  const std::string signature = TRY(SignatureFromHex(stated.signature));
  Status checked;
  for (const SignedText& text : verdict.texts) {
    checked = CheckV4Signature(request.context, stated.algorithm, scope, text.string_to_sign,
                               signature, keys);
    if (checked.ok()) break;
  }
  return checked;
}

}  // namespace

Status SignatureDoesNotMatch(std::string_view why) {
  std::string text =
      "The request signature we calculated does not match the signature you provided. Check your "
      "Google secret key and signing method.";
  if (!why.empty()) text.append("\n").append(why);
  return PermissionDenied(std::move(text), "SignatureDoesNotMatch");
}

Result<std::string> SignatureFromHex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const auto digit = [](char c) {
      if (c >= '0' && c <= '9') return c - '0';
      const int lower = std::tolower(static_cast<unsigned char>(c));
      return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
    };
    const int high = digit(text[i]), low = digit(text[i + 1]);
    if (high < 0 || low < 0) return SignatureDoesNotMatch("the signature is not hexadecimal");
    bytes.push_back(static_cast<char>(high * 16 + low));
  }
  if (text.size() % 2 != 0) return SignatureDoesNotMatch("the signature is not hexadecimal");
  return bytes;
}

std::string CredentialScope::Text() const {
  return date + "/" + region + "/" + service + "/goog4_request";
}

Result<CredentialScope> ParseCredential(std::string_view text) {
  const auto parts = Split(text, '/');
  const std::size_t n = parts.size();
  if (n < 5 || parts[n - 1] != "goog4_request" || parts[n - 2] != "storage" ||
      parts[n - 4].size() != 8) {
    return BadQuery("X-Goog-Credential", "must be ACCOUNT/YYYYMMDD/REGION/storage/goog4_request");
  }
  const std::string_view account(text.data(),
                                 static_cast<std::size_t>(parts[n - 4].data() - text.data() - 1));
  return CredentialScope{std::string(account), std::string(parts[n - 4]), std::string(parts[n - 3]),
                         std::string(parts[n - 2])};
}

Result<TimePoint> ParseSigningDate(std::string_view text) {
  const bool shaped = text.size() == 16 && text[8] == 'T' && text[15] == 'Z';
  if (shaped) {
    const std::string d(text);
    auto time = ParseRfc3339(d.substr(0, 4) + "-" + d.substr(4, 2) + "-" + d.substr(6, 2) + "T" +
                             d.substr(9, 2) + ":" + d.substr(11, 2) + ":" + d.substr(13, 2) + "Z");
    if (time.ok()) return time;
  }
  return BadQuery("X-Goog-Date", "must be like 20190201T090000Z");
}

Status CheckRsaSignature(std::string_view account, std::string_view text,
                         std::string_view signature, SigningKeys& keys) {
  const auto public_keys = keys.RsaPublicKeys(account);
  if (!public_keys.ok())
    return SignatureDoesNotMatch("no key of " + std::string(account.substr(0, 200)) +
                                 " is known here; see signing keys in the documentation");
  for (const std::string& key : *public_keys) {
    if (RsaVerify(key, text, signature)) return {};
  }
  return SignatureDoesNotMatch();
}

Status CheckV4Signature(const CallContext& ctx, std::string_view algorithm,
                        const CredentialScope& scope, std::string_view text,
                        std::string_view signature, SigningKeys& keys) {
  if (algorithm == kRsa) return CheckRsaSignature(scope.account, text, signature, keys);
  if (algorithm != kHmac)
    return BadQuery("x-goog-algorithm", "must be GOOG4-RSA-SHA256 or GOOG4-HMAC-SHA256");
  const auto secret = keys.HmacSecret(ctx, scope.account);
  if (!secret.ok()) {
    return SignatureDoesNotMatch("no active HMAC key " + scope.account.substr(0, 200) +
                                 " is known here");
  }
  std::string key = HmacSha256("GOOG4" + *secret, scope.date);
  for (const std::string_view part :
       {std::string_view(scope.region), std::string_view(scope.service),
        std::string_view("goog4_request")}) {
    key = HmacSha256(key, part);
  }
  return SameBytes(HmacSha256(key, text), signature) ? Ok() : SignatureDoesNotMatch();
}

SignatureKind SignatureKindOf(const net::Request& request) {
  if (request.Query("X-Goog-Signature") || request.Query("X-Goog-Algorithm"))
    return SignatureKind::kV4Query;
  if (request.Query("Signature") && (request.Query("GoogleAccessId") || request.Query("Expires")))
    return SignatureKind::kV2Query;
  if (request.Query("X-Amz-Signature") || request.Query("X-Amz-Algorithm"))
    return SignatureKind::kOther;
  const std::string_view header = request.headers.Get("Authorization").value_or("");
  if (header.starts_with("GOOG4-")) return SignatureKind::kV4Header;
  for (const std::string_view scheme : {"GOOG1 ", "AWS ", "AWS4-"}) {
    if (header.starts_with(scheme)) return SignatureKind::kOther;
  }
  return SignatureKind::kNone;
}

Verdict VerifySignature(const net::Request& request, std::string_view bucket, SigningKeys& keys,
                        TimePoint now) {
  Verdict verdict;
  switch (SignatureKindOf(request)) {
    case SignatureKind::kNone:
      return verdict;
    case SignatureKind::kV2Query:
      return VerifyV2(request, bucket, keys, now);
    case SignatureKind::kOther:
      verdict.status = Unimplemented(
          "signatures other than GOOG4-RSA-SHA256, GOOG4-HMAC-SHA256 and V2 signed URLs are not "
          "implemented");
      return verdict;
    case SignatureKind::kV4Query:
    case SignatureKind::kV4Header:
      break;
  }
  const bool in_query = SignatureKindOf(request) == SignatureKind::kV4Query;
  const Result<Stated> stated = in_query ? StatedInQuery(request) : StatedInHeader(request);
  verdict.status =
      stated.ok() ? VerifyV4(request, *stated, bucket, keys, now, verdict) : stated.status();
  return verdict;
}

}  // namespace landfall::api
