// The port through which the warehouse reads gs:// objects, wired to our own storage in the same
// process.
#pragma once

#include "storage/storage.h"
#include "warehouse/warehouse.h"

namespace landfall::server {

// The port through which extract jobs write objects.
class GcsSink final : public warehouse::ObjectSink {
 public:
  explicit GcsSink(storage::Storage& storage) : storage_(storage) {}
  Status Write(std::string_view uri, std::string_view content_type, ByteSource& body) override;

 private:
  storage::Storage& storage_;
};

class GcsSource final : public warehouse::ObjectSource {
 public:
  explicit GcsSource(storage::Storage& storage) : storage_(storage) {}
  Result<std::vector<warehouse::SourceObject>> Expand(std::string_view uri) override;
  Result<std::shared_ptr<ReadableFile>> Open(const warehouse::SourceObject& object) override;

 private:
  storage::Storage& storage_;
};

}  // namespace landfall::server
