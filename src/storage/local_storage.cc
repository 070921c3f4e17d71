#include "storage/local_storage.h"

#include "storage/keys.h"

namespace landfall::storage {

LocalStorage::LocalStorage(Options options, meta::Store& meta, FileSystem& files, Clock& clock,
                           Random& random, Faults& faults, Log& log, Metrics& metrics)
    : options_(std::move(options)),
      meta_(meta),
      clock_(clock),
      random_(random),
      faults_(faults),
      log_(log),
      blobs_({.dir = options_.dir,
              .inline_bytes_max = options_.inline_bytes_max,
              .object_bytes_max = options_.object_bytes_max,
              .free_bytes_min = options_.free_bytes_min},
             files, clock, log),
      bytes_in_(
          metrics.AddCounter("landfall_storage_received_bytes_total", "bytes of objects stored")),
      objects_in_(metrics.AddCounter("landfall_storage_finalized_objects_total",
                                     "object generations created")) {}

Status LocalStorage::Prepare() {
  std::uint64_t epoch = 0;
  std::vector<std::uint64_t> dead_files;
  TRY(meta_.Commit([&](meta::Txn& txn) -> Status {
    const auto row = TRY(txn.Get(EpochKey()));
    epoch = row ? meta::FromOrderedInt(*row) + 1 : 1;
    txn.Put(EpochKey(), meta::OrderedInt(epoch));
    dead_files.clear();
    return SweepUploads(txn, 1000, dead_files);
  }));
  TRY(blobs_.Prepare(epoch));
  const std::unique_ptr<meta::Reader> snapshot = meta_.Snapshot();
  TRY(generations_.Load(*snapshot));
  TRY(blobs_.Sweep(*snapshot));
  if (options_.sweep_every.count() > 0)
    sweeper_ = std::jthread([this](const std::stop_token& stop) { SweepLoop(stop); });
  return {};
}

LocalStorage::~LocalStorage() {
  sweeper_.request_stop();
  const MutexLock lock(sweep_mu_);
  sweep_stopped_.NotifyAll();
}

Status LocalStorage::CommitAndClean(
    std::uint64_t file_id,
    const std::function<Status(meta::Txn&, std::vector<std::uint64_t>&)>& change) {
  std::vector<std::uint64_t> dead_files;
  bool maybe_committed = false;
  const Status committed = meta_.Commit([&](meta::Txn& txn) {
    dead_files.clear();
    const Status status = change(txn, dead_files);
    maybe_committed = status.ok();
    return status;
  });
  if (committed.ok()) {
    blobs_.Remove(dead_files);
  } else if (!maybe_committed && file_id != 0) {
    blobs_.Remove(file_id);
  }
  return committed;
}

Result<std::vector<ObjectChange>> LocalStorage::Changes(meta::Seq after, std::size_t changes_max) {
  std::vector<ObjectChange> changes;
  for (const meta::FeedEntry& entry : TRY(meta_.ReadFeed(kObjectFeed, after, changes_max))) {
    changes.push_back(TRY(DecodeChange(entry.seq, entry.payload)));
  }
  return changes;
}

Result<std::unique_ptr<Storage>> Open(Options options, meta::Store& meta, FileSystem& files,
                                      Clock& clock, Random& random, Faults& faults, Log& log,
                                      Metrics& metrics) {
  if (options.dir.empty()) return InvalidArgument("storage needs a directory");
  if (options.inline_bytes_max > meta::kValueBytesMax) {
    return InvalidArgument("inline_bytes_max is " + std::to_string(options.inline_bytes_max) +
                           "; the limit is " + std::to_string(meta::kValueBytesMax));
  }
  auto storage = std::make_unique<LocalStorage>(std::move(options), meta, files, clock, random,
                                                faults, log, metrics);
  TRY(storage->Prepare());
  return std::unique_ptr<Storage>(std::move(storage));
}

}  // namespace landfall::storage
