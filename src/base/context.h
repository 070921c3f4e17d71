// What every call of a store carries: who asks, until when, and whether they are still there.
#pragma once

#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"

namespace landfall {

struct CallContext {
  std::string principal;                  // account that asks; empty = anonymous
  std::string trace_id;                   // the same on every log line of one request
  std::optional<MonotonicTime> deadline;  // none = the callee's own limit
  std::stop_token stop;                   // set when the client is gone or the server drains
};

}  // namespace landfall
