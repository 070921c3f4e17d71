#include "googlesql/lexer.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/text.h"

namespace landfall::googlesql {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsHexDigit(char c) { return IsDigit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool IsNameStart(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool IsName(char c) { return IsNameStart(c) || IsDigit(c); }
int HexValue(char c) { return IsDigit(c) ? c - '0' : (c | 0x20) - 'a' + 10; }

constexpr std::array<std::string_view, 96> kReserved = {"ALL",
                                                        "AND",
                                                        "ANY",
                                                        "ARRAY",
                                                        "AS",
                                                        "ASC",
                                                        "ASSERT_ROWS_MODIFIED",
                                                        "AT",
                                                        "BETWEEN",
                                                        "BY",
                                                        "CASE",
                                                        "CAST",
                                                        "COLLATE",
                                                        "CONTAINS",
                                                        "CREATE",
                                                        "CROSS",
                                                        "CUBE",
                                                        "CURRENT",
                                                        "DEFAULT",
                                                        "DEFINE",
                                                        "DESC",
                                                        "DISTINCT",
                                                        "ELSE",
                                                        "END",
                                                        "ENUM",
                                                        "ESCAPE",
                                                        "EXCEPT",
                                                        "EXCLUDE",
                                                        "EXISTS",
                                                        "EXTRACT",
                                                        "FALSE",
                                                        "FETCH",
                                                        "FOLLOWING",
                                                        "FOR",
                                                        "FROM",
                                                        "FULL",
                                                        "GROUP",
                                                        "GROUPING",
                                                        "GROUPS",
                                                        "HASH",
                                                        "HAVING",
                                                        "IF",
                                                        "IGNORE",
                                                        "IN",
                                                        "INNER",
                                                        "INTERSECT",
                                                        "INTERVAL",
                                                        "INTO",
                                                        "IS",
                                                        "JOIN",
                                                        "LATERAL",
                                                        "LEFT",
                                                        "LIKE",
                                                        "LIMIT",
                                                        "LOOKUP",
                                                        "MERGE",
                                                        "NATURAL",
                                                        "NEW",
                                                        "NO",
                                                        "NOT",
                                                        "NULL",
                                                        "NULLS",
                                                        "OF",
                                                        "ON",
                                                        "OR",
                                                        "ORDER",
                                                        "OUTER",
                                                        "OVER",
                                                        "PARTITION",
                                                        "PRECEDING",
                                                        "PROTO",
                                                        "QUALIFY",
                                                        "RANGE",
                                                        "RECURSIVE",
                                                        "RESPECT",
                                                        "RIGHT",
                                                        "ROLLUP",
                                                        "ROWS",
                                                        "SELECT",
                                                        "SET",
                                                        "SOME",
                                                        "STRUCT",
                                                        "TABLESAMPLE",
                                                        "THEN",
                                                        "TO",
                                                        "TREAT",
                                                        "TRUE",
                                                        "UNBOUNDED",
                                                        "UNION",
                                                        "UNNEST",
                                                        "USING",
                                                        "WHEN",
                                                        "WHERE",
                                                        "WINDOW",
                                                        "WITH",
                                                        "WITHIN"};

// Longest first within a first character.
constexpr std::array<std::string_view, 9> kTwoCharacterSymbols = {"<=", ">=", "<>", "!=", "||",
                                                                  "<<", ">>", "=>", "|>"};

class Lexer {
 public:
  Lexer(std::string_view sql, std::size_t offset) : sql_(sql), at_(offset) {}

  Result<std::vector<Token>> Run() {
    std::vector<Token> tokens;
    tokens.reserve((sql_.size() - at_) / 5 + 2);
    for (;;) {
      TRY(SkipBlanks());
      const std::size_t begin = at_;
      if (at_ >= sql_.size()) {
        tokens.push_back(Token{TokenKind::kEnd, "", Offset(begin), Offset(begin)});
        return tokens;
      }
      Token token = TRY(Next());
      token.begin = Offset(begin);
      token.end = Offset(at_);
      tokens.push_back(std::move(token));
    }
  }

 private:
  static std::uint32_t Offset(std::size_t at) { return static_cast<std::uint32_t>(at); }
  char Peek(std::size_t ahead = 0) const {
    return at_ + ahead < sql_.size() ? sql_[at_ + ahead] : '\0';
  }
  bool Looking(std::string_view text) const { return sql_.substr(at_, text.size()) == text; }
  Status Error(std::size_t at, std::string_view message) const {
    return QueryError(sql_, at, "Syntax error: " + std::string(message));
  }

  // The whole UTF-8 character: messages stay valid text.
  std::string CharacterAt(std::size_t at) const {
    std::size_t end = at + (at < sql_.size() ? 1 : 0);
    while (end < sql_.size() && (static_cast<unsigned char>(sql_[end]) & 0xC0) == 0x80) ++end;
    return std::string(sql_.substr(at, end - at));
  }

  Status SkipBlanks() {
    while (at_ < sql_.size()) {
      const char c = Peek();
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f') {
        ++at_;
      } else if (Looking("\xC2\xA0")) {  // no-break space
        at_ += 2;
      } else if (Looking("\xEF\xBB\xBF")) {  // byte order mark
        at_ += 3;
      } else if (c == '#' || Looking("--")) {
        while (at_ < sql_.size() && Peek() != '\n') ++at_;
      } else if (Looking("/*")) {
        const std::size_t end = sql_.find("*/", at_ + 2);
        if (end == std::string_view::npos) return Error(at_, "Unclosed comment");
        at_ = end + 2;
      } else {
        break;
      }
    }
    return Ok();
  }

  Result<Token> Next() {
    const char c = Peek();
    if (const auto prefix = LiteralPrefix()) return Literal(*prefix);
    if (IsNameStart(c)) return Name();
    if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) return Number();
    if (c == '`') return QuotedIdentifier();
    if (c == '?') return ++at_, Token{TokenKind::kPositional, "?"};
    if (c == '@') return AtSign();
    for (const std::string_view symbol : kTwoCharacterSymbols) {
      if (Looking(symbol)) return at_ += 2, Token{TokenKind::kSymbol, std::string(symbol)};
    }
    if (std::string_view("()[]{},.;:+-*/<>=&|^~!$").find(c) != std::string_view::npos) {
      return ++at_, Token{TokenKind::kSymbol, std::string(1, c)};
    }
    if (c == '\\') return Error(at_, "Illegal input character \"\\\\\"");
    return Error(at_, "Illegal input character \"" + CharacterAt(at_) + "\"");
  }

