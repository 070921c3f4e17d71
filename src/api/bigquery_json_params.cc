#include "api/bigquery_json_params.h"

#include <algorithm>

#include "base/text.h"

namespace landfall::api::bigquery_json {
namespace {

constexpr std::size_t kJsonBodyBytesMax = 10u
                                          << 20;  // a query may be 1 MiB, a schema 10,000 fields
constexpr std::size_t kLabelsMax = 64, kLabelCharactersMax = 63;
constexpr std::int64_t kWaitDefaultMs = 10'000, kWaitMsMax = 200'000;

using Words = std::vector<std::string_view>;

bool Has(const Words& words, std::string_view word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// Parameters that change what a method does and that are not built, with the values that ask for
// what we do anyway.
struct UnbuiltParameter {
  std::string_view name, neutral;
};
constexpr UnbuiltParameter kUnbuiltParameters[] = {
    {"all", "false"},
    {"autodetect_schema", "false"},
    {"accessPolicyVersion", ""},
    {"updateMode", "UPDATE_FULL"},
};

Status BadParameter(std::string_view name, std::string_view value) {
  return InvalidArgument("Invalid value '" + std::string(value.substr(0, 100)) +
                             "' for parameter " + std::string(name),
                         "invalidParameter", std::string(name));
}

// Whether a member asks for nothing: null, false, "", or a container of only such.
bool SaysNothing(const Json& value) {
  if (value.is_null()) return true;
  if (value.is_bool()) return !value.get_bool();
  if (value.is_string()) return value.get_string().empty();
  if (value.is_array()) return value.get_array().empty();
  if (!value.is_object()) return false;
  return std::all_of(value.get_object().begin(), value.get_object().end(),
                     [](const auto& member) { return SaysNothing(member.value()); });
}

bool IsLabelText(std::string_view text) {
  if (text.size() > kLabelCharactersMax * 4 || !IsValidUtf8(text)) return false;
  std::size_t characters = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte & 0xc0) != 0x80) ++characters;
    const bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    if (byte < 0x80 && !plain) return false;
  }
  return characters <= kLabelCharactersMax;
}

Status SetTimestampFormat(std::string_view format, RowsWish& wish) {
  if (format.empty() || format == "TIMESTAMP_OUTPUT_FORMAT_UNSPECIFIED") return {};
  if (format == "FLOAT64" || format == "INT64") {
    wish.request.int64_timestamps = format == "INT64";
    return {};
  }
  constexpr std::string_view kName = "formatOptions.timestampOutputFormat";
  if (format != "ISO8601_STRING") return BadParameter(kName, format);
  return Unimplemented(std::string(kName) + " ISO8601_STRING is not implemented", "notImplemented",
                       std::string(kName));
}

}  // namespace

Status CheckMembers(const JsonObject& object, const Members& members) {
  for (const auto& member : object) {
    const std::string_view name = member.key();
    if (Has(members.built, name) || Has(members.output_only, name)) continue;
    std::string path = std::string(members.where) + "." + std::string(name.substr(0, 100));
    if (Has(members.unbuilt, name)) {
      if (SaysNothing(member.value())) continue;
      return Unimplemented("field " + path + " is not implemented", "notImplemented", path);
    }
    const std::string_view nearest = Nearest(name, members.built);
    return InvalidArgument(
        "Unknown field " + path +
            (nearest.empty() ? "" : "; did you mean \"" + std::string(nearest) + "\"?"),
        "invalid", path);
  }
  return {};
}

Result<std::string> RequiredText(const JsonObject& object, std::string_view name,
                                 std::string_view where) {
  std::string text = TRY(TextOr(object, name));
  if (!text.empty()) return text;
  const std::string path = std::string(where) + "." + std::string(name);
  return InvalidArgument("Required parameter is missing: " + path, "required", path);
}

Result<std::string> TextOr(const JsonObject& object, std::string_view name,
                           std::string_view fallback) {
  return TRY(StringMember(object, name)).value_or(std::string(fallback));
}

Result<std::vector<std::string>> TextArray(const JsonObject& object, std::string_view name,
                                           std::string_view where) {
  std::vector<std::string> texts;
  const JsonArray* const items = TRY(ArrayMember(object, name));
  if (items == nullptr) return texts;
  for (const Json& item : *items) {
    if (!item.is_string()) {
      return InvalidArgument(std::string(where) + "." + std::string(name) +
                             " must hold strings only");
    }
    texts.emplace_back(item.get_string());
  }
  return texts;
}

Status CheckAgrees(const JsonObject& object, std::string_view name, std::string_view expected,
                   std::string_view by) {
  const std::string got = TRY(TextOr(object, name));
  if (got.empty() || got == expected) return {};
  return InvalidArgument("Value '" + got.substr(0, 1100) + "' of " + std::string(name) +
                             " in the body does not agree with value '" + std::string(expected) +
                             "' of " + std::string(by) + ".",
                         "invalid", std::string(name));
}

