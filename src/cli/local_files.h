// Files of the user's own disk, as streams, with a progress bar on stderr when that is a terminal.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/files.h"

namespace landfall::cli {

class Progress {
 public:
  Progress(std::string label, std::uint64_t bytes_total);
  ~Progress();  // ends the line
  void Add(std::uint64_t bytes);

 private:
  void Draw();
  const std::string label_;
  const std::uint64_t total_;
  std::uint64_t done_ = 0, drawn_ = 0;
  bool visible_ = false;
};

class FileSource final : public ByteSource {
 public:
  FileSource(ReadableFile& file, Progress& progress) : file_(file), progress_(progress) {}
  Result<std::size_t> Read(std::span<char> out) override;

 private:
  ReadableFile& file_;
  Progress& progress_;
  std::uint64_t at_ = 0;
};

// Regular files at and below `path`, sorted, markers (names that start with "_") of a directory
// after its other files, so that an uploaded success file is the last to land.
Result<std::vector<std::string>> FilesBelow(const std::string& path);
Result<bool> IsDirectory(const std::string& path);
std::string ContentTypeOf(std::string_view name);

}  // namespace landfall::cli
