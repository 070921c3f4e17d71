// INSERT, UPDATE, DELETE, MERGE.
#include <algorithm>

#include "base/text.h"
#include "googlesql/resolver.h"

namespace landfall::googlesql {
namespace {

constexpr std::string_view kOneSourceRow =
    "UPDATE/MERGE must match at most one source row for each target row";

const Column* FindColumn(const Relation& relation, std::string_view name) {
  for (const Column& column : relation.columns) {
    if (EqualsIgnoreCase(column.name, name)) return &column;
  }
  return nullptr;
}

}  // namespace

Result<Relation> Resolver::WritableTarget(const StatementSyntax& s) {
  Relation target = TRY(FindTable(s.target, s.target_at));
  if (!target.view_sql.empty() || !target.writable) {
    return Error(s.target_at, "Cannot modify " + ToString(target.path) +
                                  ": it is not a table that can be written");
  }
  out_.target = target.path;
  // The target is written, not read, unless the statement says so elsewhere.
  if (s.kind == StatementKind::kInsert) std::erase(out_.referenced_tables, target.path);
  return target;
}

// A value on its way into a column: assignable types are those that coerce; NUMERIC and others
// narrow by CAST.
Result<Value> Resolver::ForColumn(std::uint32_t at, Value value, const Column& column) {
  if (CoercionCost(value, column.type)) return CoerceAt(at, std::move(value), column.type);
  const TypeKind from = value.type.kind, to = column.type.kind;
  const bool narrows = IsNumber(from) && IsNumber(to) && from != TypeKind::kFloat64;
  if (narrows) return ExplicitCast(value, column.type, false, dialect_);
  return Error(at, "Value has type " + TypeName(value.type) +
                       " which cannot be inserted into column " + column.name +
                       ", which has type " + TypeName(column.type));
}

Result<std::vector<const Column*>> Resolver::InsertColumns(const InsertRows& insert,
                                                           const Relation& target,
                                                           std::uint32_t at) {
  std::vector<const Column*> columns;
  if (insert.columns.empty()) {
    for (const Column& column : target.columns) {
      if (!column.hidden && column.writable) columns.push_back(&column);
    }
    return columns;
  }
  for (const std::string& name : insert.columns) {
    const Column* column = FindColumn(target, name);
    if (!column)
      return Error(at, "Column " + name + " is not present in table " + ToString(target.path));
    if (!column->writable) return Error(at, "Column " + name + " cannot be written");
    if (std::find(columns.begin(), columns.end(), column) != columns.end()) {
      return Error(at, "INSERT has columns with duplicate name: " + name);
    }
    columns.push_back(column);
  }
  for (const Column& column : target.columns) {
    if (column.required && std::find(columns.begin(), columns.end(), &column) == columns.end()) {
      return Error(at,
                   "Required column " + column.name + " is missing from the INSERT column list");
    }
  }
  return columns;
}

Status Resolver::ResolveInsert(const StatementSyntax& s) {
  const Relation target = TRY(WritableTarget(s));
  const auto columns = TRY(InsertColumns(s.insert, target, s.target_at));
  const std::string source = TRY(InsertSource(s.insert, columns, s.target_at));
  std::string list;
  for (const Column* column : columns) list += (list.empty() ? "" : ", ") + column->physical;
  out_.duckdb_sql = "INSERT INTO " + target.physical + " (" + list + ") " + source;
  return Ok();
}

Result<std::string> Resolver::InsertSource(const InsertRows& insert,
                                           const std::vector<const Column*>& columns,
                                           std::uint32_t at) {
  const auto wrong_count = [&](std::size_t got) {
    return Error(at, "Inserted row has wrong column count; Has " + std::to_string(got) +
                         ", expected " + std::to_string(columns.size()));
  };
  if (insert.query) {
    const QueryPlan plan = TRY(ResolveQuery(*insert.query, nullptr));
    if (plan.columns.size() != columns.size()) return wrong_count(plan.columns.size());
    std::string list;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const PlanColumn& from = plan.columns[i];
      Value value{from.id, from.type, from.literal, from.literal_text};
      list +=
          (i > 0 ? ", " : "") + TRY(ForColumn(insert.query->at, std::move(value), *columns[i])).sql;
    }
    return "SELECT " + list + " FROM (" + Text(plan) + ") AS " + NextTable();
  }
  Scope scope;
  Context context;
  context.scope = &scope;
  context.clause = "VALUES";
  std::string rows;
  for (const std::vector<ExprPtr>& row : insert.rows) {
    if (row.size() != columns.size()) return wrong_count(row.size());
    std::string values;
    for (std::size_t i = 0; i < row.size(); ++i) {
      Value value{"NULL", columns[i]->type, Value::Literal::kNull,
                  ""};  // DEFAULT of a column without one
      if (row[i]) value = TRY(Resolve(*row[i], context));
      values += (i > 0 ? ", " : "") +
                TRY(ForColumn(row[i] ? row[i]->at : at, std::move(value), *columns[i])).sql;
    }
    rows += (rows.empty() ? "(" : ", (") + values + ")";
  }
  return "VALUES " + rows;
}

