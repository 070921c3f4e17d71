#include "api/signing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/signing_crypto.h"
#include "api/signing_policy.h"
#include "base/hash.h"
#include "base/text.h"

namespace landfall::api {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kAccount = "a@p.iam.gserviceaccount.com";

// One RSA account and one HMAC key. Making an RSA key is slow; all tests share it.
class TestKeys final : public SigningKeys {
 public:
  static const RsaKey& Rsa() {
    static const RsaKey key = MakeRsaKey().value();
    return key;
  }
  Result<std::string> HmacSecret(const CallContext&, std::string_view access_id) override {
    if (access_id == "GOOG1ID") return std::string("secret");
    return NotFound("no such key");
  }
  Result<std::vector<std::string>> RsaPublicKeys(std::string_view account) override {
    if (account == kAccount) return std::vector<std::string>{Rsa().public_pem};
    return NotFound("no such account");
  }
};

const TimePoint kSignedAt = ParseSigningDate("20260102T030405Z").value();

net::Request Parsed(net::Method method, std::string_view target, std::string_view host) {
  net::Request request;
  request.method = method;
  const std::size_t question = target.find('?');
  request.path = target.substr(0, question);
  for (const std::string_view pair : Split(target.substr(question + 1), '&')) {
    const std::size_t equals = pair.find('=');
    request.query.emplace_back(PercentDecode(pair.substr(0, equals)).value(),
                               PercentDecode(pair.substr(equals + 1)).value());
  }
  request.headers.Set("Host", host);
  return request;
}

std::string UrlQuery(std::string_view algorithm, std::string_view account, int expires = 60,
                     std::string_view signed_headers = "host") {
  return "X-Goog-Algorithm=" + std::string(algorithm) + "&X-Goog-Credential=" +
         PercentEncode(std::string(account) + "/20260102/auto/storage/goog4_request") +
         "&X-Goog-Date=20260102T030405Z&X-Goog-Expires=" + std::to_string(expires) +
         "&X-Goog-SignedHeaders=" + PercentEncode(signed_headers);
}

std::string ToSign(std::string_view algorithm, std::string_view canonical) {
  return std::string(algorithm) + "\n20260102T030405Z\n20260102/auto/storage/goog4_request\n" +
         Sha256Hex(canonical);
}

// A GET of /b/o on "h", signed as a client does it.
net::Request SignedGet(int expires = 60) {
  const std::string query = UrlQuery("GOOG4-RSA-SHA256", kAccount, expires);
  const std::string canonical = "GET\n/b/o\n" + query + "\nhost:h\n\nhost\nUNSIGNED-PAYLOAD";
  const std::string signature =
      RsaSign(TestKeys::Rsa().private_pem, ToSign("GOOG4-RSA-SHA256", canonical)).value();
  return Parsed(net::Method::kGet, "/b/o?" + query + "&X-Goog-Signature=" + Hex(signature), "h");
}

Status Verified(const net::Request& request, TimePoint now = kSignedAt,
                std::string_view bucket = "") {
  TestKeys keys;
  return VerifySignature(request, bucket, keys, now).status;
}

TEST(SigningV4, AcceptsTheExactRequestOnly) {
  EXPECT_TRUE(Verified(SignedGet()).ok());
  net::Request request = SignedGet();
  request.path = "/b/p";
  EXPECT_EQ(Verified(request).reason(), "SignatureDoesNotMatch");
  request = SignedGet();
  request.method = net::Method::kPut;
  EXPECT_EQ(Verified(request).reason(), "SignatureDoesNotMatch");
  request = SignedGet();
  request.headers.Set("Host", "i");
  EXPECT_EQ(Verified(request).reason(), "SignatureDoesNotMatch");
  request = SignedGet();
  request.query.emplace_back("generation", "1");
  EXPECT_EQ(Verified(request).reason(), "SignatureDoesNotMatch");
  request = SignedGet();
  request.query.back().second[0] = request.query.back().second[0] == '0' ? '1' : '0';
  EXPECT_EQ(Verified(request).reason(), "SignatureDoesNotMatch");
}

TEST(SigningV4, HostMayBeSignedWithoutItsPort) {
  net::Request request = SignedGet();
  request.headers.Set("Host", "h:8080");
  EXPECT_TRUE(Verified(request).ok());
}

TEST(SigningV4, BucketOfTheHostMayBeSignedAsPartOfThePath) {
  net::Request request = SignedGet();
  request.path = "/o";
  EXPECT_EQ(Verified(request).reason(), "SignatureDoesNotMatch");
  EXPECT_TRUE(Verified(request, kSignedAt, "b").ok());
}

TEST(SigningV4, HoldsFromFifteenMinutesBeforeItsDateToItsExpiry) {
  using namespace std::chrono_literals;
  EXPECT_TRUE(Verified(SignedGet(), kSignedAt + 60s).ok());
  const Status late = Verified(SignedGet(), kSignedAt + 61s);
  EXPECT_EQ(late.reason(), "ExpiredToken");
  EXPECT_THAT(late.message(), HasSubstr("2026-01-02T03:05:05"));
  EXPECT_TRUE(Verified(SignedGet(), kSignedAt - 14min).ok());
  EXPECT_EQ(Verified(SignedGet(), kSignedAt - 16min).reason(), "AccessDenied");
  EXPECT_THAT(Verified(SignedGet(604'801)).message(), HasSubstr("X-Goog-Expires"));
  EXPECT_THAT(Verified(SignedGet(0)).message(), HasSubstr("X-Goog-Expires"));
}

TEST(SigningV4, UnknownAccountNamesItself) {
  net::Request request = SignedGet();
  for (auto& [name, value] : request.query) {
    if (name == "X-Goog-Credential") value[0] = 'x';
  }
  EXPECT_THAT(Verified(request).message(), HasSubstr("no key of x@p.iam"));
}

TEST(SigningV4, HmacKeysSignUrlsAndHeaders) {
  const auto key = [] {
    std::string derived = HmacSha256("GOOG4secret", "20260102");
    for (const char* part : {"auto", "storage", "goog4_request"})
      derived = HmacSha256(derived, part);
    return derived;
  }();
  const std::string query = UrlQuery("GOOG4-HMAC-SHA256", "GOOG1ID");
  const std::string canonical = "GET\n/b/o\n" + query + "\nhost:h\n\nhost\nUNSIGNED-PAYLOAD";
  std::string signature = Hex(HmacSha256(key, ToSign("GOOG4-HMAC-SHA256", canonical)));
  net::Request request =
      Parsed(net::Method::kGet, "/b/o?" + query + "&X-Goog-Signature=" + signature, "h");
  EXPECT_TRUE(Verified(request).ok());
  request.path = "/b/x";
  EXPECT_FALSE(Verified(request).ok());

  const std::string sha = Sha256Hex("body");
  const std::string in_header = "PUT\n/b/o\na=b\nhost:h\nx-goog-content-sha256:" + sha +
                                "\nx-goog-date:20260102T030405Z\n\n"
                                "host;x-goog-content-sha256;x-goog-date\n" +
                                sha;
  signature = Hex(HmacSha256(key, ToSign("GOOG4-HMAC-SHA256", in_header)));
  request = Parsed(net::Method::kPut, "/b/o?a=b", "h");
  request.headers.Set("x-goog-date", "20260102T030405Z");
  request.headers.Set("x-goog-content-sha256", sha);
  request.headers.Set("Authorization",
                      "GOOG4-HMAC-SHA256 Credential=GOOG1ID/20260102/auto/storage/goog4_request, "
                      "SignedHeaders=host;x-goog-content-sha256;x-goog-date, Signature=" +
                          signature);
  TestKeys keys;
  const Verdict verdict = VerifySignature(request, "", keys, kSignedAt);
  EXPECT_TRUE(verdict.status.ok()) << verdict.status.ToString();
  EXPECT_EQ(verdict.payload_sha256, sha);
  EXPECT_EQ(Verified(request, kSignedAt + std::chrono::minutes(16)).reason(),
            "RequestTimeTooSkewed");
}

// The public vector that HTTP itself cannot carry: a header name with slashes.
TEST(SigningV4, CanonicalHeadersAreTrimmedCollapsedAndSorted) {
  net::Request request =
      Parsed(net::Method::kGet,
             "/b/path/a%26b//c?" +
                 UrlQuery("GOOG4-RSA-SHA256", kAccount, 60,
                          "collapsed;header/name/with/slash;host;multiple;tabs") +
                 "&X-Goog-Signature=00&a%C3%A9=x%20y",
             "h");
  request.headers.Add("Collapsed", "abc    def");
  request.headers.Add("header/name/with/slash", "should-be-encoded");
  request.headers.Add("multiple", " xyz ,  abc, def  , xyz   ");
  request.headers.Add("multiple", "more");
  request.headers.Add("tabs", "\tabc\t\t\t\tdef\t");
  TestKeys keys;
  const Verdict verdict = VerifySignature(request, "", keys, kSignedAt);
  ASSERT_EQ(verdict.texts.size(), 1u);
  const std::string& text = verdict.texts[0].canonical_request;
  EXPECT_THAT(text, HasSubstr("\n/b/path/a%26b//c\n"));
  EXPECT_THAT(text, HasSubstr("&a%C3%A9=x%20y\ncollapsed:abc def\nheader/name/with/slash:"
                              "should-be-encoded\nhost:h\nmultiple:xyz , abc, def , xyz,more\n"
                              "tabs:abc def\n\n"));
}

TEST(SigningV4, BadParametersAreNamed) {
  for (const char* name :
       {"X-Goog-Algorithm", "X-Goog-Credential", "X-Goog-Date", "X-Goog-SignedHeaders"}) {
    net::Request request = SignedGet();
    for (auto& [key, value] : request.query) {
      if (key == name) value = "nonsense";
    }
    EXPECT_FALSE(Verified(request).ok()) << name;
    std::erase_if(request.query, [&](const auto& pair) { return pair.first == name; });
    EXPECT_THAT(Verified(request).message(), HasSubstr(name));
  }
}

TEST(SigningPayload, BodyMustHaveTheSignedHash) {
  StringSource right("body"), wrong("bodY");
  const auto good = Sha256Checked(right, Sha256Hex("body"));
  EXPECT_EQ(ReadAll(*good, 100, "body").value(), "body");
  const auto bad = Sha256Checked(wrong, Sha256Hex("body"));
  EXPECT_EQ(ReadAll(*bad, 100, "body").status().reason(), "ContentSHA256Mismatch");
}

TEST(SigningCrypto, TakesPublicHalvesOfKeysAndRefusesOthers) {
  EXPECT_EQ(RsaPublicPem(TestKeys::Rsa().private_pem).value(), TestKeys::Rsa().public_pem);
  EXPECT_EQ(RsaPublicPem(TestKeys::Rsa().public_pem).value(), TestKeys::Rsa().public_pem);
  EXPECT_FALSE(RsaPublicPem("-----BEGIN NONSENSE-----").ok());
  EXPECT_FALSE(RsaVerify("", "text", "signature"));
}

const FormFields kFields = {{"key", "user/a.txt"}, {"content-type", "image/png"}, {"policy", "x"}};

Status Checked(const std::string& conditions, const FormFields& fields = kFields) {
  const auto policy = ParsePostPolicy(R"({"expiration": "2026-01-02T04:00:00Z", "conditions": [)" +
                                      conditions + "]}");
  if (!policy.ok()) return policy.status();
  return CheckPostPolicy(*policy, fields, "bucket", kSignedAt);
}

TEST(PostPolicy, ConditionsHoldOrAreNamed) {
  EXPECT_TRUE(Checked(R"({"bucket": "bucket"}, ["starts-with", "$key", "user/"],
                         ["eq", "$Content-Type", "image/png"])")
                  .ok());
  EXPECT_THAT(Checked(R"({"bucket": "other"}, ["starts-with", "$key", ""],
                         ["starts-with", "$content-type", ""])")
                  .message(),
              HasSubstr("field bucket must be \"other\""));
  EXPECT_THAT(Checked(R"(["starts-with", "$key", "admin/"])").message(),
              HasSubstr("field key must start with \"admin/\""));
  EXPECT_THAT(Checked(R"({"key": "user/a.txt"})").message(),
              HasSubstr("field content-type has no condition"));
  EXPECT_THAT(Checked(R"({"x-goog-meta-a": "1"})").message(), HasSubstr("x-goog-meta-a"));
}

TEST(PostPolicy, ExpiresToTheSecond) {
  const PostPolicy policy =
      ParsePostPolicy(R"({"expiration": "2026-01-02T03:04:05Z", "conditions": []})").value();
  EXPECT_TRUE(CheckPostPolicy(policy, {}, "b", kSignedAt).ok());
  EXPECT_EQ(CheckPostPolicy(policy, {}, "b", kSignedAt + std::chrono::seconds(1)).reason(),
            "ExpiredToken");
}

TEST(PostPolicy, MalformedDocumentsAreRefused) {
  for (
      const char* text :
      {"", "[]", "{}", R"({"expiration": "soon", "conditions": []})",
       R"({"expiration": "2026-01-02T03:04:05Z"})",
       R"({"expiration": "2026-01-02T03:04:05Z", "conditions": [1]})",
       R"({"expiration": "2026-01-02T03:04:05Z", "conditions": [["eq", "$a"]]})",
       R"({"expiration": "2026-01-02T03:04:05Z", "conditions": [["eq", "a", "b"]]})",
       R"({"expiration": "2026-01-02T03:04:05Z", "conditions": [["like", "$a", "b"]]})",
       R"({"expiration": "2026-01-02T03:04:05Z", "conditions": [["content-length-range", -1, 2]]})",
       R"({"expiration": "2026-01-02T03:04:05Z", "conditions": [{"a": {}}]})"}) {
    EXPECT_EQ(ParsePostPolicy(text).status().reason(), "InvalidPolicyDocument") << text;
  }
}

TEST(PostPolicy, SeveralLengthRangesNarrow) {
  const PostPolicy policy = ParsePostPolicy(R"({"expiration": "2026-01-02T03:04:05Z", "conditions":
      [["content-length-range", 1, 10], ["content-length-range", 0, "5"]]})")
                                .value();
  EXPECT_EQ(policy.bytes_min, 1u);
  EXPECT_EQ(policy.bytes_max, 5u);
}

}  // namespace
}  // namespace landfall::api
