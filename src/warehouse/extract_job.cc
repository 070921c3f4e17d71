#include "warehouse/extract_job.h"

#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "base/text.h"
#include "warehouse/export_text.h"
#include "warehouse/partition.h"
#include "warehouse/size_estimate.h"
#include "warehouse/wire.h"

namespace landfall::warehouse {
namespace {

constexpr std::size_t kBufferBytes = 256u << 10;

// gzip of what is written, piece by piece.
class GzipStream {
 public:
  GzipStream() {
    CHECK(deflateInit2(&stream_, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 15 + 16, 8,
                       Z_DEFAULT_STRATEGY) == Z_OK);
  }
  ~GzipStream() { deflateEnd(&stream_); }
  GzipStream(const GzipStream&) = delete;
  GzipStream& operator=(const GzipStream&) = delete;
  void Add(std::string& text, bool last, std::string& out) {
    stream_.next_in = reinterpret_cast<Bytef*>(text.data());
    stream_.avail_in = static_cast<uInt>(text.size());
    char block[64u << 10];
    int state = Z_OK;
    do {
      stream_.next_out = reinterpret_cast<Bytef*>(block);
      stream_.avail_out = sizeof block;
      state = deflate(&stream_, last ? Z_FINISH : Z_NO_FLUSH);
      out.append(block, sizeof block - stream_.avail_out);
    } while (stream_.avail_out == 0 || (last && state != Z_STREAM_END));
  }

 private:
  z_stream stream_{};
};

// The rows of the query as text lines.
class Lines {
 public:
  Lines(const ExtractConfig& config, const Schema& schema, QueryResult rows)
      : config_(config), schema_(schema), encoder_(TypesOf(schema)), rows_(std::move(rows)) {}
  // Appends more lines, and knows then whether they were the last: a shard more would be empty.
  Status More(std::string& out) {
    if (!begun_) TRY(Fetch());
    begun_ = true;
    out += next_;
    return ended ? Status() : Fetch();
  }
  bool ended = false;
  std::string Header() const {
    const bool header = config_.format == SourceFormat::kCsv && config_.print_header;
    return header ? CsvHeader(schema_, config_.field_delimiter) : "";
  }

 private:
  Status Fetch() {
    next_.clear();
    const duckdb_data_chunk chunk = TRY(rows_.NextChunk());
    ended = chunk == nullptr;
    if (ended) return {};
    std::vector<std::string> encoded;
    TRY(encoder_.Encode(chunk, encoded));
    for (const std::string& row : encoded) {
      if (config_.format == SourceFormat::kCsv) {
        AppendCsvLine(schema_, row, config_.field_delimiter, next_);
      } else {
        AppendJsonLine(schema_, row, next_);
      }
    }
    return {};
  }
  static std::vector<googlesql::Type> TypesOf(const Schema& schema) {
    std::vector<googlesql::Type> types;
    for (const Field& field : schema) types.push_back(TypeOf(field));
    return types;
  }
  const ExtractConfig& config_;
  const Schema& schema_;
  RowEncoder encoder_;
  QueryResult rows_;
  std::string next_;
  bool begun_ = false;
};

// One object's bytes: lines until the shard is full.
class ShardSource final : public ByteSource {
 public:
  ShardSource(Lines& lines, bool gzip, std::uint64_t bytes_max, const JobRun& run)
      : lines_(lines), bytes_max_(bytes_max), run_(run), text_(lines.Header()) {
    if (gzip) gzip_ = std::make_unique<GzipStream>();
  }
  Result<std::size_t> Read(std::span<char> out) override {
    while (at_ == ready_.size() && !finished_) TRY(Fill());
    const std::size_t bytes = std::min(out.size(), ready_.size() - at_);
    std::memcpy(out.data(), ready_.data() + at_, bytes);
    at_ += bytes;
    return bytes;
  }
  std::uint64_t text_bytes() const { return text_bytes_; }

 private:
  Status Fill() {
    TRY(run_.CheckStop());
    while (text_.size() < kBufferBytes && !lines_.ended && text_bytes_ + text_.size() < bytes_max_)
      TRY(lines_.More(text_));
    text_bytes_ += text_.size();
    finished_ = lines_.ended || text_bytes_ >= bytes_max_;
    ready_.clear();
    at_ = 0;
    if (gzip_) {
      gzip_->Add(text_, finished_, ready_);
    } else {
      ready_.swap(text_);
    }
    text_.clear();
    return {};
  }

