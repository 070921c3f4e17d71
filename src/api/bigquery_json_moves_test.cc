// insertAll, copy and extract over the real warehouse: what each reason looks like on the wire.
#include <algorithm>

#include "api/bigquery_json_fixture.h"

namespace landfall::api::bigquery_json {
namespace {

using ::testing::HasSubstr;

constexpr char kTable[] = R"({"datasetId":"d","tableId":"t"})";

class BigQueryMoves : public BigQueryTest {
 protected:
  BigQueryMoves() {
    MakeDataset("d");
    EXPECT_EQ(Query("CREATE TABLE d.t (id INT64 NOT NULL, big NUMERIC)").status, 200);
  }
  Reply Insert(const std::string& body) {
    return api_->Post("/datasets/d/tables/t/insertAll", body);
  }
};

TEST_F(BigQueryMoves, InsertAllKeepsEveryDigitAndSeesIdsWithEscapes) {
  const std::string row =
      R"({"rows":[{"insertId":"a\u0041","json":{"id":1,"big":12345678901234567890.123456789}}]})";
  EXPECT_EQ(Insert(row).body, R"({"kind":"bigquery#tableDataInsertAllResponse"})");
  EXPECT_EQ(Insert(R"({"rows":[{"insertId":"aA","json":{"id":2}}]})").status, 200);
  EXPECT_EQ(Query("SELECT id, big FROM d.t").At("/rows"),
            R"([{"f":[{"v":"1"},{"v":"12345678901234567890.123456789"}]}])");
}

TEST_F(BigQueryMoves, InsertAllNamesTheRowAndTheField) {
  const Reply reply = Insert(R"({ "rows" : [ {"json":{"id":1}} , {"json":{"id":"x"}} ] })");
  ASSERT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(
      reply.At("/insertErrors/0"),
      R"({"index":0,"errors":[{"reason":"stopped","location":"","debugInfo":"","message":""}]})");
  EXPECT_EQ(reply.At("/insertErrors/1/errors/0/location"), "id");
}

TEST_F(BigQueryMoves, ACopyJobEchoesItsConfigurationAndCounts) {
  (void)Insert(R"({"rows":[{"json":{"id":1}},{"json":{"id":2}}]})");
  const std::string body =
      std::string(R"({"jobReference":{"jobId":"c"},"configuration":{"copy":{)") +
      R"("sourceTable":)" + kTable + R"(,"destinationTable":{"datasetId":"d","tableId":"u"}}}})";
  EXPECT_EQ(api_->Post("/jobs", body).status, 200);
  (void)warehouse_->WaitJob({}, {"p", "c"}, std::chrono::seconds(30));
  const Reply job = api_->Get("/jobs/c");
  EXPECT_EQ(job.At("/configuration/jobType"), "COPY");
  EXPECT_EQ(job.At("/configuration/copy/destinationTable/tableId"), "u");
  EXPECT_EQ(job.At("/statistics/copy/copiedRows"), "2") << job.body;
  EXPECT_EQ(api_->Post("/jobs", body).Reason(), "duplicate");
}

struct RefusalRow {
  std::string name, configuration;
  int status;
  std::string reason, message;
};
class MoveRefusals : public BigQueryMoves, public ::testing::WithParamInterface<RefusalRow> {};

TEST_P(MoveRefusals, AreNamed) {
  const Reply reply = api_->Post("/jobs", "{\"configuration\":" + GetParam().configuration + "}");
  EXPECT_EQ(reply.status, GetParam().status) << reply.body;
  EXPECT_EQ(reply.Reason(), GetParam().reason) << reply.body;
  EXPECT_THAT(reply.At("/error/message"), HasSubstr(GetParam().message));
}

std::string Copy(const std::string& more) {
  return std::string(R"({"copy":{"sourceTable":)") + kTable + R"(,"destinationTable":)" + kTable +
         more + "}}";
}
std::string Extract(const std::string& more) {
  return std::string(R"({"extract":{"sourceTable":)") + kTable +
         R"(,"destinationUris":["gs://b/o"])" + more + "}}";
}

INSTANTIATE_TEST_SUITE_P(
    Rows, MoveRefusals,
    ::testing::Values(
        RefusalRow{"no source", R"({"copy":{}})", 400, "required", "copy.sourceTables"},
        RefusalRow{"no destination", std::string(R"({"copy":{"sourceTable":)") + kTable + "}}", 400,
                   "required", "copy.destinationTable"},
        RefusalRow{"both sources", Copy(std::string(R"(,"sourceTables":[)") + kTable + "]"), 400,
                   "invalid", "exclude each other"},
        RefusalRow{"snapshot", Copy(R"(,"operationType":"SNAPSHOT")"), 501, "notImplemented",
                   "operationType SNAPSHOT"},
        RefusalRow{"clone", Copy(R"(,"operationType":"CLONE")"), 501, "notImplemented",
                   "operationType CLONE"},
        RefusalRow{"restore", Copy(R"(,"operationType":"RESTORE")"), 501, "notImplemented",
                   "operationType RESTORE"},
        RefusalRow{"bad operation", Copy(R"(,"operationType":"MOVE")"), 400, "invalid", "MOVE"},
        RefusalRow{"encryption",
                   Copy(R"(,"destinationEncryptionConfiguration":{"kmsKeyName":"k"})"), 501,
                   "notImplemented", "destinationEncryptionConfiguration"},
        RefusalRow{"unknown member", Copy(R"(,"writeDispositon":"WRITE_EMPTY")"), 400, "invalid",
                   "writeDisposition"},
        RefusalRow{"system table",
                   std::string(R"({"copy":{"sourceTable":)") + kTable +
                       R"(,"destinationTable":{"datasetId":"landfall_system","tableId":"x"}}})",
                   403, "accessDenied", "the system's"},
        RefusalRow{"no table", R"({"extract":{}})", 400, "required", "extract.sourceTable"},
        RefusalRow{"dry run",
                   R"({"dryRun":true,"extract":{"sourceTable":{"datasetId":"d","tableId":"t"}}})",
                   501, "notImplemented", "dryRun"},
        RefusalRow{"avro", Extract(R"(,"destinationFormat":"AVRO")"), 501, "notImplemented",
                   "destinationFormat AVRO"},
        RefusalRow{"bad format", Extract(R"(,"destinationFormat":"XML")"), 400, "invalid", "XML"},
        RefusalRow{"deflate", Extract(R"(,"compression":"DEFLATE")"), 400, "invalid", "DEFLATE"},
        RefusalRow{"delimiter", Extract(R"(,"fieldDelimiter":"ab")"), 400, "invalid",
                   "one character"},
        RefusalRow{"model", Extract(R"(,"sourceModel":{"modelId":"m"})"), 501, "notImplemented",
                   "sourceModel"},
        RefusalRow{"no storage", Extract(""), 501, "notImplemented", "no object storage"}),
    [](const auto& row) {
      std::string name = row.param.name;
      std::replace(name.begin(), name.end(), ' ', '_');
      return name;
    });

}  // namespace
}  // namespace landfall::api::bigquery_json
