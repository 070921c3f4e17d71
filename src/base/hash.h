// Checksums as Cloud Storage defines them, and the hashes that identify work.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace landfall {

// CRC-32C (Castagnoli), continued from `crc`; 0 to start. Uses the CPU's instruction.
std::uint32_t Crc32c(std::uint32_t crc, std::string_view bytes);
std::string Crc32cBase64(std::uint32_t crc);  // 4 bytes, big-endian, base64

class Md5 {
 public:
  Md5();
  ~Md5();
  void Update(std::string_view bytes);
  std::string Finish();  // 16 bytes; once

 private:
  struct State;
  std::unique_ptr<State> state_;
};

std::string Sha256(std::string_view bytes);     // 32 bytes
std::string Sha256Hex(std::string_view bytes);  // 64 characters

}  // namespace landfall
