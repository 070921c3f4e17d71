// Landfall's own API under /landfall/v1: ingest rules, notifications by hand, explain, load state,
// fault points.
#include <algorithm>
#include <map>
#include <memory>
#include <vector>

#include "api/api.h"
#include "api/json_error.h"
#include "base/json.h"
#include "base/text.h"
#include "ingest/ingest.h"

namespace landfall::api {
namespace {

constexpr std::size_t kNotificationBytesMax =
    16u << 20;  // a 10 MB message, in base64, with room for its attributes
constexpr std::size_t kBodyBytesMax = 1u << 20;

class Adapter {
 public:
  Adapter(LandfallJsonOptions options, ingest::Ingest& ingest, Faults& faults)
      : options_(std::move(options)), ingest_(ingest), faults_(faults) {}

  Result<net::Response> CreateRule(net::Request& request);
  Result<net::Response> GetRule(net::Request& request);
  Result<net::Response> ListRules(net::Request& request);
  Result<net::Response> DeleteRule(net::Request& request);
  Result<net::Response> Notify(net::Request& request);
  Result<net::Response> Explain(net::Request& request);
  Result<net::Response> ListLoads(net::Request& request);
  Result<net::Response> ArmFault(net::Request& request);

 private:
  const LandfallJsonOptions options_;
  ingest::Ingest& ingest_;
  Faults& faults_;
};

using Method = Result<net::Response> (Adapter::*)(net::Request&);
struct Row {
  net::Method http;
  const char* pattern;
  const char* name;
  Method method;
};
constexpr Row kRows[] = {
    {net::Method::kPost, "/landfall/v1/projects/{project}/ingestRules",
     "landfall.ingestRules.insert", &Adapter::CreateRule},
    {net::Method::kGet, "/landfall/v1/projects/{project}/ingestRules", "landfall.ingestRules.list",
     &Adapter::ListRules},
    {net::Method::kGet, "/landfall/v1/projects/{project}/ingestRules/{rule}",
     "landfall.ingestRules.get", &Adapter::GetRule},
    {net::Method::kDelete, "/landfall/v1/projects/{project}/ingestRules/{rule}",
     "landfall.ingestRules.delete", &Adapter::DeleteRule},
    {net::Method::kPost, "/landfall/v1/ingest:notify", "landfall.ingest.notify", &Adapter::Notify},
    {net::Method::kGet, "/landfall/v1/explain", "landfall.explain.get", &Adapter::Explain},
    {net::Method::kGet, "/landfall/v1/projects/{project}/loads", "landfall.loads.list",
     &Adapter::ListLoads},
    {net::Method::kPost, "/landfall/v1/faults", "landfall.faults.arm", &Adapter::ArmFault},
};

Status CheckMembers(const JsonObject& object, const std::vector<std::string_view>& known) {
  for (const auto& member : object) {
    const std::string_view name = member.key();
    if (std::ranges::find(known, name) != known.end()) continue;
    const std::string_view nearest = Nearest(name, known);
    return InvalidArgument(
        "unknown member \"" + std::string(name) + "\"" +
            (nearest.empty() ? "" : "; did you mean \"" + std::string(nearest) + "\"?"),
        "invalid", std::string(name));
  }
  return Ok();
}

Result<JsonObject> BodyObject(net::Request& request) {
  Json body = TRY(ParseJson(TRY(net::ReadBody(request, kBodyBytesMax))));
  if (!body.is_object()) return InvalidArgument("the body must be a JSON object", "parseError");
  return std::move(body.as_object());
}

JsonObject RuleJson(const ingest::Rule& rule) {
  JsonObject variables;
  for (const auto& [name, value] : rule.variables) variables[name] = value;
  return {{"project", rule.project},
          {"id", rule.id},
          {"bucket", rule.bucket},
          {"prefix", rule.prefix},
          {"variables", std::move(variables)},
          {"createTime", FormatRfc3339(rule.created)}};
}

Json TimeJson(const std::optional<TimePoint>& time) {
  if (!time) return nullptr;
  return Json(FormatRfc3339(*time));
}

// Members are named like the columns of landfall_system.loads; 64-bit identities are strings, as in
// Google's APIs.
JsonObject LoadJson(const warehouse::LoadRecord& load) {
  JsonArray jobs;
  for (const warehouse::JobRef& job : load.jobs) {
    jobs.push_back(
        JsonObject{{"project", job.project}, {"jobId", job.job_id}, {"location", job.location}});
  }
  return {{"bucket", load.key.bucket},
          {"object", load.key.object},
          {"generation", std::to_string(load.key.generation)},
          {"project", load.project},
          {"dataset", load.dataset},
          {"table", load.table},
          {"partition", load.partition},
          {"batch_id", load.batch_id},
          {"status", load.status},
          {"state", load.state},
          {"reason", load.reason},
          {"attempt", load.attempt},
          {"epoch", load.epoch},
          {"file_count", load.file_count},
          {"bytes", load.bytes},
          {"rows", load.rows},
          {"rows_in", load.rows_in},
          {"rows_good", load.rows_good},
          {"rows_bad", load.rows_bad},
          {"rows_duplicate", load.rows_duplicate},
          {"rows_filtered", load.rows_filtered},
          {"error_code", load.error_code},
          {"error", load.error},
          {"rule", load.rule},
          {"config_hash", load.config_hash},
          {"manifest_hash", load.manifest_hash},
          {"worker", load.worker},
          {"jobs", std::move(jobs)},
          {"seen_at", TimeJson(load.seen_at)},
          {"planned_at", TimeJson(load.planned_at)},
          {"committed_at", TimeJson(load.committed_at)},
          {"not_before", TimeJson(load.not_before)}};
}

Result<std::map<std::string, std::string>> Variables(const JsonObject& body) {
  std::map<std::string, std::string> variables;
  const JsonObject* given = TRY(ObjectMember(body, "variables"));
  if (given == nullptr) return variables;
  for (const auto& [name, value] : *given) {
    // Numbers and booleans are written as they are; the contract's values are texts.
    if (value.is_object() || value.is_array() || value.is_null()) {
      return InvalidArgument("variables." + std::string(name) + " must be a string");
    }
    variables[std::string(name)] =
        value.is_string() ? std::string(value.as_string()) : ToText(value);
  }
  return variables;
}

Result<net::Response> Adapter::CreateRule(net::Request& request) {
  const JsonObject body = TRY(BodyObject(request));
  TRY(CheckMembers(body, {"id", "bucket", "prefix", "variables"}));
  ingest::Rule rule;
  rule.project = std::string(request.Param("project"));
  rule.id = TRY(StringMember(body, "id")).value_or("");
  rule.bucket = TRY(StringMember(body, "bucket")).value_or("*");
  rule.prefix = TRY(StringMember(body, "prefix")).value_or("");
  rule.variables = TRY(Variables(body));
  return JsonResponse(RuleJson(TRY(ingest_.CreateRule(request.context, std::move(rule)))));
}

Result<net::Response> Adapter::GetRule(net::Request& request) {
  return JsonResponse(RuleJson(
      TRY(ingest_.GetRule(request.context, request.Param("project"), request.Param("rule")))));
}

Result<net::Response> Adapter::ListRules(net::Request& request) {
  JsonArray rules;
  for (const ingest::Rule& rule :
       TRY(ingest_.ListRules(request.context, request.Param("project")))) {
    rules.push_back(RuleJson(rule));
  }
  return JsonResponse(JsonObject{{"ingestRules", std::move(rules)}});
}

Result<net::Response> Adapter::DeleteRule(net::Request& request) {
  TRY(ingest_.DeleteRule(request.context, request.Param("project"), request.Param("rule")));
  return JsonResponse(JsonObject{});
}

Result<net::Response> Adapter::Notify(net::Request& request) {
  const std::string text = TRY(net::ReadBody(request, kNotificationBytesMax));
  const Json body = TRY(ParseJson(text));
  std::map<std::string, std::string> headers;
  for (const auto& [name, value] : request.headers.all()) {
    if (AsciiLower(name).starts_with("ce-")) headers.emplace(AsciiLower(name), value);
  }
  const ingest::NotifyOutcome outcome = TRY(ingest_.Notify(request.context, body, headers));
  return JsonResponse(JsonObject{
      {"acts", outcome.acts}, {"duplicate", outcome.duplicate}, {"reason", outcome.reason}});
}

Result<net::Response> Adapter::Explain(net::Request& request) {
  const std::string_view uri = request.Query("uri").value_or("");
  constexpr std::string_view kScheme = "gs://";
  const std::size_t slash = uri.find('/', kScheme.size());
  if (!uri.starts_with(kScheme) || slash == std::string_view::npos || slash + 1 == uri.size() ||
      slash == kScheme.size()) {
    return InvalidArgument("uri=\"" + std::string(uri) + "\" must be gs://BUCKET/OBJECT",
                           "invalidParameter", "uri");
  }
  return JsonResponse(TRY(
      ingest_.Explain(request.context, request.Query("project").value_or(options_.default_project),
                      uri.substr(kScheme.size(), slash - kScheme.size()), uri.substr(slash + 1))));
}

Result<net::Response> Adapter::ListLoads(net::Request& request) {
  warehouse::LoadFilter filter;
  filter.project = std::string(request.Param("project"));
  filter.state = std::string(request.Query("state").value_or(""));
  filter.bucket = std::string(request.Query("bucket").value_or(""));
  filter.object_prefix = std::string(request.Query("prefix").value_or(""));
  // "dataset.table" or the table alone.
  const std::string_view table = request.Query("table").value_or("");
  const std::size_t dot = table.find('.');
  filter.table = std::string(dot == std::string_view::npos ? table : table.substr(dot + 1));
  if (dot != std::string_view::npos) filter.dataset = std::string(table.substr(0, dot));
  if (const auto limit = request.Query("limit")) {
    const std::optional<std::int64_t> number = ParseInt64(*limit);
    if (!number || *number < 1) {
      return InvalidArgument("limit=\"" + std::string(*limit) + "\" must be a number, at least 1",
                             "invalidParameter", "limit");
    }
    filter.limit = static_cast<std::size_t>(*number);
  }
  JsonArray loads;
  for (const warehouse::LoadRecord& load : TRY(ingest_.Loads(request.context, filter)))
    loads.push_back(LoadJson(load));
  return JsonResponse(JsonObject{{"loads", std::move(loads)}});
}

Result<net::Response> Adapter::ArmFault(net::Request& request) {
  if (!options_.faults_open) return NotFound("fault points are open only in the testbench profile");
  const JsonObject body = TRY(BodyObject(request));
  TRY(CheckMembers(body, {"point", "count", "table", "scope"}));
  const std::string point = TRY(StringMember(body, "point")).value_or("");
  const std::int64_t count = TRY(Int64Member(body, "count")).value_or(1);
  const auto table = TRY(StringMember(body, "table"));
  const std::string scope = table ? *table : TRY(StringMember(body, "scope")).value_or("");
  TRY(faults_.Arm(point, count, scope));
  return JsonResponse(JsonObject{{"point", point}, {"count", count}, {"table", scope}});
}

}  // namespace

net::Api MakeLandfallJson(LandfallJsonOptions options, ingest::Ingest& ingest, Faults& faults) {
  const auto adapter = std::make_shared<Adapter>(std::move(options), ingest, faults);
  net::Api api;
  api.name = "landfall";
  for (const Row& row : kRows) {
    api.routes.push_back(
        {row.http, row.pattern, row.name, [adapter, method = row.method](net::Request& request) {
           return (adapter.get()->*method)(request);
         }});
  }
  api.render_error = [](const net::Request&, const Status& error) {
    return JsonErrorResponse(error, ErrorShape::kWithStatus);
  };
  return api;
}

}  // namespace landfall::api
