// Aggregates, window functions and their OVER clauses.
#include <algorithm>

#include "base/text.h"
#include "googlesql/resolver.h"

namespace landfall::googlesql {
namespace {

// "sum($1)" with DISTINCT after the opening parenthesis, ORDER BY before the last closing one,
// FILTER behind it.
struct CallParts {
  std::string distinct, order, nulls, filter, over;

  std::string Around(std::string call) const {
    call.insert(call.size() - 1, order + nulls);
    call.insert(call.find('(') + 1, distinct);
    return call + filter + over;
  }
};

// ORDER BY and LIMIT make sense where the result keeps every row.
bool CollectsRows(const std::string& name) {
  return name == "ARRAY_AGG" || name == "ARRAY_CONCAT_AGG" || name == "STRING_AGG";
}

}  // namespace

// One call of an aggregate or window function.
class AggregateResolver {
 public:
  AggregateResolver(Resolver& r, const Expr& expr, const std::string& name, const Context& context)
      : r_(r), expr_(expr), call_(*expr.call), name_(name), context_(context), inner_(context) {}

  Result<Value> Run() {
    TRY(CheckPlace());
    if (name_ == "GROUPING") {
      if (window() || expr_.args.size() != 1)
        return r_.Error(expr_.at, "GROUPING needs one argument");
      const Value value = TRY(r_.Resolve(*expr_.args[0], inner_));
      return r_.PlaceAggregate("grouping(" + value.sql + ")", TypeOf(TypeKind::kInt64), context_);
    }
    TRY(Arguments());
    TRY(Order());
    TRY(Nulls());
    TRY(Having());
    TRY(Finish());
    return result_;
  }

 private:
  bool window() const { return call_.over != nullptr; }

  // The arguments of an aggregate are below the aggregation; those of a window function beside it.
  Status CheckPlace() {
    const auto overloads = FindAggregate(name_);
    const bool window_only = !overloads.empty() && overloads[0].aggregate->window_only;
    const std::string clause(context_.clause);
    if (window() && !context_.windows)
      return r_.Error(expr_.at, "Analytic function not allowed in " + clause);
    if (!window() && window_only) {
      return r_.Error(expr_.at,
                      "Analytic function " + name_ + " cannot be called without an OVER clause");
    }
    if (!window() && !context_.aggregation) {
      return r_.Error(expr_.at, "Aggregate function " + name_ + " not allowed in " + clause);
    }
    inner_.windows = false;
    if (window()) return Ok();
    inner_.aggregation = nullptr;
    inner_.aliases = nullptr;
    inner_.clause = "an aggregate function";
    return Ok();
  }

  Status Arguments() {
    std::vector<Value> arguments;
    if (expr_.args.size() == 1 && expr_.args[0]->kind == ExprKind::kStar) {
      if (name_ != "COUNT" || call_.distinct)
        return r_.Error(expr_.at, "Argument * can only be used in COUNT(*)");
    } else {
      arguments = TRY(r_.ResolveAll(expr_.args, inner_));
    }
    if (!call_.named.empty()) return r_.Refuse(expr_.at, "Named argument of " + name_);
    const auto match = ChooseOverload(FindAggregate(name_), arguments);
    if (!match) {
      for (const Value& argument : arguments) {
        const TypeKind kind = argument.type.kind;
        if (kind != TypeKind::kBytes && kind != TypeKind::kInterval) continue;
        return r_.Refuse(expr_.at,
                         "Aggregate function " + name_ + " on " + TypeName(argument.type));
      }
      return r_.NoSignature(expr_.at, "aggregate function " + name_, arguments);
    }
    row_ = match->overload->aggregate;
    result_.type = match->result;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
      sql_.push_back(
          TRY(r_.CoerceAt(expr_.args[i]->at, std::move(arguments[i]), match->arguments[i])).sql);
    }
    if (name_ == "APPROX_TOP_COUNT") {
      TRY(TopCount(match->arguments[0]));
    }
    if (name_ == "APPROX_QUANTILES") sql_[1] = TRY(r_.QuantileList(*expr_.args[1]));
    if (name_ == "STRING_AGG" && sql_.size() == 2 && expr_.args[1]->kind == ExprKind::kNull) {
      return r_.Error(expr_.args[1]->at, "Argument 2 to STRING_AGG must be non-NULL");
    }
    if (!call_.distinct) return Ok();
    if (name_ == "COUNTIF") return r_.Refuse(expr_.at, "COUNTIF(DISTINCT)");
    if (!sql_.empty() && match->arguments[0].kind == TypeKind::kJson) {
      return r_.Error(
          expr_.at, "Aggregate functions with DISTINCT cannot be used with arguments of type JSON");
    }
    parts_.distinct = "DISTINCT ";
    return Ok();
  }

