// Memory of one data chunk: strings and whole small files live here until DuckDB has taken the
// chunk.
#pragma once

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

namespace landfall::warehouse {

class LoadArena {
 public:
  static constexpr std::size_t kBlockBytes = 1u << 20;

  char* Allocate(std::size_t bytes) {
    if (bytes > left_) NewBlock(bytes);
    char* at = at_;
    at_ += bytes;
    left_ -= bytes;
    return at;
  }
  // Gives back the end of the last allocation, of which `kept` bytes stay.
  void Shrink(const char* allocation, std::size_t kept) {
    const std::size_t unused = static_cast<std::size_t>(at_ - allocation) - kept;
    at_ -= unused;
    left_ += unused;
  }
  // Keeps something alive as long as what was allocated.
  void Retain(std::shared_ptr<const void> owner) { retained_.push_back(std::move(owner)); }
  std::size_t bytes() const { return bytes_; }

  // Forgets everything; one block is kept for the next chunk.
  void Reset() {
    retained_.clear();
    large_.clear();
    if (blocks_.size() > 1) blocks_.resize(1);
    bytes_ = 0;
    at_ = blocks_.empty() ? nullptr : blocks_.front().get();
    left_ = blocks_.empty() ? 0 : kBlockBytes;
  }

 private:
  void NewBlock(std::size_t bytes) {
    const bool large = bytes > kBlockBytes;
    auto& list = large ? large_ : blocks_;
    list.push_back(std::make_unique_for_overwrite<char[]>(large ? bytes : kBlockBytes));
    at_ = list.back().get();
    left_ = large ? bytes : kBlockBytes;
    bytes_ += left_;
  }

  std::vector<std::unique_ptr<char[]>> blocks_, large_;
  std::vector<std::shared_ptr<const void>> retained_;
  char* at_ = nullptr;
  std::size_t left_ = 0;
  std::size_t bytes_ = 0;
};

}  // namespace landfall::warehouse
