#include "meta/log_segment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "meta/testing_engines.h"

namespace landfall::meta {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::uint64_t kEpoch = 77;

struct TestSegment {
  TestSegment() {
    std::filesystem::create_directories(std::filesystem::path(path).parent_path());
    Reopen();
  }
  void Reopen() {
    segment.reset();
    segment = LogSegment::Open(path).value();
  }
  std::vector<std::uint64_t> Numbers() {
    std::vector<std::uint64_t> numbers;
    for (const LogRecord& record : segment->ReadAll().value()) numbers.push_back(record.number);
    return numbers;
  }
  void Append(std::uint64_t number, const WriteMap& writes = {{"k", "v"}}) {
    CHECK_OK(segment->Append(kEpoch, number, writes));
  }
  void Overwrite(std::uint64_t at, const std::string& bytes) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(at));
    file << bytes;
  }

  std::string path = FreshDir("segment") + "/log";
  std::unique_ptr<LogSegment> segment;
};

// 24 bytes of header, 8 of lengths, "k" and "v".
constexpr std::uint64_t kRecordBytes = 34;

TEST(LogSegment, ReadsBackWhatWasAppended) {
  TestSegment t;
  const WriteMap writes = {
      {"a", "1"}, {"b", std::nullopt}, {"c", ""}, {std::string("\0k", 2), "x"}};
  t.Append(5, writes);
  t.Append(6);
  t.Reopen();
  const std::vector<LogRecord> records = t.segment->ReadAll().value();
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(records[0].writes, writes);
  EXPECT_EQ(records[0].epoch, kEpoch);
  EXPECT_EQ(records[0].number, 5u);
  EXPECT_EQ(records[1].number, 6u);
}

TEST(LogSegment, NewFileHasNoRecords) {
  TestSegment t;
  EXPECT_THAT(t.Numbers(), IsEmpty());
  EXPECT_TRUE(t.segment->Erase().ok());
}

TEST(LogSegment, EveryDamagedByteEndsTheReadingThere) {
  for (std::uint64_t at = kRecordBytes; at < 2 * kRecordBytes; ++at) {
    TestSegment t;
    for (const std::uint64_t number : {1, 2, 3}) t.Append(number);
    t.Overwrite(at, "\xA5");
    EXPECT_THAT(t.Numbers(), ElementsAre(1)) << at;
  }
}

TEST(LogSegment, EveryCutLeavesTheWholeRecordsBeforeIt) {
  for (std::uint64_t length = 0; length <= 3 * kRecordBytes; ++length) {
    TestSegment t;
    for (const std::uint64_t number : {1, 2, 3}) t.Append(number);
    std::filesystem::resize_file(t.path, length);
    EXPECT_EQ(t.Numbers().size(), length / kRecordBytes) << length;
  }
}

TEST(LogSegment, RecordsOfAnEarlierUseAreNotRead) {
  TestSegment t;
  for (const std::uint64_t number : {1, 2, 3}) t.Append(number);
  t.segment->Rewind();
  t.Append(9);  // as long as the first: 2 follows it on disk
  EXPECT_THAT(t.Numbers(), ElementsAre(9));
}

TEST(LogSegment, RecordsOfAnEarlierEpochAreNotRead) {
  TestSegment t;
  for (const std::uint64_t number : {1, 2, 3}) t.Append(number);
  ASSERT_TRUE(t.segment->Erase().ok());
  EXPECT_THAT(t.Numbers(), IsEmpty());
  ASSERT_TRUE(t.segment->Append(kEpoch + 1, 1, {{"k", "v"}}).ok());
  EXPECT_THAT(t.Numbers(), ElementsAre(1)) << "2 and 3 are there still, in the old epoch";
}

TEST(LogSegment, GrowsInLargeStepsAndIsNotGrownAgainWhenReused) {
  TestSegment t;
  t.Append(1);
  const std::uint64_t grown = t.segment->SizeBytes();
  EXPECT_GE(grown, 1u << 20);
  for (std::uint64_t number = 2; number < 50; ++number) t.Append(number);
  t.segment->Rewind();
  t.Append(50);
  EXPECT_EQ(t.segment->SizeBytes(), grown);
}

}  // namespace
}  // namespace landfall::meta
