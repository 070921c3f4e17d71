// Google's request signatures (V4 and V2 signed URLs, V4 Authorization headers), really verified:
// the canonical request is rebuilt from what arrived and checked with the signer's key, the date
// window and the signed headers.
//
// Where keys come from (docs: storage.md section 17, platform.md section 3.2):
//   GOOG4-HMAC-SHA256  the HMAC keys of the storage API (projects.hmacKeys).
//   GOOG4-RSA-SHA256   a service account's keys; signing_keys.h tells how one is made or brought.
// Pure apart from the keys.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/context.h"
#include "base/status.h"
#include "net/net.h"

namespace landfall::api {

class SigningKeys {
 public:
  virtual ~SigningKeys() = default;
  // Of an active key. kNotFound otherwise.
  virtual Result<std::string> HmacSecret(const CallContext& ctx, std::string_view access_id) = 0;
  // All that may have signed, PEM. kNotFound when the account has none.
  virtual Result<std::vector<std::string>> RsaPublicKeys(std::string_view account) = 0;
};

// One reading of a request as its client may have signed it.
struct SignedText {
  std::string string_to_sign = {}, canonical_request = {};
};
// What came of checking one request. The texts are there whenever they could be built: an error
// answer shows them, because most mistakes in signing are visible in them at once. Clients differ
// in two things, so there may be several readings, each as good as the first: the port may be
// missing from the signed host, and the bucket of a virtual-hosted URL may be part of the path.
struct Verdict {
  Status status = {};  // reasons are codes of the XML API: SignatureDoesNotMatch, ExpiredToken, ...
  std::string account = {};         // that signed
  std::string payload_sha256 = {};  // hex, as signed; empty: the body is not signed
  std::vector<SignedText> texts = {};
};

enum class SignatureKind : std::uint8_t { kNone, kV4Query, kV4Header, kV2Query, kOther };
// kOther: an Authorization header of a scheme that is a signature and is not implemented.
SignatureKind SignatureKindOf(const net::Request& request);

// `bucket`: of a virtual-hosted or bucket-bound request; empty when the path has it.
Verdict VerifySignature(const net::Request& request, std::string_view bucket, SigningKeys& keys,
                        TimePoint now);

// The parts of a V4 credential: "ACCOUNT/20190201/auto/storage/goog4_request".
struct CredentialScope {
  std::string account, date, region, service;
  std::string Text() const;  // without the account
};
Result<CredentialScope> ParseCredential(std::string_view text);
// "20190201T090000Z".
Result<TimePoint> ParseSigningDate(std::string_view text);
// Whether `signature` (raw bytes) over `text` is of a key of the scope's account. `algorithm`:
// GOOG4-RSA-SHA256 or GOOG4-HMAC-SHA256, else kInvalidArgument. An account without keys, or a
// wrong signature, is kPermissionDenied/"SignatureDoesNotMatch".
Status CheckV4Signature(const CallContext& ctx, std::string_view algorithm,
                        const CredentialScope& scope, std::string_view text,
                        std::string_view signature, SigningKeys& keys);
Status CheckRsaSignature(std::string_view account, std::string_view text,
                         std::string_view signature, SigningKeys& keys);
Result<std::string> SignatureFromHex(std::string_view text);
Status SignatureDoesNotMatch(std::string_view why = {});

// signing_v2.cc
Verdict VerifyV2(const net::Request& request, std::string_view bucket, SigningKeys& keys,
                 TimePoint now);

}  // namespace landfall::api
