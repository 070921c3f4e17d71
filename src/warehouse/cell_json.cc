// A validating walk over one JSON text: what simdjson's on-demand interface skips over is not
// checked by it.
#include <cstdint>
#include <cstring>
#include <string>

#include "warehouse/cell.h"

namespace landfall::warehouse {
namespace {

class Checker {
 public:
  Checker(std::string_view text, std::size_t depth_max)
      : at_(text.data()), end_(at_ + text.size()), depth_max_(depth_max) {}

  JsonVerdict Run() {
    // `open_` holds one bracket per level; the loop alternates between "a value is due" and "a
    // value has ended".
    for (bool value_due = true;;) {
      SkipSpace();
      if (value_due) {
        if (at_ == end_) return JsonVerdict::kInvalid;
        if (*at_ == '{' || *at_ == '[') {
          if (open_.size() >= depth_max_) return JsonVerdict::kTooDeep;
          open_ += *at_++;
          SkipSpace();
          if (at_ != end_ && *at_ == Closer()) {
            Close();
            value_due = false;
          } else if (open_.back() == '{' && !Key()) {
            return JsonVerdict::kInvalid;
          }
        } else {
          if (!Atom()) return JsonVerdict::kInvalid;
          value_due = false;
        }
        continue;
      }
      if (open_.empty()) return at_ == end_ ? JsonVerdict::kValid : JsonVerdict::kInvalid;
      if (at_ == end_) return JsonVerdict::kInvalid;
      if (*at_ == ',') {
        ++at_;
        SkipSpace();
        if (open_.back() == '{' && !Key()) return JsonVerdict::kInvalid;
        value_due = true;
      } else if (*at_ == Closer()) {
        Close();
      } else {
        return JsonVerdict::kInvalid;
      }
    }
  }

 private:
  char Closer() const { return open_.back() == '{' ? '}' : ']'; }
  void Close() {
    ++at_;
    open_.pop_back();
  }
  void SkipSpace() {
    while (at_ != end_ && (*at_ == ' ' || *at_ == '\t' || *at_ == '\n' || *at_ == '\r')) ++at_;
  }
  bool Key() {
    if (at_ == end_ || *at_ != '"' || !String()) return false;
    SkipSpace();
    return at_ != end_ && *at_++ == ':';
  }
  bool Word(std::string_view word) {
    if (static_cast<std::size_t>(end_ - at_) < word.size() ||
        std::string_view(at_, word.size()) != word)
      return false;
    at_ += word.size();
    return true;
  }
  bool Atom() {
    switch (*at_) {
      case '"':
        return String();
      case 't':
        return Word("true");
      case 'f':
        return Word("false");
      case 'n':
        return Word("null");
      default:
        return Number();
    }
  }
  bool Digits() {
    const char* start = at_;
    while (at_ != end_ && *at_ >= '0' && *at_ <= '9') ++at_;
    return at_ != start;
  }
  bool Number() {
    if (*at_ == '-') ++at_;
    const bool zero = at_ != end_ && *at_ == '0';
    const char* start = at_;
    if (!Digits() || (zero && at_ - start > 1)) return false;
    if (at_ != end_ && *at_ == '.') {
      ++at_;
      if (!Digits()) return false;
    }
    if (at_ != end_ && (*at_ == 'e' || *at_ == 'E')) {
      ++at_;
      if (at_ != end_ && (*at_ == '+' || *at_ == '-')) ++at_;
      if (!Digits()) return false;
    }
    return true;
  }
  bool Hex4() {
    for (int i = 0; i < 4; ++i, ++at_) {
      if (at_ == end_) return false;
      const char c = static_cast<char>(*at_ | 0x20);
      if (!((*at_ >= '0' && *at_ <= '9') || (c >= 'a' && c <= 'f'))) return false;
    }
    return true;
  }
  // To the next byte that means something in a string: eight at a time while none of them does.
  void SkipPlain() {
    constexpr std::uint64_t kOnes = 0x0101010101010101, kHighs = 0x8080808080808080;
    const auto has_zero = [](std::uint64_t word) { return (word - kOnes) & ~word & kHighs; };
    while (end_ - at_ >= 8) {
      std::uint64_t word;
      std::memcpy(&word, at_, sizeof word);
      const std::uint64_t control = (word - kOnes * 0x20) & ~word & kHighs;  // some byte < 0x20
      if ((control | has_zero(word ^ (kOnes * '"')) | has_zero(word ^ (kOnes * '\\'))) != 0) return;
      at_ += 8;
    }
  }
  static bool IsPlain(char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != '"' && c != '\\';
  }
  bool Escape() {
    if (++at_ == end_) return false;
    if (*at_ == 'u') return ++at_, Hex4();
    return std::string_view("\"\\/bfnrt").find(*at_++) != std::string_view::npos;
  }
  bool String() {
    for (++at_;;) {
      SkipPlain();
      while (at_ != end_ && IsPlain(*at_)) ++at_;
      if (at_ == end_) return false;
      if (*at_ == '"') return ++at_, true;
      if (*at_ != '\\' || !Escape()) return false;
    }
  }

  const char* at_;
  const char* const end_;
  const std::size_t depth_max_;
  std::string open_;
};

}  // namespace

JsonVerdict CheckJsonText(std::string_view text, std::size_t depth_max) {
  return Checker(text, depth_max).Run();
}

}  // namespace landfall::warehouse
