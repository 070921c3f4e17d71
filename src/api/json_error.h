// Google's JSON error envelope and JSON answers, shared by the REST adapters.
#pragma once

#include <string>

#include "base/json.h"
#include "base/status.h"
#include "net/net.h"

namespace landfall::api {

// The HTTP status of a failure: by reason where Google has a status of its own for it
// ("conditionNotMet" is 412, "notModified" 304, "gone" 410, "uploadTooLarge" 413, "diskFull" 507,
// ...), else by code.
int HttpStatusOfError(const Status& error);

enum class ErrorShape : unsigned char {
  kPlain,  // {"error":{"code","message","errors":[{"message","domain","reason",...}]}}: storage
  kWithStatus,  // the same plus "status":"NOT_FOUND": BigQuery and the newer APIs
};
std::string ErrorJson(const Status& error, ErrorShape shape);

// The whole answer. 304 and 499 have no body.
net::Response JsonErrorResponse(const Status& error, ErrorShape shape);

net::Response JsonResponse(const Json& body, int status = 200);

}  // namespace landfall::api
