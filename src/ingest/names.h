// Which object names mean something to ingest. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace landfall::ingest {

constexpr std::string_view kBackfillName = "_BACKFILL";
constexpr std::string_view kLockName = "_bqlock";
constexpr std::string_view kHistoryDoneName =
    "_HISTORYDONE";  // documented example of START_BACKFILL_FILENAME
constexpr std::string_view kConfigDir = "_config";
constexpr std::string_view kBacklogDir = "_backlog";

std::string_view BaseName(std::string_view object);
// With its trailing "/", empty at the bucket root.
std::string_view DirectoryOf(std::string_view object);
// True when a directory of the object's path is exactly `segment`; the base name does not count.
bool HasDirectory(std::string_view object, std::string_view segment);
// "ds/t/b1/" -> {"", "ds/", "ds/t/", "ds/t/b1/"}: the root first.
std::vector<std::string> DirectoriesDownTo(std::string_view directory);

struct ReservedNames {
  std::string success = "_SUCCESS";
  std::string start_backfill;  // empty: not configured; _HISTORYDONE is reserved all the same
};
// `object` is a success file that triggers a batch: exact base name, not below _config or _backlog.
bool IsMarker(std::string_view object, const ReservedNames& names);

// Why an object below a batch directory is not data.
enum class Exclusion : std::uint8_t {
  kNone,
  kActionFile,
  kHidden,
  kLock,
  kConfigDirectory,
  kBacklogDirectory,
  kEmpty,
};
Exclusion ExclusionOf(std::string_view object, std::uint64_t size_bytes,
                      const ReservedNames& names);
std::string_view ExclusionText(Exclusion exclusion);  // "its name starts with a dot"

}  // namespace landfall::ingest
