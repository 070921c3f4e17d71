#include <algorithm>

#include "base/text.h"
#include "storage/keys.h"
#include "storage/local_storage.h"
#include "storage/names.h"

namespace landfall::storage {
namespace {

constexpr std::size_t kConfigsPerBucketMax = 100, kConfigsPerEventMax = 10;
constexpr std::string_view kAllEvents[] = {"OBJECT_FINALIZE", "OBJECT_METADATA_UPDATE",
                                           "OBJECT_DELETE", "OBJECT_ARCHIVE"};

Result<std::vector<NotificationConfig>> ReadConfigs(meta::Reader& reader, std::string_view bucket) {
  std::vector<NotificationConfig> configs;
  Status bad;
  TRY(reader.Scan(meta::PrefixRange(NotificationsPrefix(bucket)),
                  [&](std::string_view, std::string_view value) {
                    auto config = DecodeNotification(value);
                    if (config.ok()) {
                      configs.push_back(*std::move(config));
                    } else {
                      bad = config.status();
                    }
                    return bad.ok();
                  }));
  TRY(bad);
  return configs;
}

bool Covers(const NotificationConfig& config, std::string_view event) {
  return config.event_types.empty() ||
         std::find(config.event_types.begin(), config.event_types.end(), event) !=
             config.event_types.end();
}

Status CheckRoom(const std::vector<NotificationConfig>& existing, const NotificationConfig& added) {
  if (existing.size() >= kConfigsPerBucketMax) {
    return InvalidArgument("bucket " + added.bucket +
                           " has 100 notification configurations, which is the limit");
  }
  for (const std::string_view event : kAllEvents) {
    const auto count =
        std::count_if(existing.begin(), existing.end(),
                      [&](const NotificationConfig& config) { return Covers(config, event); });
    if (Covers(added, event) && static_cast<std::size_t>(count) >= kConfigsPerEventMax) {
      return InvalidArgument("bucket " + added.bucket + " has 10 notification configurations for " +
                             std::string(event) + ", which is the limit");
    }
  }
  return {};
}

Status RaiseMetageneration(meta::Txn& txn, Bucket bucket, TimePoint now, bool raise) {
  if (!raise) return {};
  ++bucket.metageneration;
  bucket.updated = now;
  txn.Put(BucketKey(bucket.name), EncodeBucket(bucket));
  return {};
}

Result<NotificationConfig> Find(meta::Reader& reader, std::string_view bucket,
                                std::string_view id) {
  TRY(FindBucket(reader, bucket));
  const auto number = ParseInt64(id);
  const auto row =
      number && *number > 0
          ? TRY(reader.Get(NotificationKey(bucket, static_cast<std::uint64_t>(*number))))
          : std::optional<std::string>();
  if (!row) {
    return NotFound("The specified notification configuration does not exist: " +
                    std::string(bucket) + "/" + std::string(id));
  }
  return DecodeNotification(*row);
}

}  // namespace

Result<NotificationConfig> LocalStorage::CreateNotification(const CallContext&,
                                                            NotificationConfig config) {
  TRY(CheckNotification(config));
  TRY(blobs_.CheckSpace());
  TRY(meta_.Commit([&](meta::Txn& txn) -> Status {
    Bucket bucket = TRY(FindBucket(txn, config.bucket));
    TRY(CheckRoom(TRY(ReadConfigs(txn, config.bucket)), config));
    const auto last = TRY(txn.Get(NotificationNumberKey()));
    const std::uint64_t number = last ? meta::FromOrderedInt(*last) + 1 : 1;
    txn.Put(NotificationNumberKey(), meta::OrderedInt(number));
    config.id = std::to_string(number);
    txn.Put(NotificationKey(config.bucket, number), EncodeNotification(config));
    return RaiseMetageneration(txn, std::move(bucket), clock_.Now(),
                               options_.notifications_raise_metageneration);
  }));
  return config;
}

Result<NotificationConfig> LocalStorage::GetNotification(const CallContext&,
                                                         std::string_view bucket,
                                                         std::string_view id) {
  return Find(*meta_.Snapshot(), bucket, id);
}

Result<std::vector<NotificationConfig>> LocalStorage::ListNotifications(const CallContext&,
                                                                        std::string_view bucket) {
  const std::unique_ptr<meta::Reader> snapshot = meta_.Snapshot();
  TRY(FindBucket(*snapshot, bucket));
  return ReadConfigs(*snapshot, bucket);
}

Status LocalStorage::DeleteNotification(const CallContext&, std::string_view bucket,
                                        std::string_view id) {
  return meta_.Commit([&](meta::Txn& txn) -> Status {
    const NotificationConfig config = TRY(Find(txn, bucket, id));
    txn.Delete(NotificationKey(bucket, static_cast<std::uint64_t>(*ParseInt64(config.id))));
    return RaiseMetageneration(txn, TRY(FindBucket(txn, bucket)), clock_.Now(),
                               options_.notifications_raise_metageneration);
  });
}

}  // namespace landfall::storage
