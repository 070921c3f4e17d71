// Operators and predicates, by precedence climbing.
#include <algorithm>
#include <array>

#include "base/text.h"
#include "googlesql/parser.h"

namespace landfall::googlesql {
namespace {

// Loosest first. A predicate does not chain: its operands bind tighter than it does.
constexpr int kOr = 1, kAnd = 2, kNot = 3, kPredicate = 4;

struct BinaryOperator {
  std::string_view symbol;
  int precedence;
};
constexpr std::array<BinaryOperator, 10> kBinary = {{{"|", 5},
                                                     {"^", 6},
                                                     {"&", 7},
                                                     {"<<", 8},
                                                     {">>", 8},
                                                     {"+", 9},
                                                     {"-", 9},
                                                     {"*", 10},
                                                     {"/", 10},
                                                     {"||", 10}}};
constexpr std::array<std::string_view, 7> kCompare = {"=", "!=", "<>", "<", "<=", ">", ">="};

}  // namespace

ExprPtr Parser::Make(ExprKind kind, std::uint32_t at) const {
  auto expr = std::make_unique<Expr>();
  expr->kind = kind;
  expr->at = at;
  return expr;
}

Result<ExprPtr> Parser::Finish(ExprPtr expr) const {
  for (const ExprPtr& arg : expr->args) {
    if (arg) expr->depth = std::max(expr->depth, arg->depth + 1);
  }
  if (expr->depth > kDepthMax) return QueryError(sql_, expr->at, "Query is too complex");
  return expr;
}

Result<ExprPtr> Parser::Expression(int minimum_precedence) {
  TRY(Enter());
  ExprPtr left;
  if (minimum_precedence <= kNot && IsWord("NOT")) {
    left = Make(ExprKind::kNot, Peek().begin);
    ++next_;
    left->args.push_back(TRY(Expression(kNot)));
    left = TRY(Finish(std::move(left)));
  } else {
    left = TRY(Unary());
  }
  ExprPtr expr = TRY(Operator(std::move(left), minimum_precedence));
  Leave();
  return expr;
}

// Extends `left` by every operator that binds at least as tight as `precedence`.
Result<ExprPtr> Parser::Operator(ExprPtr left, int precedence) {
  for (;;) {
    const bool is_and = IsWord("AND");
    if ((is_and && precedence <= kAnd) || (IsWord("OR") && precedence <= kOr)) {
      ExprPtr all = Make(is_and ? ExprKind::kAnd : ExprKind::kOr, left->at);
      all->args.push_back(std::move(left));
      while (AcceptWord(is_and ? "AND" : "OR"))
        all->args.push_back(TRY(Expression(is_and ? kNot : kAnd)));
      left = TRY(Finish(std::move(all)));
      continue;
    }
    if (Peek().kind == TokenKind::kSymbol) {
      const auto* op = std::find_if(kBinary.begin(), kBinary.end(), [&](const BinaryOperator& o) {
        return o.symbol == Peek().text;
      });
      if (op != kBinary.end() && op->precedence >= precedence) {
        ExprPtr binary = Make(ExprKind::kBinary, Peek().begin);
        binary->text = op->symbol;
        ++next_;
        binary->args.push_back(std::move(left));
        binary->args.push_back(TRY(Expression(op->precedence + 1)));
        left = TRY(Finish(std::move(binary)));
        continue;
      }
    }
    if (precedence > kPredicate) return left;
    const std::size_t before = next_;
    left = TRY(Predicate(std::move(left)));
    if (next_ == before) return left;
    if (StartsPredicate()) return Unexpected();  // a < b < c
  }
}

bool Parser::StartsPredicate() const {
  if (Peek().kind == TokenKind::kSymbol) {
    return std::find(kCompare.begin(), kCompare.end(), Peek().text) != kCompare.end();
  }
  return IsWord("IN") || IsWord("LIKE") || IsWord("BETWEEN") || IsWord("IS");
}

Result<ExprPtr> Parser::Predicate(ExprPtr left) {
  const std::uint32_t at = Peek().begin;
  if (Peek().kind == TokenKind::kSymbol) {
    const auto* op = std::find(kCompare.begin(), kCompare.end(), Peek().text);
    if (op == kCompare.end()) return left;
    ExprPtr compare = Make(ExprKind::kCompare, at);
    compare->text = *op == "<>" ? "!=" : *op;
    ++next_;
    compare->args.push_back(std::move(left));
    compare->args.push_back(TRY(Expression(kPredicate + 1)));
    return Finish(std::move(compare));
  }
  if (IsWord("IS")) return IsPredicate(std::move(left), at);
  const bool negated =
      IsWord("NOT") && (IsWord("IN", 1) || IsWord("LIKE", 1) || IsWord("BETWEEN", 1));
  if (negated) ++next_;
  if (AcceptWord("IN")) return InPredicate(std::move(left), negated, at);
  if (AcceptWord("LIKE")) return LikePredicate(std::move(left), negated, at);
  if (AcceptWord("BETWEEN")) {
    ExprPtr between = Make(ExprKind::kBetween, at);
    between->flag = negated;
    between->args.push_back(std::move(left));
    between->args.push_back(TRY(Expression(kPredicate + 1)));
    TRY(ExpectWord("AND"));
    between->args.push_back(TRY(Expression(kPredicate + 1)));
    return Finish(std::move(between));
  }
  return left;
}

Result<ExprPtr> Parser::InPredicate(ExprPtr left, bool negated, std::uint32_t at) {
  ExprPtr in = Make(ExprKind::kIn, at);
  in->flag = negated;
  in->args.push_back(std::move(left));
  if (AcceptWord("UNNEST")) {
    in->text = "UNNEST";
    TRY(ExpectSymbol("("));
    in->args.push_back(TRY(Expression()));
    TRY(ExpectSymbol(")"));
    return Finish(std::move(in));
  }
  if (IsSymbol("@") || IsSymbol("{")) return NotBuilt("A hint");
  TRY(ExpectSymbol("("));
  if (StartsQuery()) {
    in->query = TRY(ParenthesizedQuery());
  } else {
    do in->args.push_back(TRY(Expression()));
    while (AcceptSymbol(","));
    TRY(ExpectSymbol(")"));
  }
  return Finish(std::move(in));
}

Result<ExprPtr> Parser::LikePredicate(ExprPtr left, bool negated, std::uint32_t at) {
  ExprPtr like = Make(ExprKind::kLike, at);
  like->flag = negated;
  like->args.push_back(std::move(left));
  if (IsWord("ANY") || IsWord("SOME") || IsWord("ALL")) {
    like->text = IsWord("ALL") ? "ALL" : "ANY";
    ++next_;
    if (IsWord("UNNEST")) return NotBuilt("LIKE " + like->text + " UNNEST");
    TRY(ExpectSymbol("("));
    if (StartsQuery()) return NotBuilt("LIKE " + like->text + " subquery");
    do like->args.push_back(TRY(Expression()));
    while (AcceptSymbol(","));
    TRY(ExpectSymbol(")"));
  } else {
    like->args.push_back(TRY(Expression(kPredicate + 1)));
  }
  return Finish(std::move(like));
}

Result<ExprPtr> Parser::IsPredicate(ExprPtr left, std::uint32_t at) {
  ++next_;
  const bool negated = AcceptWord("NOT");
  ExprPtr is = Make(ExprKind::kIs, at);
  is->flag = negated;
  is->args.push_back(std::move(left));
  for (const std::string_view word : {"NULL", "TRUE", "FALSE", "UNKNOWN"}) {
    if (!AcceptWord(word)) continue;
    is->text = word;
    return Finish(std::move(is));
  }
  if (!AcceptWord("DISTINCT")) return Unexpected();
  TRY(ExpectWord("FROM"));
  is->kind = ExprKind::kDistinctFrom;
  is->args.push_back(TRY(Expression(kPredicate + 1)));
  return Finish(std::move(is));
}

Result<ExprPtr> Parser::Unary() {
  if (!IsSymbol("-") && !IsSymbol("+") && !IsSymbol("~")) {
    ExprPtr primary = TRY(Primary());
    return Postfix(std::move(primary));
  }
  TRY(Enter());
  ExprPtr unary = Make(ExprKind::kUnary, Peek().begin);
  unary->text = Peek().text;
  ++next_;
  ExprPtr operand = TRY(Unary());
  Leave();
  const bool number = operand->kind == ExprKind::kInteger || operand->kind == ExprKind::kFloat;
  if (number && unary->text == "-" && !operand->parenthesized && operand->text[0] != '-') {
    operand->text.insert(0, 1, '-');  // so that the smallest INT64 is a literal
    operand->at = unary->at;
    return operand;
  }
  unary->args.push_back(std::move(operand));
  return Finish(std::move(unary));
}

Result<ExprPtr> Parser::Postfix(ExprPtr base) {
  for (;;) {
    if (IsSymbol(".")) {
      if (IsSymbol("*", 1)) return base;
      if (IsSymbol("(", 1)) return NotBuilt("Generalized field access");
      ++next_;
      ExprPtr field = Make(ExprKind::kField, Peek().begin);
      field->text = TRY(AnyIdentifier());
      field->quoted = tokens_[next_ - 1].kind == TokenKind::kQuotedIdentifier;
      field->args.push_back(std::move(base));
      base = TRY(Finish(std::move(field)));
    } else if (IsSymbol("[")) {
      base = TRY(Subscript(std::move(base)));
    } else if (IsSymbol("(") && (base->kind == ExprKind::kName || base->kind == ExprKind::kField) &&
               !base->parenthesized) {
      base = TRY(Call(std::move(base)));
    } else {
      return base;
    }
  }
}

Result<ExprPtr> Parser::Subscript(ExprPtr base) {
  ExprPtr index = Make(ExprKind::kIndex, Peek().begin);
  ++next_;
  index->args.push_back(std::move(base));
  for (const std::string_view word : {"OFFSET", "ORDINAL", "SAFE_OFFSET", "SAFE_ORDINAL"}) {
    if (IsWord(word) && IsSymbol("(", 1)) {
      index->text = word;
      next_ += 2;
      break;
    }
  }
  index->args.push_back(TRY(Expression()));
  if (!index->text.empty()) TRY(ExpectSymbol(")"));
  TRY(ExpectSymbol("]"));
  return Finish(std::move(index));
}

Result<std::vector<ExprPtr>> Parser::ExpressionList() {
  std::vector<ExprPtr> list;
  do list.push_back(TRY(Expression()));
  while (AcceptSymbol(","));
  return list;
}

Result<std::vector<OrderItem>> Parser::OrderBy() {
  TRY(ExpectWord("ORDER"));
  TRY(ExpectWord("BY"));
  std::vector<OrderItem> items;
  do {
    OrderItem item;
    item.expr = TRY(Expression());
    if (IsWord("COLLATE")) return NotBuilt("COLLATE");
    if (AcceptWord("DESC")) {
      item.descending = true;
    } else {
      AcceptWord("ASC");
    }
    if (AcceptWord("NULLS")) {
      if (AcceptWord("FIRST")) {
        item.nulls = SortNulls::kFirst;
      } else {
        TRY(ExpectWord("LAST"));
        item.nulls = SortNulls::kLast;
      }
    }
    items.push_back(std::move(item));
  } while (AcceptSymbol(","));
  return items;
}

}  // namespace landfall::googlesql
