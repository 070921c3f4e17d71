#include "server/config.h"

#include <algorithm>
#include <array>
#include <functional>

#include "base/files.h"
#include "base/json.h"
#include "base/text.h"

namespace landfall::server {
namespace {

constexpr std::size_t kConfigBytesMax = 1u << 20;

// The variables of the older tool that set defaults of the rule "default" (spec: batch ingest,
// section 12).
constexpr std::array<std::string_view, 16> kIngestVariables = {"WAIT_FOR_JOB_SECONDS",
                                                               "SUCCESS_FILENAME",
                                                               "DESTINATION_REGEX",
                                                               "MAX_BATCH_BYTES",
                                                               "JOB_PREFIX",
                                                               "BQ_PROJECT",
                                                               "BQ_STORAGE_PROJECT",
                                                               "FUNCTION_TIMEOUT_SEC",
                                                               "RESTART_BUFFER_SECONDS",
                                                               "FAIL_ON_ZERO_DML_ROWS_AFFECTED",
                                                               "ORDER_PER_TABLE",
                                                               "START_BACKFILL_FILENAME",
                                                               "WAIT_FOR_VALIDATION",
                                                               "MAX_RETRIES_ON_BIGQUERY_ERROR",
                                                               "USE_ERROR_REPORTING_API",
                                                               "BQ_LOAD_STATE_TABLE"};

Status SetListen(std::string_view value, Config* config) {
  const std::size_t colon = value.rfind(':');
  const auto port =
      colon == std::string_view::npos ? std::nullopt : ParseInt64(value.substr(colon + 1));
  if (!port || *port < 0 || *port > 65535 || colon == 0) {
    return InvalidArgument("\"" + std::string(value) + "\" is not HOST:PORT", "invalid", "listen");
  }
  config->host = value.substr(0, colon);
  config->port = static_cast<std::uint16_t>(*port);
  return {};
}

Status SetProject(std::string_view value, Config* config) {
  if (value.empty() || value.find_first_of("/: \t") != std::string_view::npos) {
    return InvalidArgument("\"" + std::string(value) + "\" is not a project id", "invalid",
                           "project");
  }
  config->project = value;
  return {};
}

Status SetProfile(std::string_view value, Config* config) {
  if (value == "strict") return Unimplemented("profile \"strict\" is not implemented yet");
  if (value != "default" && value != "testbench") {
    return InvalidArgument(
        "profile \"" + std::string(value) + "\" is not one of default, testbench", "invalid",
        "profile");
  }
  config->profile = value;
  return {};
}

Status SetLogLevel(std::string_view value, Config* config) {
  config->log_level = TRY(ParseSeverity(value));
  return {};
}

Status SetDataDir(std::string_view value, Config* config) {
  if (value.empty())
    return InvalidArgument("the data directory must not be empty", "invalid", "data-dir");
  config->data_dir = value;
  return {};
}

struct Setting {
  std::string_view flag, key, value_name, help;
  Status (*set)(std::string_view, Config*);
};
constexpr std::array<Setting, 5> kSettings = {{
    {"listen", "listen", "HOST:PORT", "address to serve; port 0 picks a free one (127.0.0.1:8080)",
     SetListen},
    {"data-dir", "dataDir", "DIR", "where everything is kept (./landfall-data)", SetDataDir},
    {"project", "project", "ID", "default project (landfall)", SetProject},
    {"profile", "profile", "NAME", "default, or testbench: opens fault injection for tests",
     SetProfile},
    {"log-level", "logLevel", "LEVEL", "debug, info, warn, error or off (info)", SetLogLevel},
}};

Result<ingest::Rule> ParseRule(const Json& value, const Config& config) {
  if (!value.is_object()) return InvalidArgument("ingestRules: every rule must be an object");
  const JsonObject& object = value.get_object();
  for (const auto& member : object) {
    const std::string_view key = member.key();
    const std::vector<std::string_view> known = {"id", "project", "bucket", "prefix", "variables"};
    if (std::find(known.begin(), known.end(), key) == known.end()) {
      return InvalidArgument("ingestRules: unknown key \"" + std::string(key) +
                             "\"; did you mean \"" + std::string(Nearest(key, known)) + "\"?");
    }
  }
  ingest::Rule rule;
  const auto id = TRY(StringMember(object, "id"));
  if (!id) return InvalidArgument("ingestRules: a rule needs an \"id\"");
  rule.id = *id;
  rule.project = TRY(StringMember(object, "project")).value_or(config.project);
  rule.bucket = TRY(StringMember(object, "bucket")).value_or("*");
  rule.prefix = TRY(StringMember(object, "prefix")).value_or("");
  if (const JsonObject* variables = TRY(ObjectMember(object, "variables"))) {
    for (const auto& member : *variables) {
      const Json& setting = member.value();
      rule.variables[std::string(member.key())] =
          setting.is_string() ? std::string(setting.get_string()) : ToText(setting);
    }
  }
  return rule;
}

// "--flag value" and "--flag=value"; calls `use` for each.
Status EachFlag(const std::vector<std::string>& args,
                const std::function<Status(std::string_view flag, std::string_view value)>& use,
                Config* config) {
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string_view word = args[i];
    if (word == "--help" || word == "-h") {
      config->help = true;
      continue;
    }
    if (word == "--print-api-coverage") {
      config->print_api_coverage = true;
      continue;
    }
    if (!word.starts_with("--"))
      return InvalidArgument("unexpected argument \"" + std::string(word) + "\"");
    const std::size_t equals = word.find('=');
    const std::string_view flag =
        word.substr(2, equals == std::string_view::npos ? equals : equals - 2);
    if (equals != std::string_view::npos) {
      TRY(use(flag, word.substr(equals + 1)));
    } else if (i + 1 < args.size()) {
      TRY(use(flag, args[++i]));
    } else {
      return InvalidArgument("--" + std::string(flag) + " needs a value");
    }
  }
  return {};
}

Status UnknownFlag(std::string_view flag) {
  std::vector<std::string_view> known = {"config", "help"};
  for (const Setting& setting : kSettings) known.push_back(setting.flag);
  std::string message = "unknown flag --" + std::string(flag);
  if (const std::string_view near = Nearest(flag, known); !near.empty()) {
    message += "; did you mean --" + std::string(near) + "?";
  }
  return InvalidArgument(message);
}

Result<std::string> ReadFile(const std::string& path) {
  const auto files = MakePosixFiles();
  const auto file = TRY(files->OpenForRead(path));
  if (file->size_bytes() > kConfigBytesMax)
    return InvalidArgument("config file " + path + " is over 1 MiB");
  std::string text(file->size_bytes(), '\0');
  text.resize(TRY(file->ReadAt(0, text)));
  return text;
}

}  // namespace

