// Aggregates, window functions and their OVER clauses.
#include <algorithm>

#include "base/text.h"
#include "googlesql/resolver.h"

namespace landfall::googlesql {
namespace {

// The pieces around the arguments of an aggregate call.
struct CallParts {
  std::string distinct, order, filter;
};

// "sum($1)" with DISTINCT after the opening parenthesis, ORDER BY before the last closing one, FILTER behind it.
std::string Arrange(const std::string& filled, const CallParts& parts) {
  std::string sql = filled;
  if (!parts.order.empty()) sql.insert(sql.size() - 1, parts.order);
  if (!parts.distinct.empty()) sql.insert(sql.find('(') + 1, parts.distinct);
  return sql + parts.filter;
}

bool HasGroupingNames(const std::string& name) { return name == "GROUPING"; }

}  // namespace

Result<Value> Resolver::AggregateCall(const Expr& expr, const std::string& name, const Context& context) {
  const CallModifiers& call = *expr.call;
  const bool window = call.over != nullptr;
  const bool window_only = !FindAggregate(name).empty() && FindAggregate(name)[0].aggregate->window_only;
  if (window && !context.windows) {
    return Error(expr.at, "Analytic function not allowed in " + std::string(context.clause));
  }
  if (!window && window_only) return Error(expr.at, "Analytic function " + name + " cannot be called without an OVER clause");
  if (!window && !context.aggregation) {
    return Error(expr.at, "Aggregate function " + name + " not allowed in " + std::string(context.clause));
  }
  // The arguments of an aggregate are below the aggregation; those of a window function beside it.
  const Grouping* above = context.scope->grouping;
  Context inner = context;
  inner.windows = false;
  if (!window) {
    inner.aggregation = nullptr;
    inner.aliases = nullptr;
    inner.clause = "an aggregate function";
    context.scope->grouping = nullptr;
  }
  struct Restore {
    Scope* scope;
    const Grouping* grouping;
    ~Restore() { scope->grouping = grouping; }
  } restore{context.scope, above};

  if (HasGroupingNames(name)) {
    if (window || expr.args.size() != 1) return Error(expr.at, "GROUPING needs one argument");
    const Value value = TRY(Resolve(*expr.args[0], inner));
    return PlaceAggregate(expr, "grouping(" + value.sql + ")", TypeOf(TypeKind::kInt64), context);
  }
  std::vector<Value> arguments;
  if (expr.args.size() == 1 && expr.args[0]->kind == ExprKind::kStar) {
    if (name != "COUNT" || call.distinct) return Error(expr.at, "Argument * can only be used in COUNT(*)");
  } else {
    arguments = TRY(ResolveAll(expr.args, inner));
  }
  if (!call.named.empty()) return Refuse(expr.at, "Named argument of " + name);
  const auto match = ChooseOverload(FindAggregate(name), arguments);
  if (!match) {
    for (const Value& argument : arguments) {
      if (argument.type.kind == TypeKind::kBytes || argument.type.kind == TypeKind::kInterval) {
        return Refuse(expr.at, "Aggregate function " + name + " on " + TypeName(argument.type));
      }
    }
    return NoSignature(expr.at, "aggregate function " + name, arguments);
  }
  const AggregateRow& row = *match->overload->aggregate;
  std::vector<std::string> sql;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    sql.push_back(TRY(CoerceAt(expr.args[i]->at, std::move(arguments[i]), match->arguments[i])).sql);
  }
  const bool distinct_type_ok = arguments.empty() || (match->arguments[0].kind != TypeKind::kJson);
  if (call.distinct && !distinct_type_ok) {
    return Error(expr.at, "Aggregate functions with DISTINCT cannot be used with arguments of type " + TypeName(match->arguments[0]));
  }
  CallParts parts;
  if (call.distinct) parts.distinct = "DISTINCT ";
  std::vector<std::string> filters;
  const bool lists = name == "ARRAY_AGG" || name == "ARRAY_CONCAT_AGG" || name == "STRING_AGG";
  if (!call.order_by.empty()) {
    if (!lists) return Error(expr.at, "ORDER BY in arguments is not supported for aggregate function " + name);
    parts.order = " ORDER BY " + TRY(OrderKeys(call.order_by, inner, call.distinct));
  } else if (lists && !call.distinct && !window && !context.aggregation->natural_order.empty()) {
    for (const std::string& offset : context.aggregation->natural_order) {
      parts.order += (parts.order.empty() ? " ORDER BY " : ", ") + offset;
    }
  }
  if (name == "STRING_AGG" && arguments.size() == 2 && expr.args[1]->kind == ExprKind::kNull) {
    return Error(expr.args[1]->at, "Argument 2 to STRING_AGG must be non-NULL");
  }
  if (call.limit && !lists) return Error(expr.at, "LIMIT in arguments is not supported for aggregate function " + name);
  std::string nulls_word;
  if (!call.nulls.empty()) {
    if (!row.skips_nulls_by_option) {
      return Error(expr.at, "IGNORE NULLS and RESPECT NULLS in arguments are not supported for " + name);
    }
    if (name.starts_with("PERCENTILE_") || name == "APPROX_QUANTILES") {
      if (call.nulls == "RESPECT") return Refuse(expr.at, "RESPECT NULLS in " + name);
    } else if (row.window_only) {
      nulls_word = call.nulls == "IGNORE" ? " IGNORE NULLS" : "";
    } else if (call.nulls == "IGNORE") {
      filters.push_back(sql[0] + " IS NOT NULL");
    }
  }
  if (!context.filter.empty()) filters.push_back(context.filter);
  if (name == "ARRAY_CONCAT_AGG") filters.push_back(sql[0] + " IS NOT NULL");
  if (name == "STRING_AGG") filters.push_back(sql[0] + " IS NOT NULL");
  if (call.having_expr) {
    if (call.distinct || lists || window) return Refuse(expr.at, "HAVING " + call.having + " in " + name);
    return Refuse(expr.at, "HAVING " + call.having + " inside an aggregate");
  }
  if (name == "COUNTIF" && call.distinct) return Refuse(expr.at, "COUNTIF(DISTINCT)");
  if (name == "APPROX_QUANTILES") sql[1] = TRY(QuantileList(*expr.args[1]));
  std::string condition;
  for (const std::string& filter : filters) condition += (condition.empty() ? "" : " AND ") + filter;
  if (!condition.empty()) parts.filter = " FILTER (WHERE " + condition + ")";
  std::string over;
  if (window) {
    if (call.distinct && !call.over->order_by.empty()) {
      return Error(expr.at, "Window ORDER BY is not allowed if DISTINCT is specified");
    }
    over = " OVER " + TRY(OverClause(*call.over, context, row.window_only));
  }
  std::vector<std::string> cores;
  for (const std::string_view one : Split(row.sql, ';')) {
    std::string filled = FillTemplate(Trim(one), sql, dialect_.time_zone, false);
    if (!nulls_word.empty()) filled.insert(filled.size() - 1, nulls_word);
    cores.push_back(Arrange(filled, parts) + over);
  }
  std::string wrap = row.wrap;
  if (call.limit) {
    Scope none;
    Context constant;
    constant.scope = &none;
    const Value limit = TRY(Resolve(*call.limit, constant));
    if (limit.type.kind != TypeKind::kInt64 || limit.text.starts_with('-')) {
      return Error(call.limit->at, "LIMIT expects a non-negative integer literal or parameter");
    }
    const std::size_t at = wrap.find("$0");
    if (name == "ARRAY_AGG" || name == "STRING_AGG") wrap.replace(at, 2, "list_slice($0, 1, " + limit.sql + ")");
    if (name == "ARRAY_CONCAT_AGG") wrap.replace(at, 2, "list_slice($0, 1, " + limit.sql + ")");
  }
  std::string whole;
  for (std::size_t i = 0; i < wrap.size(); ++i) {
    if (wrap[i] == '$' && wrap[i + 1] == '0') {
      whole += cores[0];
      ++i;
    } else if (wrap[i] == '$' && wrap[i + 1] == '~') {
      whole += cores[1];
      ++i;
    } else if (wrap[i] == '$' && wrap[i + 1] == '^') {
      whole += cores[2];
      ++i;
    } else if (wrap[i] == '$' && wrap[i + 1] >= '1' && wrap[i + 1] <= '9') {
      whole += sql[static_cast<std::size_t>(wrap[++i] - '1')];
    } else {
      whole += wrap[i];
    }
  }
  if (window) return Value{std::move(whole), match->result};
  return PlaceAggregate(expr, std::move(whole), match->result, context);
}

