#include "ingest/files.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "base/hash.h"

namespace landfall::ingest {

std::vector<SourceList> SplitIntoJobs(const SourceList& files, const SplitLimits& limits) {
  std::vector<SourceList> jobs;
  std::uint64_t bytes = 0;
  for (const warehouse::SourceObject& file : files) {
    const bool full = jobs.empty() || jobs.back().size() >= limits.uris_max ||
                      bytes > limits.bytes_max || file.size_bytes > limits.bytes_max - bytes;
    if (full) {
      jobs.emplace_back();
      bytes = 0;
    }
    jobs.back().push_back(file);
    bytes += file.size_bytes;
  }
  return jobs;
}

SourceList Oversized(const SourceList& files, const SplitLimits& limits) {
  SourceList large;
  for (const warehouse::SourceObject& file : files) {
    if (file.size_bytes > limits.bytes_max) large.push_back(file);
  }
  return large;
}

std::string ManifestHash(const SourceList& files) {
  SourceList sorted = files;
  std::ranges::sort(sorted, [](const auto& a, const auto& b) {
    return std::tie(a.name, a.generation) < std::tie(b.name, b.generation);
  });
  std::string text;
  for (const warehouse::SourceObject& file : sorted) {
    text += file.name;
    text += '\0';  // no object name holds one
    text += std::to_string(file.generation) + " " + std::to_string(file.size_bytes) + " " +
            std::to_string(file.crc32c) + "\n";
  }
  return Sha256Hex(text);
}

std::uint64_t TotalBytes(const SourceList& files) {
  std::uint64_t bytes = 0;
  for (const warehouse::SourceObject& file : files) bytes += file.size_bytes;
  return bytes;
}

std::vector<std::string> CompactUris(const std::vector<std::string>& uris) {
  std::vector<std::string> compact;
  std::set<std::string> seen;
  for (const std::string& uri : uris) {
    const std::string_view base = BaseName(uri);
    const std::size_t dot = base.rfind('.');
    std::string shorter = uri;
    if (dot != std::string_view::npos) {
      shorter = std::string(DirectoryOf(uri)) + "*" + std::string(base.substr(dot));
    }
    if (seen.insert(shorter).second) compact.push_back(std::move(shorter));
  }
  return compact;
}

}  // namespace landfall::ingest