  // The result is a list of (value, count), which a signature cannot say.
  Status TopCount(const Type& element) {
    const Expr& number = *expr_.args[1];
    if (element.kind == TypeKind::kInterval || element.kind == TypeKind::kJson) {
      return r_.Refuse(expr_.at, "APPROX_TOP_COUNT on " + TypeName(element));
    }
    if (number.kind != ExprKind::kInteger && number.kind != ExprKind::kParameter) {
      return r_.Error(number.at,
                      "The number argument of APPROX_TOP_COUNT must be a literal or parameter");
    }
    if (number.text == "0" || number.text.starts_with('-')) {
      return r_.Error(number.at, "The number argument of APPROX_TOP_COUNT must be at least 1");
    }
    if (number.kind == ExprKind::kParameter) {
      sql_[1] = FillTemplate(
          "{$1 IS NULL OR $1 < 1 ?? 'The number argument of APPROX_TOP_COUNT must be at least 1' "
          "!! $1}",
          {sql_[1]}, "", false);
    }
    Type pair = TypeOf(TypeKind::kStruct);
    pair.fields.push_back(StructField{"value", element});
    pair.fields.push_back(StructField{"count", TypeOf(TypeKind::kInt64)});
    result_.type = ArrayOf(std::move(pair));
    return Ok();
  }

  Status Order() {
    const bool collects = CollectsRows(name_);
    if (!call_.order_by.empty()) {
      if (!collects) {
        return r_.Error(expr_.at,
                        "ORDER BY in arguments is not supported for aggregate function " + name_);
      }
      parts_.order = " ORDER BY " + TRY(r_.OrderKeys(call_.order_by, inner_, call_.distinct));
    } else if (collects && !call_.distinct && !window()) {
      for (const std::string& offset : context_.aggregation->natural_order) {
        parts_.order += (parts_.order.empty() ? " ORDER BY " : ", ") + offset;
      }
    }
    if (call_.limit && !collects) {
      return r_.Error(expr_.at,
                      "LIMIT in arguments is not supported for aggregate function " + name_);
    }
    return Ok();
  }

  Status Nulls() {
    std::vector<std::string> filters;
    if (!call_.nulls.empty() && !row_->skips_nulls_by_option) {
      return r_.Error(expr_.at,
                      "IGNORE NULLS and RESPECT NULLS in arguments are not supported for " + name_);
    }
    const bool ignore = call_.nulls == "IGNORE";
    const bool always = name_ == "ARRAY_CONCAT_AGG" || name_ == "STRING_AGG";
    if (name_.starts_with("PERCENTILE_") || name_ == "APPROX_QUANTILES") {
      if (call_.nulls == "RESPECT") return r_.Refuse(expr_.at, "RESPECT NULLS in " + name_);
    } else if (row_->window_only) {
      if (ignore) parts_.nulls = " IGNORE NULLS";
    } else if (ignore || always) {
      filters.push_back(sql_[0] + " IS NOT NULL");
    }
    if (!context_.filter.empty()) filters.push_back(context_.filter);
    for (const std::string& filter : filters) {
      parts_.filter += (parts_.filter.empty() ? " FILTER (WHERE " : " AND ") + filter;
    }
    if (!filters.empty()) parts_.filter += ")";
    return Ok();
  }

  // ANY_VALUE(x HAVING MAX y) is x where y is greatest.
  Status Having() {
    if (!call_.having_expr) return Ok();
    if (name_ != "ANY_VALUE" || call_.distinct || window())
      return r_.Refuse(expr_.at, "HAVING " + call_.having + " in " + name_);
    sql_.push_back(TRY(r_.Resolve(*call_.having_expr, inner_)).sql);
    having_ = call_.having == "MAX" ? "arg_max_null($1, $2)" : "arg_min_null($1, $2)";
    return Ok();
  }

