// Pipe syntax: FROM t |> WHERE .. |> AGGREGATE .. Each operator becomes a clause of the query so
// far, or a query around it when that clause is taken.
#include "base/text.h"
#include "googlesql/parser.h"

namespace landfall::googlesql {
namespace {

SelectItem Star() {
  SelectItem star;
  star.kind = SelectItem::Kind::kStar;
  return star;
}

// SELECT * FROM (query): a fresh block for the next operator.
void Wrap(QueryPtr& query, std::string alias = {}) {
  auto item = std::make_unique<FromItem>();
  item->kind = FromItem::Kind::kSubquery;
  item->at = query->at;
  item->alias = std::move(alias);
  auto outer = std::make_unique<Query>();
  outer->at = query->at;
  outer->depth = query->depth + 1;
  outer->select = std::make_unique<Select>();
  outer->select->at = query->at;
  outer->select->items.push_back(Star());
  item->query = std::move(query);
  outer->select->from = std::move(item);
  query = std::move(outer);
}

bool IsPlain(const Query& query) {
  return query.select && query.with.empty() && query.order_by.empty() && !query.limit &&
         !query.select->distinct && !query.select->group_by && !query.select->qualify &&
         query.select->items.size() == 1 &&
         query.select->items[0].kind == SelectItem::Kind::kStar &&
         query.select->items[0].except.empty() && query.select->items[0].replace.empty() &&
         query.select->items[0].rename.empty() && query.select->from;
}

}  // namespace

// FROM items, as a query.
Result<QueryPtr> Parser::FromQuery() {
  auto query = std::make_unique<Query>();
  query->at = Peek().begin;
  TRY(ExpectWord("FROM"));
  query->select = std::make_unique<Select>();
  query->select->at = query->at;
  query->select->items.push_back(Star());
  query->select->from = TRY(ParseFrom());
  return query;
}

Result<QueryPtr> Parser::PipeOperators(QueryPtr query) {
  std::size_t count = 0;
  while (AcceptSymbol("|>")) {
    if (++count > kDepthMax / 2) return QueryError(sql_, Peek().begin, "Query is too complex");
    TRY(PipeOperator(query));
  }
  return query;
}

Status Parser::PipeOperator(QueryPtr& query) {
  const auto plain = [&]() -> Select& {
    if (!IsPlain(*query)) Wrap(query);
    return *query->select;
  };
  if (AcceptWord("WHERE")) {
    Select& select = plain();
    if (select.where) Wrap(query);
    query->select->where = TRY(Expression());
    return Ok();
  }
  if (IsWord("SELECT")) {
    std::unique_ptr<Select> parsed = TRY(ParseSelect());
    if (parsed->from || parsed->where || parsed->group_by) return Unexpected();
    Select& select = plain();
    parsed->from = std::move(select.from);
    parsed->where = std::move(select.where);
    query->select = std::move(parsed);
    return Ok();
  }
  if (AcceptWord("EXTEND")) {
    Select& select = plain();
    do {
      if (Peek().kind == TokenKind::kEnd || IsSymbol("|>")) break;
      select.items.push_back(TRY(ParseSelectItem()));
    } while (AcceptSymbol(","));
    return Ok();
  }
  if (AcceptWord("SET")) {
    SelectItem& star = plain().items[0];
    do {
      std::string name = TRY(Identifier());
      TRY(ExpectSymbol("="));
      star.replace.emplace_back(TRY(Expression()), std::move(name));
    } while (AcceptSymbol(","));
    return Ok();
  }
  if (AcceptWord("DROP")) {
    SelectItem& star = plain().items[0];
    do star.except.push_back(TRY(Identifier()));
    while (AcceptSymbol(","));
    return Ok();
  }
  if (AcceptWord("AS")) {
    Wrap(query, TRY(Identifier()));
    return Ok();
  }
  return PipeRowOperator(query);
}

// The operators that leave the columns as they are, and those with a method of their own.
Status Parser::PipeRowOperator(QueryPtr& query) {
  const auto plain = [&]() -> Select& {
    if (!IsPlain(*query)) Wrap(query);
    return *query->select;
  };
  if (IsWord("ORDER")) {
    if (!query->order_by.empty() || query->limit || !query->select) Wrap(query);
    query->order_by = TRY(OrderBy());
    return Ok();
  }
  if (IsWord("LIMIT")) {
    if (query->limit) Wrap(query);
    return Tail(*query);
  }
  if (AcceptWord("DISTINCT")) {
    if (!IsPlain(*query)) Wrap(query);
    query->select->distinct = true;
    return Ok();
  }
  if (AcceptWord("AGGREGATE")) return PipeAggregate(query);
  for (const std::string_view word : {"JOIN", "INNER", "LEFT", "RIGHT", "FULL", "CROSS"}) {
    if (!IsWord(word) || IsWord("UNION", 1)) continue;
    Select& select = plain();
    if (select.where) Wrap(query);
    query->select->from = TRY(JoinChain(std::move(query->select->from)));
    return Ok();
  }
  if (AcceptWord("ASSERT")) return PipeAssert(query);
  if (AcceptWord("RENAME")) {
    SelectItem& star = plain().items[0];
    do {
      std::string from = TRY(Identifier());
      TRY(ExpectWord("AS"));
      star.rename.emplace_back(std::move(from), TRY(Identifier()));
    } while (AcceptSymbol(","));
    return Ok();
  }
  if (IsWord("UNION") || IsWord("INTERSECT") || IsWord("EXCEPT")) return PipeSetOperation(query);
  return NotBuilt("Pipe operator " + Peek().text);
}

// AGGREGATE a [AS x], .. [GROUP BY k [AS y], ..]: the keys come first in the output.
Status Parser::PipeAggregate(QueryPtr& query) {
  if (!IsPlain(*query)) Wrap(query);
  Select& select = *query->select;
  select.items.clear();
  std::vector<SelectItem> aggregates;
  while (!IsWord("GROUP") && Peek().kind != TokenKind::kEnd && !IsSymbol("|>") && !IsSymbol(")") &&
         !IsSymbol(";")) {
    aggregates.push_back(TRY(ParseSelectItem()));
    if (IsWord("ASC") || IsWord("DESC")) return NotBuilt("AGGREGATE with an order");
    if (!AcceptSymbol(",")) break;
  }
  if (IsWord("GROUP") && IsWord("AND", 1)) return NotBuilt("GROUP AND ORDER BY");
  GroupBy group;
  group.at = Peek().begin;
  if (AcceptWord("GROUP")) {
    TRY(ExpectWord("BY"));
    if (IsWord("ALL") || IsWord("ROLLUP") || IsWord("CUBE") || IsWord("GROUPING"))
      return NotBuilt("AGGREGATE with GROUP BY " + Peek().text);
    do {
      SelectItem key = TRY(ParseSelectItem());
      if (IsWord("ASC") || IsWord("DESC")) return NotBuilt("AGGREGATE with an order");
      if (key.kind != SelectItem::Kind::kExpr) return Unexpected();
      select.items.push_back(std::move(key));
      GroupingSet set;
      set.items.emplace_back();
      set.items.back().push_back(Make(ExprKind::kInteger, group.at));
      set.items.back().back()->text = std::to_string(select.items.size());
      group.sets.push_back(std::move(set));
    } while (AcceptSymbol(","));
  }
  for (SelectItem& item : aggregates) select.items.push_back(std::move(item));
  if (select.items.empty()) return Unexpected();
  select.group_by = std::move(group);
  return Ok();
}

// ASSERT condition [, payload ..]: WHERE that raises for the rows it would drop.
Status Parser::PipeAssert(QueryPtr& query) {
  if (!IsPlain(*query) || query->select->where) Wrap(query);
  const std::uint32_t at = Peek().begin;
  const auto call = [&](std::string name) {
    ExprPtr expr = Make(ExprKind::kCall, at);
    expr->names.push_back(std::move(name));
    expr->call = std::make_unique<CallModifiers>();
    return expr;
  };
  ExprPtr check = call("IF"), failure = call("ERROR");
  check->args.push_back(TRY(Expression()));
  while (AcceptSymbol(",")) TRY(Expression());
  failure->args.push_back(Make(ExprKind::kString, at));
  failure->args[0]->text =
      "Assert failed: " + std::string(sql_.substr(at, tokens_[next_ - 1].end - at));
  check->args.push_back(Make(ExprKind::kBool, at));
  check->args[1]->text = "TRUE";
  check->args.push_back(std::move(failure));
  query->select->where = TRY(Finish(std::move(check)));
  return Ok();
}

// UNION ALL (query), (query): this query is the first operand.
Status Parser::PipeSetOperation(QueryPtr& query) {
  std::string op = IsWord("UNION") ? "UNION" : IsWord("INTERSECT") ? "INTERSECT" : "EXCEPT";
  ++next_;
  if (AcceptWord("ALL")) {
    op += " ALL";
  } else {
    TRY(ExpectWord("DISTINCT"));
  }
  auto set = std::make_unique<Query>();
  set->at = query->at;
  set->set = std::make_unique<SetOperation>();
  set->set->op = std::move(op);
  set->set->inputs.push_back(std::move(query));
  do {
    TRY(ExpectSymbol("("));
    set->set->inputs.push_back(TRY(ParenthesizedQuery()));
  } while (AcceptSymbol(","));
  query = std::move(set);
  return Ok();
}

}  // namespace landfall::googlesql
