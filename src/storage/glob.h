// matchGlob: `*` within a segment, `**` across "/", `?` one character but "/", `[...]` one of a
// class, `{a,b}` alternatives, `\` takes the next character as it is. Pure. Private to storage.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace landfall::storage {

constexpr std::size_t kGlobBytesMax = 1024;
constexpr std::size_t kGlobAlternativesMax = 64;  // after all {} are multiplied out

class Glob {
 public:
  // kInvalidArgument/"invalidParameter" for an open bracket or brace, or too many alternatives.
  static Result<Glob> Parse(std::string_view pattern);
  bool Matches(std::string_view name) const;
  // What every name that matches begins with.
  const std::string& literal_prefix() const { return prefix_; }

 private:
  std::vector<std::string> patterns_;  // without braces
  std::string prefix_;
};

}  // namespace landfall::storage
