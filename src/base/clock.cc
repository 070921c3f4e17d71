#include "base/clock.h"

#include <cstdio>
#include <ctime>

namespace landfall {
namespace {

// Reads exactly `digits` decimal digits at `*at`, moving it; -1 when they are not there.
int TakeDigits(std::string_view text, std::size_t* at, int digits) {
  int value = 0;
  for (int i = 0; i < digits; ++i, ++*at) {
    if (*at >= text.size() || text[*at] < '0' || text[*at] > '9') return -1;
    value = value * 10 + (text[*at] - '0');
  }
  return value;
}

bool Take(std::string_view text, std::size_t* at, char c) {
  if (*at >= text.size() || text[*at] != c) return false;
  ++*at;
  return true;
}

// Minutes east of UTC; nullopt-like INT_MIN when the zone is malformed.
constexpr int kBadZone = -100000;
int TakeZone(std::string_view text, std::size_t* at) {
  if (Take(text, at, 'Z') || Take(text, at, 'z')) return 0;
  const bool west = *at < text.size() && text[*at] == '-';
  if (!west && !(*at < text.size() && text[*at] == '+')) return kBadZone;
  ++*at;
  const int hours = TakeDigits(text, at, 2);
  if (hours < 0 || !Take(text, at, ':')) return kBadZone;
  const int minutes = TakeDigits(text, at, 2);
  if (minutes < 0 || hours > 23 || minutes > 59) return kBadZone;
  return (west ? -1 : 1) * (hours * 60 + minutes);
}

}  // namespace

TimePoint SystemClock::Now() {
  return std::chrono::floor<Duration>(
      std::chrono::system_clock::now());  // tidy: the one real clock
}
MonotonicTime SystemClock::Monotonic() {
  return std::chrono::floor<Duration>(std::chrono::steady_clock::now());
}

std::string FormatRfc3339(TimePoint t, Fraction fraction) {
  const auto day = std::chrono::floor<std::chrono::days>(t);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss<Duration> time(t - day);
  const auto us = static_cast<int>(time.subseconds().count());
  char text[48];
  const int size = std::snprintf(
      text, sizeof text,
      fraction == Fraction::kMillis ? "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ"
                                    : "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ",
      static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
      static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
      static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
      fraction == Fraction::kMillis ? us / 1000 : us);
  return {text, static_cast<std::size_t>(size)};
}

Result<TimePoint> ParseRfc3339(std::string_view text) {
  const auto bad = [&] {
    return InvalidArgument("\"" + std::string(text) + "\" is not an RFC 3339 time");
  };
  std::size_t at = 0;
  const int year = TakeDigits(text, &at, 4);
  if (year < 0 || !Take(text, &at, '-')) return bad();
  const int month = TakeDigits(text, &at, 2);
  if (month < 0 || !Take(text, &at, '-')) return bad();
  const int day = TakeDigits(text, &at, 2);
  if (day < 0 || !(Take(text, &at, 'T') || Take(text, &at, 't') || Take(text, &at, ' ')))
    return bad();
  const int hour = TakeDigits(text, &at, 2);
  if (hour < 0 || hour > 23 || !Take(text, &at, ':')) return bad();
  const int minute = TakeDigits(text, &at, 2);
  if (minute < 0 || minute > 59 || !Take(text, &at, ':')) return bad();
  const int second = TakeDigits(text, &at, 2);
  if (second < 0 || second > 60) return bad();
  std::int64_t us = 0;
  if (Take(text, &at, '.')) {
    std::int64_t unit = 100'000;
    const std::size_t first = at;
    for (; at < text.size() && text[at] >= '0' && text[at] <= '9'; ++at, unit /= 10)
      us += (text[at] - '0') * unit;
    if (at == first) return bad();
  }
  const int zone = TakeZone(text, &at);
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (zone == kBadZone || at != text.size() || !date.ok()) return bad();
  return TimePoint(std::chrono::sys_days(date)) + std::chrono::hours(hour) +
         std::chrono::minutes(minute - zone) + std::chrono::seconds(second) + Duration(us);
}

}  // namespace landfall
