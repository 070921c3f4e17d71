#include "ingest/variables.h"

#include <gtest/gtest.h>

namespace landfall::ingest {
namespace {

TEST(IngestVariables, DefaultsAreTheDocumentedOnes) {
  const Variables defaults = ParseVariables({}).value();
  EXPECT_EQ(defaults.names.success, "_SUCCESS");
  EXPECT_EQ(defaults.batch_bytes_max, 15'000'000'000'000u);
  EXPECT_EQ(defaults.job_prefix, "gcf-ingest-");
  EXPECT_TRUE(defaults.pattern.is_default());
  EXPECT_FALSE(defaults.order_per_table);
}

TEST(IngestVariables, ValuesTakeEffect) {
  const Variables parsed = ParseVariables({{"SUCCESS_FILENAME", "_DONE"},
                                           {"MAX_BATCH_BYTES", "10"},
                                           {"JOB_PREFIX", "mine-"},
                                           {"GCP_PROJECT", "g"},
                                           {"BQ_STORAGE_PROJECT", "s"},
                                           {"FUNCTION_NAME", "f"},
                                           {"ORDER_PER_TABLE", "Yes"},
                                           {"MAX_RETRIES_ON_BIGQUERY_ERROR", "5"},
                                           {"DESTINATION_REGEX", "(?P<table>x)/"}})
                               .value();
  EXPECT_EQ(parsed.names.success, "_DONE");
  EXPECT_EQ(parsed.batch_bytes_max, 10u);
  EXPECT_EQ(parsed.job_prefix, "mine-");
  EXPECT_EQ(parsed.job_project, "g");
  EXPECT_EQ(parsed.storage_project, "s");
  EXPECT_EQ(parsed.service, "f");
  EXPECT_TRUE(parsed.order_per_table);
  EXPECT_EQ(parsed.retries_max, 5);
  EXPECT_EQ(parsed.pattern.text(), "(?P<table>x)/");
}

TEST(IngestVariables, SpecificNamesWinOverGeneralOnes) {
  const Variables parsed =
      ParseVariables(
          {{"GCP_PROJECT", "g"}, {"BQ_PROJECT", "b"}, {"FUNCTION_NAME", "f"}, {"K_SERVICE", "k"}})
          .value();
  EXPECT_EQ(parsed.job_project, "b");
  EXPECT_EQ(parsed.service, "k");
}

TEST(IngestVariables, BooleansOfTheContract) {
  for (const char* yes : {"y", "yes", "t", "true", "on", "1", "TRUE"}) {
    EXPECT_TRUE(ParseVariables({{"ORDER_PER_TABLE", yes}}).value().order_per_table) << yes;
  }
  for (const char* no : {"n", "no", "f", "false", "off", "0", "False"}) {
    EXPECT_FALSE(ParseVariables({{"ORDER_PER_TABLE", no}}).value().order_per_table) << no;
  }
}

struct Refusal {
  const char* name;
  const char* value;
  Code code;
  const char* says;
};
class RefusedVariable : public ::testing::TestWithParam<Refusal> {};
TEST_P(RefusedVariable, NamesTheVariable) {
  const Result<Variables> parsed = ParseVariables({{GetParam().name, GetParam().value}});
  ASSERT_FALSE(parsed.ok());
  EXPECT_EQ(parsed.status().code(), GetParam().code);
  EXPECT_NE(parsed.status().message().find(GetParam().says), std::string::npos)
      << parsed.status().message();
}
INSTANTIATE_TEST_SUITE_P(
    IngestVariables, RefusedVariable,
    ::testing::Values(
        Refusal{"SUCESS_FILENAME", "x", Code::kInvalidArgument, "did you mean SUCCESS_FILENAME"},
        Refusal{"SUCCESS_FILENAME", "a/b", Code::kInvalidArgument, "base name"},
        Refusal{"SUCCESS_FILENAME", "_BACKFILL", Code::kInvalidArgument, "reserved"},
        Refusal{"START_BACKFILL_FILENAME", "_SUCCESS", Code::kInvalidArgument, "both"},
        Refusal{"MAX_BATCH_BYTES", "0", Code::kInvalidArgument, "at least 1"},
        Refusal{"MAX_BATCH_BYTES", "15TB", Code::kInvalidArgument, "MAX_BATCH_BYTES"},
        Refusal{"JOB_PREFIX", "a b", Code::kInvalidArgument, "letters, digits"},
        Refusal{"ORDER_PER_TABLE", "maybe", Code::kInvalidArgument, "y/yes"},
        Refusal{"DESTINATION_REGEX", "(?=x)(?P<table>x)", Code::kInvalidArgument, "look-ahead"},
        Refusal{"MAX_RETRIES_ON_BIGQUERY_ERROR", "10", Code::kInvalidArgument, "0 to 9"},
        Refusal{"WAIT_FOR_VALIDATION", "true", Code::kUnimplemented, "WAIT_FOR_VALIDATION"},
        Refusal{"FAIL_ON_ZERO_DML_ROWS_AFFECTED", "no", Code::kUnimplemented, "external-query"},
        Refusal{"FUNCTION_TIMEOUT_SEC", "61", Code::kUnimplemented, "ordering"},
        Refusal{"BQ_LOAD_STATE_TABLE", "x.y", Code::kUnimplemented, "load-state table"}));

TEST(IngestVariables, LaterFeaturesAtTheirDefaultsAreFine) {
  EXPECT_TRUE(ParseVariables({{"WAIT_FOR_VALIDATION", "no"},
                              {"FAIL_ON_ZERO_DML_ROWS_AFFECTED", "True"},
                              {"FUNCTION_TIMEOUT_SEC", "540"},
                              {"RESTART_BUFFER_SECONDS", "30"},
                              {"USE_ERROR_REPORTING_API", "1"},
                              {"WAIT_FOR_JOB_SECONDS", "5"},
                              {"BQ_LOAD_STATE_TABLE", "bigquery_loads.serverless_bq_loads"}})
                  .ok());
}

}  // namespace
}  // namespace landfall::ingest
