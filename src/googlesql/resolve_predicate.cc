// Comparisons and the boolean forms: three-valued, with NaN equal to nothing.
#include <algorithm>

#include "base/text.h"
#include "googlesql/resolver.h"

namespace landfall::googlesql {
namespace {

bool CanBeNaN(const Value& value) {
  return value.type.kind == TypeKind::kFloat64 && value.literal != Value::Literal::kFloat;
}

}  // namespace

Result<Value> Resolver::ResolveBool(const Expr& expr, const Context& context,
                                    std::string_view what) {
  Value value = TRY(Resolve(expr, context));
  if (value.is_null()) return Coerce(std::move(value), TypeOf(TypeKind::kBool), dialect_);
  if (value.type.kind != TypeKind::kBool) {
    return Error(expr.at, std::string(what) + " should return type BOOL, but returns " +
                              TypeName(value.type));
  }
  return value;
}

Result<Value> Resolver::ResolveLogic(const Expr& expr, const Context& context) {
  const std::string_view op = expr.kind == ExprKind::kAnd  ? "AND"
                              : expr.kind == ExprKind::kOr ? "OR"
                                                           : "NOT";
  std::vector<Value> values = TRY(ResolveAll(expr.args, context));
  for (Value& value : values) {
    if (value.is_null()) value = TRY(Coerce(std::move(value), TypeOf(TypeKind::kBool), dialect_));
    if (value.type.kind != TypeKind::kBool)
      return NoSignature(expr.at, "operator " + std::string(op), values);
  }
  std::string sql = "(";
  if (op == "NOT") sql += "NOT ";
  for (std::size_t i = 0; i < values.size(); ++i)
    sql += (i > 0 ? " " + std::string(op) + " " : "") + values[i].sql;
  return Value{sql + ")", TypeOf(TypeKind::kBool)};
}

Result<Value> Resolver::ResolveCompare(const Expr& expr, const Context& context) {
  Value left = TRY(Resolve(*expr.args[0], context));
  Value right = TRY(Resolve(*expr.args[1], context));
  return Compare(expr.at, expr.text, std::move(left), std::move(right));
}

Result<Value> Resolver::Compare(std::uint32_t at, const std::string& op, Value left, Value right) {
  std::vector<Value> both;
  both.push_back(std::move(left));
  both.push_back(std::move(right));
  const Type type = TRY(Unify(at, both, "operator " + op));
  const bool equality = op == "=" || op == "!=";
  const Type boolean = TypeOf(TypeKind::kBool);
  if (type.is_array() || type.kind == TypeKind::kJson || type.kind == TypeKind::kGeography) {
    return Error(at, std::string(equality ? "Equality" : "Less than") +
                         " is not defined for arguments of type " + TypeName(type));
  }
  if (type.is_struct()) {
    if (!equality)
      return Error(at, "Less than is not defined for arguments of type " + TypeName(type));
    std::string all;
    for (std::size_t i = 0; i < type.fields.size(); ++i) {
      const auto part = [&](const Value& whole) {
        return Value{
            "struct_extract(" + whole.sql + ", " + QuoteLiteral(PhysicalFieldName(type, i)) + ")",
            type.fields[i].type};
      };
      all += (i > 0 ? " AND " : "") + TRY(Compare(at, "=", part(both[0]), part(both[1]))).sql;
    }
    return Value{op == "=" ? "(" + all + ")" : "(NOT (" + all + "))", boolean};
  }
  const std::string &a = both[0].sql, &b = both[1].sql;
  const std::string plain = "(" + a + " " + (op == "!=" ? "<>" : op) + " " + b + ")";
  if (type.kind != TypeKind::kFloat64 || (!CanBeNaN(both[0]) && !CanBeNaN(both[1])))
    return Value{plain, boolean};
  // DuckDB sorts NaN above everything and equal to itself: only some comparisons with a finite
  // constant differ.
  if (!CanBeNaN(both[1])) {
    if (op == ">" || op == ">=") return Value{"(" + plain + " AND NOT isnan(" + a + "))", boolean};
    return Value{plain, boolean};
  }
  if (!CanBeNaN(both[0])) {
    if (op == "<" || op == "<=") return Value{"(" + plain + " AND NOT isnan(" + b + "))", boolean};
    return Value{plain, boolean};
  }
  if (op == "=") return Value{"(" + plain + " AND NOT isnan(" + a + " + " + b + "))", boolean};
  if (op == "!=")
    return Value{"(NOT ((" + a + " = " + b + ") AND NOT isnan(" + a + " + " + b + ")))", boolean};
  return Value{FillTemplate("CASE WHEN $1 IS NULL OR $2 IS NULL THEN NULL WHEN isnan($1) OR "
                            "isnan($2) THEN FALSE ELSE $1 " +
                                op + " $2 END",
                            {a, b}, "", false),
               boolean};
}

Result<Value> Resolver::ResolveBetween(const Expr& expr, const Context& context) {
  std::vector<Value> values = TRY(ResolveAll(expr.args, context));
  const std::vector<Value> given = values;
  Result<Type> type = Unify(expr.at, values, "operator BETWEEN");
  if (!type.ok()) return type.status();
  const Value low = TRY(Compare(expr.at, ">=", values[0], values[1]));
  const Value high = TRY(Compare(expr.at, "<=", values[0], values[2]));
  const std::string sql = "(" + low.sql + " AND " + high.sql + ")";
  return Value{expr.flag ? "(NOT " + sql + ")" : sql, TypeOf(TypeKind::kBool)};
}

Result<Value> Resolver::ResolveIn(const Expr& expr, const Context& context) {
  if (expr.query) return ResolveInQuery(expr, context);
  if (expr.text == "UNNEST") return ResolveInUnnest(expr, context);
  const std::string opening = expr.flag ? "(NOT " : "";
  const std::string closing = expr.flag ? ")" : "";
  const Type boolean = TypeOf(TypeKind::kBool);
  std::vector<Value> values = TRY(ResolveAll(expr.args, context));
  const Type type = TRY(Unify(expr.at, values, "operator IN"));
  if (type.is_array())
    return Error(expr.at, "IN is not defined for arguments of type " + TypeName(type));
  const bool plain = !type.is_struct() && std::none_of(values.begin(), values.end(),
                                                       [](const Value& v) { return CanBeNaN(v); });
  std::string list;
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (plain) {
      list += (i > 1 ? ", " : "") + values[i].sql;
    } else {
      list += (i > 1 ? " OR " : "") + TRY(Compare(expr.at, "=", values[0], values[i])).sql;
    }
  }
  return Value{
      opening + (plain ? "(" + values[0].sql + " IN (" + list + "))" : "(" + list + ")") + closing,
      boolean};
}

