// Any pattern against any name: no crash, no hang, and a match names a table inside the path.
#include <cstdint>
#include <string_view>

#include "ingest/path_pattern.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const std::size_t split = input.find('\n');
  const std::string_view name = split == std::string_view::npos ? input : input.substr(split + 1);
  const std::string_view text =
      split == std::string_view::npos ? std::string_view{} : input.substr(0, split);
  const auto pattern = landfall::ingest::PathPattern::Compile(text);
  if (!pattern.ok()) return 0;
  const auto parts = pattern->Match(name);
  if (parts.ok() && parts->table.empty()) __builtin_trap();
  return 0;
}
