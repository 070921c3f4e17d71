// The file system, injected: tests fill the disk and fail writes through it. Blocking. Thread-safe
// as a whole; one open file belongs to one thread at a time, except ReadAt, which any thread may
// call. Errors: kNotFound, kResourceExhausted/"diskFull", else kInternal naming the path.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/status.h"

namespace landfall {

class ReadableFile {
 public:
  virtual ~ReadableFile() = default;
  // Short only at the end of the file.
  virtual Result<std::size_t> ReadAt(std::uint64_t offset, std::span<char> out) = 0;
  virtual std::uint64_t size_bytes() const = 0;
  virtual int fd() const = 0;  // for sendfile; -1 when there is none
};

class WritableFile : public ByteSink {
 public:
  // Durable on return.
  virtual Status Sync() = 0;
};

class FileLock {
 public:
  virtual ~FileLock() = default;
};

class FileSystem {
 public:
  virtual ~FileSystem() = default;
  virtual Result<std::unique_ptr<ReadableFile>> OpenForRead(const std::string& path) = 0;
  // Truncates to `keep_bytes` when the file exists, then appends.
  virtual Result<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path,
                                                              std::uint64_t keep_bytes = 0) = 0;
  virtual Status Rename(const std::string& from, const std::string& to) = 0;
  virtual Status Remove(const std::string& path) = 0;  // OK when it is not there
  virtual Status MakeDirs(const std::string& path) = 0;
  virtual Status SyncDir(const std::string& path) = 0;
  virtual Result<std::vector<std::string>> List(const std::string& dir) = 0;  // names, unsorted
  virtual Result<std::uint64_t> FreeBytes(const std::string& path) = 0;
  // Exclusive, gone with the process. kFailedPrecondition/"locked" naming the holder's pid when
  // another process has it.
  virtual Result<std::unique_ptr<FileLock>> Lock(const std::string& path) = 0;
};

std::unique_ptr<FileSystem> MakePosixFiles();

}  // namespace landfall
