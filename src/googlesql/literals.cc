#include "googlesql/literals.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <vector>

#include "base/json.h"
#include "base/text.h"
#include "googlesql/lexer.h"

namespace landfall::googlesql {
namespace {

// Reads a text from the left; every step says whether it matched.
class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}

  bool done() const { return at_ == text_.size(); }
  std::string_view rest() const { return text_.substr(at_); }
  bool Accept(char c) { return !done() && text_[at_] == c && (++at_, true); }
  bool AcceptAny(std::string_view set) {
    return !done() && set.find(text_[at_]) != std::string_view::npos && (++at_, true);
  }
  void Blanks() {
    while (AcceptAny(" \t\n")) continue;
  }
  std::optional<int> Number(int digits_max) {
    int value = 0, digits = 0;
    while (!done() && text_[at_] >= '0' && text_[at_] <= '9' && digits < digits_max) {
      value = value * 10 + (text_[at_++] - '0');
      ++digits;
    }
    return digits > 0 ? std::optional<int>(value) : std::nullopt;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

bool IsLeap(int y) { return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0; }
int DaysOf(int year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  return month == 2 && IsLeap(year) ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

std::string Padded(int value, int width) {
  std::string digits = std::to_string(value);
  return std::string(static_cast<std::size_t>(std::max(0, width - static_cast<int>(digits.size()))),
                     '0') +
         digits;
}

std::optional<std::string> ScanDate(Scanner& in) {
  const auto year = in.Number(5);
  if (!year || !in.Accept('-')) return std::nullopt;
  const auto month = in.Number(2);
  if (!month || !in.Accept('-')) return std::nullopt;
  const auto day = in.Number(2);
  if (!day || *year < 1 || *year > 9999 || *month < 1 || *month > 12) return std::nullopt;
  if (*day < 1 || *day > DaysOf(*year, *month)) return std::nullopt;
  return Padded(*year, 4) + "-" + Padded(*month, 2) + "-" + Padded(*day, 2);
}

// h:m[:s[.ffffff]]; digits beyond microseconds are an error unless they are zeros.
std::optional<std::string> ScanTime(Scanner& in) {
  const auto hour = in.Number(2);
  if (!hour || !in.Accept(':')) return std::nullopt;
  const auto minute = in.Number(2);
  if (!minute) return std::nullopt;
  int second = 0;
  std::string fraction;
  if (in.Accept(':')) {
    const auto value = in.Number(2);
    if (!value) return std::nullopt;
    second = *value;
    if (in.Accept('.')) {
      while (const auto digit = in.Number(1)) fraction += static_cast<char>('0' + *digit);
      if (fraction.size() > 6 && fraction.find_first_not_of('0', 6) != std::string::npos)
        return std::nullopt;
      fraction.resize(6, '0');
    }
  }
  if (*hour > 23 || *minute > 59 || second > 59) return std::nullopt;
  return Padded(*hour, 2) + ":" + Padded(*minute, 2) + ":" + Padded(second, 2) +
         (fraction.empty() ? "" : "." + fraction);
}

// A date with an optional time after T or blanks.
std::optional<std::string> ScanDatetime(Scanner& in) {
  auto date = ScanDate(in);
  if (!date) return std::nullopt;
  Scanner ahead = in;
  if (!ahead.AcceptAny("Tt")) ahead.Blanks();
  if (ahead.done() || ahead.rest()[0] < '0' || ahead.rest()[0] > '9') return *date + " 00:00:00";
  in = ahead;
  auto time = ScanTime(in);
  return time ? std::optional<std::string>(*date + " " + *time) : std::nullopt;
}

std::string Cast(std::string_view text, std::string_view type) {
  return "CAST(" + QuoteLiteral(text) + " AS " + std::string(type) + ")";
}

std::optional<std::string> TimestampSql(std::string_view text, std::string_view zone) {
  Scanner in(text);
  in.Blanks();
  const auto local = ScanDatetime(in);
  if (!local) return std::nullopt;
  in.Blanks();
  std::string_view rest = Trim(in.rest());
  if (rest.empty()) rest = zone;
  if (rest == "Z" || rest == "z" || EqualsIgnoreCase(rest, "UTC"))
    return Cast(*local + "+00", "TIMESTAMPTZ");
  Scanner offset(rest);
  if (offset.AcceptAny("+-")) {
    const auto hours = offset.Number(2);
    const bool colon = offset.Accept(':');
    const auto minutes = offset.done() && !colon ? std::optional<int>(0) : offset.Number(2);
    if (!hours || !minutes || !offset.done() || *hours > 14 || *minutes > 59) return std::nullopt;
    return Cast(*local + rest[0] + Padded(*hours, 2) + ":" + Padded(*minutes, 2), "TIMESTAMPTZ");
  }
  const bool name = std::all_of(rest.begin(), rest.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '/' ||
           c == '_' || c == '-' || c == '+';
  });
  if (!name || rest.find('/') == std::string_view::npos) return std::nullopt;
  return "timezone(" + QuoteLiteral(rest) + ", " + Cast(*local, "TIMESTAMP") + ")";
}

std::optional<std::string> Whole(std::string_view text,
                                 std::optional<std::string> (*scan)(Scanner&),
                                 std::string_view type) {
  Scanner in(Trim(text));
  const auto value = scan(in);
  if (!value || !in.done()) return std::nullopt;
  return Cast(*value, type);
}

bool IsDecimal(std::string_view text) {
  Scanner in(text);
  in.AcceptAny("+-");
  bool digits = false;
  while (in.Number(1)) digits = true;
  if (in.Accept('.')) {
    while (in.Number(1)) digits = true;
  }
  if (!digits) return false;
  if (in.AcceptAny("eE")) {
    in.AcceptAny("+-");
    if (!in.Number(4)) return false;
  }
  return in.done();
}

}  // namespace

std::optional<std::string> NumericText(std::string_view text) {
  text = Trim(text);
  if (!IsDecimal(text)) return std::nullopt;
  const bool negative = text[0] == '-';
  if (text[0] == '-' || text[0] == '+') text.remove_prefix(1);
  std::string digits;
  int point = 0, exponent = 0;
  bool seen_point = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '.') {
      seen_point = true;
    } else if (text[i] == 'e' || text[i] == 'E') {
      const std::size_t from = i + (text[i + 1] == '+' ? 2 : 1);
      std::from_chars(text.data() + from, text.data() + text.size(), exponent);
      break;
    } else {
      digits += text[i];
      if (!seen_point) ++point;
    }
  }
  point += exponent;  // the value is 0.digits * 10^point
  if (point < -20) return "0";
  if (point < 0) digits.insert(0, static_cast<std::size_t>(-point), '0'), point = 0;
  const std::size_t nonzero = digits.find_first_not_of('0');
  if (nonzero == std::string::npos) return "0";
  if (point - static_cast<int>(nonzero) > 29) return std::nullopt;
  const std::size_t keep = static_cast<std::size_t>(point) + 9;
  bool round_up = false;
  if (digits.size() > keep) {
    round_up = digits[keep] >= '5';
    digits.resize(keep);
  } else {
    digits.resize(keep, '0');
  }
  digits.insert(0, 1, '0');
  for (std::size_t i = digits.size(); round_up; --i) {
    round_up = digits[i - 1] == '9';
    digits[i - 1] = round_up ? '0' : static_cast<char>(digits[i - 1] + 1);
  }
  std::string whole = digits.substr(0, static_cast<std::size_t>(point) + 1);
  whole.erase(0, std::min(whole.find_first_not_of('0'), whole.size() - 1));
  if (whole.size() > 29) return std::nullopt;
  return (negative ? "-" : "") + whole + "." + digits.substr(static_cast<std::size_t>(point) + 1);
}

