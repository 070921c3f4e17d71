// The load engine against DuckDB's own reader over the same files: file database, 20 columns, one
// transaction. The engine also does what read_json does not: provenance columns, bad rows,
// accounting.
//
//   LANDFALL_BENCH_MB=1000 warehouse_bench --benchmark_filter=Load
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "warehouse/bad_rows.h"
#include "warehouse/duck.h"
#include "warehouse/load_function.h"

namespace landfall::warehouse {
namespace {

namespace fs = std::filesystem;
using googlesql::TypeKind;

constexpr std::size_t kFiles = 200;

std::size_t TotalBytes() {
  const char* const mb = std::getenv("LANDFALL_BENCH_MB");
  return (mb == nullptr ? 200u : static_cast<std::size_t>(std::atoll(mb))) << 20;
}

Field F(std::string name, TypeKind type) {
  return {.name = std::move(name),
          .type = type,
          .mode = Mode::kNullable,
          .description = "",
          .fields = {}};
}

const Schema& EventSchema() {
  static const Schema schema = [] {
    Schema s = {F("eventId", TypeKind::kString),        F("eventTime", TypeKind::kTimestamp),
                F("received_at", TypeKind::kTimestamp), F("userId", TypeKind::kString),
                F("session", TypeKind::kInt64),         F("seq", TypeKind::kInt64),
                F("platform", TypeKind::kString),       F("app_version", TypeKind::kString),
                F("country", TypeKind::kString),        F("eventAttributes", TypeKind::kJson)};
    for (const char* name : {"url", "referrer", "device", "os", "locale", "campaign", "source",
                             "medium", "title", "build"}) {
      s.push_back(F(name, TypeKind::kString));
    }
    return s;
  }();
  return schema;
}

std::string Event(std::uint64_t n) {
  std::uint64_t h = n * 0x9E3779B97F4A7C15ull;
  const auto pick = [&h](std::uint64_t range) {
    h ^= h >> 29;
    h *= 0xBF58476D1CE4E5B9ull;
    return std::to_string((h >> 20) % range);
  };
  const std::string day = std::to_string(10 + n % 18), second = std::to_string(10 + n % 50);
  return "{\"eventId\":\"" + pick(1'000'000'000) + "-" + pick(1'000'000'000) +
         "\",\"eventTime\":\"2024-05-" + day + "T12:34:" + second +
         ".123Z\",\"received_at\":\"2024-05-" + day + " 12:35:" + second + "\",\"userId\":\"user-" +
         pick(200'000) + "\",\"session\":" + pick(1'000'000'000) + ",\"seq\":" + std::to_string(n) +
         ",\"platform\":\"ios" + pick(3) + "\",\"app_version\":\"4." + pick(20) + "." + pick(9) +
         "\",\"country\":\"C" + pick(150) + "\",\"eventAttributes\":{\"level\":" + pick(100) +
         ",\"score\":" + pick(1'000'000) + ",\"item\":\"sword-" + pick(5000) +
         "\",\"gold\":" + pick(9999) + ",\"flags\":[1,2,3],\"boss\":\"dragon " + pick(50) +
         "\",\"won\":true,\"time\":" + pick(500) + ".25,\"deaths\":" + pick(9) +
         ",\"map\":\"forest\"},\"url\":\"https://example.com/games/play/" + pick(100'000) +
         "?x=" + pick(1000) + "\",\"referrer\":\"https://ref" + pick(500) +
         ".example.org/\",\"device\":\"model " + pick(800) + "\",\"os\":\"17." + pick(6) +
         "\",\"locale\":\"en_US\",\"campaign\":\"spring-" + pick(40) + "\",\"source\":\"mail" +
         pick(10) + "\",\"medium\":\"cpc\",\"title\":\"A page with some title number " +
         pick(10'000) + "\",\"build\":\"" + pick(100'000) + "\"}\n";
}

// Files on disk, as storage has them; fd() is real.
class DiskObjects final : public ObjectSource {
 public:
  DiskObjects(std::string dir, FileSystem& files) : dir_(std::move(dir)), files_(files) {}
  Result<std::vector<SourceObject>> Expand(std::string_view) override {
    return Unimplemented("not in this benchmark");
  }
  Result<std::shared_ptr<ReadableFile>> Open(const SourceObject& object) override {
    return std::shared_ptr<ReadableFile>(TRY(files_.OpenForRead(dir_ + "/" + object.name)));
  }

 private:
  const std::string dir_;
  FileSystem& files_;
};

struct Corpus {
  std::string dir;
  std::vector<SourceObject> objects;
  std::size_t bytes = 0, rows = 0;
};

Corpus MakeCorpus(const std::string& name, std::size_t files, std::size_t bytes_per_file) {
  Corpus corpus;
  corpus.dir = (fs::temp_directory_path() / ("landfall_bench_" + name)).string();
  fs::remove_all(corpus.dir);
  fs::create_directories(corpus.dir);
  std::uint64_t n = 0;
  for (std::size_t i = 0; i < files; ++i) {
    std::string text;
    do {
      text += Event(n++);
    } while (text.size() < bytes_per_file);
    const std::string file = std::to_string(i) + ".json";
    std::ofstream(corpus.dir + "/" + file, std::ios::binary) << text;
    corpus.objects.push_back(
        {.bucket = "b", .name = file, .generation = 1, .size_bytes = text.size(), .crc32c = 0});
    corpus.bytes += text.size();
  }
  corpus.rows = n;
  return corpus;
}

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string TableSql(bool provenance) {
  std::string sql = "CREATE TABLE t (";
  if (provenance)
    sql += "_landfall_load_id UBIGINT, _landfall_object_no INTEGER, _landfall_record_no BIGINT, ";
  for (const Field& field : EventSchema()) {
    sql += (&field == &EventSchema().front() ? "\"" : ", \"") + field.name + "\" " +
           googlesql::DuckDbType(TypeOf(field)).value();
  }
  return sql + ")";
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

struct Cost {
  double seconds = 1e9, cpu_seconds = 1e9;
  void Keep(const Cost& other) {
    seconds = std::min(seconds, other.seconds);
    cpu_seconds = std::min(cpu_seconds, other.cpu_seconds);
  }
};

// One load into a fresh file database, commit included.
Cost TimeLoad(const Corpus& corpus, FileSystem& files, bool ours) {
  const std::string path = corpus.dir + "/db.duckdb";
  for (const char* suffix : {"", ".wal"}) fs::remove(path + suffix);
  auto database =
      Database::Open(
          {.path = path, .threads = 0, .memory_bytes_max = 0, .readable_dirs = {corpus.dir}},
          nullptr)
          .value();
  auto connection = database->Connect().value();
  CHECK_OK(connection->Execute(TableSql(ours)));
  LoadFunction function;
  CHECK_OK(function.Register(*connection));
  CHECK_OK(connection->Execute("SET SESSION preserve_insertion_order = false"));
  const double start = Now(), cpu_start = CpuSeconds();
  Transaction transaction = Transaction::Begin(*connection).value();
  if (ours) {
    DiskObjects objects(corpus.dir, files);
    BadRows bad_rows({.spool_path = corpus.dir + "/bad", .memory_bytes_max = 16u << 20}, files);
    ScanOptions options;
    options.schema = EventSchema();
    LoadScan scan(std::move(options), corpus.objects, objects, bad_rows);
    CHECK(InsertScan(*connection, function, scan, "t").value() == corpus.rows);
    CHECK(bad_rows.count() == 0);
  } else {
    std::string columns;
    for (const Field& field : EventSchema()) {
      columns += (columns.empty() ? "" : ", ") + ("\"" + field.name + "\": '") +
                 googlesql::DuckDbType(TypeOf(field)).value() + "'";
    }
    CHECK_OK(connection->Execute("INSERT INTO t SELECT * FROM read_json('" + corpus.dir +
                                 "/*.json', format = 'newline_delimited', columns = {" + columns +
                                 "})"));
  }
  CHECK_OK(transaction.Commit());
  return {.seconds = Now() - start, .cpu_seconds = CpuSeconds() - cpu_start};
}

long PeakMegabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

void BM_LoadAgainstReadJson(benchmark::State& state) {
  const auto files = MakePosixFiles();
  const Corpus corpus = MakeCorpus("json", kFiles, TotalBytes() / kFiles);
  Cost ours, theirs;
  long our_peak = 0;
  for (auto _ : state) {
    for (int round = 0; round < 3; ++round) {
      ours.Keep(TimeLoad(corpus, *files, true));
      if (our_peak == 0) our_peak = PeakMegabytes();
      theirs.Keep(TimeLoad(corpus, *files, false));
    }
  }
  const double mb = static_cast<double>(corpus.bytes) / 1e6;
  state.counters["ours_MB_s"] = mb / ours.seconds;
  state.counters["read_json_MB_s"] = mb / theirs.seconds;
  state.counters["ratio"] = theirs.seconds / ours.seconds;
  state.counters["ours_cpu_s"] = ours.cpu_seconds;
  state.counters["read_json_cpu_s"] = theirs.cpu_seconds;
  state.counters["cpu_ratio"] = theirs.cpu_seconds / ours.cpu_seconds;
  state.counters["our_first_peak_RSS_MB"] = static_cast<double>(our_peak);
  fs::remove_all(corpus.dir);
}
BENCHMARK(BM_LoadAgainstReadJson)->Iterations(1)->Unit(benchmark::kSecond);

void BM_LoadSmallFiles(benchmark::State& state) {
  const auto files = MakePosixFiles();
  const Corpus corpus = MakeCorpus("small", 10'000, 1);
  Cost best;
  for (auto _ : state) {
    for (int round = 0; round < 3; ++round) best.Keep(TimeLoad(corpus, *files, true));
  }
  state.counters["files_s"] = static_cast<double>(corpus.objects.size()) / best.seconds;
  fs::remove_all(corpus.dir);
}
BENCHMARK(BM_LoadSmallFiles)->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace
}  // namespace landfall::warehouse
