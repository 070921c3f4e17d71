#include "pubsub/records.h"

#include "base/json.h"

namespace landfall::pubsub {
namespace {

using meta::MakeKey;
using meta::OrderedInt;

constexpr std::string_view kModule = "pubsub";
constexpr char kWhole = 1;
constexpr char kInPieces = 2;

void PutCount(std::string& out, std::size_t count) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(count >> shift & 0xFF);
}

void PutCounted(std::string& out, std::string_view bytes) {
  PutCount(out, bytes.size());
  out += bytes;
}

// Takes fields off the front of `bytes`; a field that is cut sets `bad`.
class Cutter {
 public:
  explicit Cutter(std::string_view bytes) : bytes_(bytes) {}
  std::string_view Take(std::size_t count) {
    if (count > bytes_.size()) bad_ = true;
    if (bad_) return {};
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(count);
    return taken;
  }
  std::uint32_t TakeCount() {
    std::uint32_t count = 0;
    for (const char c : Take(4)) count = count << 8 | static_cast<unsigned char>(c);
    return count;
  }
  std::string TakeCounted() { return std::string(Take(TakeCount())); }
  std::string_view rest() const { return bytes_; }
  bool bad() const { return bad_; }

 private:
  std::string_view bytes_;
  bool bad_ = false;
};

JsonObject LabelsJson(const std::map<std::string, std::string>& labels) {
  JsonObject json;
  for (const auto& [key, value] : labels) json[key] = value;
  return json;
}

Result<std::map<std::string, std::string>> LabelsFrom(const JsonObject& record) {
  std::map<std::string, std::string> labels;
  const JsonObject* json = TRY(ObjectMember(record, "labels"));
  if (json == nullptr) return labels;
  for (const auto& member : *json) {
    if (!member.value().is_string()) return InvalidArgument("label is not a string");
    labels[std::string(member.key())] = std::string(member.value().get_string());
  }
  return labels;
}

Result<JsonObject> ParseRecord(std::string_view bytes) {
  Json json = TRY(ParseJson(bytes));
  if (!json.is_object()) return InvalidArgument("record is not an object");
  return std::move(json.get_object());
}

Result<std::int64_t> Required(const JsonObject& record, std::string_view member) {
  const std::optional<std::int64_t> value = TRY(Int64Member(record, member));
  if (!value) return InvalidArgument("member \"" + std::string(member) + "\" is missing");
  return *value;
}

Result<TopicRecord> ParseTopic(std::string_view name, std::string_view bytes) {
  const JsonObject json = TRY(ParseRecord(bytes));
  TopicRecord record;
  record.uid = static_cast<Uid>(TRY(Required(json, "uid")));
  record.topic.name = name;
  record.topic.labels = TRY(LabelsFrom(json));
  return record;
}

Result<SubscriptionRecord> ParseSubscription(std::string_view name, std::string_view bytes) {
  const JsonObject json = TRY(ParseRecord(bytes));
  SubscriptionRecord record;
  record.uid = static_cast<Uid>(TRY(Required(json, "uid")));
  record.topic_uid = static_cast<Uid>(TRY(Required(json, "topicUid")));
  record.subscription.name = name;
  record.subscription.topic = TRY(StringMember(json, "topic")).value_or("");
  record.subscription.ack_deadline =
      std::chrono::seconds(TRY(Required(json, "ackDeadlineSeconds")));
  record.subscription.message_retention =
      std::chrono::seconds(TRY(Required(json, "messageRetentionSeconds")));
  record.subscription.labels = TRY(LabelsFrom(json));
  return record;
}

// Bytes we wrote and cannot read are lost data, not a client's mistake.
template <typename T>
Result<T> OrDataLoss(Result<T> parsed, std::string_view what, std::string_view name) {
  if (parsed.ok()) return parsed;
  return DataLoss("record of " + std::string(what) + " " + std::string(name) + ": " +
                  parsed.status().message());
}

meta::KeyRange NamesOf(std::string_view kind, std::string_view project,
                       std::string_view collection) {
  std::string prefix = MakeKey({kModule, kind});
  // Resource names have no zero bytes, so the start of a name is a prefix of its key.
  if (!project.empty())
    prefix += "projects/" + std::string(project) + "/" + std::string(collection) + "/";
  return meta::PrefixRange(prefix);
}

}  // namespace

