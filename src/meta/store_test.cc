// Group commit, failing disks and closing, over an engine the test holds in its hand.
#include "meta/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <semaphore>
#include <thread>

#include "meta/testing_engines.h"

namespace landfall::meta {
namespace {

using ::testing::HasSubstr;

Change PutOf(std::string key, std::string value) {
  return [key, value](Txn& txn) { return txn.Put(key, value), Ok(); };
}

// A store whose committer can be held inside a change while others queue behind it.
class TestStore {
 public:
  explicit TestStore(const Options& options = {})
      : store_(MakeStore(options, nullptr, std::make_unique<MemoryEngine>(disk), log, metrics)) {}
  ~TestStore() { Close(); }

  // Returns when the committer is inside a change that waits for Release.
  void Hold() {
    holder_ = std::jthread([this] {
      held_status = store_->Commit([this](Txn& txn) {
        txn.Put("held", "1");
        inside_.release();
        go_.acquire();
        return Ok();
      });
    });
    inside_.acquire();
  }
  void Release() {
    go_.release();
    holder_.join();
  }
  // Commits on its own thread; returns at once.
  void CommitLater(Change change, Status* outcome) {
    threads_.emplace_back(
        [this, change = std::move(change), outcome] { *outcome = store_->Commit(change); });
  }
  void Join() { threads_.clear(); }
  void Close() {
    store_.reset();
    threads_.clear();
  }
  Store& store() { return *store_; }
  std::int64_t queued() { return metrics.AddGauge("landfall_meta_queued_changes", "").value(); }
  int applies() {
    const MutexLock lock(disk->mu);
    return disk->applies;
  }
  void FailApplies(Status status) {
    const MutexLock lock(disk->mu);
    disk->next_apply = std::move(status);
  }

  std::shared_ptr<MemoryEngine::Disk> disk = std::make_shared<MemoryEngine::Disk>();
  CapturedLog log;
  Metrics metrics;
  Status held_status;

