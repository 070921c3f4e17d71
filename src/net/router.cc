// A trie over path segments. Matching works on the raw segments, so an encoded slash or colon is
// always data; what a pattern captures is decoded afterwards.
#include <algorithm>
#include <exception>
#include <map>

#include "base/json.h"
#include "base/text.h"
#include "net/http_parse.h"
#include "net/net.h"

namespace landfall::net {
namespace {

using Segments = std::vector<std::string_view>;

// The segments of a path, without the empty one before the first slash.
Segments SplitPath(std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  return Split(path, '/');
}

struct Verbed {
  std::string_view stem, verb;
};
// "{topic}:publish" or "t1:publish" in two; an empty verb when there is no colon or nothing before
// it.
Verbed SplitVerb(std::string_view segment) {
  const std::size_t colon = segment.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == segment.size())
    return {segment, {}};
  return {segment.substr(0, colon), segment.substr(colon + 1)};
}

Response PlainError(const Status& status, int http_status) {
  Response response;
  response.status = http_status;
  response.headers.Set("Content-Type", "application/json; charset=UTF-8");
  response.body = ToText(Json{{"error",
                               {{"code", http_status},
                                {"message", status.message()},
                                {"status", CodeName(status.code())}}}});
  return response;
}

}  // namespace

struct Entry {
  const Route* route;
  std::size_t api;                  // from 1
  std::vector<std::string> params;  // in the order of capture
};

struct Router::Node {
  std::map<std::string, std::unique_ptr<Node>, std::less<>> literals;
  std::map<std::string, std::unique_ptr<Node>, std::less<>> param_verbs, rest_verbs;
  std::unique_ptr<Node> param, rest;
  std::vector<Entry> entries;  // by method, of patterns that end here
  std::size_t api = 0;         // of the first pattern that passes through
};

struct Router::Impl {
  struct Match {
    const Entry* entry = nullptr;
    Segments captured;
    const Node* other_method = nullptr;  // a pattern ends here, but not for this method
    std::size_t nearest_api = 0, nearest_depth = 0;
  };

  struct Claimed {
    std::size_t api;
    std::unique_ptr<Node> root;
  };

  std::vector<std::unique_ptr<Api>> apis;
  Node root, catch_all;
  std::vector<Claimed> claimed;

  static void AddRoute(Node& tree, const Route& route, std::size_t api);
  const Entry* Accept(const Node& node, Method method, Match& match) const;
  bool Walk(const Node& node, const Segments& segments, std::size_t at, Method method,
            Match& match) const;
  bool WalkInto(const Node* node, std::string_view captured, const Segments& segments,
                std::size_t next, Method method, Match& match) const;
  bool WalkRest(const Node& node, const Segments& segments, std::size_t at, Method method,
                Match& match) const;
  Match FindIn(const Node& tree, std::string_view path, Method method) const;
  Match Find(const Request& request) const;
  Response Render(std::size_t api, const Request& request, const Status& status) const;
  Response Refuse(const Match& match, Request& request) const;
  Response Run(const Entry& entry, Request& request) const;
  Result<Response> Guarded(const Entry& entry, Request& request, std::string& thrown) const;
};

namespace {

template <typename NodePtr>
auto& Child(NodePtr& child) {
  if (!child) child = std::make_unique<typename NodePtr::element_type>();
  return *child;
}

// "{x}" or "{x=**}"; the name in it.
struct Variable {
  std::string_view name;
  bool rest = false;
};
std::optional<Variable> ParseVariable(std::string_view text) {
  if (!text.starts_with('{') || !text.ends_with('}')) return std::nullopt;
  text = text.substr(1, text.size() - 2);
  const bool rest = text.ends_with("=**");
  if (rest) text.remove_suffix(3);
  CHECK(!text.empty() && text.find_first_of("{}=*") == std::string_view::npos);
  return Variable{text, rest};
}

const Entry* EntryOf(const std::vector<Entry>& entries, Method method) {
  const auto it = std::find_if(entries.begin(), entries.end(),
                               [&](const Entry& entry) { return entry.route->method == method; });
  return it == entries.end() ? nullptr : &*it;
}

// Fills request.params. The route's own error shape reports a malformed escape.
Status Capture(const Entry& entry, const Segments& captured, Request& request) {
  request.params.clear();
  for (std::size_t i = 0; i < entry.params.size(); ++i) {
    request.params.emplace_back(entry.params[i], TRY(PercentDecode(captured[i])));
  }
  return {};
}

Status OverrideMethod(Request& request) {
  if (request.method != Method::kPost) return {};
  const std::optional<std::string_view> name = request.headers.Get("X-HTTP-Method-Override");
  if (!name) return {};
  for (const Method method :
       {Method::kGet, Method::kPost, Method::kPut, Method::kPatch, Method::kDelete}) {
    if (MethodName(method) != *name) continue;
    request.method = method;
    return {};
  }
  return InvalidArgument("X-HTTP-Method-Override \"" + std::string(*name) +
                         "\" is not one of GET, POST, PUT, PATCH, DELETE");
}

std::string Described(const Request& request) {
  return std::string(MethodName(request.method)) + " " + request.path;
}

}  // namespace

