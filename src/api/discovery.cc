// Discovery documents, for clients that build themselves from one: google-api-python-client, bq and
// gsutil with an endpoint override.
#include <optional>
#include <set>

#include "api/api.h"
#include "api/discovery_tables.h"
#include "api/json_error.h"
#include "base/json.h"
#include "base/text.h"

namespace landfall::api {
namespace {

struct Service {
  std::string_view name, version, title, prefix, service_path, batch_path;
  // The method that uploads media, and its path behind "/upload/" and "/resumable/upload/".
  std::string_view upload_method, upload_path;
};
constexpr Service kServices[] = {
    {"storage", "v1", "Cloud Storage JSON API", "/storage/v1/", "storage/v1/", "batch/storage/v1",
     "storage.objects.insert", "storage/v1/b/{bucket}/o"},
    {"bigquery", "v2", "BigQuery API", "/bigquery/v2/", "bigquery/v2/", "batch/bigquery/v2",
     "bigquery.jobs.insert", "bigquery/v2/projects/{+projectId}/jobs"}};

const Service* ServiceOf(std::string_view name, std::string_view version) {
  for (const Service& service : kServices) {
    if (service.name == name && service.version == version) return &service;
  }
  return nullptr;
}

JsonObject Parameter(std::string_view name, std::string_view location, bool required) {
  JsonObject parameter{{"type", ParameterType(name)}, {"location", location}};
  if (ParameterType(name) == "integer") parameter["format"] = "uint32";
  if (required) parameter["required"] = true;
  if (IsRepeated(name)) parameter["repeated"] = true;
  return parameter;
}

struct Path {
  std::string text;  // with Google's names
  std::vector<std::string> names;
};
Path PathOf(const Service& service, const net::Router::Coverage& route) {
  Path path;
  std::string_view rest = std::string_view(route.pattern).substr(service.prefix.size());
  while (!rest.empty()) {
    const std::size_t open = rest.find('{');
    path.text.append(rest.substr(0, open));
    if (open == std::string_view::npos) break;
    const std::size_t close = rest.find('}', open);
    path.names.push_back(GoogleParameter(route.name, rest.substr(open + 1, close - open - 1)));
    path.text.append(service.name == "bigquery" ? "{+" : "{").append(path.names.back()).append("}");
    rest.remove_prefix(close + 1);
  }
  return path;
}

JsonObject MediaUpload(const Service& service) {
  const auto protocol = [&](std::string_view before) {
    return JsonObject{{"multipart", true},
                      {"path", std::string(before).append(service.upload_path)}};
  };
  return {{"accept", JsonArray{"*/*"}},
          {"protocols", JsonObject{{"simple", protocol("/upload/")},
                                   {"resumable", protocol("/resumable/upload/")}}}};
}

JsonObject MethodJson(const Service& service, const net::Router::Coverage& route,
                      std::set<std::string, std::less<>>& schemas) {
  const Path path = PathOf(service, route);
  JsonObject method{{"id", route.name}, {"path", path.text}, {"httpMethod", route.method}};
  JsonObject parameters;
  JsonArray order;
  for (const std::string& name : path.names) {
    parameters[name] = Parameter(name, "path", true);
    order.emplace_back(name);
  }
  if (const MethodDetail* detail = DetailOf(route.name)) {
    for (std::string_view name : Split(detail->query, ' ')) {
      const bool required = name.ends_with('!');
      if (required) name.remove_suffix(1);
      if (name.empty()) continue;
      parameters[name] = Parameter(name, "query", required);
      if (required) order.emplace_back(name);
    }
    const auto refer = [&](std::string_view member, std::string_view schema) {
      if (schema.empty()) return;
      method[member] = JsonObject{{"$ref", schema}};
      schemas.emplace(schema);
    };
    refer("request", detail->request);
    refer("response", detail->response);
  }
  if (!parameters.empty()) method["parameters"] = std::move(parameters);
  if (!order.empty()) method["parameterOrder"] = std::move(order);
  if (route.name == service.upload_method) {
    method["supportsMediaUpload"] = true;
    method["mediaUpload"] = MediaUpload(service);
  }
  if (route.name == "storage.objects.get") {
    method["supportsMediaDownload"] = true;
    method["useMediaDownloadService"] = true;
  }
  return method;
}

// Where a method stands: "storage.projects.hmacKeys.get" is methods.get of resource hmacKeys of
// resource projects.
JsonObject& MethodsOf(JsonObject& document, std::string_view id) {
  auto names = Split(id, '.');
  // Google calls this one differently from where it stands.
  if (id.starts_with("storage.buckets.operations.")) names.erase(names.begin() + 1);
  JsonObject* at = &document;
  const auto member = [](JsonObject& object, std::string_view name) -> JsonObject& {
    Json& value = object[name];
    if (!value.is_object()) value = JsonObject();
    return value.get_object();
  };
  for (std::size_t i = 1; i + 1 < names.size(); ++i)
    at = &member(member(*at, "resources"), names[i]);
  return member(*at, "methods");
}

JsonObject CommonParameters() {
  JsonObject parameters;
  for (const std::string_view name :
       {"alt", "fields", "key", "oauth_token", "prettyPrint", "quotaUser", "uploadType", "userIp"})
    parameters[name] = Parameter(name, "query", false);
  return parameters;
}

JsonObject DocumentOf(const Service& service, const net::Router& router,
                      const std::string& base_url) {
  const std::string root = base_url + "/";
  JsonObject document{{"kind", "discovery#restDescription"},
                      {"discoveryVersion", "v1"},
                      {"id", std::string(service.name) + ":" + std::string(service.version)},
                      {"name", service.name},
                      {"version", service.version},
                      {"revision", "20261120"},
                      {"title", service.title},
                      {"ownerDomain", "google.com"},
                      {"ownerName", "Google"},
                      {"protocol", "rest"},
                      {"rootUrl", root},
                      {"servicePath", service.service_path},
                      {"basePath", "/" + std::string(service.service_path)},
                      {"baseUrl", root + std::string(service.service_path)},
                      {"batchPath", service.batch_path},
                      {"parameters", CommonParameters()}};
  std::set<std::string, std::less<>> schemas;
  for (const net::Router::Coverage& route : router.Routes()) {
    const bool rest = route.pattern.find("=**") != std::string::npos;
    if (!route.pattern.starts_with(service.prefix) || rest ||
        !route.name.starts_with(std::string(service.name) + "."))
      continue;
    const std::string name = route.name.substr(route.name.rfind('.') + 1);
    JsonObject method = MethodJson(service, route, schemas);
    MethodsOf(document, route.name)[name] = std::move(method);
  }
  JsonObject described;
  for (const std::string& schema : schemas) {
    described[schema] = JsonObject{
        {"id", schema}, {"type", "object"}, {"additionalProperties", JsonObject{{"type", "any"}}}};
  }
  document["schemas"] = std::move(described);
  return document;
}

// "/$discovery/rest?version=v2" has no name: the host has it, or the version tells.
const Service* ServiceByHost(const net::Request& request) {
  const std::string_view version = request.Query("version").value_or("v1");
  const std::string_view host = request.headers.Get("Host").value_or("");
  for (const Service& service : kServices) {
    if (host.starts_with(std::string(service.name) + ".")) return ServiceOf(service.name, version);
  }
  for (const Service& service : kServices) {
    if (service.version == version) return &service;
  }
  return nullptr;
}

Result<net::Response> Answer(const Service* service, const net::Router& router,
                             const net::Request& request) {
  if (service == nullptr) return NotFound("there is no discovery document of that API and version");
  return JsonResponse(DocumentOf(*service, router, request.BaseUrl()));
}

Result<net::Response> List(const net::Request& request) {
  JsonArray items;
  for (const Service& service : kServices) {
    items.push_back(JsonObject{
        {"kind", "discovery#directoryItem"},
        {"id", std::string(service.name) + ":" + std::string(service.version)},
        {"name", service.name},
        {"version", service.version},
        {"title", service.title},
        {"discoveryRestUrl", request.BaseUrl() + "/discovery/v1/apis/" + std::string(service.name) +
                                 "/" + std::string(service.version) + "/rest"},
        {"preferred", true}});
  }
  return JsonResponse(JsonObject{{"kind", "discovery#directoryList"},
                                 {"discoveryVersion", "v1"},
                                 {"items", std::move(items)}});
}

}  // namespace

net::Api MakeDiscovery(const net::Router& router) {
  net::Api api;
  api.name = "discovery";
  const auto by_name = [&router](net::Request& request) {
    return Answer(ServiceOf(request.Param("api"), request.Param("version")), router, request);
  };
  const auto by_host = [&router](net::Request& request) {
    return Answer(ServiceByHost(request), router, request);
  };
  const auto list = [](net::Request& request) { return List(request); };
  api.routes = {{net::Method::kGet, "/discovery/v1/apis", "discovery.apis.list", list},
                {net::Method::kGet, "/discovery/v1/apis/{api}/{version}/rest",
                 "discovery.apis.getRest", by_name},
                {net::Method::kGet, "/$discovery/rest", "discovery.apis.getRest", by_host}};
  api.render_error = [](const net::Request&, const Status& error) {
    return JsonErrorResponse(error, ErrorShape::kPlain);
  };
  return api;
}

}  // namespace landfall::api
