// Which objects a batch loads and how they are packed into jobs. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ingest/names.h"
#include "warehouse/types.h"

namespace landfall::ingest {

constexpr std::size_t kJobUrisMax =
    10'000;  // source URIs of one load job: the real service's limit

using SourceList = std::vector<warehouse::SourceObject>;

template <typename T>
std::vector<T> Flatten(const std::vector<std::vector<T>>& lists) {
  std::vector<T> flat;
  for (const std::vector<T>& list : lists) flat.insert(flat.end(), list.begin(), list.end());
  return flat;
}

struct SplitLimits {
  std::uint64_t bytes_max = 15'000'000'000'000;
  std::size_t uris_max = kJobUrisMax;
};
// Packs in listing order; every job has at least one file. A file larger than `bytes_max` becomes a
// job of its own (Oversized names such files, so that the outcome is stated and not found out).
std::vector<SourceList> SplitIntoJobs(const SourceList& files, const SplitLimits& limits);
SourceList Oversized(const SourceList& files, const SplitLimits& limits);

// sha256 of the sorted (name, generation, size, crc) list: equal for equal batches.
std::string ManifestHash(const SourceList& files);

std::uint64_t TotalBytes(const SourceList& files);

// Per directory, names with an extension become "dir/*.ext"; others stay. For logs and explain
// only: what is loaded is always pinned by name and generation.
std::vector<std::string> CompactUris(const std::vector<std::string>& uris);

}  // namespace landfall::ingest
