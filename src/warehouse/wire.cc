#include "warehouse/wire.h"

#include <array>
#include <charconv>
#include <memory>

#include "base/text.h"

namespace landfall::warehouse {
namespace {

__extension__ using Int128 = __int128;
__extension__ using Uint128 = unsigned __int128;

// One vector of a chunk with its type worked out; children of lists and structs below it.
struct Reader {
  googlesql::TypeKind kind{};
  duckdb_type physical{};  // of a DECIMAL: its storage type
  bool decimal = false;
  std::uint8_t scale = 0;
  void* data = nullptr;
  std::uint64_t* validity = nullptr;
  std::vector<Reader> children;

  bool IsNull(idx_t row) const {
    return validity != nullptr && !duckdb_validity_row_is_valid(validity, row);
  }
  template <typename T>
  const T& At(idx_t row) const {
    return static_cast<const T*>(data)[row];
  }
};

class LogicalType {
 public:
  explicit LogicalType(duckdb_logical_type raw) : raw_(raw) {}
  ~LogicalType() { duckdb_destroy_logical_type(&raw_); }
  LogicalType(const LogicalType&) = delete;
  LogicalType& operator=(const LogicalType&) = delete;
  duckdb_logical_type get() const { return raw_; }

 private:
  duckdb_logical_type raw_;
};

Reader Bind(duckdb_vector vector, const googlesql::Type& type) {
  Reader reader;
  reader.kind = type.kind;
  reader.data = duckdb_vector_get_data(vector);
  reader.validity = duckdb_vector_get_validity(vector);
  const LogicalType logical(duckdb_vector_get_column_type(vector));
  reader.physical = duckdb_get_type_id(logical.get());
  if (reader.physical == DUCKDB_TYPE_DECIMAL) {
    reader.decimal = true;
    reader.scale = duckdb_decimal_scale(logical.get());
    reader.physical = duckdb_decimal_internal_type(logical.get());
  }
  if (reader.physical == DUCKDB_TYPE_LIST && type.element) {
    reader.children.push_back(Bind(duckdb_list_vector_get_child(vector), *type.element));
  }
  if (reader.physical == DUCKDB_TYPE_STRUCT) {
    for (idx_t i = 0; i < type.fields.size() && i < duckdb_struct_type_child_count(logical.get());
         ++i) {
      reader.children.push_back(
          Bind(duckdb_struct_vector_get_child(vector, i), type.fields[i].type));
    }
  }
  return reader;
}

void AppendJsonText(std::string_view text, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  std::size_t plain = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\') continue;
    out.append(text, plain, i - plain);
    plain = i + 1;
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        (out += "\\u00") += {kHex[c >> 4], kHex[c & 15]};
    }
  }
  out.append(text, plain);
  out += '"';
}

std::string IntegerText(Int128 value) {
  const bool negative = value < 0;
  Uint128 rest = negative ? -static_cast<Uint128>(value) : static_cast<Uint128>(value);
  std::array<char, 41> digits;
  std::size_t at = digits.size();
  do {
    digits[--at] = static_cast<char>('0' + static_cast<int>(rest % 10));
    rest /= 10;
  } while (rest != 0);
  if (negative) digits[--at] = '-';
  return {digits.data() + at, digits.size() - at};
}

// Plain decimal text without trailing zeros.
std::string DecimalText(Int128 scaled, std::uint8_t scale) {
  std::string text = IntegerText(scaled);
  const bool negative = text[0] == '-';
  if (negative) text.erase(0, 1);
  if (text.size() <= scale) text.insert(0, scale + 1 - text.size(), '0');
  if (scale > 0) {
    text.insert(text.size() - scale, 1, '.');
    text.erase(text.find_last_not_of('0') + 1);
    if (text.back() == '.') text.pop_back();
  }
  return negative ? "-" + text : text;
}

void AppendPadded(std::int64_t number, std::size_t width, std::string& out) {
  const std::string digits = std::to_string(number);
  if (digits.size() < width) out.append(width - digits.size(), '0');
  out += digits;
}

