// Writes one answer onto a wire.
#pragma once

#include <cstdint>
#include <string>

#include "base/clock.h"
#include "net/net.h"
#include "net/wire.h"

namespace landfall::net {

struct Answering {
  bool head_only = false;  // to HEAD
  bool http11 = true;
  bool keep_alive = true;  // false adds Connection: close
};

// kInvalidArgument when a header would break out of its line; nothing is checked twice, so call it
// first.
Status CheckHeaders(const Response& response);

// Reads the first block of a Stream, so that its early errors can still be rendered. No-op for
// other bodies.
Status PrefetchStream(Response& response);

// The body bytes sent. After an error the connection is of no more use. May clear
// `answering.keep_alive`.
Result<std::uint64_t> WriteResponse(Wire& wire, Response& response, Answering& answering,
                                    TimePoint now);

}  // namespace landfall::net
