#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/command.h"
#include "cli/table.h"

namespace landfall::cli {
namespace {

using ::testing::HasSubstr;

Command Sample() {
  return {.name = "sample",
          .words = "WORD",
          .summary = "does a thing",
          .words_min = 1,
          .words_max = 1,
          .flags = {{"limit", "N", "how many"}, {"l", "", "long"}},
          .run = nullptr};
}

TEST(ParseCall, TakesFlagsWordsAndSwitches) {
  const Call call = ParseCall(Sample(), {"--limit=3", "-l", "word"}).value();
  EXPECT_EQ(call.Get("limit"), "3");
  EXPECT_TRUE(call.has("l"));
  EXPECT_EQ(call.words, std::vector<std::string>{"word"});
}

TEST(ParseCall, RefusesWhatItDoesNotKnowAsUsage) {
  EXPECT_THAT(ParseCall(Sample(), {"--limitt", "3", "w"}).status().message(),
              HasSubstr("did you mean --limit?"));
  EXPECT_EQ(ParseCall(Sample(), {}).status().reason(), "usage");
  EXPECT_EQ(ParseCall(Sample(), {"a", "b"}).status().reason(), "usage");
  EXPECT_EQ(ParseCall(Sample(), {"w", "--limit"}).status().reason(), "usage");
}

TEST(ParseCall, StopsReadingFlagsAfterTwoDashes) {
  EXPECT_EQ(ParseCall(Sample(), {"--", "--limit"}).value().words,
            std::vector<std::string>{"--limit"});
}

TEST(CommandHelp, ListsOwnAndCommonFlags) {
  EXPECT_THAT(CommandHelp(Sample()), HasSubstr("--limit N"));
  EXPECT_THAT(CommandHelp(Sample()), HasSubstr("--server URL"));
}

TEST(ParseGcsUrl, SplitsBucketAndName) {
  const GcsUrl url = ParseGcsUrl("gs://b/a//c").value();
  EXPECT_EQ(url.bucket, "b");
  EXPECT_EQ(url.name, "a//c");
  EXPECT_EQ(ParseGcsUrl("gs://").status().reason(), "usage");
  EXPECT_EQ(ParseGcsUrl("s3://b/c").status().reason(), "usage");
}

QueryAnswer Answer() {
  QueryAnswer answer;
  answer.columns = {{"name", "STRING", "NULLABLE", {}},
                    {"n", "INTEGER", "NULLABLE", {}},
                    {"t", "TIMESTAMP", "", {}}};
  answer.rows = {ParseJson(R"({"f":[{"v":"a,\"b"},{"v":"12"},{"v":"1587627537230123"}]})").value(),
                 ParseJson(R"({"f":[{"v":null},{"v":"3"},{"v":null}]})").value()};
  return answer;
}

TEST(Render, CsvQuotesWhatNeedsItAndLeavesNullEmpty) {
  EXPECT_EQ(Render(Answer(), Format::kCsv),
            "name,n,t\n\"a,\"\"b\",12,2020-04-23T07:38:57.230123Z\n,3,\n");
}

TEST(Render, JsonKeepsTypes) {
  const Json rows = ParseJson(Render(Answer(), Format::kJson)).value();
  EXPECT_EQ(rows.get_array()[0].get_object().at("n"), Json(12));
  EXPECT_TRUE(rows.get_array()[1].get_object().at("name").is_null());
}

TEST(Render, TableAlignsNumbersRightAndPrintsNull) {
  const std::string text = Render(Answer(), Format::kTable);
  EXPECT_THAT(text, HasSubstr("name   n  t\n"));
  EXPECT_THAT(text, HasSubstr("NULL   3  NULL\n"));
}

}  // namespace
}  // namespace landfall::cli