  Lines& lines_;
  const std::uint64_t bytes_max_;
  const JobRun& run_;
  std::string text_, ready_;
  std::size_t at_ = 0;
  std::uint64_t text_bytes_ = 0;
  bool finished_ = false;
  std::unique_ptr<GzipStream> gzip_;
};

class FileSource final : public ByteSource {
 public:
  explicit FileSource(std::unique_ptr<ReadableFile> file) : file_(std::move(file)) {}
  Result<std::size_t> Read(std::span<char> out) override {
    const std::size_t bytes = TRY(file_->ReadAt(at_, out));
    at_ += bytes;
    return bytes;
  }

 private:
  const std::unique_ptr<ReadableFile> file_;
  std::uint64_t at_ = 0;
};

Status TooLarge(const std::string& uri) {
  return InvalidArgument("Table too large to be exported to a single file " + uri +
                             ". Specify a uri including a * to shard export. See 'Exporting data "
                             "into one or more files' in the documentation.",
                         "invalid");
}

class Extract {
 public:
  Extract(const ExtractServices& services, const ExtractConfig& config, JobRun& run)
      : services_(services), config_(config), run_(run) {}

  Status Run() {
    const TableRef& ref = config_.source.ref;
    const auto table = TRY(services_.catalog.GetTable(ref));
    if (table->type != "TABLE") {
      return InvalidArgument("Using table " + ToString(ref) +
                             " is not allowed for this operation because of its type. Try using a "
                             "different table that is of type TABLE.");
    }
    schema_ = table->schema;
    std::string columns;
    for (const Field& field : schema_)
      columns += (columns.empty() ? "" : ", ") + googlesql::QuoteIdentifier(field.name);
    from_ = " FROM " + PhysicalName(ref);
    if (!config_.source.partition.empty())
      from_ += " WHERE " + TRY(ResolvePartition(*table, config_.source.partition)).predicate;
    select_ = "SELECT " + columns + from_;
    run_.job.file_counts.assign(config_.uris.size(), 0);
    {
      // One snapshot for all objects.
      const Transaction transaction = TRY(Transaction::Begin(run_.connection));
      TRY(config_.format == SourceFormat::kParquet ? WriteParquet() : WriteText());
    }
    return run_.CommitResult();
  }

 private:
  bool sharded() const { return config_.uris[0].find('*') != std::string::npos; }
  // Shards go to the URIs in turn.
  std::string NextUri() {
    const std::size_t uri = static_cast<std::size_t>(shards_) % config_.uris.size();
    const auto number = run_.job.file_counts[uri]++;
    ++shards_;
    return sharded() ? ShardUri(config_.uris[uri], number) : config_.uris[uri];
  }
  std::string_view ContentType() const {
    if (config_.compression == Compression::kGzip && config_.format != SourceFormat::kParquet)
      return "application/gzip";
    return config_.format == SourceFormat::kCsv ? "text/csv" : "application/octet-stream";
  }

  Status WriteText() {
    if (config_.format == SourceFormat::kCsv) TRY(CheckCsvSchema(schema_));
    Prepared prepared = TRY(run_.connection.Prepare(select_));
    Lines lines(config_, schema_, TRY(prepared.RunStreaming()));
    const std::uint64_t bytes_max =
        sharded() ? services_.shard_bytes : services_.object_bytes_max + 1;
    do {
      const std::string uri = NextUri();
      ShardSource source(lines, config_.compression == Compression::kGzip, bytes_max, run_);
      LimitedSource limited(source, sharded() ? UINT64_MAX : services_.object_bytes_max, uri);
      TRY(services_.sink->Write(uri, ContentType(), limited));
      run_.job.input_bytes += static_cast<std::int64_t>(source.text_bytes());
    } while (!lines.ended);
    return {};
  }

  // Fails before the object is made when its text is over the limit.
  class LimitedSource final : public ByteSource {
   public:
    LimitedSource(ShardSource& source, std::uint64_t bytes_max, const std::string& uri)
        : source_(source), bytes_max_(bytes_max), uri_(uri) {}
    Result<std::size_t> Read(std::span<char> out) override {
      const std::size_t bytes = TRY(source_.Read(out));
      if (source_.text_bytes() > bytes_max_) return TooLarge(uri_);
      return bytes;
    }

   private:
    ShardSource& source_;
    const std::uint64_t bytes_max_;
    const std::string& uri_;
  };

