// The signatures of Google's V4 and V2 signing, over OpenSSL. Pure, except that MakeRsaKey draws
// randomness.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/status.h"

namespace landfall::api {

std::string HmacSha256(std::string_view key, std::string_view text);  // 32 bytes
std::string HmacSha1(std::string_view key, std::string_view text);    // 20 bytes
// Takes the same time wherever they differ.
bool SameBytes(std::string_view a, std::string_view b);

// RSASSA-PKCS1-v1_5 with SHA-256. Keys are PEM: PKCS#8 private, SubjectPublicKeyInfo public.
struct RsaKey {
  std::string private_pem, public_pem;
};
Result<RsaKey> MakeRsaKey();
bool RsaVerify(std::string_view public_pem, std::string_view text, std::string_view signature);
Result<std::string> RsaSign(std::string_view private_pem, std::string_view text);
// Of a PEM private key, public key or X.509 certificate. kInvalidArgument for anything else, and
// for what is not RSA of 1024 to 8192 bits.
Result<std::string> RsaPublicPem(std::string_view pem);

// `source` while it has the SHA-256 (64 hex digits) that the client signed; otherwise its end is
// kInvalidArgument/"ContentSHA256Mismatch". `source` must outlive it.
std::unique_ptr<ByteSource> Sha256Checked(ByteSource& source, std::string expected_hex);

}  // namespace landfall::api
