// The range headers of uploads and downloads. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/status.h"

namespace landfall::api {

// Content-Range of a resumable upload's request. "bytes */*" has nothing set; "bytes */T" only
// `total`; "bytes A-*/..." no `last`.
struct ContentRange {
  std::optional<std::uint64_t> first = {}, last = {}, total = {};
};
// kInvalidArgument/"invalid" naming the header for anything else.
Result<ContentRange> ParseContentRange(std::string_view header);

// The bytes a download's Range header selects.
struct ByteRange {
  std::uint64_t offset = 0, bytes = 0;
};
struct RangeChoice {
  enum class Kind : std::uint8_t { kWhole, kPart, kUnsatisfiable } kind = Kind::kWhole;
  ByteRange part = {};
};
// What does not parse and several ranges at once are ignored: the whole object.
RangeChoice ChooseRange(std::optional<std::string_view> header, std::uint64_t size_bytes);

}  // namespace landfall::api
