// notify - the pump from the object feed to topics.
//
// Reads storage's changes and publishes one message per (notification configuration, event), with
// the attributes of Cloud Storage notifications; messages and cursor commit in one meta change, so
// a kill at any instruction neither loses nor doubles one. A configuration whose topic is gone is
// logged and skipped.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/status.h"
#include "meta/meta.h"
#include "pubsub/pubsub.h"
#include "storage/storage.h"

namespace landfall::notify {

// A built-in configuration that no bucket owns: `wanted` decides which changes become messages on
// `topic`. It is how ingest hears of markers without a message for every data file. Runs on the
// pump's thread; must be quick and pure.
struct Watch {
  std::string topic;  // made when missing
  std::function<bool(const storage::ObjectChange&)> wanted;
};

// The message for one change: eventType, bucketId, objectId, objectGeneration, eventTime,
// payloadFormat, notificationConfig, overwroteGeneration / overwrittenByGeneration, custom
// attributes; data = the object resource for JSON_API_V1 (spec: storage notifications).
pubsub::Message MakeMessage(const storage::ObjectChange& change,
                            const storage::NotificationConfig& config);

// The JSON object resource of `object`, as in API answers (the members a notification carries).
std::string ObjectResourceJson(const storage::Object& object);

class Notifier {
 public:
  virtual ~Notifier() = default;  // stops the pump
};
// Starts one thread. All references must outlive it.
Result<std::unique_ptr<Notifier>> Start(meta::Store& meta, storage::Storage& storage,
                                        pubsub::PubSub& pubsub, std::vector<Watch> watches,
                                        Log& log, Metrics& metrics);

}  // namespace landfall::notify
