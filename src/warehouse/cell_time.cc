// Dates and times of load jobs: BigQuery's spellings to days and microseconds since 1970.
#include <algorithm>
#include <charconv>
#include <cstdint>

#include "base/text.h"
#include "warehouse/cell.h"

namespace landfall::warehouse {
namespace {

constexpr std::int64_t kMicrosPerSecond = 1'000'000;
constexpr std::int64_t kMicrosPerDay = 86'400 * kMicrosPerSecond;
constexpr std::int64_t kMicrosMin = -62'135'596'800 * kMicrosPerSecond;  // 0001-01-01
constexpr std::int64_t kMicrosMax =
    253'402'300'800 * kMicrosPerSecond - 1;  // 9999-12-31 23:59:59.999999

// Reads forward through a text; every Take leaves it untouched when it does not match.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  bool empty() const { return at_ == text_.size(); }
  char peek() const { return empty() ? '\0' : text_[at_]; }
  std::string_view rest() const { return text_.substr(at_); }
  bool TakeChar(char c) {
    if (peek() != c || empty()) return false;
    ++at_;
    return true;
  }
  // Between `min` and `max` digits.
  bool TakeNumber(std::size_t min, std::size_t max, int& out) {
    std::size_t n = 0;
    int value = 0;
    while (n < max && at_ + n < text_.size() && text_[at_ + n] >= '0' && text_[at_ + n] <= '9') {
      value = value * 10 + (text_[at_ + n++] - '0');
    }
    if (n < min) return false;
    at_ += n;
    out = value;
    return true;
  }
  void Skip(std::size_t n) { at_ += n; }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

int DaysInMonth(int year, int month) {
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  return month == 2 && leap ? 29 : kDays[month - 1];
}

// Howard Hinnant's days_from_civil.
std::int32_t DaysOf(int year, int month, int day) {
  year -= month <= 2;
  const int era = year / 400;
  const int year_of_era = year - era * 400;
  const int day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  return era * 146'097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
         719'468;
}

CellError ReadDate(Reader& in, bool slashes, std::int32_t& days) {
  int year = 0, month = 0, day = 0;
  if (!in.TakeNumber(4, 4, year)) return CellError::kInvalidValue;
  const char separator = slashes && in.peek() == '/' ? '/' : '-';
  if (!in.TakeChar(separator) || !in.TakeNumber(1, 2, month) || !in.TakeChar(separator) ||
      !in.TakeNumber(1, 2, day)) {
    return CellError::kInvalidValue;
  }
  if (year < 1 || month < 1 || month > 12 || day < 1 || day > DaysInMonth(year, month))
    return CellError::kOutOfRange;
  days = DaysOf(year, month, day);
  return CellError::kNone;
}

// Digits after the sixth are cut, as BigQuery does for TIMESTAMP.
bool ReadFraction(Reader& in, std::int64_t& micros) {
  if (!in.TakeChar('.')) return true;
  std::int64_t scale = kMicrosPerSecond;
  int digit = 0;
  int count = 0;
  while (in.TakeNumber(1, 1, digit)) {
    scale /= 10;
    micros += digit * scale;
    ++count;
  }
  return count > 0 && count <= 12;
}

CellError ReadTime(Reader& in, std::int64_t& micros) {
  int hour = 0, minute = 0, second = 0;
  if (!in.TakeNumber(1, 2, hour) || !in.TakeChar(':') || !in.TakeNumber(1, 2, minute))
    return CellError::kInvalidValue;
  std::int64_t fraction = 0;
  if (in.TakeChar(':') && (!in.TakeNumber(1, 2, second) || !ReadFraction(in, fraction)))
    return CellError::kInvalidValue;
  if (hour > 23 || minute > 59 || second > 60) return CellError::kOutOfRange;
  if (second == 60) fraction = 0;  // a leap second is the next minute
  micros = ((hour * 60LL + minute) * 60 + second) * kMicrosPerSecond + fraction;
  return CellError::kNone;
}

CellError ReadDateAndTime(Reader& in, bool slashes, std::int64_t& micros) {
  std::int32_t days = 0;
  const CellError date_error = ReadDate(in, slashes, days);
  if (date_error != CellError::kNone) return date_error;
  std::int64_t of_day = 0;
  const char separator = in.peek();
  const std::string_view rest = in.rest();
  const bool has_time = rest.size() > 1 && rest[1] >= '0' && rest[1] <= '9' &&
                        (separator == ' ' || separator == 'T' || separator == 't');
  if (has_time) {
    in.Skip(1);
    const CellError time_error = ReadTime(in, of_day);
    if (time_error != CellError::kNone) return time_error;
  }
  micros = days * kMicrosPerDay + of_day;
  return CellError::kNone;
}

// The rest of a timestamp: nothing, Z, UTC, GMT, or an offset.
bool ReadZone(Reader& in, std::int64_t& offset_micros) {
  in.TakeChar(' ');
  const std::string_view rest = in.rest();
  if (rest.empty() || EqualsIgnoreCase(rest, "Z") || EqualsIgnoreCase(rest, "UTC") ||
      EqualsIgnoreCase(rest, "GMT")) {
    return true;
  }
  if (rest.size() > 3 && (rest.starts_with("UTC") || rest.starts_with("GMT"))) in.Skip(3);
  const char sign = in.peek();
  if (sign != '+' && sign != '-') return false;
  in.Skip(1);
  int hours = 0, minutes = 0;
  if (!in.TakeNumber(1, 2, hours)) return false;
  const bool colon = in.TakeChar(':');
  if ((colon || !in.empty()) && !in.TakeNumber(2, 2, minutes)) return false;
  if (!in.empty() || hours > 14 || minutes > 59) return false;
  offset_micros = (hours * 60LL + minutes) * 60 * kMicrosPerSecond * (sign == '-' ? -1 : 1);
  return true;
}

bool LooksLikeEpoch(std::string_view text) {
  if (text.empty()) return false;
  if (text[0] == '-') text.remove_prefix(1);
  // A date has its first dash or slash right after four digits; a number has none at all before an
  // exponent.
  return !text.empty() && text.find_first_not_of("0123456789.eE+-") == std::string_view::npos &&
         (text.size() < 5 || (text[4] != '-' && text[4] != '/'));
}

CellError ParseEpoch(std::string_view text, std::int64_t& micros) {
  Int128 nanos = 0;  // a NUMERIC is scaled by 10^9: seconds become nanoseconds
  const CellError error = ParseNumericCell(text, nanos);
  if (error != CellError::kNone) return error;
  const Int128 floor = nanos >= 0 ? nanos / 1000 : -((-nanos + 999) / 1000);
  if (floor < kMicrosMin || floor > kMicrosMax) return CellError::kOutOfRange;
  micros = static_cast<std::int64_t>(floor);
  return CellError::kNone;
}

}  // namespace

CellError ParseDateCell(std::string_view text, std::int32_t& days) {
  Reader in(Trim(text));
  const CellError error = ReadDate(in, false, days);
  return error == CellError::kNone && !in.empty() ? CellError::kInvalidValue : error;
}

CellError ParseTimeCell(std::string_view text, std::int64_t& micros) {
  Reader in(Trim(text));
  const CellError error = ReadTime(in, micros);
  if (error == CellError::kNone && micros >= kMicrosPerDay) micros -= kMicrosPerDay;
  return error == CellError::kNone && !in.empty() ? CellError::kInvalidValue : error;
}

CellError ParseDatetimeCell(std::string_view text, std::int64_t& micros) {
  Reader in(Trim(text));
  const CellError error = ReadDateAndTime(in, false, micros);
  if (error == CellError::kNone && micros > kMicrosMax) return CellError::kOutOfRange;
  return error == CellError::kNone && !in.empty() ? CellError::kInvalidValue : error;
}

CellError ParseTimestampCell(std::string_view text, std::int64_t& micros) {
  text = Trim(text);
  if (LooksLikeEpoch(text)) return ParseEpoch(text, micros);
  Reader in(text);
  const CellError error = ReadDateAndTime(in, true, micros);
  if (error != CellError::kNone) return error;
  std::int64_t offset = 0;
  if (!ReadZone(in, offset)) return CellError::kInvalidValue;
  micros -= offset;
  return micros < kMicrosMin || micros > kMicrosMax ? CellError::kOutOfRange : CellError::kNone;
}

}  // namespace landfall::warehouse
