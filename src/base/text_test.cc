#include "base/text.h"

#include <gtest/gtest.h>

#include <array>

namespace landfall {
namespace {

TEST(Base64, MatchesTheVectorsOfRfc4648) {
  const std::array<std::pair<std::string, std::string>, 7> kVectors = {{{"", ""},
                                                                        {"f", "Zg=="},
                                                                        {"fo", "Zm8="},
                                                                        {"foo", "Zm9v"},
                                                                        {"foob", "Zm9vYg=="},
                                                                        {"fooba", "Zm9vYmE="},
                                                                        {"foobar", "Zm9vYmFy"}}};
  for (const auto& [plain, encoded] : kVectors) {
    EXPECT_EQ(Base64(plain), encoded);
    EXPECT_EQ(FromBase64(encoded).value(), plain);
  }
}

TEST(Base64, AcceptsTheUrlAlphabetAndRefusesOthers) {
  EXPECT_EQ(FromBase64("-_8").value(), "\xFB\xFF");
  EXPECT_FALSE(FromBase64("a*b=").ok());
  EXPECT_FALSE(FromBase64("abcde").ok());
}

TEST(Percent, RoundTripsEveryByte) {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  EXPECT_EQ(PercentDecode(PercentEncode(all)).value(), all);
  EXPECT_EQ(PercentEncode("a/b c~"), "a%2Fb%20c~");
}

TEST(Percent, RefusesCutAndNonHexEscapes) {
  EXPECT_FALSE(PercentDecode("a%").ok());
  EXPECT_FALSE(PercentDecode("a%2").ok());
  EXPECT_FALSE(PercentDecode("a%zz").ok());
  EXPECT_EQ(PercentDecode("a+b").value(), "a+b");
}

TEST(Split, KeepsEmptyParts) {
  EXPECT_EQ(Split("a//b", '/'), (std::vector<std::string_view>{"a", "", "b"}));
  EXPECT_EQ(Split("", '/'), std::vector<std::string_view>{""});
}

TEST(Utf8, RefusesOverlongSurrogateAndCutForms) {
  EXPECT_TRUE(IsValidUtf8("a\xC3\xA9\xE2\x98\x83\xF0\x9F\x98\x80"));
  for (const char* bad : {"\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                          "\xF0\x80\x80\x80", "\xC3", "\x80", "\xFF"}) {
    EXPECT_FALSE(IsValidUtf8(bad)) << Hex(bad);
  }
}

TEST(ParseInt64, TakesTheWholeTextOrNothing) {
  EXPECT_EQ(ParseInt64("-9223372036854775808"), INT64_MIN);
  EXPECT_EQ(ParseInt64("9223372036854775808"), std::nullopt);
  EXPECT_EQ(ParseInt64("1x"), std::nullopt);
  EXPECT_EQ(ParseInt64(""), std::nullopt);
}

TEST(ParseBool, KnowsTheDocumentedSpellings) {
  EXPECT_EQ(ParseBool("Yes"), true);
  EXPECT_EQ(ParseBool("OFF"), false);
  EXPECT_EQ(ParseBool("maybe"), std::nullopt);
}

TEST(Nearest, FindsTheWordThatWasMeant) {
  EXPECT_EQ(Nearest("fieldDelimeter", {"quote", "fieldDelimiter"}), "fieldDelimiter");
  EXPECT_EQ(Nearest("WRTITE_TRUNCATE", {"WRITE_APPEND", "WRITE_TRUNCATE"}), "WRITE_TRUNCATE");
  EXPECT_EQ(Nearest("zzz", {"fieldDelimiter"}), "");
}

TEST(HumanBytes, UsesBinaryUnits) {
  EXPECT_EQ(HumanBytes(999), "999 B");
  EXPECT_EQ(HumanBytes(1536), "1.5 KiB");
}

}  // namespace
}  // namespace landfall
