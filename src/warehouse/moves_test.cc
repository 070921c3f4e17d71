// Copy and extract jobs at the warehouse.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "warehouse/extract_job.h"
#include "warehouse/job_store.h"
#include "warehouse/testing.h"

namespace landfall::warehouse {
namespace {

using ::testing::HasSubstr;

class MemorySink final : public ObjectSink {
 public:
  Status Write(std::string_view uri, std::string_view, ByteSource& body) override {
    texts[std::string(uri)] = TRY(ReadAll(body, 64u << 20, "object"));
    return {};
  }
  std::map<std::string, std::string> texts;
};

Options WithSink(ObjectSink* sink) {
  Options options;
  options.sink = sink;
  options.extract_shard_bytes = 20'000;
  options.extract_object_bytes_max = 100'000;
  return options;
}

class Moves : public ::testing::Test {
 protected:
  Moves() : warehouse_(WithSink(&sink_)) {
    warehouse_.MakeDataset();
    warehouse_.Run("CREATE TABLE d.t (id INT64, name STRING)");
    warehouse_.Run(
        "INSERT INTO d.t SELECT x, CONCAT('n', CAST(x AS STRING)) "
        "FROM UNNEST(GENERATE_ARRAY(1, 5000)) AS x");
  }
  Job Copy(CopyConfig config) {
    return warehouse_.Finish(
        warehouse_->InsertCopy(warehouse_.ctx, {"p", ""}, std::move(config), {}, "").value());
  }
  Job Extract(ExtractConfig config) {
    config.source.ref = {"p", "d", "t"};
    return warehouse_.Finish(
        warehouse_->InsertExtract(warehouse_.ctx, {"p", ""}, std::move(config), {}, "").value());
  }
  static CopyConfig To(const std::string& table) {
    CopyConfig config;
    config.sources = {{.ref = {"p", "d", "t"}, .partition = ""}};
    config.destination = {"p", "d", table};
    return config;
  }

