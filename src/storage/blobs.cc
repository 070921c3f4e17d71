#include "storage/blobs.h"

#include <algorithm>
#include <charconv>
#include <cstring>
#include <unordered_set>

#include "base/text.h"
#include "storage/keys.h"

namespace landfall::storage {
namespace {

constexpr int kEpochShift = 40;  // 2^40 blobs per run, 2^24 runs
constexpr std::int64_t kSpaceCheckEveryUs = 1'000'000;
constexpr std::size_t kReadBytes = 64 * 1024;

class InlineFile final : public ReadableFile {
 public:
  explicit InlineFile(std::string bytes) : bytes_(std::move(bytes)) {}
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

std::string FileName(std::uint64_t id) { return Hex(meta::OrderedInt(id)); }

// nullopt for a name that is not ours.
std::optional<std::uint64_t> IdOf(std::string_view file_name) {
  std::uint64_t id = 0;
  const char* end = file_name.data() + file_name.size();
  const auto parsed = std::from_chars(file_name.data(), end, id, 16);
  if (file_name.size() != 16 || parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return id;
}

}  // namespace

Status CheckAlive(const CallContext& ctx, Clock& clock) {
  if (ctx.stop.stop_requested()) return Cancelled("the client has gone");
  if (ctx.deadline && clock.Monotonic() >= *ctx.deadline)
    return DeadlineExceeded("the request's time is over");
  return {};
}

Status BlobFiles::Prepare(std::uint64_t epoch) {
  epoch_bits_ = epoch << kEpochShift;
  return files_.MakeDirs(options_.dir);
}

Status BlobFiles::Sweep(meta::Reader& reader) {
  std::unordered_set<std::uint64_t> owned;
  const std::string prefix = FilesPrefix();
  TRY(reader.Scan(meta::PrefixRange(prefix), [&](std::string_view key, std::string_view) {
    const auto parts = meta::SplitKey(key);
    if (parts.ok() && parts->size() == 2) owned.insert(meta::FromOrderedInt((*parts)[1]));
    return true;
  }));
  std::size_t removed = 0;
  for (const std::string& name : TRY(files_.List(options_.dir))) {
    const auto id = IdOf(name);
    if (!id || owned.contains(*id)) continue;
    TRY(files_.Remove(PathOf(*id)));
    ++removed;
  }
  if (removed > 0) log_.Info("object_files_swept", {{"files", removed}});
  return {};
}

Status BlobFiles::CheckSpace() {
  const std::int64_t now = clock_.Monotonic().time_since_epoch().count();
  std::int64_t checked = space_checked_us_.load(std::memory_order_relaxed);
  const bool stale = checked == INT64_MIN || now - checked >= kSpaceCheckEveryUs;
  if (stale && space_checked_us_.compare_exchange_strong(checked, now)) {
    const auto free_bytes = files_.FreeBytes(options_.dir);
    if (free_bytes.ok()) space_low_ = *free_bytes < options_.free_bytes_min;
  }
  if (!space_low_.load(std::memory_order_relaxed)) return {};
  return ResourceExhausted(
      "less than " + HumanBytes(options_.free_bytes_min) + " of disk space is free", "diskFull");
}

void BlobFiles::Remove(std::uint64_t id) {
  const Status removed = files_.Remove(PathOf(id));
  if (!removed.ok())
    log_.Warn("object_file_not_removed", {{"file", FileName(id)}, {"error", removed.ToString()}});
}

std::string BlobFiles::PathOf(std::uint64_t id) const { return options_.dir + "/" + FileName(id); }

Result<Body> ReceiveBody(const CallContext& ctx, ByteSource& source, BlobFiles& blobs,
                         const std::function<Status()>& before_file) {
  const BlobOptions& limits = blobs.options();
  Body body;
  Hasher hasher;
  std::unique_ptr<WritableFile> file;
  std::optional<FileGuard> guard;
  char buffer[kReadBytes];
  while (true) {
    TRY(CheckAlive(ctx, blobs.clock()));
    const std::size_t n = TRY(source.Read(buffer));
    if (n == 0) break;
    const std::string_view piece(buffer, n);
    hasher.Update(piece);
    if (hasher.size_bytes() > limits.object_bytes_max) {
      return ResourceExhausted(
          "the object is larger than " + std::to_string(limits.object_bytes_max) + " bytes",
          "uploadTooLarge");
    }
    if (!file && hasher.size_bytes() > limits.inline_bytes_max) {
      TRY(before_file());
      body.file_id = blobs.NewId();
      guard.emplace(blobs, body.file_id);
      file = TRY(blobs.OpenForAppend(body.file_id, 0));
      TRY(file->Write(body.bytes));
      body.bytes = {};
    }
    if (file) {
      TRY(file->Write(piece));
    } else {
      body.bytes.append(piece);
    }
  }
  if (file) {
    TRY(file->Sync());
    TRY(blobs.SyncDir());
    guard->Keep();
  }
  body.digest = hasher.Finish();
  return body;
}

std::unique_ptr<ReadableFile> MakeInlineFile(std::string bytes) {
  return std::make_unique<InlineFile>(std::move(bytes));
}

}  // namespace landfall::storage
