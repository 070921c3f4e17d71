// Where the server's settings come from: defaults in the members, then the config file, then flags.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/status.h"
#include "ingest/ingest.h"

namespace landfall::server {

struct Config {
  std::string host = "127.0.0.1";
  std::uint16_t port = 8080;
  std::string data_dir = "./landfall-data";
  std::string project = "landfall";
  std::string profile = "default";  // default or testbench
  Severity log_level = Severity::kInfo;
  std::vector<ingest::Rule> ingest_rules;
  std::map<std::string, std::string> ingest_variables;  // of the default rule, from the environment
  bool help = false;
  bool print_api_coverage = false;
};

std::string UpHelp();

// Every unknown flag, key or value is kInvalidArgument naming it and, where one is near, the valid
// one. `environment` holds NAME=value pairs; the documented ingest variables among them become
// defaults of rule "default".
Result<Config> ReadConfig(const std::vector<std::string>& args,
                          const std::vector<std::string>& environment);

// The config file: {"listen", "dataDir", "project", "profile", "logLevel", "ingestRules": [{"id",
// "project", "bucket", "prefix", "variables": {..}}]}.
Status ApplyConfigFile(std::string_view text, Config* config);

}  // namespace landfall::server
