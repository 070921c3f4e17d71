// Time comes in through the constructor. Wall time names instants in resources and rows; monotonic
// time measures leases and deadlines, because it never steps back.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/status.h"

namespace landfall {

using Duration = std::chrono::microseconds;
using TimePoint = std::chrono::sys_time<Duration>;  // UTC
using MonotonicTime = std::chrono::time_point<std::chrono::steady_clock, Duration>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual TimePoint Now() = 0;
  virtual MonotonicTime Monotonic() = 0;
};

class SystemClock final : public Clock {
 public:
  TimePoint Now() override;
  MonotonicTime Monotonic() override;
};

// Stands still until told otherwise. Thread-safe.
class FakeClock final : public Clock {
 public:
  explicit FakeClock(TimePoint start = TimePoint(std::chrono::seconds(1'700'000'000)))
      : now_us_(start.time_since_epoch().count()) {}
  TimePoint Now() override { return TimePoint(Duration(now_us_.load())); }
  MonotonicTime Monotonic() override { return MonotonicTime(Duration(monotonic_us_.load())); }
  void Advance(Duration by) {
    now_us_ += by.count();
    monotonic_us_ += by.count();
  }
  // Only wall time jumps, as when an operator sets the clock.
  void StepWall(Duration by) { now_us_ += by.count(); }

 private:
  std::atomic<std::int64_t> now_us_;
  std::atomic<std::int64_t> monotonic_us_{1'000'000};
};

inline std::int64_t ToMicros(TimePoint t) { return t.time_since_epoch().count(); }
inline std::int64_t ToMillis(TimePoint t) {
  return std::chrono::floor<std::chrono::milliseconds>(t).time_since_epoch().count();
}
inline TimePoint FromMicros(std::int64_t us) { return TimePoint(Duration(us)); }

enum class Fraction : std::uint8_t { kMillis, kMicros };
// RFC 3339 in UTC: "2020-04-23T07:38:57.230Z".
std::string FormatRfc3339(TimePoint t, Fraction fraction = Fraction::kMillis);
// Any RFC 3339 instant, with Z or an offset, up to nanoseconds (cut to microseconds).
Result<TimePoint> ParseRfc3339(std::string_view text);

}  // namespace landfall
