// A command as data: its words, flags and help; and the parsed call it runs with.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace landfall::cli {

struct Flag {
  std::string_view name;        // without dashes
  std::string_view value_name;  // empty: a switch
  std::string_view help;
};

struct Call {
  std::map<std::string, std::string, std::less<>> flags;
  std::vector<std::string> words;  // positional

  bool has(std::string_view flag) const { return flags.find(flag) != flags.end(); }
  std::string Get(std::string_view flag, std::string_view fallback = {}) const;
};

struct Command {
  std::string_view name;   // "query", "ingest create"
  std::string_view words;  // "'SQL'"
  std::string_view summary;
  std::size_t words_min = 0, words_max = 0;
  std::vector<Flag> flags;
  // kInvalidArgument with reason "usage" ends in exit status 2, other errors in 1.
  std::function<Status(const Call&)> run;
};

Status Usage(std::string message);

// Flags every command has: --server, --project, --help.
const std::vector<Flag>& CommonFlags();
Result<Call> ParseCall(const Command& command, const std::vector<std::string>& args);
std::string CommandHelp(const Command& command);

// One function per file of commands.
std::vector<Command> QueryCommands();
std::vector<Command> StorageCommands();
std::vector<Command> TableCommands();
std::vector<Command> RemoveCommands();
std::vector<Command> LoadCommands();
std::vector<Command> IngestCommands();
std::vector<Command> BackfillCommands();
std::vector<Command> DoctorCommands();
std::vector<Command> DemoCommands();

}  // namespace landfall::cli
