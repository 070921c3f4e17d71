#include "warehouse/load_stream.h"

#include <libdeflate.h>

#include <algorithm>
#include <cstring>

#include "warehouse/ndjson.h"

namespace landfall::warehouse {
namespace {

constexpr std::size_t kHeadBytesMax = 64u << 10;
constexpr std::uint64_t kWholeGzipBytesMax =
    8u << 20;  // compressed: smaller ones are inflated in one go,
constexpr std::size_t kWholeInflatedBytesMax = 64u
                                               << 20;  // twice as fast, when they stay under this
constexpr std::string_view kGzipMagic = "\x1f\x8b";
constexpr std::string_view kBom = "\xef\xbb\xbf";

std::shared_ptr<char[]> NewBuffer(std::size_t bytes) {
  auto buffer = std::make_shared_for_overwrite<char[]>(bytes + kLinePaddingBytes);
  std::memset(buffer.get() + bytes, 0, kLinePaddingBytes);
  return buffer;
}

struct DecompressorDeleter {
  void operator()(libdeflate_decompressor* d) const { libdeflate_free_decompressor(d); }
};

}  // namespace

std::shared_ptr<char[]> BlockPool::Take() {
  std::unique_ptr<char[]> buffer;
  {
    const MutexLock lock(mu_);
    if (!free_.empty()) {
      buffer = std::move(free_.back());
      free_.pop_back();
    }
  }
  if (buffer == nullptr) {
    buffer = std::make_unique_for_overwrite<char[]>(kBlockBytes + kLinePaddingBytes);
    std::memset(buffer.get() + kBlockBytes, 0, kLinePaddingBytes);
  }
  return {buffer.release(),
          [pool = shared_from_this()](char* used) { pool->Return(std::unique_ptr<char[]>(used)); }};
}

void BlockPool::Return(std::unique_ptr<char[]> buffer) {
  const MutexLock lock(mu_);
  if (free_.size() < kFreeMax) free_.push_back(std::move(buffer));
}

// Small objects get what they need: thousands of them may stand behind one chunk.
std::shared_ptr<char[]> ObjectStream::NewBlock(std::size_t bytes) const {
  const bool pooled = options_.pool != nullptr && bytes <= kBlockBytes && bytes > kBlockBytes / 8;
  return pooled ? options_.pool->Take() : NewBuffer(bytes);
}

class ObjectStream::FileSource final : public ByteSource {
 public:
  explicit FileSource(std::shared_ptr<ReadableFile> file) : file_(std::move(file)) {}
  Result<std::size_t> Read(std::span<char> out) override {
    const std::size_t n = TRY(file_->ReadAt(offset_, out));
    offset_ += n;
    return n;
  }

