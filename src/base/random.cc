#include "base/random.h"

#include <sys/random.h>

#include "base/status.h"

namespace landfall {

std::uint64_t SystemRandom::Next() {
  std::uint64_t value = 0;
  CHECK(getrandom(&value, sizeof value, 0) == static_cast<ssize_t>(sizeof value));
  return value;
}

std::string RandomHex(Random& random, std::size_t bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  text.reserve(bytes * 2);
  std::uint64_t pool = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    if (i % 8 == 0) pool = random.Next();
    text += kDigits[(pool >> 4) & 15];
    text += kDigits[pool & 15];
    pool >>= 8;
  }
  return text;
}

}  // namespace landfall