// a = x, s.f.g = y: a path rebuilds the structs around the field.
Result<std::string> Resolver::SetClause(const std::vector<Assignment>& assignments,
                                        const Relation& target, const Context& context,
                                        const Scope& target_scope) {
  struct Update {
    const Column* column = nullptr;
    std::string sql;
    std::vector<std::vector<std::string>> paths;
  };
  std::vector<Update> updates;
  for (const Assignment& one : assignments) {
    std::size_t first = 0;
    const Column* column = FindColumn(target, one.path[0]);
    if (one.path.size() > 1 && EqualsIgnoreCase(one.path[0], target_scope.variables[0].name) &&
        FindColumn(target, one.path[1])) {
      first = 1;
      column = FindColumn(target, one.path[1]);
    }
    if (!column) return Error(one.at, "Unrecognized name: " + one.path[0]);
    if (!column->writable) return Error(one.at, "Column " + column->name + " cannot be written");
    auto update = std::find_if(updates.begin(), updates.end(),
                               [&](const Update& u) { return u.column == column; });
    const std::vector<std::string> path(one.path.begin() + static_cast<std::ptrdiff_t>(first) + 1,
                                        one.path.end());
    if (update != updates.end()) {
      for (const auto& other : update->paths) {
        const std::size_t shared = std::min(other.size(), path.size());
        if (std::equal(other.begin(), other.begin() + static_cast<std::ptrdiff_t>(shared),
                       path.begin(), [](const std::string& a, const std::string& b) {
                         return EqualsIgnoreCase(a, b);
                       })) {
          return Error(one.at, "Update item " + column->name + " assigned more than once");
        }
      }
    } else {
      const ScopeColumn* bound =
          &target_scope.columns[static_cast<std::size_t>(column - target.columns.data())];
      updates.push_back(Update{column, bound->value.sql, {}});
      update = updates.end() - 1;
    }
    update->paths.push_back(path);
    Column field = *column;
    for (const std::string& name : path) {
      const Value inner = TRY(FieldOf(Value{"", field.type}, name, one.at));
      field.type = Type(inner.type);
      field.name += "." + name;
    }
    Value value{"NULL", field.type, Value::Literal::kNull, ""};
    if (one.value) value = TRY(Resolve(*one.value, context));
    std::string sql = TRY(ForColumn(one.at, std::move(value), field)).sql;
    // From the inside out: struct_update(outer, f := ...).
    std::vector<Value> levels = {Value{update->sql, column->type}};
    for (const std::string& name : path)
      levels.push_back(TRY(FieldOf(levels.back(), name, one.at)));
    for (std::size_t i = path.size(); i-- > 0;) {
      sql = RaiseIf(
          levels[i].sql + " IS NULL", "'Cannot set field of NULL STRUCT'",
          "struct_update(" + levels[i].sql + ", " + QuoteIdentifier(path[i]) + " := " + sql + ")",
          false);
    }
    update->sql = sql;
  }
  std::string list;
  for (const Update& update : updates)
    list += (list.empty() ? "" : ", ") + update.column->physical + " = " + update.sql;
  return list;
}

