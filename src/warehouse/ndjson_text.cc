#include <algorithm>
#include <cstring>
#include <optional>

#include "warehouse/ndjson.h"

namespace landfall::warehouse {
namespace {

// Four hex digits; nullopt otherwise.
std::optional<std::uint32_t> Hex4(std::string_view text) {
  if (text.size() < 4) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text.substr(0, 4)) {
    const char lower = static_cast<char>(c | 0x20);
    if (c >= '0' && c <= '9') {
      value = value * 16 + static_cast<std::uint32_t>(c - '0');
    } else if (lower >= 'a' && lower <= 'f') {
      value = value * 16 + static_cast<std::uint32_t>(lower - 'a' + 10);
    } else {
      return std::nullopt;
    }
  }
  return value;
}

char* PutUtf8(std::uint32_t point, char* out) {
  const auto put = [&out](std::uint32_t byte) { *out++ = static_cast<char>(byte); };
  if (point < 0x80) {
    put(point);
  } else if (point < 0x800) {
    put(0xC0 | point >> 6);
    put(0x80 | (point & 63));
  } else if (point < 0x10000) {
    put(0xE0 | point >> 12);
    put(0x80 | (point >> 6 & 63));
    put(0x80 | (point & 63));
  } else {
    put(0xF0 | point >> 18);
    put(0x80 | (point >> 12 & 63));
    put(0x80 | (point >> 6 & 63));
    put(0x80 | (point & 63));
  }
  return out;
}

// Reads the code point after "\u", a surrogate pair too; removes it from `text`.
std::optional<std::uint32_t> TakeCodePoint(std::string_view& text) {
  const std::optional<std::uint32_t> first = Hex4(text);
  if (!first) return std::nullopt;
  text.remove_prefix(4);
  if (*first < 0xD800 || *first > 0xDFFF) return first;
  if (*first > 0xDBFF || text.size() < 6 || text[0] != '\\' || text[1] != 'u') return std::nullopt;
  const std::optional<std::uint32_t> second = Hex4(text.substr(2));
  if (!second || *second < 0xDC00 || *second > 0xDFFF) return std::nullopt;
  text.remove_prefix(6);
  return 0x10000 + ((*first - 0xD800) << 10) + (*second - 0xDC00);
}

}  // namespace

std::optional<std::string_view> UnescapeJson(std::string_view raw, LoadArena& arena) {
  const void* backslash = std::memchr(raw.data(), '\\', raw.size());
  if (backslash == nullptr) return raw;
  char* const start = arena.Allocate(raw.size());  // escapes only shrink
  char* out = start;
  while (!raw.empty()) {
    const std::size_t plain = std::min(raw.find('\\'), raw.size());
    std::memcpy(out, raw.data(), plain);
    out += plain;
    raw.remove_prefix(plain);
    if (raw.empty()) break;
    if (raw.size() < 2) return std::nullopt;
    const char escape = raw[1];
    raw.remove_prefix(2);
    constexpr std::string_view kFrom = "\"\\/bfnrt", kTo = "\"\\/\b\f\n\r\t";
    if (escape == 'u') {
      const std::optional<std::uint32_t> point = TakeCodePoint(raw);
      if (!point) return std::nullopt;
      out = PutUtf8(*point, out);
    } else if (const std::size_t at = kFrom.find(escape); at != std::string_view::npos) {
      *out++ = kTo[at];
    } else {
      return std::nullopt;
    }
  }
  const auto bytes = static_cast<std::size_t>(out - start);
  arena.Shrink(start, bytes);
  return std::string_view(start, bytes);
}

}  // namespace landfall::warehouse
