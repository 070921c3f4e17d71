// landfall backfill: lists a prefix and loads the batches of the markers found there, through the
// same code and with the same identity as a notification would. What the load state knows is
// skipped, so running it again goes on where it was cut off.
#include <unistd.h>

#include <cstdio>
#include <map>

#include "base/clock.h"
#include "base/mutex.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/command.h"

namespace landfall::cli {
namespace {

struct Range {
  std::optional<TimePoint> since, until;
  bool Holds(TimePoint t) const { return (!since || t >= *since) && (!until || t < *until); }
};

struct Counts {
  std::size_t listed = 0, markers = 0, loading = 0, known = 0;
};

Result<std::optional<TimePoint>> TimeFlag(const Call& call, std::string_view name) {
  if (!call.has(name)) return std::optional<TimePoint>();
  const std::string text = call.Get(name);
  const auto time = ParseRfc3339(text.size() == 10 ? text + "T00:00:00Z" : text);
  if (!time.ok())
    return Usage("--" + std::string(name) + " takes a date or an RFC 3339 time, not " + text);
  return std::optional<TimePoint>(*time);
}

bool HasSegment(std::string_view object, std::string_view segment) {
  for (const std::string_view part : Split(object, '/'))
    if (part == segment) return true;
  return false;
}

bool IsMarker(std::string_view object, std::string_view success) {
  const std::size_t slash = object.rfind('/');
  const std::string_view base = slash == std::string_view::npos ? object : object.substr(slash + 1);
  return base == success && !HasSegment(object, "_config") && !HasSegment(object, "_backlog");
}

class Backfill {
 public:
  Backfill(Client& client, const Call& call, Range range, std::int64_t rate)
      : client_(client),
        success_(call.Get("success-filename", "_SUCCESS")),
        dry_run_(call.has("dry-run")),
        range_(range),
        rate_(rate),
        shows_progress_(::isatty(2) == 1) {}

  Status Run(const GcsUrl& from) {
    std::string token;
    do {
      const Json page = TRY(client_.Get(
          "/storage/v1/b/" + PercentEncode(from.bucket) + "/o?prefix=" + PercentEncode(from.name) +
          "&fields=nextPageToken,items(name,generation,timeCreated)" +
          (token.empty() ? "" : "&pageToken=" + PercentEncode(token))));
      const JsonObject& body = page.get_object();
      token = TRY(StringMember(body, "nextPageToken")).value_or("");
      if (const JsonArray* items = TRY(ArrayMember(body, "items"))) {
        for (const Json& item : *items) TRY(Look(from.bucket, item.get_object()));
      }
    } while (!token.empty());
    return Report();
  }

 private:
  Status Look(const std::string& bucket, const JsonObject& object) {
    ++counts_.listed;
    const std::string name = TRY(StringMember(object, "name")).value_or("");
    if (!IsMarker(name, success_)) return {};
    const TimePoint created =
        TRY(ParseRfc3339(TRY(StringMember(object, "timeCreated")).value_or("")));
    if (!range_.Holds(created)) return {};
    ++counts_.markers;
    const std::string uri = "gs://" + bucket + "/" + name;
    const Status loaded = dry_run_ ? Tell(bucket, name, object) : Load(bucket, name, object);
    // One path that fails does not stop the others.
    if (!loaded.ok()) errors_[uri] = loaded.ToString();
    if (shows_progress_) {
      std::fprintf(stderr, "\r%zu objects listed, %zu markers, %zu to load, %zu known ",
                   counts_.listed, counts_.markers, counts_.loading, counts_.known);
    }
    return {};
  }

  Status Load(const std::string& bucket, const std::string& name, const JsonObject& object) {
    Pace();
    const Json answer = TRY(client_.Post(
        "/landfall/v1/ingest:notify",
        JsonObject{{"attributes", JsonObject{{"bucketId", bucket},
                                             {"objectId", name},
                                             {"objectGeneration",
                                              TRY(StringMember(object, "generation")).value_or("")},
                                             {"eventType", "OBJECT_FINALIZE"}}}}));
    const JsonObject& outcome = answer.get_object();
    if (!TRY(BoolMember(outcome, "acts")).value_or(false))
      return FailedPrecondition(TRY(StringMember(outcome, "reason")).value_or("it does not act"));
    ++(TRY(BoolMember(outcome, "duplicate")).value_or(false) ? counts_.known : counts_.loading);
    return {};
  }

