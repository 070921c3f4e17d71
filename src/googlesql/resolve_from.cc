// FROM: each item becomes a relation t<n> and adds its columns and names to the scope.
#include <algorithm>

#include "base/text.h"
#include "googlesql/parser.h"
#include "googlesql/resolver.h"

namespace landfall::googlesql {
namespace {

constexpr std::size_t kViewDepthMax = 16;

bool IsQuotedName(std::string_view physical) {
  if (physical.size() < 3 || physical.front() != '"' || physical.back() != '"') return false;
  const std::string_view inside = physical.substr(1, physical.size() - 2);
  for (std::size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] == '"' && (++i >= inside.size() || inside[i] != '"')) return false;
  }
  return true;
}

}  // namespace

Result<FromPlan> Resolver::ResolveFrom(const FromItem& item, Scope& scope) {
  switch (item.kind) {
    case FromItem::Kind::kTable:
      return ResolveTable(item, scope);
    case FromItem::Kind::kSubquery: {
      const QueryPlan plan = TRY(ResolveQuery(*item.query, scope.parent));
      return ScanPlan(plan, item.alias, scope, Text(plan));
    }
    case FromItem::Kind::kUnnest: {
      Context context;
      context.scope = &scope;
      context.clause = "UNNEST";
      Value array = TRY(Resolve(*item.unnest, context));
      return ResolveUnnest(item, std::move(array), item.alias, scope);
    }
    case FromItem::Kind::kJoin:
      return ResolveJoin(item, scope);
    case FromItem::Kind::kPivot:
      return ResolvePivot(item, scope);
  }
  return Error(item.at, "FROM item is not supported");
}

// A name path is an array of an earlier item, a WITH query, or a table of the catalog.
Result<FromPlan> Resolver::ResolveTable(const FromItem& item, Scope& scope) {
  if (item.path.size() >= 2) {
    std::vector<Expr> parts(item.path.size());
    std::vector<const Expr*> path;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      parts[i].kind = ExprKind::kName;
      parts[i].text = item.path[i];
      parts[i].at = item.at;
      path.push_back(&parts[i]);
    }
    Context context;
    context.scope = &scope;
    Result<std::optional<Value>> array = LookUp(path, context);
    if (!array.ok()) return array.status();
    if (*array) {
      const std::string alias = item.alias.empty() ? item.path.back() : item.alias;
      return ResolveUnnest(item, std::move(**array), alias, scope);
    }
  } else {
    for (auto named = named_.rbegin(); named != named_.rend(); ++named) {
      if (!EqualsIgnoreCase(named->name, item.path[0])) continue;
      QueryPlan plan;
      plan.columns = named->columns;
      plan.value_table = named->value_table;
      const std::string alias = item.alias.empty() ? item.path[0] : item.alias;
      return ScanPlan(plan, alias, scope, "SELECT * FROM " + named->id);
    }
  }
  return ScanTable(item, scope);
}

// Adds the columns of `relation` as table `alias`; the SQL of the scan.
std::string Resolver::BindRelation(const Relation& relation, const std::string& alias,
                                   Scope& scope) {
  const std::string table = NextTable();
  scanned_.push_back(ScannedTable{relation.path, relation.partition_column,
                                  relation.require_partition_filter, false, 0});
  RangeVariable variable;
  variable.name = alias;
  const bool plain =
      std::all_of(relation.columns.begin(), relation.columns.end(),
                  [](const Column& column) { return IsQuotedName(column.physical); });
  std::string projected;
  for (const Column& column : relation.columns) {
    std::string sql = table + "." + column.physical;
    if (!plain) {
      const std::string id = NextColumn();
      projected += (projected.empty() ? "" : ", ") + column.physical + " AS " + id;
      sql = id;
    }
    variable.columns.push_back(scope.columns.size());
    scope.columns.push_back(ScopeColumn{column.name, Value{std::move(sql), column.type},
                                        scanned_.size() - 1, column.hidden, !column.hidden, true});
  }
  scope.variables.push_back(std::move(variable));
  if (plain) return relation.physical + " AS " + table;
  return "(SELECT " + projected + " FROM " + relation.physical + ") AS " + table;
}

