#include "api/signing_crypto.h"

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/text.h"

namespace landfall::api {
namespace {

struct Free {
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
  void operator()(BIO* bio) const { BIO_free(bio); }
  void operator()(X509* certificate) const { X509_free(certificate); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

Owned<BIO> Reader(std::string_view pem) {
  return Owned<BIO>(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
}

std::string TextOf(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);  // NOLINT: OpenSSL's type
  return {data, static_cast<std::size_t>(size)};
}

std::string Hmac(const EVP_MD* digest, std::string_view key, std::string_view text) {
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  CHECK(HMAC(digest, key.data(), static_cast<int>(key.size()), Bytes(text), text.size(), mac,
             &size) != nullptr);
  return {reinterpret_cast<const char*>(mac), size};
}

// Refuses to ask on a terminal for the password of an encrypted key.
int NoPassword(char*, int, int, void*) { return 0; }

Owned<EVP_PKEY> AnyKey(std::string_view pem) {
  if (pem.size() > 64 * 1024) return nullptr;
  if (EVP_PKEY* key = PEM_read_bio_PUBKEY(Reader(pem).get(), nullptr, NoPassword, nullptr))
    return Owned<EVP_PKEY>(key);
  if (EVP_PKEY* key = PEM_read_bio_PrivateKey(Reader(pem).get(), nullptr, NoPassword, nullptr))
    return Owned<EVP_PKEY>(key);
  const Owned<X509> certificate(PEM_read_bio_X509(Reader(pem).get(), nullptr, NoPassword, nullptr));
  return Owned<EVP_PKEY>(certificate ? X509_get_pubkey(certificate.get()) : nullptr);
}

class HashingSource final : public ByteSource {
 public:
  HashingSource(ByteSource& source, std::string expected)
      : source_(source), expected_(std::move(expected)), context_(EVP_MD_CTX_new()) {
    CHECK(EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
  }
  Result<std::size_t> Read(std::span<char> out) override {
    if (ended_) return std::size_t{0};
    const std::size_t n = TRY(source_.Read(out));
    if (n > 0) {
      CHECK(EVP_DigestUpdate(context_.get(), out.data(), n) == 1);
      return n;
    }
    ended_ = true;
    unsigned char digest[32];
    CHECK(EVP_DigestFinal_ex(context_.get(), digest, nullptr) == 1);
    const std::string actual = Hex({reinterpret_cast<const char*>(digest), sizeof digest});
    if (!EqualsIgnoreCase(actual, expected_)) {
      return InvalidArgument("the body's SHA-256 is " + actual + "; x-goog-content-sha256 says " +
                                 expected_.substr(0, 100),
                             "ContentSHA256Mismatch");
    }
    return std::size_t{0};
  }

 private:
  ByteSource& source_;
  std::string expected_;
  Owned<EVP_MD_CTX> context_;
  bool ended_ = false;
};

}  // namespace

std::string HmacSha256(std::string_view key, std::string_view text) {
  return Hmac(EVP_sha256(), key, text);
}
std::string HmacSha1(std::string_view key, std::string_view text) {
  return Hmac(EVP_sha1(), key, text);
}

bool SameBytes(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

Result<RsaKey> MakeRsaKey() {
  const Owned<EVP_PKEY> key(EVP_RSA_gen(2048));
  const Owned<BIO> secret(BIO_new(BIO_s_mem())), open(BIO_new(BIO_s_mem()));
  if (!key ||
      PEM_write_bio_PKCS8PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                    nullptr) != 1 ||
      PEM_write_bio_PUBKEY(open.get(), key.get()) != 1) {
    return Internal("OpenSSL could not make an RSA key");
  }
  return RsaKey{TextOf(secret.get()), TextOf(open.get())};
}

bool RsaVerify(std::string_view public_pem, std::string_view text, std::string_view signature) {
  const Owned<EVP_PKEY> key = AnyKey(public_pem);
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  if (!key || EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1)
    return false;
  return EVP_DigestVerify(context.get(), Bytes(signature), signature.size(), Bytes(text),
                          text.size()) == 1;
}

Result<std::string> RsaSign(std::string_view private_pem, std::string_view text) {
  const Owned<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(Reader(private_pem).get(), nullptr, NoPassword, nullptr));
  const Owned<EVP_MD_CTX> context(EVP_MD_CTX_new());
  std::size_t size = 0;
  if (!key || EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key.get()) != 1 ||
      EVP_DigestSign(context.get(), nullptr, &size, Bytes(text), text.size()) != 1) {
    return Internal("a private key of the server does not sign");
  }
  std::string signature(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     Bytes(text), text.size()) != 1) {
    return Internal("a private key of the server does not sign");
  }
  signature.resize(size);
  return signature;
}

Result<std::string> RsaPublicPem(std::string_view pem) {
  const Owned<EVP_PKEY> key = AnyKey(pem);
  if (!key) return InvalidArgument("not a PEM private key, public key or X.509 certificate");
  const int bits = EVP_PKEY_get_bits(key.get());
  if (EVP_PKEY_get_base_id(key.get()) != EVP_PKEY_RSA || bits < 1024 || bits > 8192)
    return InvalidArgument("a signing key must be RSA of 1024 to 8192 bits");
  const Owned<BIO> open(BIO_new(BIO_s_mem()));
  if (PEM_write_bio_PUBKEY(open.get(), key.get()) != 1)
    return Internal("OpenSSL could not write a public key");
  return TextOf(open.get());
}

std::unique_ptr<ByteSource> Sha256Checked(ByteSource& source, std::string expected_hex) {
  return std::make_unique<HashingSource>(source, std::move(expected_hex));
}

}  // namespace landfall::api
