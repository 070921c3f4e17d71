#include "warehouse/ndjson.h"

#include <gtest/gtest.h>

#include <string>

namespace landfall::warehouse {
namespace {

using googlesql::TypeKind;

Field F(std::string name, TypeKind type, Mode mode = Mode::kNullable,
        std::vector<Field> fields = {}) {
  return {.name = std::move(name),
          .type = type,
          .mode = mode,
          .description = "",
          .fields = std::move(fields)};
}

const Schema& TestSchema() {
  static const Schema schema = {
      F("id", TypeKind::kInt64, Mode::kRequired),
      F("name", TypeKind::kString),
      F("score", TypeKind::kFloat64),
      F("doc", TypeKind::kJson),
      F("tags", TypeKind::kString, Mode::kRepeated),
      F("who", TypeKind::kStruct, Mode::kNullable,
        {F("a", TypeKind::kInt64, Mode::kRequired), F("b", TypeKind::kBool, Mode::kRepeated)}),
      F("rows", TypeKind::kStruct, Mode::kRepeated,
        {F("x", TypeKind::kInt64), F("ys", TypeKind::kInt64, Mode::kRepeated)})};
  return schema;
}

// A chunk of the schema with a reader on it.
class Reading {
 public:
  explicit Reading(bool ignore_unknown = false)
      : writer_(TestSchema()), reader_({.ignore_unknown_values = ignore_unknown}, writer_) {
    std::vector<DuckType> types;
    std::vector<duckdb_logical_type> raw;
    for (const Field& field : TestSchema()) {
      types.push_back(DuckTypeOf(field));
      raw.push_back(types.back().get());
    }
    chunk_ = duckdb_create_data_chunk(raw.data(), raw.size());
    writer_.Bind(chunk_, 0);
  }
  ~Reading() { duckdb_destroy_data_chunk(&chunk_); }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  // "" or "code column".
  std::string Read(std::string_view line, idx_t row = 0) {
    // The copy ends exactly at the padding, so that ASan sees every read behind it.
    lines_.push_back(std::make_unique<char[]>(line.size() + kLinePaddingBytes));
    std::copy(line.begin(), line.end(), lines_.back().get());
    RecordError error;
    if (reader_.ReadRecord({lines_.back().get(), line.size()}, row, error)) return "";
    return std::string(error.code) + (error.column.empty() ? "" : " " + error.column);
  }
  std::string Text(std::size_t column, idx_t row) {
    auto& s = static_cast<duckdb_string_t*>(writer_.columns()[column].data)[row];
    return {duckdb_string_t_data(&s), duckdb_string_t_length(s)};
  }
  bool IsNull(std::size_t column, idx_t row) {
    const std::uint64_t* validity = writer_.columns()[column].validity;
    return validity != nullptr && (validity[row / 64] >> (row % 64) & 1) == 0;
  }
  ChunkWriter& writer() { return writer_; }

