// landfall load, extract, insert
#include <cctype>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/random.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/local_files.h"

namespace landfall::cli {
namespace {

constexpr std::size_t kInsertRowsMax = 500;  // of one request; Google advises as many
constexpr std::size_t kInsertBytesMax = 5u << 20;
constexpr std::size_t kErrorsShown = 20;

// "[project.]dataset.table[$partition]"
Result<JsonObject> TableRef(Client& client, std::string_view text) {
  std::vector<std::string_view> parts = Split(text, '.');
  if (parts.size() < 2 || parts.size() > 3)
    return Usage("\"" + std::string(text) + "\" is not DATASET.TABLE");
  std::string project;
  if (parts.size() == 3) {
    project = parts[0];
    parts.erase(parts.begin());
  } else {
    project = TRY(client.Project());
  }
  return JsonObject{{"projectId", project}, {"datasetId", parts[0]}, {"tableId", parts[1]}};
}

std::string FormatOfName(std::string_view name) {
  if (name.ends_with(".gz")) name.remove_suffix(3);
  if (name.ends_with(".parquet")) return "PARQUET";
  if (name.ends_with(".json") || name.ends_with(".jsonl") || name.ends_with(".ndjson"))
    return "NEWLINE_DELIMITED_JSON";
  return "CSV";
}

Result<std::string> FormatName(const Call& call, std::string_view name) {
  const std::string format = AsciiLower(call.Get("format"));
  if (format.empty()) return FormatOfName(name);
  if (format == "csv") return std::string("CSV");
  if (format == "json") return std::string("NEWLINE_DELIMITED_JSON");
  if (format == "parquet") return std::string("PARQUET");
  return Usage("--format is csv, json or parquet");
}

// "id:INTEGER,name:STRING"
Result<JsonArray> ParseFields(std::string_view text) {
  JsonArray fields;
  for (const std::string_view part : Split(text, ',')) {
    const std::size_t colon = part.find(':');
    if (colon == std::string_view::npos || colon == 0)
      return Usage("--schema is NAME:TYPE,NAME:TYPE");
    fields.push_back(
        JsonObject{{"name", Trim(part.substr(0, colon))}, {"type", Trim(part.substr(colon + 1))}});
  }
  return fields;
}

Result<JsonObject> LoadConfiguration(Client& client, const Call& call) {
  JsonObject load{{"destinationTable", TRY(TableRef(client, call.words[0]))},
                  {"sourceFormat", TRY(FormatName(call, call.words[1]))}};
  if (call.has("schema")) {
    load["schema"] = {{"fields", TRY(ParseFields(call.Get("schema")))}};
  } else {
    load["autodetect"] = true;
  }
  if (call.has("replace")) load["writeDisposition"] = "WRITE_TRUNCATE";
  if (call.has("skip")) load["skipLeadingRows"] = call.Get("skip");
  if (call.has("max-bad")) load["maxBadRecords"] = call.Get("max-bad");
  if (call.has("ignore-unknown")) load["ignoreUnknownValues"] = true;
  return load;
}

Status ReportLoad(const Json& job) {
  const JsonObject* const statistics = TRY(ObjectMember(job.get_object(), "statistics"));
  const JsonObject* const load =
      statistics == nullptr ? nullptr : TRY(ObjectMember(*statistics, "load"));
  if (load == nullptr) return {};
  std::fprintf(stderr, "%s row(s) loaded, %s bad\n",
               TRY(StringMember(*load, "outputRows")).value_or("?").c_str(),
               TRY(StringMember(*load, "badRecords")).value_or("0").c_str());
  return {};
}

Result<Json> InsertJob(Client& client, JsonObject configuration) {
  const std::string project = PercentEncode(TRY(client.Project()));
  return client.Post("/bigquery/v2/projects/" + project + "/jobs",
                     JsonObject{{"configuration", std::move(configuration)}});
}

Status Load(const Call& call) {
  Client client = TRY(Client::FromCall(call));
  JsonObject load = TRY(LoadConfiguration(client, call));
  const std::vector<std::string> sources(call.words.begin() + 1, call.words.end());
  const bool cloud = sources[0].starts_with("gs://");
  for (const std::string& source : sources) {
    if (source.starts_with("gs://") != cloud)
      return Usage("load takes gs:// URLs or local files, not both");
  }
  if (cloud) {
    load["sourceUris"] = JsonArray(sources.begin(), sources.end());
    const Json job = TRY(InsertJob(client, {{"load", std::move(load)}}));
    return ReportLoad(TRY(WaitForJob(client, job)));
  }
  for (const std::string& path : sources) {
    const auto file = TRY(MakePosixFiles()->OpenForRead(path));
    Json job;
    {
      Progress progress(path, file->size_bytes());
      FileSource body(*file, progress);
      job = TRY(client.InsertLoad(JsonObject{{"configuration", {{"load", load}}}}, body,
                                  file->size_bytes()));
    }
    TRY(ReportLoad(TRY(WaitForJob(client, job))));
    load["writeDisposition"] = "WRITE_APPEND";  // the other files join the first one
  }
  return {};
}

Status Extract(const Call& call) {
  Client client = TRY(Client::FromCall(call));
  TRY(ParseGcsUrl(call.words[1]));
  JsonObject extract{{"sourceTable", TRY(TableRef(client, call.words[0]))},
                     {"destinationUris", JsonArray{Json(call.words[1])}},
                     {"destinationFormat", TRY(FormatName(call, call.words[1]))}};
  if (call.has("compression")) {
    std::string compression = call.Get("compression");
    for (char& c : compression) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    extract["compression"] = compression;
  } else if (call.words[1].ends_with(".gz")) {
    extract["compression"] = "GZIP";
  }
  if (call.has("no-header")) extract["printHeader"] = false;
  if (call.has("delimiter")) extract["fieldDelimiter"] = call.Get("delimiter");
  const Json made = TRY(InsertJob(client, {{"extract", std::move(extract)}}));
  const Json job = TRY(WaitForJob(client, made));
  boost::system::error_code missing;
  const Json* const counts =
      job.find_pointer("/statistics/extract/destinationUriFileCounts/0", missing);
  if (counts != nullptr && counts->is_string())
    std::fprintf(stderr, "%s object(s) written\n", std::string(counts->get_string()).c_str());
  return {};
}

// Lines of a file or of stdin.
class Lines {
 public:
  explicit Lines(std::FILE* file) : file_(file) {}
  Lines(const Lines&) = delete;
  Lines& operator=(const Lines&) = delete;
  ~Lines() {
    if (file_ != stdin) std::fclose(file_);
    std::free(line_);
  }
  bool Next(std::string_view& line) {
    const ssize_t bytes = getline(&line_, &capacity_, file_);
    if (bytes < 0) return false;
    line = std::string_view(line_, static_cast<std::size_t>(bytes));
    return true;
  }

