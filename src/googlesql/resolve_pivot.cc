// PIVOT: one filtered aggregate per listed value, grouped by every column that PIVOT does not name.
#include <algorithm>

#include "base/text.h"
#include "googlesql/resolver.h"

namespace landfall::googlesql {
namespace {

void CollectNames(const Expr& expr, std::vector<std::string>& names) {
  if (expr.kind == ExprKind::kName || expr.kind == ExprKind::kField) names.push_back(expr.text);
  for (const ExprPtr& arg : expr.args) {
    if (arg) CollectNames(*arg, names);
  }
  if (!expr.call) return;
  for (const OrderItem& item : expr.call->order_by) CollectNames(*item.expr, names);
  if (expr.call->having_expr) CollectNames(*expr.call->having_expr, names);
}

// What a value of the IN list is called in column names.
std::string ValueName(const SelectItem& item) {
  if (!item.alias.empty()) return item.alias;
  const Expr& expr = *item.expr;
  switch (expr.kind) {
    case ExprKind::kNull:
      return "NULL";
    case ExprKind::kBool:
      return AsciiLower(expr.text);
    case ExprKind::kString:
      return expr.text;
    case ExprKind::kTypedLiteral: {
      std::string name = expr.text;
      std::replace_if(
          name.begin(), name.end(),
          [](char c) { return c == '-' || c == ':' || c == '.' || c == ' '; }, '_');
      return "_" + name;
    }
    case ExprKind::kInteger: {
      std::string digits = expr.text;
      const bool negative = digits[0] == '-';
      if (negative) digits.erase(0, 1);
      return (negative ? "minus_" : "_") + digits;
    }
    default:
      return "";
  }
}

}  // namespace

Result<FromPlan> Resolver::ResolvePivot(const FromItem& item, Scope& scope) {
  Scope input;
  input.parent = scope.parent;
  const FromPlan from = TRY(ResolveFrom(*item.left, input));
  std::vector<std::string> used;
  for (const SelectItem& one : item.pivot_aggregates) CollectNames(*one.expr, used);
  CollectNames(*item.pivot_for, used);
  Grouping grouping;
  grouping.table = NextTable();
  QueryPlan plan;
  std::string keys, group_by;
  for (const ScopeColumn& column : input.columns) {
    const bool named = std::any_of(used.begin(), used.end(), [&](const std::string& name) {
      return EqualsIgnoreCase(name, column.name);
    });
    if (column.hidden || !column.in_star || named) continue;
    RecordColumn(column);
    if (column.value.type.kind == TypeKind::kJson)
      return Error(item.at, "PIVOT cannot group by column " + column.name + " of type JSON");
    const std::string id = NextColumn();
    grouping.keys.push_back(Grouping::Item{column.value.sql, id, column.value.type});
    plan.columns.push_back(PlanColumn{column.name, id, column.value.type});
    keys += (keys.empty() ? "" : ", ") + id;
    group_by += (group_by.empty() ? " GROUP BY " : ", ") + std::to_string(grouping.keys.size());
  }
  Context below, above;
  below.scope = above.scope = &input;
  below.clause = "PIVOT";
  above.clause = "PIVOT";
  above.aggregation = &grouping;
  const Value subject = TRY(Resolve(*item.pivot_for, below));
  std::string list = keys;
  for (const SelectItem& value_item : item.pivot_values) {
    std::vector<Value> both = {subject, TRY(Resolve(*value_item.expr, below))};
    TRY(Unify(value_item.at, both, "PIVOT IN"));
    above.filter = both[0].sql + " IS NOT DISTINCT FROM " + both[1].sql;
    for (const SelectItem& aggregate : item.pivot_aggregates) {
      if (aggregate.alias.empty() && item.pivot_aggregates.size() > 1)
        return Error(aggregate.at, "PIVOT with several aggregates needs an alias for each");
      const std::size_t before = grouping.aggregates.size();
      input.grouping = &grouping;
      Result<Value> value = Resolve(*aggregate.expr, above);
      input.grouping = nullptr;
      if (!value.ok()) return value.status();
      if (grouping.aggregates.size() == before && value->is_literal())
        return Error(aggregate.at, "PIVOT expression must be an aggregate function call");
      std::string name = ValueName(value_item);
      if (!aggregate.alias.empty())
        name = aggregate.alias + (name.starts_with('_') ? "" : "_") + name;
      const std::string id = NextColumn();
      list += (list.empty() ? "" : ", ") + value->sql + " AS " + id;
      plan.columns.push_back(PlanColumn{name, id, value->type});
    }
  }
  std::string inner;
  for (const auto* items : {&grouping.keys, &grouping.aggregates}) {
    for (const Grouping::Item& one : *items)
      inner += (inner.empty() ? "" : ", ") + one.sql + " AS " + one.id;
  }
  const std::string sql = "SELECT " + list + " FROM (SELECT " + inner + " FROM " + from.sql +
                          group_by + ") AS " + grouping.table;
  return ScanPlan(plan, item.alias, scope, sql);
}

}  // namespace landfall::googlesql
