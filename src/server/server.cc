#include "server/server.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include "server/coverage.h"
#include "server/modules.h"

extern char** environ;

namespace landfall::server {
namespace {

void Say(int fd, const std::string& line) {
  const std::string whole = line + "\n";
  [[maybe_unused]] const ssize_t n = write(fd, whole.data(), whole.size());
}

// Blocked before any thread starts, so that all of them inherit it and only sigwait() sees these.
sigset_t BlockStopSignals() {
  sigset_t stop;
  sigemptyset(&stop);
  sigaddset(&stop, SIGINT);
  sigaddset(&stop, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stop, nullptr);
  signal(SIGPIPE, SIG_IGN);
  return stop;
}

std::vector<std::string> Environment() {
  std::vector<std::string> pairs;
  for (char** at = environ; *at != nullptr; ++at) pairs.emplace_back(*at);
  return pairs;
}

// The adapters' route tables need their modules, so a server is built over a directory of its own
// and thrown away.
int PrintApiCoverage(Config config) {
  char dir[] = "/tmp/landfall-coverage.XXXXXX";
  if (mkdtemp(dir) == nullptr) return 1;
  config.data_dir = dir;
  config.port = 0;
  config.log_level = Severity::kOff;
  {
    const Result<std::unique_ptr<Modules>> modules = StartModules(config);
    if (modules.ok()) std::fputs(CoverageMarkdown(*(*modules)->router).c_str(), stdout);
    if (!modules.ok()) Say(STDERR_FILENO, modules.status().message());
  }
  std::error_code ignored;
  std::filesystem::remove_all(dir, ignored);
  return 0;
}

}  // namespace

int Up(const std::vector<std::string>& args) {
  const Result<Config> config = ReadConfig(args, Environment());
  if (!config.ok()) {
    Say(STDERR_FILENO, "landfall up: " + config.status().message());
    Say(STDERR_FILENO, "See landfall up --help.");
    return 2;
  }
  if (config->help) {
    std::fputs(UpHelp().c_str(), stdout);
    return 0;
  }
  if (config->print_api_coverage) return PrintApiCoverage(*config);
  const sigset_t stop = BlockStopSignals();
  Result<std::unique_ptr<Modules>> modules = StartModules(*config);
  if (!modules.ok()) {
    Say(STDERR_FILENO, "landfall up: " + modules.status().message());
    return 1;
  }
  Modules& m = **modules;
  if (config->profile == "testbench") {
    m.log.Warn("testbench_profile", {{"effect", "fault injection is open to every client"}});
  }
  Say(STDOUT_FILENO,
      "landfall ready http://" + m.listener->host() + ":" + std::to_string(m.listener->port()));

  int signal_number = 0;
  sigwait(&stop, &signal_number);
  m.log.Info("stopping", {{"signal", signal_number}});
  m.ready = false;
  m.listener->Drain();
  modules->reset();
  return 0;
}

}  // namespace landfall::server
