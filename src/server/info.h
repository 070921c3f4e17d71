// GET /landfall/v1/server: what this server is, for the CLI and for doctor.
#pragma once

#include "net/net.h"
#include "server/config.h"

namespace landfall::server {

constexpr std::string_view kVersion = "0.1.0";

net::Api MakeServerInfo(const Config& config);

}  // namespace landfall::server
