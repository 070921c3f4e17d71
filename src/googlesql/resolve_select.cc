// One SELECT block. Without aggregation it is one DuckDB SELECT; with it, keys and aggregates are
// computed in a SELECT below (c<n>), and the SELECT list, HAVING, QUALIFY and ORDER BY stand above.
#include <algorithm>

#include "base/text.h"
#include "googlesql/resolver.h"

namespace landfall::googlesql {
namespace {

bool IsAggregate(const Expr& expr) {
  if (expr.kind != ExprKind::kCall || (expr.call && expr.call->over)) return false;
  std::string name;
  for (const std::string& part : expr.names) name += (name.empty() ? "" : ".") + part;
  for (char& c : name) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  if (name.starts_with("SAFE.")) name.erase(0, 5);
  const auto overloads = FindAggregate(name);
  return name == "GROUPING" || (!overloads.empty() && !overloads[0].aggregate->window_only);
}

bool ContainsAggregate(const Expr* expr) {
  if (!expr) return false;
  if (IsAggregate(*expr)) return true;
  for (const ExprPtr& arg : expr->args) {
    if (ContainsAggregate(arg.get())) return true;
  }
  if (expr->call && expr->call->over) {
    for (const ExprPtr& key : expr->call->over->partition_by) {
      if (ContainsAggregate(key.get())) return true;
    }
    for (const OrderItem& item : expr->call->over->order_by) {
      if (ContainsAggregate(item.expr.get())) return true;
    }
  }
  return false;
}

// The name an expression lends its column: the last part of a path.
std::string ImplicitName(const Expr& expr) {
  if (expr.kind == ExprKind::kName || expr.kind == ExprKind::kField) return expr.text;
  return "";
}

}  // namespace

class SelectResolver {
 public:
  SelectResolver(Resolver& r, const Query& query, const Scope* outer)
      : r_(r), query_(query), select_(*query.select) {
    scope_.parent = outer;
  }

  Result<QueryPlan> Run(bool natural_order) {
    TRY(From());
    TRY(ExpandItems());
    const bool grouped = select_.group_by || HasAggregates();
    if (grouped) TRY(Group());
    TRY(Outputs(grouped));
    TRY(Filters(grouped));
    TRY(Order(grouped));
    if (natural_order && !grouped && !select_.distinct && from_.only_unnest) NaturalOrder();
    return Assemble(grouped);
  }

 private:
  // A SELECT list entry: an expression, or a column that a star stands for.
  struct Item {
    const Expr* expr = nullptr;
    std::optional<Value> value;
    std::string name, explicit_alias;
    std::uint32_t at = 0;
  };

  Context Base(std::string_view clause) {
    Context context;
    context.scope = &scope_;
    context.clause = clause;
    context.named_windows = &select_.windows;
    return context;
  }
  Context Above(std::string_view clause, bool grouped) {
    Context context = Base(clause);
    context.windows = true;
    if (grouped) context.aggregation = &grouping_;
    return context;
  }

  Status From() {
    if (select_.from) from_ = TRY(r_.ResolveFrom(*select_.from, scope_));
    if (!select_.from && select_.where)
      return r_.Error(select_.where->at, "Query without FROM clause cannot have a WHERE clause");
    if (select_.where) {
      r_.in_where_ = true;
      Result<Value> where = r_.ResolveBool(*select_.where, Base("WHERE clause"), "WHERE clause");
      r_.in_where_ = false;
      if (!where.ok()) return where.status();
      where_ = where->sql;
    }
    return Ok();
  }

  Status ExpandItems() {
    for (const SelectItem& item : select_.items) {
      if (item.kind == SelectItem::Kind::kExpr) {
        const std::string name = item.alias.empty() ? ImplicitName(*item.expr) : item.alias;
        items_.push_back(Item{item.expr.get(), {}, name, item.alias, item.at});
        continue;
      }
      std::vector<Item> expanded;
      if (item.kind == SelectItem::Kind::kStar) {
        TRY(ExpandStar(item, expanded));
      } else {
        TRY(ExpandDotStar(item, expanded));
      }
      TRY(ApplyModifiers(item, expanded));
      for (Item& one : expanded) items_.push_back(std::move(one));
    }
    return Ok();
  }

