#include "cli/command.h"

#include <algorithm>

#include "base/text.h"

namespace landfall::cli {
namespace {

const Flag* FindFlag(const std::vector<Flag>& flags, std::string_view name) {
  const auto it =
      std::find_if(flags.begin(), flags.end(), [&](const Flag& flag) { return flag.name == name; });
  return it == flags.end() ? nullptr : &*it;
}

std::string FlagLine(const Flag& flag) {
  std::string left = "  --" + std::string(flag.name);
  if (!flag.value_name.empty()) left += " " + std::string(flag.value_name);
  left.resize(std::max<std::size_t>(left.size() + 2, 26), ' ');
  return left + std::string(flag.help) + "\n";
}

Status UnknownFlag(const Command& command, std::string_view name) {
  std::vector<std::string_view> known;
  for (const Flag& flag : command.flags) known.push_back(flag.name);
  for (const Flag& flag : CommonFlags()) known.push_back(flag.name);
  std::string message = "unknown flag --" + std::string(name);
  if (const std::string_view near = Nearest(name, known); !near.empty()) {
    message += "; did you mean --" + std::string(near) + "?";
  }
  return Usage(message);
}

}  // namespace

std::string Call::Get(std::string_view flag, std::string_view fallback) const {
  const auto it = flags.find(flag);
  return it == flags.end() ? std::string(fallback) : it->second;
}

Status Usage(std::string message) { return InvalidArgument(std::move(message), "usage"); }

const std::vector<Flag>& CommonFlags() {
  static const std::vector<Flag> kFlags = {
      {"server", "URL", "the server (LANDFALL_SERVER, else http://127.0.0.1:8080)"},
      {"project", "ID", "the project (LANDFALL_PROJECT, else the server's default)"},
      {"help", "", "this text"},
  };
  return kFlags;
}

Result<Call> ParseCall(const Command& command, const std::vector<std::string>& args) {
  Call call;
  bool only_words = false;
  for (std::size_t i = 0; i < args.size(); ++i) {
    const std::string_view word = args[i];
    if (only_words || word == "-" || !word.starts_with("-")) {
      call.words.emplace_back(word);
      continue;
    }
    if (word == "--") {
      only_words = true;
      continue;
    }
    const std::string_view body =
        word == "-h" ? "help" : word.substr(word.starts_with("--") ? 2 : 1);
    const std::size_t equals = body.find('=');
    const std::string_view name = body.substr(0, equals);
    const Flag* flag = FindFlag(command.flags, name);
    if (flag == nullptr) flag = FindFlag(CommonFlags(), name);
    if (flag == nullptr) return UnknownFlag(command, name);
    if (equals != std::string_view::npos) {
      call.flags[std::string(name)] = body.substr(equals + 1);
    } else if (flag->value_name.empty()) {
      call.flags[std::string(name)] = "true";
    } else if (i + 1 < args.size()) {
      call.flags[std::string(name)] = args[++i];
    } else {
      return Usage("--" + std::string(name) + " needs a value");
    }
  }
  if (call.has("help")) return call;
  if (call.words.size() < command.words_min || call.words.size() > command.words_max) {
    return Usage("usage: landfall " + std::string(command.name) + " " + std::string(command.words));
  }
  return call;
}

std::string CommandHelp(const Command& command) {
  std::string text = "Usage: landfall " + std::string(command.name) + " " +
                     std::string(command.words) + "\n\n" + std::string(command.summary) +
                     "\n\nFlags:\n";
  for (const Flag& flag : command.flags) text += FlagLine(flag);
  for (const Flag& flag : CommonFlags()) text += FlagLine(flag);
  return text;
}

}  // namespace landfall::cli
