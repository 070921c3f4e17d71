// The accepted forms of "an object landed", decoded to one. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/status.h"

namespace landfall::ingest {

struct Trigger {
  std::string bucket, object;
  std::optional<std::int64_t> generation;  // absent: whichever is live
  std::string event_type;                  // as given; empty when the form has none
  bool finalize = true;  // false: an event type that is not object-finalize; nothing is to be done
};

// A Pub/Sub message {"attributes":..}, a push body {"message":..}, a storage object resource, or a
// CloudEvent (structured, or binary with `headers` holding ce-*; header names without regard to
// case). kInvalidArgument/"UnexpectedTrigger" names the accepted forms.
Result<Trigger> DecodeTrigger(const Json& body, const std::map<std::string, std::string>& headers);

// Attributes of a storage notification.
Result<Trigger> DecodeAttributes(const std::map<std::string, std::string>& attributes);

}  // namespace landfall::ingest
