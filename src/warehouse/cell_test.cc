#include "warehouse/cell.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <optional>
#include <string>

namespace landfall::warehouse {
namespace {

using googlesql::TypeKind;

template <typename T>
struct Case {
  std::string_view text;
  std::optional<T> value;  // nullopt: the error below
  CellError error = CellError::kInvalidValue;
};

template <typename T, typename Parse>
void Check(const std::vector<Case<T>>& cases, Parse parse) {
  for (const Case<T>& c : cases) {
    T value{};
    const CellError error = parse(c.text, value);
    EXPECT_EQ(error, c.value ? CellError::kNone : c.error) << c.text;
    if (c.value && error == CellError::kNone) {
      EXPECT_EQ(value, *c.value) << c.text;
    }
  }
}

TEST(CellInt64, AcceptsIntegralTextOnly) {
  Check<std::int64_t>({{"0", 0},
                       {"-9223372036854775808", INT64_MIN},
                       {"9223372036854775807", INT64_MAX},
                       {"9223372036854775808", {}, CellError::kOutOfRange},
                       {"123456789012345678901234567890", {}, CellError::kOutOfRange},
                       {"+7", 7},
                       {" 7 ", 7},
                       {"1.0", 1},
                       {"1e3", 1000},
                       {"1500e-2", 15},
                       {"1.5", {}},
                       {"1e400", {}, CellError::kOutOfRange},
                       {"", {}},
                       {"-", {}},
                       {"abc", {}},
                       {"0x10", {}},
                       {"1 2", {}}},
                      ParseInt64Cell);
}

TEST(CellFloat64, AcceptsSpecialValuesAsText) {
  Check<double>({{"1.5", 1.5},
                 {"-2e3", -2000},
                 {"inf", HUGE_VAL},
                 {"+Infinity", HUGE_VAL},
                 {"-INF", -HUGE_VAL},
                 {"1e999", {}, CellError::kOutOfRange},
                 {"1e-999", 0.0},
                 {"", {}},
                 {"1.5x", {}},
                 {"+-1", {}},
                 {"infinit", {}}},
                ParseFloat64Cell);
  double nan = 0;
  EXPECT_EQ(ParseFloat64Cell("NaN", nan), CellError::kNone);
  EXPECT_TRUE(std::isnan(nan));
}

TEST(CellBool, AcceptsBigQueryWords) {
  Check<bool>({{"true", true},
               {"T", true},
               {"YES", true},
               {"1", true},
               {"n", false},
               {"0", false},
               {"False", false},
               {"2", {}},
               {"", {}},
               {"truee", {}}},
              ParseBoolCell);
}

TEST(CellNumeric, IsExactAndRoundsHalfAwayFromZero) {
  const Int128 one = 1'000'000'000;
  Check<Int128>({{"1", one},
                 {"-1.5", -one - one / 2},
                 {"0.0000000005", 1},
                 {"-0.0000000005", -1},
                 {"0.00000000049", 0},
                 {"1e2", 100 * one},
                 {"123e-9", 123},
                 {"1e-999999999999", 0},
                 {"99999999999999999999999999999.999999999",
                  [] {
                    Int128 v = 1;
                    for (int i = 0; i < 38; ++i) v *= 10;
                    return v - 1;
                  }()},
                 {"100000000000000000000000000000", {}, CellError::kOutOfRange},
                 {"99999999999999999999999999999.9999999995", {}, CellError::kOutOfRange},
                 {"1e99", {}, CellError::kOutOfRange},
                 {".5", one / 2},
                 {".", {}},
                 {"NaN", {}}},
                ParseNumericCell);
}

TEST(CellDate, KnowsTheCalendar) {
  Check<std::int32_t>({{"1970-01-01", 0},
                       {"2024-02-29", 19782},
                       {"2024-2-9", 19762},
                       {"0001-01-01", -719162},
                       {"9999-12-31", 2932896},
                       {"2023-02-29", {}, CellError::kOutOfRange},
                       {"2024-13-01", {}, CellError::kOutOfRange},
                       {"0000-01-01", {}, CellError::kOutOfRange},
                       {"2024/02/29", {}},
                       {"2024-02-29 00:00", {}},
                       {"24-02-29", {}},
                       {"", {}}},
                      ParseDateCell);
}

TEST(CellTime, ReadsOptionalSecondsAndFraction) {
  Check<std::int64_t>({{"00:00:00", 0},
                       {"1:2", 3'720'000'000},
                       {"23:59:59.999999", 86'399'999'999},
                       {"12:00:00.5", 43'200'500'000},
                       {"24:00:00", {}, CellError::kOutOfRange},
                       {"12:60:00", {}, CellError::kOutOfRange},
                       {"12", {}},
                       {"12:00:00.", {}},
                       {"12:00:00Z", {}}},
                      ParseTimeCell);
}

TEST(CellDatetime, TakesTOrSpaceAndNoZone) {
  Check<std::int64_t>({{"1970-01-01T00:00:01", 1'000'000},
                       {"1970-01-01 00:00:01.25", 1'250'000},
                       {"1970-01-02", 86'400'000'000},
                       {"1970-01-02Z", {}},
                       {"1970-01-01T00:00:00+01:00", {}},
                       {"1970-01-01T25:00:00", {}, CellError::kOutOfRange}},
                      ParseDatetimeCell);
}

TEST(CellTimestamp, ReadsZonesAndEpochSeconds) {
  Check<std::int64_t>({{"1970-01-01T00:00:01Z", 1'000'000},
                       {"1970-01-01 00:00:01 UTC", 1'000'000},
                       {"1970/01/01 00:00:01", 1'000'000},
                       {"1970-01-01T01:00:01+01:00", 1'000'000},
                       {"1970-01-01T01:00:01+01", 1'000'000},
                       {"1970-01-01T01:00:01+0100", 1'000'000},
                       {"1969-12-31 23:00:01 -1:00", 1'000'000},
                       {"1970-01-01 00:00:01.123456789Z", 1'123'456},
                       {"1970-01-02", 86'400'000'000},
                       {"0", 0},
                       {"1.5", 1'500'000},
                       {"-1.5", -1'500'000},
                       {"1408452095.220000", 1'408'452'095'220'000},
                       {"1.408452095E9", 1'408'452'095'000'000},
                       {"253402300799.999999", 253'402'300'799'999'999},
                       {"253402300800", {}, CellError::kOutOfRange},
                       {"1600000000000", {}, CellError::kOutOfRange},
                       {"0001-01-01T00:00:00+01:00", {}, CellError::kOutOfRange},
                       {"1970-01-01T00:00:01 Mars/Phobos", {}},
                       {"1970-01-01T00:00:01+99:00", {}},
                       {"yesterday", {}},
                       {"", {}}},
                      ParseTimestampCell);
}

TEST(CellJson, ValidatesWholeTexts) {
  const struct {
    std::string text;
    JsonVerdict verdict;
  } cases[] = {
      {R"({"a":[1,-0.5e+3,"x\u00e9\n",true,null,{}],"b":[]})", JsonVerdict::kValid},
      {" 1 ", JsonVerdict::kValid},
      {R"("x")", JsonVerdict::kValid},
      {"", JsonVerdict::kInvalid},
      {"01", JsonVerdict::kInvalid},
      {"1.", JsonVerdict::kInvalid},
      {"NaN", JsonVerdict::kInvalid},
      {"tru", JsonVerdict::kInvalid},
      {"[1,]", JsonVerdict::kInvalid},
      {"{\"a\":1,}", JsonVerdict::kInvalid},
      {"{\"a\" 1}", JsonVerdict::kInvalid},
      {"{a:1}", JsonVerdict::kInvalid},
      {"[1}", JsonVerdict::kInvalid},
      {"1 2", JsonVerdict::kInvalid},
      {"\"a", JsonVerdict::kInvalid},
      {"\"\\x\"", JsonVerdict::kInvalid},
      {"\"\\u12g4\"", JsonVerdict::kInvalid},
      {std::string("\"a\nb\""), JsonVerdict::kInvalid},
      {std::string(500, '[') + std::string(500, ']'), JsonVerdict::kValid},
      {std::string(501, '[') + std::string(501, ']'), JsonVerdict::kTooDeep},
      {std::string(10'000, '['), JsonVerdict::kTooDeep},
  };
  for (const auto& c : cases)
    EXPECT_EQ(CheckJsonText(c.text, kJsonDepthMax), c.verdict) << c.text.substr(0, 40);
}

TEST(CellStore, ChecksTheKindAgainstTheType) {
  LoadArena arena;
  std::array<duckdb_string_t, 2> strings;
  std::array<std::int64_t, 2> numbers{};
  const auto store = [&](TypeKind type, ScalarKind kind, std::string_view text, void* data) {
    return StoreScalar(type, {.kind = kind, .text = text}, data, 1, arena);
  };
  EXPECT_EQ(store(TypeKind::kString, ScalarKind::kNumber, "1.50", strings.data()),
            CellError::kNone);
  EXPECT_EQ(std::string_view(strings[1].value.inlined.inlined, 4), "1.50");
  EXPECT_EQ(store(TypeKind::kInt64, ScalarKind::kBool, "true", numbers.data()),
            CellError::kWrongType);
  EXPECT_EQ(store(TypeKind::kInt64, ScalarKind::kText, "42", numbers.data()), CellError::kNone);
  EXPECT_EQ(numbers[1], 42);
  EXPECT_EQ(store(TypeKind::kBytes, ScalarKind::kText, "AAECAwQFBgcICQoLDA0ODw==", strings.data()),
            CellError::kNone);
  EXPECT_EQ(strings[1].value.pointer.length, 16u);
  EXPECT_EQ(strings[1].value.pointer.ptr[15], 15);
  EXPECT_EQ(store(TypeKind::kBytes, ScalarKind::kText, "*", strings.data()),
            CellError::kInvalidValue);
  EXPECT_EQ(store(TypeKind::kDate, ScalarKind::kNumber, "20240101", numbers.data()),
            CellError::kWrongType);
  EXPECT_EQ(store(TypeKind::kJson, ScalarKind::kText, "{", strings.data()),
            CellError::kInvalidValue);
}

}  // namespace
}  // namespace landfall::warehouse