  Status ExpandStar(const SelectItem& item, std::vector<Item>& out) {
    if (!select_.from) return r_.Error(item.at, "SELECT * must have a FROM clause");
    for (const ScopeColumn& column : scope_.columns) {
      if (column.hidden || !column.in_star) continue;
      r_.RecordColumn(column);
      out.push_back(Item{nullptr, column.value, column.name, "", item.at});
    }
    if (out.empty()) return r_.Error(item.at, "SELECT * would expand to zero columns");
    return Ok();
  }

  // t.* keeps the table's own columns, also those that USING merged.
  Status ExpandDotStar(const SelectItem& item, std::vector<Item>& out) {
    if (item.expr->kind == ExprKind::kName) {
      for (const Scope* scope = &scope_; scope != nullptr; scope = scope->parent) {
        for (const RangeVariable& variable : scope->variables) {
          if (!EqualsIgnoreCase(variable.name, item.expr->text) || variable.whole) continue;
          for (const std::size_t i : variable.columns) {
            const ScopeColumn& column = scope->columns[i];
            if (column.hidden) continue;
            r_.RecordColumn(column);
            out.push_back(Item{nullptr, column.value, column.name, "", item.at});
          }
          return Ok();
        }
      }
    }
    Context context = Base("SELECT list");
    context.windows = true;
    Value value = TRY(r_.Resolve(*item.expr, context));
    if (!value.type.is_struct()) {
      return r_.Error(item.at, "Dot-star is not supported for type " + TypeName(value.type));
    }
    for (std::size_t i = 0; i < value.type.fields.size(); ++i) {
      const std::string field = "struct_extract(" + value.sql + ", " +
                                QuoteLiteral(PhysicalFieldName(value.type, i)) + ")";
      out.push_back(Item{nullptr, Value{field, value.type.fields[i].type},
                         value.type.fields[i].name, "", item.at});
    }
    return Ok();
  }

  Status ApplyModifiers(const SelectItem& item, std::vector<Item>& expanded) {
    for (const std::string& name : item.except) {
      const std::size_t removed = std::erase_if(
          expanded, [&](const Item& one) { return EqualsIgnoreCase(one.name, name); });
      if (removed == 0)
        return r_.Error(item.at, "Column " + name + " in SELECT * EXCEPT list does not exist");
    }
    if (expanded.empty()) return r_.Error(item.at, "SELECT * EXCEPT would expand to zero columns");
    for (const auto& [expr, name] : item.replace) {
      bool found = false;
      for (Item& one : expanded) {
        if (!EqualsIgnoreCase(one.name, name)) continue;
        one = Item{expr.get(), {}, name, "", item.at};
        found = true;
      }
      if (!found)
        return r_.Error(item.at, "Column " + name + " in SELECT * REPLACE list does not exist");
    }
    for (const auto& [name, renamed] : item.rename) {
      const auto one = std::find_if(expanded.begin(), expanded.end(),
                                    [&](const Item& i) { return EqualsIgnoreCase(i.name, name); });
      if (one == expanded.end())
        return r_.Error(item.at, "Column " + name + " in RENAME list does not exist");
      one->name = renamed;
    }
    return Ok();
  }

  bool HasAggregates() const {
    for (const Item& item : items_) {
      if (ContainsAggregate(item.expr)) return true;
    }
    for (const OrderItem& item : query_.order_by) {
      if (ContainsAggregate(item.expr.get())) return true;
    }
    return ContainsAggregate(select_.having.get()) || ContainsAggregate(select_.qualify.get()) ||
           select_.having;
  }

  // --- Aggregation