  MemorySink sink_;
  TestWarehouse warehouse_;
};

TEST_F(Moves, ACopyAndItsRecordSurviveARestart) {
  const Job job = Copy(To("u"));
  EXPECT_FALSE(job.error);
  EXPECT_EQ(job.output_rows, 5000);
  warehouse_.Reopen();
  const Job again = warehouse_->GetJob(warehouse_.ctx, job.ref).value();
  EXPECT_EQ(again.kind, JobKind::kCopy);
  EXPECT_EQ(again.output_rows, 5000);
  EXPECT_EQ(warehouse_.Ask("SELECT COUNT(*) FROM d.u"), R"({"f":[{"v":"5000"}]})");
  EXPECT_EQ(warehouse_->InsertCopy(warehouse_.ctx, job.ref, To("v"), {}, "").status().code(),
            Code::kAlreadyExists);
}

TEST_F(Moves, AFailedCopyLeavesTheDestinationAsItWas) {
  warehouse_.Run("CREATE TABLE d.u (id INT64, name STRING)");
  warehouse_.Run("INSERT INTO d.u VALUES (1, 'old')");
  ASSERT_TRUE(warehouse_.faults.Arm("warehouse.commit", 1).ok());
  CopyConfig config = To("u");
  config.write_disposition = WriteDisposition::kTruncate;
  // The commit that fails is the one of the job's first record or of its end; nothing is copied.
  (void)warehouse_->InsertCopy(warehouse_.ctx, {"p", "c1"}, config, {}, "");
  (void)warehouse_->WaitJob(warehouse_.ctx, {"p", "c1"}, std::chrono::seconds(30));
  EXPECT_EQ(warehouse_.Ask("SELECT name FROM d.u"), R"({"f":[{"v":"old"}]})");
}

TEST_F(Moves, DispositionsAndSchemas) {
  struct Case {
    std::string table, error;
    WriteDisposition write = WriteDisposition::kEmpty;
    CreateDisposition create = CreateDisposition::kIfNeeded;
  };
  warehouse_.Run("CREATE TABLE d.other (id STRING, name STRING)");
  warehouse_.Run("CREATE TABLE d.full (id INT64, name STRING)");
  warehouse_.Run("INSERT INTO d.full VALUES (1, 'x')");
  warehouse_.Run("CREATE VIEW d.v AS SELECT 1 AS id");
  const Case cases[] = {
      {.table = "new", .error = ""},
      {.table = "new", .error = "Already Exists: Table p:d.new"},
      {.table = "none", .error = "Not found: Table p:d.none", .create = CreateDisposition::kNever},
      {.table = "other",
       .error = "Field id has changed type from STRING to INTEGER",
       .write = WriteDisposition::kAppend},
      {.table = "other", .error = "", .write = WriteDisposition::kTruncate},
      {.table = "full", .error = "Already Exists: Table p:d.full"},
      {.table = "full", .error = "", .write = WriteDisposition::kAppend},
      {.table = "v", .error = "it is a VIEW", .write = WriteDisposition::kAppend},
      {.table = "t", .error = "cannot be one of its sources", .write = WriteDisposition::kTruncate},
  };
  for (const Case& c : cases) {
    CopyConfig config = To(c.table);
    config.write_disposition = c.write;
    config.create_disposition = c.create;
    const Job job = Copy(config);
    EXPECT_EQ(job.error.has_value(), !c.error.empty())
        << c.table << ": " << (job.error ? job.error->message : "");
    if (job.error) {
      EXPECT_THAT(job.error->message, HasSubstr(c.error));
    }
  }
  EXPECT_EQ(warehouse_.Ask("SELECT COUNT(*) FROM d.full"), R"({"f":[{"v":"5001"}]})");
  EXPECT_EQ(warehouse_.Ask("SELECT MAX(id) FROM d.other"), R"({"f":[{"v":"5000"}]})");
}

TEST_F(Moves, AShardedExtractLosesNoLine) {
  ExtractConfig config;
  config.uris = {"gs://b/a-*.csv", "gs://b/b-*.csv"};
  const Job job = Extract(config);
  ASSERT_FALSE(job.error) << job.error->message;
  ASSERT_EQ(job.file_counts.size(), 2u);
  EXPECT_EQ(static_cast<std::size_t>(job.file_counts[0] + job.file_counts[1]), sink_.texts.size());
  EXPECT_GT(job.file_counts[0], 0);
  std::size_t lines = 0;
  for (const auto& [uri, text] : sink_.texts) {
    EXPECT_TRUE(text.starts_with("id,name\n")) << uri;
    EXPECT_GT(text.size(), std::string_view("id,name\n").size()) << uri;
    lines += static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) - 1;
  }
  EXPECT_EQ(lines, 5000u);
  EXPECT_TRUE(sink_.texts.contains("gs://b/a-000000000000.csv"));
  warehouse_.Reopen();
  EXPECT_EQ(warehouse_->GetJob(warehouse_.ctx, job.ref).value().file_counts, job.file_counts);
}

TEST_F(Moves, AShardedParquetExtractHasAllRows) {
  ExtractConfig config;
  config.uris = {"gs://b/a-*"};
  config.format = SourceFormat::kParquet;
  config.compression = Compression::kSnappy;
  const Job job = Extract(config);
  ASSERT_FALSE(job.error) << job.error->message;
  EXPECT_GT(job.file_counts[0], 1);
  for (const auto& [uri, text] : sink_.texts) EXPECT_TRUE(text.starts_with("PAR1")) << uri;
}

TEST_F(Moves, AnObjectOverTheLimitAsksForAStar) {
  warehouse_.Run("INSERT INTO d.t SELECT id, REPEAT('x', 100) FROM d.t");
  ExtractConfig config;
  config.uris = {"gs://b/all.csv"};
  const Job job = Extract(config);
  ASSERT_TRUE(job.error);
  EXPECT_THAT(job.error->message, HasSubstr("Specify a uri including a * to shard export"));
  EXPECT_TRUE(sink_.texts.empty());
}

TEST_F(Moves, ExtractRefusesDestinations) {
  struct Case {
    std::vector<std::string> uris;
    std::string message;
  };
  const Case cases[] = {{{}, "Required parameter is missing"},
                        {{"gs://b"}, "Must be a valid Google Storage path"},
                        {{"gs://b/"}, "Must be a valid Google Storage path"},
                        {{"file:///x"}, "Must be a valid Google Storage path"},
                        {{"gs://b*/x"}, "Only one wildcard"},
                        {{"gs://b/*-*"}, "Only one wildcard"},
                        {{"gs://b/x", "gs://b/y"}, "must each hold a wildcard"}};
  for (const Case& c : cases) {
    ExtractConfig config;
    config.source.ref = {"p", "d", "t"};
    config.uris = c.uris;
    const auto job = warehouse_->InsertExtract(warehouse_.ctx, {"p", ""}, config, {}, "");
    EXPECT_EQ(job.status().code(), Code::kInvalidArgument) << c.message;
    EXPECT_THAT(job.status().message(), HasSubstr(c.message));
  }
}

TEST(ShardUri, HasTwelveDigits) {
  EXPECT_EQ(ShardUri("gs://b/o-*.csv", 7), "gs://b/o-000000000007.csv");
}

}  // namespace
}  // namespace landfall::warehouse
