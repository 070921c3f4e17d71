#include "server/info.h"

#include <unistd.h>

#include "base/files.h"
#include "base/json.h"

namespace landfall::server {

net::Api MakeServerInfo(const Config& config) {
  const auto info = [config](net::Request&) -> Result<net::Response> {
    const auto free_bytes = MakePosixFiles()->FreeBytes(config.data_dir);
    const JsonObject body = {{"version", kVersion},
                             {"project", config.project},
                             {"profile", config.profile},
                             {"dataDir", config.data_dir},
                             {"pid", static_cast<std::int64_t>(getpid())},
                             {"freeBytes", std::to_string(free_bytes.ok() ? *free_bytes : 0)}};
    net::Response response;
    response.headers.Set("Content-Type", "application/json; charset=UTF-8");
    response.body = ToText(body) + "\n";
    return response;
  };
  const auto render_error = [](const net::Request&, const Status& status) {
    net::Response response;
    response.status = HttpStatusOf(status.code());
    response.body = ToText(JsonObject{{"error", {{"message", status.message()}}}}) + "\n";
    return response;
  };
  return {.name = "landfall-server",
          .routes = {{net::Method::kGet, "/landfall/v1/server", "landfall.server.get", info}},
          .render_error = render_error};
}

}  // namespace landfall::server