  Result<Token> Name() {
    const std::size_t begin = at_;
    while (IsName(Peek())) ++at_;
    return Token{TokenKind::kIdentifier, std::string(sql_.substr(begin, at_ - begin))};
  }

  Result<Token> Number() {
    const std::size_t begin = at_;
    if (Peek() == '0' && (Peek(1) | 0x20) == 'x' && IsHexDigit(Peek(2))) {
      at_ += 2;
      while (IsHexDigit(Peek())) ++at_;
      return Token{TokenKind::kInteger, std::string(sql_.substr(begin, at_ - begin))};
    }
    bool is_float = false;
    // In my-project-1.data the number is a part of a name: the parser glues the parts by their
    // offsets.
    const bool in_path = begin >= 2 && sql_[begin - 1] == '-' && IsName(sql_[begin - 2]);
    while (IsDigit(Peek())) ++at_;
    if (in_path && Peek() == '.' && IsNameStart(Peek(1)) &&
        !((Peek(1) | 0x20) == 'e' && IsDigit(Peek(2)))) {
      return Token{TokenKind::kInteger, std::string(sql_.substr(begin, at_ - begin))};
    }
    if (in_path && IsNameStart(Peek()) && (Peek() | 0x20) != 'e') return Name();
    if (Peek() == '.') {
      is_float = true;
      ++at_;
      while (IsDigit(Peek())) ++at_;
    }
    if ((Peek() | 0x20) == 'e') {
      const std::size_t sign = Peek(1) == '+' || Peek(1) == '-' ? 1 : 0;
      if (IsDigit(Peek(1 + sign))) {
        is_float = true;
        at_ += 1 + sign;
        while (IsDigit(Peek())) ++at_;
      }
    }
    if (IsNameStart(Peek())) return Error(at_, "Missing whitespace between literal and alias");
    return Token{is_float ? TokenKind::kFloat : TokenKind::kInteger,
                 std::string(sql_.substr(begin, at_ - begin))};
  }

