#include "meta/log_segment.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>

#include "base/hash.h"

namespace landfall::meta {

namespace {

constexpr std::size_t kHeaderBytes = 24;
constexpr std::uint32_t kDeleted = std::numeric_limits<std::uint32_t>::max();
constexpr std::uint64_t kKeepBytesMax = 64u << 20;  // a longer file is cut when it is used again
constexpr std::size_t kZerosAheadBytes = 1 << 20;

template <typename T>
void PutInt(std::string& out, T value) {
  for (std::size_t i = 0; i < sizeof value; ++i) out += static_cast<char>(value >> (8 * i));
}
// Takes an integer off the front of `in`, which holds enough.
template <typename T>
T TakeInt(std::string_view& in) {
  T value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) {
    value |= static_cast<T>(static_cast<unsigned char>(in[i])) << (8 * i);
  }
  in.remove_prefix(sizeof value);
  return value;
}

Result<WriteMap> ParsePayload(std::string_view in) {
  WriteMap writes;
  while (!in.empty()) {
    if (in.size() < 8) return DataLoss("log record is malformed");
    const auto key_bytes = TakeInt<std::uint32_t>(in);
    const auto value_bytes = TakeInt<std::uint32_t>(in);
    const std::uint64_t held = value_bytes == kDeleted ? 0 : value_bytes;
    if (key_bytes + held > in.size()) return DataLoss("log record is malformed");
    std::optional<std::string> value;
    if (value_bytes != kDeleted) value = std::string(in.substr(key_bytes, held));
    writes.emplace_hint(writes.end(), std::string(in.substr(0, key_bytes)), std::move(value));
    in.remove_prefix(key_bytes + held);
  }
  return writes;
}

// Takes the record that `in` begins with off it and appends it; false when there is no whole one.
Result<bool> TakeRecord(std::string_view& in, std::vector<LogRecord>& records) {
  if (in.size() < kHeaderBytes) return false;
  std::string_view rest = in;
  const auto crc = TakeInt<std::uint32_t>(rest);
  const std::string_view covered = rest;
  const auto payload_bytes = TakeInt<std::uint32_t>(rest);
  const auto epoch = TakeInt<std::uint64_t>(rest);
  const auto number = TakeInt<std::uint64_t>(rest);
  if (payload_bytes == 0 || payload_bytes > rest.size()) return false;
  if (Crc32c(0, covered.substr(0, kHeaderBytes - 4 + payload_bytes)) != crc) return false;
  if (!records.empty() && (epoch != records.back().epoch || number != records.back().number + 1)) {
    return false;
  }
  WriteMap writes = TRY(ParsePayload(rest.substr(0, payload_bytes)));
  records.push_back({.epoch = epoch, .number = number, .writes = std::move(writes)});
  in.remove_prefix(kHeaderBytes + payload_bytes);
  return true;
}

class FileSegment final : public LogSegment {
 public:
  FileSegment(int fd, std::string path) : fd_(fd), path_(std::move(path)) {}
  ~FileSegment() override { close(fd_); }

  Result<std::vector<LogRecord>> ReadAll() override {
    std::vector<LogRecord> records;
    const std::uint64_t bytes = SizeBytes();
    if (bytes < kHeaderBytes) return records;
    // An erased segment is told by its first header: a clean start does not read megabytes.
    std::string text(kHeaderBytes, '\0');
    TRY(ReadText(text));
    if (text == std::string(kHeaderBytes, '\0')) return records;
    text.resize(bytes);
    TRY(ReadText(text));
    std::string_view in = text;
    while (TRY(TakeRecord(in, records))) {
    }
    return records;
  }

  Status Append(std::uint64_t epoch, std::uint64_t number, const WriteMap& writes) override {
    Encode(epoch, number, writes);
    TRY(WriteAt(at_, record_));
    // A new file grows by zeros in large steps, so that most syncs find their blocks allocated.
    if (const std::uint64_t end = at_ + record_.size(); end >= length_) {
      TRY(WriteAt(end, std::string(kZerosAheadBytes, '\0')));
      length_ = end + kZerosAheadBytes;
    }
    if (fdatasync(fd_) != 0) return FromErrno(errno, "syncing " + path_);
    at_ += record_.size();
    return {};
  }

  void Rewind() override {
    at_ = 0;
    length_ = SizeBytes();
  }

  Status Erase() override {
    Rewind();
    if (length_ == 0) return {};
    if (length_ > kKeepBytesMax) {
      if (ftruncate(fd_, kKeepBytesMax) != 0) return FromErrno(errno, "shortening " + path_);
      length_ = kKeepBytesMax;
    }
    TRY(WriteAt(0, std::string(kHeaderBytes, '\0')));
    if (fdatasync(fd_) != 0) return FromErrno(errno, "syncing " + path_);
    return {};
  }

  std::uint64_t SizeBytes() override {
    struct stat info{};
    return fstat(fd_, &info) == 0 ? static_cast<std::uint64_t>(info.st_size) : 0;
  }

 private:
  void Encode(std::uint64_t epoch, std::uint64_t number, const WriteMap& writes) {
    record_.assign(kHeaderBytes, '\0');
    for (const auto& [key, value] : writes) {
      PutInt(record_, static_cast<std::uint32_t>(key.size()));
      PutInt(record_, value ? static_cast<std::uint32_t>(value->size()) : kDeleted);
      record_ += key;
      if (value) record_ += *value;
    }
    std::string header;
    PutInt(header, static_cast<std::uint32_t>(record_.size() - kHeaderBytes));
    PutInt(header, epoch);
    PutInt(header, number);
    record_.replace(4, header.size(), header);
    std::string crc;
    PutInt(crc, Crc32c(0, std::string_view(record_).substr(4)));
    record_.replace(0, crc.size(), crc);
  }

  Status WriteAt(std::uint64_t at, std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(at));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) return FromErrno(n < 0 ? errno : ENOSPC, "writing " + path_);
      at += static_cast<std::uint64_t>(n);
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
  }

  Status ReadText(std::string& text) {
    for (std::size_t at = 0; at < text.size();) {
      const ssize_t n = pread(fd_, text.data() + at, text.size() - at, static_cast<off_t>(at));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) return FromErrno(errno, "reading " + path_);
      if (n == 0) return DataLoss(path_ + " became shorter while it was read");
      at += static_cast<std::size_t>(n);
    }
    return {};
  }

  const int fd_;
  const std::string path_;
  std::uint64_t at_ = 0;
  std::uint64_t length_ = 0;  // of the file, at least
  std::string record_;        // kept for its memory
};

}  // namespace

Result<std::unique_ptr<LogSegment>> LogSegment::Open(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) return FromErrno(errno, "opening " + path);
  return std::unique_ptr<LogSegment>(std::make_unique<FileSegment>(fd, path));
}

}  // namespace landfall::meta
