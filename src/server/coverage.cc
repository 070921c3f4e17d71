#include "server/coverage.h"

#include <map>
#include <set>

namespace landfall::server {
namespace {

// One method of an API; several routes (aliases, upload paths) may lead to it.
struct MethodRow {
  std::set<std::string> calls;  // "GET /storage/v1/b"
  bool implemented = false;
  std::string refuses;
};
using ApiRows = std::map<std::string, MethodRow>;

std::string Section(const std::string& api, const ApiRows& methods) {
  std::size_t done = 0, partial = 0;
  std::string rows;
  for (const auto& [name, method] : methods) {
    std::string state = "refused: 501";
    if (method.implemented && method.refuses.empty()) {
      ++done;
      state = "done";
    } else if (method.implemented) {
      ++partial;
      state = "partial, refuses " + method.refuses;
    }
    rows += "| `" + name + "` | " + state + " | ";
    for (const std::string& call : method.calls) rows += "`" + call + "` ";
    rows += "|\n";
  }
  return "\n## " + api + "\n\n" + std::to_string(methods.size()) +
         " methods: " + std::to_string(done) + " done, " + std::to_string(partial) + " partial, " +
         std::to_string(methods.size() - done - partial) +
         " refused.\n\n| Method | State | Calls |\n|---|---|---|\n" + rows;
}

}  // namespace

std::string CoverageMarkdown(const net::Router& router) {
  std::map<std::string, ApiRows> apis;
  for (const net::Router::Coverage& route : router.Routes()) {
    MethodRow& row = apis[route.api][route.name];
    row.calls.insert(route.method + " " + route.pattern);
    row.implemented = row.implemented || route.implemented;
    row.refuses = route.refuses;
  }
  std::string text =
      "# API coverage\n\n"
      "Made from the binary's own routes by `make coverage`; `make test` fails when it is stale. "
      "\"refused\" "
      "methods are\nknown and answer 501 naming the method; what a \"partial\" one refuses answers "
      "501 naming the field.\n";
  for (const auto& [api, methods] : apis) text += Section(api, methods);
  return text;
}

}  // namespace landfall::server
