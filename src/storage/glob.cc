#include "storage/glob.h"

#include <algorithm>

namespace landfall::storage {
namespace {

Status Bad(std::string_view rule) {
  return InvalidArgument("Invalid matchGlob: " + std::string(rule), "invalidParameter",
                         "matchGlob");
}

// The end of the brace that opens at `at`; npos when it is not closed.
std::size_t BraceEnd(std::string_view text, std::size_t at) {
  int depth = 0;
  for (std::size_t i = at; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '{') {
      ++depth;
    } else if (text[i] == '}' && --depth == 0) {
      return i;
    }
  }
  return std::string_view::npos;
}

std::vector<std::string_view> Alternatives(std::string_view inside) {
  std::vector<std::string_view> parts;
  int depth = 0;
  std::size_t begin = 0;
  for (std::size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] == '\\')
      ++i;
    else if (inside[i] == '{')
      ++depth;
    else if (inside[i] == '}')
      --depth;
    else if (inside[i] == ',' && depth == 0) {
      parts.push_back(inside.substr(begin, i - begin));
      begin = i + 1;
    }
  }
  parts.push_back(inside.substr(std::min(begin, inside.size())));
  return parts;
}

std::size_t FirstBrace(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\')
      ++i;
    else if (text[i] == '{')
      return i;
  }
  return std::string_view::npos;
}

Status Expand(std::string pattern, std::vector<std::string>& out) {
  const std::size_t open = FirstBrace(pattern);
  if (open == std::string::npos) {
    if (out.size() >= kGlobAlternativesMax) return Bad("more than 64 alternatives");
    out.push_back(std::move(pattern));
    return {};
  }
  const std::size_t close = BraceEnd(pattern, open);
  if (close == std::string::npos) return Bad("a { is not closed");
  const std::string_view text = pattern;
  for (const std::string_view part : Alternatives(text.substr(open + 1, close - open - 1))) {
    TRY(Expand(std::string(text.substr(0, open)).append(part).append(text.substr(close + 1)), out));
  }
  return {};
}

// One character of UTF-8.
std::size_t CharacterBytes(std::string_view text) {
  std::size_t n = 1;
  while (n < text.size() && (static_cast<unsigned char>(text[n]) & 0xC0) == 0x80) ++n;
  return n;
}

std::size_t ClassEnd(std::string_view pattern) {
  // "]" as the first member stands for itself.
  std::size_t at = 1;
  if (at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^')) ++at;
  return pattern.find(']', at + 1);
}

bool InClass(std::string_view members, std::string_view character) {
  const bool inverted = members.starts_with('!') || members.starts_with('^');
  if (inverted) members.remove_prefix(1);
  bool found = false;
  while (!members.empty()) {
    const std::size_t n = CharacterBytes(members);
    const std::string_view low = members.substr(0, n);
    members.remove_prefix(n);
    std::string_view high = low;
    if (members.size() >= 2 && members[0] == '-') {
      members.remove_prefix(1);
      const std::size_t m = CharacterBytes(members);
      high = members.substr(0, m);
      members.remove_prefix(m);
    }
    found = found || (low <= character && character <= high);
  }
  return found != inverted && character != "/";
}

// Runs all positions of the pattern side by side, so that many stars cost no more than few.
class Matcher {
 public:
  explicit Matcher(std::string_view pattern)
      : pattern_(pattern), now_(pattern.size() + 1), next_(pattern.size() + 1) {}

  bool Matches(std::string_view name) {
    Reach(now_, 0);
    while (!name.empty()) {
      const std::size_t n = CharacterBytes(name);
      std::fill(next_.begin(), next_.end(), false);
      for (std::size_t p = 0; p < pattern_.size(); ++p) {
        if (now_[p]) Take(p, name.substr(0, n));
      }
      now_.swap(next_);
      name.remove_prefix(n);
    }
    return now_.back();
  }

 private:
  bool TwoStars(std::size_t p) const { return pattern_.substr(p).starts_with("**"); }

  // Marks `p` and what lies behind stars that take nothing.
  void Reach(std::vector<bool>& positions, std::size_t p) {
    while (true) {
      positions[p] = true;
      if (p == pattern_.size() || pattern_[p] != '*') return;
      if (!TwoStars(p)) {
        ++p;
        continue;
      }
      // "a/**/b" matches "a/b", and "**/b" matches "b".
      const bool at_segment = p == 0 || pattern_[p - 1] == '/';
      if (at_segment && pattern_.substr(p + 2).starts_with('/')) Reach(positions, p + 3);
      p += 2;
    }
  }

  void Take(std::size_t p, std::string_view character) {
    if (TwoStars(p)) return Reach(next_, p);
    if (pattern_[p] == '*') {
      if (character != "/") Reach(next_, p);
      return;
    }
    const std::size_t taken = TakeOne(p, character);
    if (taken > 0) Reach(next_, p + taken);
  }

  // How much of the pattern stands for `character`; 0: it is another one.
  std::size_t TakeOne(std::size_t p, std::string_view character) const {
    const std::string_view rest = pattern_.substr(p);
    if (rest[0] == '?') return character == "/" ? 0 : 1;
    if (rest[0] == '[') {
      const std::size_t end = ClassEnd(rest);
      return InClass(rest.substr(1, end - 1), character) ? end + 1 : 0;
    }
    const std::size_t skip = rest[0] == '\\' && rest.size() > 1 ? 1 : 0;
    return rest.substr(skip).starts_with(character) ? skip + character.size() : 0;
  }

  const std::string_view pattern_;
  std::vector<bool> now_, next_;
};

}  // namespace

Result<Glob> Glob::Parse(std::string_view pattern) {
  if (pattern.size() > kGlobBytesMax) return Bad("longer than 1024 bytes");
  Glob glob;
  TRY(Expand(std::string(pattern), glob.patterns_));
  for (const std::string& one : glob.patterns_) {
    for (std::size_t i = 0; i < one.size(); ++i) {
      if (one[i] == '\\') {
        ++i;
      } else if (one[i] == '[') {
        const std::size_t end = ClassEnd(std::string_view(one).substr(i));
        if (end == std::string_view::npos) return Bad("a [ is not closed");
        i += end;
      }
    }
  }
  glob.prefix_ = std::string(pattern.substr(0, pattern.find_first_of("*?[{\\")));
  return glob;
}

bool Glob::Matches(std::string_view name) const {
  return std::any_of(patterns_.begin(), patterns_.end(),
                     [&](const std::string& pattern) { return Matcher(pattern).Matches(name); });
}

}  // namespace landfall::storage
