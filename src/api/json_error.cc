#include "api/json_error.h"

#include <cctype>
#include <string_view>

namespace landfall::api {
namespace {

struct ReasonRow {
  std::string_view reason;
  int http;
};
constexpr ReasonRow kByReason[] = {
    {"notModified", 304},
    {"methodNotAllowed", 405},
    {"gone", 410},
    {"contentLengthRequired", 411},
    {"conditionNotMet", 412},
    {"objectNotSoftDeleted", 412},
    {"orgPolicyConstraintFailed", 412},
    {"uploadTooLarge", 413},
    {"diskFull", 507},
    {"requestedRangeNotSatisfiable", 416},
    {"uploadCancelled", 499},
};

// Header names are written in title case or start with "x-"; parameter names are camelCase.
std::string_view LocationType(std::string_view location) {
  const bool header =
      std::isupper(static_cast<unsigned char>(location[0])) != 0 || location.starts_with("x-");
  return header ? "header" : "parameter";
}

}  // namespace

int HttpStatusOfError(const Status& error) {
  for (const ReasonRow& row : kByReason) {
    if (error.reason() == row.reason) return row.http;
  }
  return HttpStatusOf(error.code());
}

std::string ErrorJson(const Status& error, ErrorShape shape) {
  JsonObject item{{"message", error.message()}, {"domain", "global"}, {"reason", error.reason()}};
  if (!error.location().empty()) {
    item["locationType"] = LocationType(error.location());
    item["location"] = error.location();
  }
  JsonObject body{{"code", HttpStatusOfError(error)},
                  {"message", error.message()},
                  {"errors", JsonArray{std::move(item)}}};
  if (shape == ErrorShape::kWithStatus) body["status"] = CodeName(error.code());
  return ToText(JsonObject{{"error", std::move(body)}});
}

net::Response JsonErrorResponse(const Status& error, ErrorShape shape) {
  net::Response response;
  response.status = HttpStatusOfError(error);
  if (response.status == 304 || response.status == 499) return response;
  response.headers.Set("Content-Type", "application/json; charset=UTF-8");
  response.body = ErrorJson(error, shape);
  return response;
}

net::Response JsonResponse(const Json& body, int status) {
  net::Response response;
  response.status = status;
  response.headers.Set("Content-Type", "application/json; charset=UTF-8");
  response.body = ToText(body);
  return response;
}

}  // namespace landfall::api
