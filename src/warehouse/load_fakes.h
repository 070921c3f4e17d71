// Objects in memory, for the tests and benchmarks of the load engine.
#pragma once

#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/files.h"
#include "warehouse/types.h"

namespace landfall::warehouse {

class MemoryFile final : public ReadableFile {
 public:
  explicit MemoryFile(std::string bytes) : bytes_(std::move(bytes)) {}
  Result<std::size_t> ReadAt(std::uint64_t offset, std::span<char> out) override {
    if (offset >= bytes_.size()) return std::size_t{0};
    const std::size_t n = std::min(out.size(), bytes_.size() - static_cast<std::size_t>(offset));
    std::memcpy(out.data(), bytes_.data() + offset, n);
    return n;
  }
  std::uint64_t size_bytes() const override { return bytes_.size(); }
  int fd() const override { return -1; }

 private:
  const std::string bytes_;
};

class MemoryObjects final : public ObjectSource {
 public:
  SourceObject Put(const std::string& name, const std::string& bytes) {
    const SourceObject object{.bucket = "b",
                              .name = name,
                              .generation = ++generation_,
                              .size_bytes = bytes.size(),
                              .crc32c = 0};
    objects_[name] = {object, std::make_shared<MemoryFile>(bytes)};
    return object;
  }
  void Remove(const std::string& name) { objects_.erase(name); }

  Result<std::vector<SourceObject>> Expand(std::string_view uri) override {
    std::vector<SourceObject> found;
    const std::string_view pattern = uri.substr(std::string_view("gs://b/").size());
    const std::size_t star = pattern.find('*');
    for (const auto& [name, entry] : objects_) {
      const bool matches = star == std::string_view::npos
                               ? name == pattern
                               : name.starts_with(pattern.substr(0, star)) &&
                                     name.ends_with(pattern.substr(star + 1));
      if (matches) found.push_back(entry.first);
    }
    if (found.empty()) return NotFound("Not found: URI " + std::string(uri));
    return found;
  }
  Result<std::shared_ptr<ReadableFile>> Open(const SourceObject& object) override {
    ++opened;
    const auto found = objects_.find(object.name);
    if (found == objects_.end() || found->second.first.generation != object.generation) {
      return NotFound("No such object: " + object.bucket + "/" + object.name);
    }
    return std::shared_ptr<ReadableFile>(found->second.second);
  }
  std::atomic<int> opened = 0;

 private:
  std::map<std::string, std::pair<SourceObject, std::shared_ptr<MemoryFile>>> objects_;
  std::int64_t generation_ = 100;
};

inline std::string Gzip(const std::string& text) {
  z_stream stream{};
  deflateInit2(&stream, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, text.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

}  // namespace landfall::warehouse
