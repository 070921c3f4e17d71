#include "ingest/path_pattern.h"

#include <gtest/gtest.h>

namespace landfall::ingest {
namespace {

PathPattern Default() { return PathPattern::Compile("").value(); }

struct ParseCase {
  const char* scenario;
  const char* object;
  const char* dataset;
  const char* table;
  const char* partition;
  const char* batch;
};

class DefaultGrammar : public ::testing::TestWithParam<ParseCase> {};

TEST_P(DefaultGrammar, Parses) {
  const ParseCase& expected = GetParam();
  const Result<PathParts> parts = Default().Match(expected.object);
  ASSERT_TRUE(parts.ok()) << parts.status().ToString();
  EXPECT_EQ(parts->dataset, expected.dataset);
  EXPECT_EQ(parts->table, expected.table);
  EXPECT_EQ(parts->partition, expected.partition);
  EXPECT_EQ(parts->batch, expected.batch);
}

INSTANTIATE_TEST_SUITE_P(
    BatchIngest, DefaultGrammar,
    ::testing::Values(
        ParseCase{"B01_Flat", "dataset/table/_SUCCESS", "dataset", "table", "", ""},
        ParseCase{"B02_Partition", "dataset/table/$20201030/_SUCCESS", "dataset", "table",
                  "20201030", ""},
        ParseCase{"B03_PartitionBatch", "ds/t/$20201030/batch_id/_SUCCESS", "ds", "t", "20201030",
                  "batch_id"},
        ParseCase{"B04_Batch", "dataset/table/batch_id/_SUCCESS", "dataset", "table", "",
                  "batch_id"},
        ParseCase{"B05_DatesBatch", "ds/t/2020/01/02/03/b1/_SUCCESS", "ds", "t", "2020010203",
                  "b1"},
        ParseCase{"B06_ProjectDatesBatch", "project.dataset/table/2020/01/02/03/batch_id/_SUCCESS",
                  "project.dataset", "table", "2020010203", "batch_id"},
        ParseCase{"B07_Historical",
                  "project.dataset/table/historical/2020/01/02/03/batch_id/_SUCCESS",
                  "project.dataset", "table", "2020010203", "batch_id"},
        ParseCase{"B08_Incremental",
                  "project.dataset/table/incremental/2020/01/02/04/batch_id/_SUCCESS",
                  "project.dataset", "table", "2020010204", "batch_id"},
        ParseCase{"YearOnly", "ds/t/2020/_SUCCESS", "ds", "t", "2020", ""},
        ParseCase{"CompactDay", "ds/t/20200102/_SUCCESS", "ds", "t", "20200102", ""},
        ParseCase{"CompactHour", "ds/t/2020010203/_SUCCESS", "ds", "t", "2020010203", ""},
        ParseCase{"HistoricalBatch", "ds/t/historical/00/_SUCCESS", "ds", "t", "", "00"},
        ParseCase{"HistorySurprise", "ds/t/history/00/_SUCCESS", "ds", "t", "", "history"},
        ParseCase{"HistoricalXSurprise", "ds/t/historical_x/_SUCCESS", "ds", "t", "", "_x"},
        ParseCase{"OneDigitMonth", "ds/t/2020/1/_SUCCESS", "ds", "t", "2020", "1"},
        ParseCase{"YearAsTable", "ds/2020/01/_SUCCESS", "ds", "2020", "", "01"},
        ParseCase{"UnicodeWords", "größe/таб/_SUCCESS", "größe", "таб", "", ""},
        ParseCase{"NotAnchoredAtEnd", "ds/t/2020/01/deep/er/_SUCCESS", "ds", "t", "202001", "deep"},
        ParseCase{"BacklogIsASlash", "ds/t/_backlog/2020/01/b1/_SUCCESS", "ds", "t", "202001",
                  "b1"}),
    [](const auto& param_info) { return std::string(param_info.param.scenario); });

TEST(PathPattern, DefaultGrammarRefusesWhatItCannotName) {
  for (const char* object : {"ds/table.v1/_SUCCESS", "a/_SUCCESS", "_SUCCESS", "/t/_SUCCESS", ""}) {
    const Result<PathParts> parts = Default().Match(object);
    ASSERT_FALSE(parts.ok()) << object;
    EXPECT_EQ(parts.status().reason(), "pathMismatch");
    EXPECT_NE(parts.status().message().find(std::string("\"") + object + "\""), std::string::npos);
    EXPECT_NE(parts.status().message().find("(?P<table>"), std::string::npos)
        << "names the pattern";
  }
}

TEST(PathPattern, MoreThanOneDotIsAnErrorNotADroppedName) {
  const std::string dataset = Default().Match("a.b.c/t/_SUCCESS").value().dataset;
  const Result<ProjectDataset> split = SplitProject(dataset);
  ASSERT_FALSE(split.ok());
  EXPECT_NE(split.status().message().find("more than one dot"), std::string::npos);
  EXPECT_EQ(SplitProject("p.d").value().project, "p");
  EXPECT_EQ(SplitProject("p.d").value().dataset, "d");
  EXPECT_EQ(SplitProject("d").value().project, "");
  EXPECT_FALSE(SplitProject(".d").ok());
  EXPECT_FALSE(SplitProject("p.").ok());
}

TEST(PathPattern, PartitionMustBeADate) {
  for (const char* good : {"2020", "202012", "20200229", "2020022923"}) {
    EXPECT_TRUE(CheckPartition(good).ok()) << good;
  }
  struct Bad {
    const char* object;
    const char* why;
  };
  for (const Bad& bad :
       {Bad{"ds/t/2020/13/_SUCCESS", "month 13"}, Bad{"ds/t/2021/02/29/_SUCCESS", "day 29"},
        Bad{"ds/t/2020/01/01/24/_SUCCESS", "hour 24"}, Bad{"ds/t/$202/_SUCCESS", "3 digits"},
        Bad{"ds/t/0000/_SUCCESS", "year 0000"}}) {
    const Result<PathParts> parts = Default().Match(bad.object);
    ASSERT_FALSE(parts.ok()) << bad.object;
    EXPECT_EQ(parts.status().reason(), "invalidPartition");
    EXPECT_NE(parts.status().message().find(bad.why), std::string::npos)
        << parts.status().message();
    EXPECT_NE(parts.status().message().find(bad.object), std::string::npos);
  }
}

TEST(PathPattern, CustomLazyPatternGivesPrefixAndBatch) {
  const PathPattern pattern =
      PathPattern::Compile(
          R"((?P<table>.*?)(?:/[\d]{4})?(?:/[\d]{2})?(?:/[\d]{2})?/(?P<batch>[\d]{2})/)")
          .value();
  EXPECT_FALSE(pattern.has_dataset());
  const PathParts parts = pattern.Match("foo/bar/baz/2017/04/11/01/_SUCCESS").value();
  EXPECT_EQ(parts.table_prefix, "foo/bar/baz");
  EXPECT_EQ(parts.batch, "01");
}

TEST(PathPattern, SingleDigitsArePadded) {
  const PathPattern pattern = PathPattern::Compile(R"((?P<dataset>[\w]+)/(?P<table>\w+)/)"
                                                   R"(year=(?P<yyyy>\d{4})/month=(?P<mm>\d{1,2})/)"
                                                   R"(day=(?P<dd>\d{1,2})/hr=(?P<hh>\d{1,2})/)")
                                  .value();
  const PathParts parts = pattern.Match("ds/t/year=2017/month=4/day=1/hr=9/_SUCCESS").value();
  EXPECT_EQ(parts.partition, "2017040109");
}

TEST(PathPattern, RegionAsBatch) {
  const PathPattern pattern =
      PathPattern::Compile(
          R"((?:on-prem-edw/)?(?P<dataset>[\w\-_0-9]+)/(?P<table>[\w\-_0-9]+)/)"
          R"(region=(?P<batch>\w+)/)"
          R"(yyyy=(?P<yyyy>\d{4})/mm=(?P<mm>\d{2})/dd=(?P<dd>\d{2})/hh=(?P<hh>\d{2})/)")
          .value();
  const PathParts parts =
      pattern
          .Match(
              "on-prem-edw/my_product/transactions/region=US/yyyy=2020/mm=01/dd=02/hh=03/_SUCCESS")
          .value();
  EXPECT_EQ(parts.dataset, "my_product");
  EXPECT_EQ(parts.table, "transactions");
  EXPECT_EQ(parts.partition, "2020010203");
  EXPECT_EQ(parts.batch, "US");
}

TEST(PathPattern, MatchesAtTheStartOnly) {
  const PathPattern pattern = PathPattern::Compile("x/(?P<table>t)/").value();
  EXPECT_TRUE(pattern.Match("x/t/more/_SUCCESS").ok());
  EXPECT_FALSE(pattern.Match("a/x/t/_SUCCESS").ok());
}

TEST(PathPattern, BadPatternsAreRefusedByName) {
  struct Bad {
    const char* pattern;
    const char* why;
  };
  for (const Bad& bad :
       {Bad{"(?P<table>a)(?=b)", "look-ahead"}, Bad{"(?P<table>a)(?<!b)c", "look-behind"},
        Bad{"(?P<table>a)(?P=table)", "back-reference"}, Bad{R"((?P<table>a)\1)", "back-reference"},
        Bad{"(?P<dataset>a)/b", "no group named \"table\""}, Bad{"(?P<table>a", "missing"}}) {
    const Result<PathPattern> pattern = PathPattern::Compile(bad.pattern);
    ASSERT_FALSE(pattern.ok()) << bad.pattern;
    EXPECT_EQ(pattern.status().reason(), "invalidPattern");
    EXPECT_NE(pattern.status().message().find(bad.why), std::string::npos)
        << pattern.status().message();
  }
  EXPECT_FALSE(PathPattern::Compile("(?P<table>" + std::string(kPatternBytesMax, 'a') + ")").ok());
}

TEST(PathPattern, EmptyTableGroupIsNoDestination) {
  EXPECT_FALSE(PathPattern::Compile("a(?P<table>x?)/").value().Match("a/_SUCCESS").ok());
}

struct PrefixCase {
  const char* scenario;
  const char* object;
  const char* prefix;
};

class DefaultTablePrefix : public ::testing::TestWithParam<PrefixCase> {};
TEST_P(DefaultTablePrefix, Is) {
  EXPECT_EQ(Default().TablePrefix(GetParam().object).value(), GetParam().prefix);
}
INSTANTIATE_TEST_SUITE_P(
    BatchIngest, DefaultTablePrefix,
    ::testing::Values(
        PrefixCase{"B40_Flat", "dataset/table/_SUCCESS", "dataset/table"},
        PrefixCase{"B41_Partition", "dataset/table/$20201030/_SUCCESS", "dataset/table"},
        PrefixCase{"B42_PartitionBatch", "dataset/table/$20201030/batch_id/_SUCCESS",
                   "dataset/table"},
        PrefixCase{"B43_Batch", "dataset/table/batch_id/_SUCCESS", "dataset/table"},
        PrefixCase{"B44_DatesBatch", "dataset/table/2020/01/02/03/batch_id/_SUCCESS",
                   "dataset/table"},
        PrefixCase{"B45_ProjectDataset", "project.dataset/table/2020/01/02/03/batch_id/_SUCCESS",
                   "project.dataset/table"},
        PrefixCase{"B46_Backfill", "dataset/table/_BACKFILL", "dataset/table"},
        PrefixCase{"B47_Lock", "dataset/table/_bqlock", "dataset/table"},
        PrefixCase{"B48_Backlog", "dataset/table/_backlog/2020/01/02/03/batch_id/_SUCCESS",
                   "dataset/table"}),
    [](const auto& param_info) { return std::string(param_info.param.scenario); });

TEST(PathPattern, RefusesADollarThatIsNoPartition) {
  const PathPattern pattern = PathPattern::Compile("").value();
  EXPECT_EQ(pattern.Match("ds/t/$abc/_SUCCESS").status().message(),
            "object name \"ds/t/$abc/_SUCCESS\": \"$abc\" is not a partition; a partition is $ and "
            "digits");
  EXPECT_FALSE(pattern.Match("ds/t/$/_SUCCESS").ok());
  EXPECT_FALSE(pattern.Match("ds/t/b/$x/_SUCCESS").ok());
}

class ConfiguredTablePrefix : public ::testing::TestWithParam<PrefixCase> {};
TEST_P(ConfiguredTablePrefix, Is) {
  const PathPattern pattern =
      PathPattern::Compile(
          R"((?P<table>.*?)(?:/[\d]{4})?(?:/[\d]{2})?(?:/[\d]{2})?/(?P<batch>[\d]{2})/?)")
          .value();
  EXPECT_EQ(pattern.TablePrefix(GetParam().object).value(), GetParam().prefix);
}
INSTANTIATE_TEST_SUITE_P(
    BatchIngest, ConfiguredTablePrefix,
    ::testing::Values(PrefixCase{"B49_Batch", "foo/bar/baz/00/_SUCCESS", "foo/bar/baz"},
                      PrefixCase{"B50_DatesBatch", "foo/bar/baz/2017/04/11/01/_SUCCESS",
                                 "foo/bar/baz"},
                      PrefixCase{"B51_Backfill", "foo/bar/baz/_BACKFILL", "foo/bar/baz"},
                      PrefixCase{"B52_Lock", "foo/bar/baz/_bqlock", "foo/bar/baz"},
                      PrefixCase{"B53_Backlog", "foo/bar/baz/_backlog/00/_SUCCESS", "foo/bar/baz"},
                      PrefixCase{"B54_HistoryDone", "foo/bar/baz/_HISTORYDONE", "foo/bar/baz"}),
    [](const auto& param_info) { return std::string(param_info.param.scenario); });

}  // namespace
}  // namespace landfall::ingest
