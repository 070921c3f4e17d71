// Waiting for a job of the server.
#include <poll.h>

#include "base/text.h"
#include "cli/client.h"

namespace landfall::cli {
namespace {

constexpr int kPollMs = 100;

Status ErrorOfJob(const JsonObject& status) {
  const JsonObject* const error = TRY(ObjectMember(status, "errorResult"));
  if (error == nullptr) return {};
  std::string message = TRY(StringMember(*error, "message")).value_or("the job failed");
  if (const JsonArray* more = TRY(ArrayMember(status, "errors"))) {
    for (const Json& each : *more) {
      const std::string text =
          TRY(StringMember(each.as_object(), "message")).value_or(std::string());
      if (!text.empty() && message.find(text) == std::string::npos) message += "\n  " + text;
    }
  }
  return FailedPrecondition(std::move(message));
}

}  // namespace

Result<Json> WaitForJob(Client& client, Json job) {
  for (;;) {
    const JsonObject& object = job.as_object();
    const JsonObject* const status = TRY(ObjectMember(object, "status"));
    if (status != nullptr && TRY(StringMember(*status, "state")) == "DONE") {
      TRY(ErrorOfJob(*status));
      return job;
    }
    const JsonObject* const ref = TRY(ObjectMember(object, "jobReference"));
    if (ref == nullptr) return Internal("the server's answer names no job");
    const std::string target = "/bigquery/v2/projects/" + PercentEncode(TRY(client.Project())) +
                               "/jobs/" +
                               PercentEncode(TRY(StringMember(*ref, "jobId")).value_or(""));
    poll(nullptr, 0, kPollMs);
    job = TRY(client.Get(target));
  }
}

}  // namespace landfall::cli