Status Resolver::ResolveUpdate(const StatementSyntax& s) {
  const Relation target = TRY(WritableTarget(s));
  Scope scope;
  const std::string alias = s.target_alias.empty() ? s.target.back() : s.target_alias;
  const std::string bound = BindRelation(target, alias, scope);
  const Scope target_scope = scope;
  const std::string table = bound.substr(bound.rfind(' ') + 1);
  FromPlan from;
  if (s.from) from = TRY(ResolveFrom(*s.from, scope));
  Context context;
  context.scope = &scope;
  context.clause = "WHERE clause";
  in_where_ = true;
  Result<Value> where = ResolveBool(*s.where, context, "WHERE clause");
  in_where_ = false;
  if (!where.ok()) return where.status();
  context.clause = "UPDATE SET";
  const std::string set = TRY(SetClause(s.update, target, context, target_scope));
  out_.duckdb_sql = "UPDATE " + target.physical + " AS " + table + " SET " + set;
  if (s.from) {
    out_.duckdb_sql += " FROM " + from.sql;
    out_.guards.push_back(Guard{
        "SELECT 1 FROM " + target.physical + " AS " + table + " CROSS JOIN " +
            (s.from->kind == FromItem::Kind::kJoin ? "(" + from.sql + ")" : from.sql) + " WHERE " +
            where->sql + " GROUP BY " + table + ".rowid HAVING count(*) > 1 LIMIT 1",
        std::string(kOneSourceRow)});
  }
  out_.duckdb_sql += " WHERE " + where->sql;
  return Ok();
}

Status Resolver::ResolveDelete(const StatementSyntax& s) {
  const Relation target = TRY(WritableTarget(s));
  Scope scope;
  const std::string bound =
      BindRelation(target, s.target_alias.empty() ? s.target.back() : s.target_alias, scope);
  Context context;
  context.scope = &scope;
  context.clause = "WHERE clause";
  in_where_ = true;
  Result<Value> where = ResolveBool(*s.where, context, "WHERE clause");
  in_where_ = false;
  if (!where.ok()) return where.status();
  out_.duckdb_sql = "DELETE FROM " + target.physical + " AS " + bound.substr(bound.rfind(' ') + 1) +
                    " WHERE " + where->sql;
  return Ok();
}

