#include "ingest/config.h"

#include <gtest/gtest.h>

namespace landfall::ingest {
namespace {

JsonObject Object(std::string_view text) { return ParseJson(text).value().as_object(); }

struct MergeCase {
  const char* scenario;
  const char* base;
  const char* update;
  const char* merged;
};
class RecursiveMerge : public ::testing::TestWithParam<MergeCase> {};
TEST_P(RecursiveMerge, Gives) {
  JsonObject base = Object(GetParam().base);
  MergeInto(base, Object(GetParam().update));
  EXPECT_EQ(base, Object(GetParam().merged));
}
INSTANTIATE_TEST_SUITE_P(
    BatchIngest, RecursiveMerge,
    ::testing::Values(
        MergeCase{"B10_EmptyOriginal", "{}", R"({"a":1})", R"({"a":1})"},
        MergeCase{"B11_EmptyUpdate", R"({"a":1})", "{}", R"({"a":1})"},
        MergeCase{"B12_TopLevelReplaced", R"({"a":1})", R"({"a":2})", R"({"a":2})"},
        MergeCase{"B13_ListReplacedWhole", R"({"a":[1,2]})", R"({"a":[3]})", R"({"a":[3]})"},
        MergeCase{"B14_NestedReplaced", R"({"a":{"b":1,"c":2}})", R"({"a":{"b":3}})",
                  R"({"a":{"b":3,"c":2}})"},
        MergeCase{"B15_UntouchedKept", R"({"a":1,"b":{"c":2}})", R"({"d":4})",
                  R"({"a":1,"b":{"c":2},"d":4})"},
        MergeCase{"ObjectOverScalar", R"({"a":1})", R"({"a":{"b":2}})", R"({"a":{"b":2}})"}),
    [](const auto& param_info) { return std::string(param_info.param.scenario); });

ConfigFile File(std::string name, std::string_view text) {
  return ParseConfigFile("b", name, 1, text).value();
}

const ConfigKey* KeyOf(const BatchConfig& config, std::string_view key) {
  for (const ConfigKey& known : config.keys) {
    if (known.key == key) return &known;
  }
  return nullptr;
}

TEST(IngestConfig, B68_NearestWinsAndEachKeyKnowsItsOrigin) {
  const BatchConfig config =
      ResolveConfig(
          "b",
          {File("_config/load.json", R"({"sourceFormat":"CSV","writeDisposition":"WRITE_APPEND"})"),
           File("ds/_config/load.json", R"({"sourceFormat":"AVRO"})"),
           File("ds/t/_config/load.json", R"({"writeDisposition":"WRITE_TRUNCATE"})")})
          .value();
  EXPECT_EQ(config.load.at("sourceFormat"), "AVRO");
  EXPECT_EQ(config.load.at("writeDisposition"), "WRITE_TRUNCATE");
  EXPECT_EQ(KeyOf(config, "sourceFormat")->origin, "gs://b/ds/_config/load.json");
  EXPECT_EQ(KeyOf(config, "writeDisposition")->origin, "gs://b/ds/t/_config/load.json");
}

TEST(IngestConfig, WithoutFilesTheDefaultIsAppend) {
  const BatchConfig config = ResolveConfig("b", {}).value();
  EXPECT_EQ(config.load, Object(R"({"writeDisposition":"WRITE_APPEND"})"));
  EXPECT_EQ(KeyOf(config, "writeDisposition")->origin, "default");
}

TEST(IngestConfig, B70_NothingLeaksIntoTheNextResolution) {
  ASSERT_TRUE(ResolveConfig("b", {File("_config/load.json", R"({"fieldDelimiter":"|"})")}).ok());
  EXPECT_FALSE(ResolveConfig("b", {}).value().load.contains("fieldDelimiter"));
}

TEST(IngestConfig, NestedOriginsFollowTheMerge) {
  const BatchConfig config =
      ResolveConfig(
          "b", {File("_config/load.json", R"({"timePartitioning":{"type":"DAY","field":"d"}})"),
                File("x/_config/load.json", R"({"timePartitioning":{"type":"HOUR"}})")})
          .value();
  EXPECT_EQ(KeyOf(config, "timePartitioning.type")->origin, "gs://b/x/_config/load.json");
  EXPECT_EQ(KeyOf(config, "timePartitioning.field")->origin, "gs://b/_config/load.json");
}

TEST(IngestConfig, SpecialKeysAreTakenOut) {
  const BatchConfig config =
      ResolveConfig(
          "b", {File("_config/load.json",
                     R"({"destinationRegex":"(?P<table>.*)/","dataSourceName":"src",)"
                     R"("destinationTable":{"projectId":"p","datasetId":"d","tableId":"t"}})")})
          .value();
  EXPECT_EQ(config.destination_regex, "(?P<table>.*)/");
  EXPECT_EQ(config.data_source, "src");
  EXPECT_EQ(config.destination_table->project, "p");
  EXPECT_EQ(config.destination_table->dataset, "d");
  EXPECT_EQ(config.destination_table->table, "t");
  EXPECT_EQ(config.load.size(), 1u) << "only writeDisposition is left";
  EXPECT_NE(KeyOf(config, "dataSourceName"), nullptr) << "explain still shows it";
}

TEST(IngestConfig, HashIsOfTheContentNotOfItsOrder) {
  const auto hash = [](std::string_view text) {
    return ResolveConfig("b", {File("_config/load.json", text)})->hash;
  };
  EXPECT_EQ(hash(R"({"a":1,"b":{"c":2,"d":3}})"), hash(R"({"b":{"d":3,"c":2},"a":1})"));
  EXPECT_NE(hash(R"({"a":1})"), hash(R"({"a":2})"));
}

struct BadConfig {
  const char* text;
  const char* says;
};
class RefusedConfig : public ::testing::TestWithParam<BadConfig> {};
TEST_P(RefusedConfig, NamesFileAndKey) {
  Status status;
  const Result<ConfigFile> file = ParseConfigFile("b", "ds/_config/load.json", 1, GetParam().text);
  if (!file.ok()) {
    status = file.status();
  } else {
    status = ResolveConfig("b", {*file}).status();
  }
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.reason(), "invalidConfig");
  EXPECT_NE(status.message().find("gs://b/ds/_config/load.json"), std::string::npos)
      << status.message();
  EXPECT_NE(status.message().find(GetParam().says), std::string::npos) << status.message();
}
INSTANTIATE_TEST_SUITE_P(
    IngestConfig, RefusedConfig,
    ::testing::Values(BadConfig{"{", ""}, BadConfig{"[]", "must be a JSON object"},
                      BadConfig{R"({"a":"\x10"})", ""},
                      BadConfig{R"({"destinationRegex":1})", "destinationRegex"},
                      BadConfig{R"({"destinationTable":"d.t"})", "destinationTable"},
                      BadConfig{R"({"destinationTable":{"table":"t"}})", "destinationTable.table"},
                      BadConfig{R"({"destinationTable":{"tableId":7}})",
                                "destinationTable.tableId"},
                      BadConfig{R"({"destinationTable":{"tableId":"t$2020"}})", "decorator"},
                      BadConfig{R"({"dataSourceName":{}})", "dataSourceName"},
                      BadConfig{R"({"sourceUris":["gs://x/y"]})", "sourceUris"}));

TEST(IngestConfig, AByteOrderMarkIsNoError) {
  EXPECT_TRUE(ParseConfigFile("b", "_config/load.json", 1, "\xEF\xBB\xBF{}").ok());
}

}  // namespace
}  // namespace landfall::ingest
