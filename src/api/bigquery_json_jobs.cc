// Jobs, queries and rows.
#include "api/bigquery_json.h"
#include "api/bigquery_json_error.h"
#include "api/bigquery_json_resource.h"
#include "api/field_mask.h"
#include "base/text.h"

namespace landfall::api::bigquery_json {
namespace {

using warehouse::Job;
using warehouse::JobState;

warehouse::JobRef JobOf(const net::Request& request) {
  warehouse::JobRef ref{.project = std::string(request.Param("project")),
                        .job_id = std::string(request.Param("job"))};
  if (const std::string location = TextQuery(request, "location"); !location.empty()) {
    ref.location = location;
  }
  return ref;
}

Result<JobState> ParseState(std::string_view name) {
  if (EqualsIgnoreCase(name, "pending")) return JobState::kPending;
  if (EqualsIgnoreCase(name, "running")) return JobState::kRunning;
  if (EqualsIgnoreCase(name, "done")) return JobState::kDone;
  return InvalidArgument("Invalid value '" + std::string(name.substr(0, 100)) +
                             "' for parameter stateFilter; it must be pending, running or done",
                         "invalidParameter", "stateFilter");
}

Result<std::optional<TimePoint>> MillisQuery(const net::Request& request, std::string_view name) {
  const auto ms = TRY(CountQuery(request, name));
  return ms ? std::optional<TimePoint>(std::chrono::milliseconds(*ms)) : std::nullopt;
}

Result<warehouse::Warehouse::JobFilter> JobFilterOf(const net::Request& request) {
  warehouse::Warehouse::JobFilter filter;
  for (const std::string_view state : request.QueryAll("stateFilter")) {
    if (!state.empty()) filter.states.push_back(TRY(ParseState(state)));
  }
  filter.created_min = TRY(MillisQuery(request, "minCreationTime"));
  filter.created_max = TRY(MillisQuery(request, "maxCreationTime"));
  if (const auto results = TRY(CountQuery(request, "maxResults")); results.value_or(0) > 0) {
    filter.results_max = static_cast<std::size_t>(*results);
  }
  filter.page_token = TextQuery(request, "pageToken");
  return filter;
}

net::Response JsonText(std::string text) {
  net::Response response;
  response.headers.Set("Content-Type", "application/json; charset=UTF-8");
  response.body = std::move(text);
  return response;
}

// "[row,row]"
std::string JoinRows(const std::vector<std::string>& rows) {
  std::size_t bytes = rows.size() + 2;
  for (const std::string& row : rows) bytes += row.size();
  std::string text;
  text.reserve(bytes);
  text += '[';
  for (const std::string& row : rows) {
    if (text.size() > 1) text += ',';
    text += row;
  }
  text += ']';
  return text;
}

}  // namespace

Result<net::Response> Adapter::Answer(const net::Request& request, const JsonObject& body) {
  const std::string_view fields = request.Query("fields").value_or("");
  if (fields.empty()) return JsonText(ToText(body));
  return JsonText(ToText(ApplyFieldMask(TRY(ParseFieldMask(fields)), body)));
}

Result<net::Response> Adapter::AnswerRows(const net::Request& request, JsonObject head,
                                          const warehouse::Rows& rows) {
  std::string joined = rows.rows.empty() ? "" : JoinRows(rows.rows);
  const std::string_view fields = request.Query("fields").value_or("");
  if (!fields.empty()) {
    const FieldMask mask = TRY(ParseFieldMask(fields));
    head = ApplyFieldMask(mask, head).as_object();
    auto of_rows = mask.members.find("rows");
    if (of_rows == mask.members.end()) of_rows = mask.members.find("*");
    if (of_rows == mask.members.end()) {
      joined.clear();
    } else if (!of_rows->second.members.empty() && !joined.empty()) {
      joined = ToText(ApplyFieldMask(of_rows->second, TRY(ParseJson(joined))));
    }
  }
  std::string text = ToText(head);
  if (joined.empty()) return JsonText(std::move(text));
  text.pop_back();
  text.reserve(text.size() + joined.size() + 16);
  text.append(head.empty() ? "\"rows\":" : ",\"rows\":").append(joined).append("}");
  return JsonText(std::move(text));
}

Result<Job> Adapter::InsertAny(const CallContext& ctx, JobBody body) {
  switch (body.kind) {
    case warehouse::JobKind::kLoad:
      return warehouse_.InsertLoad(ctx, std::move(body.ref), std::move(body.load),
                                   std::move(body.labels), std::move(body.configuration_json),
                                   nullptr);
    case warehouse::JobKind::kCopy:
      return warehouse_.InsertCopy(ctx, std::move(body.ref), std::move(body.copy),
                                   std::move(body.labels), std::move(body.configuration_json));
    case warehouse::JobKind::kExtract:
      return warehouse_.InsertExtract(ctx, std::move(body.ref), std::move(body.extract),
                                      std::move(body.labels), std::move(body.configuration_json));
    case warehouse::JobKind::kQuery:
      break;
  }
  return warehouse_.InsertQuery(ctx, std::move(body.ref), std::move(body.query),
                                std::move(body.labels), std::move(body.configuration_json));
}

Result<net::Response> Adapter::InsertJob(net::Request& request) {
  JobBody body = TRY(ParseJobBody(TRY(ReadJsonBody(request)), request.Param("project"), false));
  const Job job = TRY(InsertAny(request.context, std::move(body)));
  return Answer(request, JobJson(job, request.BaseUrl()));
}

Result<net::Response> Adapter::GetJob(net::Request& request) {
  return Answer(
      request, JobJson(TRY(warehouse_.GetJob(request.context, JobOf(request))), request.BaseUrl()));
}

Result<net::Response> Adapter::ListJobs(net::Request& request) {
  JsonObject list{{"kind", "bigquery#jobList"}};
  // No job of ours is another's child.
  if (!TextQuery(request, "parentJobId").empty()) return Answer(request, list);
  const warehouse::Page<Job> page = TRY(
      warehouse_.ListJobs(request.context, request.Param("project"), TRY(JobFilterOf(request))));
  JsonArray jobs;
  for (const Job& job : page.items) jobs.push_back(JobListItem(job, request.BaseUrl()));
  if (!jobs.empty()) list["jobs"] = std::move(jobs);
  if (!page.next_page_token.empty()) list["nextPageToken"] = page.next_page_token;
  return Answer(request, list);
}

Result<net::Response> Adapter::CancelJob(net::Request& request) {
  return Answer(request,
                {{"kind", "bigquery#jobCancelResponse"},
                 {"job", JobJson(TRY(warehouse_.CancelJob(request.context, JobOf(request))),
                                 request.BaseUrl())}});
}

Result<net::Response> Adapter::DeleteJob(net::Request& request) {
  TRY(warehouse_.DeleteJob(request.context, JobOf(request)));
  net::Response response;
  response.status = 204;
  return response;
}

Result<net::Response> Adapter::Query(net::Request& request) {
  QueryBody body = TRY(ParseQueryBody(TRY(ReadJsonBody(request)), request.Param("project")));
  const bool dry_run = body.config.dry_run;
  std::string configuration = ToText(JsonObject{{"query", {{"query", body.config.sql}}}});
  Job job = TRY(warehouse_.Query(request.context, request.Param("project"), body.location,
                                 std::move(body.config), std::move(body.labels),
                                 std::move(configuration), body.request_id));
  constexpr std::string_view kKind = "bigquery#queryResponse";
  if (dry_run) return Answer(request, QueryAnswerHead(job, kKind));
  job = TRY(warehouse_.WaitJob(request.context, job.ref, body.wait));
  return AnswerQuery(request, job, body.rows, kKind);
}

Result<net::Response> Adapter::GetQueryResults(net::Request& request) {
  const RowsWish wish = TRY(RowsWishOf(request));
  const auto wait = TRY(WaitOf(TRY(CountQuery(request, "timeoutMs"))));
  const Job job = TRY(warehouse_.WaitJob(request.context, JobOf(request), wait));
  if (job.kind != warehouse::JobKind::kQuery) {
    return InvalidArgument("Job " + job.ref.project + ":" + job.ref.location + "." +
                               job.ref.job_id + " is not a query job",
                           "invalid");
  }
  return AnswerQuery(request, job, wish, "bigquery#getQueryResultsResponse");
}

Result<net::Response> Adapter::AnswerQuery(const net::Request& request, const Job& job,
                                           const RowsWish& wish, std::string_view kind) {
  JsonObject head = QueryAnswerHead(job, kind);
  if (job.state != JobState::kDone) return Answer(request, head);
  if (job.error) return StatusOfJobError(*job.error);
  if (job.statement_type != "SELECT" || wish.none) return Answer(request, head);
  const warehouse::Rows rows = TRY(warehouse_.JobRows(request.context, job.ref, wish.request));
  if (!rows.next_page_token.empty()) head["pageToken"] = rows.next_page_token;
  return AnswerRows(request, std::move(head), rows);
}

Result<net::Response> Adapter::ListRows(net::Request& request) {
  const warehouse::TableRef ref{std::string(request.Param("project")),
                                std::string(request.Param("dataset")),
                                std::string(request.Param("table"))};
  RowsWish wish = TRY(RowsWishOf(request));
  if (wish.none) wish.request.rows_max = 1;  // 0 would mean no limit
  warehouse::Rows rows = TRY(warehouse_.ReadTable(request.context, ref, wish.request));
  JsonObject head{{"kind", "bigquery#tableDataList"},
                  {"totalRows", std::to_string(rows.total_rows)}};
  if (wish.none) {
    rows.rows.clear();
  } else if (!rows.next_page_token.empty()) {
    head["pageToken"] = rows.next_page_token;
  }
  return AnswerRows(request, std::move(head), rows);
}

}  // namespace landfall::api::bigquery_json