Result<FromPlan> Resolver::ScanTable(const FromItem& item, Scope& scope) {
  const Relation relation = TRY(FindTable(item.path, item.at));
  if (item.with_offset) return Error(item.at, "WITH OFFSET is only allowed on an array");
  if (!relation.view_sql.empty()) return ScanView(item, relation, scope);
  FromPlan plan;
  plan.only_unnest = false;
  plan.sql = BindRelation(relation, item.alias.empty() ? item.path.back() : item.alias, scope);
  return plan;
}

// A view is its GoogleSQL text, resolved here with nothing of the surrounding query in sight.
Result<FromPlan> Resolver::ScanView(const FromItem& item, const Relation& relation, Scope& scope) {
  const std::string name = ToString(relation.path);
  if (views_.size() >= kViewDepthMax ||
      std::find(views_.begin(), views_.end(), name) != views_.end()) {
    return Error(item.at, "View " + name + " is nested too deeply");
  }
  const std::string_view outer_sql = sql_;
  std::vector<NamedQuery> outer_named = std::move(named_);
  named_.clear();
  views_.push_back(name);
  sql_ = relation.view_sql;
  const auto resolve = [&]() -> Result<QueryPlan> {
    const auto syntax = TRY(Parser::ParseStatement(relation.view_sql));
    if (syntax->kind != StatementKind::kSelect) return InvalidArgument("A view must be a query");
    return ResolveQuery(*syntax->query, nullptr);
  };
  Result<QueryPlan> plan = resolve();
  sql_ = outer_sql;
  views_.pop_back();
  named_ = std::move(outer_named);
  if (!plan.ok()) return plan.status().Annotate("In view " + name + ": ");
  for (std::size_t i = 0; i < plan->columns.size() && i < relation.columns.size(); ++i) {
    plan->columns[i].name = relation.columns[i].name;
  }
  return ScanPlan(*plan, item.alias.empty() ? item.path.back() : item.alias, scope, Text(*plan));
}

// A subquery or WITH query as a relation, under fresh ids: a WITH query may be scanned twice.
Result<FromPlan> Resolver::ScanPlan(const QueryPlan& plan, const std::string& alias, Scope& scope,
                                    const std::string& sql) {
  const std::string table = NextTable();
  RangeVariable variable;
  variable.name = alias;
  std::string projected;
  for (const PlanColumn& column : plan.columns) {
    const std::string id = NextColumn();
    projected += (projected.empty() ? "" : ", ") + column.id + " AS " + id;
    Value value{id, column.type};
    if (plan.value_table) {
      AddValueTable(alias, value, scope);
      break;
    }
    // A column that is NULL everywhere still needs a type.
    if (column.literal == Value::Literal::kNull) {
      projected.resize(projected.size() - (column.id + " AS " + id).size());
      projected += "CAST(" + column.id + " AS " + TRY(DuckDbType(column.type)) + ") AS " + id;
    }
    variable.columns.push_back(scope.columns.size());
    scope.columns.push_back(ScopeColumn{column.name, std::move(value), {}, false, true, true});
  }
  if (!plan.value_table && !alias.empty()) scope.variables.push_back(std::move(variable));
  FromPlan from;
  from.only_unnest = false;
  from.sql = "(SELECT " + projected + " FROM (" + sql + ") AS " + NextTable() + ") AS " + table;
  return from;
}

