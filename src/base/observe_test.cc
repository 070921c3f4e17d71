// Log, metrics, hashes, random and fault points.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/faults.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/random.h"
#include "base/text.h"

namespace landfall {
namespace {

using ::testing::HasSubstr;

TEST(Log, WritesOneJsonObjectPerEvent) {
  CapturedLog log;
  log.Info("object_written", {{"bucket", "b\"x"}, {"bytes", 12}, {"ok", true}});
  ASSERT_EQ(log.lines().size(), 1u);
  EXPECT_EQ(
      log.lines()[0],
      R"({"time":"1970-01-01T00:00:00.000000Z","severity":"INFO","event":"object_written","bucket":"b\"x","bytes":12,"ok":true})");
}

TEST(Metrics, RenderOneHeaderPerNameAndCumulativeBuckets) {
  Metrics metrics;
  metrics.AddCounter("a_total", "what a is", "x=\"1\"").Add(2);
  metrics.AddCounter("a_total", "what a is", "x=\"2\"").Add(3);
  metrics.AddHistogram("b_seconds", "what b is").Observe(0.002);
  const std::string text = metrics.Render();
  EXPECT_THAT(text, HasSubstr("# TYPE a_total counter\na_total{x=\"1\"} 2\na_total{x=\"2\"} 3\n"));
  EXPECT_THAT(text,
              HasSubstr("b_seconds_bucket{le=\"0.001\"} 0\nb_seconds_bucket{le=\"0.0025\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("b_seconds_bucket{le=\"+Inf\"} 1\n"));
}

TEST(Metrics, AskingTwiceGivesTheSameOne) {
  Metrics metrics;
  EXPECT_EQ(&metrics.AddGauge("g", "h"), &metrics.AddGauge("g", "h"));
  EXPECT_NE(&metrics.AddGauge("g", "h"), &metrics.AddGauge("g", "h", "l=\"1\""));
}

TEST(Hash, MatchesPublishedVectors) {
  EXPECT_EQ(Crc32c(0, "123456789"), 0xE3069283u);
  EXPECT_EQ(Crc32c(Crc32c(0, "12345"), "6789"), 0xE3069283u);
  EXPECT_EQ(Crc32cBase64(Crc32c(0, "hello")), "mnG7TA==");
  Md5 md5;
  md5.Update("hel");
  md5.Update("lo");
  EXPECT_EQ(Base64(md5.Finish()), "XUFAKrxLKna5cZ2REBfFkg==");
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(Random, HexHasTheAskedLengthAndASeedRepeats) {
  SeededRandom one(7), two(7);
  EXPECT_EQ(RandomHex(one, 20), RandomHex(two, 20));
  SystemRandom system;
  EXPECT_EQ(RandomHex(system, 16).size(), 32u);
}

TEST(Faults, FailTheNextHitsOfTheirScope) {
  Faults faults;
  EXPECT_TRUE(faults.Hit("warehouse.commit", "t").ok());
  ASSERT_TRUE(faults.Arm("warehouse.commit", 2, "t").ok());
  EXPECT_TRUE(faults.Hit("warehouse.commit", "other").ok());
  EXPECT_EQ(faults.Hit("warehouse.commit", "t").code(), Code::kUnavailable);
  EXPECT_FALSE(faults.Hit("warehouse.commit", "t").ok());
  EXPECT_TRUE(faults.Hit("warehouse.commit", "t").ok());
}

TEST(Faults, RefuseUnknownPointsAndClearOnZero) {
  Faults faults;
  EXPECT_THAT(faults.Arm("no.such", 1).message(), HasSubstr("storage.write"));
  ASSERT_TRUE(faults.Arm("storage.read", 5).ok());
  ASSERT_TRUE(faults.Arm("storage.read", 0).ok());
  EXPECT_TRUE(faults.Hit("storage.read").ok());
}

}  // namespace
}  // namespace landfall
