// Tokens of GoogleSQL. Literals arrive decoded; keywords are plain identifiers that the parser
// looks at.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace landfall::googlesql {

enum class TokenKind : std::uint8_t {
  kIdentifier,        // a keyword or a name; text as written
  kQuotedIdentifier,  // `..`; text decoded
  kInteger,           // decimal or 0x..; text as written
  kFloat,
  kString,          // text decoded
  kBytes,           // text decoded
  kNamedParameter,  // @name; text without the sign
  kSystemVariable,  // @@name
  kPositional,      // ?
  kSymbol,          // an operator or a bracket
  kEnd,
};

struct Token {
  TokenKind kind = TokenKind::kEnd;
  std::string text;
  std::uint32_t begin = 0, end = 0;  // byte offsets into the source
};

// Line and column, both from 1, counted in characters; a tab advances to the next multiple of 8.
struct Position {
  int line = 1, column = 1;
};
Position PositionOf(std::string_view sql, std::size_t offset);

// "message at [l:c]", kInvalidArgument/"invalidQuery" with location "query".
Status QueryError(std::string_view sql, std::size_t offset, std::string_view message);
// The same shape for what is not built: kUnimplemented, "what is not supported at [l:c]".
Status NotSupported(std::string_view sql, std::size_t offset, std::string_view what);

// Everything from `offset` on, ending in a kEnd token.
Result<std::vector<Token>> Tokenize(std::string_view sql, std::size_t offset = 0);

// True for the words that may not be used as a name without backquotes.
bool IsReserved(std::string_view word);

// Appends `code_point` as UTF-8.
void AppendUtf8(std::uint32_t code_point, std::string& out);

}  // namespace landfall::googlesql
