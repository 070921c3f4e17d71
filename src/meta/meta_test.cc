// The contract of meta.h, run over every engine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <latch>
#include <stdexcept>
#include <thread>

#include "meta/store.h"
#include "meta/testing_engines.h"

namespace landfall::meta {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> Keys(Reader& reader, const KeyRange& range = {}) {
  std::vector<std::string> keys;
  EXPECT_TRUE(reader
                  .Scan(range,
                        [&](std::string_view key, std::string_view) {
                          keys.emplace_back(key);
                          return true;
                        })
                  .ok());
  return keys;
}

Change PutOf(std::string key, std::string value) {
  return [key, value](Txn& txn) { return txn.Put(key, value), Ok(); };
}

Result<std::uint64_t> ReadCount(Reader& reader) {
  const std::optional<std::string> bytes = TRY(reader.Get("count"));
  return bytes ? FromOrderedInt(*bytes) : 0;
}

class StoreContract : public ::testing::TestWithParam<EngineKind> {
 protected:
  void SetUp() override { Reopen(); }
  void TearDown() override {
    store_.reset();
    std::filesystem::remove_all(dir_);
  }
  void Reopen(const Options& options = {}) {
    store_.reset();
    store_ = MakeStore(options, nullptr, GetParam().open(dir_), log_, metrics_);
  }
  std::vector<std::string> Payloads(std::string_view feed, Seq after = 0) {
    std::vector<std::string> payloads;
    for (const FeedEntry& entry : store_->ReadFeed(feed, after, 100).value()) {
      EXPECT_EQ(entry.seq, after + payloads.size() + 1);
      payloads.push_back(entry.payload);
    }
    return payloads;
  }
  Status Append(std::string_view feed, std::string_view payload) {
    return store_->Commit([&](Txn& txn) { return txn.Append(feed, payload), Ok(); });
  }