Status Resolver::ResolveMerge(const StatementSyntax& s) {
  const Relation target = TRY(WritableTarget(s));
  Scope scope;
  const std::string bound =
      BindRelation(target, s.target_alias.empty() ? s.target.back() : s.target_alias, scope);
  const std::string table = bound.substr(bound.rfind(' ') + 1);
  Scope source;
  const FromPlan from = TRY(ResolveFrom(*s.from, source));
  for (const RangeVariable& variable : source.variables) {
    if (EqualsIgnoreCase(variable.name, scope.variables[0].name)) {
      return Error(s.from->at, "Alias " + variable.name +
                                   " in the USING clause of MERGE conflicts with the target");
    }
  }
  Scope both = scope;
  const std::size_t shift = both.columns.size();
  both.columns.insert(both.columns.end(), source.columns.begin(), source.columns.end());
  for (RangeVariable variable : source.variables) {
    for (std::size_t& i : variable.columns) i += shift;
    both.variables.push_back(std::move(variable));
  }
  Context context, source_context, target_context;
  context.scope = &both;
  context.clause = "MERGE";
  source_context.scope = &source;
  source_context.clause = "MERGE";
  target_context.scope = &scope;
  target_context.clause = "MERGE";
  in_where_ = true;
  Result<Value> on = ResolveBool(*s.where, context, "MERGE ON clause");
  in_where_ = false;
  if (!on.ok()) return on.status();
  std::string arms, matched;
  bool always_matched = false, has_matched = false;
  for (const MergeArm& arm : s.arms) {
    const bool by_source = arm.when == MergeArm::When::kNotMatchedBySource;
    arms += TRY(ResolveMergeArm(arm, target, by_source ? target_context : context, source_context));
    if (arm.when != MergeArm::When::kMatched) continue;
    has_matched = true;
    if (!arm.condition) {
      always_matched = true;
    } else {
      matched +=
          (matched.empty() ? "" : " OR ") + TRY(ResolveBool(*arm.condition, context, "MERGE")).sql;
    }
  }
  // Duplicates on the source side stay duplicates: DuckDB sees the source as it is.
  out_.duckdb_sql = "MERGE INTO " + target.physical + " AS " + table + " USING " + from.sql +
                    " ON " + on->sql + arms + " RETURNING merge_action";
  if (has_matched) {
    std::string filter = on->sql;
    if (!always_matched) filter += " AND (" + matched + ")";
    out_.guards.push_back(Guard{"SELECT 1 FROM " + target.physical + " AS " + table +
                                    " CROSS JOIN " + from.sql + " WHERE " + filter + " GROUP BY " +
                                    table + ".rowid HAVING count(*) > 1 LIMIT 1",
                                std::string(kOneSourceRow)});
  }
  return Ok();
}

Result<std::string> Resolver::ResolveMergeArm(const MergeArm& arm, const Relation& target,
                                              const Context& context,
                                              const Context& source_context) {
  static constexpr std::string_view kWhen[] = {" WHEN MATCHED", " WHEN NOT MATCHED BY TARGET",
                                               " WHEN NOT MATCHED BY SOURCE"};
  const bool insert = arm.action == MergeArm::Action::kInsert;
  std::string sql(kWhen[static_cast<std::size_t>(arm.when)]);
  if (arm.condition)
    sql +=
        " AND " + TRY(ResolveBool(*arm.condition, insert ? source_context : context, "MERGE")).sql;
  sql += " THEN ";
  if (arm.action == MergeArm::Action::kDelete) return sql + "DELETE";
  if (!insert) {
    // The target's columns come first in either context.
    Scope target_scope;
    target_scope.variables.push_back(context.scope->variables[0]);
    for (std::size_t i = 0; i < target.columns.size(); ++i)
      target_scope.columns.push_back(context.scope->columns[i]);
    return sql + "UPDATE SET " + TRY(SetClause(arm.update, target, context, target_scope));
  }
  const auto columns = TRY(InsertColumns(arm.insert, target, arm.at));
  std::vector<Value> values;
  std::vector<std::uint32_t> at;
  if (arm.insert.all_columns) {
    for (const ScopeColumn& column : source_context.scope->columns) {
      if (column.hidden || !column.in_star) continue;
      RecordColumn(column);
      values.push_back(column.value);
      at.push_back(arm.at);
    }
  } else {
    for (std::size_t i = 0; i < arm.insert.rows[0].size(); ++i) {
      const ExprPtr& expr = arm.insert.rows[0][i];
      values.push_back(expr ? TRY(Resolve(*expr, source_context))
                            : Value{"NULL", TypeOf(TypeKind::kInt64), Value::Literal::kNull, ""});
      at.push_back(expr ? expr->at : arm.at);
    }
  }
  if (values.size() != columns.size()) {
    return Error(arm.at, "Inserted row has wrong column count; Has " +
                             std::to_string(values.size()) + ", expected " +
                             std::to_string(columns.size()));
  }
  std::string names, list;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    names += (i > 0 ? ", " : "") + columns[i]->physical;
    list += (i > 0 ? ", " : "") + TRY(ForColumn(at[i], std::move(values[i]), *columns[i])).sql;
  }
  return sql + "INSERT (" + names + ") VALUES (" + list + ")";
}

}  // namespace landfall::googlesql