std::optional<std::string> LiteralSql(std::string_view text, TypeKind kind, std::string_view zone) {
  switch (kind) {
    case TypeKind::kDate:
      return Whole(text, ScanDate, "DATE");
    case TypeKind::kTime:
      return Whole(text, ScanTime, "TIME");
    case TypeKind::kDatetime:
      return Whole(text, ScanDatetime, "TIMESTAMP");
    case TypeKind::kTimestamp:
      return TimestampSql(Trim(text), zone);
    case TypeKind::kNumeric: {
      const auto value = NumericText(text);
      return value ? std::optional<std::string>(Cast(*value, "DECIMAL(38,9)")) : std::nullopt;
    }
    case TypeKind::kJson: {
      if (!ParseJson(text, 500).ok()) return std::nullopt;
      return Cast(text, "JSON");
    }
    default:
      return std::nullopt;
  }
}

std::optional<std::string> IntegerSql(std::string_view text) {
  const bool negative = text.starts_with('-');
  std::string_view digits = negative ? text.substr(1) : text;
  const bool hex = digits.size() > 2 && (digits[1] == 'x' || digits[1] == 'X');
  if (hex) digits.remove_prefix(2);
  std::uint64_t value = 0;
  const auto [end, error] =
      std::from_chars(digits.data(), digits.data() + digits.size(), value, hex ? 16 : 10);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  constexpr std::uint64_t kMax = INT64_MAX;
  if (value > kMax + (negative ? 1 : 0)) return std::nullopt;
  if (negative) return "CAST('-" + std::to_string(value) + "' AS BIGINT)";
  return std::to_string(value) + "::BIGINT";
}

