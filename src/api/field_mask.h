// Partial responses: the `fields` parameter of Google's REST APIs,
// "kind,items(name,metadata/k),nextPageToken". Pure.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/status.h"

namespace landfall::api {

struct FieldMask {
  std::map<std::string, FieldMask, std::less<>> members =
      {};  // empty: everything below; "*" stands for any member
};
// kInvalidArgument/"invalidParameter" naming `fields`.
Result<FieldMask> ParseFieldMask(std::string_view text);
// What of `value` the mask selects. Arrays are looked through.
Json ApplyFieldMask(const FieldMask& mask, const Json& value);

}  // namespace landfall::api
