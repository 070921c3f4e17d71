// server - `landfall up`: reads flags and the config file, builds the modules bottom-up, serves
// until SIGTERM.
#pragma once

#include <string>
#include <vector>

namespace landfall::server {

// `args` are the words after "up". Prints "landfall ready http://HOST:PORT" on stdout once it
// accepts; JSON log on stderr. Blocks SIGINT and SIGTERM and returns after the first of them. Exit
// status: 0, 1 failed, 2 usage.
int Up(const std::vector<std::string>& args);

}  // namespace landfall::server