  Status Finish() {
    if (window()) {
      if (call_.distinct && !call_.over->order_by.empty()) {
        return r_.Error(expr_.at, "Window ORDER BY is not allowed if DISTINCT is specified");
      }
      parts_.over = " OVER " + TRY(r_.OverClause(*call_.over, context_));
    }
    std::vector<std::string> calls;
    const std::string_view pattern = having_.empty() ? std::string_view(row_->sql) : having_;
    for (const std::string_view one : Split(pattern, ';')) {
      calls.push_back(parts_.Around(FillTemplate(Trim(one), sql_, r_.dialect_.time_zone, false)));
    }
    if (call_.limit) calls[0] = "list_slice(" + calls[0] + ", 1, " + TRY(Limit()) + ")";
    static constexpr std::string_view kCallMarks = "0~^";
    const std::string_view wrap = row_->wrap;
    for (std::size_t i = 0; i < wrap.size(); ++i) {
      if (wrap[i] != '$') {
        result_.sql += wrap[i];
      } else if (const std::size_t call = kCallMarks.find(wrap[++i]);
                 call != std::string_view::npos) {
        result_.sql += calls[call];
      } else {
        result_.sql += sql_[static_cast<std::size_t>(wrap[i] - '1')];
      }
    }
    if (window()) return Ok();
    result_ = TRY(r_.PlaceAggregate(std::move(result_.sql), result_.type, context_));
    return Ok();
  }

  Result<std::string> Limit() {
    Scope none;
    Context constant;
    constant.scope = &none;
    const Value limit = TRY(r_.Resolve(*call_.limit, constant));
    if (limit.type.kind != TypeKind::kInt64 || limit.text.starts_with('-')) {
      return r_.Error(call_.limit->at, "LIMIT expects a non-negative integer literal or parameter");
    }
    return limit.sql;
  }

  Resolver& r_;
  const Expr& expr_;
  const CallModifiers& call_;
  const std::string& name_;
  const Context& context_;
  Context inner_;
  const AggregateRow* row_ = nullptr;
  std::vector<std::string> sql_;
  std::string having_;
  CallParts parts_;
  Value result_;
};

Result<Value> Resolver::AggregateCall(const Expr& expr, const std::string& name,
                                      const Context& context) {
  // Below the aggregation columns are themselves, not GROUP BY keys.
  const Grouping* above = context.scope->grouping;
  if (!expr.call->over) context.scope->grouping = nullptr;
  Result<Value> value = AggregateResolver(*this, expr, name, context).Run();
  context.scope->grouping = above;
  return value;
}

// APPROX_QUANTILES(x, n): the fractions 0, 1/n, .. 1.
Result<std::string> Resolver::QuantileList(const Expr& count) const {
  const auto n = count.kind == ExprKind::kInteger ? ParseInt64(count.text) : std::nullopt;
  if (!n) return Refuse(count.at, "A number of quantiles that is not a literal");
  if (*n < 1 || *n > 10000)
    return Error(count.at, "The number of quantiles must be between 1 and 10000");
  std::string list = "[";
  for (std::int64_t i = 0; i <= *n; ++i)
    list += (i > 0 ? ", " : "") + std::to_string(static_cast<double>(i) / static_cast<double>(*n));
  return list + "]";
}