Result<Value> Resolver::ResolveInQuery(const Expr& expr, const Context& context) {
  const std::string opening = expr.flag ? "(NOT " : "";
  const std::string closing = expr.flag ? ")" : "";
  const Type boolean = TypeOf(TypeKind::kBool);
  Value left = TRY(Resolve(*expr.args[0], context));
  const QueryPlan plan = TRY(ResolveQuery(*expr.query, context.scope));
  if (plan.columns.size() != 1)
    return Error(expr.at, "Subquery of type IN must have only one output column");
  Value right{"c", plan.columns[0].type, plan.columns[0].literal, plan.columns[0].literal_text};
  std::vector<Value> both;
  both.push_back(std::move(left));
  both.push_back(right);
  const std::vector<const Value*> pointers = {&both[0], &both[1]};
  const auto type = Supertype(pointers);
  if (!type)
    return Error(expr.at, "Cannot execute IN subquery with uncomparable types " +
                              TypeName(both[0].type) + " and " + TypeName(right.type));
  both[0] = TRY(CoerceAt(expr.at, std::move(both[0]), *type));
  right.literal = Value::Literal::kNone;
  right.sql = plan.columns[0].id;
  std::string query = Text(plan);
  if (!(right.type == *type)) {
    const Value cast = TRY(Coerce(std::move(right), *type, dialect_));
    query = "SELECT " + cast.sql + " FROM (" + query + ") AS " + NextTable();
  }
  return Value{opening + "(" + both[0].sql + " IN (" + query + "))" + closing, boolean};
}

Result<Value> Resolver::ResolveInUnnest(const Expr& expr, const Context& context) {
  const std::string opening = expr.flag ? "(NOT " : "";
  const std::string closing = expr.flag ? ")" : "";
  const Type boolean = TypeOf(TypeKind::kBool);
  Value left = TRY(Resolve(*expr.args[0], context));
  Value array = TRY(Resolve(*expr.args[1], context));
  if (array.is_null()) array = TRY(Coerce(std::move(array), ArrayOf(left.type), dialect_));
  if (!array.type.is_array()) {
    return Error(expr.args[1]->at,
                 "Second argument of IN UNNEST must be an array but was " + TypeName(array.type));
  }
  Value element{"", *array.type.element,
                array.is_literal() ? Value::Literal::kOther : Value::Literal::kNone, ""};
  const std::vector<const Value*> pointers = {&left, &element};
  auto type = Supertype(pointers);
  if (!type && array.literal == Value::Literal::kOther && CoercionCost(left, *array.type.element))
    type = *array.type.element;
  if (!type) return NoSignature(expr.at, "operator IN UNNEST", {left, array});
  left = TRY(CoerceAt(expr.at, std::move(left), *type));
  array = TRY(CoerceAt(expr.at, std::move(array), ArrayOf(*type)));
  if (type->is_struct() ||
      type->kind == TypeKind::kFloat64) {  // equality that is more than DuckDB's =
    const std::string equal = TRY(Compare(expr.at, "=", left, Value{"u", *type})).sql;
    const auto count = [&](const std::string& what) {
      return "len(list_filter(" + array.sql + ", lambda u: " + what + ")) > 0";
    };
    return Value{opening + "CASE WHEN " + count("coalesce(" + equal + ", FALSE)") +
                     " THEN TRUE WHEN " + count("(" + equal + ") IS NULL") +
                     " THEN NULL ELSE FALSE END" + closing,
                 boolean};
  }
  return Value{opening + "coalesce(" + left.sql + " = ANY(" + array.sql + "), CASE WHEN len(" +
                   array.sql + ") > 0 THEN NULL ELSE FALSE END)" + closing,
               boolean};
}

