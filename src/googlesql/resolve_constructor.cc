// Subscripts, casts, STRUCT and ARRAY constructors, subqueries as values.
#include <algorithm>

#include "base/text.h"
#include "googlesql/literals.h"
#include "googlesql/resolver.h"
#include "googlesql/special_forms.h"

namespace landfall::googlesql {

Result<Value> Resolver::ResolveIndex(const Expr& expr, const Context& context) {
  Value base = TRY(Resolve(*expr.args[0], context));
  Value index = TRY(Resolve(*expr.args[1], context));
  if (base.type.kind == TypeKind::kJson && expr.text.empty()) {
    if (index.type.kind == TypeKind::kString && !index.is_null()) {
      return Value{"json_extract(" + base.sql + ", '$.\"' || replace(" + index.sql +
                       ", '\"', '\\\"') || '\"')",
                   base.type};
    }
    index = TRY(CoerceAt(expr.args[1]->at, std::move(index), TypeOf(TypeKind::kInt64)));
    return Value{"lf_json_element(" + base.sql + ", " + index.sql + ")", base.type};
  }
  if (base.type.is_struct()) return Refuse(expr.at, "Subscript access on STRUCT");
  if (!base.type.is_array()) {
    return Error(expr.at, "Element access using [] is not supported on values of type " +
                              TypeName(base.type));
  }
  if (!CoercionCost(index, TypeOf(TypeKind::kInt64))) {
    return Error(expr.args[1]->at,
                 "Array position in [] must be coercible to INT64 type, but has type " +
                     TypeName(index.type));
  }
  index = TRY(CoerceAt(expr.args[1]->at, std::move(index), TypeOf(TypeKind::kInt64)));
  const bool safe = expr.text.starts_with("SAFE_");
  const bool ordinal = expr.text.ends_with("ORDINAL");
  const std::string first = ordinal ? "1" : "0";
  const std::string bounds = ordinal ? "($2 < 1 OR $2 > len($1))" : "($2 < 0 OR $2 >= len($1))";
  const std::string element = ordinal ? "list_extract($1, $2)" : "list_extract($1, $2 + 1)";
  const std::string pattern =
      safe ? "CASE WHEN " + bounds + " THEN NULL ELSE " + element + " END"
           : "{" + bounds + " ?? 'Array index ' || $2 || ' is out of bounds' !! " + element + "}";
  return Value{FillTemplate(pattern, {base.sql, index.sql}, "", false), *base.type.element};
}

Result<Value> Resolver::ResolveCast(const Expr& expr, const Context& context) {
  Value from = TRY(Resolve(*expr.args[0], context));
  if (from.literal == Value::Literal::kString && !expr.flag) {
    if (auto sql = LiteralSql(from.text, expr.type->kind, dialect_.time_zone);
        sql && expr.type->kind != TypeKind::kJson) {
      return Value{std::move(*sql), *expr.type};
    }
  }
  if (expr.type->kind == TypeKind::kJson && from.type.kind != TypeKind::kJson && !from.is_null())
    return JsonOf(from, dialect_);
  const bool number =
      from.literal == Value::Literal::kInteger || from.literal == Value::Literal::kFloat;
  if (number && expr.type->kind == TypeKind::kNumeric) {
    if (auto sql = LiteralSql(from.text, TypeKind::kNumeric, dialect_.time_zone))
      return Value{std::move(*sql), *expr.type};
  }
  return ExplicitCast(from, *expr.type, expr.flag, dialect_);
}

Result<Value> Resolver::ResolveStruct(const Expr& expr, const Context& context) {
  std::vector<Value> parts = TRY(ResolveAll(expr.args, context));
  Type type = TypeOf(TypeKind::kStruct);
  if (expr.type) {
    type = *expr.type;
    if (type.fields.size() != parts.size()) {
      return Error(expr.at, "STRUCT type has " + std::to_string(type.fields.size()) +
                                " fields but constructor call has " + std::to_string(parts.size()) +
                                " fields");
    }
  }
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (expr.type) {
      if (!expr.names[i].empty())
        return Error(
            expr.args[i]->at,
            "STRUCT constructors cannot specify both an explicit type and field names with AS");
      parts[i] = TRY(CoerceAt(expr.args[i]->at, std::move(parts[i]), type.fields[i].type));
      continue;
    }
    std::string name = expr.names[i];
    const ExprKind kind = expr.args[i]->kind;
    const bool tuple = sql_[expr.at] == '(';
    if (name.empty() && !tuple && (kind == ExprKind::kName || kind == ExprKind::kField))
      name = expr.args[i]->text;
    if (parts[i].is_null()) parts[i] = TRY(Coerce(parts[i], Type(parts[i].type), dialect_));
    type.fields.push_back(StructField{std::move(name), parts[i].type});
  }
  if (parts.empty()) return Refuse(expr.at, "An empty STRUCT");
  return PackStruct(type, std::move(parts));
}

