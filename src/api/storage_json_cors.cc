// Cross-origin requests: preflights and the headers of answers, from the bucket's `cors`.
#include <algorithm>

#include "api/storage_json.h"
#include "api/storage_json_params.h"
#include "base/text.h"

namespace landfall::api::storage_json {
namespace {

std::vector<std::string> Texts(const JsonObject& entry, std::string_view name) {
  std::vector<std::string> texts;
  const Json* list = Find(entry, name);
  if (list == nullptr || !list->is_array()) return texts;
  for (const Json& item : list->get_array()) {
    if (item.is_string()) texts.emplace_back(item.get_string());
  }
  return texts;
}

bool Allows(const JsonObject& entry, std::string_view origin, std::string_view method) {
  const auto origins = Texts(entry, "origin"), methods = Texts(entry, "method");
  const auto is = [](std::string_view wanted) {
    return [wanted](const std::string& one) { return one == "*" || one == wanted; };
  };
  return std::any_of(origins.begin(), origins.end(), is(origin)) &&
         std::any_of(methods.begin(), methods.end(), is(method));
}

std::string Joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const std::string& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

// The first entry that allows the request.
std::optional<JsonObject> EntryFor(const storage::Bucket& bucket, std::string_view origin,
                                   std::string_view method) {
  const auto cors = bucket.settings.find("cors");
  if (cors == bucket.settings.end()) return std::nullopt;
  const auto entries = ParseJson(cors->second);
  if (!entries.ok() || !entries->is_array()) return std::nullopt;
  for (const Json& entry : entries->get_array()) {
    if (entry.is_object() && Allows(entry.get_object(), origin, method)) return entry.get_object();
  }
  return std::nullopt;
}

}  // namespace

void Adapter::AddCorsHeaders(const net::Request& request, net::Response& response) {
  const auto origin = request.headers.Get("Origin");
  const auto at = std::find_if(request.params.begin(), request.params.end(),
                               [](const auto& param) { return param.first == "bucket"; });
  if (!origin || at == request.params.end()) return;
  const auto bucket = storage_.GetBucket(request.context, at->second);
  if (!bucket.ok()) return;
  const bool preflight = request.method == net::Method::kOptions;
  const std::string_view method =
      preflight ? request.headers.Get("Access-Control-Request-Method").value_or("")
                : net::MethodName(request.method);
  const auto entry = EntryFor(*bucket, *origin, method);
  if (!entry) return;
  const std::string headers = Joined(Texts(*entry, "responseHeader"));
  response.headers.Set("Access-Control-Allow-Origin", *origin);
  response.headers.Set("Vary", "Origin");
  if (!preflight) {
    if (!headers.empty()) response.headers.Set("Access-Control-Expose-Headers", headers);
    return;
  }
  response.headers.Set("Access-Control-Allow-Methods", Joined(Texts(*entry, "method")));
  if (!headers.empty()) response.headers.Set("Access-Control-Allow-Headers", headers);
  const auto age = Int64Member(*entry, "maxAgeSeconds");
  if (age.ok() && *age) response.headers.Set("Access-Control-Max-Age", std::to_string(**age));
}

// Not allowed is 200 without the headers; the browser draws the conclusion.
Result<net::Response> Adapter::Preflight(net::Request& request) {
  TRY(storage_.GetBucket(request.context, request.Param("bucket")));
  return net::Response();
}

}  // namespace landfall::api::storage_json