std::string FloatSql(std::string_view text) { return Cast(text, "DOUBLE"); }

std::string BytesSql(std::string_view bytes) {
  std::string out = "CAST('";
  for (const char c : bytes) {
    const std::string hex = Hex(std::string_view(&c, 1));
    out += "\\x" + hex;
  }
  return out + "' AS BLOB)";
}

namespace {
constexpr std::array<std::string_view, 6> kParts = {"YEAR", "MONTH",  "DAY",
                                                    "HOUR", "MINUTE", "SECOND"};

std::optional<std::size_t> PartIndex(std::string_view name) {
  for (std::size_t i = 0; i < kParts.size(); ++i) {
    if (EqualsIgnoreCase(name, kParts[i])) return i;
  }
  return std::nullopt;
}

std::string IntervalText(std::int64_t months, std::int64_t days, std::int64_t micros) {
  return "CAST('" + std::to_string(months) + " months " + std::to_string(days) + " days " +
         std::to_string(micros) + " microseconds' AS INTERVAL)";
}

// Seconds with up to six decimals, as microseconds.
std::optional<std::int64_t> ScanSeconds(Scanner& in, int digits_max) {
  const auto whole = in.Number(digits_max);
  if (!whole) return std::nullopt;
  std::int64_t micros = static_cast<std::int64_t>(*whole) * 1000000;
  if (in.Accept('.')) {
    std::int64_t unit = 100000;
    while (const auto digit = in.Number(1)) {
      if (unit == 0 && *digit != 0) return std::nullopt;
      micros += unit * *digit;
      unit /= 10;
    }
  }
  return micros;
}
}  // namespace

std::optional<std::string> IntervalSql(std::string_view text, std::string_view from,
                                       std::string_view to) {
  const auto first = PartIndex(from), last = to.empty() ? first : PartIndex(to);
  if (!first || !last || *last < *first) return std::nullopt;
  Scanner in(Trim(text));
  std::array<std::int64_t, 6> values = {};
  bool negative = false;
  for (std::size_t i = *first; i <= *last; ++i) {
    // A sign starts each of the three groups: years-months, days, time.
    if (i == *first || i == 2 || i == 3) {
      negative = in.Accept('-');
      if (!negative) in.Accept('+');
    }
    const std::optional<std::int64_t> value =
        i == 5 ? ScanSeconds(in, 9) : std::optional<std::int64_t>(in.Number(9));
    if (!value) return std::nullopt;
    values[i] = negative ? -*value : *value;
    if (i == *last) break;
    const bool separated = i == 0 ? in.Accept('-') : i <= 2 ? in.Accept(' ') : in.Accept(':');
    if (!separated) return std::nullopt;
  }
  if (!in.done()) return std::nullopt;
  return IntervalText(values[0] * 12 + values[1], values[2],
                      (values[3] * 3600 + values[4] * 60) * 1000000 + values[5]);
}

}  // namespace landfall::googlesql
