#include "base/bytes.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace landfall {
namespace {

class GunzipSource final : public ByteSource {
 public:
  explicit GunzipSource(std::unique_ptr<ByteSource> compressed)
      : compressed_(std::move(compressed)) {
    CHECK(inflateInit2(&stream_, 15 + 16) == Z_OK);  // 16: gzip framing only
  }
  ~GunzipSource() override { inflateEnd(&stream_); }
  GunzipSource(const GunzipSource&) = delete;
  GunzipSource& operator=(const GunzipSource&) = delete;

  Result<std::size_t> Read(std::span<char> out) override {
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(std::min<std::size_t>(out.size(), 1u << 30));
    const uInt wanted = stream_.avail_out;
    while (stream_.avail_out == wanted) {
      if (stream_.avail_in == 0 && !TRY(Refill())) {
        if (in_member_) return InvalidArgument("gzip stream is truncated");
        return std::size_t{0};
      }
      if (!in_member_) inflateReset(&stream_);
      in_member_ = true;
      const int rc = inflate(&stream_, Z_NO_FLUSH);
      if (rc == Z_STREAM_END) {
        in_member_ = false;
      } else if (rc != Z_OK && rc != Z_BUF_ERROR) {
        return InvalidArgument(std::string("gzip stream is damaged: ") +
                               (stream_.msg ? stream_.msg : "unknown"));
      }
    }
    return static_cast<std::size_t>(wanted - stream_.avail_out);
  }

 private:
  Result<bool> Refill() {
    const std::size_t n = TRY(compressed_->Read(buffer_));
    stream_.next_in = reinterpret_cast<Bytef*>(buffer_.data());
    stream_.avail_in = static_cast<uInt>(n);
    return n > 0;
  }

  std::unique_ptr<ByteSource> compressed_;
  z_stream stream_{};
  bool in_member_ = true;  // an empty input is a truncated one
  std::array<char, 65536> buffer_;
};

}  // namespace

Result<std::size_t> StringSource::Read(std::span<char> out) {
  const std::size_t n = std::min(out.size(), bytes_.size() - at_);
  std::memcpy(out.data(), bytes_.data() + at_, n);
  at_ += n;
  return n;
}

Result<std::string> ReadAll(ByteSource& source, std::size_t bytes_max, std::string_view what) {
  std::string all;
  std::array<char, 65536> buffer;
  for (;;) {
    const std::size_t n = TRY(source.Read(buffer));
    if (n == 0) return all;
    if (all.size() + n > bytes_max) {
      return ResourceExhausted(
          std::string(what) + " is over " + std::to_string(bytes_max) + " bytes", "uploadTooLarge");
    }
    all.append(buffer.data(), n);
  }
}

std::unique_ptr<ByteSource> Gunzip(std::unique_ptr<ByteSource> compressed) {
  return std::make_unique<GunzipSource>(std::move(compressed));
}

}  // namespace landfall
