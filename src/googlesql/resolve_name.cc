// Names and paths: which column, range variable or field they mean.
#include <algorithm>

#include "base/text.h"
#include "googlesql/lexer.h"
#include "googlesql/resolver.h"

namespace landfall::googlesql {
namespace {

// a.b.c as its parts, outermost name first; empty when the chain does not start with a name.
std::vector<const Expr*> Flatten(const Expr& expr) {
  std::vector<const Expr*> path;
  const Expr* part = &expr;
  for (; part->kind == ExprKind::kField; part = part->args[0].get()) path.push_back(part);
  if (part->kind != ExprKind::kName) return {};
  path.push_back(part);
  std::reverse(path.begin(), path.end());
  return path;
}

const Grouping::Item* FindKey(const Grouping& grouping, const std::string& sql) {
  const auto found = std::find_if(grouping.keys.begin(), grouping.keys.end(),
                                  [&](const Grouping::Item& key) { return key.sql == sql; });
  return found == grouping.keys.end() ? nullptr : &*found;
}

}  // namespace

Result<Value> Resolver::ResolveName(const Expr& expr, const Context& context) {
  const std::vector<const Expr*> path = Flatten(expr);
  if (path.empty()) {
    const Value base = TRY(Resolve(*expr.args[0], context));
    return FieldOf(base, expr.text, expr.at);
  }
  std::optional<Value> found = TRY(LookUp(path, context));
  if (found) return std::move(*found);
  for (const std::string_view name :
       {"CURRENT_DATE", "CURRENT_TIME", "CURRENT_DATETIME", "CURRENT_TIMESTAMP"}) {
    if (path.size() != 1 || !EqualsIgnoreCase(path[0]->text, name) || path[0]->quoted) continue;
    Expr call;  // these may be called without parentheses
    call.kind = ExprKind::kCall;
    call.at = expr.at;
    call.names.emplace_back(name);
    call.call = std::make_unique<CallModifiers>();
    return ResolveCall(call, context);
  }
  return UnknownName(path[0]->text, path[0]->at, context);
}

Result<std::optional<Value>> Resolver::LookUp(const std::vector<const Expr*>& path,
                                              const Context& context) {
  if (context.aliases) {
    for (const SelectAlias& alias : *context.aliases) {
      if (!EqualsIgnoreCase(alias.name, path[0]->text)) continue;
      if (alias.ambiguous)
        return Error(path[0]->at, "Column name " + path[0]->text + " is ambiguous");
      // x.y where x is also a table: the alias hides the table only when it has a field y.
      if (path.size() > 1 && !alias.value.type.is_struct() &&
          alias.value.type.kind != TypeKind::kJson)
        break;
      return std::optional<Value>(TRY(FollowPath(alias.value, path, 1, nullptr, false)));
    }
  }
  for (const Scope* scope = context.scope; scope != nullptr; scope = scope->parent) {
    std::optional<Value> found = TRY(LookUpIn(*scope, path));
    if (found) return found;
  }
  return std::optional<Value>{};
}

Result<std::optional<Value>> Resolver::LookUpIn(const Scope& scope,
                                                const std::vector<const Expr*>& path) {
  const std::string& name = path[0]->text;
  const RangeVariable* variable = nullptr;
  for (const RangeVariable& one : scope.variables) {
    if (!EqualsIgnoreCase(one.name, name)) continue;
    if (variable) return Error(path[0]->at, "Name " + name + " is ambiguous");
    variable = &one;
  }
  const bool grouped = scope.grouping != nullptr;
  if (variable) {
    if (variable->whole)
      return std::optional<Value>(TRY(FollowPath(*variable->whole, path, 1, &scope, grouped)));
    if (path.size() == 1) {
      Value row = TRY(WholeRow(scope, *variable));
      return std::optional<Value>(TRY(FollowPath(std::move(row), path, 1, &scope, grouped)));
    }
    const ScopeColumn* match = nullptr;
    for (const std::size_t i : variable->columns) {
      if (!EqualsIgnoreCase(scope.columns[i].name, path[1]->text)) continue;
      if (match) return Error(path[1]->at, "Column name " + path[1]->text + " is ambiguous");
      match = &scope.columns[i];
    }
    if (!match) {
      std::vector<std::string_view> names;
      for (const std::size_t i : variable->columns) names.push_back(scope.columns[i].name);
      const std::string_view near = Nearest(path[1]->text, names);
      return Error(path[1]->at,
                   "Name " + path[1]->text + " not found inside " + name +
                       (near.empty() ? "" : "; Did you mean " + std::string(near) + "?"));
    }
    RecordColumn(*match);
    return std::optional<Value>(TRY(FollowPath(match->value, path, 2, &scope, grouped)));
  }
  const ScopeColumn* match = nullptr;
  for (const ScopeColumn& column : scope.columns) {
    if (!column.unqualified || !EqualsIgnoreCase(column.name, name)) continue;
    if (match) return Error(path[0]->at, "Column name " + name + " is ambiguous");
    match = &column;
  }
  if (!match) return std::optional<Value>{};
  RecordColumn(*match);
  return std::optional<Value>(TRY(FollowPath(match->value, path, 1, &scope, grouped)));
}

// Applies the rest of a path. Above an aggregation some prefix of it must be a GROUP BY key.
Result<Value> Resolver::FollowPath(Value value, const std::vector<const Expr*>& path,
                                   std::size_t from, const Scope* scope, bool grouped) {
  const auto match_key = [&] {
    if (!grouped) return;
    if (const Grouping::Item* key = FindKey(*scope->grouping, value.sql)) {
      value = Value{key->id, key->type};
      grouped = false;
    }
  };
  match_key();
  for (std::size_t i = from; i < path.size(); ++i) {
    value = TRY(FieldOf(value, path[i]->text, path[i]->at));
    match_key();
  }
  if (!grouped) return value;
  std::string name;
  for (const Expr* part : path) name += (name.empty() ? "" : ".") + part->text;
  return Error(path[0]->at, "SELECT list expression references column " + name +
                                " which is neither grouped nor aggregated");
}

Result<Value> Resolver::FieldOf(const Value& base, const std::string& name,
                                std::uint32_t at) const {
  if (base.type.kind == TypeKind::kJson) {
    std::string member;
    for (const char c : name) member += c == '"' ? "\\\"" : std::string(1, c);
    return Value{"json_extract(" + base.sql + ", " + QuoteLiteral("$.\"" + member + "\"") + ")",
                 base.type};
  }
  if (!base.type.is_struct()) {
    return Error(at,
                 "Cannot access field " + name + " on a value with type " + TypeName(base.type));
  }
  std::optional<std::size_t> found;
  for (std::size_t i = 0; i < base.type.fields.size(); ++i) {
    if (!EqualsIgnoreCase(base.type.fields[i].name, name)) continue;
    if (found) return Error(at, "Struct field name " + name + " is ambiguous");
    found = i;
  }
  if (!found) return Error(at, "Field name " + name + " does not exist in " + TypeName(base.type));
  return Value{"struct_extract(" + base.sql + ", " +
                   QuoteLiteral(PhysicalFieldName(base.type, *found)) + ")",
               base.type.fields[*found].type};
}

// A table alias as a value: a struct of its visible columns.
Result<Value> Resolver::WholeRow(const Scope& scope, const RangeVariable& variable) {
  Type type = TypeOf(TypeKind::kStruct);
  std::vector<Value> parts;
  for (const std::size_t i : variable.columns) {
    const ScopeColumn& column = scope.columns[i];
    if (column.hidden) continue;
    RecordColumn(column);
    type.fields.push_back(StructField{column.name, column.value.type});
    parts.push_back(column.value);
  }
  return PackStruct(type, parts);
}

Status Resolver::UnknownName(const std::string& name, std::uint32_t at,
                             const Context& context) const {
  std::vector<std::string_view> names;
  for (const Scope* scope = context.scope; scope != nullptr; scope = scope->parent) {
    for (const ScopeColumn& column : scope->columns) {
      if (column.unqualified) names.push_back(column.name);
    }
    for (const RangeVariable& variable : scope->variables) names.push_back(variable.name);
  }
  const std::string_view near = Nearest(name, names);
  return Error(at, "Unrecognized name: " + name +
                       (near.empty() ? "" : "; Did you mean " + std::string(near) + "?"));
}

void Resolver::RecordColumn(const ScopeColumn& column) {
  if (!column.table) return;
  ScannedTable& table = scanned_[*column.table];
  const bool partition = EqualsIgnoreCase(column.name, table.partition_column) ||
                         (table.partition_column == "_PARTITIONTIME" &&
                          EqualsIgnoreCase(column.name, "_PARTITIONDATE"));
  if (in_where_ && partition) table.filtered = true;
  std::pair<TablePath, std::string> read(table.path, column.name);
  auto& all = out_.referenced_columns;
  if (std::find(all.begin(), all.end(), read) == all.end()) all.push_back(std::move(read));
}

}  // namespace landfall::googlesql
