// WITH, set operations, and ORDER BY / LIMIT around a query body.
#include <algorithm>

#include "base/text.h"
#include "googlesql/resolver.h"

namespace landfall::googlesql {

std::string Resolver::Text(const QueryPlan& plan) {
  if (plan.order.empty() && plan.limit.empty() && !plan.extra_columns) return plan.with + plan.body;
  return Text(plan, {});
}

std::string Resolver::Text(const QueryPlan& plan, const std::vector<std::string>& names) {
  const std::string table = NextTable();
  std::string sql = plan.with + "SELECT ";
  for (std::size_t i = 0; i < plan.columns.size(); ++i) {
    sql += (i > 0 ? ", " : "") + plan.columns[i].id;
    if (!names.empty()) sql += " AS " + QuoteIdentifier(names[i]);
  }
  sql += " FROM (" + plan.body + ") AS " + table;
  for (std::size_t i = 0; i < plan.order.size(); ++i)
    sql += (i > 0 ? ", " : " ORDER BY ") + table + "." + plan.order[i];
  return sql + plan.limit;
}

void Resolver::Seal(QueryPlan& plan) {
  plan.body = Text(plan);
  plan.with.clear();
  plan.order.clear();
  plan.limit.clear();
  plan.extra_columns = false;
}

Result<QueryPlan> Resolver::ResolveQuery(const Query& query, const Scope* outer,
                                         bool natural_order) {
  const std::size_t named_before = named_.size();
  std::string with = TRY(ResolveWith(query, outer));
  QueryPlan plan = TRY(ResolveBody(query, outer, natural_order && query.order_by.empty()));
  if (!with.empty() && !plan.with.empty()) Seal(plan);
  if (!with.empty()) plan.with = std::move(with);
  TRY(Limit(plan, query));
  named_.resize(named_before);
  return plan;
}

Result<QueryPlan> Resolver::ResolveBody(const Query& query, const Scope* outer,
                                        bool natural_order) {
  if (query.select) return ResolveSelect(query, outer, natural_order);
  QueryPlan plan;
  if (query.set) {
    plan = TRY(ResolveSet(*query.set, outer));
  } else {
    plan = TRY(ResolveQuery(*query.nested, outer, natural_order));
    if (!query.order_by.empty() || query.limit) Seal(plan);
  }
  TRY(OrderOutput(plan, query.order_by, outer));
  return plan;
}

// ORDER BY where only the output columns can be named: after set operations and DISTINCT.
Status Resolver::OrderOutput(QueryPlan& plan, const std::vector<OrderItem>& items,
                             const Scope* outer) {
  if (items.empty()) return Ok();
  Scope scope;
  scope.parent = outer;
  for (const PlanColumn& column : plan.columns) {
    scope.columns.push_back(
        ScopeColumn{column.name, Value{column.id, column.type}, {}, false, true, true});
  }
  Context context;
  context.scope = &scope;
  context.clause = "ORDER BY";
  std::string extra;
  for (const OrderItem& item : items) {
    Value value;
    if (item.expr->kind == ExprKind::kInteger && !item.expr->parenthesized) {
      const auto position = ParseInt64(item.expr->text);
      if (!position || *position < 1 ||
          *position > static_cast<std::int64_t>(plan.columns.size())) {
        return Error(item.expr->at,
                     "ORDER BY is out of SELECT column number range: " + item.expr->text);
      }
      value = scope.columns[static_cast<std::size_t>(*position - 1)].value;
    } else {
      value = TRY(Resolve(*item.expr, context));
    }
    if (value.type.is_array() || value.type.is_struct() || value.type.kind == TypeKind::kJson) {
      return Error(item.expr->at,
                   "ORDER BY does not support expressions of type " + TypeName(value.type));
    }
    std::string id = value.sql;
    if (std::none_of(plan.columns.begin(), plan.columns.end(),
                     [&](const PlanColumn& c) { return c.id == id; })) {
      id = NextColumn();
      extra += ", " + value.sql + " AS " + id;
    }
    if (value.type.kind == TypeKind::kFloat64) {
      const std::string nan = NextColumn();
      extra += ", isnan(" + value.sql + ") AS " + nan;
      plan.order.push_back(OrderKey(Value{nan, TypeOf(TypeKind::kBool)}, !item.descending,
                                    item.nulls == SortNulls::kDefault
                                        ? (item.descending ? SortNulls::kLast : SortNulls::kFirst)
                                        : item.nulls,
                                    false));
    }
    plan.order.push_back(OrderKey(Value{id, value.type}, item.descending, item.nulls, false));
  }
  if (!extra.empty()) {
    plan.body = "SELECT *" + extra + " FROM (" + plan.body + ") AS " + NextTable();
    plan.extra_columns = true;
  }
  return Ok();
}

Status Resolver::Limit(QueryPlan& plan, const Query& query) {
  if (!query.limit) return Ok();
  if (!plan.limit.empty()) Seal(plan);
  const auto bound = [&](const Expr& expr, std::string_view word) -> Result<std::string> {
    if (expr.kind != ExprKind::kInteger && expr.kind != ExprKind::kParameter &&
        expr.kind != ExprKind::kCast) {
      return Error(expr.at, "Syntax error: Unexpected expression; " + std::string(word) +
                                " expects an integer literal or parameter");
    }
    Scope empty;
    Context context;
    context.scope = &empty;
    Value value = TRY(Resolve(expr, context));
    if (value.text.starts_with('-')) {
      return Error(expr.at,
                   std::string(word) + " expects a non-negative integer literal or parameter");
    }
    if (value.type.kind != TypeKind::kInt64) {
      return Error(expr.at, std::string(word) + " expects an integer literal or parameter");
    }
    if (value.is_literal()) return value.sql;
    return RaiseIf(
        value.sql + " IS NULL OR " + value.sql + " < 0",
        QuoteLiteral(std::string(word) + " expects a non-negative integer literal or parameter"),
        value.sql, false);
  };
  plan.limit = " LIMIT " + TRY(bound(*query.limit, "LIMIT"));
  if (query.offset) plan.limit += " OFFSET " + TRY(bound(*query.offset, "OFFSET"));
  return Ok();
}

Result<std::string> Resolver::ResolveWith(const Query& query, const Scope* outer) {
  if (query.with.empty()) return std::string{};
  std::string sql = query.recursive ? "WITH RECURSIVE " : "WITH ";
  for (std::size_t i = 0; i < query.with.size(); ++i) {
    const CommonTable& table = query.with[i];
    for (std::size_t k = 0; k < i; ++k) {
      if (EqualsIgnoreCase(query.with[k].name, table.name)) {
        return Error(table.at, "Duplicate alias " + table.name + " for WITH subquery");
      }
    }
    if (query.recursive && table.query->set) {
      sql += (i > 0 ? ", " : "") + TRY(ResolveRecursive(table, outer));
      continue;
    }
    QueryPlan plan = TRY(ResolveQuery(*table.query, outer));
    NamedQuery named;
    named.name = table.name;
    named.id = "w" + std::to_string(++tables_);
    named.columns = plan.columns;
    named.value_table = plan.value_table;
    sql += (i > 0 ? ", " : "") + named.id + " AS (" + Text(plan) + ")";
    named_.push_back(std::move(named));
  }
  return sql + " ";
}

// The first branch gives the types; the others may name the table.
Result<std::string> Resolver::ResolveRecursive(const CommonTable& table, const Scope* outer) {
  const SetOperation& set = *table.query->set;
  if (!table.query->order_by.empty() || table.query->limit || !set.op.starts_with("UNION")) {
    return Refuse(table.at, "This form of WITH RECURSIVE");
  }
  std::vector<QueryPlan> branches;
  branches.push_back(TRY(ResolveQuery(*set.inputs[0], outer)));
  NamedQuery named;
  named.name = table.name;
  named.id = "w" + std::to_string(++tables_);
  std::string ids;
  for (const PlanColumn& column : branches[0].columns) {
    named.columns.push_back(
        PlanColumn{column.name, NextColumn(), column.type, Value::Literal::kNone, ""});
    ids += (ids.empty() ? "" : ", ") + named.columns.back().id;
  }
  const std::string id = named.id;
  named_.push_back(std::move(named));
  for (std::size_t i = 1; i < set.inputs.size(); ++i)
    branches.push_back(TRY(ResolveQuery(*set.inputs[i], outer)));
  std::vector<PlanColumn> columns;
  const std::string base_types = TypeName(branches[0].columns[0].type);
  const std::string sql = TRY(UniteBranches(set.op, branches, table.at, columns));
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (!(columns[i].type == named_.back().columns[i].type)) {
      return Error(table.at,
                   "Recursive query's column types must not widen: " + TypeName(columns[i].type));
    }
  }
  return id + "(" + ids + ") AS (" + sql + ")";
}

