// The contract of engine.h, run against every engine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "base/files.h"
#include "meta/testing_engines.h"

namespace landfall::meta {
namespace {

using ::testing::ElementsAre;
using Pairs = std::vector<std::pair<std::string, std::string>>;

class EngineContract : public ::testing::TestWithParam<EngineKind> {
 protected:
  void SetUp() override { Reopen(); }
  void TearDown() override {
    engine_.reset();
    std::filesystem::remove_all(dir_);
  }
  void Reopen() {
    engine_.reset();
    engine_ = GetParam().open(dir_);
  }
  Pairs All(const KeyRange& range = {}) {
    Pairs pairs;
    EXPECT_TRUE(engine_->Snapshot()
                    .value()
                    ->Scan(range,
                           [&](std::string_view key, std::string_view value) {
                             pairs.emplace_back(key, value);
                             return true;
                           })
                    .ok());
    return pairs;
  }

  std::string dir_ = FreshDir("engine");
  std::unique_ptr<Engine> engine_;
};

INSTANTIATE_TEST_SUITE_P(, EngineContract, ::testing::ValuesIn(AllEngines()),
                         [](const auto& kind) { return kind.param.name; });

TEST_P(EngineContract, KeepsWritesInKeyOrderAcrossReopen) {
  ASSERT_TRUE(engine_->Apply({{"b", "2"}, {"a", "1"}, {"\xFF", "3"}, {"c", std::nullopt}}).ok());
  Reopen();
  EXPECT_THAT(All(), ElementsAre(std::pair("a", "1"), std::pair("b", "2"), std::pair("\xFF", "3")));
  EXPECT_THAT(All({.begin = "a\1", .end = "\xFF"}), ElementsAre(std::pair("b", "2")));
  EXPECT_GT(engine_->SizeBytes(), 0u);
}

TEST_P(EngineContract, SnapshotDoesNotMove) {
  ASSERT_TRUE(engine_->Apply({{"a", "1"}}).ok());
  const std::unique_ptr<Reader> before = engine_->Snapshot().value();
  ASSERT_TRUE(engine_->Apply({{"a", "2"}, {"b", "2"}}).ok());
  EXPECT_EQ(before->Get("a").value(), "1");
  EXPECT_EQ(before->Get("b").value(), std::nullopt);
  EXPECT_EQ(engine_->Snapshot().value()->Get("a").value(), "2");
}

TEST_P(EngineContract, ScanStopsWhenTheVisitorSaysSo) {
  const std::string stem(1100, 'k');
  ASSERT_TRUE(engine_->Apply({{stem + "1", "1"}, {stem + "2", "2"}, {"z", "3"}}).ok());
  int visits = 0;
  ASSERT_TRUE(
      engine_->Snapshot().value()->Scan({}, [&](auto, auto) { return ++visits, false; }).ok());
  EXPECT_EQ(visits, 1);
}

TEST_P(EngineContract, KeepsEmptyAndLargestValues) {
  const std::string large(kValueBytesMax, 'v');
  ASSERT_TRUE(engine_->Apply({{"empty", ""}, {"large", large}}).ok());
  Reopen();
  EXPECT_EQ(engine_->Snapshot().value()->Get("empty").value(), "");
  EXPECT_EQ(engine_->Snapshot().value()->Get("large").value(), large);
}

TEST_P(EngineContract, OrdersKeysAroundEveryLengthLimit) {
  WriteMap writes;
  for (const std::size_t length :
       {1, 479, 480, 481, 482, 500, 510, 511, 512, 959, 960, 961, 962, 1100, 1440, 2048}) {
    for (const char last : {'\x00', 'a', '\xFF'}) {
      std::string key(length, 'a');
      key.back() = last;
      writes[key] = std::to_string(length);
    }
  }
  ASSERT_TRUE(engine_->Apply(writes).ok());
  Reopen();
  Pairs expected;
  for (const auto& [key, value] : writes) expected.emplace_back(key, *value);
  EXPECT_EQ(All(), expected);
  for (const auto& [key, value] : writes)
    EXPECT_EQ(engine_->Snapshot().value()->Get(key).value(), value);
}

// Random keys that share long prefixes, against a plain map: contents, gets, and scans between any
// two keys.
TEST_P(EngineContract, AgreesWithAMap) {
  std::mt19937 random(11);
  const auto random_key = [&] {
    static constexpr std::size_t kLengths[] = {1, 478, 479, 480, 481, 960, 961, 1500};
    std::string key(kLengths[random() % std::size(kLengths)], 'p');
    for (int i = 0; i < 2; ++i) key[random() % key.size()] = static_cast<char>('o' + random() % 3);
    return key + std::string(random() % 3, static_cast<char>(random() % 256));
  };
  std::map<std::string, std::string> model;
  std::vector<std::string> keys;
  for (int i = 0; i < 60; ++i) keys.push_back(random_key());
  for (int round = 0; round < 150; ++round) {
    WriteMap writes;
    for (int i = 0; i < 5; ++i) {
      const std::string& key = keys[random() % keys.size()];
      if (random() % 2 == 0) {
        writes[key] = std::nullopt;
        model.erase(key);
      } else {
        writes[key] = model[key] = std::to_string(round);
      }
    }
    ASSERT_TRUE(engine_->Apply(writes).ok());
    std::string begin = keys[random() % keys.size()], end = random_key();
    if (end < begin) std::swap(begin, end);
    ASSERT_EQ(All({begin, end}), Pairs(model.lower_bound(begin), model.lower_bound(end))) << round;
    const std::string& probe = keys[random() % keys.size()];
    const auto at = model.find(probe);
    ASSERT_EQ(engine_->Snapshot().value()->Get(probe).value(),
              at == model.end() ? std::nullopt : std::optional(at->second));
  }
  EXPECT_EQ(All(), Pairs(model.begin(), model.end()));
}

std::unique_ptr<Engine> OpenSmallLmdb(const std::string& dir, std::uint64_t map_bytes) {
  CHECK_OK(MakePosixFiles()->MakeDirs(dir));
  return OpenLmdb({.dir = dir, .map_bytes = map_bytes, .snapshots_max = 4}).value();
}

TEST(LmdbEngine, FullMapIsDiskFullAndWritesNothing) {
  const std::unique_ptr<Engine> engine = OpenSmallLmdb(FreshDir("full"), 1 << 20);
  ASSERT_TRUE(engine->Apply({{"kept", "1"}}).ok());
  WriteMap large{{"kept", "2"}};
  for (int i = 0; i < 4; ++i) large["k" + std::to_string(i)] = std::string(kValueBytesMax / 2, 'v');
  const Status status = engine->Apply(large);
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_EQ(status.reason(), "diskFull");
  EXPECT_EQ(engine->Snapshot().value()->Get("kept").value(), "1");
  EXPECT_TRUE(engine->Apply({{"kept", "3"}}).ok());
}

TEST(LmdbEngine, TooManySnapshotsAreRefused) {
  const std::unique_ptr<Engine> engine = OpenSmallLmdb(FreshDir("readers"), 1 << 20);
  std::vector<std::unique_ptr<Reader>> open;
  Status refused;
  for (int i = 0; i < 5 && refused.ok(); ++i) {
    Result<std::unique_ptr<Reader>> snapshot = engine->Snapshot();
    refused = snapshot.status();
    if (snapshot.ok()) open.push_back(std::move(*snapshot));
  }
  EXPECT_EQ(refused.code(), Code::kUnavailable);
  open.clear();
  EXPECT_TRUE(engine->Snapshot().ok());
}

// Links and levels of long keys go away with the keys: churn must not leave pages behind.
TEST(LmdbEngine, DeletedLongKeysLeaveNothingBehind) {
  const std::unique_ptr<Engine> engine = OpenSmallLmdb(FreshDir("links"), 1ull << 30);
  std::uint64_t after_warm_up = 0;
  for (int round = 0; round < 60; ++round) {
    WriteMap put, remove;
    for (int i = 0; i < 20; ++i) {
      const std::string key =
          std::string(1500, static_cast<char>('a' + round % 26)) + std::to_string(i);
      put[std::to_string(round) + key] = "v";
      remove[std::to_string(round) + key] = std::nullopt;
    }
    ASSERT_TRUE(engine->Apply(put).ok());
    ASSERT_TRUE(engine->Apply(remove).ok());
    if (round == 20) after_warm_up = engine->SizeBytes();
  }
  EXPECT_LE(engine->SizeBytes(), after_warm_up * 2);
}

}  // namespace
}  // namespace landfall::meta
