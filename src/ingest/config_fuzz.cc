// Any bytes as load.json files: no crash, and merging a file over itself changes nothing.
#include <cstdint>
#include <string_view>

#include "ingest/config.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const auto file = landfall::ingest::ParseConfigFile("b", "_config/load.json", 1, input);
  if (!file.ok()) return 0;
  const auto once = landfall::ingest::ResolveConfig("b", {*file});
  const auto twice = landfall::ingest::ResolveConfig("b", {*file, *file});
  if (once.ok() != twice.ok()) __builtin_trap();
  if (once.ok() && once->hash != twice->hash) __builtin_trap();
  return 0;
}
