#include "googlesql/parser.h"

#include "base/text.h"

namespace landfall::googlesql {

const Token& Parser::Peek(std::size_t ahead) const {
  const std::size_t at = next_ + ahead;
  return at < tokens_.size() ? tokens_[at] : tokens_.back();
}

bool Parser::IsWord(std::string_view word, std::size_t ahead) const {
  const Token& token = Peek(ahead);
  return token.kind == TokenKind::kIdentifier && EqualsIgnoreCase(token.text, word);
}

bool Parser::IsSymbol(std::string_view symbol, std::size_t ahead) const {
  const Token& token = Peek(ahead);
  return token.kind == TokenKind::kSymbol && token.text == symbol;
}

bool Parser::AcceptWord(std::string_view word) { return IsWord(word) && (++next_, true); }
bool Parser::AcceptSymbol(std::string_view symbol) { return IsSymbol(symbol) && (++next_, true); }

Status Parser::ExpectWord(std::string_view word) {
  return AcceptWord(word) ? Ok() : Expected("keyword " + std::string(word));
}

Status Parser::ExpectSymbol(std::string_view symbol) {
  return AcceptSymbol(symbol) ? Ok() : Expected("\"" + std::string(symbol) + "\"");
}

Status Parser::CloseAngle() {
  if (!IsSymbol(">>")) return ExpectSymbol(">");
  Token& token = tokens_[next_];
  token.text = ">";
  ++token.begin;
  return Ok();
}

bool Parser::IsIdentifier(std::size_t ahead) const {
  const Token& token = Peek(ahead);
  if (token.kind == TokenKind::kQuotedIdentifier) return true;
  return token.kind == TokenKind::kIdentifier && !IsReserved(token.text);
}

Result<std::string> Parser::Identifier() {
  if (!IsIdentifier()) return Unexpected();
  return tokens_[next_++].text;
}

Result<std::string> Parser::AnyIdentifier() {
  const TokenKind kind = Peek().kind;
  if (kind != TokenKind::kIdentifier && kind != TokenKind::kQuotedIdentifier) return Unexpected();
  return tokens_[next_++].text;
}

std::string Parser::Describe(const Token& token) const {
  switch (token.kind) {
    case TokenKind::kIdentifier: {
      if (!IsReserved(token.text)) return "identifier \"" + token.text + "\"";
      std::string word = "keyword " + token.text;
      for (std::size_t i = 8; i < word.size(); ++i) {
        if (word[i] >= 'a' && word[i] <= 'z') word[i] = static_cast<char>(word[i] - 32);
      }
      return word;
    }
    case TokenKind::kQuotedIdentifier:
      return "identifier `" + token.text + "`";
    case TokenKind::kInteger:
      return "integer literal \"" + token.text + "\"";
    case TokenKind::kFloat:
      return "floating point literal \"" + token.text + "\"";
    case TokenKind::kString:
      return "string literal " + std::string(sql_.substr(token.begin, token.end - token.begin));
    case TokenKind::kBytes:
      return "bytes literal " + std::string(sql_.substr(token.begin, token.end - token.begin));
    case TokenKind::kNamedParameter:
      return "\"@\"";
    case TokenKind::kSystemVariable:
      return "\"@@\"";
    case TokenKind::kPositional:
      return "\"?\"";
    case TokenKind::kSymbol:
      return "\"" + token.text + "\"";
    case TokenKind::kEnd:
      return "end of statement";
  }
  return "";
}

Status Parser::Expected(std::string_view what) const {
  const Token& token = Peek();
  return QueryError(sql_, token.begin,
                    "Syntax error: Expected " + std::string(what) + " but got " + Describe(token));
}

Status Parser::Unexpected() const {
  const Token& token = Peek();
  return QueryError(sql_, token.begin, "Syntax error: Unexpected " + Describe(token));
}

Status Parser::NotBuilt(std::string_view what) const {
  return NotSupported(sql_, Peek().begin, what);
}

Status Parser::Enter() {
  if (++depth_ <= kDepthMax) return Ok();
  return QueryError(sql_, Peek().begin, "Query is too complex");
}

Status Parser::Relex(std::size_t offset) {
  std::vector<Token> rest = TRY(Tokenize(sql_, offset));
  tokens_.resize(next_);
  for (Token& token : rest) tokens_.push_back(std::move(token));
  MatchParentheses();
  return Ok();
}

void Parser::MatchParentheses() {
  closing_.assign(tokens_.size(), 0);
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < tokens_.size(); ++i) {
    if (tokens_[i].kind != TokenKind::kSymbol) continue;
    if (tokens_[i].text == "(") open.push_back(i);
    if (tokens_[i].text != ")" || open.empty()) continue;
    closing_[open.back()] = i;
    open.pop_back();
  }
}

// `a.b.c`, a.b.c, my-project-1.d.t and any mix. A dash glues only without blanks, so the raw text
// decides.
Result<std::vector<std::string>> Parser::TablePath() {
  std::vector<std::string> path;
  for (bool first = true;; first = false) {
    const Token token = Peek();
    if (token.kind == TokenKind::kQuotedIdentifier) {
      ++next_;
      for (const std::string_view part : Split(token.text, '.')) path.emplace_back(part);
    } else if (token.kind == TokenKind::kIdentifier && (!first || !IsReserved(token.text))) {
      std::size_t end = token.end;
      const auto is_part = [&](std::size_t at) {
        const char c = at < sql_.size() ? sql_[at] : '\0';
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '_';
      };
      while (first && end < sql_.size() && sql_[end] == '-' && is_part(end + 1)) {
        while (++end < sql_.size() && is_part(end)) continue;
      }
      path.emplace_back(sql_.substr(token.begin, end - token.begin));
      ++next_;
      if (end != token.end) TRY(Relex(end));
    } else {
      return Unexpected();
    }
    if (IsSymbol("*") && Peek().begin > 0 && Peek(0).begin == tokens_[next_ - 1].end) {
      return NotBuilt("Wildcard table");
    }
    if (!AcceptSymbol(".")) return path;
  }
}

