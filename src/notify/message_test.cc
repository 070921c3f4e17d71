#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"
#include "notify/notify.h"

namespace landfall::notify {
namespace {

using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

storage::ObjectChange Change() {
  storage::ObjectChange change;
  change.kind = storage::ChangeKind::kFinalize;
  change.time = FromMicros(1'700'000'000'123'456);
  change.object.bucket = "b";
  change.object.name = "in/day one.json";
  change.object.generation = 1'587'627'537'231'057;
  change.object.size_bytes = 5;
  change.object.md5 = std::string(16, '\x01');
  change.object.time_created = change.object.updated = FromMicros(1'700'000'000'120'000);
  change.object.attributes.content_type = "application/json";
  change.object.attributes.storage_class = "STANDARD";
  change.object.attributes.metadata = {{"k", "v"}};
  return change;
}

storage::NotificationConfig Config() {
  storage::NotificationConfig config;
  config.id = "7";
  config.bucket = "b";
  config.topic = "projects/p/topics/top";
  return config;
}

TEST(NotifyMessage, CarriesTheAttributesOfAFinalize) {
  EXPECT_THAT(MakeMessage(Change(), Config()).attributes,
              UnorderedElementsAre(
                  Pair("notificationConfig", "projects/_/buckets/b/notificationConfigs/7"),
                  Pair("eventType", "OBJECT_FINALIZE"), Pair("payloadFormat", "JSON_API_V1"),
                  Pair("bucketId", "b"), Pair("objectId", "in/day one.json"),
                  Pair("objectGeneration", "1587627537231057"),
                  Pair("eventTime", "2023-11-14T22:13:20.123456Z")));
}

TEST(NotifyMessage, NamesTheOtherGenerationOfAReplacement) {
  storage::ObjectChange change = Change();
  change.overwrote_generation = 4;
  EXPECT_EQ(MakeMessage(change, Config()).attributes.at("overwroteGeneration"), "4");
  change = Change();
  change.kind = storage::ChangeKind::kDelete;
  change.overwritten_by_generation = 5;
  const auto attributes = MakeMessage(change, Config()).attributes;
  EXPECT_EQ(attributes.at("eventType"), "OBJECT_DELETE");
  EXPECT_EQ(attributes.at("overwrittenByGeneration"), "5");
  EXPECT_EQ(attributes.count("overwroteGeneration"), 0u);
}

TEST(NotifyMessage, AddsCustomAttributesThatCannotHideTheEvent) {
  storage::NotificationConfig config = Config();
  config.custom_attributes = {{"team", "etl"}, {"objectId", "forged"}};
  const auto attributes = MakeMessage(Change(), config).attributes;
  EXPECT_EQ(attributes.at("team"), "etl");
  EXPECT_EQ(attributes.at("objectId"), "in/day one.json");
}

TEST(NotifyMessage, HasNoDataForPayloadNone) {
  storage::NotificationConfig config = Config();
  config.payload_format = "NONE";
  const pubsub::Message message = MakeMessage(Change(), config);
  EXPECT_THAT(message.data, IsEmpty());
  EXPECT_EQ(message.attributes.at("payloadFormat"), "NONE");
}

TEST(NotifyMessage, OfAWatchNamesNoConfiguration) {
  storage::NotificationConfig config;
  config.topic = "projects/p/topics/top";
  EXPECT_EQ(MakeMessage(Change(), config).attributes.count("notificationConfig"), 0u);
}

TEST(NotifyMessage, DataIsTheObjectResource) {
  Json json = ParseJson(MakeMessage(Change(), Config()).data).value();
  EXPECT_EQ(json.as_object()["mediaLink"],
            "https://storage.googleapis.com/download/storage/v1/b/b/o/in%2Fday%20one.json"
            "?generation=1587627537231057&alt=media");
  json.as_object().erase("mediaLink");
  const Json expected = ParseJson(R"({
    "kind": "storage#object", "id": "b/in/day one.json/1587627537231057",
    "selfLink": "https://www.googleapis.com/storage/v1/b/b/o/in%2Fday%20one.json",
    "name": "in/day one.json", "bucket": "b", "generation": "1587627537231057",
    "metageneration": "1", "size": "5",
    "crc32c": "AAAAAA==",
    "md5Hash": "AQEBAQEBAQEBAQEBAQEBAQ==", "etag": "CNHZkbuF/ugCEAE=",
    "timeCreated": "2023-11-14T22:13:20.120Z",
    "updated": "2023-11-14T22:13:20.120Z",
    "timeStorageClassUpdated": "2023-11-14T22:13:20.120Z",
    "timeFinalized": "2023-11-14T22:13:20.120Z",
    "storageClass": "STANDARD", "contentType": "application/json", "metadata": {"k": "v"}})")
                            .value();
  EXPECT_EQ(json, expected) << ToText(json);
}

}  // namespace
}  // namespace landfall::notify
