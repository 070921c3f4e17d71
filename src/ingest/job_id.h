// Identities derived from a trigger: the same trigger gives the same job ids, for ever. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace landfall::ingest {

// The prior art's limit: a retry suffix "_NN" still fits into the real service's 1024.
constexpr std::size_t kJobIdBytesMax = 1021;
constexpr std::size_t kLabelBytesMax = 63;

struct JobNaming {
  std::string prefix = "gcf-ingest-";
  std::string bucket, object;   // the trigger
  std::int64_t generation = 0;  // of the trigger
  std::string data_source;  // dataSourceName; with it names come from the table, not from the path
  std::string dataset, table, partition;
};

// "gcf-ingest-b-d-t-_SUCCESS" or "gcf-ingest-source-d-t-2021-06-22-": the id without its suffix,
// not cut.
std::string JobIdStem(const JobNaming& naming);
// The id of job `number` (from 0) of the batch: the stem, cut where needed, and a suffix derived
// from the trigger's bucket, name and generation and the number.
std::string JobId(const JobNaming& naming, std::size_t number);

// A legal label value: lower case, others than letters, digits, `-` and `_` replaced by `_`, at
// most 63 bytes. A value that had to be cut ends in a short hash, so that two long names stay
// different.
std::string LabelValue(std::string_view text);

// component, cloud-function-name, batch-id (absent without a batch) and bucket-id.
std::map<std::string, std::string> JobLabels(std::string_view service, std::string_view batch,
                                             std::string_view bucket);

}  // namespace landfall::ingest
