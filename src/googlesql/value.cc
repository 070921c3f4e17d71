#include "googlesql/value.h"

#include "googlesql/literals.h"

namespace landfall::googlesql {
namespace {

bool Comparable(const Type& from, const Type& to) {
  return from.is_struct() && to.is_struct() && from.fields.size() == to.fields.size();
}

std::optional<int> WideningCost(TypeKind from, TypeKind to) {
  switch (from) {
    case TypeKind::kInt64:
      if (to == TypeKind::kNumeric) return 10;
      if (to == TypeKind::kBigNumeric) return 11;
      if (to == TypeKind::kFloat64) return 12;
      return std::nullopt;
    case TypeKind::kNumeric:
      if (to == TypeKind::kBigNumeric) return 10;
      if (to == TypeKind::kFloat64) return 11;
      return std::nullopt;
    case TypeKind::kBigNumeric:
      return to == TypeKind::kFloat64 ? std::optional<int>(10) : std::nullopt;
    case TypeKind::kDate:
      return to == TypeKind::kDatetime ? std::optional<int>(10) : std::nullopt;
    default:
      return std::nullopt;
  }
}

bool StringLiteralBecomes(TypeKind to) {
  return to == TypeKind::kDate || to == TypeKind::kTime || to == TypeKind::kDatetime ||
         to == TypeKind::kTimestamp;
}

// The same physical layout needs no cast: only DuckDB field names matter.
bool SameLayout(const Type& a, const Type& b) {
  if (a.kind != b.kind || a.fields.size() != b.fields.size()) return false;
  if (a.element && b.element && !SameLayout(*a.element, *b.element)) return false;
  for (std::size_t i = 0; i < a.fields.size(); ++i) {
    if (PhysicalFieldName(a, i) != PhysicalFieldName(b, i) ||
        !SameLayout(a.fields[i].type, b.fields[i].type)) {
      return false;
    }
  }
  return true;
}

std::string Field(const std::string& sql, const Type& type, std::size_t i) {
  return "struct_extract(" + sql + ", " + QuoteLiteral(PhysicalFieldName(type, i)) + ")";
}

// Field `i` of a struct, still a literal when the struct was written out.
Value PartOf(const Value& value, std::size_t i) {
  if (value.parts) return (*value.parts)[i];
  return Value{Field(value.sql, value.type, i), value.type.fields[i].type};
}

using Convert = Result<Value> (*)(const Value&, const Type&, bool safe, const Dialect&);

// Rebuilds a struct or an array with every part converted.
Result<Value> ConvertParts(const Value& from, const Type& to, bool safe, const Dialect& dialect,
                           Convert convert, int depth) {
  if (to.is_array()) {
    const std::string variable = "e" + std::to_string(depth);
    const Value element =
        TRY(convert(Value{variable, *from.type.element}, *to.element, safe, dialect));
    return Value{"list_transform(" + from.sql + ", lambda " + variable + ": " + element.sql + ")",
                 to};
  }
  std::string pack = "struct_pack(";
  for (std::size_t i = 0; i < to.fields.size(); ++i) {
    const Value part = TRY(convert(Value{Field(from.sql, from.type, i), from.type.fields[i].type},
                                   to.fields[i].type, safe, dialect));
    pack += (i > 0 ? ", " : "") + QuoteIdentifier(PhysicalFieldName(to, i)) + " := " + part.sql;
  }
  return Value{"CASE WHEN (" + from.sql + ") IS NULL THEN NULL ELSE " + pack + ") END", to};
}

int ArrayDepth(const Type& type) {
  int depth = 0;
  if (type.element) depth = 1 + ArrayDepth(*type.element);
  for (const StructField& field : type.fields) depth = std::max(depth, ArrayDepth(field.type));
  return depth;
}

}  // namespace

Type TypeOf(TypeKind kind) { return Type{.kind = kind, .fields = {}, .element = nullptr}; }

bool IsNumber(TypeKind kind) {
  return kind == TypeKind::kInt64 || kind == TypeKind::kFloat64 || kind == TypeKind::kNumeric ||
         kind == TypeKind::kBigNumeric;
}

std::optional<int> CoercionCost(const Value& from, const Type& to) {
  if (from.is_null() || from.is_error()) return 0;
  if (from.literal == Value::Literal::kEmptyArray && to.is_array()) return 1;
  if (from.type == to) return 0;
  if (const auto widening = WideningCost(from.type.kind, to.kind)) return widening;
  if (from.literal == Value::Literal::kFloat && to.kind == TypeKind::kNumeric) return 13;
  const bool string_like =
      from.literal == Value::Literal::kString || from.literal == Value::Literal::kParameter;
  if (string_like && from.type.kind == TypeKind::kString && StringLiteralBecomes(to.kind)) return 5;
  if (from.type.is_array() && to.is_array()) {
    Value element{"", *from.type.element};
    if (from.literal == Value::Literal::kOther) element.literal = Value::Literal::kOther;
    return CoercionCost(element, *to.element);
  }
  if (Comparable(from.type, to)) {
    int cost = 1;
    for (std::size_t i = 0; i < to.fields.size(); ++i) {
      const auto part = CoercionCost(PartOf(from, i), to.fields[i].type);
      if (!part) return std::nullopt;
      cost += *part;
    }
    return cost;
  }
  return std::nullopt;
}

Result<Value> Coerce(Value from, const Type& to, const Dialect& dialect) {
  if (from.is_error()) return Value{"CAST(" + from.sql + " AS " + TRY(DuckDbType(to)) + ")", to};
  if (from.is_null() || from.literal == Value::Literal::kEmptyArray) {
    const std::string type = TRY(DuckDbType(to));
    from.sql = "CAST(" + std::string(from.is_null() ? "NULL" : "[]") + " AS " + type + ")";
    from.type = to;
    return from;
  }
  if (from.type == to && SameLayout(from.type, to)) return from;
  if (from.literal == Value::Literal::kString && StringLiteralBecomes(to.kind)) {
    auto sql = LiteralSql(from.text, to.kind, dialect.time_zone);
    if (!sql) {
      return InvalidArgument("Could not cast literal \"" + from.text + "\" to type " + TypeName(to),
                             "invalidQuery", "query");
    }
    return Value{std::move(*sql), to, Value::Literal::kOther, ""};
  }
  const bool number =
      from.literal == Value::Literal::kInteger || from.literal == Value::Literal::kFloat;
  if (number && to.kind == TypeKind::kFloat64) {
    return Value{FloatSql(from.text), to, Value::Literal::kFloat, from.text};
  }
  if (number && to.kind == TypeKind::kNumeric) {
    if (auto sql = LiteralSql(from.text, to.kind, dialect.time_zone)) {
      return Value{std::move(*sql), to, Value::Literal::kOther, ""};
    }
  }
  if (from.parts && to.is_struct() && from.parts->size() == to.fields.size()) {
    std::vector<Value> parts;
    for (std::size_t i = 0; i < to.fields.size(); ++i)
      parts.push_back(TRY(Coerce((*from.parts)[i], to.fields[i].type, dialect)));
    return PackStruct(to, std::move(parts));
  }
  if (from.type.is_array() || from.type.is_struct()) {
    const Convert convert = [](const Value& part, const Type& type, bool, const Dialect& d) {
      return Coerce(part, type, d);
    };
    return ConvertParts(from, to, false, dialect, convert, ArrayDepth(to));
  }
  return ExplicitCast(from, to, false, dialect);
}

Value PackStruct(const Type& type, std::vector<Value> parts) {
  std::string sql = "struct_pack(";
  bool literals = true;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    sql +=
        (i > 0 ? ", " : "") + QuoteIdentifier(PhysicalFieldName(type, i)) + " := " + parts[i].sql;
    literals = literals && parts[i].is_literal();
  }
  Value value{sql + ")", type, literals ? Value::Literal::kOther : Value::Literal::kNone, ""};
  value.parts = std::make_shared<const std::vector<Value>>(std::move(parts));
  return value;
}

