// The data of `landfall demo`: public files of the npm package vega-datasets, cut into the batches
// of a small pipeline.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/status.h"

namespace landfall::cli {

struct DemoObject {
  std::string name, bytes, content_type;
};
struct DemoTable {
  std::string name;
  std::string resource_json;  // body of tables.insert; empty: the load creates the table
};
struct DemoPlan {
  std::vector<DemoTable> tables;
  std::vector<DemoObject> objects;   // configuration and data
  std::vector<std::string> markers;  // uploaded last, one per batch
};

// Reads the files under `dir`; kNotFound names the one that is missing.
Result<DemoPlan> MakeDemoPlan(const std::string& dir);

}  // namespace landfall::cli
