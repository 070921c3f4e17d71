#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "base/hash.h"
#include "meta/bench_engines.h"

namespace landfall::meta {

namespace {

constexpr std::size_t kSegmentBytes =
    256u << 20;  // overwritten from the start when full, as recycled segments are

class NothingReader final : public Reader {
 public:
  Result<std::optional<std::string>> Get(std::string_view) override {
    return std::optional<std::string>();
  }
  Status Scan(const KeyRange&, const Visitor&) override { return {}; }
};

class RawLog final : public Engine {
 public:
  explicit RawLog(const std::string& path)
      : fd_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640)) {
    CHECK(fd_ >= 0);
    const std::string zeros(4u << 20, '\0');
    for (std::size_t at = 0; at < kSegmentBytes; at += zeros.size()) {
      CHECK(pwrite(fd_, zeros.data(), zeros.size(), static_cast<off_t>(at)) ==
            static_cast<ssize_t>(zeros.size()));
    }
    CHECK(fsync(fd_) == 0);
  }
  ~RawLog() override { close(fd_); }

  Result<std::unique_ptr<Reader>> Snapshot() override {
    return std::unique_ptr<Reader>(std::make_unique<NothingReader>());
  }

  Status Apply(const WriteMap& writes) override {
    group_.clear();
    for (const auto& [key, value] : writes) {
      group_ += OrderedInt(key.size());
      group_ += key;
      group_ += OrderedInt(value ? value->size() : ~0ull);
      if (value) group_ += *value;
    }
    group_ += OrderedInt(Crc32c(0, group_));
    if (at_ + group_.size() > kSegmentBytes) at_ = 0;
    if (pwrite(fd_, group_.data(), group_.size(), static_cast<off_t>(at_)) < 0 ||
        fdatasync(fd_) != 0) {
      return FromErrno(errno, "writing the log");
    }
    at_ += group_.size();
    return {};
  }

  std::uint64_t SizeBytes() override { return kSegmentBytes; }

 private:
  int fd_;
  std::size_t at_ = 0;
  std::string group_;
};

}  // namespace

std::unique_ptr<Engine> OpenRawLog(const std::string& dir) {
  return std::make_unique<RawLog>(dir + "/segment");
}

}  // namespace landfall::meta