// [AS] alias. Words that start the next clause are reserved, or named by the caller through
// `IsIdentifier` checks.
Result<std::string> Parser::OptionalAlias(bool as_needed_for_words) {
  if (AcceptWord("AS")) return Identifier();
  if (!as_needed_for_words && IsIdentifier()) return Identifier();
  return std::string{};
}

Result<Type> Parser::ParseType() {
  TRY(Enter());
  const std::uint32_t at = Peek().begin;
  Type type;
  if (AcceptWord("ARRAY")) {
    TRY(ExpectSymbol("<"));
    Type element = TRY(ParseType());
    if (element.is_array()) return QueryError(sql_, at, "Arrays of arrays are not supported");
    type = ArrayOf(std::move(element));
    TRY(CloseAngle());
  } else if (AcceptWord("STRUCT")) {
    type.kind = TypeKind::kStruct;
    TRY(ExpectSymbol("<"));
    while (!IsSymbol(">") && !IsSymbol(">>")) {
      StructField field;
      const bool named =
          Peek().kind == TokenKind::kQuotedIdentifier ||
          (IsIdentifier() && (IsIdentifier(1) || IsWord("ARRAY", 1) || IsWord("STRUCT", 1) ||
                              IsWord("INTERVAL", 1) || IsWord("RANGE", 1)));
      if (named) field.name = TRY(Identifier());
      field.type = TRY(ParseType());
      type.fields.push_back(std::move(field));
      if (!AcceptSymbol(",")) break;
    }
    TRY(CloseAngle());
  } else if (AcceptWord("RANGE")) {
    TRY(ExpectSymbol("<"));
    type.kind = TypeKind::kRange;
    type.element = std::make_shared<const Type>(TRY(ParseType()));
    TRY(CloseAngle());
  } else {
    if (!IsIdentifier() && !IsWord("INTERVAL")) return Unexpected();
    const std::string name = tokens_[next_++].text;
    Result<TypeKind> kind = ParseTypeKind(name);
    if (!kind.ok() || IsSymbol(".")) return QueryError(sql_, at, "Type not found: " + name);
    type.kind = *kind;
    if (IsSymbol("(")) return NotBuilt("Parameterized type " + TypeName(type));
  }
  Leave();
  return type;
}

Result<std::unique_ptr<StatementSyntax>> Parser::ParseStatement(std::string_view sql) {
  std::vector<Token> tokens = TRY(Tokenize(sql));
  Parser parser(sql, std::move(tokens));
  return parser.Statement();
}

Result<std::unique_ptr<StatementSyntax>> Parser::Statement() {
  auto s = std::make_unique<StatementSyntax>();
  while (AcceptSymbol(";")) continue;
  s->at = Peek().begin;
  if (Peek().kind == TokenKind::kEnd)
    return QueryError(sql_, s->at, "Syntax error: Unexpected end of statement");
  if (IsWord("SELECT") || IsWord("WITH") || IsWord("FROM") || IsSymbol("(")) {
    s->query = TRY(ParseQuery());
  } else if (AcceptWord("INSERT")) {
    TRY(ParseInsert(*s));
  } else if (AcceptWord("UPDATE")) {
    TRY(ParseUpdate(*s));
  } else if (AcceptWord("DELETE")) {
    TRY(ParseDelete(*s));
  } else if (AcceptWord("MERGE")) {
    TRY(ParseMerge(*s));
  } else if (AcceptWord("TRUNCATE")) {
    TRY(ParseTruncate(*s));
  } else if (AcceptWord("CREATE")) {
    TRY(ParseCreate(*s));
  } else if (AcceptWord("DROP")) {
    TRY(ParseDrop(*s));
  } else {
    static constexpr std::string_view kScripting[] = {
        "DECLARE", "SET",      "IF",      "LOOP",    "WHILE",   "REPEAT", "FOR",
        "BEGIN",   "CASE",     "CALL",    "EXECUTE", "RAISE",   "RETURN", "BREAK",
        "LEAVE",   "CONTINUE", "ITERATE", "COMMIT",  "ROLLBACK"};
    for (const std::string_view word : kScripting) {
      if (IsWord(word)) return NotBuilt("Statement " + std::string(word) + " (scripting)");
    }
    static constexpr std::string_view kOther[] = {
        "ALTER",   "EXPORT",  "LOAD",     "GRANT", "REVOKE", "ASSERT", "UNDROP",
        "ANALYZE", "EXPLAIN", "DESCRIBE", "SHOW",  "RENAME", "DEFINE"};
    for (const std::string_view word : kOther) {
      if (IsWord(word)) return NotBuilt("Statement " + std::string(word));
    }
    return Unexpected();
  }
  bool ended = false;
  while (AcceptSymbol(";")) ended = true;
  if (Peek().kind == TokenKind::kEnd) return s;
  if (ended) return Unimplemented("scripts are not supported", "notImplemented", "query");
  return Expected("end of input");
}

}  // namespace landfall::googlesql
