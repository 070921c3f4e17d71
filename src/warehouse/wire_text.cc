// Texts of single values on the wire.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "warehouse/wire.h"

namespace landfall::warehouse {
namespace {

// Java's Double.toString: plain between 1e-3 and 1e7, else d.dddE±x, always with a digit behind the
// point.
std::string JavaDouble(double value) {
  char buffer[64];
  const double magnitude = std::fabs(value);
  if (magnitude == 0) return std::signbit(value) ? "-0.0" : "0.0";
  const bool plain = magnitude >= 1e-3 && magnitude < 1e7;
  const auto format = plain ? std::chars_format::fixed : std::chars_format::scientific;
  std::string text(buffer, std::to_chars(buffer, buffer + sizeof buffer, value, format).ptr);
  if (plain) return text.find('.') == std::string::npos ? text + ".0" : text;
  const std::size_t e = text.find('e');
  std::string mantissa = text.substr(0, e), exponent = text.substr(e + 1);
  if (mantissa.find('.') == std::string::npos) mantissa += ".0";
  const bool negative = exponent[0] == '-';
  exponent.erase(0, std::min(exponent.find_first_not_of("+-0"), exponent.size() - 1));
  return mantissa + "E" + (negative ? "-" : "") + exponent;
}

void AppendField(const Schema& children, Schema& schema, std::string name,
                 const googlesql::Type& type, Mode mode) {
  Field field;
  field.name = std::move(name);
  field.type = type.kind;
  field.mode = mode;
  field.fields = children;
  schema.push_back(std::move(field));
}

}  // namespace

std::string FloatText(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  char buffer[64];
  std::string text(buffer, std::to_chars(buffer, buffer + sizeof buffer, value).ptr);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}

std::string TimestampSecondsText(std::int64_t micros) {
  return JavaDouble(static_cast<double>(micros) / 1e6);
}

std::string FinishRow(std::string_view encoded, TimestampForm form) {
  std::string text;
  text.reserve(encoded.size());
  while (true) {
    const std::size_t mark = encoded.find('\x01');
    text.append(encoded.substr(0, mark));
    if (mark == std::string_view::npos) return text;
    const std::size_t end = std::min(encoded.find('\x02', mark), encoded.size());
    const std::string_view digits = encoded.substr(mark + 1, end - mark - 1);
    if (form == TimestampForm::kInt64Micros) {
      text.append(digits);
    } else {
      std::int64_t micros = 0;
      std::from_chars(digits.data(), digits.data() + digits.size(), micros);
      text += TimestampSecondsText(micros);
    }
    encoded.remove_prefix(std::min(end + 1, encoded.size()));
  }
}

Schema SchemaOf(const std::vector<googlesql::StructField>& columns) {
  Schema schema;
  for (const googlesql::StructField& column : columns) {
    const bool repeated = column.type.is_array();
    const googlesql::Type& type = repeated ? *column.type.element : column.type;
    const Schema children = type.is_struct() ? SchemaOf(type.fields) : Schema();
    AppendField(children, schema, column.name, type, repeated ? Mode::kRepeated : Mode::kNullable);
  }
  return schema;
}

}  // namespace landfall::warehouse