 private:
  ChunkWriter writer_;
  NdjsonReader reader_;
  duckdb_data_chunk chunk_ = nullptr;
  std::vector<std::unique_ptr<char[]>> lines_;
};

TEST(Ndjson, NamesCodeAndColumnOfBadRecords) {
  const struct {
    std::string line, error;
  } cases[] = {
      {R"({"id":1})", ""},
      {R"({"id":1}  )", ""},
      {"{\"id\":1}\r", ""},
      {"\t {\"ID\":1,\"Name\":\"x\"}", ""},
      {R"({"id":"12"})", ""},
      {R"({"id":1,"name":12.50})", ""},
      {R"({"id":1,"tags":null,"who":null,"doc":null})", ""},
      {R"({"id":1,"who":{"a":1},"rows":[{},{"x":1,"ys":[1,2]}]})", ""},
      {R"({"\u0069d":1})", ""},
      {R"({"id":1,"id":2})", "duplicate_key id"},
      {R"({"id":1,"ID":2})", "duplicate_key id"},
      {R"({"id":1,"who":{"a":1,"a":2}})", "duplicate_key who.a"},
      {R"({"name":"x"})", "missing_required id"},
      {R"({"id":null})", "missing_required id"},
      {R"({"id":1,"who":{}})", "missing_required who.a"},
      {R"({"id":1,"nope":2})", "unknown_field nope"},
      {R"({"id":1,"who":{"a":1,"z":2}})", "unknown_field who.z"},
      {R"({"id":9223372036854775808})", "out_of_range id"},
      {R"({"id":1.5})", "invalid_value id"},
      {R"({"id":true})", "wrong_type id"},
      {R"({"id":{"a":1}})", "not_a_scalar id"},
      {R"({"id":[1]})", "not_a_scalar id"},
      {R"({"id":1,"score":NaN})", "invalid_json score"},
      {R"({"id":1,"score":"NaN"})", ""},
      {R"({"id":01})", "invalid_json id"},
      {R"({"id":1,"tags":"x"})", "not_an_array tags"},
      {R"({"id":1,"tags":["x",null]})", "null_in_array tags[1]"},
      {R"({"id":1,"rows":[{"x":1},{"x":"a"}]})", "invalid_value rows[1].x"},
      {R"({"id":1,"who":[]})", "not_a_record who"},
      {R"({"id":1)", "invalid_json"},
      {R"({"id":1,})", "invalid_json"},
      {R"({"id":1}x)", "invalid_json"},
      {R"({"id":1}{"id":2})", "invalid_json"},
      {R"({"id" 1})", "invalid_json"},
      {R"({"id":1,"name":"b":"x"})", "invalid_json"},
      {R"({"id":1,"doc":"b":"x"})", "invalid_json"},
      {R"({"id":1,"tags":["b":"x"]})", "invalid_json tags[0]"},
      {R"({"id":1:2})", "invalid_json"},
      {R"({"id":1 2})", "invalid_json"},
      {R"([{"id":1}])", "not_an_object"},
      {R"("x")", "not_an_object"},
      {"nonsense", "not_an_object"},
      {R"({"id":1,"name":"\ud800"})", "invalid_json name"},
      {R"({"id":1,"name":"\q"})", "invalid_json name"},
      {R"({"id":1,"name":nul})", "invalid_json name"},
      {R"({"id":1,"doc":{"a":tru}})", "invalid_json doc"},
      {"{\"id\":1,\"name\":\"\xff\"}", "invalid_utf8"},
      {std::string("{\"id\":1,\"name\":\"a\0b\"}", 22), "invalid_json"},
      {std::string("{\"id\":1\0}", 9), "invalid_json id"},
      {"{\"id\":1,\"name\":\"a\tb\"}", "invalid_json"},
      {"{\"id\":1,\"doc\":" + std::string(10'000, '[') + std::string(10'000, ']') + "}",
       "too_deep doc"},
      {"{\"id\":1,\"zzz\":" + std::string(10'000, '[') + std::string(10'000, ']') + "}",
       "unknown_field zzz"},
      {std::string(10'000, '['), "not_an_object"},
      {"{\"id\":1,\"doc\":" + std::string(10'000, '['), "invalid_json"},
      {"", "invalid_json"},
  };
  for (const auto& c : cases) {
    Reading reading;
    EXPECT_EQ(reading.Read(c.line), c.error) << c.line.substr(0, 80);
  }
}

TEST(Ndjson, IgnoredValuesMustStillBeJson) {
  Reading reading(true);
  EXPECT_EQ(reading.Read(R"({"id":1,"nope":{"a":[1,2,{"b":null}]},"x":true})"), "");
  EXPECT_EQ(reading.Read(R"({"id":1,"nope":{"a":[1,2,}})"), "invalid_json nope");
  EXPECT_EQ(reading.Read(R"({"id":1,"nope":tru})"), "invalid_json nope");
  EXPECT_EQ(reading.Read(R"({"id":1,"no\u0'pe":1})"), "invalid_json");
  EXPECT_EQ(reading.Read("{\"id\":1,\"deep\":" + std::string(10'000, '[') +
                         std::string(10'000, ']') + "}"),
            "too_deep deep");
}

TEST(Ndjson, WritesStringsWithAndWithoutEscapes) {
  Reading reading;
  ASSERT_EQ(reading.Read(R"({"id":1,"name":"plain text of some length","doc":{"a": 1}})", 0), "");
  ASSERT_EQ(reading.Read(R"({"id":2,"name":"t\t\u00e9\ud83d\ude00\/","doc":"s"})", 1), "");
  ASSERT_EQ(reading.Read(R"({"id":3,"doc":[1 , 2]})", 2), "");
  EXPECT_EQ(reading.Text(1, 0), "plain text of some length");
  EXPECT_EQ(reading.Text(1, 1), "t\t\xc3\xa9\xf0\x9f\x98\x80/");
  EXPECT_TRUE(reading.IsNull(1, 2));
  EXPECT_EQ(reading.Text(3, 0), "{\"a\": 1}");
  EXPECT_EQ(reading.Text(3, 1), "\"s\"");
  EXPECT_EQ(reading.Text(3, 2), "[1 , 2]");
}

TEST(Ndjson, ABadRecordLeavesNothingBehind) {
  Reading reading;
  ASSERT_EQ(reading.Read(R"({"id":1,"tags":["a","b"]})", 0), "");
  ASSERT_EQ(reading.Read(R"({"tags":["x","y","z"],"name":null,"id":"bad"})", 1),
            "invalid_value id");
  ASSERT_EQ(reading.Read(R"({"id":2,"tags":["c"],"name":"n"})", 1), "");
  ColumnSlot& tags = reading.writer().columns()[4];
  EXPECT_EQ(tags.used, 3u);
  EXPECT_EQ(tags.entries[1].offset, 2u);
  EXPECT_EQ(tags.entries[1].length, 1u);
  EXPECT_FALSE(reading.IsNull(1, 1));
}

TEST(Ndjson, ArraysGrowPastTheVectorSize) {
  Reading reading;
  std::string line = R"({"id":1,"rows":[)";
  for (int i = 0; i < 10'000; ++i)
    line += (i ? "," : "") + std::string(i % 3 ? R"({"x":7,"ys":[1,2,3]})" : "{}");
  ASSERT_EQ(reading.Read(line + "]}"), "");
  ColumnSlot& rows = reading.writer().columns()[6];
  EXPECT_EQ(rows.used, 10'000u);
  EXPECT_EQ(rows.fields[1].used, 19'998u);
  EXPECT_EQ(static_cast<std::int64_t*>(rows.fields[0].data)[9'998], 7);
  EXPECT_EQ(rows.fields[0].validity[9'999 / 64] >> (9'999 % 64) & 1, 0u);
}

TEST(Ndjson, GotIsCutBetweenCharacters) {
  std::string text(199, 'a');
  text += "\xc3\xa9z";
  EXPECT_EQ(CutGot(text), std::string(199, 'a'));
}

}  // namespace
}  // namespace landfall::warehouse
