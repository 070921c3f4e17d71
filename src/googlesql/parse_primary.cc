// Literals, constructors, special forms and calls.
#include "base/text.h"
#include "googlesql/parser.h"

namespace landfall::googlesql {

Result<ExprPtr> Parser::Primary() {
  const Token& token = Peek();
  const auto literal = [&](ExprKind kind) {
    ExprPtr expr = Make(kind, token.begin);
    expr->text = token.text;
    ++next_;
    return expr;
  };
  switch (token.kind) {
    case TokenKind::kInteger:
      return literal(ExprKind::kInteger);
    case TokenKind::kFloat:
      return literal(ExprKind::kFloat);
    case TokenKind::kNamedParameter:
      return literal(ExprKind::kParameter);
    case TokenKind::kSystemVariable:
      return literal(ExprKind::kSystemVariable);
    case TokenKind::kString:
    case TokenKind::kBytes: {  // adjacent literals are one
      const TokenKind kind = token.kind;
      ExprPtr expr = literal(kind == TokenKind::kString ? ExprKind::kString : ExprKind::kBytes);
      while (Peek().kind == kind) expr->text += tokens_[next_++].text;
      return expr;
    }
    case TokenKind::kPositional: {
      ExprPtr expr = Make(ExprKind::kParameter, token.begin);
      expr->ordinal = ++positional_;
      ++next_;
      return expr;
    }
    case TokenKind::kSymbol:
      if (token.text == "(") return Parenthesized();
      if (token.text == "[") return ArrayConstructor();
      if (token.text == "{") return NotBuilt("A braced constructor");
      return Unexpected();
    case TokenKind::kQuotedIdentifier: {
      ExprPtr name = literal(ExprKind::kName);
      name->quoted = true;
      return name;
    }
    case TokenKind::kIdentifier:
      return WordPrimary();
    case TokenKind::kEnd:
      return Unexpected();
  }
  return Unexpected();
}

Result<ExprPtr> Parser::WordPrimary() {
  const std::uint32_t at = Peek().begin;
  const bool literal_follows = Peek(1).kind == TokenKind::kString;
  if (AcceptWord("NULL")) return Make(ExprKind::kNull, at);
  if (IsWord("TRUE") || IsWord("FALSE")) {
    ExprPtr expr = Make(ExprKind::kBool, at);
    expr->text = IsWord("TRUE") ? "TRUE" : "FALSE";
    ++next_;
    return expr;
  }
  if (IsWord("CASE")) return CaseExpression();
  if (IsWord("CAST")) return CastExpression(false);
  if (IsWord("SAFE_CAST") && IsSymbol("(", 1)) return CastExpression(true);
  if (IsWord("EXTRACT")) return ExtractExpression();
  if (IsWord("INTERVAL")) return IntervalExpression();
  if (IsWord("STRUCT")) return StructConstructor();
  if (IsWord("ARRAY")) return ArrayConstructor();
  if (IsWord("WITH") && IsSymbol("(", 1)) return NotBuilt("WITH expression");
  if (IsWord("NEW")) return NotBuilt("NEW constructor");
  if (IsWord("RANGE") && IsSymbol("<", 1)) return NotBuilt("RANGE literal");
  if (IsWord("EXISTS")) {
    ++next_;
    ExprPtr exists = Make(ExprKind::kExists, at);
    TRY(ExpectSymbol("("));
    if (!StartsQuery()) return Unexpected();
    exists->query = TRY(ParenthesizedQuery());
    return exists;
  }
  if (literal_follows) {
    for (const std::string_view word : {"DATE", "TIMESTAMP", "DATETIME", "TIME", "NUMERIC",
                                        "DECIMAL", "BIGNUMERIC", "BIGDECIMAL", "JSON"}) {
      if (IsWord(word)) return TypedLiteral();
    }
  }
  // Reserved words that are also function names.
  const bool callable = (IsWord("IF") || IsWord("LEFT") || IsWord("RIGHT") || IsWord("GROUPING") ||
                         IsWord("RANGE")) &&
                        IsSymbol("(", 1);
  if (!callable && !IsIdentifier()) return Unexpected();
  ExprPtr name = Make(ExprKind::kName, at);
  name->text = Peek().text;
  ++next_;
  return name;
}

Result<ExprPtr> Parser::TypedLiteral() {
  ExprPtr expr = Make(ExprKind::kTypedLiteral, Peek().begin);
  expr->type = Type{.kind = TRY(ParseTypeKind(Peek().text)), .fields = {}, .element = nullptr};
  ++next_;
  while (Peek().kind == TokenKind::kString) expr->text += tokens_[next_++].text;
  return expr;
}

// A parenthesised expression, a struct (a, b) or a scalar subquery.
Result<ExprPtr> Parser::Parenthesized() {
  const std::uint32_t at = Peek().begin;
  ++next_;
  if (StartsQuery()) {
    ExprPtr subquery = Make(ExprKind::kSubquery, at);
    subquery->query = TRY(ParenthesizedQuery());
    return Finish(std::move(subquery));
  }
  ExprPtr first = TRY(Expression());
  if (AcceptSymbol(")")) {
    first->parenthesized = true;
    return first;
  }
  if (!IsSymbol(",")) return Expected("\")\"");
  ExprPtr tuple = Make(ExprKind::kStruct, at);
  tuple->args.push_back(std::move(first));
  while (AcceptSymbol(",")) tuple->args.push_back(TRY(Expression()));
  tuple->names.resize(tuple->args.size());
  TRY(ExpectSymbol(")"));
  return Finish(std::move(tuple));
}

Result<ExprPtr> Parser::CaseExpression() {
  ExprPtr expr = Make(ExprKind::kCase, Peek().begin);
  ++next_;
  if (!IsWord("WHEN")) {
    expr->flag = true;
    expr->args.push_back(TRY(Expression()));
  }
  do {
    TRY(ExpectWord("WHEN"));
    expr->args.push_back(TRY(Expression()));
    TRY(ExpectWord("THEN"));
    expr->args.push_back(TRY(Expression()));
  } while (IsWord("WHEN"));
  if (AcceptWord("ELSE")) expr->args.push_back(TRY(Expression()));
  TRY(ExpectWord("END"));
  return Finish(std::move(expr));
}

Result<ExprPtr> Parser::CastExpression(bool safe) {
  ExprPtr expr = Make(ExprKind::kCast, Peek().begin);
  ++next_;
  expr->flag = safe;
  TRY(ExpectSymbol("("));
  expr->args.push_back(TRY(Expression()));
  TRY(ExpectWord("AS"));
  expr->type = TRY(ParseType());
  if (IsWord("FORMAT")) return NotBuilt("CAST with FORMAT");
  if (IsWord("AT")) return NotBuilt("CAST with AT TIME ZONE");
  TRY(ExpectSymbol(")"));
  return Finish(std::move(expr));
}

// EXTRACT(part FROM x [AT TIME ZONE zone]); a part may be WEEK(MONDAY).
Result<ExprPtr> Parser::ExtractExpression() {
  ExprPtr expr = Make(ExprKind::kExtract, Peek().begin);
  ++next_;
  TRY(ExpectSymbol("("));
  std::string part = TRY(AnyIdentifier());
  if (AcceptSymbol("(")) {
    part += "(" + TRY(AnyIdentifier()) + ")";
    TRY(ExpectSymbol(")"));
  }
  expr->names.push_back(std::move(part));
  TRY(ExpectWord("FROM"));
  expr->args.push_back(TRY(Expression()));
  if (AcceptWord("AT")) {
    TRY(ExpectWord("TIME"));
    TRY(ExpectWord("ZONE"));
    expr->args.push_back(TRY(Expression()));
  }
  TRY(ExpectSymbol(")"));
  return Finish(std::move(expr));
}

Result<ExprPtr> Parser::IntervalExpression() {
  ExprPtr expr = Make(ExprKind::kInterval, Peek().begin);
  ++next_;
  expr->args.push_back(TRY(Expression()));
  expr->names.push_back(TRY(Identifier()));
  if (AcceptWord("TO")) expr->names.push_back(TRY(Identifier()));
  return Finish(std::move(expr));
}

Result<ExprPtr> Parser::StructConstructor() {
  ExprPtr expr = Make(ExprKind::kStruct, Peek().begin);
  if (IsSymbol("<", 1)) {
    expr->type = TRY(ParseType());
  } else {
    ++next_;
  }
  TRY(ExpectSymbol("("));
  while (!IsSymbol(")")) {
    expr->args.push_back(TRY(Expression()));
    expr->names.push_back(AcceptWord("AS") ? TRY(Identifier()) : std::string{});
    if (!AcceptSymbol(",")) break;
  }
  TRY(ExpectSymbol(")"));
  return Finish(std::move(expr));
}

Result<ExprPtr> Parser::ArrayConstructor() {
  ExprPtr expr = Make(ExprKind::kArray, Peek().begin);
  if (IsWord("ARRAY")) {
    if (IsSymbol("<", 1)) {
      expr->type = TRY(ParseType());
    } else {
      ++next_;
    }
  }
  if (!expr->type && AcceptSymbol("(")) {
    expr->kind = ExprKind::kArraySubquery;
    if (!StartsQuery()) return Unexpected();
    expr->query = TRY(ParenthesizedQuery());
    return expr;
  }
  TRY(ExpectSymbol("["));
  while (!IsSymbol("]")) {
    expr->args.push_back(TRY(Expression()));
    if (!AcceptSymbol(",")) break;
  }
  TRY(ExpectSymbol("]"));
  return Finish(std::move(expr));
}

// `callee` is a name path: COUNT, SAFE.SUBSTR, NET.HOST.
Result<ExprPtr> Parser::Call(ExprPtr callee) {
  ExprPtr call = Make(ExprKind::kCall, callee->at);
  std::vector<std::string> reversed;
  const Expr* part = callee.get();
  for (; part->kind == ExprKind::kField; part = part->args[0].get()) reversed.push_back(part->text);
  if (part->kind != ExprKind::kName) return Unexpected();
  reversed.push_back(part->text);
  call->at = part->at;
  call->names.assign(reversed.rbegin(), reversed.rend());
  call->call = std::make_unique<CallModifiers>();
  ++next_;  // "("
  CallModifiers& modifiers = *call->call;
  if (AcceptWord("DISTINCT")) {
    modifiers.distinct = true;
  }
  TRY(CallArguments(*call));
  TRY(CallTail(*call));
  TRY(ExpectSymbol(")"));
  for (const std::string_view word : {"IGNORE", "RESPECT"}) {
    if (IsWord(word) && IsWord("NULLS", 1)) {
      modifiers.nulls = word;
      next_ += 2;
    }
  }
  if (IsWord("WITHIN")) return NotBuilt("WITHIN GROUP");
  if (AcceptWord("OVER")) modifiers.over = TRY(Window());
  return Finish(std::move(call));
}

Status Parser::CallArguments(Expr& call) {
  if (IsSymbol(")")) return Ok();
  if (IsSymbol("*")) {
    call.args.push_back(Make(ExprKind::kStar, Peek().begin));
    ++next_;
    return Ok();
  }
  do {
    if (IsIdentifier() && IsSymbol("=>", 1)) {
      std::string name = TRY(Identifier());
      ++next_;
      call.call->named.emplace_back(std::move(name), TRY(Expression()));
      continue;
    }
    if (!call.call->named.empty())
      return QueryError(sql_, Peek().begin, "Positional argument follows named argument");
    if (IsWord("TABLE") || IsWord("MODEL")) return NotBuilt("A " + Peek().text + " argument");
    if (StartsQuery() &&
        !IsSymbol("(")) {  // ARRAY_LENGTH(SELECT ..) is an error; ARRAY(..) is handled elsewhere
      return QueryError(
          sql_, Peek().begin,
          "Syntax error: Expected \"(\" before a subquery used as a function argument");
    }
    call.args.push_back(TRY(Expression()));
    if (IsSymbol("-") && IsSymbol(">", 1)) return NotBuilt("A lambda");
    if (AcceptWord("AS")) return NotBuilt("An aliased argument");
  } while (AcceptSymbol(","));
  return Ok();
}

Status Parser::CallTail(Expr& call) {
  CallModifiers& modifiers = *call.call;
  for (const std::string_view word : {"IGNORE", "RESPECT"}) {
    if (!AcceptWord(word)) continue;
    TRY(ExpectWord("NULLS"));
    modifiers.nulls = word;
  }
  if (IsWord("WHERE")) return NotBuilt("WHERE inside an aggregate");
  if (AcceptWord("HAVING")) {
    if (!IsWord("MAX") && !IsWord("MIN")) return Expected("keyword MAX or keyword MIN");
    modifiers.having = IsWord("MAX") ? "MAX" : "MIN";
    ++next_;
    modifiers.having_expr = TRY(Expression());
  }
  if (IsWord("GROUP")) return NotBuilt("GROUP BY inside an aggregate");
  if (IsWord("ORDER")) modifiers.order_by = TRY(OrderBy());
  if (AcceptWord("LIMIT")) modifiers.limit = TRY(Expression());
  return Ok();
}

Result<std::unique_ptr<WindowSpec>> Parser::Window() {
  auto window = std::make_unique<WindowSpec>();
  window->at = Peek().begin;
  if (!AcceptSymbol("(")) {
    window->base = TRY(Identifier());
    return window;
  }
  if (IsIdentifier()) window->base = TRY(Identifier());
  if (AcceptWord("PARTITION")) {
    TRY(ExpectWord("BY"));
    window->partition_by = TRY(ExpressionList());
  }
  if (IsWord("ORDER")) window->order_by = TRY(OrderBy());
  TRY(Frame(*window));
  TRY(ExpectSymbol(")"));
  return window;
}

Status Parser::Frame(WindowSpec& window) {
  if (!IsWord("ROWS") && !IsWord("RANGE")) return Ok();
  WindowFrame frame;
  frame.rows = IsWord("ROWS");
  ++next_;
  if (AcceptWord("BETWEEN")) {
    TRY(FrameBound(frame.start, frame.start_offset));
    TRY(ExpectWord("AND"));
    TRY(FrameBound(frame.end, frame.end_offset));
  } else {
    TRY(FrameBound(frame.start, frame.start_offset));
    frame.end = "CURRENT ROW";
  }
  window.frame = std::move(frame);
  return Ok();
}

Status Parser::FrameBound(std::string& bound, ExprPtr& offset) {
  if (AcceptWord("CURRENT")) {
    TRY(ExpectWord("ROW"));
    bound = "CURRENT ROW";
    return Ok();
  }
  const bool unbounded = AcceptWord("UNBOUNDED");
  if (!unbounded) offset = TRY(Expression());
  if (!IsWord("PRECEDING") && !IsWord("FOLLOWING"))
    return Expected("keyword PRECEDING or keyword FOLLOWING");
  bound = std::string(unbounded ? "UNBOUNDED " : "") +
          (IsWord("PRECEDING") ? "PRECEDING" : "FOLLOWING");
  ++next_;
  return Ok();
}

}  // namespace landfall::googlesql
