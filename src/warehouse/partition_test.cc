#include "warehouse/partition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace landfall::warehouse {
namespace {

using ::testing::HasSubstr;

Table Partitioned(std::string type, std::string field,
                  googlesql::TypeKind kind = googlesql::TypeKind::kTimestamp) {
  Table table;
  table.ref = {"p", "d", "t"};
  Field column;
  column.name = field;
  column.type = kind;
  if (!field.empty()) table.schema = {column};
  table.time_partitioning = TimePartitioning{std::move(type), std::move(field), std::nullopt};
  return table;
}

TEST(Partition, PredicateFollowsTheColumnType) {
  struct Case {
    Table table;
    std::string id, predicate;
  };
  using enum googlesql::TypeKind;
  const Case cases[] = {
      {Partitioned("DAY", ""), "20240517",
       "(\"_PARTITIONTIME\" >= TIMESTAMPTZ '2024-05-17 00:00:00+00' AND \"_PARTITIONTIME\" < "
       "TIMESTAMPTZ '2024-05-18 00:00:00+00')"},
      {Partitioned("MONTH", "dt", kDate), "202412",
       "(\"dt\" >= DATE '2024-12-01' AND \"dt\" < DATE '2025-01-01')"},
      {Partitioned("HOUR", "at", kDatetime), "2024022923",
       "(\"at\" >= TIMESTAMP '2024-02-29 23:00:00' AND \"at\" < TIMESTAMP '2024-03-01 00:00:00')"},
      {Partitioned("YEAR", "ts", kTimestamp), "2024",
       "(\"ts\" >= TIMESTAMPTZ '2024-01-01 00:00:00+00' AND \"ts\" < TIMESTAMPTZ '2025-01-01 "
       "00:00:00+00')"},
  };
  for (const Case& c : cases)
    EXPECT_EQ(ResolvePartition(c.table, c.id).value().predicate, c.predicate);
}

TEST(Partition, RefusesWhatIsNoPartitionOfTheTable) {
  for (const char* id : {"20241301", "20240230", "2024", "202405", "2024051712", "2024-5-17", ""}) {
    EXPECT_EQ(ResolvePartition(Partitioned("DAY", ""), id).status().code(), Code::kInvalidArgument)
        << id;
  }
  Table plain;
  plain.ref = {"p", "d", "t"};
  EXPECT_THAT(ResolvePartition(plain, "20240517").status().message(),
              HasSubstr("is not partitioned by time"));
}

TEST(Partition, DecoratorIsSplitAndChecked) {
  EXPECT_EQ(SplitDecorator("t$20240517").value(),
            (std::pair<std::string, std::string>("t", "20240517")));
  EXPECT_EQ(SplitDecorator("t").value(), (std::pair<std::string, std::string>("t", "")));
  for (const char* bad : {"t$20241301", "t$2024051799", "t$", "t$202", "t$abcd"}) {
    EXPECT_FALSE(SplitDecorator(bad).ok()) << bad;
  }
}

TEST(Partition, StartAndIdOfAnInstant) {
  const TimePoint at = ParseRfc3339("2024-05-17T13:45:10.5Z").value();
  EXPECT_EQ(PartitionId("HOUR", at), "2024051713");
  EXPECT_EQ(PartitionId("YEAR", at), "2024");
  EXPECT_EQ(PartitionStart("HOUR", at), ParseRfc3339("2024-05-17T13:00:00Z").value());
  EXPECT_EQ(PartitionStart("MONTH", at), ParseRfc3339("2024-05-01T00:00:00Z").value());
}

}  // namespace
}  // namespace landfall::warehouse