void AppendDate(std::int32_t days, std::string& out) {
  const duckdb_date_struct date = duckdb_from_date({days});
  AppendPadded(date.year, 4, out);
  out += '-';
  AppendPadded(date.month, 2, out);
  out += '-';
  AppendPadded(date.day, 2, out);
}

void AppendTime(std::int64_t micros, std::string& out) {
  const std::int64_t seconds = micros / 1'000'000;
  AppendPadded(seconds / 3600, 2, out);
  out += ':';
  AppendPadded(seconds / 60 % 60, 2, out);
  out += ':';
  AppendPadded(seconds % 60, 2, out);
  if (micros % 1'000'000 == 0) return;
  out += '.';
  AppendPadded(micros % 1'000'000, 6, out);
}

void AppendDatetime(std::int64_t micros, std::string& out) {
  constexpr std::int64_t kDay = 86'400'000'000;
  std::int64_t days = micros / kDay;
  if (micros % kDay < 0) --days;
  AppendDate(static_cast<std::int32_t>(days), out);
  out += 'T';
  AppendTime(micros - days * kDay, out);
}

// Y-M D H:M:S[.F], each part with its own sign, as BigQuery writes it.
void AppendInterval(const duckdb_interval& interval, std::string& out) {
  if (interval.months < 0) out += '-';
  const std::int32_t months = std::abs(interval.months);
  out += std::to_string(months / 12) + "-" + std::to_string(months % 12) + " " +
         std::to_string(interval.days) + " ";
  if (interval.micros < 0) out += '-';
  const std::int64_t micros = interval.micros < 0 ? -interval.micros : interval.micros;
  const std::int64_t seconds = micros / 1'000'000;
  out += std::to_string(seconds / 3600) + ":" + std::to_string(seconds / 60 % 60) + ":" +
         std::to_string(seconds % 60);
  if (micros % 1'000'000 != 0) {
    out += '.';
    AppendPadded(micros % 1'000'000, 6, out);
  }
}

Int128 HugeintOf(const duckdb_hugeint& huge) {
  return static_cast<Int128>((static_cast<Uint128>(static_cast<std::uint64_t>(huge.upper)) << 64) |
                             huge.lower);
}

// Integers and DECIMALs of any width.
bool IntegerOf(const Reader& reader, idx_t row, Int128& value) {
  switch (reader.physical) {
    case DUCKDB_TYPE_TINYINT:
      value = reader.At<std::int8_t>(row);
      return true;
    case DUCKDB_TYPE_SMALLINT:
      value = reader.At<std::int16_t>(row);
      return true;
    case DUCKDB_TYPE_INTEGER:
      value = reader.At<std::int32_t>(row);
      return true;
    case DUCKDB_TYPE_BIGINT:
      value = reader.At<std::int64_t>(row);
      return true;
    case DUCKDB_TYPE_UTINYINT:
      value = reader.At<std::uint8_t>(row);
      return true;
    case DUCKDB_TYPE_USMALLINT:
      value = reader.At<std::uint16_t>(row);
      return true;
    case DUCKDB_TYPE_UINTEGER:
      value = reader.At<std::uint32_t>(row);
      return true;
    case DUCKDB_TYPE_UBIGINT:
      value = reader.At<std::uint64_t>(row);
      return true;
    case DUCKDB_TYPE_HUGEINT:
      value = HugeintOf(reader.At<duckdb_hugeint>(row));
      return true;
    default:
      return false;
  }
}

void AppendQuoted(std::string_view text, std::string& out) {
  out += '"';
  out += text;
  out += '"';
}