std::string UidKey() { return MakeKey({kModule, "uid"}); }
std::string TopicKey(std::string_view name) { return MakeKey({kModule, "topic", name}); }
std::string SubscriptionKey(std::string_view name) { return MakeKey({kModule, "sub", name}); }
std::string HeadKey(Uid topic) { return MakeKey({kModule, "head", OrderedInt(topic)}); }
std::string LowPrefix(Uid topic) { return MakeKey({kModule, "low", OrderedInt(topic)}); }
std::string LowKey(Uid topic, Uid subscription) {
  return MakeKey({kModule, "low", OrderedInt(topic), OrderedInt(subscription)});
}
std::string AckedPrefix(Uid subscription) {
  return MakeKey({kModule, "acked", OrderedInt(subscription)});
}
std::string AckedKey(Uid subscription, Position last) {
  return MakeKey({kModule, "acked", OrderedInt(subscription), OrderedInt(last)});
}
std::string BlobPrefix(Uid topic) { return MakeKey({kModule, "blob", OrderedInt(topic)}); }
std::string BlobPrefix(Uid topic, Position position) {
  return MakeKey({kModule, "blob", OrderedInt(topic), OrderedInt(position)});
}
std::string BlobKey(Uid topic, Position position, std::uint64_t piece) {
  return MakeKey({kModule, "blob", OrderedInt(topic), OrderedInt(position), OrderedInt(piece)});
}
std::string FeedName(Uid topic) { return "pubsub.topic." + std::to_string(topic); }
meta::KeyRange TopicsOf(std::string_view project) { return NamesOf("topic", project, "topics"); }
meta::KeyRange SubscriptionsOf(std::string_view project) {
  return NamesOf("sub", project, "subscriptions");
}

std::string Encode(const TopicRecord& record) {
  return ToText(JsonObject{{"uid", record.uid}, {"labels", LabelsJson(record.topic.labels)}});
}

Result<TopicRecord> DecodeTopic(std::string_view name, std::string_view bytes) {
  return OrDataLoss(ParseTopic(name, bytes), "topic", name);
}

std::string Encode(const SubscriptionRecord& record) {
  const Subscription& subscription = record.subscription;
  return ToText(JsonObject{{"uid", record.uid},
                           {"topicUid", record.topic_uid},
                           {"topic", subscription.topic},
                           {"ackDeadlineSeconds", subscription.ack_deadline.count()},
                           {"messageRetentionSeconds", subscription.message_retention.count()},
                           {"labels", LabelsJson(subscription.labels)}});
}

Result<SubscriptionRecord> DecodeSubscription(std::string_view name, std::string_view bytes) {
  return OrDataLoss(ParseSubscription(name, bytes), "subscription", name);
}

std::string EncodeMessage(const Message& message) {
  std::string out(1, kWhole);
  out += OrderedInt(static_cast<std::uint64_t>(ToMicros(message.publish_time)));
  PutCounted(out, message.ordering_key);
  PutCount(out, message.attributes.size());
  for (const auto& [key, value] : message.attributes) {
    PutCounted(out, key);
    PutCounted(out, value);
  }
  out += message.data;
  return out;
}

std::string EncodePieces(TimePoint publish_time, std::uint32_t pieces) {
  std::string out(1, kInPieces);
  out += OrderedInt(static_cast<std::uint64_t>(ToMicros(publish_time)));
  PutCount(out, pieces);
  return out;
}

Result<Entry> DecodeEntry(Position position, std::string_view bytes) {
  const Status lost = DataLoss("message " + std::to_string(position) + " cannot be read back");
  if (bytes.size() < 9) return lost;
  Entry entry;
  entry.publish_time =
      FromMicros(static_cast<std::int64_t>(meta::FromOrderedInt(bytes.substr(1, 8))));
  Cutter cutter(bytes.substr(9));
  if (bytes[0] == kInPieces) {
    entry.pieces = cutter.TakeCount();
    return cutter.bad() || entry.pieces == 0 ? Result<Entry>(lost)
                                             : Result<Entry>(std::move(entry));
  }
  if (bytes[0] != kWhole) return lost;
  Message& message = entry.message;
  message.message_id = std::to_string(position);
  message.publish_time = entry.publish_time;
  message.ordering_key = cutter.TakeCounted();
  for (std::uint32_t left = cutter.TakeCount(); left > 0 && !cutter.bad(); --left) {
    std::string key = cutter.TakeCounted();
    message.attributes[std::move(key)] = cutter.TakeCounted();
  }
  if (cutter.bad()) return lost;
  message.data = cutter.rest();
  return entry;
}

}  // namespace landfall::pubsub
