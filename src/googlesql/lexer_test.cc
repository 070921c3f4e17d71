#include "googlesql/lexer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace landfall::googlesql {
namespace {

std::string First(std::string_view sql) {
  const auto tokens = Tokenize(sql);
  return tokens.ok() ? tokens->front().text : tokens.status().message();
}

TEST(Lexer, DecodesLiterals) {
  struct Case {
    std::string_view sql, text;
  };
  const Case cases[] = {
      {R"('a''b')", "a"},
      {R"("it's")", "it's"},
      {R"('\a\b\f\n\r\t\v\\\?\"\'\`')", "\a\b\f\n\r\t\v\\?\"'`"},
      {R"('\x41\X42\103')", "ABC"},
      {R"('\u00e9\U0001F600')", "\xC3\xA9\xF0\x9F\x98\x80"},
      {R"(r'\n"')", R"(\n")"},
      {R"(b'\xff')", "\xFF"},
      {R"(rb'\xff')", R"(\xff)"},
      {"'''a\n'b''c'''", "a\n'b''c"},
      {"\"\"\"x\"y\"\"\"", "x\"y"},
      {"`a.b-c`", "a.b-c"},
      {"@name", "name"},
      {"0xFf", "0xFf"},
      {"1.5e-3", "1.5e-3"},
      {".5", ".5"},
      {"-- c\n# d\n/* e */ x", "x"},
  };
  for (const Case& c : cases) EXPECT_EQ(First(c.sql), c.text) << c.sql;
}

TEST(Lexer, NamesTheOffendingPlace) {
  struct Case {
    std::string_view sql, message;
  };
  const Case cases[] = {
      {"'abc", "Syntax error: Unclosed string literal at [1:1]"},
      {"x\n  '''abc", "Syntax error: Unclosed triple-quoted string literal at [2:3]"},
      {"b'a\nb'", "Syntax error: Unclosed bytes literal at [1:1]"},
      {R"(' \q')", R"(Syntax error: Illegal escape sequence: \q at [1:3])"},
      {R"('\uD800')",
       R"(Syntax error: Illegal escape sequence: Value of \uD800 exceeds Unicode limit at [1:2])"},
      {"/* a", "Syntax error: Unclosed comment at [1:1]"},
      {"12abc", "Syntax error: Missing whitespace between literal and alias at [1:3]"},
      {"``", "Syntax error: Invalid empty identifier at [1:1]"},
      {"\xC3\xA9\xC3\xA9 %", "Syntax error: Illegal input character \"\xC3\xA9\" at [1:1]"},
  };
  for (const Case& c : cases) EXPECT_EQ(First(c.sql), c.message) << c.sql;
}

TEST(Lexer, CountsColumnsInCharacters) {
  const std::string_view sql = "a\t'\xC3\xA9' x\r\ny";
  EXPECT_EQ(PositionOf(sql, sql.find('x')).column, 13);  // the tab ends at column 8
  EXPECT_EQ(PositionOf(sql, sql.find('y')).line, 2);
  EXPECT_EQ(PositionOf(sql, sql.find('y')).column, 1);
}

TEST(Lexer, KnowsReservedWords) {
  for (const std::string_view word : {"ALL", "select", "Within", "array", "QUALIFY"})
    EXPECT_TRUE(IsReserved(word)) << word;
  for (const std::string_view word :
       {"date", "offset", "value", "a_very_long_name_that_is_no_keyword"})
    EXPECT_FALSE(IsReserved(word)) << word;
}

}  // namespace
}  // namespace landfall::googlesql