 private:
  std::shared_ptr<ReadableFile> file_;
  std::uint64_t offset_ = 0;
};

ObjectStream::ObjectStream(std::shared_ptr<ReadableFile> file, StreamOptions options)
    : file_(std::move(file)), options_(std::move(options)) {}

Status ObjectStream::Start() {
  started_ = true;
  const std::uint64_t size = file_->size_bytes();
  source_ = std::make_unique<FileSource>(file_);
  first_capacity_ =
      static_cast<std::size_t>(std::min<std::uint64_t>(options_.block_bytes, size + 1));
  char magic[2] = {};
  if (size < sizeof(magic) || TRY(file_->ReadAt(0, magic)) < 2 ||
      std::string_view(magic, 2) != kGzipMagic)
    return {};
  first_capacity_ = options_.block_bytes;
  if (size <= kWholeGzipBytesMax) {
    std::string compressed(static_cast<std::size_t>(size), '\0');
    const std::size_t n = TRY(file_->ReadAt(0, compressed));
    compressed.resize(n);
    if (TRY(InflateWhole(compressed))) return {};
  }
  source_ = Gunzip(std::move(source_));
  return {};
}

// Every member at once into memory. False when it would be too much or is damaged: the streaming
// way knows the words.
Result<bool> ObjectStream::InflateWhole(std::string_view compressed) {
  const std::unique_ptr<libdeflate_decompressor, DecompressorDeleter> decompressor(
      libdeflate_alloc_decompressor());
  if (decompressor == nullptr)
    return ResourceExhausted("no memory to inflate", "resourcesExceeded");
  std::string all;
  while (!compressed.empty()) {
    if (compressed.size() < 18) return false;
    // The last four bytes of a member are its size modulo 2^32; with several members it is only a
    // first guess.
    std::uint32_t guess = 0;
    std::memcpy(&guess, compressed.data() + compressed.size() - 4, 4);
    std::size_t room = std::max<std::size_t>(guess, 4096);
    for (;; room *= 2) {
      if (all.size() + room > kWholeInflatedBytesMax) return false;
      const std::size_t before = all.size();
      all.resize(before + room);
      std::size_t consumed = 0, produced = 0;
      const auto result =
          libdeflate_gzip_decompress_ex(decompressor.get(), compressed.data(), compressed.size(),
                                        all.data() + before, room, &consumed, &produced);
      all.resize(before + (result == LIBDEFLATE_SUCCESS ? produced : 0));
      if (result == LIBDEFLATE_INSUFFICIENT_SPACE) continue;
      if (result != LIBDEFLATE_SUCCESS) return false;
      compressed.remove_prefix(consumed);
      break;
    }
  }
  first_capacity_ = std::min(options_.block_bytes, all.size() + 1);
  source_ = std::make_unique<StringSource>(std::move(all));
  return true;
}

Result<std::size_t> ObjectStream::Fill(char* out, std::size_t bytes) {
  std::size_t filled = 0;
  while (filled < bytes && !ended_) {
    const std::size_t n = TRY(source_->Read({out + filled, bytes - filled}));
    ended_ = n == 0;
    filled += n;
  }
  return filled;
}

CsvFramer::Found ObjectStream::Frame(std::string_view text) const {
  if (options_.csv) return CsvFramer(*options_.csv).Scan(text);
  const std::size_t last = text.rfind('\n');
  if (last == std::string_view::npos) return {};
  CsvFramer::Found found{.bytes = last + 1, .records = 1};
  const char* const end = text.data() + last;
  const char* at = text.data();
  while ((at = static_cast<const char*>(
              std::memchr(at, '\n', static_cast<std::size_t>(end - at)))) != nullptr) {
    ++at;
    ++found.records;
  }
  return found;
}

void ObjectStream::Give(Block& block, std::size_t bytes, std::int64_t records) {
  block.text = block.text.substr(0, bytes);
  block.offset = offset_;
  block.first_record = next_record_;
  offset_ += bytes;
  next_record_ += records;
}

Result<bool> ObjectStream::Next(Block& block) {
  const bool first = !started_;
  if (first) TRY(Start());
  block = {};
  std::size_t capacity =
      std::max(first ? first_capacity_ : options_.block_bytes, carry_.size() + 1);
  std::shared_ptr<char[]> buffer = NewBlock(capacity);
  std::size_t used = carry_.size();
  std::memcpy(buffer.get(), carry_.data(), used);
  carry_.clear();
  for (;;) {
    used += TRY(Fill(buffer.get() + used, capacity - used));
    block.bytes = buffer;
    block.text = {buffer.get(), used};
    if (offset_ == 0 && block.text.starts_with(kBom)) {
      // The BOM is part of the object but of no record.
      offset_ = kBom.size();
      used -= kBom.size();
      std::memmove(buffer.get(), buffer.get() + kBom.size(), used);
      continue;
    }
    if (used == 0) {
      block = {};
      return false;
    }
    const CsvFramer::Found found = Frame(block.text);
    if (ended_) {
      Give(block, used, found.records + (found.bytes < used ? 1 : 0));
      return true;
    }
    if (found.bytes > 0) {
      carry_.assign(block.text.substr(found.bytes));
      Give(block, found.bytes, found.records);
      return true;
    }
    if (used > options_.record_bytes_max) return TakeTooLarge(block, used);
    capacity = std::min(capacity * 2, std::max(options_.record_bytes_max + 1, capacity + 1));
    std::shared_ptr<char[]> larger = NewBuffer(capacity);
    std::memcpy(larger.get(), buffer.get(), used);
    buffer = std::move(larger);
  }
}

// The record has no end within the limit: keep its head, drop the rest up to the next line, go on
// behind it.
Result<bool> ObjectStream::TakeTooLarge(Block& block, std::size_t used) {
  std::uint64_t bytes = used;
  const std::size_t head = std::min(kHeadBytesMax, used);
  std::shared_ptr<char[]> kept = NewBuffer(head);
  std::memcpy(kept.get(), block.bytes.get(), head);
  std::string more(64u << 10, '\0');
  for (bool found = false; !found && !ended_;) {
    const std::size_t n = TRY(Fill(more.data(), more.size()));
    const std::string_view text(more.data(), n);
    const std::size_t newline = text.find('\n');
    found = newline != std::string_view::npos;
    bytes += found ? newline + 1 : n;
    if (found) carry_.assign(text.substr(newline + 1));
  }
  block = {.bytes = kept,
           .text = {kept.get(), head},
           .offset = offset_,
           .first_record = next_record_,
           .too_large = true,
           .record_bytes = bytes};
  offset_ += bytes;
  ++next_record_;
  return true;
}

}  // namespace landfall::warehouse