namespace {

// Structs agree field by field; the first one that has a name for a field gives it.
std::optional<Type> StructSupertype(const std::vector<const Value*>& values) {
  const Value* first = nullptr;
  for (const Value* value : values) {
    if (value->is_null() || value->is_error()) continue;
    if (!value->type.is_struct() ||
        (first && first->type.fields.size() != value->type.fields.size()))
      return std::nullopt;
    if (!first) first = value;
  }
  if (!first) return std::nullopt;
  Type type = first->type;
  for (std::size_t i = 0; i < type.fields.size(); ++i) {
    std::vector<Value> parts;
    for (const Value* value : values) {
      if (value->is_null() || value->is_error()) continue;
      parts.push_back(PartOf(*value, i));
      if (type.fields[i].name.empty()) type.fields[i].name = value->type.fields[i].name;
    }
    std::vector<const Value*> pointers;
    for (const Value& part : parts) pointers.push_back(&part);
    auto field = Supertype(pointers);
    if (!field) return std::nullopt;
    type.fields[i].type = std::move(*field);
  }
  return type;
}

}  // namespace

std::optional<Type> Supertype(const std::vector<const Value*>& values) {
  if (auto type = StructSupertype(values)) return type;
  // Candidates are the types at hand, the non-literals first: the cheapest one that all reach wins.
  std::optional<Type> best;
  int best_cost = 0;
  for (const bool literals : {false, true}) {
    for (const Value* candidate : values) {
      if (candidate->is_null() || candidate->is_error() ||
          candidate->literal == Value::Literal::kEmptyArray)
        continue;
      if (candidate->is_literal() != literals) continue;
      int cost = 0;
      bool all = true;
      for (const Value* value : values) {
        const auto one = CoercionCost(*value, candidate->type);
        all = all && one.has_value();
        cost += one.value_or(0);
      }
      if (all && (!best || cost < best_cost)) {
        best = candidate->type;
        best_cost = cost;
      }
    }
    if (best) return best;
  }
  bool has_candidate = false;
  for (const Value* value : values)
    has_candidate = has_candidate || (!value->is_null() && !value->is_error());
  if (has_candidate) {
    for (const Value* value : values) {
      if (value->literal == Value::Literal::kEmptyArray) return value->type;
    }
    return std::nullopt;
  }
  return TypeOf(TypeKind::kInt64);
}