Result<Value> Resolver::ResolveLike(const Expr& expr, const Context& context) {
  std::vector<Value> values = TRY(ResolveAll(expr.args, context));
  const std::string name = "operator LIKE" + (expr.text.empty() ? "" : " " + expr.text);
  for (const Value& value : values) {
    if (value.is_null()) continue;
    if (value.type.kind == TypeKind::kBytes) return Refuse(expr.at, "LIKE on BYTES");
    if (value.type.kind != TypeKind::kString) return NoSignature(expr.at, name, values);
  }
  std::string sql;
  for (Value& value : values)
    value = TRY(CoerceAt(expr.at, std::move(value), TypeOf(TypeKind::kString)));
  for (std::size_t i = 1; i < values.size(); ++i) {
    sql += i > 1 ? (expr.text == "ALL" ? " AND " : " OR ") : "";
    sql += "(" + values[0].sql + " LIKE " + values[i].sql + " ESCAPE '\\')";
  }
  // NOT LIKE ANY means: some pattern does not match.
  if (!expr.flag) return Value{"(" + sql + ")", TypeOf(TypeKind::kBool)};
  return Value{"(NOT (" + sql + "))", TypeOf(TypeKind::kBool)};
}

Result<Value> Resolver::ResolveIs(const Expr& expr, const Context& context) {
  const std::string negation = expr.flag ? "NOT " : "";
  const Type boolean = TypeOf(TypeKind::kBool);
  if (expr.kind == ExprKind::kDistinctFrom) {
    std::vector<Value> both = TRY(ResolveAll(expr.args, context));
    TRY(Unify(expr.at, both, "operator IS DISTINCT FROM"));
    return Value{"(" + both[0].sql + " IS " + negation + "DISTINCT FROM " + both[1].sql + ")",
                 boolean};
  }
  Value value = TRY(Resolve(*expr.args[0], context));
  if (expr.text == "NULL") return Value{"(" + value.sql + " IS " + negation + "NULL)", boolean};
  if (value.is_null()) value = TRY(Coerce(std::move(value), boolean, dialect_));
  if (value.type.kind != TypeKind::kBool) return NoSignature(expr.at, "operator IS", {value});
  if (expr.text == "UNKNOWN") return Value{"(" + value.sql + " IS " + negation + "NULL)", boolean};
  const std::string distinct = expr.flag ? "DISTINCT FROM " : "NOT DISTINCT FROM ";
  return Value{"(" + value.sql + " IS " + distinct + expr.text + ")", boolean};
}

Result<Value> Resolver::ResolveCase(const Expr& expr, const Context& context) {
  const std::size_t first = expr.flag ? 1 : 0;
  std::vector<Value> conditions, results;
  std::size_t i = first;
  std::optional<Value> subject;
  if (expr.flag) subject = TRY(Resolve(*expr.args[0], context));
  for (; i + 1 < expr.args.size(); i += 2) {
    if (subject) {
      Value candidate = TRY(Resolve(*expr.args[i], context));
      conditions.push_back(TRY(Compare(expr.args[i]->at, "=", *subject, std::move(candidate))));
    } else {
      conditions.push_back(TRY(ResolveBool(*expr.args[i], context, "CASE WHEN condition")));
    }
    results.push_back(TRY(Resolve(*expr.args[i + 1], context)));
  }
  const bool has_else = i < expr.args.size();
  if (has_else) results.push_back(TRY(Resolve(*expr.args[i], context)));
  const Type type = TRY(Unify(expr.at, results, "operator CASE"));
  std::string sql = "CASE";
  for (std::size_t k = 0; k < conditions.size(); ++k)
    sql += " WHEN " + conditions[k].sql + " THEN " + results[k].sql;
  if (has_else) sql += " ELSE " + results.back().sql;
  return Value{sql + " END", type};
}

}  // namespace landfall::googlesql
