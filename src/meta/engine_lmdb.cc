#include "meta/engine_lmdb.h"

#include <lmdb.h>
#include <sys/stat.h>

#include <utility>
#include <vector>

#include "base/mutex.h"
#include "meta/lmdb_tree.h"

namespace landfall::meta {

namespace {

constexpr std::uint64_t kMapBytesMin = 1ull << 30;
constexpr std::size_t kIdleTxnsMax = 64;

struct CloseEnv {
  void operator()(MDB_env* env) const { mdb_env_close(env); }
};
using EnvPtr = std::unique_ptr<MDB_env, CloseEnv>;

struct AbortTxn {
  void operator()(MDB_txn* txn) const { mdb_txn_abort(txn); }
};
using TxnPtr = std::unique_ptr<MDB_txn, AbortTxn>;

// Read transactions that are reset but keep their slot in the reader table: renewing one is a few
// loads and stores.
class ReadTxns {
 public:
  explicit ReadTxns(MDB_env* env) : env_(env) {}

  Result<TxnPtr> Begin() {
    TxnPtr txn = TakeIdle();
    if (txn) {
      TRY(FromLmdb(mdb_txn_renew(txn.get()), "renewing a snapshot"));
      return txn;
    }
    MDB_txn* made = nullptr;
    TRY(FromLmdb(mdb_txn_begin(env_, nullptr, MDB_RDONLY, &made), "opening a snapshot"));
    return TxnPtr(made);
  }

  void End(TxnPtr txn) {
    mdb_txn_reset(txn.get());
    const MutexLock lock(mu_);
    if (idle_.size() < kIdleTxnsMax) idle_.push_back(std::move(txn));
  }

 private:
  TxnPtr TakeIdle() {
    const MutexLock lock(mu_);
    if (idle_.empty()) return nullptr;
    TxnPtr txn = std::move(idle_.back());
    idle_.pop_back();
    return txn;
  }

  MDB_env* env_;
  Mutex mu_;
  std::vector<TxnPtr> idle_ GUARDED_BY(mu_);
};

class LmdbSnapshot final : public Reader {
 public:
  LmdbSnapshot(ReadTxns& txns, TxnPtr txn, MDB_dbi dbi)
      : txns_(txns), txn_(std::move(txn)), tree_(txn_.get(), dbi) {}
  ~LmdbSnapshot() override { txns_.End(std::move(txn_)); }

  Result<std::optional<std::string>> Get(std::string_view key) override { return tree_.Get(key); }
  Status Scan(const KeyRange& range, const Visitor& visit) override {
    return tree_.Scan(range, visit);
  }

 private:
  ReadTxns& txns_;
  TxnPtr txn_;
  LmdbTree tree_;
};

class LmdbEngine final : public Engine {
 public:
  LmdbEngine(EnvPtr env, MDB_dbi dbi, std::string path)
      : env_(std::move(env)), dbi_(dbi), path_(std::move(path)), readers_(env_.get()) {}

  Result<std::unique_ptr<Reader>> Snapshot() override {
    TxnPtr txn = TRY(readers_.Begin());
    return std::unique_ptr<Reader>(std::make_unique<LmdbSnapshot>(readers_, std::move(txn), dbi_));
  }

  Status Apply(const WriteMap& writes) override {
    MDB_txn* begun = nullptr;
    TRY(FromLmdb(mdb_txn_begin(env_.get(), nullptr, 0, &begun), "beginning a commit"));
    TxnPtr txn(begun);
    LmdbTree tree(begun, dbi_);
    for (const auto& [key, value] : writes) {
      TRY(value ? tree.Put(key, *value) : tree.Delete(key));
    }
    // The transaction is gone after this, also when it failed.
    return FromLmdb(mdb_txn_commit(txn.release()), "committing to " + path_);
  }

  std::uint64_t SizeBytes() override {
    struct stat info{};
    if (stat(path_.c_str(), &info) != 0) return 0;
    return static_cast<std::uint64_t>(info.st_blocks) * 512;
  }

 private:
  EnvPtr env_;
  MDB_dbi dbi_;
  std::string path_;
  ReadTxns readers_;
};

Result<EnvPtr> OpenEnv(const LmdbOptions& options, const std::string& path) {
  for (std::uint64_t map_bytes = options.map_bytes;; map_bytes /= 2) {
    MDB_env* made = nullptr;
    TRY(FromLmdb(mdb_env_create(&made), "creating an environment"));
    EnvPtr env(made);
    TRY(FromLmdb(mdb_env_set_mapsize(made, map_bytes), "setting the map size"));
    TRY(FromLmdb(mdb_env_set_maxreaders(made, options.snapshots_max), "setting the reader limit"));
    const int code =
        mdb_env_open(made, path.c_str(), MDB_NOSUBDIR | MDB_NOTLS | MDB_NORDAHEAD, 0640);
    if (code == ENOMEM && map_bytes / 2 >= kMapBytesMin) continue;
    TRY(FromLmdb(code, "opening " + path));
    return env;
  }
}

}  // namespace

Result<std::unique_ptr<Engine>> OpenLmdb(const LmdbOptions& options) {
  const std::string path = options.dir + "/meta.lmdb";
  EnvPtr env = TRY(OpenEnv(options, path));
  MDB_txn* begun = nullptr;
  TRY(FromLmdb(mdb_txn_begin(env.get(), nullptr, 0, &begun), "reading " + path));
  TxnPtr txn(begun);
  MDB_dbi dbi = 0;
  TRY(FromLmdb(mdb_dbi_open(begun, nullptr, 0, &dbi), "reading " + path));
  TRY(FromLmdb(mdb_txn_commit(txn.release()), "creating " + path));
  return std::unique_ptr<Engine>(std::make_unique<LmdbEngine>(std::move(env), dbi, path));
}

}  // namespace landfall::meta
