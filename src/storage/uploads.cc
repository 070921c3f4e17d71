// Resumable uploads. Data is written in granules of 256 KiB: a granule is hashed and appended once
// it is full, so the running checksums, the file and the persisted size in the row always end at
// the same byte. The part of a chunk behind its last full granule is dropped unless the chunk
// completes the object.
#include <algorithm>

#include "storage/keys.h"
#include "storage/local_storage.h"
#include "storage/names.h"
#include "storage/precondition.h"

namespace landfall::storage {
namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kUploadIdBytes = 32;
constexpr std::size_t kSweptPerStart =
    4;  // more than one, so that the backlog of expired uploads shrinks

Status TooSmall(std::uint64_t received) {
  return InvalidArgument(
      "Invalid request.  The number of bytes uploaded is required to be equal or greater than "
      "262144, except for the "
      "final request (it's recommended to be the exact multiple of 262144).  The received request "
      "contained " +
          std::to_string(received) + " bytes, which does not meet this requirement.",
      "invalid");
}

Status MoreThanTotal(std::uint64_t total) {
  return InvalidArgument(
      "the upload has more bytes than its declared total of " + std::to_string(total), "invalid");
}

Result<Digest> DigestOfFile(ReadableFile& file, std::uint64_t bytes) {
  Hasher hasher;
  std::string buffer(1 << 20, '\0');
  while (hasher.size_bytes() < bytes) {
    const std::size_t want = std::min<std::uint64_t>(buffer.size(), bytes - hasher.size_bytes());
    const std::size_t n = TRY(file.ReadAt(hasher.size_bytes(), {buffer.data(), want}));
    if (n == 0) return DataLoss("an upload's file is shorter than its acknowledged bytes");
    hasher.Update({buffer.data(), n});
  }
  return hasher.Finish();
}

}  // namespace

// The right to send data to one upload, and the state of doing so. The checksums are taken from the
// slot and go back only by Keep(): after an error in the middle they may be ahead of what is
// persisted, and are read again later.
class LocalStorage::UploadTurn {
 public:
  UploadTurn(LocalStorage& owner, std::string_view id) : owner_(owner), id_(id) {}
  UploadTurn(const UploadTurn&) = delete;
  UploadTurn& operator=(const UploadTurn&) = delete;
  ~UploadTurn() {
    if (!begun_) return;
    if (keep_ && hasher_) {
      const MutexLock lock(owner_.uploads_mu_);
      owner_.uploads_[id_] = {false, std::move(hasher_)};
    } else {
      const MutexLock lock(owner_.uploads_mu_);
      owner_.uploads_.erase(id_);
    }
  }

  Status Begin() {
    const MutexLock lock(owner_.uploads_mu_);
    auto& slots = owner_.uploads_;
    const auto it = slots.find(id_);
    if (it != slots.end() && it->second.busy) {
      return Unavailable("another request is sending data to this upload");
    }
    if (it == slots.end() && slots.size() >= owner_.options_.uploads_busy_max) {
      const auto idle = std::find_if(slots.begin(), slots.end(),
                                     [](const auto& slot) { return !slot.second.busy; });
      if (idle == slots.end())
        return ResourceExhausted("too many uploads receive data at this time");
      slots.erase(idle);
    }
    UploadSlot& slot = slots[id_];
    slot.busy = true;
    hasher_ = std::move(slot.hasher);
    begun_ = true;
    return {};
  }

  Status Load(StoredUpload stored) {
    upload = std::move(stored);
    if (upload.persisted_bytes == 0) hasher_ = std::make_unique<Hasher>();
    if (hasher_ && hasher_->size_bytes() != upload.persisted_bytes) hasher_.reset();
    written_bytes_ = upload.persisted_bytes;
    return {};
  }

  // Takes bytes that follow what was taken before; writes the full granules.
  Status Append(std::string_view bytes) {
    while (!bytes.empty()) {
      const std::size_t n =
          std::min<std::size_t>(bytes.size(), kUploadGranuleBytes - pending.size());
      pending.append(bytes.substr(0, n));
      bytes.remove_prefix(n);
      if (pending.size() == kUploadGranuleBytes) TRY(Flush());
    }
    return {};
  }

