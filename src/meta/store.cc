#include "meta/store.h"

#include <algorithm>
#include <deque>
#include <thread>
#include <utility>

#include "base/event.h"
#include "base/mutex.h"
#include "meta/batch.h"
#include "meta/engine_lmdb.h"
#include "meta/engine_logged.h"
#include "meta/feed_waiters.h"
#include "meta/layout.h"

namespace landfall::meta {

namespace {

using std::chrono::steady_clock;

// A group ends when it holds this much: memory and the time others wait stay bounded.
constexpr std::size_t kBatchBytesMax = 16u << 20;
constexpr std::chrono::seconds kWaitBound{1};

// A change in the queue; lives on the stack of the thread that waits for it.
class Pending {
 public:
  explicit Pending(const Change& change) : change_(change) {}

  const Change& change() const { return change_; }

  // The waiter may be gone when this returns.
  void Finish(Status status) {
    status_ = std::move(status);
    done_.Set();
  }
  Status Wait() {
    done_.Wait();
    return std::move(status_);
  }

 private:
  const Change& change_;
  Status status_;
  Event done_;
};

class ErrorReader final : public Reader {
 public:
  explicit ErrorReader(Status error) : error_(std::move(error)) {}
  Result<std::optional<std::string>> Get(std::string_view) override { return error_; }
  Status Scan(const KeyRange&, const Visitor&) override { return error_; }

 private:
  Status error_;
};

// An engine snapshot as callers of meta.h may see it.
class PublicReader final : public Reader {
 public:
  explicit PublicReader(std::unique_ptr<Reader> all) : all_(std::move(all)) {}
  Result<std::optional<std::string>> Get(std::string_view key) override {
    TRY(CheckKey(key));
    return all_->Get(key);
  }
  Status Scan(const KeyRange& range, const Visitor& visit) override {
    return all_->Scan(WithoutReserved(range), visit);
  }

 private:
  std::unique_ptr<Reader> all_;
};

class GroupCommitStore final : public Store {
 public:
  GroupCommitStore(const Options& options, std::unique_ptr<FileLock> lock,
                   std::unique_ptr<Engine> engine, Log& log, Metrics& metrics);
  ~GroupCommitStore() override;

  Status Commit(const Change& change) override;
  Result<std::optional<std::string>> Get(std::string_view key) override {
    return Snapshot()->Get(key);
  }
  std::unique_ptr<Reader> Snapshot() override;
  Result<std::vector<FeedEntry>> ReadFeed(std::string_view feed, Seq after,
                                          std::size_t entries_max) override;
  bool WaitFeed(std::string_view feed, Seq after, std::chrono::milliseconds bound) override;
  std::uint64_t SizeBytes() override { return engine_->SizeBytes(); }

 private:
  void CommitterLoop();
  // The next change, waiting for one when `wait`; nullptr when there is none, or when closing.
  Pending* Next(bool wait);
  void RunGroup(Pending* first);
  Status Apply(const Batch& batch, std::size_t changes);
  void RefuseQueued();

  const Options options_;
  const std::unique_ptr<FileLock> lock_;
  const std::unique_ptr<Engine> engine_;
  Log& log_;
  Counter& commits_;
  Counter& changes_;
  Histogram& commit_seconds_;
  Gauge& queued_changes_;
  FeedWaiters waiters_;

  Mutex mu_;
  CondVar queued_, drained_;
  std::deque<Pending*> queue_ GUARDED_BY(mu_);
  bool closing_ GUARDED_BY(mu_) = false;
  std::size_t callers_ GUARDED_BY(mu_) = 0;  // inside Commit

