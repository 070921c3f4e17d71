#include "warehouse/rest_keys.h"

#include <algorithm>

#include "base/text.h"

namespace landfall::warehouse {
namespace {

bool Has(const std::vector<std::string_view>& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

std::string DidYouMean(std::string_view word, const std::vector<std::string_view>& candidates) {
  const std::string_view nearest = Nearest(word, candidates);
  return nearest.empty() ? "" : "; did you mean \"" + std::string(nearest) + "\"?";
}

}  // namespace

bool SaysNothing(const Json& value) {
  switch (value.kind()) {
    case boost::json::kind::null:
      return true;
    case boost::json::kind::bool_:
      return !value.get_bool();
    case boost::json::kind::string:
      return value.get_string().empty();
    case boost::json::kind::array:
      return value.get_array().empty();
    case boost::json::kind::object:
      return std::all_of(value.get_object().begin(), value.get_object().end(),
                         [](const auto& member) { return SaysNothing(member.value()); });
    case boost::json::kind::int64:
    case boost::json::kind::uint64:
    case boost::json::kind::double_:
      break;
  }
  return false;
}

Status CheckKeys(const JsonObject& object, const RestKeys& keys) {
  for (const auto& member : object) {
    const std::string_view key = member.key();
    if (Has(keys.built, key) || Has(keys.output_only, key)) continue;
    const std::string path = std::string(keys.where) + "." + std::string(key);
    if (Has(keys.unbuilt, key)) {
      if (SaysNothing(member.value())) continue;
      return Unimplemented(path + " is not supported yet", "notImplemented", path);
    }
    return InvalidArgument("Unknown field " + path + DidYouMean(key, keys.built), "invalid", path);
  }
  return {};
}

Result<std::optional<std::size_t>> EnumMember(const JsonObject& object, std::string_view name,
                                              std::string_view where,
                                              const std::vector<std::string_view>& built,
                                              const std::vector<std::string_view>& unbuilt) {
  const std::optional<std::string> text = TRY(StringMember(object, name));
  if (!text || text->empty()) return std::optional<std::size_t>();
  const auto it = std::find(built.begin(), built.end(), *text);
  if (it != built.end())
    return std::optional<std::size_t>(static_cast<std::size_t>(it - built.begin()));
  const std::string path = std::string(where) + "." + std::string(name);
  if (Has(unbuilt, *text)) {
    return Unimplemented(path + " \"" + *text + "\" is not supported yet", "notImplemented", path);
  }
  return InvalidArgument(
      "Invalid value for " + path + ": \"" + *text + "\"" + DidYouMean(*text, built), "invalid",
      path);
}

Result<std::string> RequiredString(const JsonObject& object, std::string_view name,
                                   std::string_view where) {
  std::optional<std::string> text = TRY(StringMember(object, name));
  if (text && !text->empty()) return *std::move(text);
  const std::string path = std::string(where) + "." + std::string(name);
  return InvalidArgument("Required parameter is missing: " + path, "required", path);
}

Result<std::vector<std::string>> StringArray(const JsonObject& object, std::string_view name,
                                             std::string_view where) {
  std::vector<std::string> texts;
  const JsonArray* const array = TRY(ArrayMember(object, name));
  if (array == nullptr) return texts;
  for (const Json& item : *array) {
    if (!item.is_string()) {
      return InvalidArgument(std::string(where) + "." + std::string(name) +
                             " must hold strings only");
    }
    texts.emplace_back(item.get_string());
  }
  return texts;
}

}  // namespace landfall::warehouse
