#include "api/field_mask.h"

namespace landfall::api {
namespace {

constexpr int kDepthMax = 16;

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Result<FieldMask> Run() {
    FieldMask mask;
    TRY(List(mask, 0));
    if (at_ != text_.size()) return Bad();
    return mask;
  }

 private:
  Status Bad() const {
    return InvalidArgument("Invalid field selection at character " + std::to_string(at_) +
                               " of \"" + std::string(text_.substr(0, 200)) + "\"",
                           "invalidParameter", "fields");
  }
  bool Take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  Status List(FieldMask& into, int depth) {
    if (depth > kDepthMax) return Bad();
    do {
      TRY(Path(into, depth));
    } while (Take(','));
    return {};
  }

  Status Path(FieldMask& into, int depth) {
    FieldMask* at = &into;
    do {
      const std::size_t begin = at_;
      at_ = std::min(text_.find_first_of(",/()", at_), text_.size());
      if (at_ == begin) return Bad();
      at = &at->members[std::string(text_.substr(begin, at_ - begin))];
    } while (Take('/'));
    if (!Take('(')) return {};
    TRY(List(*at, depth + 1));
    return Take(')') ? Ok() : Bad();
  }

  const std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Result<FieldMask> ParseFieldMask(std::string_view text) { return Parser(text).Run(); }

Json ApplyFieldMask(const FieldMask& mask, const Json& value) {
  if (mask.members.empty()) return value;
  if (value.is_array()) {
    JsonArray selected;
    for (const Json& item : value.get_array()) selected.push_back(ApplyFieldMask(mask, item));
    return selected;
  }
  if (!value.is_object()) return value;
  JsonObject selected;
  for (const auto& member : value.get_object()) {
    auto it = mask.members.find(std::string_view(member.key()));
    if (it == mask.members.end()) it = mask.members.find("*");
    if (it != mask.members.end())
      selected[member.key()] = ApplyFieldMask(it->second, member.value());
  }
  return selected;
}

}  // namespace landfall::api