// The alias is the value; the fields of a struct are columns too.
void Resolver::AddValueTable(const std::string& alias, const Value& value, Scope& scope) {
  RangeVariable variable;
  variable.name = alias;
  variable.whole = value;
  if (value.type.is_struct()) {
    for (std::size_t i = 0; i < value.type.fields.size(); ++i) {
      variable.columns.push_back(scope.columns.size());
      const std::string field = "struct_extract(" + value.sql + ", " +
                                QuoteLiteral(PhysicalFieldName(value.type, i)) + ")";
      scope.columns.push_back(ScopeColumn{value.type.fields[i].name,
                                          Value{field, value.type.fields[i].type},
                                          {},
                                          false,
                                          true,
                                          true});
    }
  } else {
    variable.columns.push_back(scope.columns.size());
    scope.columns.push_back(ScopeColumn{alias, value, {}, false, true, false});
  }
  scope.variables.push_back(std::move(variable));
}

Result<FromPlan> Resolver::ResolveUnnest(const FromItem& item, Value array,
                                         const std::string& alias, Scope& scope) {
  if (array.is_null())
    array = TRY(Coerce(std::move(array), ArrayOf(TypeOf(TypeKind::kInt64)), dialect_));
  if (array.literal == Value::Literal::kEmptyArray) {
    const Type type = array.type;
    array = TRY(Coerce(std::move(array), type, dialect_));
  }
  if (!array.type.is_array()) {
    return Error(item.at,
                 "Values referenced in UNNEST must be arrays. UNNEST contains expression of type " +
                     TypeName(array.type));
  }
  FromPlan plan;
  const std::string table = NextTable(), inner = NextTable();
  const std::string value = NextColumn(), offset = NextColumn(), whole = NextColumn();
  plan.sql = "(SELECT unnest(" + whole + ") AS " + value + ", generate_subscripts(" + whole +
             ", 1) - 1 AS " + offset + " FROM (SELECT " + array.sql + " AS " + whole + ") AS " +
             inner + ") AS " + table;
  plan.natural_order.push_back(offset);
  AddValueTable(alias, Value{value, *array.type.element}, scope);
  if (item.with_offset) {
    const std::string name = item.offset_alias.empty() ? "offset" : item.offset_alias;
    RangeVariable variable;
    variable.name = name;
    variable.whole = Value{offset, TypeOf(TypeKind::kInt64)};
    scope.columns.push_back(ScopeColumn{name, *variable.whole, {}, false, true, false});
    scope.variables.push_back(std::move(variable));
  }
  return plan;
}

