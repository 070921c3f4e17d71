#include "base/clock.h"

#include <gtest/gtest.h>

namespace landfall {
namespace {

TEST(Rfc3339, FormatsMillisAndMicros) {
  const TimePoint t = FromMicros(1'587'627'537'230'123);
  EXPECT_EQ(FormatRfc3339(t), "2020-04-23T07:38:57.230Z");
  EXPECT_EQ(FormatRfc3339(t, Fraction::kMicros), "2020-04-23T07:38:57.230123Z");
}

TEST(Rfc3339, FormatsInstantsBeforeTheEpoch) {
  EXPECT_EQ(FormatRfc3339(FromMicros(-1), Fraction::kMicros), "1969-12-31T23:59:59.999999Z");
}

TEST(Rfc3339, ParsesZonesAndFractions) {
  EXPECT_EQ(ToMicros(ParseRfc3339("2020-04-23T07:38:57.230123456Z").value()),
            1'587'627'537'230'123);
  EXPECT_EQ(ToMicros(ParseRfc3339("2020-04-23T09:38:57+02:00").value()), 1'587'627'537'000'000);
}

TEST(Rfc3339, RefusesWhatIsNotAnInstant) {
  for (const char* bad :
       {"", "2020-04-23", "2020-13-01T00:00:00Z", "2020-02-30T00:00:00Z", "2020-01-01T24:00:00Z",
        "2020-01-01T00:00:00", "2020-01-01T00:00:00Zx", "2020-01-01T00:00:00.Z"}) {
    EXPECT_FALSE(ParseRfc3339(bad).ok()) << bad;
  }
}

TEST(FakeClock, MonotonicTimeIgnoresAStepOfWallTime) {
  FakeClock clock;
  const MonotonicTime before = clock.Monotonic();
  clock.StepWall(std::chrono::hours(-1));
  EXPECT_EQ(clock.Monotonic(), before);
  clock.Advance(std::chrono::seconds(2));
  EXPECT_EQ(clock.Monotonic() - before, std::chrono::seconds(2));
}

}  // namespace
}  // namespace landfall