  Status Tell(const std::string& bucket, const std::string& name, const JsonObject& object) {
    const std::string generation = TRY(StringMember(object, "generation")).value_or("");
    const Json answer = TRY(
        client_.Get("/landfall/v1/projects/" + PercentEncode(TRY(client_.Project())) +
                    "/loads?bucket=" + PercentEncode(bucket) + "&prefix=" + PercentEncode(name)));
    std::string state;
    if (const JsonArray* loads = TRY(ArrayMember(answer.get_object(), "loads"))) {
      for (const Json& load : *loads) {
        const JsonObject& row = load.get_object();
        if (TRY(StringMember(row, "object")).value_or("") == name &&
            TRY(StringMember(row, "generation")).value_or("") == generation)
          state = TRY(StringMember(row, "state")).value_or("known");
      }
    }
    ++(state.empty() ? counts_.loading : counts_.known);
    std::printf("%-10s gs://%s/%s\n", state.empty() ? "would load" : state.c_str(), bucket.c_str(),
                name.c_str());
    return {};
  }

  // At most `rate_` batches a second.
  void Pace() {
    if (rate_ <= 0) return;
    const auto step = std::chrono::nanoseconds(1'000'000'000 / rate_);
    const MutexLock lock(mu_);
    for (;;) {
      const auto now = std::chrono::steady_clock::now();
      if (now >= next_) break;
      never_.WaitFor(mu_, next_ - now);
    }
    next_ = std::max(next_, std::chrono::steady_clock::now()) + step;
  }

  Status Report() {
    if (shows_progress_) std::fputs("\n", stderr);
    std::printf("%zu objects listed, %zu markers: %zu %s, %zu known already, %zu failed\n",
                counts_.listed, counts_.markers, counts_.loading,
                dry_run_ ? "would be loaded" : "are being loaded", counts_.known, errors_.size());
    for (const auto& [uri, error] : errors_)
      std::fprintf(stderr, "%s: %s\n", uri.c_str(), error.c_str());
    if (errors_.empty()) return {};
    return FailedPrecondition(std::to_string(errors_.size()) + " of " +
                              std::to_string(counts_.markers) + " markers failed");
  }

  Client& client_;
  const std::string success_;
  const bool dry_run_;
  const Range range_;
  const std::int64_t rate_;
  const bool shows_progress_;
  Counts counts_;
  std::map<std::string, std::string> errors_;  // by uri
  Mutex mu_;
  CondVar never_;
  std::chrono::steady_clock::time_point next_;
};

Status RunBackfill(const Call& call) {
  const std::string mode = AsciiLower(call.Get("mode", "local"));
  if (mode == "notifications") {
    return Unimplemented(
        "--mode notifications publishes to a Pub/Sub topic, which this server does not serve yet; "
        "--mode local loads directly");
  }
  if (mode != "local") return Usage("--mode is local or notifications, not " + mode);
  Range range;
  range.since = TRY(TimeFlag(call, "since"));
  range.until = TRY(TimeFlag(call, "until"));
  std::int64_t rate = 0;
  if (call.has("rate")) {
    const auto given = ParseInt64(call.Get("rate"));
    if (!given || *given < 1) return Usage("--rate takes batches a second, 1 or more");
    rate = *given;
  }
  const GcsUrl from = TRY(ParseGcsUrl(call.words[0]));
  Client client = TRY(Client::FromCall(call));
  return Backfill(client, call, range, rate).Run(from);
}

}  // namespace

std::vector<Command> BackfillCommands() {
  return {{.name = "backfill",
           .words = "gs://BUCKET/PREFIX",
           .summary = "load the batches whose markers lie below a prefix; known ones are skipped",
           .words_min = 1,
           .words_max = 1,
           .flags = {{"mode", "MODE", "local (default), or notifications"},
                     {"success-filename", "NAME", "base name of the markers (_SUCCESS)"},
                     {"since", "TIME", "markers from this time on"},
                     {"until", "TIME", "markers before this time"},
                     {"rate", "N", "at most N batches a second"},
                     {"dry-run", "", "say what would be loaded, and load nothing"}},
           .run = RunBackfill}};
}

}  // namespace landfall::cli
