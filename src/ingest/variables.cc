#include "ingest/variables.h"

#include <array>
#include <optional>
#include <vector>

#include "base/text.h"

namespace landfall::ingest {
namespace {

enum class Kind : std::uint8_t {
  kFileName,
  kPattern,
  kBytes,
  kJobPrefix,
  kText,
  kRetries,
  kBool,         // any value
  kDefaultBool,  // only the default: another value needs a feature that is not there
  kDefaultText,
  kSeconds,  // checked; Landfall tracks every job to its end, so no value changes what happens
};

struct Definition {
  std::string_view name;
  Kind kind;
  std::string_view defaults;  // of the kDefault kinds: the accepted values, by "|"
  std::string_view feature;   // what another value would need
};

constexpr std::array kDefinitions = {
    Definition{"SUCCESS_FILENAME", Kind::kFileName, "", ""},
    Definition{"START_BACKFILL_FILENAME", Kind::kFileName, "", ""},
    Definition{"DESTINATION_REGEX", Kind::kPattern, "", ""},
    Definition{"MAX_BATCH_BYTES", Kind::kBytes, "", ""},
    Definition{"JOB_PREFIX", Kind::kJobPrefix, "", ""},
    Definition{"BQ_PROJECT", Kind::kText, "", ""},
    Definition{"GCP_PROJECT", Kind::kText, "", ""},
    Definition{"BQ_STORAGE_PROJECT", Kind::kText, "", ""},
    Definition{"FUNCTION_NAME", Kind::kText, "", ""},
    Definition{"K_SERVICE", Kind::kText, "", ""},
    Definition{"ORDER_PER_TABLE", Kind::kBool, "", ""},
    Definition{"MAX_RETRIES_ON_BIGQUERY_ERROR", Kind::kRetries, "", ""},
    Definition{"WAIT_FOR_JOB_SECONDS", Kind::kSeconds, "", ""},
    Definition{"FUNCTION_TIMEOUT_SEC", Kind::kDefaultText, "60|540", "ordering"},
    Definition{"RESTART_BUFFER_SECONDS", Kind::kDefaultText, "30", "ordering"},
    Definition{"WAIT_FOR_VALIDATION", Kind::kDefaultBool, "false", "ordering"},
    Definition{"FAIL_ON_ZERO_DML_ROWS_AFFECTED", Kind::kDefaultBool, "true",
               "the external-query path"},
    Definition{"USE_ERROR_REPORTING_API", Kind::kDefaultBool, "true",
               "raising errors to a function runtime"},
    Definition{"BQ_LOAD_STATE_TABLE", Kind::kDefaultText,
               "bigquery_loads.serverless_bq_loads|landfall_system.loads",
               "a renamed load-state table"},
};

const Definition* FindDefinition(std::string_view name) {
  for (const Definition& definition : kDefinitions) {
    if (definition.name == name) return &definition;
  }
  return nullptr;
}

Status Bad(const Definition& definition, std::string_view value, std::string_view rule) {
  return InvalidArgument(
      std::string(definition.name) + "=\"" + std::string(value) + "\": " + std::string(rule),
      "invalidVariable", std::string(definition.name));
}

Status NeedsFeature(const Definition& definition, std::string_view value) {
  return Unimplemented(std::string(definition.name) + "=\"" + std::string(value) + "\" needs " +
                           std::string(definition.feature) +
                           ", which is not implemented yet; only " +
                           std::string(definition.defaults) + " is accepted",
                       "notImplemented", std::string(definition.name));
}

Status CheckFileName(const Definition& definition, std::string_view value) {
  if (value.empty() && definition.name == "START_BACKFILL_FILENAME") return Ok();
  if (value.empty() || value.find('/') != std::string_view::npos) {
    return Bad(definition, value, "must be a base name: not empty, without \"/\"");
  }
  if (value == kBackfillName || value == kLockName || value.starts_with('.')) {
    return Bad(definition, value, "is a reserved name");
  }
  return Ok();
}

Status CheckJobPrefix(const Definition& definition, std::string_view value) {
  constexpr std::size_t kPrefixBytesMax = 200;
  for (const char c : value) {
    const bool legal = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '_' || c == '-';
    if (!legal) return Bad(definition, value, "job ids hold only letters, digits, _ and -");
  }
  if (value.size() > kPrefixBytesMax)
    return Bad(definition, value, "is longer than 200 characters");
  return Ok();
}

Status CheckDefault(const Definition& definition, std::string_view value) {
  if (definition.kind == Kind::kDefaultBool) {
    const std::optional<bool> on = ParseBool(value);
    if (!on) return Bad(definition, value, "must be y/yes/t/true/on/1 or n/no/f/false/off/0");
    if (*on != (definition.defaults == "true")) return NeedsFeature(definition, value);
    return Ok();
  }
  for (const std::string_view accepted : Split(definition.defaults, '|')) {
    if (value == accepted) return Ok();
  }
  return NeedsFeature(definition, value);
}

// Checks `value` and puts the numbers and booleans where they belong; texts are taken by the
// caller.
Status Apply(const Definition& definition, const std::string& value, Variables& into) {
  const std::optional<std::int64_t> number = ParseInt64(value);
  switch (definition.kind) {
    case Kind::kFileName:
      return CheckFileName(definition, value);
    case Kind::kPattern:
      into.pattern = TRY(PathPattern::Compile(value));
      return Ok();
    case Kind::kBytes:
      if (!number || *number < 1)
        return Bad(definition, value, "must be a number of bytes, at least 1");
      into.batch_bytes_max = static_cast<std::uint64_t>(*number);
      return Ok();
    case Kind::kJobPrefix:
      return CheckJobPrefix(definition, value);
    case Kind::kText:
      return Ok();
    case Kind::kRetries:
      if (!number || *number < 0 || *number > 9)
        return Bad(definition, value, "must be a number from 0 to 9");
      into.retries_max = static_cast<int>(*number);
      return Ok();
    case Kind::kSeconds:
      if (!number || *number < 0) return Bad(definition, value, "must be a number of seconds");
      return Ok();
    case Kind::kBool: {
      const std::optional<bool> on = ParseBool(value);
      if (!on) return Bad(definition, value, "must be y/yes/t/true/on/1 or n/no/f/false/off/0");
      into.order_per_table = *on;
      return Ok();
    }
    case Kind::kDefaultBool:
    case Kind::kDefaultText:
      return CheckDefault(definition, value);
  }
  return Ok();
}

}  // namespace

bool IsVariable(std::string_view name) { return FindDefinition(name) != nullptr; }

Result<Variables> ParseVariables(const std::map<std::string, std::string>& given) {
  Variables parsed;
  parsed.pattern = TRY(PathPattern::Compile(""));
  for (const auto& [name, value] : given) {
    const Definition* definition = FindDefinition(name);
    if (definition == nullptr) {
      std::vector<std::string_view> names;
      for (const Definition& known : kDefinitions) names.push_back(known.name);
      const std::string_view nearest = Nearest(name, names);
      return InvalidArgument(
          "unknown variable \"" + name + "\"" +
              (nearest.empty() ? "" : "; did you mean " + std::string(nearest) + "?"),
          "invalidVariable", name);
    }
    TRY(Apply(*definition, value, parsed));
  }
  const auto text = [&](const char* name, std::string& into) {
    const auto found = given.find(name);
    if (found != given.end() && !found->second.empty()) into = found->second;
  };
  text("SUCCESS_FILENAME", parsed.names.success);
  text("START_BACKFILL_FILENAME", parsed.names.start_backfill);
  text("JOB_PREFIX", parsed.job_prefix);
  text("GCP_PROJECT", parsed.job_project);
  text("BQ_PROJECT", parsed.job_project);
  text("BQ_STORAGE_PROJECT", parsed.storage_project);
  text("FUNCTION_NAME", parsed.service);
  text("K_SERVICE", parsed.service);
  if (parsed.names.success == parsed.names.start_backfill) {
    return InvalidArgument(
        "SUCCESS_FILENAME and START_BACKFILL_FILENAME are both \"" + parsed.names.success + "\"",
        "invalidVariable", "START_BACKFILL_FILENAME");
  }
  return parsed;
}

}  // namespace landfall::ingest
