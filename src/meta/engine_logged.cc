#include "meta/engine_logged.h"

#include <array>
#include <thread>
#include <utility>

#include "base/mutex.h"
#include "base/random.h"
#include "meta/log_segment.h"
#include "meta/mem_table.h"

namespace landfall::meta {

namespace {

constexpr std::chrono::seconds kWaitBound{1};

using Segments = std::array<std::unique_ptr<LogSegment>, 2>;

class LoggedEngine final : public Engine {
 public:
  LoggedEngine(std::size_t table_bytes_max, Segments segments, std::unique_ptr<Engine> behind);
  ~LoggedEngine() override;

  Result<std::unique_ptr<Reader>> Snapshot() override;
  Status Apply(const WriteMap& writes) override;
  std::uint64_t SizeBytes() override {
    return behind_->SizeBytes() + segments_[0]->SizeBytes() + segments_[1]->SizeBytes();
  }

 private:
  // Freezes the active table. Waits for the one frozen before.
  Status Rotate();
  void CheckpointLoop(const std::stop_token& stop);
  Status Checkpoint(const MemTable& table);
  Status EraseLog();

  const std::size_t table_bytes_max_;
  const Segments segments_;
  const std::unique_ptr<Engine> behind_;
  const std::uint64_t epoch_ = SystemRandom().Next();
  std::size_t active_segment_ = 0;  // of the applying thread
  Status broken_;                   // of the applying thread: the log is not to be trusted any more

  Mutex mu_;
  CondVar changed_;
  MemTable::Version version_ GUARDED_BY(mu_) = 0;
  std::shared_ptr<MemTable> active_ GUARDED_BY(mu_) = std::make_shared<MemTable>();
  std::shared_ptr<const MemTable> frozen_ GUARDED_BY(mu_);
  Status checkpoint_error_ GUARDED_BY(mu_);