Result<Value> Resolver::ResolveArray(const Expr& expr, const Context& context) {
  std::vector<Value> parts = TRY(ResolveAll(expr.args, context));
  if (expr.type) {
    for (std::size_t i = 0; i < parts.size(); ++i) {
      parts[i] = TRY(CoerceAt(expr.args[i]->at, std::move(parts[i]), *expr.type->element));
    }
  } else if (parts.empty()) {
    return Value{"[]", ArrayOf(TypeOf(TypeKind::kInt64)), Value::Literal::kEmptyArray, ""};
  }
  Type element;
  if (expr.type) {
    element = *expr.type->element;
  } else {
    std::vector<const Value*> pointers;
    for (const Value& part : parts) pointers.push_back(&part);
    const auto type = Supertype(pointers);
    if (!type) {
      std::string types;
      for (const Value& part : parts) types += (types.empty() ? "" : ", ") + TypeName(part.type);
      return Error(expr.at,
                   "Array elements of types {" + types + "} do not have a common supertype");
    }
    element = *type;
    for (std::size_t i = 0; i < parts.size(); ++i)
      parts[i] = TRY(CoerceAt(expr.args[i]->at, std::move(parts[i]), element));
  }
  if (element.is_array())
    return Error(expr.at, "Cannot construct array with element type " + TypeName(element) +
                              " because nested arrays are not supported");
  std::string sql = "[";
  for (std::size_t i = 0; i < parts.size(); ++i) sql += (i > 0 ? ", " : "") + parts[i].sql;
  sql += "]";
  if (parts.empty()) sql = "CAST([] AS " + TRY(DuckDbType(ArrayOf(element))) + ")";
  const bool literals =
      std::all_of(parts.begin(), parts.end(), [](const Value& part) { return part.is_literal(); });
  return Value{std::move(sql), ArrayOf(element),
               literals ? Value::Literal::kOther : Value::Literal::kNone, ""};
}

Result<Value> Resolver::ResolveSubquery(const Expr& expr, const Context& context) {
  QueryPlan plan =
      TRY(ResolveQuery(*expr.query, context.scope, expr.kind == ExprKind::kArraySubquery));
  if (expr.kind == ExprKind::kExists) {
    return Value{"EXISTS(" + Text(plan) + ")", TypeOf(TypeKind::kBool)};
  }
  if (plan.columns.size() != 1) {
    return Error(expr.at, expr.kind == ExprKind::kSubquery
                              ? "Scalar subquery cannot have more than one column unless using "
                                "SELECT AS STRUCT to build STRUCT values"
                              : "ARRAY subquery cannot have more than one column unless using "
                                "SELECT AS STRUCT to build STRUCT values");
  }
  if (expr.kind == ExprKind::kArraySubquery) return CollectArray(std::move(plan));
  Value value{"(" + Text(plan) + ")", plan.columns[0].type};
  if (plan.columns[0].literal == Value::Literal::kNull)
    value.sql = "CAST(" + value.sql + " AS " + TRY(DuckDbType(value.type)) + ")";
  return value;
}

// ARRAY(subquery): its order, kept by sorting on the keys inside the aggregate.
Result<Value> Resolver::CollectArray(QueryPlan plan) {
  const PlanColumn& column = plan.columns[0];
  if (column.type.is_array()) {
    return InvalidArgument("Cannot use array subquery with column of type " +
                               TypeName(column.type) + " because nested arrays are not supported",
                           "invalidQuery", "query");
  }
  const std::string table = NextTable();
  std::string keys;
  for (const std::string& key : plan.order) keys += (keys.empty() ? " ORDER BY " : ", ") + key;
  std::string inner = plan.body;
  if (!plan.limit.empty()) {
    std::string outer_keys = keys;
    inner = "SELECT * FROM (" + inner + ") AS " + NextTable() + outer_keys + plan.limit;
  }
  return Value{"coalesce((" + plan.with + "SELECT list(" + column.id + keys + ") FROM (" + inner +
                   ") AS " + table + "), CAST([] AS " + TRY(DuckDbType(ArrayOf(column.type))) +
                   "))",
               ArrayOf(column.type)};
}

}  // namespace landfall::googlesql
