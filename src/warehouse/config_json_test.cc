#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "warehouse/types.h"

namespace landfall::warehouse {
namespace {

using ::testing::HasSubstr;

Result<LoadConfig> Parse(std::string_view json) {
  return ParseLoadConfig(ParseJson(json).value().as_object());
}

TEST(LoadConfigJson, ReadsEveryBuiltMember) {
  const LoadConfig config = Parse(R"({
    "destinationTable": {"projectId": "p", "datasetId": "d", "tableId": "t$20240517"},
    "sourceUris": ["gs://b/*.json"], "sourceFormat": "NEWLINE_DELIMITED_JSON", "autodetect": true,
    "schema": {"fields": [{"name": "a", "type": "INT64", "mode": "required"}]},
    "writeDisposition": "WRITE_TRUNCATE", "createDisposition": "CREATE_NEVER", "maxBadRecords": 3,
    "ignoreUnknownValues": true, "schemaUpdateOptions": ["ALLOW_FIELD_RELAXATION"],
    "timePartitioning": {"type": "DAY", "expirationMs": "1000"}, "clustering": {"fields": ["a"]},
    "skipLeadingRows": "1", "fieldDelimiter": "\\t", "quote": "", "nullMarker": "-",
    "allowJaggedRows": true})")
                                .value();
  EXPECT_EQ(config.destination, (TableRef{"p", "d", "t"}));
  EXPECT_EQ(config.partition, "20240517");
  EXPECT_EQ(config.source_format, SourceFormat::kNewlineDelimitedJson);
  EXPECT_EQ(config.schema->at(0).mode, Mode::kRequired);
  EXPECT_EQ(config.write_disposition, WriteDisposition::kTruncate);
  EXPECT_EQ(config.create_disposition, CreateDisposition::kNever);
  EXPECT_EQ(config.max_bad_records, 3);
  EXPECT_FALSE(config.allow_field_addition);
  EXPECT_TRUE(config.allow_field_relaxation);
  EXPECT_EQ(config.time_partitioning->expiration_ms, 1000);
  EXPECT_EQ(config.skip_leading_rows, 1);
  EXPECT_EQ(config.field_delimiter, "\t");
  EXPECT_EQ(config.quote, "");
}

TEST(LoadConfigJson, RefusesByName) {
  struct Case {
    std::string json, message;
    Code code;
  };
  const Case cases[] = {
      {R"({"sourceFormt": "CSV"})", "did you mean \"sourceFormat\"?", Code::kInvalidArgument},
      {R"({"sourceFormat": "CVS"})", "did you mean \"CSV\"?", Code::kInvalidArgument},
      {R"({"sourceFormat": "AVRO"})",
       "configuration.load.sourceFormat \"AVRO\" is not supported yet", Code::kUnimplemented},
      {R"({"hivePartitioningOptions": {"mode": "AUTO"}})",
       "configuration.load.hivePartitioningOptions.sourceUriPrefix", Code::kInvalidArgument},
      {R"({"hivePartitioningOptions": {"mode": "AUT"}})", "did you mean \"AUTO\"?",
       Code::kInvalidArgument},
      {R"({"hivePartitioningOptions": {"sourceUriPrefix": "gs://b", "requirePartitionFilter": true}})",
       "hivePartitioningOptions.requirePartitionFilter", Code::kUnimplemented},
      {R"({"nullMarker": "x", "nullMarkers": ["y"]})", "exclude each other",
       Code::kInvalidArgument},
      {R"({"decimalTargetTypes": ["FLOAT64"]})", "decimalTargetTypes", Code::kInvalidArgument},
      {R"({"schemaUpdateOptions": ["ALLOW_FIELD_ADDITION"], "writeDisposition": "WRITE_TRUNCATE"})",
       "Schema update options should only be specified with WRITE_APPEND", Code::kInvalidArgument},
      {R"({"dateFormat": "YYYY"})", "configuration.load.dateFormat", Code::kUnimplemented},
      {R"({"timeFormat": "HH"})", "configuration.load.timeFormat", Code::kUnimplemented},
      {R"({"timeZone": "UTC"})", "configuration.load.timeZone", Code::kUnimplemented},
      {R"({"projectionFields": ["a"]})", "configuration.load.projectionFields",
       Code::kUnimplemented},
      {R"({"sourceFormat": "ORC"})", "sourceFormat \"ORC\" is not supported yet",
       Code::kUnimplemented},
      {R"({"writeDisposition": "WRITE_TRUNCAT"})", "did you mean \"WRITE_TRUNCATE\"?",
       Code::kInvalidArgument},
      {R"({"schemaUpdateOptions": ["ALLOW_FIELD_ADDITON"]})", "ALLOW_FIELD_ADDITION",
       Code::kInvalidArgument},
      {R"({"encoding": "UTF-16LE"})", "encoding \"UTF-16LE\" is not supported yet",
       Code::kUnimplemented},
      {R"({"destinationTable": {"datasetId": "d", "tableId": "t$20241301"}})",
       "there is no such date", Code::kInvalidArgument},
      {R"({"schema": {"fields": [{"name": "a", "type": "INTEGR"}]}})",
       "INTEGR is not a valid value", Code::kInvalidArgument},
      {R"({"schema": {"fields": [{"name": "a", "type": "STRING", "maxLength": "3"}]}})",
       "schema.fields.maxLength", Code::kUnimplemented},
      {R"({"schema": {"fields": [{"name":"a","type":"STRING"},{"name":"A","type":"STRING"}]}})",
       "Duplicate field name", Code::kInvalidArgument},
      {R"({"schema": {"fields": [{"name": "_partitiontime", "type": "STRING"}]}})", "is reserved",
       Code::kInvalidArgument},
      {R"({"schema": {"fields": [{"name": "r", "type": "RECORD"}]}})",
       "is type RECORD but has no schema", Code::kInvalidArgument},
      {R"({"maxBadRecords": -1})", "maxBadRecords must not be negative", Code::kInvalidArgument},
  };
  for (const Case& c : cases) {
    const Result<LoadConfig> result = Parse(c.json);
    EXPECT_EQ(result.status().code(), c.code) << c.json;
    EXPECT_THAT(result.status().message(), HasSubstr(c.message)) << c.json;
  }
}

TEST(LoadConfigJson, KnownUnbuiltMembersThatSayNothingAreFine) {
  EXPECT_TRUE(Parse(
                  R"({"hivePartitioningOptions": {}, "useAvroLogicalTypes": false,
               "projectionFields": [], "jsonExtension": null})")
                  .ok());
}

}  // namespace
}  // namespace landfall::warehouse
