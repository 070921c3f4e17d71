#include "base/bytes.h"

#include <gtest/gtest.h>
#include <zlib.h>

namespace landfall {
namespace {

std::string Gzip(const std::string& text) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(text.size() + 1000, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

Result<std::string> Unzip(std::string bytes) {
  return ReadAll(*Gunzip(std::make_unique<StringSource>(std::move(bytes))), 1u << 20, "test");
}

TEST(Gunzip, ReadsConcatenatedMembersAsOne) {
  EXPECT_EQ(Unzip(Gzip("one ") + Gzip("two")).value(), "one two");
  EXPECT_EQ(Unzip(Gzip("")).value(), "");
}

TEST(Gunzip, SaysWhenTheInputEndsInsideAMember) {
  const std::string whole = Gzip(std::string(5000, 'x') + "end");
  for (std::size_t keep : {std::size_t{0}, std::size_t{5}, whole.size() / 2, whole.size() - 1}) {
    EXPECT_EQ(Unzip(whole.substr(0, keep)).status().message(), "gzip stream is truncated") << keep;
  }
}

TEST(Gunzip, RefusesDamage) {
  std::string damaged = Gzip("hello hello hello");
  damaged[damaged.size() - 6] = static_cast<char>(damaged[damaged.size() - 6] + 1);  // the checksum
  EXPECT_FALSE(Unzip(damaged).ok());
  EXPECT_FALSE(Unzip("plain text, no gzip").ok());
}

TEST(ReadAll, NamesWhatIsTooLarge) {
  StringSource source(std::string(11, 'x'));
  const Status status = ReadAll(source, 10, "the body").status();
  EXPECT_EQ(status.reason(), "uploadTooLarge");
  EXPECT_EQ(status.message(), "the body is over 10 bytes");
}

}  // namespace
}  // namespace landfall
