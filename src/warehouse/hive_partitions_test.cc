#include "warehouse/hive_partitions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace landfall::warehouse {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Result<HiveLayout> Read(HiveMode mode, const std::string& prefix,
                        const std::vector<std::string>& names) {
  LoadConfig config;
  config.hive = HivePartitioning{.mode = mode, .prefix = prefix};
  std::vector<SourceObject> sources;
  for (const std::string& name : names) {
    SourceObject source;
    source.bucket = "b";
    source.name = name;
    sources.push_back(std::move(source));
  }
  return ReadHiveLayout(config, sources);
}

std::vector<std::string> Fields(const HiveLayout& layout) {
  std::vector<std::string> fields;
  for (const Field& field : layout.fields)
    fields.push_back(field.name + ":" + std::string(googlesql::WireTypeName(field.type)));
  return fields;
}

TEST(HivePartitions, AutoDetectsTypes) {
  const HiveLayout layout = Read(HiveMode::kAuto, "gs://b/t/",
                                 {"t/day=2024-05-17/n=1/c=a%20b/f.csv",
                                  "t/day=2024-05-18/n=x/c=__HIVE_DEFAULT_PARTITION__/"
                                  "f.csv"})
                                .value();
  EXPECT_THAT(Fields(layout), ElementsAre("day:DATE", "n:STRING", "c:STRING"));
  EXPECT_EQ(layout.values[0][2], "a b");
  EXPECT_EQ(layout.values[1][2], std::nullopt);
}

TEST(HivePartitions, StringsAndCustomSayTheTypes) {
  const std::vector<std::string> names = {"t/n=1/f.csv"};
  EXPECT_THAT(Fields(Read(HiveMode::kStrings, "gs://b/t", names).value()), ElementsAre("n:STRING"));
  EXPECT_THAT(Fields(Read(HiveMode::kCustom, "gs://b/t/{n:INTEGER}", names).value()),
              ElementsAre("n:INTEGER"));
}

TEST(HivePartitions, RefusesWhatDoesNotFit) {
  struct Case {
    HiveMode mode;
    std::string prefix;
    std::vector<std::string> names;
    std::string message;
  };
  const Case cases[] = {
      {HiveMode::kAuto, "b/t", {"t/n=1/f"}, "must be a Cloud Storage location"},
      {HiveMode::kAuto, "gs://b/u", {"t/n=1/f"}, "is not under sourceUriPrefix"},
      {HiveMode::kAuto, "gs://b/t", {"t/f"}, "Failed to detect partition keys"},
      {HiveMode::kAuto, "gs://b/t", {"t/n=1/f", "t/m=1/f"}, "Incompatible partition schemas"},
      {HiveMode::kAuto, "gs://b/t", {"t/n=1/f", "t/n=1/m=2/f"}, "Incompatible partition schemas"},
      {HiveMode::kAuto, "gs://b/t/{n:DATE}", {"t/n=1/f"}, "with mode CUSTOM alone"},
      {HiveMode::kCustom, "gs://b/t", {"t/n=1/f"}, "must name the keys"},
      {HiveMode::kCustom, "gs://b/t/{n}", {"t/n=1/f"}, "{key:TYPE}"},
      {HiveMode::kCustom, "gs://b/t/{n:FLOAT}", {"t/n=1/f"}, "is not one of"},
      {HiveMode::kCustom, "gs://b/t/{m:DATE}", {"t/n=1/f"}, "Incompatible partition schemas"},
  };
  for (const Case& c : cases) {
    const auto layout = Read(c.mode, c.prefix, c.names);
    EXPECT_EQ(layout.status().code(), Code::kInvalidArgument) << c.message;
    EXPECT_THAT(layout.status().message(), HasSubstr(c.message));
  }
}

}  // namespace
}  // namespace landfall::warehouse
