// docs/api-coverage.md, from the routes the binary really has.
#pragma once

#include <string>

#include "net/net.h"

namespace landfall::server {

std::string CoverageMarkdown(const net::Router& router);

}  // namespace landfall::server