Result<warehouse::Labels> ParseLabels(const JsonObject& object) {
  warehouse::Labels labels;
  const JsonObject* const members = TRY(ObjectMember(object, "labels"));
  if (members == nullptr) return labels;
  if (members->size() > kLabelsMax) {
    return InvalidArgument("a resource has at most 64 labels", "invalid", "labels");
  }
  for (const auto& member : *members) {
    const std::string key(member.key());
    const bool starts_well =
        !key.empty() && std::string_view("-_0123456789").find(key[0]) == std::string_view::npos;
    if (!starts_well || !IsLabelText(key)) {
      return InvalidArgument("Label key \"" + key.substr(0, 300) +
                                 "\" must be 1-63 lower-case letters, digits, _ and -, starting "
                                 "with a letter",
                             "invalid", "labels");
    }
    if (!member.value().is_string() || !IsLabelText(std::string_view(member.value().get_string())))
      return InvalidArgument(
          "Label value of \"" + key + "\" must be at most 63 lower-case letters, digits, _ and -",
          "invalid", "labels");
    labels.emplace(key, std::string(member.value().get_string()));
  }
  return labels;
}

std::string TextQuery(const net::Request& request, std::string_view name) {
  return std::string(request.Query(name).value_or(std::string_view()));
}

Result<std::optional<std::int64_t>> CountQuery(const net::Request& request, std::string_view name) {
  const std::string_view text = request.Query(name).value_or("");
  if (text.empty()) return std::optional<std::int64_t>();
  const auto value = ParseInt64(text);
  if (!value || *value < 0) return BadParameter(name, text);
  return std::optional<std::int64_t>(*value);
}

Result<bool> BoolQuery(const net::Request& request, std::string_view name) {
  const std::string_view text = request.Query(name).value_or("");
  if (text.empty()) return false;
  const auto value = ParseBool(text);
  if (!value) return BadParameter(name, text);
  return *value;
}

Status RefuseUnsupported(const net::Request& request) {
  for (const UnbuiltParameter& parameter : kUnbuiltParameters) {
    const std::string_view value = request.Query(parameter.name).value_or("");
    if (value.empty() || EqualsIgnoreCase(value, parameter.neutral)) continue;
    return Unimplemented("parameter " + std::string(parameter.name) + " is not implemented",
                         "notImplemented", std::string(parameter.name));
  }
  const std::string_view alt = request.Query("alt").value_or("json");
  if (alt != "json" && !alt.empty()) return BadParameter("alt", alt);
  return {};
}

Result<warehouse::PageOptions> PageOptionsOf(const net::Request& request) {
  warehouse::PageOptions options;
  options.results_max =
      static_cast<std::size_t>(TRY(CountQuery(request, "maxResults")).value_or(0));
  options.page_token = TextQuery(request, "pageToken");
  return options;
}

Result<RowsWish> RowsWishOf(const net::Request& request) {
  RowsWish wish;
  const auto results = TRY(CountQuery(request, "maxResults"));
  wish.none = results == 0;
  wish.request.rows_max = static_cast<std::size_t>(results.value_or(0));
  wish.request.start_index =
      static_cast<std::uint64_t>(TRY(CountQuery(request, "startIndex")).value_or(0));
  wish.request.page_token = TextQuery(request, "pageToken");
  const std::string selected = TextQuery(request, "selectedFields");
  for (const std::string_view field : Split(selected, ',')) {
    if (!Trim(field).empty()) wish.request.selected_fields.emplace_back(Trim(field));
  }
  wish.request.int64_timestamps = TRY(BoolQuery(request, "formatOptions.useInt64Timestamp"));
  TRY(SetTimestampFormat(request.Query("formatOptions.timestampOutputFormat").value_or(""), wish));
  return wish;
}

Status SetFormat(const JsonObject* formats, RowsWish& wish) {
  if (formats == nullptr) return {};
  TRY(CheckMembers(*formats, {.where = "formatOptions",
                              .built = {"useInt64Timestamp", "timestampOutputFormat"}}));
  wish.request.int64_timestamps = TRY(BoolMember(*formats, "useInt64Timestamp")).value_or(false);
  return SetTimestampFormat(TRY(TextOr(*formats, "timestampOutputFormat")), wish);
}

Result<std::chrono::milliseconds> WaitOf(std::optional<std::int64_t> timeout_ms) {
  const std::int64_t wait = timeout_ms.value_or(kWaitDefaultMs);
  if (wait < 0) return BadParameter("timeoutMs", std::to_string(wait));
  return std::chrono::milliseconds(std::min(wait, kWaitMsMax));
}

std::string IfMatchOf(const net::Request& request) {
  std::string_view etag = Trim(request.headers.Get("If-Match").value_or(""));
  if (etag.starts_with("W/")) etag.remove_prefix(2);
  if (etag.size() >= 2 && etag.starts_with('"') && etag.ends_with('"')) {
    etag = etag.substr(1, etag.size() - 2);
  }
  return std::string(etag);
}

Result<JsonObject> ReadJsonBody(net::Request& request) {
  const std::string text = TRY(net::ReadBody(request, kJsonBodyBytesMax));
  if (Trim(text).empty()) return JsonObject();
  Json body = TRY(ParseJson(text));
  if (!body.is_object()) return InvalidArgument("the body must be a JSON object", "parseError");
  return std::move(body.get_object());
}

}  // namespace landfall::api::bigquery_json
