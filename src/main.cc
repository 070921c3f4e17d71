// One binary: `landfall up` is the server, every other command is a client of it.
#include <string>
#include <vector>

#include "cli/cli.h"
#include "server/server.h"

int main(int argc, char** argv) {
  const std::vector<std::string> args(argv + 1, argv + argc);
  if (!args.empty() && args.front() == "up")
    return landfall::server::Up({args.begin() + 1, args.end()});
  return landfall::cli::Main(args);
}
