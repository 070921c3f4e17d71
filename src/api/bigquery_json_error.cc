#include "api/bigquery_json_error.h"

#include "api/json_error.h"

namespace landfall::api::bigquery_json {
namespace {

// spec: BigQuery's error table. The code is what a job's stored reason stands for.
struct ReasonRow {
  std::string_view reason;
  Code code;
  int http;
};
constexpr ReasonRow kReasons[] = {
    {"invalid", Code::kInvalidArgument, 400},
    {"invalidQuery", Code::kInvalidArgument, 400},
    {"notFound", Code::kNotFound, 404},
    {"duplicate", Code::kAlreadyExists, 409},
    {"accessDenied", Code::kPermissionDenied, 403},
    {"backendError", Code::kUnavailable, 503},
    {"internalError", Code::kInternal, 500},
    {"resourceInUse", Code::kInvalidArgument, 400},
    {"resourcesExceeded", Code::kInvalidArgument, 400},
    {"quotaExceeded", Code::kResourceExhausted, 403},
    {"rateLimitExceeded", Code::kResourceExhausted, 403},
    {"jobRateLimitExceeded", Code::kResourceExhausted, 403},
    {"timeout", Code::kDeadlineExceeded, 400},
    {"responseTooLarge", Code::kPermissionDenied, 403},
    {"notImplemented", Code::kUnimplemented, 501},
    {"conditionNotMet", Code::kFailedPrecondition, 412},
    {"conflict", Code::kAborted, 409},
    {"diskFull", Code::kResourceExhausted, 507},
    {"stopped", Code::kCancelled, 499},
};

const ReasonRow* FindReason(std::string_view reason) {
  for (const ReasonRow& row : kReasons) {
    if (row.reason == reason) return &row;
  }
  return nullptr;
}

}  // namespace

int HttpStatusOfReason(const Status& error) {
  const ReasonRow* const row = FindReason(error.reason());
  return row != nullptr ? row->http : HttpStatusOfError(error);
}

net::Response ErrorResponse(const Status& error, std::string_view trace_id) {
  net::Response response;
  response.status = HttpStatusOfReason(error);
  response.headers.Set("Content-Type", "application/json; charset=UTF-8");
  JsonObject item{{"message", error.message()}, {"domain", "global"}, {"reason", error.reason()}};
  if (!error.location().empty()) {
    item["location"] = error.location();
    item["locationType"] = error.location() == "If-Match" ? "header" : "parameter";
  }
  if (!trace_id.empty()) item["debugInfo"] = trace_id;
  response.body = ToText(JsonObject{{"error",
                                     {{"code", response.status},
                                      {"message", error.message()},
                                      {"errors", JsonArray{std::move(item)}},
                                      {"status", CodeName(error.code())}}}});
  return response;
}

JsonObject JobErrorJson(const warehouse::JobError& error) {
  JsonObject json{{"reason", error.reason}, {"message", error.message}};
  if (!error.location.empty()) json["location"] = error.location;
  return json;
}

Status StatusOfJobError(const warehouse::JobError& error) {
  const ReasonRow* const row = FindReason(error.reason);
  return {row != nullptr ? row->code : Code::kInvalidArgument, error.message, error.reason,
          error.location};
}

}  // namespace landfall::api::bigquery_json
