#include "warehouse/csv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace landfall::warehouse {
namespace {

using googlesql::TypeKind;
using ::testing::ElementsAre;

TEST(CsvFramer, EndsRecordsAtNewlinesOutsideOfQuotes) {
  CsvOptions quoted;
  quoted.allow_quoted_newlines = true;
  const struct {
    std::string text;
    std::size_t plain_bytes;
    std::int64_t plain_records;
    std::size_t quoted_bytes;
    std::int64_t quoted_records;
  } cases[] = {
      {"a,b\nc,d\ne", 8, 2, 8, 2},        {"\"a\nb\",1\nx", 8, 2, 8, 1},
      {"\"a\"\"\nb\",1\n", 10, 2, 10, 1}, {"5\" pipe,x\ny\"z\n", 14, 2, 14, 2},
      {"a,\"b\nc", 5, 1, 0, 0},           {"\"a\n", 3, 1, 0, 0},
      {"a,\"\"\nb\n", 7, 2, 7, 2},        {"", 0, 0, 0, 0},
  };
  for (const auto& c : cases) {
    const CsvFramer::Found plain = CsvFramer({}).Scan(c.text);
    EXPECT_EQ(plain.bytes, c.plain_bytes) << c.text;
    EXPECT_EQ(plain.records, c.plain_records) << c.text;
    const CsvFramer::Found found = CsvFramer(quoted).Scan(c.text);
    EXPECT_EQ(found.bytes, c.quoted_bytes) << c.text;
    EXPECT_EQ(found.records, c.quoted_records) << c.text;
  }
  EXPECT_EQ(CsvFramer(quoted).FirstRecord("\"a\nb\"\nc\n"), 6u);
  EXPECT_EQ(CsvFramer(quoted).FirstRecord("abc"), 3u);
}

std::string Show(const CsvOptions& options, std::string_view record) {
  LoadArena arena;
  std::vector<CsvField> fields;
  RecordError error;
  if (!SplitCsv(options, record, arena, fields, error)) return std::string(error.code);
  std::string out;
  for (const CsvField& field : fields)
    out += (field.quoted ? "Q[" : "[") + std::string(field.text) + "]";
  return out;
}

TEST(CsvSplit, FollowsQuotesAndEscapes) {
  const struct {
    std::string_view record, shown;
  } cases[] = {
      {"a,b", "[a][b]"},
      {"", "[]"},
      {",", "[][]"},
      {"\"a,b\",c", "Q[a,b][c]"},
      {"\"say \"\"hi\"\"\"", "Q[say \"hi\"]"},
      {"\"\"", "Q[]"},
      {"\"\"\"\"", "Q[\"]"},
      {"a\"b,c", "[a\"b][c]"},
      {"\"a\"b,c", "bad_quoting"},
      {"\"a", "unclosed_quote"},
      {"\"a\"\"", "unclosed_quote"},
      {" \"a\" ,b", "[ \"a\" ][b]"},
  };
  for (const auto& c : cases) EXPECT_EQ(Show({}, c.record), c.shown) << c.record;
  CsvOptions tabs;
  tabs.delimiter = '\t';
  tabs.quote = '\0';
  EXPECT_EQ(Show(tabs, "\"a\t,\"\tb"), "[\"a][,\"][b]");
}

std::string ReadOne(const CsvOptions& options, std::string_view record) {
  const Schema schema = {{.name = "id",
                          .type = TypeKind::kInt64,
                          .mode = Mode::kRequired,
                          .description = "",
                          .fields = {}},
                         {.name = "name",
                          .type = TypeKind::kString,
                          .mode = Mode::kNullable,
                          .description = "",
                          .fields = {}},
                         {.name = "day",
                          .type = TypeKind::kDate,
                          .mode = Mode::kNullable,
                          .description = "",
                          .fields = {}}};
  std::vector<DuckType> types;
  std::vector<duckdb_logical_type> raw;
  for (const Field& field : schema) {
    types.push_back(DuckTypeOf(field));
    raw.push_back(types.back().get());
  }
  duckdb_data_chunk chunk = duckdb_create_data_chunk(raw.data(), raw.size());
  ChunkWriter writer(schema);
  writer.Bind(chunk, 0);
  CsvReader reader(options, writer);
  RecordError error;
  std::string shown;
  if (!reader.ReadRecord(record, 0, error)) {
    shown = std::string(error.code) + (error.column.empty() ? "" : " " + error.column);
  } else {
    const auto null = [&](std::size_t i) {
      const std::uint64_t* validity = writer.columns()[i].validity;
      return validity != nullptr && (validity[0] & 1) == 0;
    };
    auto& text = *static_cast<duckdb_string_t*>(writer.columns()[1].data);
    shown =
        std::to_string(*static_cast<std::int64_t*>(writer.columns()[0].data)) + "|" +
        (null(1) ? "NULL"
                 : std::string(duckdb_string_t_data(&text), duckdb_string_t_length(text))) +
        "|" +
        (null(2) ? "NULL" : std::to_string(*static_cast<std::int32_t*>(writer.columns()[2].data)));
  }
  duckdb_destroy_data_chunk(&chunk);
  return shown;
}

TEST(CsvReader, AppliesBigQuerysOptions) {
  CsvOptions jagged, lax, marker, latin;
  jagged.allow_jagged_rows = true;
  lax.ignore_unknown_values = true;
  marker.null_markers = {"\\N"};
  latin.latin1 = true;
  const struct {
    CsvOptions options;
    std::string record, shown;
  } cases[] = {
      {{}, "1,ab,1970-01-02", "1|ab|1"},
      {{}, "1,ab,1970-01-02\r", "1|ab|1"},
      {{}, "1,,", "1|NULL|NULL"},
      {{}, "1,\"\",", "1||NULL"},
      {{}, ",a,", "missing_required id"},
      {{}, "x,a,", "invalid_value id"},
      {{}, "1,a,1970-13-01", "out_of_range day"},
      {{}, "1,a", "too_few_columns"},
      {{}, "1,a,,", "too_many_columns"},
      {jagged, "1", "1|NULL|NULL"},
      {lax, "1,a,1970-01-01,x,y", "1|a|0"},
      {marker, "1,\\N,1970-01-01", "1|NULL|0"},
      {marker, "1,,1970-01-01", "1||0"},
      {marker, "1,\"\\N\",\\N", "1|\\N|NULL"},
      {marker, "1,a,", "invalid_value day"},
      {{}, "1,\xe9,", "invalid_utf8"},
      {latin, "1,caf\xe9,", "1|caf\xc3\xa9|NULL"},
      {{}, std::string("1,a\0b,", 6), "nul_byte"},
  };
  for (const auto& c : cases) EXPECT_EQ(ReadOne(c.options, c.record), c.shown) << c.record;
}

TEST(CsvOptions, AreCheckedByName) {
  LoadConfig config;
  config.field_delimiter = "||";
  EXPECT_NE(CsvOptionsOf(config).status().message().find("fieldDelimiter"), std::string::npos);
  config.field_delimiter = "\\t";
  EXPECT_EQ(CsvOptionsOf(config).value().delimiter, '\t');
  config.encoding = "UTF-16";
  EXPECT_NE(CsvOptionsOf(config).status().message().find("encoding"), std::string::npos);
  config.encoding = "utf-8";
  config.quote = "\t";
  EXPECT_FALSE(CsvOptionsOf(config).ok());
  config.quote = "";
  EXPECT_EQ(CsvOptionsOf(config).value().quote, '\0');
}

}  // namespace
}  // namespace landfall::warehouse
