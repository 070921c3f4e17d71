#include "base/faults.h"

#include <algorithm>

#include "base/text.h"

namespace landfall {

const std::vector<std::string_view>& Faults::Points() {
  static const std::vector<std::string_view> kPoints = {"storage.write", "storage.read",
                                                        "warehouse.commit"};
  return kPoints;
}

Status Faults::Arm(std::string_view point, std::int64_t count, std::string_view scope) {
  if (std::find(Points().begin(), Points().end(), point) == Points().end()) {
    std::string message = "unknown fault point \"" + std::string(point) + "\"; known:";
    for (const std::string_view known : Points()) message += " " + std::string(known);
    return InvalidArgument(message, "invalid", "point");
  }
  if (count < 0) return InvalidArgument("count must be 0 or more", "invalid", "count");
  const MutexLock lock(mu_);
  if (count == 0) {
    armed_.erase(std::string(point));
  } else {
    armed_[std::string(point)] = {count, std::string(scope)};
  }
  armed_count_ = static_cast<int>(armed_.size());
  return {};
}

Status Faults::Hit(std::string_view point, std::string_view scope) {
  if (armed_count_.load(std::memory_order_relaxed) == 0) return {};
  const MutexLock lock(mu_);
  const auto it = armed_.find(point);
  if (it == armed_.end() || (!it->second.scope.empty() && it->second.scope != scope)) return {};
  if (--it->second.left == 0) {
    armed_.erase(it);
    armed_count_ = static_cast<int>(armed_.size());
  }
  return Unavailable("injected fault at " + std::string(point));
}

}  // namespace landfall
