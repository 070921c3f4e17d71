#include "warehouse/cell.h"

#include <charconv>
#include <cstring>
#include <limits>

#include "base/text.h"

namespace landfall::warehouse {
namespace {

using googlesql::TypeKind;

// The parts of a decimal number: sign, digits without the point, and the power of ten they are
// scaled by.
struct Decimal {
  bool negative = false;
  std::string_view integer, fraction;
  std::int64_t exponent = 0;
};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

std::string_view TakeDigits(std::string_view& text) {
  std::size_t n = 0;
  while (n < text.size() && IsDigit(text[n])) ++n;
  const std::string_view digits = text.substr(0, n);
  text.remove_prefix(n);
  return digits;
}

bool SplitDecimal(std::string_view text, Decimal& out) {
  text = Trim(text);
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) {
    out.negative = text[0] == '-';
    text.remove_prefix(1);
  }
  out.integer = TakeDigits(text);
  if (!text.empty() && text[0] == '.') {
    text.remove_prefix(1);
    out.fraction = TakeDigits(text);
  }
  if (out.integer.empty() && out.fraction.empty()) return false;
  if (!text.empty() && (text[0] == 'e' || text[0] == 'E')) {
    text.remove_prefix(1);
    if (!text.empty() && text[0] == '+') text.remove_prefix(1);
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out.exponent);
    if (text.empty() || end != text.data() + text.size()) return false;
    // Beyond this every value is zero or out of range; the bound keeps the digit loop short.
    if (error == std::errc::result_out_of_range || out.exponent > 100 || out.exponent < -100'000) {
      out.exponent = text[0] == '-' ? -100'000 : 100;
    }
    return true;
  }
  return text.empty();
}

// The value times 10^scale as an integer, rounded half away from zero; false when its magnitude is
// over `limit`. `exact` says whether nothing was rounded away.
bool ScaledInteger(const Decimal& decimal, int scale, Int128 limit, Int128& out, bool& exact) {
  const std::int64_t point =
      static_cast<std::int64_t>(decimal.integer.size()) + decimal.exponent + scale;
  const auto total = static_cast<std::int64_t>(decimal.integer.size() + decimal.fraction.size());
  const auto digit = [&](std::int64_t i) -> int {
    if (i < 0 || i >= total) return 0;
    const auto at = static_cast<std::size_t>(i);
    return (at < decimal.integer.size() ? decimal.integer[at]
                                        : decimal.fraction[at - decimal.integer.size()]) -
           '0';
  };
  Int128 value = 0;
  for (std::int64_t i = 0; i < point; ++i) {
    if (i >= total && value == 0) break;
    value = value * 10 + digit(i);
    if (value > limit) return false;
  }
  exact = true;
  for (std::int64_t i = std::max<std::int64_t>(point, 0); i < total && exact; ++i)
    exact = digit(i) == 0;
  if (point >= 0 && digit(point) >= 5) ++value;
  if (value > limit) return false;
  out = decimal.negative ? -value : value;
  return true;
}

Int128 NumericMax() {
  Int128 max = 1;
  for (int i = 0; i < 38; ++i) max *= 10;
  return max - 1;
}

// JSON strings may hold anything valid; only text from CSV can reach here unchecked, and its reader
// checks UTF-8.
template <typename T>
CellError Put(CellError error, const T& value, void* data, idx_t row) {
  if (error == CellError::kNone) static_cast<T*>(data)[row] = value;
  return error;
}

CellError StoreBytes(std::string_view text, void* data, idx_t row, LoadArena& arena) {
  const Result<std::string> bytes = FromBase64(text);
  if (!bytes.ok()) return CellError::kInvalidValue;
  char* copy = arena.Allocate(bytes->size());
  std::memcpy(copy, bytes->data(), bytes->size());
  PutString({copy, bytes->size()}, static_cast<duckdb_string_t*>(data)[row]);
  return CellError::kNone;
}

CellError StoreNumeric(std::string_view text, void* data, idx_t row) {
  Int128 value = 0;
  const CellError error = ParseNumericCell(text, value);
  if (error != CellError::kNone) return error;
  static_cast<duckdb_hugeint*>(data)[row] = {.lower = static_cast<std::uint64_t>(value),
                                             .upper = static_cast<std::int64_t>(value >> 64)};
  return CellError::kNone;
}

CellError StoreTimed(TypeKind type, const Scalar& scalar, void* data, idx_t row) {
  std::int64_t micros = 0;
  if (type == TypeKind::kTimestamp)
    return Put(ParseTimestampCell(scalar.text, micros), micros, data, row);
  if (scalar.kind != ScalarKind::kText) return CellError::kWrongType;
  if (type == TypeKind::kDatetime)
    return Put(ParseDatetimeCell(scalar.text, micros), micros, data, row);
  if (type == TypeKind::kTime) return Put(ParseTimeCell(scalar.text, micros), micros, data, row);
  std::int32_t days = 0;
  return Put(ParseDateCell(scalar.text, days), days, data, row);
}

}  // namespace

std::string_view CellErrorCode(CellError error) {
  switch (error) {
    case CellError::kNone:
      return "";
    case CellError::kWrongType:
      return "wrong_type";
    case CellError::kOutOfRange:
      return "out_of_range";
    case CellError::kInvalidValue:
      return "invalid_value";
    case CellError::kInvalidUtf8:
      return "invalid_utf8";
  }
  return "";
}