Result<FromPlan> Resolver::ResolveJoin(const FromItem& item, Scope& scope) {
  const std::size_t first_left = scope.columns.size();
  FromPlan left = TRY(ResolveFrom(*item.left, scope));
  const std::size_t first_right = scope.columns.size();
  const std::size_t variables_before = scope.variables.size();
  const FromPlan right = TRY(ResolveFrom(*item.right, scope));
  for (std::size_t i = variables_before; i < scope.variables.size(); ++i) {
    for (std::size_t k = 0; k < variables_before; ++k) {
      if (!scope.variables[i].name.empty() &&
          EqualsIgnoreCase(scope.variables[i].name, scope.variables[k].name)) {
        return Error(item.right->at, "Duplicate table alias " + scope.variables[i].name +
                                         " in the same FROM clause");
      }
    }
  }
  FromPlan plan;
  plan.only_unnest = left.only_unnest && right.only_unnest;
  plan.natural_order = std::move(left.natural_order);
  plan.natural_order.insert(plan.natural_order.end(), right.natural_order.begin(),
                            right.natural_order.end());
  const std::string right_sql =
      item.right->kind == FromItem::Kind::kJoin ? "(" + right.sql + ")" : right.sql;
  const bool needs_condition = item.join != JoinKind::kComma && item.join != JoinKind::kCross;
  const bool has_condition = item.on || !item.using_columns.empty();
  if (!needs_condition && has_condition)
    return Error(item.at, "ON and USING are not allowed with CROSS JOIN");
  const bool array = item.right->kind == FromItem::Kind::kUnnest || !right.natural_order.empty();
  if (needs_condition && !has_condition &&
      !(array && (item.join == JoinKind::kLeft || item.join == JoinKind::kInner))) {
    return Error(item.at, std::string(item.join == JoinKind::kInner   ? "INNER"
                                      : item.join == JoinKind::kLeft  ? "LEFT OUTER"
                                      : item.join == JoinKind::kRight ? "RIGHT OUTER"
                                                                      : "FULL OUTER") +
                              " JOIN must have an immediately following ON or USING clause");
  }
  if (!needs_condition) {
    plan.sql = left.sql + " CROSS JOIN " + right_sql;
    return plan;
  }
  std::string condition = "TRUE";
  if (item.on) {
    Context context;
    context.scope = &scope;
    context.clause = "JOIN ON clause";
    condition = TRY(ResolveBool(*item.on, context, "JOIN ON clause")).sql;
  } else if (!item.using_columns.empty()) {
    condition = TRY(JoinUsing(item, scope, first_left, first_right));
  }
  if (array && item.join == JoinKind::kLeft &&
      item.on) {  // DuckDB joins laterally on few conditions: filter inside
    plan.sql = left.sql + " LEFT JOIN (SELECT * FROM " + right_sql + " WHERE " + condition +
               ") AS " + NextTable() + " ON TRUE";
    return plan;
  }
  static constexpr std::string_view kWords[] = {"CROSS", "CROSS", "INNER", "LEFT", "RIGHT", "FULL"};
  plan.sql = left.sql + " " + std::string(kWords[static_cast<std::size_t>(item.join)]) + " JOIN " +
             right_sql + " ON " + condition;
  return plan;
}

// USING (x): one x, ahead of all other columns; the two remain reachable through their tables.
Result<std::string> Resolver::JoinUsing(const FromItem& item, Scope& scope, std::size_t first_left,
                                        std::size_t first_right) {
  std::string condition;
  std::vector<ScopeColumn> merged;
  for (const std::string& name : item.using_columns) {
    std::optional<std::size_t> sides[2];
    for (std::size_t i = first_left; i < scope.columns.size(); ++i) {
      if (!scope.columns[i].unqualified || !EqualsIgnoreCase(scope.columns[i].name, name)) continue;
      auto& side = sides[i >= first_right ? 1 : 0];
      if (side) return Error(item.at, "Column " + name + " in USING clause is ambiguous");
      side = i;
    }
    if (!sides[0] || !sides[1]) {
      return Error(item.at, "Column " + name + " in USING clause not found on " +
                                (sides[0] ? "right" : "left") + " side of join");
    }
    ScopeColumn &left = scope.columns[*sides[0]], &right = scope.columns[*sides[1]];
    RecordColumn(left);
    RecordColumn(right);
    const Value equal = TRY(Compare(item.at, "=", left.value, right.value));
    condition += (condition.empty() ? "" : " AND ") + equal.sql;
    ScopeColumn one{name, item.join == JoinKind::kRight ? right.value : left.value, {}, false, true,
                    true};
    if (item.join == JoinKind::kFull) {
      std::vector<Value> both = {left.value, right.value};
      const Type type = TRY(Unify(item.at, both, "USING"));
      one.value = Value{"coalesce(" + both[0].sql + ", " + both[1].sql + ")", type};
    }
    left.unqualified = right.unqualified = left.in_star = right.in_star = false;
    merged.push_back(std::move(one));
  }
  // The merged columns go first; the indexes that range variables hold move along.
  for (RangeVariable& variable : scope.variables) {
    for (std::size_t& index : variable.columns) index += index >= first_left ? merged.size() : 0;
  }
  scope.columns.insert(scope.columns.begin() + static_cast<std::ptrdiff_t>(first_left),
                       merged.begin(), merged.end());
  return condition;
}

}  // namespace landfall::googlesql