  Status WriteParquet() {
    QueryResult counted = TRY(run_.connection.Run("SELECT count(*)" + from_));
    const std::int64_t rows = TRY(counted.Next()) ? counted.Int64(0) : 0;
    const std::int64_t row_bytes = std::max<std::int64_t>(1, LikelyRowBytes(schema_));
    const std::int64_t shard_rows =
        std::max<std::int64_t>(1, static_cast<std::int64_t>(services_.shard_bytes) / row_bytes);
    if (!sharded() && rows * row_bytes > static_cast<std::int64_t>(services_.object_bytes_max))
      return TooLarge(config_.uris[0]);
    run_.job.input_bytes = rows * row_bytes;
    std::int64_t done = 0;
    do {
      TRY(run_.CheckStop());
      std::string sql = select_;
      if (sharded()) {
        sql += " LIMIT " + std::to_string(shard_rows) + " OFFSET " + std::to_string(done);
        done += shard_rows;
      } else {
        done = rows;
      }
      TRY(WriteParquetObject(sql, NextUri()));
    } while (done < rows);
    return {};
  }

  Status WriteParquetObject(const std::string& sql, const std::string& uri) {
    const std::string path = services_.spool_dir + "/extract-" +
                             std::to_string(reinterpret_cast<std::uintptr_t>(this)) + ".parquet";
    static constexpr std::string_view kCodecs[] = {"uncompressed", "gzip", "snappy", "zstd"};
    const auto write = [&]() -> Status {
      TRY(run_.connection.Execute(
          "COPY (" + sql + ") TO " + googlesql::QuoteLiteral(path) +
          " (FORMAT parquet, COMPRESSION " +
          std::string(kCodecs[static_cast<std::size_t>(config_.compression)]) + ")"));
      FileSource source(TRY(services_.files.OpenForRead(path)));
      return services_.sink->Write(uri, ContentType(), source);
    };
    Status status = write();
    // The spool is emptied at the next start anyway.
    (void)services_.files.Remove(path);
    return status;
  }

  const ExtractServices& services_;
  const ExtractConfig& config_;
  JobRun& run_;
  Schema schema_;
  std::string from_, select_;
  std::int64_t shards_ = 0;
};

}  // namespace

std::string ShardUri(std::string_view pattern, std::int64_t shard) {
  std::string number = std::to_string(shard);
  number.insert(0, 12 - std::min<std::size_t>(12, number.size()), '0');
  std::string uri(pattern);
  return uri.replace(uri.find('*'), 1, number);
}

Status CheckExtract(const ExtractConfig& config) {
  constexpr std::string_view kUris = "configuration.extract.destinationUris";
  if (config.uris.empty())
    return InvalidArgument("Required parameter is missing: " + std::string(kUris), "required",
                           std::string(kUris));
  for (const std::string& uri : config.uris) {
    const std::size_t slash = uri.find('/', 5);
    if (!uri.starts_with("gs://") || slash == std::string::npos || slash == 5 ||
        slash + 1 == uri.size()) {
      return InvalidArgument(
          "Invalid extract destination URI '" + uri + "'. Must be a valid Google Storage path.",
          "invalid", std::string(kUris));
    }
    const auto stars = std::count(uri.begin(), uri.end(), '*');
    if (stars > 1 || uri.find('*') < slash) {
      return InvalidArgument("Invalid extract destination URI '" + uri +
                                 "'. Only one wildcard '*' is allowed, in the object's name.",
                             "invalid", std::string(kUris));
    }
    if (config.uris.size() > 1 && stars == 0) {
      return InvalidArgument("Several destination URIs must each hold a wildcard '*': " + uri,
                             "invalid", std::string(kUris));
    }
  }
  const bool parquet = config.format == SourceFormat::kParquet;
  const bool parquet_only =
      config.compression == Compression::kSnappy || config.compression == Compression::kZstd;
  if (!parquet && parquet_only) {
    return InvalidArgument(
        std::string("Compression ") +
            (config.compression == Compression::kSnappy ? "SNAPPY" : "ZSTD") +
            " is not supported for the destination format; it is for PARQUET alone",
        "invalid", "configuration.extract.compression");
  }
  return {};
}

Status RunExtract(const ExtractServices& services, const ExtractConfig& config, JobRun& run) {
  return Extract(services, config, run).Run();
}

}  // namespace landfall::warehouse
