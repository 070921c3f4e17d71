#include "server/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace landfall::server {
namespace {

using ::testing::HasSubstr;

TEST(ReadConfig, HasTheDocumentedDefaults) {
  const Config config = ReadConfig({}, {}).value();
  EXPECT_EQ(config.host, "127.0.0.1");
  EXPECT_EQ(config.port, 8080);
  EXPECT_EQ(config.data_dir, "./landfall-data");
  EXPECT_EQ(config.project, "landfall");
  EXPECT_EQ(config.profile, "default");
}

TEST(ReadConfig, TakesFlagsInBothForms) {
  const Config config = ReadConfig({"--listen", "0.0.0.0:0", "--project=p"}, {}).value();
  EXPECT_EQ(config.host, "0.0.0.0");
  EXPECT_EQ(config.port, 0);
  EXPECT_EQ(config.project, "p");
}

TEST(ReadConfig, NamesTheNearestFlag) {
  EXPECT_THAT(ReadConfig({"--lissten", "x"}, {}).status().message(),
              HasSubstr("did you mean --listen?"));
  EXPECT_THAT(ReadConfig({"--listen"}, {}).status().message(), HasSubstr("needs a value"));
  EXPECT_THAT(ReadConfig({"--listen", "8080"}, {}).status().message(), HasSubstr("not HOST:PORT"));
  EXPECT_THAT(ReadConfig({"word"}, {}).status().message(), HasSubstr("unexpected argument"));
}

TEST(ReadConfig, RefusesAnUnbuiltProfileByName) {
  EXPECT_EQ(ReadConfig({"--profile", "strict"}, {}).status().code(), Code::kUnimplemented);
  EXPECT_EQ(ReadConfig({"--profile", "fast"}, {}).status().code(), Code::kInvalidArgument);
}

TEST(ReadConfig, KeepsDocumentedIngestVariablesOfTheEnvironment) {
  const Config config = ReadConfig({}, {"SUCCESS_FILENAME=_DONE", "HOME=/root"}).value();
  EXPECT_EQ(config.ingest_variables,
            (std::map<std::string, std::string>{{"SUCCESS_FILENAME", "_DONE"}}));
}

TEST(ApplyConfigFile, ReadsSettingsAndRules) {
  Config config;
  const Status status = ApplyConfigFile(
      R"({"project": "p", "ingestRules": [{"id": "r", "bucket": "b", "variables": {"MAX_BATCH_BYTES": 10}}]})",
      &config);
  ASSERT_TRUE(status.ok()) << status.ToString();
  ASSERT_EQ(config.ingest_rules.size(), 1u);
  EXPECT_EQ(config.ingest_rules[0].project, "p");
  EXPECT_EQ(config.ingest_rules[0].variables.at("MAX_BATCH_BYTES"), "10");
}

TEST(ApplyConfigFile, RefusesUnknownKeysByName) {
  Config config;
  EXPECT_THAT(ApplyConfigFile(R"({"datadir": "x"})", &config).message(),
              HasSubstr("did you mean \"dataDir\"?"));
  EXPECT_THAT(
      ApplyConfigFile(R"({"ingestRules": [{"id": "r", "buckett": "b"}]})", &config).message(),
      HasSubstr("\"bucket\""));
  EXPECT_FALSE(ApplyConfigFile("[]", &config).ok());
}

}  // namespace
}  // namespace landfall::server
