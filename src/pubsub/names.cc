#include "pubsub/names.h"

#include <algorithm>
#include <chrono>

#include "base/text.h"

namespace landfall::pubsub {
namespace {

constexpr std::size_t kIdBytesMin = 3;
constexpr std::size_t kIdBytesMax = 255;
constexpr std::size_t kProjectBytesMax = 100;  // ids have 6-30; domain-scoped ones more
constexpr std::size_t kLabelBytesMax = 63;
constexpr std::chrono::seconds kAckDeadlineDefault{10};
constexpr std::chrono::seconds kAckDeadlineMin{10};
constexpr std::chrono::seconds kAckDeadlineMax{600};
constexpr std::chrono::seconds kRetentionMin = std::chrono::minutes(10);
constexpr std::chrono::seconds kRetentionMax = std::chrono::hours(31 * 24);

bool IsLetter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }

std::string_view NameOf(Collection collection) {
  return collection == Collection::kTopics ? "topics" : "subscriptions";
}

Status CheckId(std::string_view kind, std::string_view id) {
  const std::string what = std::string(kind) + " id \"" + std::string(id) + "\"";
  if (id.size() < kIdBytesMin || id.size() > kIdBytesMax) {
    return InvalidArgument(what + " has " + std::to_string(id.size()) +
                           " characters; 3 to 255 are allowed");
  }
  if (!IsLetter(id.front())) return InvalidArgument(what + " must start with a letter");
  if (id.starts_with("goog")) return InvalidArgument(what + " must not start with \"goog\"");
  for (const char c : id) {
    if (!IsLetter(c) && !IsDigit(c) &&
        std::string_view("-_.~+%").find(c) == std::string_view::npos) {
      return InvalidArgument(what + " may hold only letters, digits and -_.~+%");
    }
  }
  return {};
}

Status CheckLabelText(std::string_view what, std::string_view text) {
  if (text.size() > kLabelBytesMax) {
    return InvalidArgument(std::string(what) + " \"" + std::string(text) + "\" has " +
                           std::to_string(text.size()) + " bytes; the limit is 63");
  }
  for (const char c : text) {
    const bool ascii = static_cast<unsigned char>(c) < 0x80;
    if (ascii && (IsUpper(c) || (!IsLetter(c) && !IsDigit(c) && c != '-' && c != '_'))) {
      return InvalidArgument(std::string(what) + " \"" + std::string(text) +
                             "\" may hold only lower-case letters, digits, - and _");
    }
  }
  return {};
}

std::size_t BytesOf(const Message& message) {
  std::size_t bytes = message.data.size() + message.ordering_key.size();
  for (const auto& [key, value] : message.attributes) bytes += key.size() + value.size();
  return bytes;
}

Status CheckAttributes(const Message& message) {
  if (message.attributes.size() > kAttributesMax) {
    return InvalidArgument("message has " + std::to_string(message.attributes.size()) +
                           " attributes; the limit is " + std::to_string(kAttributesMax));
  }
  for (const auto& [key, value] : message.attributes) {
    if (key.empty()) return InvalidArgument("attribute key must not be empty");
    if (key.size() > kAttributeKeyBytesMax) {
      return InvalidArgument("attribute key of " + std::to_string(key.size()) +
                             " bytes; the limit is " + std::to_string(kAttributeKeyBytesMax));
    }
    if (value.size() > kAttributeValueBytesMax) {
      return InvalidArgument("value of attribute \"" + key + "\" has " +
                             std::to_string(value.size()) + " bytes; the limit is " +
                             std::to_string(kAttributeValueBytesMax));
    }
    if (!IsValidUtf8(key) || !IsValidUtf8(value)) {
      return InvalidArgument("attribute \"" + key + "\" is not valid UTF-8");
    }
  }
  return {};
}

}  // namespace

Status CheckProject(std::string_view project) {
  const bool fits =
      !project.empty() && project.size() <= kProjectBytesMax &&
      std::all_of(project.begin(), project.end(), [](char c) {
        return IsLetter(c) || IsDigit(c) || c == '-' || c == '_' || c == '.' || c == ':';
      });
  if (fits) return {};
  return InvalidArgument("project id \"" + std::string(project) +
                         "\" must have 1 to 100 letters, digits, -_.:");
}

