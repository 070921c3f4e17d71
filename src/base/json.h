// JSON values: Boost.JSON, under one name, with errors as values. For request and resource bodies;
// bulk data is parsed by the warehouse's own readers.
#pragma once

#include <boost/json.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"

namespace landfall {

using Json = boost::json::value;
using JsonObject = boost::json::object;
using JsonArray = boost::json::array;

// kInvalidArgument/"parseError" with the byte offset. Nesting over `depth_max` is refused.
Result<Json> ParseJson(std::string_view text, std::size_t depth_max = 64);
std::string ToText(const Json& value);

// Members of an object; absent and null are the same to these. A member of another type is
// kInvalidArgument naming it. Integers are accepted as JSON numbers and as decimal strings, as
// Google's APIs do.
const Json* Find(const JsonObject& object, std::string_view name);
Result<std::optional<std::string>> StringMember(const JsonObject& object, std::string_view name);
Result<std::optional<std::int64_t>> Int64Member(const JsonObject& object, std::string_view name);
Result<std::optional<bool>> BoolMember(const JsonObject& object, std::string_view name);
Result<const JsonObject*> ObjectMember(const JsonObject& object,
                                       std::string_view name);  // nullptr when absent
Result<const JsonArray*> ArrayMember(const JsonObject& object,
                                     std::string_view name);  // nullptr when absent

}  // namespace landfall
