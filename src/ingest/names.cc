#include "ingest/names.h"

#include "base/text.h"

namespace landfall::ingest {

std::string_view BaseName(std::string_view object) {
  const std::size_t slash = object.rfind('/');
  return slash == std::string_view::npos ? object : object.substr(slash + 1);
}

std::string_view DirectoryOf(std::string_view object) {
  const std::size_t slash = object.rfind('/');
  return slash == std::string_view::npos ? std::string_view{} : object.substr(0, slash + 1);
}

bool HasDirectory(std::string_view object, std::string_view segment) {
  const std::vector<std::string_view> parts = Split(object, '/');
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    if (parts[i] == segment) return true;
  }
  return false;
}

std::vector<std::string> DirectoriesDownTo(std::string_view directory) {
  std::vector<std::string> all = {""};
  for (std::size_t at = directory.find('/'); at != std::string_view::npos;
       at = directory.find('/', at + 1)) {
    all.emplace_back(directory.substr(0, at + 1));
  }
  return all;
}

bool IsMarker(std::string_view object, const ReservedNames& names) {
  return BaseName(object) == names.success && !HasDirectory(object, kConfigDir) &&
         !HasDirectory(object, kBacklogDir);
}

Exclusion ExclusionOf(std::string_view object, std::uint64_t size_bytes,
                      const ReservedNames& names) {
  const std::string_view base = BaseName(object);
  if (HasDirectory(object, kConfigDir)) return Exclusion::kConfigDirectory;
  if (HasDirectory(object, kBacklogDir)) return Exclusion::kBacklogDirectory;
  if (base == kLockName) return Exclusion::kLock;
  if (base == names.success || base == kBackfillName || base == kHistoryDoneName ||
      (!names.start_backfill.empty() && base == names.start_backfill)) {
    return Exclusion::kActionFile;
  }
  if (base.starts_with('.')) return Exclusion::kHidden;
  // Empty part files are common, and so are the "directory/" objects some tools make.
  if (size_bytes == 0) return Exclusion::kEmpty;
  return Exclusion::kNone;
}

std::string_view ExclusionText(Exclusion exclusion) {
  switch (exclusion) {
    case Exclusion::kNone:
      return "it is data";
    case Exclusion::kActionFile:
      return "its name is that of an action file";
    case Exclusion::kHidden:
      return "its name starts with a dot";
    case Exclusion::kLock:
      return "its name is that of the table lock";
    case Exclusion::kConfigDirectory:
      return "it is below a _config directory";
    case Exclusion::kBacklogDirectory:
      return "it is below a _backlog directory";
    case Exclusion::kEmpty:
      return "it is empty";
  }
  return "";
}

}  // namespace landfall::ingest