 private:
  std::FILE* const file_;
  char* line_ = nullptr;
  std::size_t capacity_ = 0;
};

struct Insertion {
  Client& client;
  std::string target;
  bool skip_invalid = false, ignore_unknown = false;
  std::string rows;  // as they stand in the file, so that no number loses digits
  std::vector<std::int64_t> line_of_row;
  std::int64_t inserted = 0, wrong = 0;

  Status Send() {
    if (rows.empty()) return {};
    const auto word = [](bool value) { return value ? "true" : "false"; };
    const Json answer =
        TRY(client.PostText(target, std::string("{\"skipInvalidRows\":") + word(skip_invalid) +
                                        ",\"ignoreUnknownValues\":" + word(ignore_unknown) +
                                        ",\"rows\":[" + rows + "]}"));
    std::int64_t refused = 0;
    if (const JsonArray* errors = TRY(ArrayMember(answer.get_object(), "insertErrors"))) {
      refused = static_cast<std::int64_t>(errors->size());
      for (const Json& each : *errors) TRY(Report(each.as_object()));
    }
    inserted += static_cast<std::int64_t>(line_of_row.size()) - refused;
    rows.clear();
    line_of_row.clear();
    return {};
  }
  Status Report(const JsonObject& row) {
    const auto index = static_cast<std::size_t>(TRY(Int64Member(row, "index")).value_or(0));
    const JsonArray* const errors = TRY(ArrayMember(row, "errors"));
    for (const Json& each : errors == nullptr ? JsonArray() : *errors) {
      const std::string reason = TRY(StringMember(each.as_object(), "reason")).value_or("");
      if (reason == "stopped") continue;
      if (static_cast<std::size_t>(wrong++) >= kErrorsShown) continue;
      std::fprintf(stderr, "line %lld: %s\n", static_cast<long long>(line_of_row.at(index)),
                   TRY(StringMember(each.as_object(), "message")).value_or(reason).c_str());
    }
    return {};
  }
};

Status Insert(const Call& call) {
  Client client = TRY(Client::FromCall(call));
  const JsonObject table = TRY(TableRef(client, call.words[0]));
  const auto text = [&](std::string_view name) {
    return PercentEncode(std::string(table.at(name).get_string()));
  };
  Insertion insertion{.client = client,
                      .target = "/bigquery/v2/projects/" + text("projectId") + "/datasets/" +
                                text("datasetId") + "/tables/" + text("tableId") + "/insertAll",
                      .skip_invalid = call.has("skip-invalid"),
                      .ignore_unknown = call.has("ignore-unknown"),
                      .rows = {},
                      .line_of_row = {}};
  const std::string path = call.words.size() > 1 ? call.words[1] : "-";
  std::FILE* const file = path == "-" ? stdin : std::fopen(path.c_str(), "r");
  if (file == nullptr) return NotFound(path + ": " + std::strerror(errno));
  const std::uint64_t size =
      path == "-" ? 0 : TRY(MakePosixFiles()->OpenForRead(path))->size_bytes();
  Progress progress(call.words[0], size);
  Lines lines(file);
  SystemRandom random;
  const std::string prefix = RandomHex(random, 8);  // a repeated request inserts nothing twice
  std::string_view line;
  for (std::int64_t number = 1; lines.Next(line); ++number) {
    if (size > 0) progress.Add(line.size());
    if (Trim(line).empty()) continue;
    const Result<Json> row = ParseJson(Trim(line));
    if (!row.ok() || !row->is_object())
      return InvalidArgument("line " + std::to_string(number) + ": not a JSON object");
    insertion.line_of_row.push_back(number);
    insertion.rows.append(insertion.rows.empty() ? "" : ",")
        .append("{\"insertId\":\"" + prefix + "-" + std::to_string(number) + "\",\"json\":")
        .append(Trim(line))
        .append("}");
    if (insertion.line_of_row.size() == kInsertRowsMax || insertion.rows.size() > kInsertBytesMax)
      TRY(insertion.Send());
  }
  TRY(insertion.Send());
  std::fprintf(stderr, "%lld row(s) inserted\n", static_cast<long long>(insertion.inserted));
  if (insertion.wrong == 0) return {};
  return FailedPrecondition(std::to_string(insertion.wrong) + " row(s) were refused");
}

}  // namespace

std::vector<Command> TableCommands() {
  static constexpr Flag kFormat{"format", "FORMAT", "csv, json or parquet (by the name's end)"};
  static constexpr Flag kIgnore{"ignore-unknown", "", "drop values the table has no column for"};
  return {
      {.name = "load",
       .words = "DATASET.TABLE[$PARTITION] gs://BUCKET/NAME...|FILE...",
       .summary = "load objects or local files into a table",
       .words_min = 2,
       .words_max = 10'000,
       .flags = {kFormat,
                 {"schema", "FIELDS", "NAME:TYPE,NAME:TYPE (detected)"},
                 {"replace", "", "replace the table's rows"},
                 {"skip", "N", "header rows of CSV"},
                 {"max-bad", "N", "bad records that are tolerated"},
                 kIgnore},
       .run = Load},
      {.name = "extract",
       .words = "DATASET.TABLE[$PARTITION] gs://BUCKET/NAME",
       .summary = "write a table's rows as objects; a \"*\" in the name shards",
       .words_min = 2,
       .words_max = 2,
       .flags = {kFormat,
                 {"compression", "CODEC", "none, gzip; snappy and zstd for parquet"},
                 {"delimiter", "CHAR", "of CSV"},
                 {"no-header", "", "CSV without the row of names"}},
       .run = Extract},
      {.name = "insert",
       .words = "DATASET.TABLE[$PARTITION] [FILE]",
       .summary = "stream rows into a table: one JSON object per line of the file or stdin",
       .words_min = 1,
       .words_max = 2,
       .flags = {{"skip-invalid", "", "insert the good rows of a request with bad ones"}, kIgnore},
       .run = Insert}};
}

}  // namespace landfall::cli