  Result<Token> AtSign() {
    const bool system = Looking("@@");
    const std::size_t begin = at_;
    at_ += system ? 2 : 1;
    if (Peek() == '`') {
      Token token = TRY(QuotedIdentifier());
      token.kind = TokenKind::kNamedParameter;
      return token;
    }
    const std::size_t name = at_;
    while (IsName(Peek()) || (system && Peek() == '.')) ++at_;
    if (at_ == name) return at_ = begin + 1, Token{TokenKind::kSymbol, "@"};
    return Token{system ? TokenKind::kSystemVariable : TokenKind::kNamedParameter,
                 std::string(sql_.substr(name, at_ - name))};
  }

  Result<Token> QuotedIdentifier() {
    const std::size_t begin = at_++;
    std::string text;
    while (Peek() != '`') {
      if (at_ >= sql_.size() || Peek() == '\n') return Error(begin, "Unclosed identifier literal");
      if (Peek() == '\\') {
        TRY(Escape(/*bytes=*/false, text));
      } else {
        text += sql_[at_++];
      }
    }
    ++at_;
    if (text.empty()) return Error(begin, "Invalid empty identifier");
    return Token{TokenKind::kQuotedIdentifier, std::move(text)};
  }

  struct Prefix {
    bool raw = false, bytes = false;
    std::size_t length = 0;
  };
  // r, b, rb and br, in any case, directly before a quote.
  std::optional<Prefix> LiteralPrefix() const {
    Prefix prefix;
    for (;; ++prefix.length) {
      const char c = Peek(prefix.length);
      if (c == '\'' || c == '"') return prefix;
      if ((c | 0x20) == 'r' && !prefix.raw) {
        prefix.raw = true;
      } else if ((c | 0x20) == 'b' && !prefix.bytes) {
        prefix.bytes = true;
      } else {
        return std::nullopt;
      }
    }
  }

  Result<Token> Literal(const Prefix& prefix) {
    const std::size_t begin = at_;
    at_ += prefix.length;
    const char quote = Peek();
    const std::string triple(3, quote);
    const bool is_triple = Looking(triple);
    const std::string_view kind = prefix.bytes ? "bytes literal" : "string literal";
    at_ += is_triple ? 3 : 1;
    std::string text;
    for (;;) {
      if (at_ >= sql_.size() || (!is_triple && Peek() == '\n')) {
        return Error(begin, "Unclosed " + std::string(is_triple ? "triple-quoted " : "") +
                                std::string(kind));
      }
      if (is_triple ? Looking(triple) : Peek() == quote) break;
      if (Peek() != '\\') {
        if (Peek() == '\r') {  // line ends are read as \n
          text += '\n';
          at_ += Peek(1) == '\n' ? 2 : 1;
        } else {
          text += sql_[at_++];
        }
      } else if (prefix.raw) {
        text += sql_[at_++];
        if (at_ < sql_.size()) text += sql_[at_++];
      } else {
        TRY(Escape(prefix.bytes, text));
      }
    }
    at_ += is_triple ? 3 : 1;
    if (!prefix.bytes && !IsValidUtf8(text)) return Error(begin, "Invalid UTF-8 in string literal");
    return Token{prefix.bytes ? TokenKind::kBytes : TokenKind::kString, std::move(text)};
  }

