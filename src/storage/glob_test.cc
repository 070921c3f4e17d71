#include "storage/glob.h"

#include <gtest/gtest.h>

namespace landfall::storage {
namespace {

TEST(StorageGlob, MatchesAsTheDocumentationSays) {
  const struct {
    const char *pattern, *name;
    bool matches;
  } rows[] = {{"a*", "abc", true},
              {"a*", "a/b", false},
              {"a**", "a/b", true},
              {"*.txt", "x.txt", true},
              {"*.txt", "d/x.txt", false},
              {"**.txt", "d/e/x.txt", true},
              {"**/x.txt", "x.txt", true},
              {"**/x.txt", "d/x.txt", true},
              {"d/**/x", "d/x", true},
              {"d/**/x", "d/e/f/x", true},
              {"d/**/x", "dx", false},
              {"a?c", "abc", true},
              {"a?c", "a/c", false},
              {"a?c",
               "a\xC3\xA9"
               "c",
               true},
              {"[a-c]x", "bx", true},
              {"[a-c]x", "dx", false},
              {"[!a]x", "bx", true},
              {"[^a]x", "ax", false},
              {"{a,b}.txt", "b.txt", true},
              {"{a,b{1,2}}.txt", "b2.txt", true},
              {"{a,b}.txt", "c.txt", false},
              {"a\\*", "a*", true},
              {"a\\*", "ab", false},
              {"*a*b*c", "xxaxxbxxc", true},
              {"*a*b*c", "xxaxxbxx", false},
              {"**a*b", "x/a/ab", true},
              {"**a*b", "x/a/b", false},
              {"", "", true}};
  for (const auto& row : rows) {
    EXPECT_EQ(Glob::Parse(row.pattern).value().Matches(row.name), row.matches)
        << row.pattern << " " << row.name;
  }
}

TEST(StorageGlob, RefusesWhatIsNotClosed) {
  for (const char* pattern : {"a[b", "a{b,c", "{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}{a,b}"}) {
    EXPECT_EQ(Glob::Parse(pattern).status().reason(), "invalidParameter") << pattern;
  }
}

TEST(StorageGlob, NarrowsTheSearchToItsLiteralBeginning) {
  EXPECT_EQ(Glob::Parse("logs/2024-*").value().literal_prefix(), "logs/2024-");
  EXPECT_EQ(Glob::Parse("{a,b}").value().literal_prefix(), "");
}

TEST(StorageGlob, ManyStarsStayCheap) {
  const std::string name(200, 'a');
  EXPECT_FALSE(Glob::Parse("**a**a**a**a**a**a**a**a**b").value().Matches(name));
}

}  // namespace
}  // namespace landfall::storage
