// Resumable uploads of load jobs: the bytes that have come so far, in files that have no name, so
// that nothing is left behind whatever happens. A restart forgets unfinished uploads. Private to
// the BigQuery adapter.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "api/bigquery_json_job.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/files.h"
#include "base/mutex.h"
#include "base/random.h"

namespace landfall::api::bigquery_json {

// One upload. Belongs to the request that has it from UploadSessions::Take, until it is given back.
struct Upload {
  std::string project = {};
  JobBody job = {};
  std::optional<std::uint64_t> total = {};  // when the client has said it
  std::uint64_t size = 0;                   // bytes that have come
  std::unique_ptr<WritableFile> writer = {};
  std::unique_ptr<ReadableFile> reader = {};
  std::optional<warehouse::JobRef> done = {};  // the job was made; the bytes are gone

  // Appends what `body` has, at most `bytes_max`. What came before an error is kept.
  Status Append(ByteSource& body, std::uint64_t bytes_max);
};

// Thread-safe.
class UploadSessions {
 public:
  UploadSessions(std::string dir, Clock& clock);

  // The id, which nobody can guess. kResourceExhausted/"rateLimitExceeded" when there are too many.
  Result<std::string> Start(Upload upload);
  // Exclusive use of one upload, ending with the handle. kNotFound for an unknown or expired id,
  // kUnavailable/"backendError" while another request has it.
  class Taken {
   public:
    Taken(UploadSessions& owner, std::string id, Upload& upload)
        : owner_(&owner), id_(std::move(id)), upload_(&upload) {}
    Taken(Taken&& other) noexcept
        : owner_(std::exchange(other.owner_, nullptr)),
          id_(std::move(other.id_)),
          upload_(other.upload_) {}
    Taken& operator=(Taken&&) = delete;
    ~Taken() {
      if (owner_ != nullptr) owner_->GiveBack(id_);
    }
    Upload& operator*() const { return *upload_; }
    Upload* operator->() const { return upload_; }

   private:
    UploadSessions* owner_;
    std::string id_;
    Upload* upload_;
  };
  Result<Taken> Take(const std::string& id);
  Status Cancel(const std::string& id);

 private:
  struct Entry {
    Upload upload = {};
    MonotonicTime used = {};
    bool busy = false;
  };
  void GiveBack(const std::string& id);
  void DropExpired(MonotonicTime now) REQUIRES(mu_);

  const std::string dir_;
  Clock& clock_;
  const std::unique_ptr<FileSystem> files_;
  SystemRandom random_;
  Mutex mu_;
  std::map<std::string, Entry> entries_ GUARDED_BY(mu_);
};

}  // namespace landfall::api::bigquery_json
