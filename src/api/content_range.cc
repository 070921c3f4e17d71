#include "api/content_range.h"

#include <algorithm>
#include <string>

#include "base/text.h"

namespace landfall::api {
namespace {

// Digits only: no sign, no space.
std::optional<std::uint64_t> ParseCount(std::string_view text) {
  if (text.empty() || text.find_first_not_of("0123456789") != std::string_view::npos)
    return std::nullopt;
  const auto value = ParseInt64(text);
  if (!value) return std::nullopt;
  return static_cast<std::uint64_t>(*value);
}

Status Malformed(std::string_view header) {
  return InvalidArgument(
      "Invalid Content-Range header: \"" + std::string(header.substr(0, 100)) + "\"", "invalid",
      "Content-Range");
}

}  // namespace

Result<ContentRange> ParseContentRange(std::string_view header) {
  std::string_view rest = Trim(header);
  if (rest.size() < 6 || !EqualsIgnoreCase(rest.substr(0, 5), "bytes") ||
      (rest[5] != ' ' && rest[5] != '=')) {
    return Malformed(header);
  }
  rest = Trim(rest.substr(6));
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return Malformed(header);
  const std::string_view range = rest.substr(0, slash), total = rest.substr(slash + 1);
  ContentRange parsed;
  if (total != "*") {
    parsed.total = ParseCount(total);
    if (!parsed.total) return Malformed(header);
  }
  if (range == "*") return parsed;
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return Malformed(header);
  parsed.first = ParseCount(range.substr(0, dash));
  if (!parsed.first) return Malformed(header);
  if (range.substr(dash + 1) != "*") {
    parsed.last = ParseCount(range.substr(dash + 1));
    if (!parsed.last || *parsed.last < *parsed.first) return Malformed(header);
    if (parsed.total && *parsed.last >= *parsed.total) return Malformed(header);
  }
  if (parsed.total && *parsed.first > *parsed.total) return Malformed(header);
  return parsed;
}

RangeChoice ChooseRange(std::optional<std::string_view> header, std::uint64_t size_bytes) {
  if (!header) return {};
  std::string_view rest = Trim(*header);
  if (rest.size() < 6 || !EqualsIgnoreCase(rest.substr(0, 6), "bytes=")) return {};
  rest = Trim(rest.substr(6));
  const std::size_t dash = rest.find('-');
  if (dash == std::string_view::npos) return {};
  const std::string_view first_text = Trim(rest.substr(0, dash)),
                         last_text = Trim(rest.substr(dash + 1));
  const auto first = ParseCount(first_text), last = ParseCount(last_text);
  if (first_text.empty()) {
    if (!last) return {};
    if (*last == 0 || size_bytes == 0) return {.kind = RangeChoice::Kind::kUnsatisfiable};
    const std::uint64_t bytes = std::min(*last, size_bytes);
    return {RangeChoice::Kind::kPart, {size_bytes - bytes, bytes}};
  }
  if (!first || (!last_text.empty() && (!last || *last < *first))) return {};
  if (*first >= size_bytes) return {.kind = RangeChoice::Kind::kUnsatisfiable};
  const std::uint64_t end = last_text.empty() ? size_bytes : std::min(*last + 1, size_bytes);
  return {RangeChoice::Kind::kPart, {*first, end - *first}};
}

}  // namespace landfall::api
