#include "storage/names.h"

#include <algorithm>
#include <array>
#include <string>

#include "base/text.h"

namespace landfall::storage {
namespace {

constexpr std::size_t kObjectNameBytesMax = 1024;
constexpr std::size_t kMetadataNameBytesMax = 1024, kMetadataValueBytesMax = 4096,
                      kMetadataBytesMax = 8192;
constexpr std::size_t kAttributeBytesMax = 1024;
constexpr std::size_t kLabelsMax = 64, kLabelCharactersMax = 63, kLabelBytesMax = 128;
constexpr std::size_t kCustomAttributesMax = 5, kCustomKeyMax = 256, kCustomValueMax = 1024;

bool IsLowerOrDigit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

std::size_t Characters(std::string_view utf8) {
  return static_cast<std::size_t>(std::count_if(utf8.begin(), utf8.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

bool LooksLikeIpAddress(std::string_view name) {
  const auto parts = Split(name, '.');
  return parts.size() == 4 && std::all_of(parts.begin(), parts.end(), [](std::string_view part) {
           const auto n = ParseInt64(part);
           return n && *n >= 0 && *n <= 255;
         });
}

Status BadBucketName(std::string_view name, std::string_view rule) {
  return InvalidArgument("Invalid bucket name '" + std::string(name) + "': " + std::string(rule),
                         "invalid");
}

Status CheckHeaderValue(std::string_view field, std::string_view value) {
  if (value.size() > kAttributeBytesMax) {
    return InvalidArgument(std::string(field) + " is " + std::to_string(value.size()) +
                               " bytes; the limit is " + std::to_string(kAttributeBytesMax),
                           "invalidArgument");
  }
  if (!IsValidUtf8(value) ||
      value.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    return InvalidArgument(std::string(field) + " must be UTF-8 without CR, LF and NUL",
                           "invalidArgument");
  }
  return {};
}

}  // namespace

Status CheckBucketName(std::string_view name) {
  const bool dotted = name.find('.') != std::string_view::npos;
  if (name.size() < 3 || name.size() > (dotted ? 222u : 63u)) {
    return BadBucketName(name, "it must have 3 to 63 characters, or up to 222 with dots");
  }
  for (const char c : name) {
    if (!IsLowerOrDigit(c) && c != '-' && c != '_' && c != '.') {
      return BadBucketName(name, "only lower-case letters, digits, '-', '_' and '.' are allowed");
    }
  }
  if (!IsLowerOrDigit(name.front()) || !IsLowerOrDigit(name.back())) {
    return BadBucketName(name, "it must start and end with a letter or a digit");
  }
  for (const std::string_view part : Split(name, '.')) {
    if (part.empty() || part.size() > 63)
      return BadBucketName(name, "each dotted part must have 1 to 63 characters");
  }
  if (LooksLikeIpAddress(name)) return BadBucketName(name, "it must not look like an IP address");
  if (name.starts_with("goog")) return BadBucketName(name, "it must not start with 'goog'");
  for (const std::string_view word : {"google", "g00gle"}) {
    if (name.find(word) != std::string_view::npos)
      return BadBucketName(name, "it must not contain 'google'");
  }
  return {};
}

Status CheckObjectName(std::string_view name) {
  if (name.empty()) return InvalidArgument("Required parameter: name", "required", "name");
  if (name.size() > kObjectNameBytesMax) {
    return InvalidArgument(
        "object name is " + std::to_string(name.size()) + " bytes; the limit is 1024", "invalid");
  }
  if (name == "." || name == "..") {
    return InvalidArgument("object name must not be '" + std::string(name) + "'", "invalid");
  }
  if (name.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) {
    return InvalidArgument("object name must not contain CR, LF or NUL", "invalid");
  }
  if (!IsValidUtf8(name)) return InvalidArgument("object name must be valid UTF-8", "invalid");
  if (name.starts_with(".well-known/acme-challenge/")) {
    return InvalidArgument("object name must not start with '.well-known/acme-challenge/'",
                           "invalid");
  }
  return {};
}

Status CheckStorageClass(std::string_view storage_class) {
  constexpr std::array<std::string_view, 7> kClasses = {"STANDARD",
                                                        "NEARLINE",
                                                        "COLDLINE",
                                                        "ARCHIVE",
                                                        "MULTI_REGIONAL",
                                                        "REGIONAL",
                                                        "DURABLE_REDUCED_AVAILABILITY"};
  if (std::find(kClasses.begin(), kClasses.end(), storage_class) != kClasses.end()) return {};
  return InvalidArgument("Invalid storage class '" + std::string(storage_class) + "'",
                         "invalidArgument");
}

Status CheckLabels(const Labels& labels) {
  if (labels.size() > kLabelsMax)
    return InvalidArgument("a bucket has at most 64 labels", "invalidArgument");
  for (const auto& [key, value] : labels) {
    if (key.empty()) return InvalidArgument("a label key must not be empty", "invalidArgument");
    for (const std::string& text : {key, value}) {
      if (!IsValidUtf8(text) || text.size() > kLabelBytesMax ||
          Characters(text) > kLabelCharactersMax) {
        return InvalidArgument(
            "label '" + key + "': key and value have at most 63 characters and 128 bytes",
            "invalidArgument");
      }
    }
  }
  return {};
}

Status CheckAttributes(const ObjectAttributes& a) {
  TRY(CheckHeaderValue("contentType", a.content_type));
  TRY(CheckHeaderValue("contentEncoding", a.content_encoding));
  TRY(CheckHeaderValue("contentDisposition", a.content_disposition));
  TRY(CheckHeaderValue("contentLanguage", a.content_language));
  TRY(CheckHeaderValue("cacheControl", a.cache_control));
  if (!a.storage_class.empty()) TRY(CheckStorageClass(a.storage_class));
  std::size_t together = 0;
  for (const auto& [key, value] : a.metadata) {
    if (key.empty() || key.size() > kMetadataNameBytesMax ||
        value.size() > kMetadataValueBytesMax) {
      return InvalidArgument(
          "metadata '" + key.substr(0, 64) + "': a name has 1 to 1024 bytes, a value at most 4096",
          "invalidArgument");
    }
    if (!IsValidUtf8(key) || !IsValidUtf8(value)) {
      return InvalidArgument("metadata must be valid UTF-8", "invalidArgument");
    }
    together += key.size() + value.size();
  }
  if (together > kMetadataBytesMax) {
    return InvalidArgument("metadata is " + std::to_string(together) + " bytes; the limit is 8192",
                           "invalidArgument");
  }
  return {};
}

Status CheckNotification(const NotificationConfig& config) {
  if (config.payload_format != "JSON_API_V1" && config.payload_format != "NONE") {
    return InvalidArgument("payload_format must be JSON_API_V1 or NONE", "invalidArgument",
                           "payload_format");
  }
  constexpr std::array<std::string_view, 4> kEvents = {"OBJECT_FINALIZE", "OBJECT_METADATA_UPDATE",
                                                       "OBJECT_DELETE", "OBJECT_ARCHIVE"};
  for (const std::string& event : config.event_types) {
    if (std::find(kEvents.begin(), kEvents.end(), event) == kEvents.end()) {
      return InvalidArgument("unknown event type '" + event + "'", "invalidArgument",
                             "event_types");
    }
  }
  if (config.object_name_prefix.size() > kObjectNameBytesMax ||
      !IsValidUtf8(config.object_name_prefix)) {
    return InvalidArgument("object_name_prefix must be UTF-8 of at most 1024 bytes",
                           "invalidArgument");
  }
  if (config.custom_attributes.size() > kCustomAttributesMax) {
    return InvalidArgument("a notification has at most 5 custom attributes", "invalidArgument");
  }
  for (const auto& [key, value] : config.custom_attributes) {
    if (key.empty() || Characters(key) > kCustomKeyMax || Characters(value) > kCustomValueMax) {
      return InvalidArgument("custom attribute '" + key.substr(0, 64) +
                                 "': a key has 1 to 256 characters, a value at most 1024",
                             "invalidArgument");
    }
  }
  return {};
}

}  // namespace landfall::storage