  std::jthread checkpointer_;  // last: everything above exists while it runs
};

LoggedEngine::LoggedEngine(std::size_t table_bytes_max, Segments segments,
                           std::unique_ptr<Engine> behind)
    : table_bytes_max_(table_bytes_max),
      segments_(std::move(segments)),
      behind_(std::move(behind)),
      checkpointer_([this](const std::stop_token& stop) { CheckpointLoop(stop); }) {}

// A clean end leaves an empty log, so that the next start has nothing to do. When that fails the
// log has it all.
LoggedEngine::~LoggedEngine() {
  const Status rotated = Rotate();
  checkpointer_.request_stop();
  {
    const MutexLock lock(mu_);
    changed_.NotifyAll();
  }
  checkpointer_.join();
  const MutexLock lock(mu_);
  if (rotated.ok() && broken_.ok() && frozen_ == nullptr) EraseLog().ok();
}

Result<std::unique_ptr<Reader>> LoggedEngine::Snapshot() {
  // Under the lock, so that nothing moves from the tables to the engine behind in between.
  const MutexLock lock(mu_);
  std::unique_ptr<Reader> reader = TRY(behind_->Snapshot());
  if (frozen_) reader = std::make_unique<OverlayReader>(std::move(reader), frozen_, version_);
  return std::unique_ptr<Reader>(
      std::make_unique<OverlayReader>(std::move(reader), active_, version_));
}

Status LoggedEngine::Apply(const WriteMap& writes) {
  if (writes.empty()) return {};
  TRY(broken_);
  std::shared_ptr<MemTable> table;
  MemTable::Version version = 0;
  {
    const MutexLock lock(mu_);
    table = active_;
    version = version_ + 1;
  }
  if (table->bytes() >= table_bytes_max_) {
    TRY(Rotate());
    const MutexLock lock(mu_);
    table = active_;
  }
  const Status logged = segments_[active_segment_]->Append(epoch_, version, writes);
  // A full disk may recover. After any other error the kernel may have dropped what it could not
  // write, so going on could put good groups behind a hole.
  if (!logged.ok() && logged.code() != Code::kResourceExhausted) {
    broken_ = logged.Annotate("the commit log failed; restart to recover");
  }
  TRY(logged);
  table->Add(writes, version);
  const MutexLock lock(mu_);
  version_ = version;
  return {};
}

Status LoggedEngine::Rotate() {
  const MutexLock lock(mu_);
  checkpoint_error_ = {};  // asks for another try, in case the disk has room again
  changed_.NotifyAll();
  while (frozen_ != nullptr) {
    if (!checkpoint_error_.ok()) return checkpoint_error_;
    changed_.WaitFor(mu_, kWaitBound);
  }
  frozen_ = std::exchange(active_, std::make_shared<MemTable>());
  active_segment_ = 1 - active_segment_;
  segments_[active_segment_]->Rewind();
  changed_.NotifyAll();
  return {};
}

void LoggedEngine::CheckpointLoop(const std::stop_token& stop) {
  while (true) {
    std::shared_ptr<const MemTable> table;
    {
      const MutexLock lock(mu_);
      while (frozen_ == nullptr || !checkpoint_error_.ok()) {
        if (stop.stop_requested()) return;
        changed_.WaitFor(mu_, kWaitBound);
      }
      table = frozen_;
    }
    const Status status = Checkpoint(*table);
    const MutexLock lock(mu_);
    checkpoint_error_ = status;
    if (status.ok()) frozen_ = nullptr;
    changed_.NotifyAll();
  }
}

Status LoggedEngine::Checkpoint(const MemTable& table) {
  constexpr MemTable::Version kNewest = ~MemTable::Version{0};
  WriteMap writes;
  std::string from;
  while (true) {
    std::vector<MemTable::Entry> entries = table.Next(from, {}, kNewest);
    if (entries.empty()) break;
    from = entries.back().key + '\0';
    for (MemTable::Entry& entry : entries) {
      writes.emplace_hint(writes.end(), std::move(entry.key), std::move(entry.value));
    }
  }
  return writes.empty() ? Ok() : behind_->Apply(writes);
}

// The older segment first: the newer one alone is harmless, the older one alone would bring old
// values back.
Status LoggedEngine::EraseLog() {
  TRY(segments_[active_segment_]->Erase());
  return segments_[1 - active_segment_]->Erase();
}

Status Replay(const std::vector<LogRecord>& records, Engine& behind) {
  WriteMap writes;
  for (const LogRecord& record : records) {
    for (const auto& [key, value] : record.writes) writes.insert_or_assign(key, value);
  }
  return writes.empty() ? Ok() : behind.Apply(writes);
}

// Writes what the log holds to `behind`, then empties it.
Status Recover(const Segments& segments, Engine& behind) {
  std::array<std::vector<LogRecord>, 2> records = {TRY(segments[0]->ReadAll()),
                                                   TRY(segments[1]->ReadAll())};
  std::size_t older = 0;
  if (!records[0].empty() && !records[1].empty()) {
    older = records[0].front().number < records[1].front().number ? 0 : 1;
    const LogRecord& last = records[older].back();
    const LogRecord& next = records[1 - older].front();
    if (last.epoch == next.epoch && last.number + 1 != next.number) {
      return DataLoss("the commit log has no group " + std::to_string(last.number + 1));
    }
  } else {
    older = records[0].empty() ? 0 : 1;
  }
  TRY(Replay(records[older], behind));
  TRY(Replay(records[1 - older], behind));
  for (const std::size_t each : {older, 1 - older}) {
    if (!records[each].empty()) TRY(segments[each]->Erase());
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Engine>> OpenLogged(const LoggedOptions& options,
                                           std::unique_ptr<Engine> behind) {
  Segments segments = {TRY(LogSegment::Open(options.dir + "/commit.0.log")),
                       TRY(LogSegment::Open(options.dir + "/commit.1.log"))};
  TRY(Recover(segments, *behind));
  return std::unique_ptr<Engine>(std::make_unique<LoggedEngine>(
      options.table_bytes_max, std::move(segments), std::move(behind)));
}

}  // namespace landfall::meta