std::string UpHelp() {
  std::string text =
      "Usage: landfall up [flags]\n\n"
      "Serves every API on one port from one data directory until SIGTERM.\n\n"
      "Flags:\n";
  for (const Setting& setting : kSettings) {
    std::string left = "  --" + std::string(setting.flag) + " " + std::string(setting.value_name);
    left.resize(std::max<std::size_t>(left.size() + 1, 26), ' ');
    text += left + std::string(setting.help) + "\n";
  }
  text +=
      "  --print-api-coverage    print every method and whether it is there, and exit\n"
      "  --config FILE           JSON: the same settings (listen, dataDir, project, profile, "
      "logLevel) and ingestRules\n";
  text +=
      "\nThe documented ingest variables (SUCCESS_FILENAME, DESTINATION_REGEX, ...) are read from "
      "the environment as\n"
      "defaults of the ingest rule \"default\".\n";
  return text;
}

Status ApplyConfigFile(std::string_view text, Config* config) {
  const Json file = TRY(ParseJson(text));
  if (!file.is_object()) return InvalidArgument("the config file must hold one JSON object");
  std::vector<std::string_view> known = {"ingestRules"};
  for (const Setting& setting : kSettings) known.push_back(setting.key);
  for (const auto& member : file.get_object()) {
    const std::string_view key = member.key();
    const auto setting = std::find_if(kSettings.begin(), kSettings.end(),
                                      [&](const Setting& s) { return s.key == key; });
    if (setting != kSettings.end()) {
      if (!member.value().is_string())
        return InvalidArgument("\"" + std::string(key) + "\" must be a string");
      TRY(setting->set(std::string_view(member.value().get_string()), config));
    } else if (key != "ingestRules") {
      return InvalidArgument("unknown key \"" + std::string(key) + "\"; did you mean \"" +
                             std::string(Nearest(key, known)) + "\"?");
    }
  }
  if (const JsonArray* rules = TRY(ArrayMember(file.get_object(), "ingestRules"))) {
    for (const Json& rule : *rules) config->ingest_rules.push_back(TRY(ParseRule(rule, *config)));
  }
  return {};
}

Result<Config> ReadConfig(const std::vector<std::string>& args,
                          const std::vector<std::string>& environment) {
  Config config;
  for (const std::string& pair : environment) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos) continue;
    const std::string name = pair.substr(0, equals);
    if (std::find(kIngestVariables.begin(), kIngestVariables.end(), name) !=
        kIngestVariables.end()) {
      config.ingest_variables[name] = pair.substr(equals + 1);
    }
  }
  // The file first, whatever the order of the words: flags win.
  TRY(EachFlag(
      args,
      [&](std::string_view flag, std::string_view value) -> Status {
        if (flag != "config") return {};
        const std::string path(value);
        return ApplyConfigFile(TRY(ReadFile(path)), &config).Annotate(path);
      },
      &config));
  TRY(EachFlag(
      args,
      [&](std::string_view flag, std::string_view value) -> Status {
        if (flag == "config") return {};
        for (const Setting& setting : kSettings) {
          if (setting.flag == flag) return setting.set(value, &config);
        }
        return UnknownFlag(flag);
      },
      &config));
  return config;
}

}  // namespace landfall::server
