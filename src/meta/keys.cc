// Tuple keys: see MakeKey in meta.h for the format.
#include "meta/meta.h"

namespace landfall::meta {

namespace {
constexpr char kEscape = '\x00';
constexpr char kEscapedZero = '\xFF';
constexpr char kEndOfPart = '\x01';
}  // namespace

std::string MakeKey(std::initializer_list<std::string_view> parts) {
  std::size_t bytes = 0;
  for (const std::string_view part : parts) bytes += part.size() + 2;
  std::string key;
  key.reserve(bytes);
  for (const std::string_view part : parts) {
    for (const char c : part) {
      key += c;
      if (c == kEscape) key += kEscapedZero;
    }
    key += kEscape;
    key += kEndOfPart;
  }
  return key;
}

Result<std::vector<std::string>> SplitKey(std::string_view key) {
  std::vector<std::string> parts;
  std::string part;
  bool open = false;
  for (std::size_t at = 0; at < key.size(); ++at) {
    open = true;
    if (key[at] != kEscape) {
      part += key[at];
      continue;
    }
    const char code = ++at < key.size() ? key[at] : '\x02';
    if (code == kEscapedZero) {
      part += kEscape;
    } else if (code == kEndOfPart) {
      parts.push_back(std::move(part));
      part.clear();
      open = false;
    } else {
      return DataLoss("key has a bad escape at byte " + std::to_string(at - 1));
    }
  }
  if (open) return DataLoss("key ends inside part " + std::to_string(parts.size() + 1));
  return parts;
}

std::string OrderedInt(std::uint64_t value) {
  std::string bytes(8, '\0');
  for (std::size_t at = 8; at-- > 0; value >>= 8) bytes[at] = static_cast<char>(value & 0xFF);
  return bytes;
}

std::uint64_t FromOrderedInt(std::string_view bytes) {
  CHECK(bytes.size() == 8);
  std::uint64_t value = 0;
  for (const char c : bytes) value = value << 8 | static_cast<unsigned char>(c);
  return value;
}

KeyRange PrefixRange(std::string_view prefix) {
  KeyRange range{.begin = std::string(prefix), .end = std::string(prefix)};
  while (!range.end.empty() && range.end.back() == '\xFF') range.end.pop_back();
  if (!range.end.empty()) ++range.end.back();
  return range;
}

}  // namespace landfall::meta