void Router::Impl::AddRoute(Node& tree, const Route& route, std::size_t api) {
  CHECK(route.pattern.starts_with('/'));
  Entry entry{&route, api, {}};
  Node* node = &tree;
  Segments segments = SplitPath(route.pattern);
  if (segments.back().empty()) segments.pop_back();
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const std::string_view segment = segments[i];
    const Verbed verbed = SplitVerb(segment);
    if (const auto whole = ParseVariable(segment)) {
      CHECK(!whole->rest || i + 1 == segments.size());
      entry.params.emplace_back(whole->name);
      node = &Child(whole->rest ? node->rest : node->param);
    } else if (const auto stem = ParseVariable(verbed.stem); stem && !verbed.verb.empty()) {
      CHECK(!stem->rest || i + 1 == segments.size());
      entry.params.emplace_back(stem->name);
      node = &Child((stem->rest ? node->rest_verbs : node->param_verbs)[std::string(verbed.verb)]);
    } else {
      CHECK(segment.find_first_of("{}*") == std::string_view::npos && !segment.empty());
      node = &Child(node->literals[std::string(segment)]);
    }
    if (node->api == 0) node->api = api;
  }
  CHECK(EntryOf(node->entries, route.method) == nullptr);  // two routes for one method and pattern
  node->entries.push_back(std::move(entry));
}

const Entry* Router::Impl::Accept(const Node& node, Method method, Match& match) const {
  if (node.entries.empty()) return nullptr;
  const Entry* entry = EntryOf(node.entries, method);
  if (entry == nullptr && method == Method::kHead) entry = EntryOf(node.entries, Method::kGet);
  if (entry == nullptr && match.other_method == nullptr) match.other_method = &node;
  if (entry != nullptr) match.entry = entry;
  return entry;
}

bool Router::Impl::WalkInto(const Node* node, std::string_view captured, const Segments& segments,
                            std::size_t next, Method method, Match& match) const {
  if (node == nullptr) return false;
  match.captured.push_back(captured);
  if (Walk(*node, segments, next, method, match)) return true;
  match.captured.pop_back();
  return false;
}

bool Router::Impl::WalkRest(const Node& node, const Segments& segments, std::size_t at,
                            Method method, Match& match) const {
  const std::string_view rest(
      segments[at].data(), static_cast<std::size_t>(segments.back().data() +
                                                    segments.back().size() - segments[at].data()));
  if (rest.empty()) return false;
  const Verbed verbed = SplitVerb(rest);
  if (!verbed.verb.empty()) {
    const auto it = node.rest_verbs.find(verbed.verb);
    if (it != node.rest_verbs.end() && Accept(*it->second, method, match)) {
      match.captured.push_back(verbed.stem);
      return true;
    }
  }
  if (!node.rest || !Accept(*node.rest, method, match)) return false;
  match.captured.push_back(rest);
  return true;
}

// The routes' own depth bounds the recursion, not the path's.
bool Router::Impl::Walk(const Node& node, const Segments& segments, std::size_t at, Method method,
                        Match& match) const {
  if (node.api != 0 && at > match.nearest_depth) {
    match.nearest_api = node.api;
    match.nearest_depth = at;
  }
  if (at == segments.size()) return Accept(node, method, match) != nullptr;
  const std::string_view segment = segments[at];
  if (!segment.empty()) {
    const auto literal = node.literals.find(segment);
    if (literal != node.literals.end() && Walk(*literal->second, segments, at + 1, method, match))
      return true;
    const Verbed verbed = SplitVerb(segment);
    if (!verbed.verb.empty()) {
      const auto verb = node.param_verbs.find(verbed.verb);
      if (verb != node.param_verbs.end() &&
          WalkInto(verb->second.get(), verbed.stem, segments, at + 1, method, match)) {
        return true;
      }
    }
    if (WalkInto(node.param.get(), segment, segments, at + 1, method, match)) return true;
  }
  return WalkRest(node, segments, at, method, match);
}

Router::Impl::Match Router::Impl::FindIn(const Node& tree, std::string_view path,
                                         Method method) const {
  Match match;
  if (!path.starts_with('/')) return match;
  Segments segments = SplitPath(path);
  if (Walk(tree, segments, 0, method, match)) return match;
  if (segments.back().empty()) {
    segments.pop_back();
    match.captured.clear();
    Walk(tree, segments, 0, method, match);
  }
  return match;
}

