#include "warehouse/load_stream.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <string>
#include <vector>

#include "warehouse/load_fakes.h"

namespace landfall::warehouse {
namespace {

struct Piece {
  std::string text;
  std::uint64_t offset;
  std::int64_t first_record;
  bool too_large;
};

Result<std::vector<Piece>> Pieces(std::string bytes, StreamOptions options) {
  ObjectStream stream(std::make_shared<MemoryFile>(std::move(bytes)), options);
  std::vector<Piece> pieces;
  Block block;
  while (TRY(stream.Next(block))) {
    pieces.push_back({std::string(block.text), block.offset, block.first_record, block.too_large});
  }
  return pieces;
}

// The pieces put together must be the object, with numbers that fit, whatever the block size.
void ExpectWhole(const std::string& bytes, const std::string& expected,
                 std::uint64_t first_offset = 0) {
  for (const std::size_t block_bytes : {1u, 2u, 3u, 7u, 64u, 100'000u}) {
    const auto pieces = Pieces(bytes, {.csv = std::nullopt, .block_bytes = block_bytes});
    ASSERT_TRUE(pieces.ok()) << pieces.status().ToString();
    std::string all;
    std::int64_t lines = 1;
    for (const Piece& piece : *pieces) {
      EXPECT_EQ(piece.offset, all.size() + first_offset);
      EXPECT_EQ(piece.first_record, lines);
      EXPECT_FALSE(piece.too_large);
      lines += std::count(piece.text.begin(), piece.text.end(), '\n');
      all += piece.text;
    }
    EXPECT_EQ(all, expected) << block_bytes;
  }
}

TEST(ObjectStream, CutsAtRecordsWhateverTheBlockSize) {
  ExpectWhole("", "");
  ExpectWhole("\n", "\n");
  ExpectWhole("a\nbb\n\nccc\n", "a\nbb\n\nccc\n");
  ExpectWhole("a\nbb\r\nno end", "a\nbb\r\nno end");
  ExpectWhole("\xef\xbb\xbf{}\n{}\n", "{}\n{}\n", 3);
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "line " + std::to_string(i) + "\n";
  ExpectWhole(many, many);
}

TEST(ObjectStream, InflatesGzipByContentAndJoinsMembers) {
  ExpectWhole(Gzip("a\nb\n"), "a\nb\n");
  ExpectWhole(Gzip("a\nb") + Gzip("c\nd"), "a\nbc\nd");
  ExpectWhole(Gzip(""), "");
  ExpectWhole(Gzip("\xef\xbb\xbf{}\n"), "{}\n", 3);
  // Inflates to more than is done in one go.
  std::string large;
  while (large.size() < (70u << 20)) large += std::string(1000, 'x') + '\n';
  const auto pieces = Pieces(Gzip(large), {});
  ASSERT_TRUE(pieces.ok());
  std::size_t bytes = 0;
  for (const Piece& piece : *pieces) bytes += piece.text.size();
  EXPECT_EQ(bytes, large.size());
}

TEST(ObjectStream, TruncatedOrDamagedGzipIsAnError) {
  const std::string good = Gzip(std::string(100'000, 'a') + "\n");
  const auto cut = Pieces(good.substr(0, good.size() - 5), {});
  ASSERT_FALSE(cut.ok());
  EXPECT_EQ(cut.status().code(), Code::kInvalidArgument);
  EXPECT_NE(cut.status().message().find("truncated"), std::string::npos);
  std::string damaged = good;
  damaged[good.size() / 2] = static_cast<char>(damaged[good.size() / 2] ^ 0x55);
  EXPECT_EQ(Pieces(damaged, {}).status().code(), Code::kInvalidArgument);
}

TEST(ObjectStream, ARecordOverTheLimitIsSkippedAndTheRestGoesOn) {
  const std::string text = "ok\n" + std::string(300, 'x') + "\nafter\n";
  for (const std::size_t block_bytes : {1u, 10u, 50u}) {
    const auto pieces =
        Pieces(text, {.csv = std::nullopt, .block_bytes = block_bytes, .record_bytes_max = 100});
    ASSERT_TRUE(pieces.ok());
    ASSERT_EQ(pieces->size(), 3u) << block_bytes;
    EXPECT_TRUE((*pieces)[1].too_large);
    EXPECT_EQ((*pieces)[1].first_record, 2);
    EXPECT_EQ((*pieces)[1].offset, 3u);
    EXPECT_EQ((*pieces)[2].text, "after\n");
    EXPECT_EQ((*pieces)[2].offset, 304u);
    EXPECT_EQ((*pieces)[2].first_record, 3);
  }
}

TEST(ObjectStream, QuotedNewlinesDoNotEndRecords) {
  CsvOptions csv;
  csv.allow_quoted_newlines = true;
  const std::string text = "1,\"a\nb\"\n2,\"c\n\"\"d\"\n3,e";
  for (const std::size_t block_bytes : {1u, 5u, 9u, 100u}) {
    const auto pieces = Pieces(text, {.csv = csv, .block_bytes = block_bytes});
    ASSERT_TRUE(pieces.ok());
    std::string all;
    for (const Piece& piece : *pieces) {
      EXPECT_TRUE(piece.text.starts_with(std::to_string(piece.first_record))) << piece.text;
      all += piece.text;
    }
    EXPECT_EQ(all, text);
  }
}

}  // namespace
}  // namespace landfall::warehouse