Result<QueryPlan> Resolver::ResolveSet(const SetOperation& set, const Scope* outer) {
  std::vector<QueryPlan> branches;
  for (const QueryPtr& input : set.inputs) branches.push_back(TRY(ResolveQuery(*input, outer)));
  QueryPlan plan;
  plan.body = TRY(UniteBranches(set.op, branches, set.inputs[0]->at, plan.columns));
  plan.value_table = branches[0].value_table;
  return plan;
}

Result<std::string> Resolver::UniteBranches(const std::string& op, std::vector<QueryPlan>& branches,
                                            std::uint32_t at, std::vector<PlanColumn>& columns) {
  const std::size_t width = branches[0].columns.size();
  const std::string name = !op.ends_with("ALL") ? op + " DISTINCT" : op;
  for (const QueryPlan& branch : branches) {
    if (branch.columns.size() == width) continue;
    return Error(at, "Queries in " + name + " have mismatched column count; query 1 has " +
                         std::to_string(width) + " column" + (width == 1 ? "" : "s") + ", query " +
                         std::to_string(&branch - branches.data() + 1) + " has " +
                         std::to_string(branch.columns.size()) + " column" +
                         (branch.columns.size() == 1 ? "" : "s"));
  }
  std::vector<std::vector<std::string>> casts(branches.size());
  for (std::size_t i = 0; i < width; ++i) {
    std::vector<Value> values;
    for (const QueryPlan& branch : branches) {
      const PlanColumn& column = branch.columns[i];
      values.push_back(Value{column.id, column.type, column.literal, column.literal_text});
    }
    std::vector<const Value*> pointers;
    for (const Value& value : values) pointers.push_back(&value);
    const auto type = Supertype(pointers);
    if (!type) {
      std::string types;
      for (const Value& value : values) types += (types.empty() ? "" : ", ") + TypeName(value.type);
      return Error(at, "Column " + std::to_string(i + 1) + " in " + name +
                           " has incompatible types: " + types);
    }
    if (op != "UNION ALL" &&
        (type->kind == TypeKind::kJson || type->kind == TypeKind::kGeography)) {
      return Error(
          at, "Column " + std::to_string(i + 1) + " in " + name +
                  " has type that does not support set operation comparisons: " + TypeName(*type));
    }
    for (std::size_t b = 0; b < branches.size(); ++b) {
      // A literal column is the same in every row: it coerces as the literal does.
      if (values[b].literal == Value::Literal::kOther ||
          values[b].literal == Value::Literal::kParameter)
        values[b].literal = Value::Literal::kNone;
      casts[b].push_back(TRY(CoerceAt(at, values[b], *type)).sql);
    }
    columns.push_back(
        PlanColumn{branches[0].columns[i].name, NextColumn(), *type, Value::Literal::kNone, ""});
  }
  std::string sql;
  for (std::size_t b = 0; b < branches.size(); ++b) {
    sql += b > 0 ? " " + op + " SELECT " : "SELECT ";
    for (std::size_t i = 0; i < width; ++i)
      sql += (i > 0 ? ", " : "") + casts[b][i] + " AS " + columns[i].id;
    sql += " FROM (" + Text(branches[b]) + ") AS " + NextTable();
  }
  return sql;
}

}  // namespace landfall::googlesql
