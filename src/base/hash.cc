#include "base/hash.h"

#include <nmmintrin.h>
#include <openssl/evp.h>

#include <cstring>

#include "base/status.h"
#include "base/text.h"

namespace landfall {

__attribute__((target("sse4.2"))) std::uint32_t Crc32c(std::uint32_t crc, std::string_view bytes) {
  std::uint64_t state = ~crc;
  const char* at = bytes.data();
  std::size_t left = bytes.size();
  for (; left >= 8; at += 8, left -= 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, 8);
    state = _mm_crc32_u64(state, word);
  }
  auto tail = static_cast<std::uint32_t>(state);
  for (; left > 0; ++at, --left) tail = _mm_crc32_u8(tail, static_cast<unsigned char>(*at));
  return ~tail;
}

std::string Crc32cBase64(std::uint32_t crc) {
  const char bytes[4] = {static_cast<char>(crc >> 24), static_cast<char>(crc >> 16),
                         static_cast<char>(crc >> 8), static_cast<char>(crc)};
  return Base64({bytes, 4});
}

struct Md5::State {
  EVP_MD_CTX* context = EVP_MD_CTX_new();
  ~State() { EVP_MD_CTX_free(context); }
};

Md5::Md5() : state_(std::make_unique<State>()) {
  CHECK(EVP_DigestInit_ex(state_->context, EVP_md5(), nullptr) == 1);
}
Md5::~Md5() = default;
void Md5::Update(std::string_view bytes) {
  CHECK(EVP_DigestUpdate(state_->context, bytes.data(), bytes.size()) == 1);
}
std::string Md5::Finish() {
  unsigned char digest[16];
  CHECK(EVP_DigestFinal_ex(state_->context, digest, nullptr) == 1);
  return {reinterpret_cast<const char*>(digest), sizeof digest};
}

std::string Sha256(std::string_view bytes) {
  unsigned char digest[32];
  CHECK(EVP_Digest(bytes.data(), bytes.size(), digest, nullptr, EVP_sha256(), nullptr) == 1);
  return {reinterpret_cast<const char*>(digest), sizeof digest};
}
std::string Sha256Hex(std::string_view bytes) { return Hex(Sha256(bytes)); }

}  // namespace landfall
