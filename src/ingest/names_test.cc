#include "ingest/names.h"

#include <gtest/gtest.h>

namespace landfall::ingest {
namespace {

TEST(IngestNames, B83_MarkerIsTheExactBaseNameOutsideReservedDirectories) {
  const ReservedNames names;
  EXPECT_TRUE(IsMarker("ds/t/_SUCCESS", names));
  EXPECT_TRUE(IsMarker("_SUCCESS", names));
  EXPECT_TRUE(IsMarker("ds/x_SUCCESS_y/_SUCCESS", names));
  EXPECT_FALSE(IsMarker("ds/t/foo_SUCCESS", names));
  EXPECT_FALSE(IsMarker("ds/t/_SUCCESS/", names));
  EXPECT_FALSE(IsMarker("ds/t/_backlog/b/_SUCCESS", names));
  EXPECT_FALSE(IsMarker("ds/t/_config/_SUCCESS", names));
  EXPECT_FALSE(IsMarker("ds/t/_SUCCESS", ReservedNames{.success = "_DONE", .start_backfill = ""}));
}

TEST(IngestNames, ExclusionsOfSection5) {
  const ReservedNames names{.success = "_SUCCESS", .start_backfill = "_GO"};
  EXPECT_EQ(ExclusionOf("d/t/part-0.csv", 1, names), Exclusion::kNone);
  EXPECT_EQ(ExclusionOf("d/t/_SUCCESS", 1, names), Exclusion::kActionFile);
  EXPECT_EQ(ExclusionOf("d/t/_BACKFILL", 1, names), Exclusion::kActionFile);
  EXPECT_EQ(ExclusionOf("d/t/_GO", 1, names), Exclusion::kActionFile);
  EXPECT_EQ(ExclusionOf("d/t/_bqlock", 9, names), Exclusion::kLock);
  EXPECT_EQ(ExclusionOf("d/t/.part", 9, names), Exclusion::kHidden);
  EXPECT_EQ(ExclusionOf("d/t/part", 0, names), Exclusion::kEmpty);
  EXPECT_EQ(ExclusionOf("d/t/_config/load.json", 9, names), Exclusion::kConfigDirectory);
  EXPECT_EQ(ExclusionOf("d/t/_backlog/b/_SUCCESS", 9, names), Exclusion::kBacklogDirectory);
  EXPECT_EQ(ExclusionOf("d/t/_config_old/x.csv", 9, names), Exclusion::kNone);
  EXPECT_EQ(ExclusionOf("d/t/_config", 9, names), Exclusion::kNone)
      << "a file of that name is data";
}

TEST(IngestNames, B85_HistoryDoneIsNeverData) {
  EXPECT_EQ(ExclusionOf("d/t/_HISTORYDONE", 5, ReservedNames{}), Exclusion::kActionFile);
}

TEST(IngestNames, DirectoriesFromRootDown) {
  EXPECT_EQ(DirectoriesDownTo(""), (std::vector<std::string>{""}));
  EXPECT_EQ(DirectoriesDownTo("a/b/"), (std::vector<std::string>{"", "a/", "a/b/"}));
  EXPECT_EQ(DirectoryOf("a/b/c"), "a/b/");
  EXPECT_EQ(DirectoryOf("c"), "");
  EXPECT_EQ(BaseName("a/b/"), "");
}

}  // namespace
}  // namespace landfall::ingest
