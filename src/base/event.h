// Something that happens once. One thread waits, another says so; the waiter may destroy the event
// as soon as Wait returns. Cheaper than a mutex with a condition: nobody is woken into a lock.
#pragma once

#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

namespace landfall {

class Event {
 public:
  Event() = default;
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  // What was written before Set is seen after Wait.
  void Set() {
    std::atomic<std::uint32_t>* const state = &state_;
    if (state->exchange(kSet, std::memory_order_acq_rel) == kWaiting) {
      // The waiter may be gone by now; waking an address touches no memory.
      (void)syscall(SYS_futex, state, FUTEX_WAKE_PRIVATE, 1, nullptr, nullptr, 0);
    }
  }
  void Wait() {
    std::uint32_t seen = kNew;
    if (!state_.compare_exchange_strong(seen, kWaiting, std::memory_order_acq_rel)) return;
    while (state_.load(std::memory_order_acquire) != kSet) {
      (void)syscall(SYS_futex, &state_, FUTEX_WAIT_PRIVATE, kWaiting, nullptr, nullptr, 0);
    }
  }

 private:
  enum : std::uint32_t { kNew, kWaiting, kSet };
  std::atomic<std::uint32_t> state_ = kNew;
};

}  // namespace landfall
