#include "api/storage_retry_faults.h"

#include <algorithm>
#include <memory>

#include "api/content_range.h"
#include "api/json_error.h"
#include "api/storage_json_params.h"

namespace landfall::api::storage_json {
namespace {

constexpr std::chrono::milliseconds kStallSlice{100};  // how late the end of a client is noticed

// Passes bytes on; at `at_` it stalls once or fails for good, and it may spoil the first byte.
class FaultySource final : public ByteSource {
 public:
  enum class Then : std::uint8_t { kFail, kStall, kNothing };
  struct Plan {
    std::uint64_t at = 0;
    Then then = Then::kNothing;
    int stall_seconds = 0;
    bool corrupt = false;
    std::stop_token stop = {};
  };
  FaultySource(ByteSource& borrowed, Plan plan) : source_(&borrowed), plan_(std::move(plan)) {}
  FaultySource(std::unique_ptr<ByteSource> owned, Plan plan)
      : owned_(std::move(owned)), source_(owned_.get()), plan_(std::move(plan)) {}

  Result<std::size_t> Read(std::span<char> out) override {
    if (plan_.then != Then::kNothing && read_ >= plan_.at) {
      fired_ = true;
      if (plan_.then == Then::kFail) return Unavailable("injected fault: the stream is cut");
      plan_.then = Then::kNothing;
      Stall();
    }
    if (plan_.then != Then::kNothing)
      out = out.subspan(0, std::min<std::uint64_t>(out.size(), plan_.at - read_));
    const std::size_t n = TRY(source_->Read(out));
    if (plan_.corrupt && read_ == 0 && n > 0) {
      out[0] = static_cast<char>(~out[0]);
      fired_ = true;
    }
    read_ += n;
    return n;
  }
  bool fired() const { return fired_; }

 private:
  void Stall() {
    Mutex mu;
    CondVar never;
    const MutexLock lock(mu);
    const auto slices = std::chrono::seconds(plan_.stall_seconds) / kStallSlice;
    for (std::int64_t i = 0; i < slices && !plan_.stop.stop_requested(); ++i)
      never.WaitFor(mu, kStallSlice);
  }

  std::unique_ptr<ByteSource> owned_;
  ByteSource* source_;
  Plan plan_;
  std::uint64_t read_ = 0;
  bool fired_ = false;
};

class FileSource final : public ByteSource {
 public:
  explicit FileSource(net::FileRange range) : range_(std::move(range)) {}
  Result<std::size_t> Read(std::span<char> out) override {
    const std::size_t want = std::min<std::uint64_t>(out.size(), range_.bytes);
    if (want == 0) return std::size_t{0};
    const std::size_t n = TRY(range_.file->ReadAt(range_.offset, out.subspan(0, want)));
    range_.offset += n;
    range_.bytes -= n;
    return n;
  }

