// cli - every command but `up`. Each is a client of a running server's APIs, like anyone else's
// program.
#pragma once

#include <string>
#include <vector>

namespace landfall::cli {

// `args`: the words after the program's name. Exit status: 0 done, 1 failed, 2 usage.
int Main(const std::vector<std::string>& args);

}  // namespace landfall::cli
