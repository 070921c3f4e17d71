#include "ingest/path_pattern.h"

#include <re2/re2.h>

#include <chrono>
#include <map>
#include <vector>

#include "base/text.h"
#include "ingest/names.h"

namespace landfall::ingest {
namespace {

// The grammar of the public contract. Word characters are Unicode's, as in Python.
constexpr std::string_view kDefaultPattern =
    R"((?P<dataset>[\w.\-]+)/(?P<table>[\w\-]+)/?(?:historical|incremental)?/?)"
    R"((?P<partition>\$[0-9]+)?/?)"
    R"((?:(?P<yyyy>[0-9]{4})/?(?:(?P<mm>[0-9]{2})/?)?)"
    R"((?:(?P<dd>[0-9]{2})/?)?(?:(?P<hh>[0-9]{2})/?)?)?)"
    R"((?P<batch>[\w\-]+)?/)";

Status PatternError(std::string_view pattern, std::string_view why) {
  return InvalidArgument("path pattern \"" + std::string(pattern) + "\" " + std::string(why),
                         "invalidPattern");
}

// Python's spelling where RE2's differs: \w and \W know all letters, \Z is the very end.
std::string ToRe2(std::string_view python) {
  std::string out;
  bool in_class = false;
  for (std::size_t i = 0; i < python.size(); ++i) {
    const char c = python[i];
    if (c != '\\' || i + 1 == python.size()) {
      if (c == '[' && !in_class) {
        in_class = true;
        // "]" right after "[" or "[^" is a literal member.
        out += c;
        if (i + 1 < python.size() && python[i + 1] == '^') out += python[++i];
        if (i + 1 < python.size() && python[i + 1] == ']') out += python[++i];
        continue;
      }
      if (c == ']') in_class = false;
      out += c;
      continue;
    }
    const char escaped = python[++i];
    if (escaped == 'w') {
      out += in_class ? R"(\p{L}\p{N}_)" : R"([\p{L}\p{N}_])";
    } else if (escaped == 'W' && !in_class) {
      out += R"([^\p{L}\p{N}_])";
    } else if (escaped == 'Z' && !in_class) {
      out += R"(\z)";
    } else {
      out += '\\';
      out += escaped;
    }
  }
  return out;
}

// The construct RE2 cannot run in linear time, if the pattern uses one.
std::string_view UnsupportedConstruct(std::string_view pattern) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      if (i + 1 < pattern.size() && pattern[i + 1] >= '1' && pattern[i + 1] <= '9') {
        return "back-reference";
      }
      ++i;
      continue;
    }
    const std::string_view rest = pattern.substr(i);
    if (rest.starts_with("(?=") || rest.starts_with("(?!")) return "look-ahead";
    if (rest.starts_with("(?<=") || rest.starts_with("(?<!")) return "look-behind";
    if (rest.starts_with("(?P=")) return "back-reference";
    if (rest.starts_with("(?(")) return "conditional group";
  }
  return {};
}

bool AllDigits(std::string_view text) {
  return text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::string ZeroPadded(std::string_view digits, std::size_t width) {
  std::string out(digits);
  if (out.size() < width) out.insert(0, width - out.size(), '0');
  return out;
}

std::string WithoutBacklog(std::string_view object) {
  constexpr std::string_view kBacklog = "/_backlog/";
  std::string out(object);
  for (std::size_t at = out.find(kBacklog); at != std::string::npos; at = out.find(kBacklog, at)) {
    out.replace(at, kBacklog.size(), "/");
  }
  return out;
}

int TwoDigits(std::string_view digits, std::size_t at) {
  return (digits[at] - '0') * 10 + (digits[at + 1] - '0');
}

// The grammar is not anchored at its end, so what is no partition would be passed over in silence.
Status CheckUnread(std::string_view object, std::string_view rest) {
  if (!rest.starts_with('$')) return {};
  const std::string segment(rest.substr(0, rest.find('/')));
  return InvalidArgument("object name \"" + std::string(object) + "\": \"" + segment +
                             "\" is not a partition; a partition is $ and digits",
                         "pathMismatch");
}

}  // namespace

