// The multipart/related parser never crashes, and how the body is cut between reads changes
// nothing.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "api/multipart.h"

namespace {

using landfall::ByteSource;
using landfall::Result;

class Cut final : public ByteSource {
 public:
  Cut(std::string_view bytes, std::size_t piece) : rest_(bytes), piece_(piece) {}
  Result<std::size_t> Read(std::span<char> out) override {
    const std::size_t n = std::min({rest_.size(), piece_, out.size()});
    rest_.copy(out.data(), n);
    rest_.remove_prefix(n);
    return n;
  }

 private:
  std::string_view rest_;
  std::size_t piece_;
};

std::string Outcome(std::string_view body, std::size_t piece) {
  Cut source(body, piece);
  const auto parts =
      landfall::api::ParseMultipartRelated("multipart/related; boundary=B", source, 4096);
  if (!parts.ok()) return "error";
  const auto media = landfall::ReadAll(*parts->media, 1 << 24, "media");
  if (!media.ok()) return "error";
  return parts->metadata + '\0' + parts->media_content_type + '\0' + *media;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view body(reinterpret_cast<const char*>(data), size);
  CHECK(Outcome(body, size + 1) == Outcome(body, 1));
  return 0;
}
