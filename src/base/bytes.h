// Streams of bytes, pulled. Whole bodies never have to fit in memory.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/status.h"

namespace landfall {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Fills up to `out.size()` (> 0) bytes; returns how many, 0 at the end. Blocks. After an error
  // the source is dead.
  virtual Result<std::size_t> Read(std::span<char> out) = 0;
};

class ByteSink {
 public:
  virtual ~ByteSink() = default;
  virtual Status Write(std::string_view bytes) = 0;
};

// Reads from a string it owns.
class StringSource final : public ByteSource {
 public:
  explicit StringSource(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<std::size_t> Read(std::span<char> out) override;

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

class StringSink final : public ByteSink {
 public:
  Status Write(std::string_view bytes) override {
    text.append(bytes);
    return {};
  }
  std::string text;
};

// Everything that is left in `source`. kResourceExhausted/"uploadTooLarge" naming `what` when it is
// over `bytes_max`.
Result<std::string> ReadAll(ByteSource& source, std::size_t bytes_max, std::string_view what);

// Decompresses gzip (concatenated members too) while it is read. Errors: kInvalidArgument/"invalid"
// for a bad header, a bad checksum, or input that ends inside a member ("gzip stream is
// truncated").
std::unique_ptr<ByteSource> Gunzip(std::unique_ptr<ByteSource> compressed);

}  // namespace landfall
