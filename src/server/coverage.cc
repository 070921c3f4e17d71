#include "server/coverage.h"

#include <map>
#include <set>

namespace landfall::server {
namespace {

// One method of an API; several routes (aliases, upload paths) may lead to it.
struct MethodRow {
  std::set<std::string> calls;  // "GET /storage/v1/b"
  bool implemented = false;
};
using ApiRows = std::map<std::string, MethodRow>;

std::string Section(const std::string& api, const ApiRows& methods) {
  std::size_t done = 0;
  std::string rows;
  for (const auto& [name, method] : methods) {
    done += method.implemented ? 1 : 0;
    rows += "| `" + name + "` | " + (method.implemented ? "done" : "absent: 501") + " | ";
    for (const std::string& call : method.calls) rows += "`" + call + "` ";
    rows += "|\n";
  }
  return "\n## " + api + "\n\n" + std::to_string(done) + " of " + std::to_string(methods.size()) +
         " methods.\n\n| Method | State | Calls |\n|---|---|---|\n" + rows;
}

}  // namespace

std::string CoverageMarkdown(const net::Router& router) {
  std::map<std::string, ApiRows> apis;
  for (const net::Router::Coverage& route : router.Routes()) {
    MethodRow& row = apis[route.api][route.name];
    row.calls.insert(route.method + " " + route.pattern);
    row.implemented = row.implemented || route.implemented;
  }
  std::string text =
      "# API coverage\n\n"
      "Made from the binary's own routes by `make coverage`; `make test` fails when it is stale. "
      "\"absent\" methods are "
      "known\nand answer 501 naming the method. A method that is done may still refuse single "
      "fields, by name.\n";
  for (const auto& [api, methods] : apis) text += Section(api, methods);
  return text;
}

}  // namespace landfall::server