CellError ParseInt64Cell(std::string_view text, std::int64_t& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (end == text.data() + text.size() && error == std::errc()) return CellError::kNone;
  Decimal decimal;
  if (!SplitDecimal(text, decimal)) return CellError::kInvalidValue;
  Int128 value = 0;
  bool exact = false;
  constexpr Int128 kLimit = Int128{1} << 63;
  if (!ScaledInteger(decimal, 0, kLimit, value, exact) || value == kLimit)
    return CellError::kOutOfRange;
  if (!exact) return CellError::kInvalidValue;
  out = static_cast<std::int64_t>(value);
  return CellError::kNone;
}

CellError ParseFloat64Cell(std::string_view text, double& out) {
  text = Trim(text);
  std::string_view digits = text;
  const bool negative = !digits.empty() && digits[0] == '-';
  if (!negative && !digits.empty() && digits[0] == '+') {
    digits.remove_prefix(1);
    if (!digits.empty() && digits[0] == '-') return CellError::kInvalidValue;
  }
  const std::string_view magnitude = negative ? digits.substr(1) : digits;
  if (magnitude.empty() || (!IsDigit(magnitude[0]) && magnitude[0] != '.')) {
    if (EqualsIgnoreCase(magnitude, "nan")) {
      out = std::numeric_limits<double>::quiet_NaN();
    } else if (EqualsIgnoreCase(magnitude, "inf") || EqualsIgnoreCase(magnitude, "infinity")) {
      out = negative ? -std::numeric_limits<double>::infinity()
                     : std::numeric_limits<double>::infinity();
    } else {
      return CellError::kInvalidValue;
    }
    return CellError::kNone;
  }
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), out);
  if (end != digits.data() + digits.size()) return CellError::kInvalidValue;
  if (error == std::errc()) return CellError::kNone;
  // from_chars gives the same error for both ends of the range: too small is zero, too large does
  // not fit.
  Decimal decimal;
  if (!SplitDecimal(digits, decimal)) return CellError::kInvalidValue;
  if (decimal.exponent > 0 || decimal.integer.size() > 300) return CellError::kOutOfRange;
  out = negative ? -0.0 : 0.0;
  return CellError::kNone;
}

CellError ParseBoolCell(std::string_view text, bool& out) {
  text = Trim(text);
  for (const std::string_view word : {"true", "t", "yes", "y", "1"}) {
    if (EqualsIgnoreCase(text, word)) return out = true, CellError::kNone;
  }
  for (const std::string_view word : {"false", "f", "no", "n", "0"}) {
    if (EqualsIgnoreCase(text, word)) return out = false, CellError::kNone;
  }
  return CellError::kInvalidValue;
}

CellError ParseNumericCell(std::string_view text, Int128& out) {
  static const Int128 kMax = NumericMax();
  Decimal decimal;
  bool exact = false;
  if (!SplitDecimal(text, decimal)) return CellError::kInvalidValue;
  return ScaledInteger(decimal, 9, kMax, out, exact) ? CellError::kNone : CellError::kOutOfRange;
}

void PutString(std::string_view bytes, duckdb_string_t& out) {
  if (bytes.size() <= sizeof(out.value.inlined.inlined)) {
    std::memset(&out, 0, sizeof(out));
    out.value.inlined.length = static_cast<std::uint32_t>(bytes.size());
    std::memcpy(out.value.inlined.inlined, bytes.data(), bytes.size());
    return;
  }
  out.value.pointer.length = static_cast<std::uint32_t>(bytes.size());
  std::memcpy(out.value.pointer.prefix, bytes.data(), sizeof(out.value.pointer.prefix));
  out.value.pointer.ptr = const_cast<char*>(bytes.data());  // DuckDB only reads it
}

CellError StoreScalar(TypeKind type, const Scalar& scalar, void* data, idx_t row,
                      LoadArena& arena) {
  const std::string_view text = scalar.text;
  const bool is_bool = scalar.kind == ScalarKind::kBool;
  switch (type) {
    case TypeKind::kString:
      PutString(text, static_cast<duckdb_string_t*>(data)[row]);
      return CellError::kNone;
    case TypeKind::kInt64: {
      std::int64_t value = 0;
      return is_bool ? CellError::kWrongType : Put(ParseInt64Cell(text, value), value, data, row);
    }
    case TypeKind::kFloat64: {
      double value = 0;
      if (is_bool) return CellError::kWrongType;
      const CellError error = ParseFloat64Cell(text, value);
      return Put(error, value, data, row);
    }
    case TypeKind::kBool: {
      bool value = false;
      const CellError error = ParseBoolCell(text, value);
      return Put(error, value, data, row);
    }
    case TypeKind::kNumeric:
      return is_bool ? CellError::kWrongType : StoreNumeric(text, data, row);
    case TypeKind::kBytes:
      return scalar.kind == ScalarKind::kText ? StoreBytes(text, data, row, arena)
                                              : CellError::kWrongType;
    case TypeKind::kDate:
    case TypeKind::kTime:
    case TypeKind::kDatetime:
    case TypeKind::kTimestamp:
      return is_bool ? CellError::kWrongType : StoreTimed(type, scalar, data, row);
    case TypeKind::kJson:
      if (scalar.kind == ScalarKind::kText &&
          CheckJsonText(text, kJsonDepthMax) != JsonVerdict::kValid) {
        return CellError::kInvalidValue;
      }
      PutString(text, static_cast<duckdb_string_t*>(data)[row]);
      return CellError::kNone;
    case TypeKind::kBigNumeric:
    case TypeKind::kInterval:
    case TypeKind::kGeography:
    case TypeKind::kRange:
    case TypeKind::kStruct:
    case TypeKind::kArray:
      return CellError::kWrongType;
  }
  return CellError::kWrongType;
}

}  // namespace landfall::warehouse