Status CheckPartition(std::string_view digits) {
  const auto bad = [&](std::string_view why) {
    return InvalidArgument(
        "partition $" + std::string(digits) + " is not a date: " + std::string(why),
        "invalidPartition");
  };
  if (!AllDigits(digits)) return bad("only digits may follow the $");
  if (digits.size() != 4 && digits.size() != 6 && digits.size() != 8 && digits.size() != 10) {
    return bad("it has " + std::to_string(digits.size()) +
               " digits; YYYY, YYYYMM, YYYYMMDD and YYYYMMDDHH have 4, 6, 8 and 10");
  }
  if (digits.substr(0, 4) == "0000") return bad("there is no year 0000");
  if (digits.size() < 6) return Ok();
  const int month = TwoDigits(digits, 4);
  if (month < 1 || month > 12) return bad("there is no month " + std::string(digits.substr(4, 2)));
  if (digits.size() < 8) return Ok();
  const int day = TwoDigits(digits, 6);
  const int year = TwoDigits(digits, 0) * 100 + TwoDigits(digits, 2);
  const std::chrono::year_month_day date{std::chrono::year(year),
                                         std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return bad("that month has no day " + std::string(digits.substr(6, 2)));
  if (digits.size() == 10 && TwoDigits(digits, 8) > 23) {
    return bad("there is no hour " + std::string(digits.substr(8, 2)));
  }
  return Ok();
}

Result<ProjectDataset> SplitProject(std::string_view dataset) {
  const std::size_t dot = dataset.find('.');
  if (dot == std::string_view::npos) return ProjectDataset{"", std::string(dataset)};
  if (dataset.find('.', dot + 1) != std::string_view::npos) {
    return InvalidArgument(
        "\"" + std::string(dataset) +
            "\" has more than one dot; the first path segment is DATASET or PROJECT.DATASET",
        "pathMismatch");
  }
  ProjectDataset split{std::string(dataset.substr(0, dot)), std::string(dataset.substr(dot + 1))};
  if (split.project.empty() || split.dataset.empty()) {
    return InvalidArgument(
        "\"" + std::string(dataset) + "\" is not PROJECT.DATASET: one side of the dot is empty",
        "pathMismatch");
  }
  return split;
}

Result<PathPattern> PathPattern::Compile(std::string_view pattern) {
  PathPattern made;
  made.is_default_ = pattern.empty() || pattern == kDefaultPattern;
  made.text_ = std::string(pattern.empty() ? kDefaultPattern : pattern);
  if (made.text_.size() > kPatternBytesMax) {
    return InvalidArgument("path pattern has " + std::to_string(made.text_.size()) +
                               " bytes; the limit is " + std::to_string(kPatternBytesMax),
                           "invalidPattern");
  }
  if (const std::string_view construct = UnsupportedConstruct(made.text_); !construct.empty()) {
    return PatternError(made.text_, "uses a " + std::string(construct) +
                                        ", which is not supported (patterns run in linear time)");
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  auto compiled = std::make_shared<const re2::RE2>(ToRe2(made.text_), options);
  if (!compiled->ok()) return PatternError(made.text_, "is not valid: " + compiled->error());
  const auto& groups = compiled->NamedCapturingGroups();
  if (!groups.contains("table")) {
    return PatternError(made.text_, "has no group named \"table\": (?P<table>...)");
  }
  made.has_dataset_ = groups.contains("dataset");
  made.compiled_ = std::move(compiled);
  return made;
}

Result<PathParts> PathPattern::Match(std::string_view object) const {
  CHECK(compiled_ != nullptr);
  const std::string path = WithoutBacklog(object);
  const auto& groups = compiled_->NamedCapturingGroups();
  std::vector<re2::StringPiece> captured(
      static_cast<std::size_t>(compiled_->NumberOfCapturingGroups()) + 1);
  if (!compiled_->Match(path, 0, path.size(), re2::RE2::ANCHOR_START, captured.data(),
                        static_cast<int>(captured.size()))) {
    return InvalidArgument("object name \"" + std::string(object) + "\" does not match the " +
                               (is_default_ ? "default path pattern " : "path pattern ") + text_,
                           "pathMismatch");
  }
  const auto group = [&](const std::string& name) -> std::string_view {
    const auto found = groups.find(name);
    if (found == groups.end()) return {};
    const re2::StringPiece& piece = captured[static_cast<std::size_t>(found->second)];
    return {piece.data() == nullptr ? "" : piece.data(), piece.size()};
  };

  PathParts parts;
  parts.dataset = std::string(group("dataset"));
  parts.table = std::string(group("table"));
  parts.batch = std::string(group("batch"));
  const std::string_view table = group("table");
  if (table.empty()) {
    return InvalidArgument("the table group of path pattern " + text_ +
                               " is empty for object name \"" + std::string(object) + "\"",
                           "pathMismatch");
  }
  const auto prefix_end = static_cast<std::size_t>(table.data() + table.size() - path.data());
  parts.table_prefix = path.substr(0, prefix_end);
  while (parts.table_prefix.ends_with('/')) parts.table_prefix.pop_back();

  if (const std::string_view partition = group("partition"); !partition.empty()) {
    parts.partition = std::string(partition.substr(partition.starts_with('$') ? 1 : 0));
  } else {
    parts.partition = std::string(group("yyyy"));
    for (const char* name : {"mm", "dd", "hh"}) {
      const std::string_view digits = group(name);
      if (digits.empty() || parts.partition.empty()) break;
      parts.partition += ZeroPadded(digits, 2);
    }
  }
  if (!parts.partition.empty()) {
    const Status real = CheckPartition(parts.partition);
    if (!real.ok()) return real.Annotate("object name \"" + std::string(object) + "\"");
  }
  if (is_default_) TRY(CheckUnread(object, std::string_view(path).substr(captured[0].size())));
  return parts;
}

Result<std::string> PathPattern::TablePrefix(std::string_view object,
                                             std::string_view start_backfill) const {
  const std::string_view base = BaseName(object);
  if (base == kBackfillName || base == kLockName || base == kHistoryDoneName ||
      (!start_backfill.empty() && base == start_backfill)) {
    const std::string_view directory = DirectoryOf(object);
    return std::string(directory.substr(0, directory.empty() ? 0 : directory.size() - 1));
  }
  return TRY(Match(object)).table_prefix;
}

}  // namespace landfall::ingest