std::string RaiseIf(std::string_view condition, std::string_view message_sql,
                    std::string_view value, bool safe) {
  std::string out = "CASE WHEN " + std::string(condition) + " THEN ";
  out += safe ? "NULL" : "error('LF: ' || " + std::string(message_sql) + ")";
  return out + " ELSE " + std::string(value) + " END";
}

namespace {

// How a scalar cast is written: $0 is the value. Texts are read by macros, lf_try_* for SAFE_CAST,
// lf_to_* otherwise; `macro` names the pair.
struct CastRule {
  TypeKind from, to;
  const char* sql;  // plain SQL that cannot fail, or nullptr
  const char* macro;
};
using K = TypeKind;
constexpr CastRule kCasts[] = {
    {K::kInt64, K::kBool, "($0 <> 0)", nullptr},
    {K::kInt64, K::kFloat64, "CAST($0 AS DOUBLE)", nullptr},
    {K::kInt64, K::kNumeric, "CAST($0 AS DECIMAL(38,9))", nullptr},
    {K::kInt64, K::kString, "CAST($0 AS VARCHAR)", nullptr},
    {K::kBool, K::kInt64, "CAST($0 AS BIGINT)", nullptr},
    {K::kBool, K::kString, "CAST($0 AS VARCHAR)", nullptr},
    {K::kFloat64, K::kInt64, nullptr, "float64_int64"},
    {K::kFloat64, K::kNumeric, nullptr, "float64_numeric"},
    {K::kFloat64, K::kString, "lf_float64_string($0)", nullptr},
    {K::kNumeric, K::kInt64, nullptr, "numeric_int64"},
    {K::kNumeric, K::kFloat64, "CAST($0 AS DOUBLE)", nullptr},
    {K::kNumeric, K::kString, "lf_numeric_string($0)", nullptr},
    {K::kString, K::kInt64, nullptr, "string_int64"},
    {K::kString, K::kFloat64, nullptr, "string_float64"},
    {K::kString, K::kNumeric, nullptr, "string_numeric"},
    {K::kString, K::kBool, nullptr, "string_bool"},
    {K::kString, K::kBytes, "encode($0)", nullptr},
    {K::kString, K::kDate, nullptr, "string_date"},
    {K::kString, K::kTime, nullptr, "string_time"},
    {K::kString, K::kDatetime, nullptr, "string_datetime"},
    {K::kString, K::kTimestamp, nullptr, "string_timestamp"},
    {K::kBytes, K::kString, nullptr, "bytes_string"},
    {K::kDate, K::kString, "lf_date_string($0)", nullptr},
    {K::kDate, K::kDatetime, "CAST($0 AS TIMESTAMP)", nullptr},
    {K::kDate, K::kTimestamp, "timezone($Z, CAST($0 AS TIMESTAMP))", nullptr},
    {K::kTime, K::kString, "lf_time_string($0)", nullptr},
    {K::kDatetime, K::kString, "lf_datetime_string($0)", nullptr},
    {K::kDatetime, K::kDate, "CAST($0 AS DATE)", nullptr},
    {K::kDatetime, K::kTime, "CAST($0 AS TIME)", nullptr},
    {K::kDatetime, K::kTimestamp, "timezone($Z, $0)", nullptr},
    {K::kTimestamp, K::kString, "lf_timestamp_string($0, $Z)", nullptr},
    {K::kTimestamp, K::kDate, "CAST(timezone($Z, $0) AS DATE)", nullptr},
    {K::kTimestamp, K::kTime, "CAST(timezone($Z, $0) AS TIME)", nullptr},
    {K::kTimestamp, K::kDatetime, "timezone($Z, $0)", nullptr},
    {K::kInterval, K::kString, "lf_interval_string($0)", nullptr},
};

Status NoCast(const Type& from, const Type& to) {
  return InvalidArgument("Invalid cast from " + TypeName(from) + " to " + TypeName(to),
                         "invalidQuery", "query");
}

std::string Fill(std::string_view pattern, const std::string& value, const std::string& zone) {
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '$') {
      out += pattern[++i] == 'Z' ? QuoteLiteral(zone) : value;
    } else {
      out += pattern[i];
    }
  }
  return out;
}

}  // namespace

