#include "base/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "base/text.h"

namespace landfall {
namespace {

class Fd {
 public:
  explicit Fd(int fd) : fd_(fd) {}
  ~Fd() {
    if (fd_ >= 0) close(fd_);
  }
  Fd(const Fd&) = delete;
  Fd& operator=(const Fd&) = delete;
  int get() const { return fd_; }

 private:
  int fd_;
};

class PosixReadable final : public ReadableFile {
 public:
  PosixReadable(int fd, std::uint64_t size, std::string path)
      : fd_(fd), size_(size), path_(std::move(path)) {}
  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<char> out) override {
    std::size_t done = 0;
    while (done < out.size()) {
      const ssize_t n =
          pread(fd_.get(), out.data() + done, out.size() - done, static_cast<off_t>(offset + done));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return FromErrno(errno, "reading " + path_);
      if (n == 0) break;
      done += static_cast<std::size_t>(n);
    }
    return done;
  }
  std::uint64_t size_bytes() const override { return size_; }
  int fd() const override { return fd_.get(); }

 private:
  Fd fd_;
  std::uint64_t size_;
  std::string path_;
};

class PosixWritable final : public WritableFile {
 public:
  PosixWritable(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  Status Write(std::string_view bytes) override {
    while (!bytes.empty()) {
      const ssize_t n = write(fd_.get(), bytes.data(), bytes.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return FromErrno(errno, "writing " + path_);
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
  }
  Status Sync() override {
    if (fdatasync(fd_.get()) != 0) return FromErrno(errno, "syncing " + path_);
    return {};
  }

 private:
  Fd fd_;
  std::string path_;
};

class PosixLock final : public FileLock {
 public:
  explicit PosixLock(int fd) : fd_(fd) {}

 private:
  Fd fd_;
};

class PosixFiles final : public FileSystem {
 public:
  Result<std::unique_ptr<ReadableFile>> OpenForRead(const std::string& path) override {
    const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return FromErrno(errno, "opening " + path);
    struct stat info{};
    if (fstat(fd, &info) != 0) {
      const int error = errno;
      close(fd);
      return FromErrno(error, "reading the size of " + path);
    }
    return std::make_unique<PosixReadable>(fd, static_cast<std::uint64_t>(info.st_size), path);
  }

  Result<std::unique_ptr<WritableFile>> OpenForAppend(const std::string& path,
                                                      std::uint64_t keep_bytes) override {
    const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) return FromErrno(errno, "creating " + path);
    if (ftruncate(fd, static_cast<off_t>(keep_bytes)) != 0 || lseek(fd, 0, SEEK_END) < 0) {
      const int error = errno;
      close(fd);
      return FromErrno(error, "truncating " + path);
    }
    return std::make_unique<PosixWritable>(fd, path);
  }

  Status Rename(const std::string& from, const std::string& to) override {
    if (rename(from.c_str(), to.c_str()) != 0)
      return FromErrno(errno, "renaming " + from + " to " + to);
    return {};
  }

  Status Remove(const std::string& path) override {
    if (unlink(path.c_str()) != 0 && errno != ENOENT) return FromErrno(errno, "removing " + path);
    return {};
  }

  Status MakeDirs(const std::string& path) override {
    std::string part;
    for (const std::string_view name : Split(path, '/')) {
      part += name;
      if (!part.empty() && mkdir(part.c_str(), 0750) != 0 && errno != EEXIST) {
        return FromErrno(errno, "creating directory " + part);
      }
      part += '/';
    }
    return {};
  }

  Status SyncDir(const std::string& path) override {
    const Fd dir(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (dir.get() < 0 || fsync(dir.get()) != 0)
      return FromErrno(errno, "syncing directory " + path);
    return {};
  }

  Result<std::vector<std::string>> List(const std::string& path) override {
    DIR* dir = opendir(path.c_str());
    if (dir == nullptr) return FromErrno(errno, "listing " + path);
    std::vector<std::string> names;
    while (const dirent* entry = readdir(dir)) {
      const std::string_view name = entry->d_name;
      if (name != "." && name != "..") names.emplace_back(name);
    }
    closedir(dir);
    return names;
  }

  Result<std::uint64_t> FreeBytes(const std::string& path) override {
    struct statvfs info{};
    if (statvfs(path.c_str(), &info) != 0) return FromErrno(errno, "reading free space of " + path);
    return static_cast<std::uint64_t>(info.f_bavail) * info.f_frsize;
  }

  Result<std::unique_ptr<FileLock>> Lock(const std::string& path) override {
    const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (fd < 0) return FromErrno(errno, "opening " + path);
    auto lock = std::make_unique<PosixLock>(fd);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
      char pid[32] = {};
      const ssize_t n = pread(fd, pid, sizeof pid - 1, 0);
      const std::string holder(Trim({pid, static_cast<std::size_t>(n > 0 ? n : 0)}));
      return FailedPrecondition(path + " is held by process " + (holder.empty() ? "?" : holder),
                                "locked");
    }
    const std::string pid = std::to_string(getpid()) + "\n";
    if (ftruncate(fd, 0) != 0 || pwrite(fd, pid.data(), pid.size(), 0) < 0)
      return FromErrno(errno, "writing " + path);
    return std::unique_ptr<FileLock>(std::move(lock));
  }
};

}  // namespace

std::unique_ptr<FileSystem> MakePosixFiles() { return std::make_unique<PosixFiles>(); }

}  // namespace landfall
