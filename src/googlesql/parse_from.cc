// FROM: tables, subqueries, UNNEST and joins.
#include "base/text.h"
#include "googlesql/parser.h"

namespace landfall::googlesql {

// A comma is a join of the same left-deep chain: in "a, b JOIN c ON ..", the condition sees a.
Result<FromPtr> Parser::ParseFrom() {
  FromPtr left = TRY(FromPrimary());
  left = TRY(JoinChain(std::move(left)));
  while (IsSymbol(",")) {
    auto join = std::make_unique<FromItem>();
    join->kind = FromItem::Kind::kJoin;
    join->at = Peek().begin;
    ++next_;
    join->depth = left->depth + 1;
    if (join->depth > kDepthMax) return QueryError(sql_, join->at, "Query is too complex");
    join->left = std::move(left);
    join->right = TRY(FromPrimary());
    left = TRY(JoinChain(std::move(join)));
  }
  return left;
}

Result<std::optional<JoinKind>> Parser::ParseJoinKind() {
  const auto with_join = [&](std::size_t words, JoinKind kind) -> std::optional<JoinKind> {
    next_ += words;
    return kind;
  };
  if (IsWord("NATURAL")) return NotBuilt("NATURAL JOIN");
  if (IsWord("JOIN")) return with_join(0, JoinKind::kInner);
  if (IsWord("CROSS") && IsWord("JOIN", 1)) return with_join(1, JoinKind::kCross);
  if (IsWord("INNER") && IsWord("JOIN", 1)) return with_join(1, JoinKind::kInner);
  for (const auto& [word, kind] : {std::pair<std::string_view, JoinKind>{"LEFT", JoinKind::kLeft},
                                   {"RIGHT", JoinKind::kRight},
                                   {"FULL", JoinKind::kFull}}) {
    if (!IsWord(word)) continue;
    if (IsWord("JOIN", 1)) return with_join(1, kind);
    if (IsWord("OUTER", 1) && IsWord("JOIN", 2)) return with_join(2, kind);
  }
  return std::optional<JoinKind>{};
}

// item {join item [ON .. | USING (..)]}
Result<FromPtr> Parser::JoinChain(FromPtr left) {
  TRY(Enter());
  for (;;) {
    const std::uint32_t at = Peek().begin;
    const std::optional<JoinKind> kind = TRY(ParseJoinKind());
    if (!kind) {
      Leave();
      return left;
    }
    TRY(ExpectWord("JOIN"));
    auto join = std::make_unique<FromItem>();
    join->kind = FromItem::Kind::kJoin;
    join->at = at;
    join->join = *kind;
    join->depth = left->depth + 1;
    if (join->depth > kDepthMax) return QueryError(sql_, at, "Query is too complex");
    join->left = std::move(left);
    join->right = TRY(FromPrimary());
    // a JOIN b JOIN c ON .. ON ..: the inner condition comes first.
    const bool conditioned =
        *kind != JoinKind::kCross && join->right->kind != FromItem::Kind::kUnnest;
    if (conditioned && !IsWord("ON") && !IsWord("USING") &&
        (IsWord("JOIN") || IsWord("INNER") || IsWord("LEFT") || IsWord("RIGHT") ||
         IsWord("FULL"))) {
      join->right = TRY(JoinChain(std::move(join->right)));
    }
    if (AcceptWord("ON")) {
      join->on = TRY(Expression());
    } else if (AcceptWord("USING")) {
      TRY(ExpectSymbol("("));
      do join->using_columns.push_back(TRY(Identifier()));
      while (AcceptSymbol(","));
      TRY(ExpectSymbol(")"));
    }
    left = std::move(join);
  }
}

Result<FromPtr> Parser::FromPrimary() {
  TRY(Enter());
  auto item = std::make_unique<FromItem>();
  item->at = Peek().begin;
  if (IsWord("UNNEST") && IsSymbol("(", 1)) {
    item = TRY(UnnestItem());
  } else if (IsSymbol("(") && StartsQuery(1)) {
    ++next_;
    item->kind = FromItem::Kind::kSubquery;
    item->query = TRY(ParenthesizedQuery());
    TRY(FromAlias(*item));
  } else if (AcceptSymbol("(")) {  // a parenthesised join
    item = TRY(ParseFrom());
    TRY(ExpectSymbol(")"));
  } else {
    if (IsWord("LATERAL")) return NotBuilt("LATERAL");
    item->path = TRY(TablePath());
    if (IsSymbol("(")) return NotBuilt("Table function " + item->path.back());
    TRY(FromAlias(*item));
    if (IsWord("WITH") && IsWord("OFFSET", 1)) {
      next_ += 2;
      item->with_offset = true;
      item->offset_alias = TRY(OptionalAlias(false));
    }
  }
  if (IsWord("PIVOT") && IsSymbol("(", 1)) item = TRY(PivotItem(std::move(item)));
  for (const std::string_view word : {"PIVOT", "UNPIVOT", "TABLESAMPLE", "MATCH_RECOGNIZE"}) {
    if (IsWord(word)) return NotBuilt(word);
  }
  if (IsWord("FOR") && IsWord("SYSTEM_TIME", 1)) return NotBuilt("FOR SYSTEM_TIME AS OF");
  if (IsWord("FOR") && IsWord("SYSTEM", 1)) return NotBuilt("FOR SYSTEM_TIME AS OF");
  Leave();
  return item;
}

Status Parser::FromAlias(FromItem& item) {
  for (const std::string_view word : {"UNPIVOT", "MATCH_RECOGNIZE"}) {
    if (IsWord(word) && IsSymbol("(", 1)) return NotBuilt(word);
  }
  if (IsWord("PIVOT") && IsSymbol("(", 1)) return Ok();  // an operator, not an alias
  item.alias = TRY(OptionalAlias(false));
  return Ok();
}

// input PIVOT(aggregate [AS x], .. FOR expr IN (value [AS y], ..)) [AS z]
Result<FromPtr> Parser::PivotItem(FromPtr input) {
  auto item = std::make_unique<FromItem>();
  item->kind = FromItem::Kind::kPivot;
  item->at = Peek().begin;
  item->depth = input->depth + 1;
  item->left = std::move(input);
  next_ += 2;
  do item->pivot_aggregates.push_back(TRY(ParseSelectItem()));
  while (AcceptSymbol(","));
  TRY(ExpectWord("FOR"));
  item->pivot_for = TRY(Expression(kAbovePredicates));
  TRY(ExpectWord("IN"));
  TRY(ExpectSymbol("("));
  do item->pivot_values.push_back(TRY(ParseSelectItem()));
  while (AcceptSymbol(","));
  TRY(ExpectSymbol(")"));
  TRY(ExpectSymbol(")"));
  item->alias = TRY(OptionalAlias(false));
  return item;
}

Result<FromPtr> Parser::UnnestItem() {
  auto item = std::make_unique<FromItem>();
  item->kind = FromItem::Kind::kUnnest;
  item->at = Peek().begin;
  next_ += 2;
  item->unnest = TRY(Expression());
  if (IsSymbol(",") || IsWord("AS") || IsSymbol("=>")) return NotBuilt("UNNEST of several arrays");
  TRY(ExpectSymbol(")"));
  TRY(FromAlias(*item));
  if (IsWord("WITH") && IsWord("OFFSET", 1)) {
    next_ += 2;
    item->with_offset = true;
    item->offset_alias = TRY(OptionalAlias(false));
  }
  return item;
}

}  // namespace landfall::googlesql