// Computes `sql` once below and refers to it.
Result<Value> Resolver::PlaceAggregate(std::string sql, Type type, const Context& context) {
  const bool repeatable =
      sql.find("random()") == std::string::npos && sql.find("uuid()") == std::string::npos;
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

// NaN sorts before the numbers when ascending; a RANGE frame with offsets and DISTINCT leave room
// for one key only.
Result<std::string> Resolver::OrderKeys(const std::vector<OrderItem>& items, const Context& context,
                                        bool single_key, bool range_offsets) {
  std::string sql;
  for (const OrderItem& item : items) {
    Value value = TRY(Resolve(*item.expr, context));
    if (value.type.is_array() || value.type.is_struct() || value.type.kind == TypeKind::kJson) {
      return Error(item.expr->at,
                   "ORDER BY does not support expressions of type " + TypeName(value.type));
    }
    if (value.is_literal()) value.sql = "(" + value.sql + ")";
    if (value.type.kind == TypeKind::kFloat64 && range_offsets)
      value.sql = "lf_range_key(" + value.sql + ")";
    if (value.type.kind == TypeKind::kFloat64 && !single_key) {
      const SortNulls side = item.nulls != SortNulls::kDefault ? item.nulls
                             : item.descending                 ? SortNulls::kLast
                                                               : SortNulls::kFirst;
      sql += (sql.empty() ? "" : ", ") +
             OrderKey(Value{"isnan(" + value.sql + ")", TypeOf(TypeKind::kBool)}, !item.descending,
                      side, false);
    }
    // The bounds of a RANGE frame are computed from the key: a wider type keeps them from
    // overflowing.
    if (range_offsets && value.type.kind == TypeKind::kInt64)
      value.sql = "CAST(" + value.sql + " AS HUGEINT)";
    sql += (sql.empty() ? "" : ", ") + OrderKey(value, item.descending, item.nulls, false);
  }
  return sql;
}

Result<std::string> Resolver::OverClause(const WindowSpec& window, const Context& context) {
  // A named window lends its parts; inheritance chains are short.
  const WindowSpec* partition = &window;
  const WindowSpec* order = &window;
  const WindowSpec* frame = &window;
  int depth = 0;
  for (const WindowSpec* one = &window; !one->base.empty();) {
    if (++depth > 16)
      return Error(window.at, "Window " + window.base + " is defined in terms of itself");
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
    if (value.type.is_array() || value.type.kind == TypeKind::kJson ||
        value.type.kind == TypeKind::kFloat64) {
      return Error(key->at, "Partitioning by expressions of type " + TypeName(value.type) +
                                " is not allowed");
    }
    if (value.is_literal()) value.sql = "(" + value.sql + ")";
    sql += (sql.empty() ? "PARTITION BY " : ", ") + value.sql;
  }
  const bool offsets = frame->frame && !frame->frame->rows &&
                       (frame->frame->start_offset || frame->frame->end_offset);
  if (!order->order_by.empty()) {
    if (offsets && order->order_by.size() != 1) {
      return Error(window.at,
                   "A window with an offset RANGE frame must have exactly one ORDER BY key");
    }
    sql += (sql.empty() ? "ORDER BY " : " ORDER BY ") +
           TRY(OrderKeys(order->order_by, inner, offsets, offsets));
  }
  if (frame->frame)
    sql += (sql.empty() ? "" : " ") + TRY(FrameClause(*frame->frame, *order, inner));
  return "(" + sql + ")";
}

Result<std::string> Resolver::FrameClause(const WindowFrame& frame, const WindowSpec& window,
                                          const Context& context) {
  const auto bound = [&](const std::string& word, const ExprPtr& offset) -> Result<std::string> {
    if (!offset) return word;
    // DuckDB misses peers of the row in "0 PRECEDING"; the current row means the same.
    if (!frame.rows && offset->kind == ExprKind::kInteger && offset->text == "0")
      return std::string("CURRENT ROW");
    Value value = TRY(Resolve(*offset, context));
    if (frame.rows) {
      if (value.type.kind != TypeKind::kInt64)
        return Error(offset->at, "Window framing expression must be an integer");
      if (value.text.starts_with('-') || value.is_null())
        return Error(offset->at, "Window frame offset cannot be negative or null");
    }
    if (!frame.rows && !value.is_literal()) {
      std::string sql =
          "{$1 IS NULL OR $1 < 0 ?? 'Window frame offset for PRECEDING or FOLLOWING must be "
          "non-negative' !! $1}";
      if (value.type.kind == TypeKind::kFloat64)
        sql =
            "{NOT isfinite($1) ?? CASE WHEN isnan($1) THEN 'Window frame offset must not be NaN' "
            "ELSE 'An infinite window frame offset is not supported' END !! " +
            sql + "}";
      value.sql = FillTemplate(sql, {value.sql}, "", false);
    }
    return value.sql + " " + word;
  };
  if (!frame.rows && window.order_by.empty() && (frame.start_offset || frame.end_offset)) {
    return Error(window.at,
                 "A window with an offset RANGE frame must have exactly one ORDER BY key");
  }
  return std::string(frame.rows ? "ROWS" : "RANGE") + " BETWEEN " +
         TRY(bound(frame.start, frame.start_offset)) + " AND " +
         TRY(bound(frame.end, frame.end_offset));
}

}  // namespace landfall::googlesql
