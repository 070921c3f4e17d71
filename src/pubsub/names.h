// What a name, a label and a message may look like. Private to pubsub.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "pubsub/pubsub.h"

namespace landfall::pubsub {

constexpr std::size_t kMessagesPerPublishMax = 1000;
constexpr std::size_t kMessageBytesMax = 10'000'000;  // data, attributes and ordering key
constexpr std::size_t kPublishBytesMax =
    32u << 20;  // all messages of one call; half of what one change may write
constexpr std::size_t kAttributesMax = 100;
constexpr std::size_t kAttributeKeyBytesMax = 256;
constexpr std::size_t kAttributeValueBytesMax = 1024;
constexpr std::size_t kOrderingKeyBytesMax = 1024;
constexpr std::size_t kLabelsMax = 64;

enum class Collection : std::uint8_t { kTopics, kSubscriptions };

// "projects/P/topics/T": kInvalidArgument naming the rule that is broken.
Status CheckName(Collection collection, std::string_view name);
Status CheckProject(std::string_view project);               // "P"
std::string_view ProjectOf(std::string_view resource_name);  // "P" of a checked name
Status CheckLabels(const std::map<std::string, std::string>& labels);
// Fills in the ack deadline when it is 0.
Status CheckSubscription(Subscription& subscription);
Status CheckMessages(const std::vector<Message>& messages);

}  // namespace landfall::pubsub