  Status Flush() {
    if (pending.empty()) return {};
    if (!file_) {
      if (upload.file_id == 0) {
        upload.file_id = owner_.blobs_.NewId();
        new_file_.emplace(owner_.blobs_, upload.file_id);
      }
      file_ = TRY(owner_.blobs_.OpenForAppend(upload.file_id, upload.persisted_bytes));
    }
    TRY(file_->Write(pending));
    if (hasher_) hasher_->Update(pending);
    written_bytes_ += pending.size();
    pending.clear();
    return {};
  }

  Status Sync() {
    if (!file_) return {};
    TRY(file_->Sync());
    return new_file_ ? owner_.blobs_.SyncDir() : Ok();
  }

  // Of all that was written. Ends the running checksums.
  Result<Digest> FinishDigest() {
    if (hasher_) {
      Digest digest = hasher_->Finish();
      hasher_.reset();
      return digest;
    }
    const auto file = TRY(owner_.blobs_.OpenForRead(upload.file_id));
    return DigestOfFile(*file, written_bytes_);
  }

  void Keep() { keep_ = true; }
  // From here on the commit decides about a new file.
  std::uint64_t ReleaseNewFile() {
    if (!new_file_) return 0;
    new_file_->Keep();
    new_file_.reset();
    return upload.file_id;
  }
  const std::string& id() const { return id_; }
  std::uint64_t written_bytes() const { return written_bytes_; }
  Hasher* hasher() { return hasher_.get(); }

  StoredUpload upload;
  std::string pending;

 private:
  LocalStorage& owner_;
  const std::string id_;
  bool begun_ = false, keep_ = false;
  std::unique_ptr<Hasher> hasher_;
  std::unique_ptr<WritableFile> file_;
  std::optional<FileGuard> new_file_;
  std::uint64_t written_bytes_ = 0;
};

Result<StoredUpload> LocalStorage::FindUpload(meta::Reader& reader, std::string_view id) const {
  const auto row = TRY(reader.Get(UploadKey(id)));
  if (!row) return NotFound("Upload not found: " + std::string(id.substr(0, 128)));
  StoredUpload upload = TRY(DecodeUpload(*row));
  if (upload.state == UploadState::kGone || clock_.Now() >= upload.created + options_.upload_life) {
    return NotFound("The upload is no longer available: " + std::string(id), "gone");
  }
  return upload;
}

Result<StoredUpload> LocalStorage::NeedActiveUpload(meta::Reader& reader,
                                                    std::string_view id) const {
  StoredUpload upload = TRY(FindUpload(reader, id));
  if (upload.state != UploadState::kActive)
    return Aborted("the upload was completed by another request");
  return upload;
}

Status LocalStorage::SweepUploads(meta::Txn& txn, std::size_t uploads_max,
                                  std::vector<std::uint64_t>& dead_files) {
  std::vector<std::string> expired;
  const std::string prefix = UploadExpiryPrefix();
  const meta::KeyRange range{
      prefix, UploadExpiryKey(static_cast<std::uint64_t>(ToMicros(clock_.Now())), "")};
  TRY(txn.Scan(range, [&](std::string_view key, std::string_view) {
    expired.emplace_back(key);
    return expired.size() < uploads_max;
  }));
  for (const std::string& key : expired) {
    const std::vector<std::string> parts = TRY(meta::SplitKey(key));
    const std::string row_key = UploadKey(parts.at(2));
    if (const auto row = TRY(txn.Get(row_key))) {
      const StoredUpload upload = TRY(DecodeUpload(*row));
      if (upload.file_id != 0) {
        txn.Delete(FileKey(upload.file_id));
        dead_files.push_back(upload.file_id);
      }
      txn.Delete(row_key);
    }
    txn.Delete(key);
  }
  return {};
}

