// Named places where a test may make the next calls fail. Only the testbench profile opens it to
// clients; without an armed point a hit costs one atomic load.
#pragma once

#include <atomic>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/mutex.h"
#include "base/status.h"

namespace landfall {

class Faults {
 public:
  // `point` must be one of Points(). The next `count` hits whose scope equals `scope` (any scope
  // when empty) fail with kUnavailable "injected fault at <point>". 0 clears the point.
  Status Arm(std::string_view point, std::int64_t count, std::string_view scope = {});
  Status Hit(std::string_view point, std::string_view scope = {});
  static const std::vector<std::string_view>&
  Points();  // storage.write, storage.read, warehouse.commit

 private:
  struct Armed {
    std::int64_t left = 0;
    std::string scope;
  };
  std::atomic<int> armed_count_{0};
  Mutex mu_;
  std::map<std::string, Armed, std::less<>> armed_ GUARDED_BY(mu_);
};

}  // namespace landfall
