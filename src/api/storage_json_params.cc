#include "api/storage_json_params.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace landfall::api::storage_json {
namespace {

constexpr std::size_t kJsonBodyBytesMax = 1 << 20;
constexpr std::int64_t kResultsMax = 1000;

// What every method takes.
constexpr std::string_view kCommonQuery[] = {
    "alt",        "fields",      "key",        "prettyPrint",  "quotaUser",    "userIp",
    "uploadType", "userProject", "projection", "oauth_token",  "access_token", "callback",
    "$alt",       "$fields",     "$key",       "$prettyPrint", "$.xgafv",      "upload_protocol"};
struct Group {
  std::string_view name;
  std::vector<std::string_view> members;
};
const std::vector<Group>& Groups() {
  static const std::vector<Group> groups = {
      {"@meta", {"ifMetagenerationMatch", "ifMetagenerationNotMatch"}},
      {"@match",
       {"ifMetagenerationMatch", "ifMetagenerationNotMatch", "ifGenerationMatch",
        "ifGenerationNotMatch", "generation"}},
      {"@source",
       {"ifSourceGenerationMatch", "ifSourceGenerationNotMatch", "ifSourceMetagenerationMatch",
        "ifSourceMetagenerationNotMatch", "sourceGeneration"}}};
  return groups;
}

// Parameters that change what a call does and that we do not implement. Their neutral values pass.
constexpr std::array<std::string_view, 4> kUnsupportedQuery = {
    "kmsKeyName", "destinationKmsKeyName", "restoreToken", "filter"};
constexpr std::array<std::string_view, 2> kUnsupportedHeaders = {"x-goog-encryption-",
                                                                 "x-goog-copy-source-encryption-"};

Status BadParameter(std::string_view name, std::string_view value) {
  return InvalidArgument("Invalid value '" + std::string(value.substr(0, 100)) +
                             "' for parameter " + std::string(name),
                         "invalidParameter", std::string(name));
}

std::vector<std::string> EtagsIn(std::optional<std::string_view> header) {
  std::vector<std::string> etags;
  if (!header) return etags;
  for (std::string_view etag : Split(*header, ',')) {
    etag = Trim(etag);
    if (etag.starts_with("W/")) etag.remove_prefix(2);
    if (etag.size() >= 2 && etag.starts_with('"') && etag.ends_with('"'))
      etag = etag.substr(1, etag.size() - 2);
    if (!etag.empty()) etags.emplace_back(etag);
  }
  return etags;
}

}  // namespace

Result<std::optional<std::int64_t>> Int64Query(const net::Request& request, std::string_view name) {
  const auto text = request.Query(name);
  if (!text || text->empty()) return std::optional<std::int64_t>();
  const auto value = ParseInt64(*text);
  if (!value) return BadParameter(name, *text);
  return std::optional<std::int64_t>(*value);
}

std::string TextQuery(const net::Request& request, std::string_view name) {
  return std::string(request.Query(name).value_or(std::string_view()));
}

Result<std::string> RequiredQuery(const net::Request& request, std::string_view name) {
  std::string value = TextQuery(request, name);
  if (value.empty()) {
    return InvalidArgument("Required parameter: " + std::string(name), "required",
                           std::string(name));
  }
  return value;
}

Result<bool> BoolQuery(const net::Request& request, std::string_view name) {
  const std::string_view text = request.Query(name).value_or("");
  if (text.empty()) return false;
  const auto value = ParseBool(text);
  if (!value) return BadParameter(name, text);
  return *value;
}