  Status Group() {
    grouping_.table = r_.NextTable();
    if (from_.only_unnest) grouping_.natural_order = from_.natural_order;
    if (select_.group_by) {
      const GroupBy& by = *select_.group_by;
      if (by.all) {
        for (const Item& item : items_) {
          if (item.expr && ContainsAggregate(item.expr)) continue;
          TRY(AddKey(TRY(ItemValue(item)), item.at));
        }
        for (std::size_t i = 0; i < grouping_.keys.size(); ++i)
          group_sql_ += (i > 0 ? ", " : "") + std::to_string(i + 1);
      } else {
        TRY(GroupSets(by));
      }
    }
    scope_.grouping = &grouping_;
    return Ok();
  }

  Result<Value> ItemValue(const Item& item) {
    if (item.value) return *item.value;
    return r_.Resolve(*item.expr, Base("GROUP BY clause"));
  }

  Status GroupSets(const GroupBy& by) {
    const bool simple =
        !by.grouping_sets &&
        std::all_of(by.sets.begin(), by.sets.end(), [](const GroupingSet& set) {
          return set.kind == GroupingSet::Kind::kExpr || (set.kind == GroupingSet::Kind::kSet);
        });
    grouping_.sets = !simple;
    // Keys are named by their position; inside ROLLUP and the others DuckDB wants the expressions
    // themselves.
    std::string sql;
    for (const GroupingSet& set : by.sets) {
      std::string one;
      for (const std::vector<ExprPtr>& group : set.items) {
        std::string keys;
        for (const ExprPtr& expr : group) {
          const std::size_t key = TRY(GroupKey(*expr));
          keys += (keys.empty() ? "" : ", ") +
                  (simple ? std::to_string(key + 1) : grouping_.keys[key].sql);
        }
        if (!simple &&
            (group.size() != 1 || set.kind == GroupingSet::Kind::kSet || by.grouping_sets)) {
          if (set.kind == GroupingSet::Kind::kExpr || set.kind == GroupingSet::Kind::kSet ||
              group.size() != 1)
            keys = "(" + keys + ")";
        }
        one += (one.empty() ? "" : ", ") + keys;
      }
      if (set.kind == GroupingSet::Kind::kRollup) one = "ROLLUP (" + one + ")";
      if (set.kind == GroupingSet::Kind::kCube) one = "CUBE (" + one + ")";
      if (!one.empty()) sql += (sql.empty() ? "" : ", ") + one;
    }
    group_sql_ = by.grouping_sets ? "GROUPING SETS (" + sql + ")" : sql;
    return Ok();
  }

  // An ordinal, an alias of the SELECT list, or an expression over FROM.
  Result<std::size_t> GroupKey(const Expr& expr) {
    if (expr.kind == ExprKind::kInteger && !expr.parenthesized) {
      const auto position = ParseInt64(expr.text);
      if (!position || *position < 1 || *position > static_cast<std::int64_t>(items_.size())) {
        return r_.Error(expr.at, "GROUP BY is out of SELECT column number range: " + expr.text);
      }
      const Item& item = items_[static_cast<std::size_t>(*position - 1)];
      if (item.expr && ContainsAggregate(item.expr)) {
        return r_.Error(expr.at,
                        "Column " + expr.text +
                            " contains an aggregation function, which is not allowed in GROUP BY");
      }
      return AddKey(TRY(ItemValue(item)), expr.at);
    }
    if (expr.kind == ExprKind::kName) {
      for (const Item& item : items_) {
        if (item.explicit_alias.empty() || !EqualsIgnoreCase(item.explicit_alias, expr.text))
          continue;
        if (ContainsAggregate(item.expr)) {
          return r_.Error(
              expr.at, "Column " + expr.text +
                           " contains an aggregation function, which is not allowed in GROUP BY");
        }
        return AddKey(TRY(ItemValue(item)), expr.at);
      }
    }
    const Value value = TRY(r_.Resolve(expr, Base("GROUP BY clause")));
    return AddKey(value, expr.at);
  }

  Result<std::size_t> AddKey(const Value& value, std::uint32_t at) {
    if (value.type.kind == TypeKind::kJson || value.type.kind == TypeKind::kGeography) {
      return r_.Error(
          at, "Grouping by expressions of type " + TypeName(value.type) + " is not allowed");
    }
    for (std::size_t i = 0; i < grouping_.keys.size(); ++i) {
      if (grouping_.keys[i].sql == value.sql) return i;
    }
    if (value.sql.find('(') != std::string::npos || value.is_literal())
      grouping_.complex_keys = true;
    grouping_.keys.push_back(Grouping::Item{value.sql, r_.NextColumn(), value.type});
    return grouping_.keys.size() - 1;
  }

