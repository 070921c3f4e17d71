// Literals, parameters and operators.
#include <algorithm>

#include "base/text.h"
#include "googlesql/literals.h"
#include "googlesql/resolver.h"

namespace landfall::googlesql {

Result<Value> Resolver::Resolve(const Expr& expr, const Context& context) {
  const bool sets = context.scope->grouping && context.scope->grouping->sets;
  if (!sets) {
    if (auto key = MatchGroupKey(expr, context)) return std::move(*key);
  }
  Result<Value> value = ResolveKind(expr, context);
  if (sets && !value.ok()) {
    if (auto key = MatchGroupKey(expr, context)) return std::move(*key);
  }
  if (!value.ok()) return At(expr.at, value.status());
  return value;
}

// Above an aggregation an expression that is spelled like a GROUP BY key is that key.
std::optional<Value> Resolver::MatchGroupKey(const Expr& expr, const Context& context) {
  const Grouping* grouping = context.scope->grouping;
  if (!grouping || !grouping->complex_keys) return std::nullopt;
  if (expr.args.empty() && expr.kind != ExprKind::kName && expr.kind != ExprKind::kCall)
    return std::nullopt;
  context.scope->grouping = nullptr;
  Context below;
  below.scope = context.scope;
  const Result<Value> value = ResolveKind(expr, below);
  context.scope->grouping = grouping;
  if (!value.ok()) return std::nullopt;
  for (const Grouping::Item& key : grouping->keys) {
    if (key.sql == value->sql) return Value{key.id, key.type};
  }
  return std::nullopt;
}

Result<Value> Resolver::ResolveKind(const Expr& expr, const Context& context) {
  switch (expr.kind) {
    case ExprKind::kNull:
    case ExprKind::kBool:
    case ExprKind::kInteger:
    case ExprKind::kFloat:
    case ExprKind::kString:
    case ExprKind::kBytes:
    case ExprKind::kTypedLiteral:
      return Literal(expr);
    case ExprKind::kInterval:
      return ResolveInterval(expr, context);
    case ExprKind::kParameter:
      return ResolveParameter(expr);
    case ExprKind::kSystemVariable:
      return Refuse(expr.at, "System variable @@" + expr.text);
    case ExprKind::kName:
    case ExprKind::kField:
      return ResolveName(expr, context);
    case ExprKind::kIndex:
      return ResolveIndex(expr, context);
    case ExprKind::kUnary:
      return ResolveUnary(expr, context);
    case ExprKind::kBinary:
      return ResolveBinary(expr, context);
    case ExprKind::kCompare:
      return ResolveCompare(expr, context);
    case ExprKind::kAnd:
    case ExprKind::kOr:
    case ExprKind::kNot:
      return ResolveLogic(expr, context);
    case ExprKind::kBetween:
      return ResolveBetween(expr, context);
    case ExprKind::kIn:
      return ResolveIn(expr, context);
    case ExprKind::kLike:
      return ResolveLike(expr, context);
    case ExprKind::kIs:
    case ExprKind::kDistinctFrom:
      return ResolveIs(expr, context);
    case ExprKind::kCase:
      return ResolveCase(expr, context);
    case ExprKind::kCast:
      return ResolveCast(expr, context);
    case ExprKind::kExtract:
    case ExprKind::kCall:
      return ResolveCall(expr, context);
    case ExprKind::kStruct:
      return ResolveStruct(expr, context);
    case ExprKind::kArray:
      return ResolveArray(expr, context);
    case ExprKind::kSubquery:
    case ExprKind::kArraySubquery:
    case ExprKind::kExists:
      return ResolveSubquery(expr, context);
    case ExprKind::kStar:
      return Error(expr.at, "Argument * can only be used in COUNT(*)");
  }
  return Error(expr.at, "Expression is not supported");
}

Result<Value> Resolver::Literal(const Expr& expr) {
  using L = Value::Literal;
  switch (expr.kind) {
    case ExprKind::kNull:
      return Value{"NULL", TypeOf(TypeKind::kInt64), L::kNull, ""};
    case ExprKind::kBool:
      return Value{expr.text, TypeOf(TypeKind::kBool), L::kOther, ""};
    case ExprKind::kInteger: {
      auto sql = IntegerSql(expr.text);
      if (!sql) return Error(expr.at, "Invalid integer literal: " + expr.text);
      return Value{std::move(*sql), TypeOf(TypeKind::kInt64), L::kInteger, expr.text};
    }
    case ExprKind::kFloat:
      return Value{FloatSql(expr.text), TypeOf(TypeKind::kFloat64), L::kFloat, expr.text};
    case ExprKind::kString:
      return Value{QuoteLiteral(expr.text), TypeOf(TypeKind::kString), L::kString, expr.text};
    case ExprKind::kBytes:
      return Value{BytesSql(expr.text), TypeOf(TypeKind::kBytes), L::kOther, ""};
    default:
      break;
  }
  if (expr.type->kind == TypeKind::kBigNumeric) return Refuse(expr.at, "Type BIGNUMERIC");
  auto sql = LiteralSql(expr.text, expr.type->kind, dialect_.time_zone);
  if (!sql) return Error(expr.at, "Invalid " + TypeName(*expr.type) + " value");
  return Value{std::move(*sql), *expr.type, L::kOther, ""};
}

Result<Value> Resolver::ResolveParameter(const Expr& expr) {
  const auto& parameters = options_.parameters;
  std::size_t index = 0;
  if (expr.ordinal > 0) {
    index = expr.ordinal - 1;
    if (index >= parameters.size() || !parameters[index].name.empty()) {
      return Error(expr.at,
                   "Query parameter number " + std::to_string(expr.ordinal) + " not found");
    }
  } else {
    while (index < parameters.size() && !EqualsIgnoreCase(parameters[index].name, expr.text))
      ++index;
    if (index == parameters.size())
      return Error(expr.at, "Query parameter '" + expr.text + "' not found");
  }
  auto& order = out_.parameter_order;
  auto found = std::find(order.begin(), order.end(), index);
  if (found == order.end()) found = order.insert(order.end(), index);
  const Type& type = parameters[index].type;
  const std::string cast = TRY(DuckDbType(type));
  return Value{"CAST($" + std::to_string(found - order.begin() + 1) + " AS " + cast + ")", type,
               Value::Literal::kParameter, ""};
}

Result<Value> Resolver::ResolveInterval(const Expr& expr, const Context& context) {
  const Expr& amount = *expr.args[0];
  const Type type = TypeOf(TypeKind::kInterval);
  if (amount.kind == ExprKind::kString) {
    auto sql = IntervalSql(amount.text, expr.names[0], expr.names.size() > 1 ? expr.names[1] : "");
    if (sql) return Value{std::move(*sql), type, Value::Literal::kOther, ""};
    if (expr.names.size() > 1) return Error(expr.at, "Invalid INTERVAL value");
  }
  Value value = TRY(Resolve(amount, context));
  if (!CoercionCost(value, TypeOf(TypeKind::kInt64))) {
    return Error(amount.at, "Interval value must be coercible to INT64 type");
  }
  value = TRY(CoerceAt(amount.at, std::move(value), TypeOf(TypeKind::kInt64)));
  struct Unit {
    std::string_view name, function;
    int factor;
  };
  static constexpr Unit kUnits[] = {{"YEAR", "to_months", 12},
                                    {"QUARTER", "to_months", 3},
                                    {"MONTH", "to_months", 1},
                                    {"WEEK", "to_days", 7},
                                    {"DAY", "to_days", 1},
                                    {"HOUR", "to_hours", 1},
                                    {"MINUTE", "to_minutes", 1},
                                    {"SECOND", "to_microseconds", 1000000},
                                    {"MILLISECOND", "to_microseconds", 1000},
                                    {"MICROSECOND", "to_microseconds", 1}};
  for (const Unit& unit : kUnits) {
    if (!EqualsIgnoreCase(unit.name, expr.names[0])) continue;
    std::string amount_sql = value.sql;
    if (unit.factor != 1) amount_sql = "(" + amount_sql + " * " + std::to_string(unit.factor) + ")";
    if (unit.function == "to_months" || unit.function == "to_days") {
      amount_sql = "CAST(" + amount_sql + " AS INTEGER)";
    }
    return Value{std::string(unit.function) + "(" + amount_sql + ")", type};
  }
  return Error(expr.at, "Unknown date part " + expr.names[0]);
}

Status Resolver::NoSignature(std::uint32_t at, std::string_view what,
                             const std::vector<Value>& arguments) const {
  std::string types;
  for (const Value& one : arguments)
    types += (types.empty() ? "" : ", ") + (one.is_null() ? "NULL" : TypeName(one.type));
  const bool one = arguments.size() == 1;
  return Error(at, "No matching signature for " + std::string(what) +
                       (arguments.empty() ? " with no arguments"
                        : one             ? " for argument type: "
                                          : " for argument types: ") +
                       types);
}

Result<std::vector<Value>> Resolver::ResolveAll(const std::vector<ExprPtr>& exprs,
                                                const Context& context) {
  std::vector<Value> values;
  values.reserve(exprs.size());
  for (const ExprPtr& expr : exprs) values.push_back(TRY(Resolve(*expr, context)));
  return values;
}

Result<Type> Resolver::Unify(std::uint32_t at, std::vector<Value>& values, std::string_view what) {
  std::vector<const Value*> pointers;
  for (const Value& value : values) pointers.push_back(&value);
  const std::optional<Type> type = Supertype(pointers);
  if (!type) return NoSignature(at, what, values);
  for (Value& value : values) value = TRY(CoerceAt(at, std::move(value), *type));
  return *type;
}

Result<Value> Resolver::ResolveUnary(const Expr& expr, const Context& context) {
  std::vector<Value> operand(1, TRY(Resolve(*expr.args[0], context)));
  const TypeKind kind = operand[0].type.kind;
  if (expr.text == "~") {
    if (kind == TypeKind::kBytes) return Refuse(expr.at, "Operator ~ on BYTES");
    if (kind != TypeKind::kInt64) return NoSignature(expr.at, "operator ~", operand);
    operand[0] = TRY(CoerceAt(expr.at, std::move(operand[0]), TypeOf(TypeKind::kInt64)));
    return Value{"(~" + operand[0].sql + ")", operand[0].type};
  }
  if (!IsNumber(kind) && kind != TypeKind::kInterval)
    return NoSignature(expr.at, "operator " + expr.text, operand);
  if (operand[0].is_null() || expr.text == "+") return std::move(operand[0]);
  return Value{"(-" + operand[0].sql + ")", operand[0].type};
}

Result<Value> Resolver::ResolveBinary(const Expr& expr, const Context& context) {
  Value left = TRY(Resolve(*expr.args[0], context));
  Value right = TRY(Resolve(*expr.args[1], context));
  if (expr.text == "||") {
    std::vector<Value> both;
    both.push_back(std::move(left));
    both.push_back(std::move(right));
    return ResolveConcat(expr, std::move(both), "operator ||");
  }
  return Arithmetic(expr, std::move(left), std::move(right));
}

Result<Value> Resolver::Arithmetic(const Expr& expr, Value left, Value right) {
  const std::string& op = expr.text;
  auto dates = TRY(DateArithmetic(expr, left, right));
  if (dates) return std::move(*dates);
  std::vector<Value> both;
  both.push_back(std::move(left));
  both.push_back(std::move(right));
  const auto no_match = [&] { return NoSignature(expr.at, "operator " + op, both); };
  const bool bits = op == "|" || op == "^" || op == "&" || op == "<<" || op == ">>";
  for (const Value& value : both) {
    if (bits && value.type.kind == TypeKind::kBytes)
      return Refuse(expr.at, "Operator " + op + " on BYTES");
    if (value.type.kind == TypeKind::kBigNumeric) return Refuse(expr.at, "Type BIGNUMERIC");
    if (bits ? value.type.kind != TypeKind::kInt64 : !IsNumber(value.type.kind)) return no_match();
  }
  std::vector<const Value*> pointers = {&both[0], &both[1]};
  std::optional<Type> type = Supertype(pointers);
  if (!type) return no_match();
  if (op == "/" && type->kind == TypeKind::kInt64) type = TypeOf(TypeKind::kFloat64);
  for (Value& value : both) value = TRY(CoerceAt(expr.at, std::move(value), *type));
  const std::string &a = both[0].sql, &b = both[1].sql;
  const bool numeric = type->kind == TypeKind::kNumeric;
  if (op == "+" || op == "-") return Value{"(" + a + " " + op + " " + b + ")", *type};
  if (op == "*")
    return Value{numeric ? "lf_numeric_multiply(" + a + ", " + b + ")" : "(" + a + " * " + b + ")",
                 *type};
  if (op == "/") {
    const std::string quotient = numeric ? "lf_to_numeric_divide($1, $2)" : "($1 / $2)";
    if (both[1].literal == Value::Literal::kFloat &&
        std::stod("0" + both[1].text.substr(both[1].text[0] == '-')) != 0) {
      return Value{FillTemplate(quotient, {a, b}, "", false), *type};
    }
    return Value{
        FillTemplate("{$2 = 0 ?? 'division by zero: ' || lf_text($1) || ' / ' || lf_text($2) !! " +
                         quotient + "}",
                     {a, b}, "", false),
        *type};
  }
  if (op == "^") return Value{"xor(" + a + ", " + b + ")", *type};
  if (op == "<<") return Value{"lf_shift_left(" + a + ", " + b + ")", *type};
  if (op == ">>") return Value{"lf_shift_right(" + a + ", " + b + ")", *type};
  return Value{"(" + a + " " + op + " " + b + ")", *type};
}

// DATE + INT64, DATE - DATE, anything with INTERVAL. Nothing when the operands are not of these
// kinds.
Result<std::optional<Value>> Resolver::DateArithmetic(const Expr& expr, const Value& left,
                                                      const Value& right) {
  const std::string& op = expr.text;
  const TypeKind a = left.type.kind, b = right.type.kind;
  const auto made = [&](std::string sql, TypeKind kind) {
    return std::optional<Value>(Value{std::move(sql), TypeOf(kind)});
  };
  if (a == TypeKind::kInterval && !left.is_null() && b == TypeKind::kInt64 &&
      (op == "*" || op == "/")) {
    if (op == "*") return made("lf_interval_multiply(" + left.sql + ", " + right.sql + ")", a);
    return Refuse(expr.at, "Division of an INTERVAL");
  }
  if (op == "*" && b == TypeKind::kInterval && a == TypeKind::kInt64 && !left.is_null()) {
    return made("lf_interval_multiply(" + right.sql + ", " + left.sql + ")", b);
  }
  if (op != "+" && op != "-") return std::optional<Value>{};
  const auto is_stamp = [](TypeKind kind) {
    return kind == TypeKind::kDate || kind == TypeKind::kDatetime || kind == TypeKind::kTimestamp ||
           kind == TypeKind::kTime;
  };
  if (op == "+" && is_stamp(b) && (a == TypeKind::kInt64 || a == TypeKind::kInterval)) {
    return DateArithmetic(expr, right, left);
  }
  if (a == TypeKind::kInterval && b == TypeKind::kInterval)
    return made("(" + left.sql + " " + op + " " + right.sql + ")", a);
  if (!is_stamp(a)) return std::optional<Value>{};
  if (a == TypeKind::kDate && b == TypeKind::kInt64) {
    return made(
        "CAST((" + left.sql + " " + op + " to_days(CAST(" + right.sql + " AS INTEGER))) AS DATE)",
        a);
  }
  if (b == TypeKind::kInterval) {
    if (a == TypeKind::kTime)
      return Error(expr.at, "No matching signature for operator " + op +
                                " for argument types: TIME, INTERVAL");
    return made("(" + left.sql + " " + op + " " + right.sql + ")",
                a == TypeKind::kDate ? TypeKind::kDatetime : a);
  }
  if (op == "-" && a == b) {
    if (a == TypeKind::kDate)
      return made("to_days(CAST((" + left.sql + " - " + right.sql + ") AS INTEGER))",
                  TypeKind::kInterval);
    if (a == TypeKind::kTime)
      return made("(" + left.sql + " - " + right.sql + ")", TypeKind::kInterval);
    return made("to_microseconds(epoch_us(" + left.sql + ") - epoch_us(" + right.sql + "))",
                TypeKind::kInterval);
  }
  return std::optional<Value>{};
}

// || and CONCAT: STRING, BYTES or ARRAY; NULL propagates.
Result<Value> Resolver::ResolveConcat(const Expr& expr, std::vector<Value> values,
                                      std::string_view name) {
  if (values.empty()) return NoSignature(expr.at, name, values);
  const std::vector<Value> given = values;
  const bool all_null =
      std::all_of(values.begin(), values.end(), [](const Value& v) { return v.is_null(); });
  if (all_null) {
    for (Value& value : values)
      value.type = TypeOf(TypeKind::kString), value.sql = "CAST(NULL AS VARCHAR)",
      value.literal = Value::Literal::kOther;
  }
  std::vector<const Value*> pointers;
  for (const Value& value : values) pointers.push_back(&value);
  const std::optional<Type> type = Supertype(pointers);
  const bool fits = type && (type->kind == TypeKind::kString || type->kind == TypeKind::kBytes ||
                             type->is_array());
  if (!fits) return NoSignature(expr.at, name, given);
  std::string sql;
  for (Value& value : values) {
    value = TRY(CoerceAt(expr.at, std::move(value), *type));
    sql += (sql.empty() ? "(" : " || ") + value.sql;
  }
  return Value{sql + ")", *type};
}

}  // namespace landfall::googlesql
