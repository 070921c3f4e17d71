// GoogleSQL types as values, and their DuckDB counterparts.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace landfall::googlesql {

enum class TypeKind : std::uint8_t {
  kBool,
  kInt64,
  kFloat64,
  kNumeric,
  kBigNumeric,
  kString,
  kBytes,
  kDate,
  kTime,
  kDatetime,
  kTimestamp,
  kInterval,
  kJson,
  kGeography,
  kRange,
  kStruct,
  kArray,
};

struct StructField;

struct Type {
  TypeKind kind = TypeKind::kInt64;
  std::vector<StructField> fields;      // kStruct; names may be empty
  std::shared_ptr<const Type> element;  // kArray, kRange

  bool is_array() const { return kind == TypeKind::kArray; }
  bool is_struct() const { return kind == TypeKind::kStruct; }
};
struct StructField {
  std::string name;
  Type type;
};
bool operator==(const Type& a, const Type& b);  // field names count, without case

Type ArrayOf(Type element);

// "INT64", "ARRAY<STRUCT<a INT64, b STRING>>".
std::string TypeName(const Type& type);
// The legacy name the REST schema uses for a scalar or struct: "INTEGER", "FLOAT", "BOOLEAN",
// "RECORD", else TypeName.
std::string_view WireTypeName(TypeKind kind);
// Both spellings, any case: INT64, INTEGER, BOOL, BOOLEAN, FLOAT64, FLOAT, DECIMAL, BIGDECIMAL,
// RECORD, STRUCT, ...
Result<TypeKind> ParseTypeKind(std::string_view name);

// The DuckDB name of a struct field: its own, or "_field_<n>" when it has none or an earlier field
// has the same.
std::string PhysicalFieldName(const Type& type, std::size_t index);

// "BIGINT", "DECIMAL(38,9)", "STRUCT(\"a\" BIGINT)[]", TIMESTAMP -> "TIMESTAMP WITH TIME ZONE",
// JSON -> "JSON". kUnimplemented naming the type for BIGNUMERIC, GEOGRAPHY and RANGE until they are
// built.
Result<std::string> DuckDbType(const Type& type);

// `"` + name with quotes doubled + `"`.
std::string QuoteIdentifier(std::string_view name);
// 'text' for DuckDB, quotes doubled; NUL bytes are spliced in as chr(0).
std::string QuoteLiteral(std::string_view text);

}  // namespace landfall::googlesql
