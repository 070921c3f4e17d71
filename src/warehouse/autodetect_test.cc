#include "warehouse/autodetect.h"

#include <gtest/gtest.h>

#include <string>

#include "warehouse/load_fakes.h"

namespace landfall::warehouse {
namespace {

using googlesql::TypeKind;

std::string Show(const Schema& schema) {
  std::string out;
  for (const Field& field : schema) {
    out += (out.empty() ? "" : " ") + field.name + ":" +
           std::string(googlesql::WireTypeName(field.type));
    if (field.mode == Mode::kRepeated) out += "[]";
    if (!field.fields.empty()) out += "{" + Show(field.fields) + "}";
  }
  return out;
}

TEST(Autodetect, ScalarsFindTheNarrowestType) {
  const struct {
    std::string_view text;
    TypeKind type;
  } cases[] = {{"12", TypeKind::kInt64},
               {"-1.5", TypeKind::kFloat64},
               {"1e5", TypeKind::kFloat64},
               {"99999999999999999999", TypeKind::kFloat64},
               {"TRUE", TypeKind::kBool},
               {"yes", TypeKind::kString},
               {"2024-05-17", TypeKind::kDate},
               {"10:20:30", TypeKind::kTime},
               {"2024-05-17T10:20:30", TypeKind::kDatetime},
               {"2024-05-17 10:20:30", TypeKind::kTimestamp},
               {"2024-05-17T10:20:30Z", TypeKind::kTimestamp},
               {"nan", TypeKind::kString},
               {"", TypeKind::kString},
               {"12 apples", TypeKind::kString}};
  for (const auto& c : cases) EXPECT_EQ(DetectScalar(c.text), c.type) << c.text;
}

TEST(Autodetect, NdjsonMergesWhatRecordsSay) {
  const struct {
    std::vector<std::string> lines;
    std::string schema;
  } cases[] = {
      {{R"({"a":1,"b":"x"})", R"({"a":1.5,"c":null})"}, "a:FLOAT b:STRING c:STRING"},
      {{R"({"r":{"x":1}})", R"({"r":{"x":2,"y":[true]}})"}, "r:RECORD{x:INTEGER y:BOOLEAN[]}"},
      {{R"({"l":[]})", R"({"l":["2024-01-01"]})"}, "l:DATE[]"},
      {{R"({"l":[{"k":1},{"m":"z"}]})"}, "l:RECORD[]{k:INTEGER m:STRING}"},
      {{R"({"m":[[1]]})"}, "m:JSON"},
      {{R"({"e":{}})"}, "e:JSON"},
      {{R"({"A":1})", "broken", R"({"a":2})"}, "A:INTEGER"},
      {{R"({"x":1})", R"({"x":"t"})"}, "x:STRING"},
      {{R"({"x":{"a":1}})", R"({"x":5})"}, "x:JSON"},
  };
  for (const auto& c : cases) EXPECT_EQ(Show(DetectNdjson(c.lines).value()), c.schema);
  EXPECT_FALSE(DetectNdjson({"[]"}).ok());
}

TEST(Autodetect, CsvHeaderIsARowOfTextOverTypedColumns) {
  const struct {
    std::vector<std::vector<std::string>> rows;
    bool header;
    std::string schema;
  } cases[] = {
      {{{"id", "full name"}, {"1", "a"}, {"2", ""}}, true, "id:INTEGER full_name:STRING"},
      {{{"x", "y"}, {"a", "b"}}, false, "string_field_0:STRING string_field_1:STRING"},
      {{{"1", "2"}, {"3", "4"}}, false, "int64_field_0:INTEGER int64_field_1:INTEGER"},
      {{{"a", "A"}, {"1", "2"}}, true, "a:INTEGER A_1:INTEGER"},
      {{{"2024x", "-"}, {"1", "2"}}, true, "_2024x:INTEGER string_field_1:INTEGER"},
  };
  for (const auto& c : cases) {
    const Detected detected = DetectCsv({}, c.rows);
    EXPECT_EQ(detected.has_header, c.header);
    EXPECT_EQ(Show(detected.schema), c.schema);
  }
}

TEST(Autodetect, ReadsOnlyASample) {
  MemoryObjects objects;
  std::string text;
  for (std::size_t i = 0; i < kSampleRecordsMax; ++i) text += "{\"a\":1}\n";
  text += "{\"later\":1}\n";
  const std::vector<SourceObject> sources = {objects.Put("a", Gzip(text)),
                                             objects.Put("b", "{\"other\":1}")};
  LoadConfig config;
  config.source_format = SourceFormat::kNewlineDelimitedJson;
  EXPECT_EQ(Show(DetectSchema(config, sources, objects).value().schema), "a:INTEGER");
  EXPECT_EQ(objects.opened, 1);
}

}  // namespace
}  // namespace landfall::warehouse