namespace {

bool IsCommon(std::string_view name) {
  return std::find(std::begin(kCommonQuery), std::end(kCommonQuery), name) !=
         std::end(kCommonQuery);
}

// Calls `visit` with every name that `accepted` stands for, until it says true.
template <typename Visit>
bool AnyAccepted(std::string_view accepted, Visit visit) {
  while (!accepted.empty()) {
    const std::string_view word = accepted.substr(0, accepted.find(' '));
    accepted.remove_prefix(std::min(accepted.size(), word.size() + 1));
    if (!word.starts_with('@')) {
      if (visit(word)) return true;
      continue;
    }
    for (const Group& group : Groups()) {
      if (group.name == word && std::any_of(group.members.begin(), group.members.end(), visit))
        return true;
    }
  }
  return false;
}

bool Accepts(std::string_view accepted, std::string_view name) {
  return AnyAccepted(accepted, [name](std::string_view one) { return one == name; });
}

Status UnknownParameter(const net::Request& request, std::string_view accepted,
                        const std::string& name) {
  std::vector<std::string_view> known(std::begin(kCommonQuery), std::end(kCommonQuery));
  AnyAccepted(accepted, [&](std::string_view one) {
    known.push_back(one);
    return false;
  });
  const std::string_view near = Nearest(name, known);
  return InvalidArgument("Unknown parameter '" + name.substr(0, 100) + "' for " +
                             std::string(request.route_name) +
                             (near.empty() ? "" : "; did you mean '" + std::string(near) + "'?"),
                         "invalidParameter", name.substr(0, 100));
}

Status CheckRest(const net::Request& request) {
  for (const auto& [name, value] : request.headers.all()) {
    for (const std::string_view prefix : kUnsupportedHeaders) {
      if (!EqualsIgnoreCase(std::string_view(name).substr(0, prefix.size()), prefix)) continue;
      return Unimplemented(
          "customer-supplied encryption keys (header " + name + ") are not implemented",
          "notImplemented", AsciiLower(name));
    }
  }
  const std::string_view alt = request.Query("alt").value_or("json");
  if (alt != "json" && alt != "media" && !alt.empty()) {
    return InvalidArgument(
        "Invalid value '" + std::string(alt.substr(0, 100)) + "' for parameter alt",
        "invalidAltValue", "alt");
  }
  if (alt == "media" && request.route_name != "storage.objects.get" &&
      request.route_name != "storage.objects.insert") {
    return InvalidArgument("alt=media is for downloading an object only", "notDownload", "alt");
  }
  return {};
}

}  // namespace

Status CheckParameters(const net::Request& request, std::string_view accepted) {
  if (accepted == "@any") return {};
  for (const auto& [name, value] : request.query) {
    if (!IsCommon(name) && !Accepts(accepted, name))
      return UnknownParameter(request, accepted, name);
    const bool unsupported = std::find(kUnsupportedQuery.begin(), kUnsupportedQuery.end(), name) !=
                             kUnsupportedQuery.end();
    if (unsupported && !value.empty()) {
      return Unimplemented("parameter " + name + " is not implemented", "notImplemented", name);
    }
  }
  return CheckRest(request);
}

Result<storage::Precondition> PreconditionOf(const net::Request& request) {
  storage::Precondition when;
  when.generation_match = TRY(Int64Query(request, "ifGenerationMatch"));
  when.generation_not_match = TRY(Int64Query(request, "ifGenerationNotMatch"));
  when.metageneration_match = TRY(Int64Query(request, "ifMetagenerationMatch"));
  when.metageneration_not_match = TRY(Int64Query(request, "ifMetagenerationNotMatch"));
  when.etag_match = EtagsIn(request.headers.Get("If-Match"));
  when.etag_not_match = EtagsIn(request.headers.Get("If-None-Match"));
  return when;
}

Result<storage::Precondition> SourcePreconditionOf(const net::Request& request) {
  storage::Precondition when;
  when.generation_match = TRY(Int64Query(request, "ifSourceGenerationMatch"));
  when.generation_not_match = TRY(Int64Query(request, "ifSourceGenerationNotMatch"));
  when.metageneration_match = TRY(Int64Query(request, "ifSourceMetagenerationMatch"));
  when.metageneration_not_match = TRY(Int64Query(request, "ifSourceMetagenerationNotMatch"));
  return when;
}

Result<std::optional<std::int64_t>> GenerationOf(const net::Request& request) {
  return Int64Query(request, "generation");
}