  Status Escape(bool bytes, std::string& out) {
    static constexpr std::string_view kNames = "abfnrtv\\?\"'`";
    static constexpr std::string_view kValues = "\a\b\f\n\r\t\v\\?\"'`";
    const std::size_t begin = at_++;
    const char c = Peek();
    if (const std::size_t found = kNames.find(c); c != '\0' && found != std::string_view::npos) {
      out += kValues[found];
      ++at_;
      return Ok();
    }
    if (c == 'x' || c == 'X') return NumericEscape(begin, 16, 1, 2, bytes, out);
    if (c >= '0' && c <= '3') return NumericEscape(begin, 8, 0, 3, bytes, out);
    if (!bytes && c == 'u') return NumericEscape(begin, 16, 1, 4, false, out);
    if (!bytes && c == 'U') return NumericEscape(begin, 16, 1, 8, false, out);
    return Error(begin, "Illegal escape sequence: \\" + CharacterAt(at_));
  }

  Status NumericEscape(std::size_t begin, unsigned base, std::size_t skip, std::size_t digits,
                       bool bytes, std::string& out) {
    at_ += skip;
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < digits; ++i, ++at_) {
      const bool valid = base == 16 ? IsHexDigit(Peek()) : Peek() >= '0' && Peek() <= '7';
      if (!valid) {
        return Error(begin, "Illegal escape sequence: " +
                                std::string(sql_.substr(begin, at_ - begin)) + CharacterAt(at_));
      }
      value = value * base + static_cast<std::uint32_t>(HexValue(Peek()));
    }
    if (bytes) {
      out += static_cast<char>(value);
    } else if (value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) {
      return Error(begin, "Illegal escape sequence: Value of " +
                              std::string(sql_.substr(begin, at_ - begin)) +
                              " exceeds Unicode limit");
    } else {
      AppendUtf8(value, out);
    }
    return Ok();
  }

  const std::string_view sql_;
  std::size_t at_;
};

}  // namespace

void AppendUtf8(std::uint32_t c, std::string& out) {
  if (c < 0x80) {
    out += static_cast<char>(c);
  } else if (c < 0x800) {
    out += static_cast<char>(0xC0 | (c >> 6));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else if (c < 0x10000) {
    out += static_cast<char>(0xE0 | (c >> 12));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  } else {
    out += static_cast<char>(0xF0 | (c >> 18));
    out += static_cast<char>(0x80 | ((c >> 12) & 0x3F));
    out += static_cast<char>(0x80 | ((c >> 6) & 0x3F));
    out += static_cast<char>(0x80 | (c & 0x3F));
  }
}

Position PositionOf(std::string_view sql, std::size_t offset) {
  Position at;
  for (std::size_t i = 0; i < offset && i < sql.size(); ++i) {
    const char c = sql[i];
    if (c == '\n' || (c == '\r' && (i + 1 >= sql.size() || sql[i + 1] != '\n'))) {
      ++at.line;
      at.column = 1;
    } else if (c == '\t') {
      at.column += 8 - (at.column - 1) % 8;
    } else if (c != '\r' && (static_cast<unsigned char>(c) & 0xC0) != 0x80) {
      ++at.column;
    }
  }
  return at;
}

namespace {
std::string WithPosition(std::string_view sql, std::size_t offset, std::string_view message) {
  const Position at = PositionOf(sql, offset);
  return std::string(message) + " at [" + std::to_string(at.line) + ":" +
         std::to_string(at.column) + "]";
}
}  // namespace

Status QueryError(std::string_view sql, std::size_t offset, std::string_view message) {
  return InvalidArgument(WithPosition(sql, offset, message), "invalidQuery", "query");
}

Status NotSupported(std::string_view sql, std::size_t offset, std::string_view what) {
  return Unimplemented(WithPosition(sql, offset, std::string(what) + " is not supported"),
                       "notImplemented", "query");
}

Result<std::vector<Token>> Tokenize(std::string_view sql, std::size_t offset) {
  return Lexer(sql, offset).Run();
}

bool IsReserved(std::string_view word) {
  std::array<char, 24> upper;
  if (word.size() > upper.size()) return false;
  std::transform(word.begin(), word.end(), upper.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return std::binary_search(kReserved.begin(), kReserved.end(),
                            std::string_view(upper.data(), word.size()));
}

}  // namespace landfall::googlesql
