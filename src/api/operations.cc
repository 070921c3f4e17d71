// What operators and their machines ask: is it alive, may it get traffic, its numbers, and a page
// for lost people.
#include <memory>

#include "api/api.h"
#include "api/json_error.h"

namespace landfall::api {
namespace {

constexpr std::string_view kIndex =
    "<!doctype html>\n<html lang=\"en\"><head><meta "
    "charset=\"utf-8\"><title>Landfall</title></head>\n<body>\n"
    "<h1>Landfall</h1>\n<p>Event-driven data pipelines on one machine, through Google Cloud's own "
    "APIs.</p>\n<ul>\n"
    "<li><code>/storage/v1</code>, <code>/upload/storage/v1</code>: Cloud Storage JSON API</li>\n"
    "<li><code>/bigquery/v2</code>, <code>/upload/bigquery/v2</code>: BigQuery API</li>\n"
    "<li><code>/landfall/v1</code>: ingest rules, notifications, explain, load state</li>\n"
    "<li><a href=\"/healthz\">/healthz</a>, <a href=\"/readyz\">/readyz</a>, <a "
    "href=\"/metrics\">/metrics</a></li>\n"
    "</ul>\n</body></html>\n";

net::Response Text(std::string_view type, std::string body, int status = 200) {
  net::Response response;
  response.status = status;
  response.headers.Set("Content-Type", type);
  response.headers.Set("Cache-Control", "no-store");
  response.body = std::move(body);
  return response;
}

}  // namespace

net::Api MakeOperations(Metrics& metrics, std::function<bool()> ready) {
  net::Api api;
  api.name = "operations";
  const auto healthz = [](net::Request&) -> Result<net::Response> {
    return Text("text/plain; charset=utf-8", "ok\n");
  };
  const auto readyz = [ready = std::move(ready)](net::Request&) -> Result<net::Response> {
    if (ready()) return Text("text/plain; charset=utf-8", "ready\n");
    return Text("text/plain; charset=utf-8", "not ready\n", 503);
  };
  const auto render = [&metrics](net::Request&) -> Result<net::Response> {
    return Text("text/plain; version=0.0.4; charset=utf-8", metrics.Render());
  };
  const auto index = [](net::Request&) -> Result<net::Response> {
    return Text("text/html; charset=utf-8", std::string(kIndex));
  };
  api.routes = {{net::Method::kGet, "/healthz", "operations.healthz", healthz},
                {net::Method::kGet, "/readyz", "operations.readyz", readyz},
                {net::Method::kGet, "/metrics", "operations.metrics", render},
                {net::Method::kGet, "/", "operations.index", index}};
  api.render_error = [](const net::Request&, const Status& error) {
    return JsonErrorResponse(error, ErrorShape::kWithStatus);
  };
  return api;
}

}  // namespace landfall::api
