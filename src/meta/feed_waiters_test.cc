#include "meta/feed_waiters.h"

#include <gtest/gtest.h>

#include <latch>
#include <thread>

namespace landfall::meta {
namespace {

constexpr std::chrono::minutes kLong{5};

TEST(FeedWaiters, LooksOnceEvenWithoutTime) {
  FeedWaiters waiters;
  EXPECT_TRUE(waiters.Wait("f", std::chrono::milliseconds(0), [] { return true; }));
  EXPECT_FALSE(waiters.Wait("f", std::chrono::milliseconds(0), [] { return false; }));
}

TEST(FeedWaiters, EntryThatComesDuringTheLookIsNotMissed) {
  FeedWaiters waiters;
  int looks = 0;
  EXPECT_TRUE(waiters.Wait("f", kLong, [&] {
    if (++looks == 1) waiters.Wake({"f"});
    return looks == 2;
  }));
}

TEST(FeedWaiters, OtherFeedsDoNotCauseALook) {
  FeedWaiters waiters;
  int looks = 0;
  EXPECT_FALSE(waiters.Wait("f", std::chrono::milliseconds(5), [&] {
    waiters.Wake({"e", "g"});
    return ++looks > 1;
  }));
}

TEST(FeedWaiters, CloseEndsAWaitOfAnyLength) {
  FeedWaiters waiters;
  std::latch looked(1);
  bool found = true;
  std::jthread thread([&] {
    found = waiters.Wait("f", std::chrono::hours(1'000'000),
                         [&] { return looked.count_down(), false; });
  });
  looked.wait();
  waiters.Close();
  thread.join();
  EXPECT_FALSE(found);
  EXPECT_FALSE(waiters.Wait("f", kLong, [] { return true; })) << "closed";
}

}  // namespace
}  // namespace landfall::meta