Result<Value> ExplicitCast(const Value& from, const Type& to, bool safe, const Dialect& dialect) {
  if (from.is_null() || from.literal == Value::Literal::kEmptyArray) {
    if (from.is_null() || to.is_array()) {
      Value typed = TRY(Coerce(from, to, dialect));
      typed.literal = Value::Literal::kNone;
      return typed;
    }
    return NoCast(from.type, to);
  }
  if (from.type == to && SameLayout(from.type, to)) return Value{from.sql, to};
  if (from.type.is_array() != to.is_array() || from.type.is_struct() != to.is_struct())
    return NoCast(from.type, to);
  if (to.is_array() || to.is_struct()) {
    if (to.is_struct() && from.type.fields.size() != to.fields.size()) return NoCast(from.type, to);
    return ConvertParts(from, to, safe, dialect, &ExplicitCast, ArrayDepth(to));
  }
  for (const CastRule& rule : kCasts) {
    if (rule.from != from.type.kind || rule.to != to.kind) continue;
    if (rule.sql) return Value{Fill(rule.sql, from.sql, dialect.time_zone), to};
    std::string sql = (safe ? "lf_try_" : "lf_to_") + std::string(rule.macro) + "(" + from.sql;
    if (to.kind == TypeKind::kTimestamp) sql += ", " + QuoteLiteral(dialect.time_zone);
    return Value{sql + ")", to};
  }
  for (const TypeKind kind : {from.type.kind, to.kind}) {
    if (kind == K::kBigNumeric || kind == K::kInterval || kind == K::kGeography ||
        kind == K::kRange) {
      return Unimplemented(
          "CAST from " + TypeName(from.type) + " to " + TypeName(to) + " is not supported",
          "notImplemented", "query");
    }
  }
  return NoCast(from.type, to);
}

}  // namespace landfall::googlesql
