#include "base/event.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>

namespace landfall {
namespace {

TEST(Event, WaitReturnsAtOnceWhenItHasHappened) {
  Event event;
  event.Set();
  event.Wait();
}

TEST(Event, WhatWasWrittenBeforeIsSeenAndTheWaiterMayDestroyIt) {
  for (int round = 0; round < 2000; ++round) {
    struct Shared {
      Event event;
      int value = 0;
    };
    auto shared = std::make_unique<Shared>();
    std::jthread setter([raw = shared.get(), round] {
      raw->value = round;
      raw->event.Set();
    });
    shared->event.Wait();
    EXPECT_EQ(shared->value, round);
    shared.reset();
  }
}

}  // namespace
}  // namespace landfall
