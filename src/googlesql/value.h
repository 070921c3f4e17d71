// A resolved expression: DuckDB SQL text that means the same, with its GoogleSQL type, and the
// rules between types.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "googlesql/types.h"

namespace landfall::googlesql {

struct Value {
  // What the text said, for the coercions that only literals and parameters have.
  enum class Literal : std::uint8_t {
    kNone,
    kNull,
    kInteger,
    kFloat,
    kString,
    kEmptyArray,
    kParameter,
    kOther,
    kError
  };  // kError: ERROR(..), of any type

  std::string sql;  // self-contained: may be used as an operand anywhere
  Type type;
  Literal literal = Literal::kNone;
  std::string text = {};  // kString: the decoded text; kInteger, kFloat: the digits

  // The parts of a struct constructor: they coerce one by one, literals among them as literals do.
  std::shared_ptr<const std::vector<Value>> parts = nullptr;

  bool is_literal() const { return literal != Literal::kNone && literal != Literal::kParameter; }
  bool is_null() const { return literal == Literal::kNull; }
  bool is_error() const { return literal == Literal::kError; }
};

// How values become SQL in this statement.
struct Dialect {
  std::string time_zone = "UTC";
};

Type TypeOf(TypeKind kind);
bool IsNumber(TypeKind kind);

// 0 the same type, more for worse fits, nullopt when `from` does not become `to` without a CAST.
std::optional<int> CoercionCost(const Value& from, const Type& to);
// `from` as a `to`; CoercionCost must have said yes. Fails for literals that do not read as one.
Result<Value> Coerce(Value from, const Type& to, const Dialect& dialect);
// The type all of them coerce to; nullopt when there is none. INT64 when all are NULL.
std::optional<Type> Supertype(const std::vector<const Value*>& values);

// CAST (or SAFE_CAST). kInvalidArgument without position when there is no such cast.
Result<Value> ExplicitCast(const Value& from, const Type& to, bool safe, const Dialect& dialect);

// struct_pack(..) of `parts` under the field names of `type`.
Value PackStruct(const Type& type, std::vector<Value> parts);

// CASE WHEN condition THEN raise message ELSE value END; NULL instead of raising when `safe`.
std::string RaiseIf(std::string_view condition, std::string_view message_sql,
                    std::string_view value, bool safe);

}  // namespace landfall::googlesql
