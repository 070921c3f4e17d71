#include "ingest/job_id.h"

#include <algorithm>

#include "base/hash.h"
#include "base/text.h"

namespace landfall::ingest {
namespace {

bool IsWord(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

// Dashes separate the parts of an id, so those inside a name become `_`.
std::string NamePart(std::string_view name) {
  std::string part(name);
  std::ranges::replace_if(part, [](char c) { return !IsWord(c); }, '_');
  return part;
}

}  // namespace

std::string JobIdStem(const JobNaming& naming) {
  std::string stem = naming.prefix;
  if (!naming.data_source.empty() && !naming.table.empty()) {
    stem += NamePart(naming.data_source) + "-" + NamePart(naming.dataset) + "-" +
            NamePart(naming.table);
    for (std::size_t at = 0; at < naming.partition.size();) {
      const std::size_t digits = at == 0 ? 4 : 2;
      stem += "-" + naming.partition.substr(at, digits);
      at += digits;
    }
    return stem + "-";
  }
  std::string path = naming.bucket + "/" + naming.object;
  std::ranges::replace(path, '/', '-');
  std::ranges::replace_if(path, [](char c) { return !IsWord(c) && c != '-'; }, '_');
  return stem + path;
}

std::string JobId(const JobNaming& naming, std::size_t number) {
  // Zero bytes separate the parts: no bucket or object name holds one.
  std::string identity = naming.bucket;
  identity += '\0';
  identity += naming.object;
  identity += '\0';
  identity += std::to_string(naming.generation);
  const std::string suffix = Sha256Hex(identity).substr(0, 32) + "-" + std::to_string(number);
  return JobIdStem(naming).substr(0, kJobIdBytesMax - suffix.size()) + suffix;
}

std::string LabelValue(std::string_view text) {
  std::string value = AsciiLower(text);
  std::ranges::replace_if(value, [](char c) { return !IsWord(c) && c != '-'; }, '_');
  if (value.size() <= kLabelBytesMax) return value;
  constexpr std::size_t kHashBytes = 8;
  return value.substr(0, kLabelBytesMax - kHashBytes - 1) + "-" +
         Sha256Hex(text).substr(0, kHashBytes);
}

std::map<std::string, std::string> JobLabels(std::string_view service, std::string_view batch,
                                             std::string_view bucket) {
  std::map<std::string, std::string> labels = {{"component", "event-based-gcs-ingest"},
                                               {"cloud-function-name", LabelValue(service)},
                                               {"bucket-id", LabelValue(bucket)}};
  if (!batch.empty()) labels["batch-id"] = LabelValue(batch);
  return labels;
}

}  // namespace landfall::ingest
