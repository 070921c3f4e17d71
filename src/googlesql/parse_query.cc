// WITH, SELECT, set operations, ORDER BY and LIMIT.
#include <algorithm>

#include "base/text.h"
#include "googlesql/parser.h"

namespace landfall::googlesql {

// A "(" starts a query when a query stands inside and the parentheses around it end an operand of
// one:
// "(SELECT 1) UNION ALL ..", but not "(SELECT 1) + 1".
bool Parser::StartsQuery(std::size_t ahead) const {
  std::size_t depth = 0;
  while (depth <= kDepthMax && IsSymbol("(", ahead + depth)) ++depth;
  const std::size_t first = ahead + depth;
  const bool query = IsWord("SELECT", first) ||
                     (IsWord("WITH", first) && !IsSymbol("(", first + 1)) || IsWord("FROM", first);
  if (!query) return false;
  for (std::size_t i = ahead; i < first; ++i) {
    const std::size_t close = next_ + i < closing_.size() ? closing_[next_ + i] : 0;
    if (close == 0) continue;
    const std::size_t after = close + 1 - next_;
    const bool ends = IsSymbol(")", after) || IsSymbol(";", after) || IsSymbol("|>", after) ||
                      Peek(after).kind == TokenKind::kEnd || IsWord("UNION", after) ||
                      IsWord("INTERSECT", after) || IsWord("EXCEPT", after) ||
                      IsWord("ORDER", after) || IsWord("LIMIT", after) || IsWord("FULL", after) ||
                      IsWord("LEFT", after) || IsWord("INNER", after);
    if (!ends) return false;
  }
  return true;
}

Result<QueryPtr> Parser::ParenthesizedQuery() {
  QueryPtr query = TRY(ParseQuery());
  TRY(ExpectSymbol(")"));
  return query;
}

Result<QueryPtr> Parser::ParseQuery() {
  TRY(Enter());
  std::vector<CommonTable> with;
  bool recursive = false;
  const std::uint32_t at = Peek().begin;
  if (IsWord("WITH")) {
    Query holder;
    TRY(With(holder));
    with = std::move(holder.with);
    recursive = holder.recursive;
  }
  QueryPtr query = IsWord("FROM") ? TRY(FromQuery()) : TRY(QueryBody());
  query = TRY(PipeOperators(std::move(query)));
  if (!with.empty()) {
    // A body that is itself a parenthesised WITH query keeps its own names.
    if (!query->with.empty()) {
      auto outer = std::make_unique<Query>();
      outer->nested = std::move(query);
      query = std::move(outer);
    }
    query->with = std::move(with);
    query->recursive = recursive;
  }
  query->at = at;
  query->end = tokens_[next_ > 0 ? next_ - 1 : 0].end;
  Leave();
  return query;
}

Status Parser::With(Query& query) {
  ++next_;
  query.recursive = AcceptWord("RECURSIVE");
  do {
    if (IsSymbol("(") || IsWord("SELECT")) break;  // a trailing comma
    CommonTable table;
    table.at = Peek().begin;
    table.name = TRY(Identifier());
    TRY(ExpectWord("AS"));
    TRY(ExpectSymbol("("));
    if (!StartsQuery()) return Unexpected();
    table.query = TRY(ParenthesizedQuery());
    if (IsWord("WITH") && IsWord("DEPTH", 1)) return NotBuilt("WITH DEPTH");
    query.with.push_back(std::move(table));
  } while (AcceptSymbol(","));
  return Ok();
}

// operand {set-operator operand} [ORDER BY ..] [LIMIT ..]
Result<QueryPtr> Parser::QueryBody() {
  QueryPtr left = TRY(SetOperand());
  std::string current;
  for (;;) {
    const std::uint32_t at = Peek().begin;
    if ((IsWord("FULL") || IsWord("LEFT") || IsWord("OUTER")) &&
        (IsWord("UNION", 1) || IsWord("UNION", 2) || IsWord("INTERSECT", 1) ||
         IsWord("EXCEPT", 1))) {
      return NotBuilt("Set operation with " + Peek().text);
    }
    if (IsWord("INNER") && (IsWord("UNION", 1) || IsWord("INTERSECT", 1) || IsWord("EXCEPT", 1))) {
      return NotBuilt("Set operation with " + Peek().text);
    }
    if (!IsWord("UNION") && !IsWord("INTERSECT") && !IsWord("EXCEPT")) break;
    std::string op = IsWord("UNION") ? "UNION" : IsWord("INTERSECT") ? "INTERSECT" : "EXCEPT";
    ++next_;
    if (AcceptWord("ALL")) {
      op += " ALL";
    } else {
      if (!AcceptWord("DISTINCT")) return Expected("keyword ALL or keyword DISTINCT");
    }
    if (IsWord("BY") || IsWord("CORRESPONDING") || IsWord("STRICT"))
      return NotBuilt(op + " BY NAME");
    if (!current.empty() && current != op) {
      return QueryError(
          sql_, at,
          "Syntax error: Different set operations cannot be used in the same query without using "
          "parentheses for grouping");
    }
    if (current.empty()) {
      auto set = std::make_unique<Query>();
      set->at = left->at;
      set->set = std::make_unique<SetOperation>();
      set->set->op = op;
      set->depth = left->depth + 1;
      set->set->inputs.push_back(std::move(left));
      left = std::move(set);
      current = op;
    }
    left->set->inputs.push_back(TRY(SetOperand()));
  }
  if (IsWord("ORDER") || IsWord("LIMIT")) {
    if (left->nested || !left->order_by.empty() || left->limit) {
      auto outer = std::make_unique<Query>();
      outer->at = left->at;
      outer->nested = std::move(left);
      left = std::move(outer);
    }
    TRY(Tail(*left));
  }
  return left;
}

Result<QueryPtr> Parser::SetOperand() {
  auto query = std::make_unique<Query>();
  query->at = Peek().begin;
  if (AcceptSymbol("(")) {
    if (!StartsQuery()) return Unexpected();
    query->nested = TRY(ParenthesizedQuery());
    return query;
  }
  if (IsWord("FROM")) return FromQuery();
  if (!IsWord("SELECT")) return Unexpected();
  query->select = TRY(ParseSelect());
  return query;
}

Status Parser::Tail(Query& query) {
  if (IsWord("ORDER")) query.order_by = TRY(OrderBy());
  if (AcceptWord("LIMIT")) {
    query.limit = TRY(Expression());
    if (AcceptWord("OFFSET")) query.offset = TRY(Expression());
  }
  if (IsWord("FOR") && IsWord("UPDATE", 1)) return NotBuilt("FOR UPDATE");
  return Ok();
}

Result<std::unique_ptr<Select>> Parser::ParseSelect() {
  auto select = std::make_unique<Select>();
  select->at = Peek().begin;
  TRY(ExpectWord("SELECT"));
  if (IsSymbol("@")) return NotBuilt("A hint");
  if (IsWord("WITH")) return NotBuilt("SELECT WITH");
  if (AcceptWord("DISTINCT")) {
    select->distinct = true;
  } else {
    AcceptWord("ALL");
  }
  if (AcceptWord("AS")) {
    if (AcceptWord("STRUCT")) {
      select->as = Select::As::kStruct;
    } else if (AcceptWord("VALUE")) {
      select->as = Select::As::kValue;
    } else {
      return NotBuilt("SELECT AS " + Peek().text);
    }
  }
  TRY(SelectList(*select));
  if (AcceptWord("FROM")) select->from = TRY(ParseFrom());
  if (AcceptWord("WHERE")) select->where = TRY(Expression());
  if (IsWord("GROUP")) select->group_by = TRY(ParseGroupBy());
  if (AcceptWord("HAVING")) select->having = TRY(Expression());
  if (AcceptWord("QUALIFY")) select->qualify = TRY(Expression());
  if (AcceptWord("WINDOW")) {
    do {
      std::string name = TRY(Identifier());
      TRY(ExpectWord("AS"));
      select->windows.emplace_back(std::move(name), TRY(Window()));
    } while (AcceptSymbol(","));
  }
  return select;
}

Status Parser::SelectList(Select& select) {
  if (IsWord("FROM"))
    return QueryError(sql_, Peek().begin, "Syntax error: SELECT list must not be empty");
  if (Peek().kind == TokenKind::kEnd) {
    return QueryError(sql_, Peek().begin, "Syntax error: Unexpected end of statement");
  }
  do {
    if (IsWord("FROM")) break;  // a trailing comma
    select.items.push_back(TRY(ParseSelectItem()));
  } while (AcceptSymbol(",") && Peek().kind != TokenKind::kEnd);
  return Ok();
}

Result<SelectItem> Parser::ParseSelectItem() {
  SelectItem item;
  item.at = Peek().begin;
  if (AcceptSymbol("*")) {
    item.kind = SelectItem::Kind::kStar;
    TRY(StarModifiers(item));
    return item;
  }
  item.expr = TRY(Expression());
  if (IsSymbol(".") && IsSymbol("*", 1)) {
    next_ += 2;
    item.kind = SelectItem::Kind::kDotStar;
    TRY(StarModifiers(item));
    return item;
  }
  item.alias = TRY(OptionalAlias(false));
  return item;
}

Status Parser::StarModifiers(SelectItem& item) {
  if (IsWord("EXCEPT") && IsSymbol("(", 1) && !StartsQuery(1)) {
    next_ += 2;
    do item.except.push_back(TRY(Identifier()));
    while (AcceptSymbol(","));
    TRY(ExpectSymbol(")"));
  }
  if (AcceptWord("REPLACE")) {
    TRY(ExpectSymbol("("));
    do {
      if (IsSymbol(")")) break;
      ExprPtr expr = TRY(Expression());
      TRY(ExpectWord("AS"));
      item.replace.emplace_back(std::move(expr), TRY(Identifier()));
    } while (AcceptSymbol(","));
    TRY(ExpectSymbol(")"));
  }
  return Ok();
}

Result<GroupBy> Parser::ParseGroupBy() {
  GroupBy group;
  group.at = Peek().begin;
  TRY(ExpectWord("GROUP"));
  if (IsWord("AND")) return NotBuilt("GROUP AND ORDER BY");
  TRY(ExpectWord("BY"));
  if (AcceptWord("ALL")) {
    group.all = true;
    return group;
  }
  if (IsWord("GROUPING") && IsWord("SETS", 1)) {
    next_ += 2;
    group.grouping_sets = true;
    TRY(ExpectSymbol("("));
    do group.sets.push_back(TRY(ParseGroupingSet()));
    while (AcceptSymbol(","));
    TRY(ExpectSymbol(")"));
    return group;
  }
  do group.sets.push_back(TRY(ParseGroupingSet()));
  while (AcceptSymbol(","));
  return group;
}

// An expression, ROLLUP(..), CUBE(..) or, inside GROUPING SETS, a parenthesised list.
Result<GroupingSet> Parser::ParseGroupingSet() {
  GroupingSet set;
  const auto list = [&](std::vector<ExprPtr>& out) -> Status {
    TRY(ExpectSymbol("("));
    if (AcceptSymbol(")")) return Ok();
    out = TRY(ExpressionList());
    return ExpectSymbol(")");
  };
  if (AcceptWord("ROLLUP") || IsWord("CUBE")) {
    set.kind = GroupingSet::Kind::kRollup;
    if (AcceptWord("CUBE")) set.kind = GroupingSet::Kind::kCube;
    TRY(ExpectSymbol("("));
    do {
      set.items.emplace_back();
      if (IsSymbol("(")) {
        ExprPtr item = TRY(Expression());
        if (item->kind == ExprKind::kStruct && !item->type) {
          set.items.back() = std::move(item->args);
        } else {
          set.items.back().push_back(std::move(item));
        }
      } else {
        set.items.back().push_back(TRY(Expression()));
      }
    } while (AcceptSymbol(","));
    TRY(ExpectSymbol(")"));
    return set;
  }
  set.items.emplace_back();
  if (IsSymbol("(") && IsSymbol(")", 1)) {
    set.kind = GroupingSet::Kind::kSet;
    TRY(list(set.items.back()));
    return set;
  }
  ExprPtr item = TRY(Expression());
  if (item->kind == ExprKind::kStruct && !item->type && item->names.front().empty() &&
      sql_[item->at] == '(') {
    set.kind = GroupingSet::Kind::kSet;
    set.items.back() = std::move(item->args);
  } else {
    set.items.back().push_back(std::move(item));
  }
  return set;
}

}  // namespace landfall::googlesql