 private:
  net::FileRange range_;
};

// The body as a stream of known length.
net::Stream StreamOf(net::Response& response) {
  if (auto* text = std::get_if<std::string>(&response.body)) {
    const std::uint64_t bytes = text->size();
    return {std::make_unique<StringSource>(std::move(*text)), bytes};
  }
  if (auto* range = std::get_if<net::FileRange>(&response.body)) {
    const std::uint64_t bytes = range->bytes;
    return {std::make_unique<FileSource>(std::move(*range)), bytes};
  }
  return std::move(std::get<net::Stream>(response.body));
}

// False when the body is shorter than the plan's place.
bool SpoilBody(net::Response& response, FaultySource::Plan plan) {
  net::Stream stream = StreamOf(response);
  const bool reached = !stream.bytes || *stream.bytes >= plan.at;
  if (reached) stream.source = std::make_unique<FaultySource>(std::move(stream.source), plan);
  response.body = std::move(stream);
  return reached;
}

net::Response StatusAnswer(int status) {
  const std::string message = "Retry Test: Caused a " + std::to_string(status);
  return JsonResponse(
      JsonObject{{"error", JsonObject{{"code", status},
                                      {"message", message},
                                      {"errors", JsonArray{JsonObject{{"message", message},
                                                                      {"domain", "global"},
                                                                      {"reason", "retryTest"}}}}}}},
      status);
}

bool IsUpload(const net::Request& request) {
  return request.route_name == "storage.objects.insert" && request.method != net::Method::kDelete;
}
// Where in the object the request's body begins.
std::uint64_t FirstByte(const net::Request& request) {
  const auto header = request.headers.Get("Content-Range");
  if (!header) return 0;
  const auto range = ParseContentRange(*header);
  return range.ok() ? range->first.value_or(0) : 0;
}

// Runs the request with a body that misbehaves.
Result<net::Response> ServeSpoiledUpload(const FaultSite& site, FaultySource::Plan plan) {
  const std::uint64_t first = FirstByte(site.request);
  if (!plan.corrupt && plan.at < first) return site.serve();  // behind that place already
  plan.at -= std::min(plan.at, first);
  plan.stop = site.request.context.stop;
  FaultySource body(*site.request.body, plan);
  ByteSource* const whole = site.request.body;
  site.request.body = &body;
  Result<net::Response> answer = site.serve();
  site.request.body = whole;
  if (!body.fired()) return answer;
  site.fired();
  if (plan.then == FaultySource::Then::kFail) return StatusAnswer(site.fault.status);
  return answer;
}

Result<net::Response> ServeSpoiledAnswer(const FaultSite& site, bool applies,
                                         const FaultySource::Plan& plan) {
  Result<net::Response> answer = site.serve();
  if (!applies || !answer.ok() || answer->status >= 300) return answer;
  if (SpoilBody(*answer, plan)) site.fired();
  return answer;
}

Result<net::Response> ServeUnreachable(const FaultSite& site) {
  net::Response answer = TRY(site.serve());
  const auto* text = std::get_if<std::string>(&answer.body);
  if (text == nullptr || site.request.Query("returnPartialSuccess") != "true") return answer;
  Json body = TRY(ParseJson(*text));
  JsonArray names;
  for (const std::string& bucket : site.fault.buckets)
    names.emplace_back("projects/_/buckets/" + bucket);
  body.get_object()["unreachable"] = std::move(names);
  answer.body = ToText(body);
  site.fired();
  return answer;
}

}  // namespace

Result<net::Response> ServeWithFault(const FaultSite& site) {
  using Kind = Fault::Kind;
  using Then = FaultySource::Then;
  const Fault& fault = site.fault;
  const std::uint64_t after = fault.after_bytes.value_or(0);
  switch (fault.kind) {
    case Kind::kStatus:
      if (fault.after_bytes) {
        if (!IsUpload(site.request)) return site.serve();
        return ServeSpoiledUpload(site, {.at = after, .then = Then::kFail});
      }
      site.fired();
      return StatusAnswer(fault.status);
    case Kind::kReset: {
      site.fired();
      net::Response nothing;
      nothing.reset = true;
      return nothing;
    }
    case Kind::kBrokenStream:
      return ServeSpoiledAnswer(site, site.download, {.at = after, .then = Then::kFail});
    case Kind::kBrokenAnswer:
      // An upload that is not finished has no body in its answer.
      return ServeSpoiledAnswer(site, IsUpload(site.request), {.at = after, .then = Then::kFail});
    case Kind::kStall: {
      FaultySource::Plan plan{
          .at = after, .then = Then::kStall, .stall_seconds = fault.stall_seconds};
      if (IsUpload(site.request)) return ServeSpoiledUpload(site, plan);
      return ServeSpoiledAnswer(site, site.download, plan);
    }
    case Kind::kUnreachable:
      return ServeUnreachable(site);
    case Kind::kCorruptDownload:
      return ServeSpoiledAnswer(site, site.download, {.corrupt = true});
    case Kind::kCorruptUpload:
      return IsUpload(site.request) ? ServeSpoiledUpload(site, {.corrupt = true}) : site.serve();
  }
  CHECK(false);
}

Result<net::Response> ServeUnderTests(RetryTests& tests, net::Request& request, bool download,
                                      const std::function<Result<net::Response>()>& serve) {
  const std::string id(request.headers.Get("x-retry-test-id").value_or(""));
  const std::string_view instruction =
      request.headers.Get("x-goog-emulator-instructions")
          .value_or(request.headers.Get("x-goog-testbench-instructions").value_or(""));
  const std::string method =
      RetryMethodOf(request.route_name, request.method == net::Method::kDelete);
  std::optional<Fault> fault;
  if (!id.empty()) {
    fault = TRY(tests.Next(id, method));
  } else if (!instruction.empty()) {
    fault = TRY(ParseHeaderFault(instruction));
  }
  if (!fault) return serve();
  const auto fired = [&] {
    if (!id.empty()) tests.Consume(id, method);
  };
  return ServeWithFault({*fault, request, download, serve, fired});
}

}  // namespace landfall::api::storage_json
