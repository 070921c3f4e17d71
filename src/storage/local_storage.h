// The Storage over meta and a directory. Private to storage; one .cc per family of calls.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/mutex.h"
#include "storage/blobs.h"
#include "storage/codec.h"
#include "storage/placement.h"
#include "storage/storage.h"

namespace landfall::storage {

class LocalStorage final : public Storage {
 public:
  LocalStorage(Options options, meta::Store& meta, FileSystem& files, Clock& clock, Random& random,
               Faults& faults, Log& log, Metrics& metrics);
  ~LocalStorage() override;
  // Finishes interrupted clean-up, then starts the sweeper.
  Status Prepare();

  Result<Bucket> CreateBucket(const CallContext& ctx, Bucket bucket) override;
  Result<Bucket> GetBucket(const CallContext& ctx, std::string_view name,
                           const Precondition& when) override;
  Result<BucketPage> ListBuckets(const CallContext& ctx, std::string_view project,
                                 const ListOptions& options) override;
  Result<Bucket> PatchBucket(const CallContext& ctx, std::string_view name, const BucketEdit& edit,
                             const Precondition& when) override;
  Status DeleteBucket(const CallContext& ctx, std::string_view name,
                      const Precondition& when) override;
  Result<Bucket> GetSoftDeletedBucket(const CallContext& ctx, std::string_view name,
                                      std::int64_t generation) override;
  Result<Bucket> RestoreBucket(const CallContext& ctx, std::string_view name,
                               std::int64_t generation) override;
  Result<IamPolicy> GetIamPolicy(const CallContext& ctx, std::string_view bucket) override;
  Result<IamPolicy> SetIamPolicy(const CallContext& ctx, std::string_view bucket, IamPolicy policy,
                                 std::string_view etag) override;

  Result<Object> Insert(const CallContext& ctx, const ObjectSpec& spec, ByteSource& body) override;
  Result<Object> Get(const CallContext& ctx, std::string_view bucket, std::string_view name,
                     std::optional<std::int64_t> generation, const Precondition& when) override;
  Result<OpenObject> Open(const CallContext& ctx, std::string_view bucket, std::string_view name,
                          std::optional<std::int64_t> generation,
                          const Precondition& when) override;
  Result<ObjectPage> List(const CallContext& ctx, std::string_view bucket,
                          const ListOptions& options) override;
  Result<Object> Patch(const CallContext& ctx, std::string_view bucket, std::string_view name,
                       std::optional<std::int64_t> generation, const ObjectPatch& patch,
                       const Precondition& when) override;
  Status Delete(const CallContext& ctx, std::string_view bucket, std::string_view name,
                std::optional<std::int64_t> generation, const Precondition& when) override;

  Result<Object> GetSoftDeleted(const CallContext& ctx, std::string_view bucket,
                                std::string_view name, std::int64_t generation) override;
  Result<Object> Restore(const CallContext& ctx, const ObjectSpec& spec, std::int64_t generation,
                         bool copy_acl) override;
  Result<Object> Copy(const CallContext& ctx, const CopySpec& spec) override;
  Result<Object> Move(const CallContext& ctx, const CopySpec& spec) override;
  Result<RewriteStatus> Rewrite(const CallContext& ctx, const RewriteSpec& spec) override;
  Result<Object> Compose(const CallContext& ctx, const ComposeSpec& spec) override;

  Result<std::string> StartUpload(const CallContext& ctx, const ObjectSpec& spec,
                                  std::optional<std::uint64_t> total_bytes) override;
  Result<UploadStatus> Upload(const CallContext& ctx, std::string_view upload_id,
                              const UploadChunk& chunk) override;
  Result<UploadStatus> QueryUpload(const CallContext& ctx, std::string_view upload_id) override;
  Status CancelUpload(const CallContext& ctx, std::string_view upload_id) override;