Status AppendScalar(const Reader& reader, idx_t row, std::string& out) {
  std::string text;
  Int128 integer = 0;
  if (IntegerOf(reader, row, integer)) {
    AppendQuoted(reader.decimal ? DecimalText(integer, reader.scale) : IntegerText(integer), out);
    return {};
  }
  switch (reader.physical) {
    case DUCKDB_TYPE_BOOLEAN:
      text = reader.At<bool>(row) ? "true" : "false";
      break;
    case DUCKDB_TYPE_FLOAT:
      text = FloatText(static_cast<double>(reader.At<float>(row)));
      break;
    case DUCKDB_TYPE_DOUBLE:
      text = FloatText(reader.At<double>(row));
      break;
    case DUCKDB_TYPE_DATE:
      AppendDate(reader.At<std::int32_t>(row), text);
      break;
    case DUCKDB_TYPE_TIME:
      AppendTime(reader.At<std::int64_t>(row), text);
      break;
    case DUCKDB_TYPE_TIMESTAMP:
      AppendDatetime(reader.At<std::int64_t>(row), text);
      break;
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      text = "\x01" + std::to_string(reader.At<std::int64_t>(row)) + "\x02";
      break;
    case DUCKDB_TYPE_INTERVAL:
      AppendInterval(reader.At<duckdb_interval>(row), text);
      break;
    case DUCKDB_TYPE_VARCHAR:
    case DUCKDB_TYPE_BLOB: {
      auto& raw = static_cast<duckdb_string_t*>(reader.data)[row];
      const std::string_view bytes(duckdb_string_t_data(&raw), duckdb_string_t_length(raw));
      if (reader.physical == DUCKDB_TYPE_VARCHAR) {
        AppendJsonText(bytes, out);
      } else {
        AppendQuoted(Base64(bytes), out);
      }
      return {};
    }
    case DUCKDB_TYPE_SQLNULL:
      out += "null";
      return {};
    default:
      return Internal("a result column has the engine's type " +
                      std::to_string(static_cast<int>(reader.physical)) +
                      ", which has no wire form");
  }
  AppendQuoted(text, out);
  return {};
}

Status AppendValue(const Reader& reader, idx_t row, std::string& out);

Status AppendList(const Reader& reader, idx_t row, std::string& out) {
  out += '[';
  if (!reader.IsNull(row) && !reader.children.empty()) {
    const auto& entry = reader.At<duckdb_list_entry>(row);
    for (idx_t i = 0; i < entry.length; ++i) {
      out += i == 0 ? "{\"v\":" : ",{\"v\":";
      TRY(AppendValue(reader.children[0], entry.offset + i, out));
      out += '}';
    }
  }
  out += ']';
  return {};
}

Status AppendValue(const Reader& reader, idx_t row, std::string& out) {
  if (reader.physical == DUCKDB_TYPE_LIST || reader.kind == googlesql::TypeKind::kArray)
    return AppendList(reader, row, out);
  if (reader.IsNull(row)) {
    out += "null";
    return {};
  }
  if (reader.physical != DUCKDB_TYPE_STRUCT) return AppendScalar(reader, row, out);
  out += "{\"f\":[";
  for (std::size_t i = 0; i < reader.children.size(); ++i) {
    out += i == 0 ? "{\"v\":" : ",{\"v\":";
    TRY(AppendValue(reader.children[i], row, out));
    out += '}';
  }
  out += "]}";
  return {};
}

}  // namespace

RowEncoder::RowEncoder(std::vector<googlesql::Type> types) : types_(std::move(types)) {}

Status RowEncoder::Encode(duckdb_data_chunk chunk, std::vector<std::string>& rows) {
  if (duckdb_data_chunk_get_column_count(chunk) < types_.size())
    return Internal("the result has too few columns");
  std::vector<Reader> readers;
  for (std::size_t i = 0; i < types_.size(); ++i) {
    readers.push_back(Bind(duckdb_data_chunk_get_vector(chunk, i), types_[i]));
  }
  const idx_t size = duckdb_data_chunk_get_size(chunk);
  for (idx_t row = 0; row < size; ++row) {
    std::string text = "{\"f\":[";
    for (std::size_t i = 0; i < readers.size(); ++i) {
      text += i == 0 ? "{\"v\":" : ",{\"v\":";
      TRY(AppendValue(readers[i], row, text));
      text += '}';
    }
    text += "]}";
    rows.push_back(std::move(text));
  }
  return {};
}

}  // namespace landfall::warehouse