  // --- The SELECT list and what can name its aliases

  Status Outputs(bool grouped) {
    const Context context = Above("SELECT list", grouped);
    for (const Item& item : items_) {
      Value value;
      if (item.value) {
        value = *item.value;
        if (grouped) TRY(MapToKey(value, item));
      } else {
        value = TRY(r_.Resolve(*item.expr, context));
      }
      if (value.is_null() || value.literal == Value::Literal::kEmptyArray) {
        const Value::Literal literal = value.literal;
        value.sql = literal == Value::Literal::kNull
                        ? "NULL"
                        : "CAST([] AS " + TRY(DuckDbType(value.type)) + ")";
      }
      outputs_.push_back(
          PlanColumn{item.name, r_.NextColumn(), value.type, value.literal, value.text});
      values_.push_back(value);
      if (item.name.empty()) continue;
      for (SelectAlias& alias : aliases_) {
        if (EqualsIgnoreCase(alias.name, item.name) && alias.value.sql != value.sql)
          alias.ambiguous = true;
      }
      aliases_.push_back(SelectAlias{item.name, value, false});
    }
    if (select_.as == Select::As::kValue && outputs_.size() != 1) {
      return r_.Error(select_.at, "SELECT AS VALUE query must have exactly one column");
    }
    if (select_.distinct) {
      for (const PlanColumn& column : outputs_) {
        if (column.type.kind == TypeKind::kJson || column.type.kind == TypeKind::kGeography) {
          return r_.Error(select_.at, "Column " + column.name + " of type " +
                                          TypeName(column.type) +
                                          " cannot be used in SELECT DISTINCT");
        }
      }
    }
    if (select_.as == Select::As::kStruct) PackOutputs();
    return Ok();
  }

  Status MapToKey(Value& value, const Item& item) {
    for (const Grouping::Item& key : grouping_.keys) {
      if (key.sql != value.sql) continue;
      value = Value{key.id, key.type};
      return Ok();
    }
    return r_.Error(item.at, "SELECT list expression references column " + item.name +
                                 " which is neither grouped nor aggregated");
  }

  void PackOutputs() {
    Type type = TypeOf(TypeKind::kStruct);
    for (std::size_t i = 0; i < outputs_.size(); ++i) {
      type.fields.push_back(StructField{outputs_[i].name, outputs_[i].type});
      if (values_[i].is_null()) {
        if (auto typed = Coerce(values_[i], outputs_[i].type, r_.dialect_); typed.ok())
          values_[i] = *typed;
      }
    }
    Value packed = PackStruct(type, values_);
    values_.assign(1, packed);
    outputs_.assign(1, PlanColumn{"", r_.NextColumn(), type, Value::Literal::kNone, ""});
  }

  Status Filters(bool grouped) {
    if (select_.having) {
      Context context = Above("HAVING clause", grouped);
      context.windows = false;
      context.aliases = &aliases_;
      having_ = TRY(r_.ResolveBool(*select_.having, context, "HAVING clause")).sql;
    }
    if (select_.qualify) {
      Context context = Above("QUALIFY clause", grouped);
      context.aliases = &aliases_;
      qualify_ = TRY(r_.ResolveBool(*select_.qualify, context, "QUALIFY clause")).sql;
    }
    return Ok();
  }