 private:
  std::unique_ptr<Store> store_;
  std::binary_semaphore inside_{0}, go_{0};
  std::jthread holder_;
  std::vector<std::jthread> threads_;
};

// Returns when all of `changes` wait behind the one that holds the committer.
void FillQueue(TestStore& t, std::vector<Status>& outcomes, const std::vector<Change>& changes) {
  outcomes.resize(changes.size());
  for (std::size_t i = 0; i < changes.size(); ++i) t.CommitLater(changes[i], &outcomes[i]);
  while (t.queued() < static_cast<std::int64_t>(changes.size())) std::this_thread::yield();
}

TEST(StoreGroup, DiskFullWritesNothingAndReadingGoesOn) {
  TestStore t;
  ASSERT_TRUE(t.store().Commit(PutOf("a", "1")).ok());
  t.FailApplies(ResourceExhausted("no space", "diskFull"));
  const Status status = t.store().Commit(PutOf("a", "2"));
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_EQ(status.reason(), "diskFull");
  EXPECT_EQ(t.store().Get("a").value(), "1");
  ASSERT_EQ(t.log.lines().size(), 1u);
  EXPECT_THAT(t.log.lines()[0], HasSubstr("meta_commit_failed"));
  t.FailApplies(Ok());
  EXPECT_TRUE(t.store().Commit(PutOf("a", "3")).ok());
  EXPECT_EQ(t.store().Get("a").value(), "3");
}

TEST(StoreGroup, FailedAppendDoesNotUseUpAPosition) {
  TestStore t;
  const Change append = [](Txn& txn) { return txn.Append("f", "x"), Ok(); };
  t.FailApplies(ResourceExhausted("no space", "diskFull"));
  EXPECT_FALSE(t.store().Commit(append).ok());
  t.FailApplies(Ok());
  ASSERT_TRUE(t.store().Commit(append).ok());
  EXPECT_EQ(t.store().ReadFeed("f", 0, 10).value().at(0).seq, 1u);
}

TEST(StoreGroup, ChangeWithoutWritesDoesNotTouchTheDisk) {
  TestStore t;
  EXPECT_TRUE(t.store().Commit([](Txn&) { return Ok(); }).ok());
  EXPECT_EQ(t.applies(), 0);
}

TEST(StoreGroup, CountsCommitsAndChanges) {
  TestStore t;
  ASSERT_TRUE(t.store().Commit(PutOf("a", "1")).ok());
  ASSERT_TRUE(t.store().Commit(PutOf("a", "2")).ok());
  const std::string text = t.metrics.Render();
  EXPECT_THAT(text, HasSubstr("landfall_meta_commits_total 2"));
  EXPECT_THAT(text, HasSubstr("landfall_meta_changes_total 2"));
  EXPECT_THAT(text, HasSubstr("landfall_meta_commit_seconds_count 2"));
}

TEST(StoreGroup, SnapshotErrorIsWhatEveryCallReturns) {
  class NoSnapshots final : public Engine {
   public:
    Result<std::unique_ptr<Reader>> Snapshot() override { return Unavailable("too many"); }
    Status Apply(const WriteMap&) override { return {}; }
    std::uint64_t SizeBytes() override { return 0; }
  };
  CapturedLog log;
  Metrics metrics;
  const auto store = MakeStore({}, nullptr, std::make_unique<NoSnapshots>(), log, metrics);
  EXPECT_EQ(store->Get("a").status().code(), Code::kUnavailable);
  EXPECT_EQ(store->Commit(PutOf("a", "1")).code(), Code::kUnavailable);
  EXPECT_EQ(store->ReadFeed("f", 0, 1).status().code(), Code::kUnavailable);
  EXPECT_FALSE(store->WaitFeed("f", 0, std::chrono::milliseconds(0)));
}

// Five changes wait while the first is held: all six are one group, and one failing among them
// rolls back alone.
TEST(StoreGroup, WaitingChangesShareOneCommitAndFailAlone) {
  TestStore t({.dir = "", .queued_changes_max = 5, .batch_changes_max = 512});
  t.Hold();
  std::vector<Status> outcomes;
  const Change fails = [](Txn& txn) {
    txn.Put("shared", "bad");
    txn.Delete("held");
    txn.Put("bad", "1");
    return Aborted("on purpose");
  };
  FillQueue(t, outcomes,
            {PutOf("shared", "good"), PutOf("a", "1"), fails, PutOf("b", "1"), PutOf("c", "1")});
  t.Release();
  t.Join();
  EXPECT_EQ(t.applies(), 1);
  for (std::size_t i = 0; i < outcomes.size(); ++i) EXPECT_EQ(outcomes[i].ok(), i != 2) << i;
  EXPECT_EQ(t.store().Get("shared").value(), "good");
  EXPECT_EQ(t.store().Get("held").value(), "1");
  EXPECT_EQ(t.store().Get("bad").value(), std::nullopt);
  EXPECT_EQ(t.store().Get("c").value(), "1");
}

TEST(StoreGroup, GroupEndsAtBatchChangesMax) {
  TestStore t({.dir = "", .queued_changes_max = 5, .batch_changes_max = 2});
  t.Hold();
  std::vector<Status> outcomes;
  FillQueue(t, outcomes,
            {PutOf("a", "1"), PutOf("b", "1"), PutOf("c", "1"), PutOf("d", "1"), PutOf("e", "1")});
  t.Release();
  t.Join();
  EXPECT_EQ(t.applies(), 3);
}

TEST(StoreGroup, DiskErrorReachesEveryChangeOfTheGroup) {
  TestStore t({.dir = "", .queued_changes_max = 2, .batch_changes_max = 512});
  t.Hold();
  t.FailApplies(ResourceExhausted("no space", "diskFull"));
  std::vector<Status> outcomes;
  const Change exists = [](Txn& txn) -> Status {
    return TRY(txn.Get("held")) ? AlreadyExists("held exists") : Ok();
  };
  FillQueue(t, outcomes, {PutOf("a", "1"), exists});
  t.Release();
  t.Join();
  EXPECT_EQ(t.held_status.reason(), "diskFull");
  EXPECT_EQ(outcomes[0].reason(), "diskFull");
  EXPECT_EQ(outcomes[1].reason(), "diskFull") << "what it saw never became durable";
}

bool HasClosing(const Status& status) {
  return status.message().find("closing") != std::string::npos;
}

TEST(StoreClose, RefusesWhatStillWaits) {
  TestStore t({.dir = "", .queued_changes_max = 2, .batch_changes_max = 512});
  t.Hold();
  std::vector<Status> outcomes;
  FillQueue(t, outcomes, {PutOf("a", "1"), PutOf("b", "1")});
  Store& store = t.store();
  // The queue is full, so this never waits, and the held change keeps the store from going away.
  EXPECT_THAT(store.Commit(PutOf("c", "1")).message(), HasSubstr("2 changes wait"));
  std::jthread closer([&] { t.Close(); });
  while (!HasClosing(store.Commit(PutOf("c", "1")))) std::this_thread::yield();
  t.Release();
  closer.join();
  EXPECT_TRUE(t.held_status.ok());
  for (const Status& outcome : outcomes) EXPECT_EQ(outcome.code(), Code::kUnavailable);
}

TEST(StoreOpen, MakesTheDirectoryAndKeepsDataAcrossReopen) {
  const std::string dir = FreshDir("open") + "/a/b";
  CapturedLog log;
  Metrics metrics;
  ASSERT_TRUE(Open({.dir = dir}, log, metrics).value()->Commit(PutOf("a", "1")).ok());
  EXPECT_EQ(Open({.dir = dir}, log, metrics).value()->Get("a").value(), "1");
}

TEST(StoreOpen, RefusesASecondOpenerNamingThePid) {
  const std::string dir = FreshDir("locked");
  CapturedLog log;
  Metrics metrics;
  const std::unique_ptr<Store> first = Open({.dir = dir}, log, metrics).value();
  const Status second = Open({.dir = dir}, log, metrics).status();
  EXPECT_EQ(second.code(), Code::kFailedPrecondition);
  EXPECT_EQ(second.reason(), "locked");
  EXPECT_THAT(second.message(), HasSubstr(std::to_string(getpid())));
}

TEST(StoreOpen, RefusesAFileThatIsNotAStore) {
  const std::string dir = FreshDir("garbage");
  std::filesystem::create_directories(dir);
  CHECK_OK(
      MakePosixFiles()->OpenForAppend(dir + "/meta.lmdb").value()->Write(std::string(8192, 'x')));
  CapturedLog log;
  Metrics metrics;
  const Status status = Open({.dir = dir}, log, metrics).status();
  EXPECT_EQ(status.code(), Code::kDataLoss);
  EXPECT_THAT(status.message(), HasSubstr("meta.lmdb"));
}

}  // namespace
}  // namespace landfall::meta
