// Checks of REST objects: which members are known, which of them are built, and what an enum may
// say. What is unknown is refused with the nearest valid word; what is known and not built is
// refused by name. Private to the module.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace landfall::warehouse {

struct RestKeys {
  std::string_view where;  // "configuration.load": for messages
  std::vector<std::string_view> built;
  std::vector<std::string_view>
      output_only;  // accepted and ignored, as Google does for what a client echoes back
  std::vector<std::string_view> unbuilt;  // refused unless null, false, "" or empty
};
Status CheckKeys(const JsonObject& object, const RestKeys& keys);

// Whether a member says nothing: null, false, "", [] or {}.
bool SaysNothing(const Json& value);

// One of `built`, as its index; nullopt when the member is absent.
Result<std::optional<std::size_t>> EnumMember(const JsonObject& object, std::string_view name,
                                              std::string_view where,
                                              const std::vector<std::string_view>& built,
                                              const std::vector<std::string_view>& unbuilt = {});

Result<std::string> RequiredString(const JsonObject& object, std::string_view name,
                                   std::string_view where);
Result<std::vector<std::string>> StringArray(const JsonObject& object, std::string_view name,
                                             std::string_view where);

}  // namespace landfall::warehouse
