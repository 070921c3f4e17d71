#include "warehouse/wire.h"

#include <gtest/gtest.h>

#include "warehouse/duck.h"

namespace landfall::warehouse {
namespace {

using googlesql::Type;
using googlesql::TypeKind;

Type Of(TypeKind kind) {
  Type type;
  type.kind = kind;
  return type;
}

std::string EncodeOne(const std::string& expression, const Type& type,
                      TimestampForm form = TimestampForm::kFloatSeconds) {
  const auto database = Database::Open({}, nullptr).value();
  const auto connection = database->Connect().value();
  QueryResult result = connection->Run("SELECT " + expression).value();
  std::vector<std::string> rows;
  EXPECT_TRUE(RowEncoder({type}).Encode(result.NextChunk().value(), rows).ok());
  const std::string row = FinishRow(rows.at(0), form);
  return row.substr(11, row.size() - 14);  // inside {"f":[{"v": ... }]}
}

TEST(WireValue, EveryScalarIsAStringAsBigQueryWritesIt) {
  struct Case {
    TypeKind kind;
    std::string expression, wire;
  };
  const Case cases[] = {
      {TypeKind::kBool, "true", "\"true\""},
      {TypeKind::kBool, "NULL::BOOLEAN", "null"},
      {TypeKind::kInt64, "-9223372036854775808", "\"-9223372036854775808\""},
      {TypeKind::kInt64, "42::INTEGER", "\"42\""},
      {TypeKind::kFloat64, "1.0::DOUBLE", "\"1.0\""},
      {TypeKind::kFloat64, "0.1::DOUBLE", "\"0.1\""},
      {TypeKind::kFloat64, "1e20::DOUBLE", "\"1e+20\""},
      {TypeKind::kFloat64, "'nan'::DOUBLE", "\"NaN\""},
      {TypeKind::kFloat64, "'-inf'::DOUBLE", "\"-Infinity\""},
      {TypeKind::kNumeric, "12.500000000::DECIMAL(38,9)", "\"12.5\""},
      {TypeKind::kNumeric, "-0.000000001::DECIMAL(38,9)", "\"-0.000000001\""},
      {TypeKind::kNumeric, "100::DECIMAL(38,9)", "\"100\""},
      {TypeKind::kNumeric, "0::DECIMAL(38,9)", "\"0\""},
      {TypeKind::kNumeric, "1.5::DECIMAL(4,2)", "\"1.5\""},
      {TypeKind::kNumeric, "99999999999999999999999999999.999999999::DECIMAL(38,9)",
       "\"99999999999999999999999999999.999999999\""},
      {TypeKind::kString, "'a\"b\\' || chr(10) || chr(1) || 'é'", "\"a\\\"b\\\\\\n\\u0001é\""},
      {TypeKind::kString, "''", "\"\""},
      {TypeKind::kBytes, "'\\x00\\xFF'::BLOB", "\"AP8=\""},
      {TypeKind::kJson, "'{\"a\":1}'::JSON", "\"{\\\"a\\\":1}\""},
      {TypeKind::kDate, "DATE '2024-02-29'", "\"2024-02-29\""},
      {TypeKind::kDate, "DATE '0001-01-01'", "\"0001-01-01\""},
      {TypeKind::kTime, "TIME '01:02:03.5'", "\"01:02:03.500000\""},
      {TypeKind::kDatetime, "TIMESTAMP '1969-12-31 23:59:59.000001'",
       "\"1969-12-31T23:59:59.000001\""},
      {TypeKind::kDatetime, "TIMESTAMP '2020-01-01 00:00:00'", "\"2020-01-01T00:00:00\""},
      {TypeKind::kInterval, "INTERVAL '14 months 3 days 4 hours 5 minutes 6.5 seconds'",
       "\"1-2 3 4:5:6.500000\""},
  };
  for (const Case& c : cases)
    EXPECT_EQ(EncodeOne(c.expression, Of(c.kind)), c.wire) << c.expression;
}

TEST(WireValue, TimestampsAreFloatSecondsOrIntegerMicroseconds) {
  const Type type = Of(TypeKind::kTimestamp);
  struct Case {
    std::string instant, seconds, micros;
  };
  const Case cases[] = {
      {"2020-01-01 00:00:00+00", "1.5778368E9", "1577836800000000"},
      {"2020-01-01 00:00:00.123456+00", "1.577836800123456E9", "1577836800123456"},
      {"1970-01-01 00:00:00+00", "0.0", "0"},
      {"1969-12-31 23:59:58.5+00", "-1.5", "-1500000"},
      {"1970-01-01 00:00:00.000001+00", "1.0E-6", "1"},
  };
  for (const Case& c : cases) {
    const std::string sql = "TIMESTAMPTZ '" + c.instant + "'";
    EXPECT_EQ(EncodeOne(sql, type), "\"" + c.seconds + "\"");
    EXPECT_EQ(EncodeOne(sql, type, TimestampForm::kInt64Micros), "\"" + c.micros + "\"");
  }
}

TEST(WireValue, ArraysAreNeverNullAndStructsNest) {
  const Type ints = googlesql::ArrayOf(Of(TypeKind::kInt64));
  EXPECT_EQ(EncodeOne("[1, NULL, 3]", ints), R"([{"v":"1"},{"v":null},{"v":"3"}])");
  EXPECT_EQ(EncodeOne("NULL::BIGINT[]", ints), "[]");
  Type record = Of(TypeKind::kStruct);
  record.fields = {{"a", Of(TypeKind::kInt64)},
                   {"b", googlesql::ArrayOf(Of(TypeKind::kTimestamp))}};
  EXPECT_EQ(EncodeOne("{'a': 1::BIGINT, 'b': [TIMESTAMPTZ '1970-01-01 00:00:01+00']}", record),
            R"({"f":[{"v":"1"},{"v":[{"v":"1.0"}]}]})");
  EXPECT_EQ(EncodeOne("NULL::STRUCT(a BIGINT, b TIMESTAMPTZ[])", record), "null");
}

TEST(WireValue, SchemaUsesRepeatedForArrays) {
  Type record = Of(TypeKind::kStruct);
  record.fields = {{"x", Of(TypeKind::kInt64)}};
  const Schema schema =
      SchemaOf({{"f0_", Of(TypeKind::kFloat64)}, {"r", googlesql::ArrayOf(record)}});
  EXPECT_EQ(ToText(SchemaJson(schema)),
            R"([{"name":"f0_","type":"FLOAT","mode":"NULLABLE"},)"
            R"({"name":"r","type":"RECORD","mode":"REPEATED",)"
            R"("fields":[{"name":"x","type":"INTEGER","mode":"NULLABLE"}]}])");
}

}  // namespace
}  // namespace landfall::warehouse
