#include "base/json.h"

#include <gtest/gtest.h>

namespace landfall {
namespace {

TEST(ParseJson, RefusesWhatIsNotOneValue) {
  for (const char* bad : {"", "{", "{}x", "{} {}", "nul", "[1,]", "{\"a\" 1}"}) {
    EXPECT_EQ(ParseJson(bad).status().reason(), "parseError") << bad;
  }
  EXPECT_TRUE(ParseJson(" {} \n").ok());
}

TEST(ParseJson, RefusesNestingBeyondTheLimit) {
  const std::string deep = std::string(10'000, '[') + std::string(10'000, ']');
  EXPECT_FALSE(ParseJson(deep).ok());
  EXPECT_FALSE(ParseJson("[[[1]]]", 2).ok());
  EXPECT_TRUE(ParseJson("[[[1]]]", 3).ok());
}

TEST(Members, AcceptIntegersAsNumbersAndAsText) {
  const Json value = ParseJson(R"({"a": 1, "b": "2", "c": 1.5, "d": null})").value();
  const JsonObject& object = value.get_object();
  EXPECT_EQ(Int64Member(object, "a").value(), 1);
  EXPECT_EQ(Int64Member(object, "b").value(), 2);
  EXPECT_EQ(Int64Member(object, "d").value(), std::nullopt);
  EXPECT_EQ(Int64Member(object, "c").status().message(), "member \"c\" must be a 64-bit integer");
}

TEST(Members, OfAnotherTypeAreNamed) {
  const Json value = ParseJson(R"({"a": 1})").value();
  EXPECT_EQ(StringMember(value.get_object(), "a").status().message(),
            "member \"a\" must be a string");
  EXPECT_EQ(ObjectMember(value.get_object(), "none").value(), nullptr);
}

}  // namespace
}  // namespace landfall