Result<std::uint32_t> ParseCrc32c(std::string_view base64) {
  const auto bytes = FromBase64(base64);
  if (!bytes.ok() || bytes->size() != 4) {
    return InvalidArgument(
        "crc32c \"" + std::string(base64.substr(0, 100)) + "\" is not base64 of 4 bytes", "invalid",
        "crc32c");
  }
  std::uint32_t crc = 0;
  for (const char c : *bytes) crc = crc << 8 | static_cast<unsigned char>(c);
  return crc;
}

Result<std::string> ParseMd5(std::string_view base64) {
  auto bytes = FromBase64(base64);
  if (!bytes.ok() || bytes->size() != 16) {
    return InvalidArgument(
        "md5 \"" + std::string(base64.substr(0, 100)) + "\" is not base64 of 16 bytes", "invalid",
        "md5Hash");
  }
  return std::move(bytes).value();
}

Result<storage::Checksums> ChecksumsOf(const net::Request& request) {
  storage::Checksums stated;
  for (const auto& [name, value] : request.headers.all()) {
    if (EqualsIgnoreCase(name, "content-md5")) stated.md5 = TRY(ParseMd5(value));
    if (!EqualsIgnoreCase(name, "x-goog-hash")) continue;
    for (std::string_view item : Split(value, ',')) {
      item = Trim(item);
      if (item.starts_with("crc32c=")) {
        stated.crc32c = TRY(ParseCrc32c(item.substr(7)));
      } else if (item.starts_with("md5=")) {
        stated.md5 = TRY(ParseMd5(item.substr(4)));
      } else if (!item.empty()) {
        return InvalidArgument(
            "x-goog-hash has an unknown algorithm: " + std::string(item.substr(0, 100)), "invalid",
            "x-goog-hash");
      }
    }
  }
  return stated;
}

Result<storage::ListOptions> ListOptionsOf(const net::Request& request) {
  storage::ListOptions options;
  options.prefix = TextQuery(request, "prefix");
  options.delimiter = TextQuery(request, "delimiter");
  options.start_offset = TextQuery(request, "startOffset");
  options.end_offset = TextQuery(request, "endOffset");
  options.page_token = TextQuery(request, "pageToken");
  options.include_trailing_delimiter = TRY(BoolQuery(request, "includeTrailingDelimiter"));
  options.match_glob = TextQuery(request, "matchGlob");
  const bool all = TRY(BoolQuery(request, "versions"));
  const bool soft_deleted = TRY(BoolQuery(request, "softDeleted"));
  if (all && soft_deleted) {
    return InvalidArgument("versions and softDeleted cannot be combined", "invalidParameter",
                           "softDeleted");
  }
  if (all) options.versions = storage::Versions::kAll;
  if (soft_deleted) options.versions = storage::Versions::kSoftDeleted;
  if (TRY(BoolQuery(request, "includeFoldersAsPrefixes")) && options.delimiter != "/") {
    return InvalidArgument("includeFoldersAsPrefixes needs the delimiter /", "invalidParameter",
                           "includeFoldersAsPrefixes");
  }
  const auto results = TRY(Int64Query(request, "maxResults"));
  if (results && *results < 1) return BadParameter("maxResults", std::to_string(*results));
  if (results) options.results_max = static_cast<std::size_t>(std::min(*results, kResultsMax));
  return options;
}

Result<bool> WantsFull(const net::Request& request) {
  const std::string_view projection = request.Query("projection").value_or("");
  if (projection.empty() || projection == "noAcl") return false;
  if (projection == "full") return true;
  return BadParameter("projection", projection);
}

bool WantsMedia(const net::Request& request) {
  return request.Query("alt") == "media" || request.path.starts_with("/download/");
}

Result<JsonObject> ReadJsonBody(net::Request& request) {
  const std::string text = TRY(net::ReadBody(request, kJsonBodyBytesMax));
  if (Trim(text).empty()) return JsonObject();
  Json body = TRY(ParseJson(text));
  if (!body.is_object()) return InvalidArgument("the body must be a JSON object", "parseError");
  return std::move(body.get_object());
}

}  // namespace landfall::api::storage_json