// APPROX_QUANTILES(x, n): the fractions 0, 1/n, .. 1.
Result<std::string> Resolver::QuantileList(const Expr& count) const {
  const auto n = count.kind == ExprKind::kInteger ? ParseInt64(count.text) : std::nullopt;
  if (!n) return Refuse(count.at, "A number of quantiles that is not a literal");
  if (*n < 1 || *n > 10000) return Error(count.at, "The number of quantiles must be between 1 and 10000");
  std::string list = "[";
  for (std::int64_t i = 0; i <= *n; ++i) list += (i > 0 ? ", " : "") + std::to_string(static_cast<double>(i) / static_cast<double>(*n));
  return list + "]";
}

// Computes `sql` once below and refers to it.
Result<Value> Resolver::PlaceAggregate(const Expr&, std::string sql, Type type, const Context& context) {
  const bool repeatable = sql.find("random()") == std::string::npos && sql.find("uuid()") == std::string::npos;
  for (const Grouping::Item& item : context.aggregation->aggregates) {
    if (repeatable && item.sql == sql) return Value{item.id, item.type};
  }
  context.aggregation->aggregates.push_back(Grouping::Item{std::move(sql), NextColumn(), type});
  return Value{context.aggregation->aggregates.back().id, std::move(type)};
}

std::string Resolver::OrderKey(const Value& value, bool descending, SortNulls nulls, bool) const {
  std::string sql = value.sql + (descending ? " DESC" : " ASC");
  if (nulls == SortNulls::kFirst) sql += " NULLS FIRST";
  if (nulls == SortNulls::kLast) sql += " NULLS LAST";
  return sql;
}