Result<std::string> LocalStorage::StartUpload(const CallContext&, const ObjectSpec& spec,
                                              std::optional<std::uint64_t> total_bytes) {
  TRY(CheckObjectName(spec.name));
  TRY(CheckAttributes(spec.attributes));
  TRY(blobs_.CheckSpace());
  if (total_bytes && *total_bytes > options_.object_bytes_max) {
    return ResourceExhausted(
        "the object is larger than " + std::to_string(options_.object_bytes_max) + " bytes",
        "uploadTooLarge");
  }
  const std::string id = RandomHex(random_, kUploadIdBytes);
  TRY(CommitAndClean(0, [&](meta::Txn& txn, std::vector<std::uint64_t>& dead_files) -> Status {
    TRY(FindBucket(txn, spec.bucket));
    const auto live = TRY(FindObject(txn, spec.bucket, spec.name));
    TRY(CheckPrecondition(spec.when, live ? &live->object : nullptr, Access::kWrite));
    TRY(SweepUploads(txn, kSweptPerStart, dead_files));
    const TimePoint now = clock_.Now();
    txn.Put(UploadKey(id),
            EncodeUpload({.created = now, .spec = spec, .total_bytes = total_bytes}));
    txn.Put(UploadExpiryKey(static_cast<std::uint64_t>(ToMicros(now + options_.upload_life)), id),
            {});
    return {};
  }));
  return id;
}

Result<UploadStatus> LocalStorage::QueryUpload(const CallContext&, std::string_view upload_id) {
  StoredUpload upload = TRY(FindUpload(*meta_.Snapshot(), upload_id));
  return UploadStatus{upload.persisted_bytes, std::move(upload.object)};
}

Status LocalStorage::KillUpload(std::string_view id) {
  return CommitAndClean(0, [&](meta::Txn& txn, std::vector<std::uint64_t>& dead_files) -> Status {
    StoredUpload upload = TRY(FindUpload(txn, id));
    if (upload.state != UploadState::kActive) return {};
    if (upload.file_id != 0) {
      txn.Delete(FileKey(upload.file_id));
      dead_files.push_back(upload.file_id);
      upload.file_id = 0;
    }
    upload.state = UploadState::kGone;
    txn.Put(UploadKey(id), EncodeUpload(upload));
    return {};
  });
}

Status LocalStorage::CancelUpload(const CallContext&, std::string_view upload_id) {
  return KillUpload(upload_id);
}

Result<UploadStatus> LocalStorage::Upload(const CallContext& ctx, std::string_view upload_id,
                                          const UploadChunk& chunk) {
  TRY(blobs_.CheckSpace());
  UploadTurn turn(*this, upload_id);
  TRY(turn.Begin());
  StoredUpload stored = TRY(FindUpload(*meta_.Snapshot(), upload_id));
  if (stored.state == UploadState::kComplete)
    return UploadStatus{stored.persisted_bytes, std::move(stored.object)};
  TRY(turn.Load(std::move(stored)));
  const StoredUpload& upload = turn.upload;
  if (chunk.total && upload.total_bytes && *chunk.total != *upload.total_bytes) {
    return InvalidArgument("the request says the upload has " + std::to_string(*chunk.total) +
                               " bytes; it was started with " + std::to_string(*upload.total_bytes),
                           "invalid", "Content-Range");
  }
  if (chunk.body != nullptr) return ReceiveChunk(ctx, turn, chunk);
  if (chunk.total && upload.persisted_bytes > *chunk.total) return MoreThanTotal(*chunk.total);
  if (chunk.total && upload.persisted_bytes == *chunk.total)
    return CompleteUpload(turn, chunk.expected, {});
  turn.Keep();
  return UploadStatus{upload.persisted_bytes, {}};
}

