// The sessions of resumable uploads.
#include <algorithm>
#include <array>

#include "api/bigquery_json_uploads.h"

namespace landfall::api::bigquery_json {
namespace {

constexpr std::size_t kUploadsMax = 200;
constexpr std::uint64_t kUploadBytesMax = 64ull << 30;
constexpr std::chrono::hours kUploadLife{24};  // since it was last used

Status TooLarge() {
  return ResourceExhausted("an upload is at most " + std::to_string(kUploadBytesMax) + " bytes",
                           "uploadTooLarge");
}

}  // namespace

Status Upload::Append(ByteSource& body, std::uint64_t bytes_max) {
  std::array<char, 64 * 1024> block;
  while (bytes_max > 0) {
    const std::span<char> room(block.data(), std::min<std::uint64_t>(block.size(), bytes_max));
    const std::size_t n = TRY(body.Read(room));
    if (n == 0) return {};
    if (size + n > kUploadBytesMax) return TooLarge();
    TRY(writer->Write(std::string_view(block.data(), n)));
    size += n;
    bytes_max -= n;
  }
  return {};
}

UploadSessions::UploadSessions(std::string dir, Clock& clock)
    : dir_(std::move(dir)), clock_(clock), files_(MakePosixFiles()) {}

Result<std::string> UploadSessions::Start(Upload upload) {
  if (upload.total.value_or(0) > kUploadBytesMax) return TooLarge();
  std::string id = RandomHex(random_, 24);
  const std::string path = dir_ + "/landfall-upload-" + id;
  TRY(files_->MakeDirs(dir_));
  upload.writer = TRY(files_->OpenForAppend(path));
  upload.reader = TRY(files_->OpenForRead(path));
  TRY(files_->Remove(path));  // the open file lives on without its name

  const MutexLock lock(mu_);
  const MonotonicTime now = clock_.Monotonic();
  DropExpired(now);
  if (entries_.size() >= kUploadsMax) {
    return ResourceExhausted("there are " + std::to_string(kUploadsMax) +
                             " unfinished uploads already; finish or cancel one");
  }
  entries_.emplace(id, Entry{.upload = std::move(upload), .used = now});
  return id;
}

// Uploads that are done are kept for clients that ask again, but make room first.
void UploadSessions::DropExpired(MonotonicTime now) {
  std::erase_if(entries_, [&](const auto& item) {
    const Entry& entry = item.second;
    return !entry.busy && now - entry.used > kUploadLife;
  });
  if (entries_.size() < kUploadsMax) return;
  std::erase_if(entries_, [](const auto& item) {
    return !item.second.busy && item.second.upload.done.has_value();
  });
}

Result<UploadSessions::Taken> UploadSessions::Take(const std::string& id) {
  const MutexLock lock(mu_);
  const auto found = entries_.find(id);
  const MonotonicTime now = clock_.Monotonic();
  if (found == entries_.end() || (!found->second.busy && now - found->second.used > kUploadLife)) {
    return NotFound("Not found: upload " + id.substr(0, 100) + "; it has ended or expired");
  }
  if (found->second.busy) return Unavailable("upload " + id + " is in use by another request");
  found->second.busy = true;
  found->second.used = now;
  return Taken(*this, id, found->second.upload);
}

void UploadSessions::GiveBack(const std::string& id) {
  const MutexLock lock(mu_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return;
  found->second.busy = false;
  found->second.used = clock_.Monotonic();
}

Status UploadSessions::Cancel(const std::string& id) {
  const MutexLock lock(mu_);
  const auto found = entries_.find(id);
  if (found == entries_.end()) return NotFound("Not found: upload " + id.substr(0, 100));
  if (found->second.busy) return Unavailable("upload " + id + " is in use by another request");
  entries_.erase(found);
  return {};
}

}  // namespace landfall::api::bigquery_json
