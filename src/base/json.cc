#include "base/json.h"

#include <boost/json/src.hpp>

#include "base/text.h"

namespace landfall {
namespace {

Status WrongType(std::string_view name, std::string_view wanted) {
  return InvalidArgument("member \"" + std::string(name) + "\" must be " + std::string(wanted));
}

}  // namespace

Result<Json> ParseJson(std::string_view text, std::size_t depth_max) {
  boost::json::parse_options options;
  options.max_depth = depth_max;
  boost::json::stream_parser parser({}, options);
  boost::json::error_code error;
  const std::size_t consumed = parser.write_some(text.data(), text.size(), error);
  if (!error && consumed < text.size() && !Trim(text.substr(consumed)).empty()) {
    error = boost::json::error::extra_data;
  }
  if (!error) parser.finish(error);
  if (error) {
    return InvalidArgument(
        "Parse Error: " + error.message() + " at byte " + std::to_string(consumed), "parseError");
  }
  return parser.release();
}

std::string ToText(const Json& value) { return boost::json::serialize(value); }

const Json* Find(const JsonObject& object, std::string_view name) {
  const Json* value = object.if_contains(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

Result<std::optional<std::string>> StringMember(const JsonObject& object, std::string_view name) {
  const Json* value = Find(object, name);
  if (value == nullptr) return std::optional<std::string>();
  if (!value->is_string()) return WrongType(name, "a string");
  return std::optional<std::string>(std::string(value->get_string()));
}

Result<std::optional<std::int64_t>> Int64Member(const JsonObject& object, std::string_view name) {
  const Json* value = Find(object, name);
  if (value == nullptr) return std::optional<std::int64_t>();
  if (value->is_int64()) return std::optional<std::int64_t>(value->get_int64());
  if (value->is_string()) {
    if (const auto parsed = ParseInt64(std::string_view(value->get_string()))) return parsed;
  }
  return WrongType(name, "a 64-bit integer");
}

Result<std::optional<bool>> BoolMember(const JsonObject& object, std::string_view name) {
  const Json* value = Find(object, name);
  if (value == nullptr) return std::optional<bool>();
  if (!value->is_bool()) return WrongType(name, "true or false");
  return std::optional<bool>(value->get_bool());
}

Result<const JsonObject*> ObjectMember(const JsonObject& object, std::string_view name) {
  const Json* value = Find(object, name);
  if (value == nullptr) return static_cast<const JsonObject*>(nullptr);
  if (!value->is_object()) return WrongType(name, "an object");
  return &value->get_object();
}

Result<const JsonArray*> ArrayMember(const JsonObject& object, std::string_view name) {
  const Json* value = Find(object, name);
  if (value == nullptr) return static_cast<const JsonArray*>(nullptr);
  if (!value->is_array()) return WrongType(name, "an array");
  return &value->get_array();
}

}  // namespace landfall
