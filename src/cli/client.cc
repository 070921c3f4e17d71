#include "cli/client.h"

#include <cstdlib>

#include "base/clock.h"
#include "base/text.h"

namespace landfall::cli {
namespace {

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

// The server's error envelope, or the plain body, as a Status.
Status ErrorOf(const net::ClientResponse& response) {
  const auto body = ParseJson(response.body);
  if (body.ok() && body->is_object()) {
    const Json* error = Find(body->get_object(), "error");
    if (error != nullptr && error->is_object()) {
      const auto message = StringMember(error->get_object(), "message");
      if (message.ok() && message->has_value())
        return FailedPrecondition(**message, std::to_string(response.status));
    }
  }
  return FailedPrecondition(
      "the server answered " + std::to_string(response.status) + ": " + response.body,
      std::to_string(response.status));
}

std::vector<QueryAnswer::Column> ColumnsOf(const Json& fields) {
  std::vector<QueryAnswer::Column> columns;
  for (const Json& field : fields.get_array()) {
    const JsonObject& object = field.get_object();
    QueryAnswer::Column column;
    column.name = StringMember(object, "name").value().value_or("");
    column.type = StringMember(object, "type").value().value_or("");
    column.mode = StringMember(object, "mode").value().value_or("");
    if (const Json* nested = Find(object, "fields")) column.fields = ColumnsOf(*nested);
    columns.push_back(std::move(column));
  }
  return columns;
}

Status TakePage(const Json& page, QueryAnswer* answer) {
  const JsonObject& object = page.get_object();
  if (const JsonObject* schema = TRY(ObjectMember(object, "schema"))) {
    if (const Json* fields = Find(*schema, "fields")) answer->columns = ColumnsOf(*fields);
  }
  if (const JsonArray* rows = TRY(ArrayMember(object, "rows"))) {
    answer->rows.insert(answer->rows.end(), rows->begin(), rows->end());
  }
  if (const auto affected = TRY(Int64Member(object, "numDmlAffectedRows")))
    answer->affected_rows = *affected;
  return {};
}

}  // namespace

Result<Client> Client::FromCall(const Call& call) {
  std::string server = call.Get("server", Environment("LANDFALL_SERVER"));
  if (server.empty()) server = "http://127.0.0.1:8080";
  while (server.ends_with('/')) server.pop_back();
  auto http = TRY(net::MakeHttpClient(server));
  return Client(server, call.Get("project", Environment("LANDFALL_PROJECT")), std::move(http));
}

Result<std::string> Client::Project() {
  if (project_.empty()) {
    const Json info = TRY(Get("/landfall/v1/server"));
    project_ = TRY(StringMember(info.get_object(), "project")).value_or("landfall");
  }
  return project_;
}

Result<Json> Client::SendForJson(const net::ClientRequest& request) {
  const net::ClientResponse response = TRY(http_->Send(request));
  if (response.status >= 300) return ErrorOf(response);
  if (response.body.empty()) return Json(JsonObject{});
  return ParseJson(response.body);
}

Result<Json> Client::Get(const std::string& target) {
  net::ClientRequest request;
  request.method = net::Method::kGet;
  request.target = target;
  return SendForJson(request);
}

Result<Json> Client::Post(const std::string& target, const Json& body) {
  return PostText(target, ToText(body));
}

Result<Json> Client::PostText(const std::string& target, std::string json) {
  net::ClientRequest request;
  request.method = net::Method::kPost;
  request.target = target;
  request.headers.Set("Content-Type", "application/json");
  request.body = std::move(json);
  return SendForJson(request);
}

Status Client::Delete(const std::string& target) {
  net::ClientRequest request;
  request.method = net::Method::kDelete;
  request.target = target;
  return SendForJson(request).status();
}

Result<Json> Client::Insert(const Upload& upload) {
  net::ClientRequest request;
  request.method = net::Method::kPost;
  request.target = "/upload/storage/v1/b/" + PercentEncode(upload.bucket) +
                   "/o?uploadType=media&name=" + PercentEncode(upload.name);
  request.headers.Set("Content-Type", upload.content_type);
  request.source = upload.body;
  request.source_bytes = upload.bytes;
  return SendForJson(request);
}

Result<Json> Client::InsertLoad(const Json& job, ByteSource& body, std::uint64_t bytes) {
  net::ClientRequest start;
  start.method = net::Method::kPost;
  start.target = "/upload/bigquery/v2/projects/" + PercentEncode(TRY(Project())) +
                 "/jobs?uploadType=resumable";
  start.headers.Set("Content-Type", "application/json");
  start.body = ToText(job);
  const net::ClientResponse started = TRY(http_->Send(start));
  if (started.status >= 300) return ErrorOf(started);
  std::string location(started.headers.Get("Location").value_or(""));
  if (location.starts_with(server_)) location.erase(0, server_.size());
  if (const std::size_t scheme = location.find("://"); scheme != std::string::npos)
    location.erase(0, location.find('/', scheme + 3));
  net::ClientRequest send;
  send.method = net::Method::kPut;
  send.target = location;
  send.source = &body;
  send.source_bytes = bytes;
  return SendForJson(send);
}

Status Client::Download(std::string_view bucket, std::string_view name, ByteSink& sink) {
  net::ClientRequest request;
  request.method = net::Method::kGet;
  request.target = "/download/storage/v1/b/" + PercentEncode(bucket) + "/o/" + PercentEncode(name) +
                   "?alt=media";
  const net::ClientResponse response = TRY(http_->Send(request, &sink));
  if (response.status >= 300) return ErrorOf(response);
  return {};
}

Result<QueryAnswer> RunQuery(Client& client, std::string_view sql) {
  const std::string project = PercentEncode(TRY(client.Project()));
  const JsonObject request = {{"query", sql},
                              {"useLegacySql", false},
                              {"timeoutMs", 10'000},
                              {"formatOptions", {{"useInt64Timestamp", true}}}};
  Json page = TRY(client.Post("/bigquery/v2/projects/" + project + "/queries", request));
  QueryAnswer answer;
  std::string job;
  for (;;) {
    const JsonObject& object = page.get_object();
    const bool complete = TRY(BoolMember(object, "jobComplete")).value_or(true);
    if (complete) TRY(TakePage(page, &answer));
    if (const JsonObject* ref = TRY(ObjectMember(object, "jobReference"))) {
      job = TRY(StringMember(*ref, "jobId")).value_or(job);
    }
    const std::string token = TRY(StringMember(object, "pageToken")).value_or("");
    if (complete && token.empty()) return answer;
    std::string target = "/bigquery/v2/projects/" + project + "/queries/" + PercentEncode(job) +
                         "?timeoutMs=10000&formatOptions.useInt64Timestamp=true";
    if (!token.empty()) target += "&pageToken=" + PercentEncode(token);
    page = TRY(client.Get(target));
  }
}

Result<GcsUrl> ParseGcsUrl(std::string_view url) {
  constexpr std::string_view kScheme = "gs://";
  if (!url.starts_with(kScheme)) return Usage("\"" + std::string(url) + "\" is not a gs:// URL");
  url.remove_prefix(kScheme.size());
  const std::size_t slash = url.find('/');
  GcsUrl parsed{std::string(url.substr(0, slash)),
                slash == std::string_view::npos ? "" : std::string(url.substr(slash + 1))};
  if (parsed.bucket.empty()) return Usage("a gs:// URL needs a bucket");
  return parsed;
}

Json CellJson(const QueryAnswer::Column& column, const Json& value) {
  if (value.is_null()) return nullptr;
  if (column.mode == "REPEATED") {
    QueryAnswer::Column element = column;
    element.mode.clear();
    JsonArray items;
    for (const Json& item : value.get_array())
      items.push_back(CellJson(element, item.get_object().at("v")));
    return items;
  }
  if (column.type == "RECORD" || column.type == "STRUCT") {
    JsonObject object;
    const JsonArray& cells = value.get_object().at("f").get_array();
    for (std::size_t i = 0; i < column.fields.size() && i < cells.size(); ++i) {
      object[column.fields[i].name] = CellJson(column.fields[i], cells[i].get_object().at("v"));
    }
    return object;
  }
  const std::string text(value.get_string());
  if (column.type == "INTEGER" || column.type == "INT64") {
    if (const auto number = ParseInt64(text)) return *number;
  }
  if (column.type == "FLOAT" || column.type == "FLOAT64") {
    char* end = nullptr;
    const double number = std::strtod(text.c_str(), &end);
    if (*end == '\0' && text.find_first_of("nN") == std::string::npos)
      return number;  // not NaN, not Infinity
  }
  if (column.type == "BOOLEAN" || column.type == "BOOL") return text == "true";
  if (column.type == "TIMESTAMP") {
    if (const auto us = ParseInt64(text))
      return Json(FormatRfc3339(FromMicros(*us), Fraction::kMicros));
  }
  return Json(text);
}

std::optional<std::string> CellText(const QueryAnswer::Column& column, const Json& value) {
  if (value.is_null()) return std::nullopt;
  const Json cell = CellJson(column, value);
  if (cell.is_string()) return std::string(cell.get_string());
  if (cell.is_object() || cell.is_array() || cell.is_bool()) return ToText(cell);
  return std::string(value.get_string());  // numbers as the server wrote them
}

}  // namespace landfall::cli
