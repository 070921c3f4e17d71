// What Cloud Storage requests say outside their bodies: parameters and headers. Private to the
// storage adapter.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"
#include "net/net.h"
#include "storage/storage.h"

namespace landfall::api::storage_json {

// An empty value counts as absent; what is not a number is kInvalidArgument/"invalidParameter"
// naming the parameter.
Result<std::optional<std::int64_t>> Int64Query(const net::Request& request, std::string_view name);
// Empty when absent.
std::string TextQuery(const net::Request& request, std::string_view name);
Result<std::string> RequiredQuery(const net::Request& request, std::string_view name);
Result<bool> BoolQuery(const net::Request& request, std::string_view name);

// kInvalidArgument/"invalidParameter" naming the first parameter that is not in `accepted` (names
// separated by blanks; @meta, @match and @source are groups, @any takes all) nor one of those all
// methods take; kUnimplemented naming a parameter or header we know and cannot honour; also checks
// `alt`.
Status CheckParameters(const net::Request& request, std::string_view accepted);

// ifGenerationMatch and its three siblings, If-Match and If-None-Match.
Result<storage::Precondition> PreconditionOf(const net::Request& request);
// The ifSource* forms.
Result<storage::Precondition> SourcePreconditionOf(const net::Request& request);
Result<std::optional<std::int64_t>> GenerationOf(const net::Request& request);
// x-goog-hash, all values of all its lines, and Content-MD5.
Result<storage::Checksums> ChecksumsOf(const net::Request& request);
Result<std::uint32_t> ParseCrc32c(std::string_view base64);
Result<std::string> ParseMd5(std::string_view base64);
Result<storage::ListOptions> ListOptionsOf(const net::Request& request);

// projection=full.
Result<bool> WantsFull(const net::Request& request);
bool WantsMedia(const net::Request& request);

// The body as a JSON object; an empty body is an empty object.
Result<JsonObject> ReadJsonBody(net::Request& request);

}  // namespace landfall::api::storage_json
