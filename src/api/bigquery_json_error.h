// Failures as BigQuery shows them: the error envelope of an answer and the errors of a job. Private
// to the BigQuery adapter.
#pragma once

#include "base/json.h"
#include "base/status.h"
#include "net/net.h"
#include "warehouse/types.h"

namespace landfall::api::bigquery_json {

// By reason where BigQuery has a status of its own for it, else by code.
int HttpStatusOfReason(const Status& error);

// {"error": {code, message, errors: [{message, domain, reason, location, locationType, debugInfo}],
// status}}. `trace_id` becomes debugInfo, so that an answer leads to its log lines.
net::Response ErrorResponse(const Status& error, std::string_view trace_id);

// status.errorResult of a job, and what jobs.query answers for a job that failed with it.
JsonObject JobErrorJson(const warehouse::JobError& error);
Status StatusOfJobError(const warehouse::JobError& error);

}  // namespace landfall::api::bigquery_json
