// What a discovery document says about a method that its route does not show. Private to discovery.
#pragma once

#include <string>
#include <string_view>

namespace landfall::api {

struct MethodDetail {
  std::string_view id;
  std::string_view request, response;  // names of schemas; empty: no body
  std::string_view query;              // parameters, separated by blanks; "!" marks required ones
};
// Null for a method without details: then it has no parameters but those of its path.
const MethodDetail* DetailOf(std::string_view method_id);

// Google's name of a path parameter that a route of ours calls otherwise.
std::string GoogleParameter(std::string_view method_id, std::string_view ours);
// "integer", "boolean" or "string".
std::string_view ParameterType(std::string_view name);
bool IsRepeated(std::string_view name);

}  // namespace landfall::api