Router::Impl::Match Router::Impl::Find(const Request& request) const {
  for (const Claimed& one : claimed) {
    if (apis[one.api - 1]->claims(request)) return FindIn(*one.root, request.path, request.method);
  }
  Match match = FindIn(root, request.path, request.method);
  if (match.entry != nullptr || match.other_method != nullptr || match.nearest_depth > 1)
    return match;
  Match left = FindIn(catch_all, request.path, request.method);
  return left.entry != nullptr || left.other_method != nullptr ? left : match;
}

Response Router::Impl::Render(std::size_t api, const Request& request, const Status& status) const {
  Response response = PlainError(status, HttpStatusOf(status.code()));
  if (api != 0 && apis[api - 1]->render_error)
    response = apis[api - 1]->render_error(request, status);
  response.fault = status.ToString();
  return response;
}

Response Router::Impl::Refuse(const Match& match, Request& request) const {
  request.api = match.nearest_api;
  if (match.other_method == nullptr) {
    return Render(request.api, request, NotFound("no method at " + Described(request)));
  }
  request.api = match.other_method->entries.front().api;
  std::string allow;
  for (const Entry& entry : match.other_method->entries) {
    allow += (allow.empty() ? "" : ", ") + std::string(MethodName(entry.route->method));
    if (entry.route->method == Method::kGet) allow += ", HEAD";
  }
  const Status status = Unimplemented(Described(request) + " is not allowed; the path has " + allow,
                                      "methodNotAllowed");
  Response response = apis[request.api - 1]->render_error ? Render(request.api, request, status)
                                                          : PlainError(status, 405);
  response.status = 405;
  response.headers.Set("Allow", allow);
  return response;
}

// The per-request guard: what a handler or a library below it throws becomes kInternal.
Result<Response> Router::Impl::Guarded(const Entry& entry, Request& request,
                                       std::string& thrown) const {
  try {
    return entry.route->handler(request);
  } catch (const std::exception& e) {
    thrown = "exception in " + entry.route->name + ": " + e.what();
  } catch (...) {
    thrown = "exception of an unknown type in " + entry.route->name;
  }
  return Internal("internal error in " + entry.route->name);
}

Response Router::Impl::Run(const Entry& entry, Request& request) const {
  if (!entry.route->handler) {
    return Render(entry.api, request, Unimplemented(entry.route->name + " is not implemented"));
  }
  std::string thrown;
  Result<Response> outcome = Guarded(entry, request, thrown);
  if (outcome.ok()) return std::move(outcome).value();
  Response response = Render(entry.api, request, outcome.status());
  if (!thrown.empty()) response.fault = std::move(thrown);
  return response;
}

Router::Router() : impl_(std::make_unique<Impl>()) {}
Router::~Router() = default;

void Router::Add(Api api) {
  impl_->apis.push_back(std::make_unique<Api>(std::move(api)));
  const Api& added = *impl_->apis.back();
  Node* tree = added.catch_all ? &impl_->catch_all : &impl_->root;
  if (added.claims) {
    impl_->claimed.push_back({impl_->apis.size(), std::make_unique<Node>()});
    tree = impl_->claimed.back().root.get();
  }
  for (const Route& route : added.routes) Impl::AddRoute(*tree, route, impl_->apis.size());
}

Response Router::Dispatch(Request& request) const {
  StringSource no_body{std::string()};
  if (request.body == nullptr) request.body = &no_body;
  const Status target = request.path.empty() ? ParseTarget(request.target, request) : Ok();
  const Status overridden = OverrideMethod(request);
  const Impl::Match match = impl_->Find(request);
  Response response;
  if (match.entry == nullptr) {
    response = impl_->Refuse(match, request);
  } else {
    request.api = match.entry->api;
    request.route_name = match.entry->route->name;
    Status bad = target.ok() ? overridden : target;
    if (bad.ok()) bad = Capture(*match.entry, match.captured, request);
    response =
        bad.ok() ? impl_->Run(*match.entry, request) : impl_->Render(request.api, request, bad);
  }
  if (request.body == &no_body) request.body = nullptr;
  return response;
}

Response Router::RenderError(const Request& request, const Status& status) const {
  return impl_->Render(request.api, request, status);
}

std::vector<std::string> Router::Apis() const {
  std::vector<std::string> names;
  for (const auto& api : impl_->apis) names.push_back(api->name);
  return names;
}

std::vector<Router::Coverage> Router::Routes() const {
  std::vector<Coverage> all;
  for (const auto& api : impl_->apis) {
    for (const Route& route : api->routes) {
      const auto refused = api->refusals.find(route.name);
      all.push_back({.api = api->name,
                     .name = route.name,
                     .method = std::string(MethodName(route.method)),
                     .pattern = route.pattern,
                     .implemented = static_cast<bool>(route.handler),
                     .refuses = refused == api->refusals.end() ? "" : refused->second});
    }
  }
  return all;
}

}  // namespace landfall::net
