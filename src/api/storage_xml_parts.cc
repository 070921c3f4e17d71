#include "api/storage_xml_parts.h"

#include <algorithm>
#include <cstdio>
#include <filesystem>

#include "base/hash.h"
#include "base/text.h"

namespace landfall::api::storage_xml {
namespace {

constexpr std::string_view kAboutFile = "about.json";
constexpr std::size_t kBlockBytes = 256 * 1024;
constexpr std::size_t kIdBytes = 24;
constexpr Duration kUploadLife = std::chrono::hours(24 * 7);

Status NoSuchUpload() { return NotFound("The requested upload was not found.", "NoSuchUpload"); }

// Ids are ours; anything else must not reach a path.
bool IsUploadId(std::string_view id) {
  return id.size() == 2 * kIdBytes &&
         id.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// "00012-<32 hex digits>".
std::optional<Part> PartOfFile(std::string_view name) {
  if (name.size() != 5 + 1 + 32 || name[5] != '-') return std::nullopt;
  const auto number = ParseInt64(name.substr(0, 5));
  if (!number || *number < 1) return std::nullopt;
  return Part{.number = *number, .md5_hex = std::string(name.substr(6))};
}

// One file open at a time: there may be more parts than file descriptors.
class PartsSource final : public ByteSource {
 public:
  PartsSource(FileSystem& files, std::vector<Part> parts)
      : files_(files), parts_(std::move(parts)) {}
  Result<std::size_t> Read(std::span<char> out) override {
    while (at_ < parts_.size()) {
      if (!file_) file_ = TRY(files_.OpenForRead(parts_[at_].path));
      const std::size_t n = TRY(file_->ReadAt(offset_, out));
      offset_ += n;
      if (n > 0) return n;
      if (offset_ != parts_[at_].bytes) return Aborted("a part was replaced while it was read");
      ++at_;
      offset_ = 0;
      file_.reset();
    }
    return std::size_t{0};
  }

 private:
  FileSystem& files_;
  std::vector<Part> parts_;
  std::unique_ptr<ReadableFile> file_;
  std::size_t at_ = 0;
  std::uint64_t offset_ = 0;
};

}  // namespace

bool AbortsMultipartUpload(const storage::Bucket& bucket, std::string_view object,
                           TimePoint started, TimePoint now) {
  const auto aborts = [&](const storage::LifecycleRule& rule) {
    const storage::LifecycleCondition& c = rule.condition;  // no others go with this action
    const auto begins = [&](const std::string& prefix) { return object.starts_with(prefix); };
    const auto ends = [&](const std::string& suffix) { return object.ends_with(suffix); };
    return rule.action == storage::LifecycleAction::kAbortMultipartUpload &&
           (!c.age || now >= started + std::chrono::hours(24) * *c.age) &&
           (c.matches_prefix.empty() ||
            std::any_of(c.matches_prefix.begin(), c.matches_prefix.end(), begins)) &&
           (c.matches_suffix.empty() ||
            std::any_of(c.matches_suffix.begin(), c.matches_suffix.end(), ends));
  };
  return std::any_of(bucket.lifecycle.begin(), bucket.lifecycle.end(), aborts);
}

std::string PartStore::DirOf(std::string_view upload_id) const {
  return dir_ + "/" + std::string(upload_id);
}

Result<JsonObject> PartStore::Record(std::string_view upload_id) {
  const auto file = files_->OpenForRead(DirOf(upload_id) + "/" + std::string(kAboutFile));
  if (!file.ok()) return NoSuchUpload();
  std::string text((*file)->size_bytes(), '\0');
  TRY((*file)->ReadAt(0, text));
  Json json = TRY(ParseJson(text));
  if (!json.is_object()) return DataLoss("a multipart upload's record is broken");
  return std::move(json.get_object());
}

void PartStore::Sweep(const BucketOf& bucket_of) {
  const auto keeps = [&](const std::string& id) -> Result<bool> {
    const JsonObject about = TRY(Record(id));
    const TimePoint now = clock_->Now();
    const TimePoint started = FromMicros(TRY(Int64Member(about, "started_us")).value_or(0));
    const auto bucket = bucket_of(TRY(StringMember(about, "bucket")).value_or(""));
    if (!bucket.ok()) return bucket.status().code() != Code::kNotFound;
    return now < started + kUploadLife &&
           !AbortsMultipartUpload(*bucket, TRY(StringMember(about, "object")).value_or(""), started,
                                  now);
  };
  const auto uploads = files_->List(dir_);
  if (!uploads.ok()) return;
  for (const std::string& id : *uploads) {
    const MutexLock lock(*naming_);
    // An upload without a readable record was never announced, or is half removed.
    if (IsUploadId(id) && !keeps(id).value_or(false))
      static_cast<void>(Remove(id).ok());  // tried again by the next sweep
  }
}

Result<std::string> PartStore::Start(JsonObject about, Random& random) {
  const std::string id = RandomHex(random, kIdBytes);
  about["started_us"] = ToMicros(clock_->Now());
  const MutexLock lock(*naming_);  // a sweep must not see it half begun
  TRY(files_->MakeDirs(dir_));
  if (TRY(files_->List(dir_)).size() >= kUploadsOpenMax) {
    return ResourceExhausted("there are " + std::to_string(kUploadsOpenMax) +
                             " unfinished multipart uploads; complete or abort some");
  }
  TRY(files_->MakeDirs(DirOf(id)));
  const auto file = TRY(files_->OpenForAppend(DirOf(id) + "/" + std::string(kAboutFile)));
  TRY(file->Write(ToText(about)));
  TRY(file->Sync());
  TRY(files_->SyncDir(DirOf(id)));
  TRY(files_->SyncDir(dir_));
  return id;
}

Result<JsonObject> PartStore::About(std::string_view upload_id, std::string_view bucket,
                                    std::string_view object) {
  if (!IsUploadId(upload_id)) return NoSuchUpload();
  JsonObject about = TRY(Record(upload_id));
  if (TRY(StringMember(about, "bucket")) != bucket || TRY(StringMember(about, "object")) != object)
    return NoSuchUpload();
  return about;
}

Status PartStore::Receive(const std::string& path, ByteSource& body,
                          const storage::Checksums& expected, Part& part) {
  const auto file = TRY(files_->OpenForAppend(path));
  Md5 md5;
  std::string block(kBlockBytes, '\0');
  while (const std::size_t n = TRY(body.Read(block))) {
    part.bytes += n;
    if (part.bytes > kPartBytesMax) {
      return InvalidArgument("Your proposed upload exceeds the maximum allowed object size.",
                             "EntityTooLarge");
    }
    md5.Update({block.data(), n});
    part.crc32c = Crc32c(part.crc32c, {block.data(), n});
    TRY(file->Write({block.data(), n}));
  }
  const std::string digest = md5.Finish();
  if ((!expected.md5.empty() && digest != expected.md5) ||
      (expected.crc32c && *expected.crc32c != part.crc32c)) {
    return InvalidArgument("The checksum you specified did not match what we received.\nmd5=" +
                               Base64(digest) + ", crc32c=" + Crc32cBase64(part.crc32c),
                           "BadDigest");
  }
  part.md5_hex = Hex(digest);
  return file->Sync();
}

Result<Part> PartStore::Put(std::string_view upload_id, std::int64_t number, ByteSource& body,
                            const storage::Checksums& expected) {
  if (!IsUploadId(upload_id)) return NoSuchUpload();
  const std::string dir = DirOf(upload_id);
  char prefix[16];
  std::snprintf(prefix, sizeof prefix, "%05d-", static_cast<int>(number));
  SystemRandom random;  // only so that two senders of one part do not share a file
  const std::string temporary = dir + "/" + RandomHex(random, 8) + ".tmp";
  Part part{.number = number};
  const Status received = Receive(temporary, body, expected, part);
  if (!received.ok()) {
    static_cast<void>(files_->Remove(temporary).ok());
    return received;
  }
  part.path = dir + "/" + prefix + part.md5_hex;
  const MutexLock lock(*naming_);
  TRY(files_->Rename(temporary, part.path));
  for (const std::string& name : TRY(files_->List(dir))) {
    const bool older = name.starts_with(prefix) && dir + "/" + name != part.path;
    if (older) TRY(files_->Remove(dir + "/" + name));
  }
  TRY(files_->SyncDir(dir));
  return part;
}

Result<std::vector<Part>> PartStore::List(std::string_view upload_id) {
  if (!IsUploadId(upload_id)) return NoSuchUpload();
  std::vector<Part> parts;
  for (const std::string& name : TRY(files_->List(DirOf(upload_id)))) {
    auto part = PartOfFile(name);
    if (!part) continue;
    part->path = DirOf(upload_id) + "/" + name;
    part->bytes = TRY(files_->OpenForRead(part->path))->size_bytes();
    parts.push_back(std::move(*part));
  }
  std::sort(parts.begin(), parts.end(),
            [](const Part& a, const Part& b) { return a.number < b.number; });
  return parts;
}

Status PartStore::Remove(std::string_view upload_id) {
  if (!IsUploadId(upload_id)) return NoSuchUpload();
  const std::string dir = DirOf(upload_id);
  // The record goes first: what is left of an interrupted removal is no upload any more.
  TRY(files_->Remove(dir + "/" + std::string(kAboutFile)));
  for (const std::string& name : TRY(files_->List(dir))) TRY(files_->Remove(dir + "/" + name));
  std::error_code error;
  std::filesystem::remove(dir, error);  // an empty directory left behind is swept at the next start
  return {};
}

std::unique_ptr<ByteSource> PartStore::Open(std::vector<Part> parts) {
  return std::make_unique<PartsSource>(*files_, std::move(parts));
}

PartSweeper::PartSweeper(PartStore& parts, storage::Storage& storage, Clock& clock)
    : parts_(parts), storage_(storage), clock_(clock) {
  parts_.Sweep([this](std::string_view bucket) { return storage_.GetBucket({}, bucket); });
  thread_ = std::jthread([this](const std::stop_token& stop) { Loop(stop); });
}

PartSweeper::~PartSweeper() {
  const MutexLock lock(mu_);
  thread_.request_stop();
  stopped_.NotifyAll();
}

void PartSweeper::Loop(const std::stop_token& stop) {
  constexpr std::chrono::seconds kLook{1};  // how often the thread looks at the clock
  MonotonicTime next = clock_.Monotonic() + kSweepEvery;
  while (!stop.stop_requested()) {
    {
      const MutexLock lock(mu_);
      if (!stop.stop_requested()) stopped_.WaitFor(mu_, kLook);
    }
    if (stop.stop_requested() || clock_.Monotonic() < next) continue;
    parts_.Sweep([this](std::string_view bucket) { return storage_.GetBucket({}, bucket); });
    next = clock_.Monotonic() + kSweepEvery;
  }
}

}  // namespace landfall::api::storage_xml