  Status Order(bool grouped) {
    if (select_.distinct) return Ok();  // over the output; see Assemble
    Context context = Above("ORDER BY clause", grouped);
    context.aliases = &aliases_;
    for (const OrderItem& item : query_.order_by) {
      Value value;
      if (item.expr->kind == ExprKind::kInteger && !item.expr->parenthesized) {
        const auto position = ParseInt64(item.expr->text);
        if (!position || *position < 1 || *position > static_cast<std::int64_t>(values_.size())) {
          return r_.Error(item.expr->at,
                          "ORDER BY is out of SELECT column number range: " + item.expr->text);
        }
        value = values_[static_cast<std::size_t>(*position - 1)];
      } else {
        value = TRY(r_.Resolve(*item.expr, context));
      }
      if (value.type.is_array() || value.type.is_struct() || value.type.kind == TypeKind::kJson) {
        return r_.Error(item.expr->at,
                        "ORDER BY does not support expressions of type " + TypeName(value.type));
      }
      if (value.is_literal()) value.sql = "(" + value.sql + ")";
      const SortNulls nulls = item.nulls;
      if (value.type.kind == TypeKind::kFloat64) {
        const SortNulls side = nulls != SortNulls::kDefault ? nulls
                               : item.descending            ? SortNulls::kLast
                                                            : SortNulls::kFirst;
        order_.push_back(
            r_.OrderKey(Value{OrderColumn("isnan(" + value.sql + ")"), TypeOf(TypeKind::kBool)},
                        !item.descending, side, false));
      }
      order_.push_back(
          r_.OrderKey(Value{OrderColumn(value.sql), value.type}, item.descending, nulls, false));
    }
    return Ok();
  }

  // The output column with this SQL, or an extra one.
  std::string OrderColumn(const std::string& sql) {
    for (std::size_t i = 0; i < values_.size(); ++i) {
      if (values_[i].sql == sql) return outputs_[i].id;
    }
    const std::string id = r_.NextColumn();
    extra_.emplace_back(sql, id);
    return id;
  }

  void NaturalOrder() {
    for (const std::string& offset : from_.natural_order)
      order_.push_back(OrderColumn(offset) + " ASC");
  }

  Result<QueryPlan> Assemble(bool grouped) {
    QueryPlan plan;
    std::string sql = select_.distinct ? "SELECT DISTINCT " : "SELECT ";
    for (std::size_t i = 0; i < values_.size(); ++i)
      sql += (i > 0 ? ", " : "") + values_[i].sql + " AS " + outputs_[i].id;
    for (const auto& [extra, id] : extra_) sql += ", " + extra + " AS " + id;
    std::string filter = having_;
    if (grouped) {
      sql += " FROM (SELECT ";
      std::string list;
      for (const auto* items : {&grouping_.keys, &grouping_.aggregates}) {
        for (const Grouping::Item& item : *items)
          list += (list.empty() ? "" : ", ") + item.sql + " AS " + item.id;
      }
      if (list.empty()) list = "count(*)";
      sql += list;
      if (!from_.sql.empty()) sql += " FROM " + from_.sql;
      if (!where_.empty()) sql += " WHERE " + where_;
      if (!group_sql_.empty()) sql += " GROUP BY " + group_sql_;
      sql += ") AS " + grouping_.table;
    } else {
      if (!from_.sql.empty()) sql += " FROM " + from_.sql;
      filter = where_;
    }
    if (!filter.empty()) sql += " WHERE " + filter;
    if (!qualify_.empty()) sql += " QUALIFY " + qualify_;
    plan.body = std::move(sql);
    plan.columns = outputs_;
    plan.order = order_;
    plan.extra_columns = !extra_.empty();
    plan.value_table = select_.as != Select::As::kRow;
    if (select_.distinct) TRY(r_.OrderOutput(plan, query_.order_by, scope_.parent));
    return plan;
  }

  Resolver& r_;
  const Query& query_;
  const Select& select_;
  Scope scope_;
  FromPlan from_;
  std::string where_, having_, qualify_, group_sql_;
  std::vector<Item> items_;
  Grouping grouping_;
  std::vector<PlanColumn> outputs_;
  std::vector<Value> values_;
  std::vector<SelectAlias> aliases_;
  std::vector<std::string> order_;
  std::vector<std::pair<std::string, std::string>> extra_;
};

Result<QueryPlan> Resolver::ResolveSelect(const Query& query, const Scope* outer,
                                          bool natural_order) {
  return SelectResolver(*this, query, outer).Run(natural_order);
}

}  // namespace landfall::googlesql