Status CheckName(Collection collection, std::string_view name) {
  const std::string_view kind = NameOf(collection);
  const std::vector<std::string_view> parts = Split(name, '/');
  if (parts.size() != 4 || parts[0] != "projects" || parts[2] != kind) {
    return InvalidArgument("invalid resource name \"" + std::string(name) +
                           "\"; expected projects/{project}/" + std::string(kind) + "/{id}");
  }
  TRY(CheckProject(parts[1]));
  return CheckId(kind.substr(0, kind.size() - 1), parts[3]);
}

std::string_view ProjectOf(std::string_view resource_name) {
  const std::vector<std::string_view> parts = Split(resource_name, '/');
  CHECK(parts.size() == 4);
  return parts[1];
}

Status CheckLabels(const std::map<std::string, std::string>& labels) {
  if (labels.size() > kLabelsMax) {
    return InvalidArgument(std::to_string(labels.size()) + " labels; the limit is " +
                           std::to_string(kLabelsMax));
  }
  for (const auto& [key, value] : labels) {
    const bool starts_well = !key.empty() && !IsDigit(key[0]) && key[0] != '-' && key[0] != '_';
    if (!starts_well)
      return InvalidArgument("label key \"" + key + "\" must start with a lower-case letter");
    TRY(CheckLabelText("label key", key));
    TRY(CheckLabelText("label value", value));
  }
  return {};
}

Status CheckSubscription(Subscription& subscription) {
  TRY(CheckName(Collection::kSubscriptions, subscription.name));
  TRY(CheckName(Collection::kTopics, subscription.topic));
  TRY(CheckLabels(subscription.labels));
  if (subscription.ack_deadline.count() == 0) subscription.ack_deadline = kAckDeadlineDefault;
  if (subscription.ack_deadline < kAckDeadlineMin || subscription.ack_deadline > kAckDeadlineMax) {
    return InvalidArgument("ack_deadline_seconds is " +
                           std::to_string(subscription.ack_deadline.count()) +
                           "; it must be 10 to 600, or 0 for 10");
  }
  if (subscription.message_retention < kRetentionMin ||
      subscription.message_retention > kRetentionMax) {
    return InvalidArgument("message_retention_duration is " +
                           std::to_string(subscription.message_retention.count()) +
                           " s; it must be 10 minutes to 31 days");
  }
  return {};
}

Status CheckMessages(const std::vector<Message>& messages) {
  if (messages.empty()) return InvalidArgument("a publish needs at least one message");
  if (messages.size() > kMessagesPerPublishMax) {
    return InvalidArgument(std::to_string(messages.size()) +
                           " messages in one publish; the limit is " +
                           std::to_string(kMessagesPerPublishMax));
  }
  std::size_t all_bytes = 0;
  for (const Message& message : messages) {
    if (message.data.empty() && message.attributes.empty()) {
      return InvalidArgument("a message needs data or at least one attribute");
    }
    TRY(CheckAttributes(message));
    if (message.ordering_key.size() > kOrderingKeyBytesMax) {
      return InvalidArgument("ordering key of " + std::to_string(message.ordering_key.size()) +
                             " bytes; the limit is " + std::to_string(kOrderingKeyBytesMax));
    }
    if (message.ordering_key != messages.front().ordering_key) {
      return InvalidArgument("all messages of one publish must have the same ordering key");
    }
    const std::size_t bytes = BytesOf(message);
    if (bytes > kMessageBytesMax) {
      return InvalidArgument("message of " + std::to_string(bytes) + " bytes; the limit is " +
                             std::to_string(kMessageBytesMax));
    }
    all_bytes += bytes;
  }
  if (all_bytes > kPublishBytesMax) {
    return InvalidArgument("messages of " + std::to_string(all_bytes) +
                           " bytes in one publish; the limit is " +
                           std::to_string(kPublishBytesMax));
  }
  return {};
}

}  // namespace landfall::pubsub