Result<UploadStatus> LocalStorage::ReceiveChunk(const CallContext& ctx, UploadTurn& turn,
                                                const UploadChunk& chunk) {
  const std::uint64_t persisted = turn.upload.persisted_bytes;
  const std::uint64_t offset = chunk.offset.value_or(persisted);
  const std::optional<std::uint64_t> total = chunk.total ? chunk.total : turn.upload.total_bytes;
  if (offset > persisted) {
    return InvalidArgument("the chunk starts at byte " + std::to_string(offset) + "; only " +
                               std::to_string(persisted) + " bytes are persisted",
                           "invalid", "Content-Range");
  }
  if (total && chunk.length && offset + *chunk.length > *total) return MoreThanTotal(*total);
  const bool meant_to_be_last =
      chunk.last || (total && (!chunk.length || offset + *chunk.length == *total));

  std::uint64_t at = offset;
  Status cut;
  char buffer[kReadBytes];
  while (cut = CheckAlive(ctx, clock_), cut.ok()) {
    const std::uint64_t declared_left = chunk.length ? *chunk.length - (at - offset) : kReadBytes;
    if (declared_left == 0) break;
    const auto n = chunk.body->Read({buffer, std::min<std::uint64_t>(kReadBytes, declared_left)});
    if (!n.ok()) cut = n.status();
    if (!n.ok() || *n == 0) break;
    std::string_view piece(buffer, *n);
    piece.remove_prefix(std::min<std::uint64_t>(piece.size(), persisted - std::min(persisted, at)));
    at += *n;
    if (total && at > *total) return MoreThanTotal(*total);
    if (at > options_.object_bytes_max) {
      return ResourceExhausted(
          "the object is larger than " + std::to_string(options_.object_bytes_max) + " bytes",
          "uploadTooLarge");
    }
    TRY(turn.Append(piece));
  }

  if (cut.ok() && (total ? at == *total : chunk.last)) {
    if (at < persisted) return MoreThanTotal(at);
    if (turn.written_bytes() > 0 || turn.pending.size() > options_.inline_bytes_max) {
      TRY(turn.Flush());
      TRY(turn.Sync());
    }
    return CompleteUpload(turn, chunk.expected, std::move(turn.pending));
  }
  turn.Keep();
  if (cut.ok() && !meant_to_be_last && at - offset < kUploadGranuleBytes)
    return TooSmall(at - offset);
  if (turn.written_bytes() > persisted) TRY(PersistProgress(turn, turn.written_bytes()));
  TRY(cut);
  return UploadStatus{turn.written_bytes(), {}};
}

Status LocalStorage::PersistProgress(UploadTurn& turn, std::uint64_t persisted_bytes) {
  TRY(turn.Sync());
  return CommitAndClean(turn.ReleaseNewFile(),
                        [&](meta::Txn& txn, std::vector<std::uint64_t>&) -> Status {
                          StoredUpload upload = TRY(NeedActiveUpload(txn, turn.id()));
                          upload.persisted_bytes = persisted_bytes;
                          upload.file_id = turn.upload.file_id;
                          txn.Put(UploadKey(turn.id()), EncodeUpload(upload));
                          txn.Put(FileKey(upload.file_id), {});
                          return {};
                        });
}

Result<UploadStatus> LocalStorage::CompleteUpload(UploadTurn& turn, const Checksums& expected,
                                                  std::string inline_bytes) {
  Body body;
  if (turn.written_bytes() == 0) {
    turn.hasher()->Update(inline_bytes);
    body.bytes = std::move(inline_bytes);
  } else {
    body.file_id = turn.upload.file_id;
  }
  body.digest = TRY(turn.FinishDigest());
  const ObjectSpec& spec = turn.upload.spec;
  Status usable = CheckDigest(body.digest, spec.expected);
  if (usable.ok()) usable = CheckDigest(body.digest, expected);
  if (!usable.ok()) {
    TRY(KillUpload(turn.id()));
    return usable;
  }
  TRY(faults_.Hit("storage.write", spec.bucket));
  Object object;
  const Status committed = CommitAndClean(
      turn.ReleaseNewFile(), [&](meta::Txn& txn, std::vector<std::uint64_t>& dead_files) -> Status {
        StoredUpload upload = TRY(NeedActiveUpload(txn, turn.id()));
        object = TRY(PlacementIn(txn, dead_files).Place(spec, body));
        upload.state = UploadState::kComplete;
        upload.persisted_bytes = object.size_bytes;
        upload.file_id = 0;  // the object owns it now
        upload.object = object;
        txn.Put(UploadKey(turn.id()), EncodeUpload(upload));
        return {};
      });
  if (committed.code() == Code::kFailedPrecondition) TRY(KillUpload(turn.id()));
  TRY(committed);
  bytes_in_.Add(object.size_bytes);
  objects_in_.Add();
  return UploadStatus{object.size_bytes, std::move(object)};
}

}  // namespace landfall::storage