  Result<NotificationConfig> CreateNotification(const CallContext& ctx,
                                                NotificationConfig config) override;
  Result<NotificationConfig> GetNotification(const CallContext& ctx, std::string_view bucket,
                                             std::string_view id) override;
  Result<std::vector<NotificationConfig>> ListNotifications(const CallContext& ctx,
                                                            std::string_view bucket) override;
  Status DeleteNotification(const CallContext& ctx, std::string_view bucket,
                            std::string_view id) override;

  Result<HmacKey> CreateHmacKey(const CallContext& ctx, std::string_view project,
                                std::string_view service_account) override;
  Result<HmacKey> GetHmacKey(const CallContext& ctx, std::string_view access_id) override;
  Result<std::vector<HmacKey>> ListHmacKeys(const CallContext& ctx,
                                            std::string_view project) override;
  Result<HmacKey> UpdateHmacKey(const CallContext& ctx, std::string_view access_id,
                                std::string_view state, std::string_view etag) override;
  Status DeleteHmacKey(const CallContext& ctx, std::string_view access_id) override;

  Status Sweep(const CallContext& ctx) override;
  Result<std::vector<ObjectChange>> Changes(meta::Seq after, std::size_t changes_max) override;

 private:
  class UploadTurn;  // uploads.cc

  // Commits a change and then removes the files it disowned. `file_id`, when not 0, is a file the
  // change is to own: it is removed when the change refuses, and kept when it is unknown whether
  // the commit happened.
  Status CommitAndClean(
      std::uint64_t file_id,
      const std::function<Status(meta::Txn&, std::vector<std::uint64_t>&)>& change);

  Placement PlacementIn(meta::Txn& txn, std::vector<std::uint64_t>& dead_files) {
    return {txn, generations_, {clock_.Now(), options_.enforce_retention}, dead_files};
  }

  // copy.cc
  Result<Object> CopyWithin(meta::Txn& txn, std::vector<std::uint64_t>& dead_files,
                            const CopySpec& spec, bool take_source);
  Result<StoredRewrite> LoadRewrite(const RewriteSpec& spec);
  Result<Body> Concatenate(const CallContext& ctx, const ComposeSpec& spec,
                           std::vector<std::int64_t>& generations);

  // sweep.cc
  void SweepLoop(const std::stop_token& stop);
  Status ApplyLifecycle(const CallContext& ctx, const Bucket& bucket);
  Status ApplyLifecycle(const Bucket& bucket, const std::vector<Object>& candidates);
  Status ForgetSoftDeleted(const CallContext& ctx);
  Status ForgetOldRows();

  // uploads.cc
  Result<StoredUpload> FindUpload(meta::Reader& reader, std::string_view id) const;
  Result<StoredUpload> NeedActiveUpload(meta::Reader& reader, std::string_view id) const;
  Status SweepUploads(meta::Txn& txn, std::size_t uploads_max,
                      std::vector<std::uint64_t>& dead_files);
  Result<UploadStatus> ReceiveChunk(const CallContext& ctx, UploadTurn& turn,
                                    const UploadChunk& chunk);
  Result<UploadStatus> CompleteUpload(UploadTurn& turn, const Checksums& expected,
                                      std::string inline_bytes);
  Status PersistProgress(UploadTurn& turn, std::uint64_t persisted_bytes);
  Status KillUpload(std::string_view id);

  const Options options_;
  meta::Store& meta_;
  Clock& clock_;
  Random& random_;
  Faults& faults_;
  Log& log_;
  BlobFiles blobs_;
  GenerationClock generations_;
  Counter& bytes_in_;
  Counter& objects_in_;

  Mutex uploads_mu_;
  // Uploads that receive data, and the checksums of what idle ones persisted (null: to be read
  // again).
  struct UploadSlot {
    bool busy = false;
    std::unique_ptr<Hasher> hasher;
  };
  std::map<std::string, UploadSlot, std::less<>> uploads_ GUARDED_BY(uploads_mu_);

  Mutex sweep_mu_;
  CondVar sweep_stopped_;
  std::jthread sweeper_;  // last: it uses all of the above
};

}  // namespace landfall::storage