// NaN sorts before the numbers when ascending; a RANGE frame with offsets and DISTINCT leave room for one key only.
Result<std::string> Resolver::OrderKeys(const std::vector<OrderItem>& items, const Context& context, bool single_key,
                                        bool range_offsets) {
  std::string sql;
  for (const OrderItem& item : items) {
    Value value = TRY(Resolve(*item.expr, context));
    if (value.type.is_array() || value.type.is_struct() || value.type.kind == TypeKind::kJson) {
      return Error(item.expr->at, "ORDER BY does not support expressions of type " + TypeName(value.type));
    }
    if (value.is_literal()) value.sql = "(" + value.sql + ")";
    if (value.type.kind == TypeKind::kFloat64 && range_offsets) value.sql = "lf_range_key(" + value.sql + ")";
    if (value.type.kind == TypeKind::kFloat64 && !single_key) {
      const SortNulls side = item.nulls != SortNulls::kDefault ? item.nulls : item.descending ? SortNulls::kLast : SortNulls::kFirst;
      sql += (sql.empty() ? "" : ", ") + OrderKey(Value{"isnan(" + value.sql + ")", TypeOf(TypeKind::kBool)}, !item.descending, side, false);
    }
    // The bounds of a RANGE frame are computed from the key: a wider type keeps them from overflowing.
    if (range_offsets && value.type.kind == TypeKind::kInt64) value.sql = "CAST(" + value.sql + " AS HUGEINT)";
    sql += (sql.empty() ? "" : ", ") + OrderKey(value, item.descending, item.nulls, false);
  }
  return sql;
}