  std::string dir_ = FreshDir("store");
  CapturedLog log_;
  Metrics metrics_;
  std::unique_ptr<Store> store_;
};

INSTANTIATE_TEST_SUITE_P(, StoreContract, ::testing::ValuesIn(AllEngines()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(StoreContract, KeepsACommittedChangeAcrossReopen) {
  ASSERT_TRUE(store_
                  ->Commit([](Txn& txn) {
                    txn.Put("a", "1");
                    txn.Put("b", "2");
                    txn.Delete("a");
                    return Ok();
                  })
                  .ok());
  Reopen();
  EXPECT_EQ(store_->Get("a").value(), std::nullopt);
  EXPECT_EQ(store_->Get("b").value(), "2");
  EXPECT_GT(store_->SizeBytes(), 0u);
}

TEST_P(StoreContract, FailedChangeWritesNothingAndIsWhatCommitReturns) {
  ASSERT_TRUE(store_->Commit(PutOf("kept", "1")).ok());
  const Status status = store_->Commit([](Txn& txn) {
    txn.Put("kept", "2");
    txn.Put("new", "2");
    txn.Append("f", "x");
    return NotFound("no such bucket");
  });
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_EQ(store_->Get("kept").value(), "1");
  EXPECT_EQ(store_->Get("new").value(), std::nullopt);
  EXPECT_THAT(Payloads("f"), IsEmpty());
}

TEST_P(StoreContract, ThrowingChangeIsAnErrorAndTheStoreGoesOn) {
  const Status status = store_->Commit([](Txn& txn) -> Status {
    txn.Put("a", "1");
    throw std::runtime_error("boom");
  });
  EXPECT_EQ(status.code(), Code::kInternal);
  EXPECT_THAT(status.message(), HasSubstr("boom"));
  EXPECT_EQ(store_->Commit([](Txn&) -> Status { throw 1; }).code(), Code::kInternal);
  EXPECT_EQ(store_->Get("a").value(), std::nullopt);
  EXPECT_TRUE(store_->Commit(PutOf("a", "2")).ok());
}

TEST_P(StoreContract, ChangeReadsItsOwnWrites) {
  ASSERT_TRUE(store_
                  ->Commit([](Txn& txn) {
                    for (const char* key : {"b", "d", "f"}) txn.Put(key, "old");
                    return Ok();
                  })
                  .ok());
  ASSERT_TRUE(store_
                  ->Commit([](Txn& txn) {
                    txn.Put("a", "new");
                    txn.Put("c", "new");
                    txn.Put("d", "new");
                    txn.Put("g", "new");
                    txn.Delete("f");
                    txn.Put("gone", "new");
                    txn.Delete("gone");
                    EXPECT_EQ(txn.Get("d").value(), "new");
                    EXPECT_EQ(txn.Get("b").value(), "old");
                    EXPECT_EQ(txn.Get("f").value(), std::nullopt);
                    EXPECT_THAT(Keys(txn), ElementsAre("a", "b", "c", "d", "g"));
                    EXPECT_THAT(Keys(txn, {"b", "d"}), ElementsAre("b", "c"));
                    return Ok();
                  })
                  .ok());
  EXPECT_THAT(Keys(*store_->Snapshot()), ElementsAre("a", "b", "c", "d", "g"));
}

TEST_P(StoreContract, VisitorMayWriteWhatItVisits) {
  ASSERT_TRUE(store_
                  ->Commit([](Txn& txn) {
                    for (const char* key : {"p1", "p3", "q"}) txn.Put(key, key);
                    return Ok();
                  })
                  .ok());
  std::vector<std::string> seen;
  ASSERT_TRUE(store_
                  ->Commit([&](Txn& txn) {
                    txn.Put("p2", "p2");
                    return txn.Scan(PrefixRange("p"),
                                    [&](std::string_view key, std::string_view value) {
                                      txn.Delete(key);
                                      txn.Put("q", value);
                                      txn.Put("r" + std::string(key), value);
                                      seen.emplace_back(value);
                                      return true;
                                    });
                  })
                  .ok());
  EXPECT_THAT(seen, ElementsAre("p1", "p2", "p3"));
  EXPECT_THAT(Keys(*store_->Snapshot()), ElementsAre("q", "rp1", "rp2", "rp3"));
  EXPECT_EQ(store_->Get("q").value(), "p3");
}

TEST_P(StoreContract, ScanInChangeStopsWhenTheVisitorSaysSo) {
  ASSERT_TRUE(store_->Commit(PutOf("b", "old")).ok());
  for (const std::size_t wanted : {1u, 2u, 3u}) {
    std::vector<std::string> seen;
    ASSERT_TRUE(store_
                    ->Commit([&](Txn& txn) {
                      txn.Put("a", "new");
                      txn.Put("c", "new");
                      return txn.Scan({}, [&](std::string_view key, std::string_view) {
                        seen.emplace_back(key);
                        return seen.size() < wanted;
                      });
                    })
                    .ok());
    EXPECT_EQ(seen.size(), wanted);
  }
}

TEST_P(StoreContract, SnapshotDoesNotSeeLaterChanges) {
  ASSERT_TRUE(store_->Commit(PutOf("a", "1")).ok());
  const std::unique_ptr<Reader> before = store_->Snapshot();
  ASSERT_TRUE(store_->Commit(PutOf("a", "2")).ok());
  ASSERT_TRUE(store_->Commit(PutOf("b", "2")).ok());
  EXPECT_EQ(before->Get("a").value(), "1");
  EXPECT_THAT(Keys(*before), ElementsAre("a"));
}

TEST_P(StoreContract, RefusesWritesOverALimitWhateverTheChangeReturns) {
  const std::string long_key(kKeyBytesMax + 1, 'k'), large(kValueBytesMax + 1, 'v');
  const std::vector<std::pair<Change, std::string>> cases = {
      {PutOf(long_key, "v"), "key is 2049 bytes; the limit is 2048"},
      {PutOf("", "v"), "key is empty"},
      {PutOf("k", large), "value is 1048577 bytes; the limit is 1048576"},
      {PutOf(std::string("\0\0e", 3), "v"), "reserved"},
      {[&](Txn& txn) { return txn.Delete(long_key), Ok(); }, "key is 2049 bytes"},
      {[&](Txn& txn) { return txn.Append("f", large), Ok(); }, "value is 1048577 bytes"},
      {[&](Txn& txn) { return txn.Append("", "v"), Ok(); }, "feed name is empty"},
      {[&](Txn& txn) { return txn.TrimFeed(long_key, 1), Ok(); }, "feed name is 2049 bytes"},
      {[&](Txn& txn) {
         for (int i = 0; i < 65; ++i) txn.Put(std::to_string(i), std::string(kValueBytesMax, 'v'));
         return Ok();
       },
       "change writes more than"},
  };
  for (const auto& [change, message] : cases) {
    const Status status = store_->Commit(change);
    EXPECT_EQ(status.code(), Code::kInvalidArgument) << message;
    EXPECT_THAT(status.message(), HasSubstr(message));
  }
  EXPECT_THAT(Keys(*store_->Snapshot()), IsEmpty());
  EXPECT_TRUE(
      store_->Commit(PutOf(std::string(kKeyBytesMax, 'k'), std::string(kValueBytesMax, 'v'))).ok());
  EXPECT_EQ(store_->Get(long_key).status().code(), Code::kInvalidArgument);
}

TEST_P(StoreContract, FeedPositionsHaveNoHoles) {
  ASSERT_TRUE(Append("f", "1").ok());
  EXPECT_FALSE(
      store_->Commit([](Txn& txn) { return txn.Append("f", "lost"), Aborted("no"); }).ok());
  ASSERT_TRUE(store_
                  ->Commit([](Txn& txn) {
                    EXPECT_EQ(txn.Append("f", "2"), 2u);
                    EXPECT_EQ(txn.Append("other", "1"), 1u);
                    EXPECT_EQ(txn.Append("f", "3"), 3u);
                    return Ok();
                  })
                  .ok());
  Reopen();
  ASSERT_TRUE(Append("f", "4").ok());
  EXPECT_THAT(Payloads("f"), ElementsAre("1", "2", "3", "4"));
  EXPECT_THAT(Payloads("f", 2), ElementsAre("3", "4"));
  EXPECT_THAT(Payloads("f", 4), IsEmpty());
  EXPECT_THAT(Payloads("f", ~Seq{0}), IsEmpty());
  EXPECT_THAT(Payloads("other"), ElementsAre("1"));
  EXPECT_THAT(Keys(*store_->Snapshot()), IsEmpty()) << "feeds are not among the keys";
}

TEST_P(StoreContract, TrimmedPositionsAreNotUsedAgain) {
  for (const char* payload : {"1", "2", "3"}) ASSERT_TRUE(Append("f", payload).ok());
  ASSERT_TRUE(store_
                  ->Commit([](Txn& txn) {
                    txn.Append("f", "4");
                    txn.TrimFeed("f", 2);
                    return Ok();
                  })
                  .ok());
  EXPECT_THAT(Payloads("f", 2), ElementsAre("3", "4"));
  EXPECT_EQ(store_->ReadFeed("f", 0, 1).value().at(0).seq, 3u);
  ASSERT_TRUE(store_->Commit([](Txn& txn) { return txn.TrimFeed("f", 99), Ok(); }).ok());
  Reopen();
  EXPECT_THAT(store_->ReadFeed("f", 0, 10).value(), IsEmpty());
  ASSERT_TRUE(Append("f", "5").ok());
  EXPECT_EQ(store_->ReadFeed("f", 0, 10).value().at(0).seq, 5u);
}

TEST_P(StoreContract, ReadFeedStopsAtItsLimits) {
  for (int i = 0; i < 12; ++i) ASSERT_TRUE(Append("f", std::string(kValueBytesMax, 'v')).ok());
  EXPECT_EQ(store_->ReadFeed("f", 0, 3).value().size(), 3u);
  EXPECT_EQ(store_->ReadFeed("f", 0, 100).value().size(), 8u);
  EXPECT_EQ(store_->ReadFeed("f", 0, 0).value().size(), 0u);
}

TEST_P(StoreContract, CursorMovesWithTheChangeAndIsOnePerConsumer) {
  EXPECT_EQ(Cursor(*store_->Snapshot(), "f", "loader").value(), 0u);
  ASSERT_TRUE(store_
                  ->Commit([](Txn& txn) {
                    SetCursor(txn, "f", "loader", 7);
                    SetCursor(txn, "f", "router", 9);
                    EXPECT_EQ(Cursor(txn, "f", "loader").value(), 7u);
                    return Ok();
                  })
                  .ok());
  EXPECT_FALSE(
      store_->Commit([](Txn& txn) { return SetCursor(txn, "f", "loader", 8), Aborted("no"); })
          .ok());
  Reopen();
  EXPECT_EQ(Cursor(*store_->Snapshot(), "f", "loader").value(), 7u);
  EXPECT_EQ(Cursor(*store_->Snapshot(), "f", "router").value(), 9u);
  EXPECT_THAT(Keys(*store_->Snapshot()), IsEmpty());
}

TEST_P(StoreContract, WaitFeedTellsWhetherThereIsAnEntry) {
  EXPECT_FALSE(store_->WaitFeed("f", 0, milliseconds(1)));
  ASSERT_TRUE(Append("f", "1").ok());
  EXPECT_TRUE(store_->WaitFeed("f", 0, milliseconds(0)));
  EXPECT_FALSE(store_->WaitFeed("f", 1, milliseconds(1)));
  ASSERT_TRUE(store_->Commit([](Txn& txn) { return txn.TrimFeed("f", 1), Ok(); }).ok());
  EXPECT_FALSE(store_->WaitFeed("f", 0, milliseconds(1))) << "trimmed: there is nothing to read";
}

TEST_P(StoreContract, WaitFeedWakesOnlyForItsFeed) {
  std::latch waiting(1);
  bool woken = false;
  std::jthread waiter([&] {
    waiting.count_down();
    woken = store_->WaitFeed("f", 0, std::chrono::minutes(1));
  });
  waiting.wait();
  ASSERT_TRUE(Append("other", "1").ok());
  ASSERT_TRUE(Append("f", "1").ok());
  waiter.join();
  EXPECT_TRUE(woken);
}

TEST_P(StoreContract, ManyCommittersEachGetTheirOwnOutcome) {
  constexpr int kThreads = 8, kRounds = 40;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        for (int i = 0; i < kRounds; ++i) {
          const bool fail = (t + i) % 4 == 0;
          const Status status = store_->Commit([&](Txn& txn) -> Status {
            const std::uint64_t n = TRY(ReadCount(txn));
            txn.Put("count", OrderedInt(n + 1));
            txn.Append("f", std::to_string(n));
            return fail ? Aborted("on purpose") : Ok();
          });
          EXPECT_EQ(status.ok(), !fail);
        }
      });
    }
  }
  EXPECT_EQ(ReadCount(*store_->Snapshot()).value(), kThreads * kRounds * 3u / 4);
  const auto entries = store_->ReadFeed("f", 0, 1000).value();
  ASSERT_EQ(entries.size(), kThreads * kRounds * 3u / 4);
  for (std::size_t i = 0; i < entries.size(); ++i) {
    ASSERT_EQ(entries[i].seq, i + 1);
    ASSERT_EQ(entries[i].payload, std::to_string(i));
  }
}

}  // namespace
}  // namespace landfall::meta
