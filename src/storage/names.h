// Rules for names and client-set values (spec: storage sections 3 and 4). Pure. Private to storage.
#pragma once

#include <string_view>

#include "base/status.h"
#include "storage/storage.h"

namespace landfall::storage {

Status CheckBucketName(std::string_view name);
Status CheckObjectName(std::string_view name);
Status CheckStorageClass(std::string_view storage_class);
Status CheckLabels(const Labels& labels);
// Every attribute: UTF-8 without line breaks where it becomes a header, custom metadata within its
// limits.
Status CheckAttributes(const ObjectAttributes& attributes);
Status CheckNotification(const NotificationConfig& config);

}  // namespace landfall::storage