Result<std::string> Resolver::OverClause(const WindowSpec& window, const Context& context, bool needs_order, int depth) {
  // A named window lends its parts; inheritance chains are short.
  const WindowSpec* partition = &window;
  const WindowSpec* order = &window;
  const WindowSpec* frame = &window;
  for (const WindowSpec* one = &window; !one->base.empty();) {
    if (++depth > 16) return Error(window.at, "Window " + window.base + " is defined in terms of itself");
    const WindowSpec* base = nullptr;
    if (context.named_windows) {
      for (const auto& [name, spec] : *context.named_windows) {
        if (EqualsIgnoreCase(name, one->base)) base = spec.get();
      }
    }
    if (!base) return Error(one->at, "Unrecognized window alias " + one->base);
    if (partition->partition_by.empty()) partition = base;
    if (order->order_by.empty()) order = base;
    if (!frame->frame) frame = base;
    one = base;
  }
  Context inner = context;
  inner.windows = false;
  inner.clause = "OVER clause";
  std::string sql;
  for (const ExprPtr& key : partition->partition_by) {
    Value value = TRY(Resolve(*key, inner));
    if (value.type.is_array() || value.type.kind == TypeKind::kJson || value.type.kind == TypeKind::kFloat64) {
      return Error(key->at, "Partitioning by expressions of type " + TypeName(value.type) + " is not allowed");
    }
    if (value.is_literal()) value.sql = "(" + value.sql + ")";
    sql += (sql.empty() ? "PARTITION BY " : ", ") + value.sql;
  }
  const bool offsets = frame->frame && !frame->frame->rows && (frame->frame->start_offset || frame->frame->end_offset);
  if (!order->order_by.empty()) {
    if (offsets && order->order_by.size() != 1) {
      return Error(window.at, "A window with an offset RANGE frame must have exactly one ORDER BY key");
    }
    sql += (sql.empty() ? "ORDER BY " : " ORDER BY ") + TRY(OrderKeys(order->order_by, inner, offsets, offsets));
  }
  if (frame->frame) sql += (sql.empty() ? "" : " ") + TRY(FrameClause(*frame->frame, *order, inner));
  (void)needs_order;
  return "(" + sql + ")";
}

Result<std::string> Resolver::FrameClause(const WindowFrame& frame, const WindowSpec& window, const Context& context) {
  const auto bound = [&](const std::string& word, const ExprPtr& offset) -> Result<std::string> {
    if (!offset) return word;
    // DuckDB misses peers of the row in "0 PRECEDING"; the current row means the same.
    if (!frame.rows && offset->kind == ExprKind::kInteger && offset->text == "0") return std::string("CURRENT ROW");
    Value value = TRY(Resolve(*offset, context));
    if (frame.rows) {
      if (value.type.kind != TypeKind::kInt64) return Error(offset->at, "Window framing expression must be an integer");
      if (value.text.starts_with('-') || value.is_null()) return Error(offset->at, "Window frame offset cannot be negative or null");
    }
    if (!frame.rows && !value.is_literal()) {
      std::string sql = "{$1 IS NULL OR $1 < 0 ?? 'Window frame offset for PRECEDING or FOLLOWING must be non-negative' !! $1}";
      if (value.type.kind == TypeKind::kFloat64) sql = "{NOT isfinite($1) ?? CASE WHEN isnan($1) THEN 'Window frame offset must not be NaN' ELSE 'An infinite window frame offset is not supported' END !! " + sql + "}";
      value.sql = FillTemplate(sql, {value.sql}, "", false);
    }
    return value.sql + " " + word;
  };
  if (!frame.rows && window.order_by.empty() && (frame.start_offset || frame.end_offset)) {
    return Error(window.at, "A window with an offset RANGE frame must have exactly one ORDER BY key");
  }
  return std::string(frame.rows ? "ROWS" : "RANGE") + " BETWEEN " + TRY(bound(frame.start, frame.start_offset)) + " AND " +
         TRY(bound(frame.end, frame.end_offset));
}

}  // namespace landfall::googlesql
