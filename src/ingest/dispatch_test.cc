#include "ingest/dispatch.h"

#include <gtest/gtest.h>

namespace landfall::ingest {
namespace {

TEST(BatchIngest, B16_SuccessFileWithoutOrderingApplies) {
  EXPECT_EQ(DispatchOf("d/t/b/_SUCCESS", false, "d/t", {}).value(), Action::kApply);
}

TEST(BatchIngest, B17_OrderedDispatchNeverApplies) {
  EXPECT_EQ(DispatchOf("d/t/b/_SUCCESS", true, "d/t", {}).value(), Action::kPublish);
  EXPECT_EQ(DispatchOf("d/t/_BACKFILL", true, "d/t", {}).value(), Action::kSubscribe);
  EXPECT_EQ(DispatchOf("d/t/_backlog/b/_SUCCESS", true, "d/t", {}).value(), Action::kMonitor);
}

TEST(Dispatch, OtherObjectsDoNothing) {
  for (const bool ordered : {false, true}) {
    for (const char* object :
         {"d/t/part.csv", "d/t/foo_SUCCESS", "d/t/_config/load.json", "d/t/_config/_SUCCESS"}) {
      EXPECT_EQ(DispatchOf(object, ordered, "d/t", {}).value(), Action::kNone) << object;
    }
  }
}

TEST(Dispatch, BackfillFilesAreIgnoredWithoutOrdering) {
  const ReservedNames names{.success = "_SUCCESS", .start_backfill = "_HISTORYDONE"};
  EXPECT_EQ(DispatchOf("d/t/_BACKFILL", false, "d/t", names).value(), Action::kNone);
  EXPECT_EQ(DispatchOf("d/t/_HISTORYDONE", false, "d/t", names).value(), Action::kNone);
  EXPECT_EQ(DispatchOf("d/t/_HISTORYDONE", true, "d/t", names).value(), Action::kSubscribe);
  EXPECT_EQ(DispatchOf("d/t/_backlog/b/_SUCCESS", false, "d/t", names).value(), Action::kNone);
}

TEST(Dispatch, BackfillElsewhereIsAnError) {
  const Result<Action> action = DispatchOf("d/t/b/_BACKFILL", true, "d/t", {});
  ASSERT_FALSE(action.ok());
  EXPECT_EQ(action.status().reason(), "backlogInconsistency");
}

}  // namespace
}  // namespace landfall::ingest