  std::jthread committer_;  // last: everything above exists while it runs
};

GroupCommitStore::GroupCommitStore(const Options& options, std::unique_ptr<FileLock> lock,
                                   std::unique_ptr<Engine> engine, Log& log, Metrics& metrics)
    : options_(options),
      lock_(std::move(lock)),
      engine_(std::move(engine)),
      log_(log),
      commits_(metrics.AddCounter("landfall_meta_commits_total", "Durable commits (groups).")),
      changes_(metrics.AddCounter("landfall_meta_changes_total", "Changes committed.")),
      commit_seconds_(metrics.AddHistogram("landfall_meta_commit_seconds",
                                           "Time to make a group of changes durable.")),
      queued_changes_(
          metrics.AddGauge("landfall_meta_queued_changes", "Changes that wait for their group.")),
      committer_([this] { CommitterLoop(); }) {}

GroupCommitStore::~GroupCommitStore() {
  {
    const MutexLock lock(mu_);
    closing_ = true;
    queued_.NotifyAll();
  }
  committer_.join();
  waiters_.Close();
  const MutexLock lock(mu_);
  while (callers_ > 0) drained_.WaitFor(mu_, kWaitBound);
}

Status GroupCommitStore::Commit(const Change& change) {
  CHECK(std::this_thread::get_id() != committer_.get_id());  // a change called Commit
  Pending pending(change);
  bool first = false;
  {
    const MutexLock lock(mu_);
    if (closing_) return Unavailable("metadata store is closing");
    if (queue_.size() >= options_.queued_changes_max) {
      return Unavailable(std::to_string(queue_.size()) +
                         " changes wait to be committed, which is the limit");
    }
    ++callers_;
    queue_.push_back(&pending);
    queued_changes_.Add(1);
    first = queue_.size() == 1;
  }
  if (first) queued_.NotifyOne();
  const Status status = pending.Wait();
  const MutexLock lock(mu_);
  if (--callers_ == 0 && closing_) drained_.NotifyAll();
  return status;
}

Pending* GroupCommitStore::Next(bool wait) {
  const MutexLock lock(mu_);
  while (wait && queue_.empty() && !closing_) queued_.WaitFor(mu_, kWaitBound);
  if (closing_ || queue_.empty()) return nullptr;
  Pending* const next = queue_.front();
  queue_.pop_front();
  queued_changes_.Add(-1);
  return next;
}

void GroupCommitStore::CommitterLoop() {
  while (Pending* const first = Next(/*wait=*/true)) RunGroup(first);
  RefuseQueued();
}

void GroupCommitStore::RunGroup(Pending* first) {
  Result<std::unique_ptr<Reader>> base = engine_->Snapshot();
  if (!base.ok()) return first->Finish(base.status());
  Batch batch(**base);
  std::vector<std::pair<Pending*, Status>> outcomes;
  for (Pending* next = first; next != nullptr;) {
    outcomes.emplace_back(next, batch.Run(next->change()));
    const bool full =
        outcomes.size() >= options_.batch_changes_max || batch.bytes() >= kBatchBytesMax;
    next = full ? nullptr : Next(/*wait=*/false);
  }
  base->reset();  // so that the engine may reuse what only we still saw
  const Status applied = Apply(batch, outcomes.size());
  if (applied.ok()) waiters_.Wake(batch.appended_feeds());
  // Also a change that failed by itself gets the disk's error: it may have failed over what never
  // became durable.
  for (auto& [pending, status] : outcomes)
    pending->Finish(applied.ok() ? std::move(status) : applied);
}

Status GroupCommitStore::Apply(const Batch& batch, std::size_t changes) {
  if (batch.writes().empty()) return {};
  const auto begun = steady_clock::now();
  Status applied = engine_->Apply(batch.writes());
  commit_seconds_.Observe(std::chrono::duration<double>(steady_clock::now() - begun).count());
  if (!applied.ok()) {
    log_.Error("meta_commit_failed", {{"changes", changes}, {"error", applied.ToString()}});
    return applied;
  }
  commits_.Add();
  changes_.Add(changes);
  return applied;
}

void GroupCommitStore::RefuseQueued() {
  const MutexLock lock(mu_);
  for (Pending* const pending : queue_) pending->Finish(Unavailable("metadata store is closing"));
  queue_.clear();
  queued_changes_.Set(0);
}

std::unique_ptr<Reader> GroupCommitStore::Snapshot() {
  Result<std::unique_ptr<Reader>> all = engine_->Snapshot();
  if (!all.ok()) return std::make_unique<ErrorReader>(all.status());
  return std::make_unique<PublicReader>(std::move(*all));
}

Result<std::vector<FeedEntry>> GroupCommitStore::ReadFeed(std::string_view feed, Seq after,
                                                          std::size_t entries_max) {
  TRY(CheckFeedName(feed));
  std::vector<FeedEntry> entries;
  if (entries_max == 0) return entries;
  const std::unique_ptr<Reader> all = TRY(engine_->Snapshot());
  std::size_t bytes = 0;
  const KeyRange range = EntryRange(feed, after, std::numeric_limits<Seq>::max());
  TRY(all->Scan(range, [&](std::string_view key, std::string_view payload) {
    entries.push_back({.seq = SeqOfEntryKey(key), .payload = std::string(payload)});
    bytes += payload.size();
    return entries.size() < entries_max && bytes < kReadFeedBytesMax;
  }));
  return entries;
}

bool GroupCommitStore::WaitFeed(std::string_view feed, Seq after, std::chrono::milliseconds bound) {
  return waiters_.Wait(std::string(feed), bound, [&] {
    const Result<std::vector<FeedEntry>> entries = ReadFeed(feed, after, 1);
    return entries.ok() && !entries->empty();
  });
}

}  // namespace

std::unique_ptr<Store> MakeStore(const Options& options, std::unique_ptr<FileLock> lock,
                                 std::unique_ptr<Engine> engine, Log& log, Metrics& metrics) {
  return std::make_unique<GroupCommitStore>(options, std::move(lock), std::move(engine), log,
                                            metrics);
}

Result<std::unique_ptr<Store>> Open(Options options, Log& log, Metrics& metrics) {
  const std::unique_ptr<FileSystem> files = MakePosixFiles();
  TRY(files->MakeDirs(options.dir));
  std::unique_ptr<FileLock> lock = TRY(files->Lock(options.dir + "/LOCK"));
  std::unique_ptr<Engine> lmdb = TRY(OpenLmdb({.dir = options.dir}));
  std::unique_ptr<Engine> engine = TRY(OpenLogged({.dir = options.dir}, std::move(lmdb)));
  TRY(files->SyncDir(options.dir));  // the files' names must survive, too
  return MakeStore(options, std::move(lock), std::move(engine), log, metrics);
}

Result<Seq> Cursor(Reader& reader, std::string_view feed, std::string_view consumer) {
  return ReadSeq(reader, CursorKey(feed, consumer));
}

void SetCursor(Txn& txn, std::string_view feed, std::string_view consumer, Seq seq) {
  txn.Put(CursorKey(feed, consumer), OrderedInt(seq));
}

}  // namespace landfall::meta
