#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "meta/meta.h"

namespace landfall::meta {
namespace {

using ::testing::ElementsAre;

std::string KeyOf(const std::vector<std::string>& parts) {
  std::string key;
  for (const std::string& part : parts) key += MakeKey({part});
  return key;
}

// Short strings over bytes that matter to the escaping, so that equal prefixes are frequent.
std::vector<std::string> RandomTuple(std::mt19937& random) {
  const char bytes[] = {'\x00', '\x01', '\x02', 'a', '\xFE', '\xFF'};
  std::vector<std::string> tuple(1 + random() % 3);
  for (std::string& part : tuple) {
    part.resize(random() % 4);
    for (char& c : part) c = bytes[random() % sizeof bytes];
  }
  return tuple;
}

TEST(MakeKey, SortsAsTheTuplesDo) {
  std::mt19937 random(7);
  const auto unsigned_less = [](const std::string& a, const std::string& b) {
    return std::string_view(a) < std::string_view(b);
  };
  for (int round = 0; round < 20'000; ++round) {
    const auto a = RandomTuple(random);
    const auto b = RandomTuple(random);
    const bool tuples =
        std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), unsigned_less);
    ASSERT_EQ(tuples, KeyOf(a) < KeyOf(b))
        << ::testing::PrintToString(a) << ::testing::PrintToString(b);
  }
}

TEST(MakeKey, SplitsIntoItsParts) {
  std::mt19937 random(8);
  for (int round = 0; round < 5'000; ++round) {
    const auto tuple = RandomTuple(random);
    ASSERT_EQ(SplitKey(KeyOf(tuple)).value(), tuple);
  }
  EXPECT_THAT(SplitKey(MakeKey({"b", "", "o"})).value(), ElementsAre("b", "", "o"));
  EXPECT_THAT(SplitKey("").value(), ElementsAre());
}

TEST(MakeKey, IsPrefixOfLongerTuplesOnly) {
  EXPECT_TRUE(MakeKey({"a", "b"}).starts_with(MakeKey({"a"})));
  EXPECT_FALSE(MakeKey({"ab"}).starts_with(MakeKey({"a"})));
  EXPECT_FALSE(MakeKey({std::string_view("a\0", 2)}).starts_with(MakeKey({"a"})));
}

TEST(SplitKey, RefusesWhatMakeKeyNeverMakes) {
  for (const std::string& bad : {std::string("a"), std::string("a\0", 2), std::string("a\0\2", 3),
                                 std::string("a\0\1b", 4), std::string("a\0\xFF", 3)}) {
    EXPECT_EQ(SplitKey(bad).status().code(), Code::kDataLoss) << ::testing::PrintToString(bad);
  }
}

TEST(OrderedInt, SortsAsTheNumber) {
  const std::uint64_t numbers[] = {0, 1, 255, 256, 1ull << 31, 1ull << 32, ~0ull - 1, ~0ull};
  for (const std::uint64_t a : numbers) {
    EXPECT_EQ(FromOrderedInt(OrderedInt(a)), a);
    for (const std::uint64_t b : numbers) EXPECT_EQ(OrderedInt(a) < OrderedInt(b), a < b);
  }
}

TEST(PrefixRange, CoversExactlyTheKeysWithThePrefix) {
  const auto contains = [](const KeyRange& range, std::string_view key) {
    return key >= range.begin && (range.end.empty() || key < range.end);
  };
  const std::string prefixes[] = {"", "a", "a\xFF", "\xFF\xFF", std::string("a\0", 2)};
  const std::string keys[] = {"a",
                              "a\xFF",
                              "a\xFFz",
                              "b",
                              "\xFF\xFF",
                              "\xFF\xFF\xFF",
                              "\xFE",
                              std::string("a\0", 2),
                              std::string("a\0\0", 3),
                              std::string("a\1")};
  for (const std::string& prefix : prefixes) {
    for (const std::string& key : keys) {
      EXPECT_EQ(contains(PrefixRange(prefix), key), key.starts_with(prefix))
          << ::testing::PrintToString(prefix) << ::testing::PrintToString(key);
    }
  }
}

}  // namespace
}  // namespace landfall::meta
