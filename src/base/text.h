// Small, pure text functions used by several modules.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"

namespace landfall {

std::string Base64(std::string_view bytes);             // standard alphabet, padded
Result<std::string> FromBase64(std::string_view text);  // standard or URL-safe, padding optional
std::string Hex(std::string_view bytes);                // lower case
std::string PercentEncode(std::string_view text);       // everything but A-Z a-z 0-9 - . _ ~
Result<std::string> PercentDecode(
    std::string_view text);  // kInvalidArgument on a cut or non-hex escape
// Views into `text`, which must outlive them: a temporary is no good in a range-for.
std::vector<std::string_view> Split(std::string_view text, char separator);  // "" gives {""}
std::string_view Trim(std::string_view text);                                // spaces, tabs, CR, LF
std::string AsciiLower(std::string_view text);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);  // ASCII
bool IsValidUtf8(std::string_view text);                        // no overlong forms, no surrogates
// The whole text as a decimal integer; nullopt otherwise (also when it does not fit).
std::optional<std::int64_t> ParseInt64(std::string_view text);
// y yes t true on 1 / n no f false off 0, any case.
std::optional<bool> ParseBool(std::string_view text);
// The candidate with the fewest edits to `word`, empty when all are far off. For "did you mean".
std::string_view Nearest(std::string_view word, const std::vector<std::string_view>& candidates);
// 1536 -> "1.5 KiB".
std::string HumanBytes(std::uint64_t bytes);

}  // namespace landfall
