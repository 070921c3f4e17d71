#include "cli/local_files.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "base/text.h"

namespace landfall::cli {
namespace {

std::string_view BaseName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

Status Collect(FileSystem& files, const std::string& path, std::vector<std::string>* found) {
  if (!TRY(IsDirectory(path))) {
    found->push_back(path);
    return {};
  }
  std::vector<std::string> names = TRY(files.List(path));
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return std::pair(a.starts_with('_'), std::string_view(a)) <
           std::pair(b.starts_with('_'), std::string_view(b));
  });
  std::vector<std::string> markers;
  for (const std::string& name : names) {
    const std::string child = path + "/" + name;
    if (name.starts_with('_') && !TRY(IsDirectory(child))) {
      markers.push_back(child);
    } else {
      TRY(Collect(files, child, found));
    }
  }
  found->insert(found->end(), markers.begin(), markers.end());
  return {};
}

}  // namespace

Progress::Progress(std::string label, std::uint64_t bytes_total)
    : label_(std::move(label)), total_(bytes_total), visible_(isatty(STDERR_FILENO) == 1) {
  Draw();
}
Progress::~Progress() {
  if (visible_) std::fputs("\n", stderr);
}
void Progress::Add(std::uint64_t bytes) {
  done_ += bytes;
  if (done_ - drawn_ > total_ / 200 || done_ == total_) Draw();
}
void Progress::Draw() {
  if (!visible_) return;
  drawn_ = done_;
  const std::uint64_t percent = total_ == 0 ? 100 : done_ * 100 / total_;
  std::fprintf(stderr, "\r%s  %3llu %%  %s of %s   ", label_.c_str(),
               static_cast<unsigned long long>(percent), HumanBytes(done_).c_str(),
               HumanBytes(total_).c_str());
}

Result<std::size_t> FileSource::Read(std::span<char> out) {
  const std::size_t n = TRY(file_.ReadAt(at_, out));
  at_ += n;
  progress_.Add(n);
  return n;
}

Result<bool> IsDirectory(const std::string& path) {
  struct stat info{};
  if (stat(path.c_str(), &info) != 0) return FromErrno(errno, path);
  return S_ISDIR(info.st_mode);
}

Result<std::vector<std::string>> FilesBelow(const std::string& path) {
  std::vector<std::string> found;
  TRY(Collect(*MakePosixFiles(), path, &found));
  return found;
}

std::string ContentTypeOf(std::string_view name) {
  const std::string lower = AsciiLower(BaseName(name));
  if (lower.ends_with(".json") || lower.ends_with(".ndjson")) return "application/json";
  if (lower.ends_with(".csv")) return "text/csv";
  if (lower.ends_with(".gz")) return "application/gzip";
  if (lower.ends_with(".txt") || lower.ends_with(".sql")) return "text/plain";
  return "application/octet-stream";
}

}  // namespace landfall::cli
