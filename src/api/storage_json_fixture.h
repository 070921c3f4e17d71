// The storage adapter behind a router, over a real store; requests are made by hand. For tests
// only.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/api.h"
#include "base/json.h"
#include "net/net.h"
#include "pubsub/pubsub.h"
#include "storage/fake.h"

namespace landfall::api {

// Knows topics, nothing else.
class TopicsOnly final : public pubsub::PubSub {
 public:
  std::set<std::string, std::less<>> topics;

  Result<pubsub::Topic> CreateTopic(const CallContext&, pubsub::Topic) override { return No(); }
  Result<pubsub::Topic> GetTopic(const CallContext&, std::string_view name) override {
    if (!topics.contains(name)) return NotFound("no topic " + std::string(name));
    return pubsub::Topic{std::string(name), {}};
  }
  Result<std::vector<pubsub::Topic>> ListTopics(const CallContext&, std::string_view) override {
    return No();
  }
  Status DeleteTopic(const CallContext&, std::string_view) override { return No(); }
  Result<pubsub::Subscription> CreateSubscription(const CallContext&,
                                                  pubsub::Subscription) override {
    return No();
  }
  Result<pubsub::Subscription> GetSubscription(const CallContext&, std::string_view) override {
    return No();
  }
  Result<std::vector<pubsub::Subscription>> ListSubscriptions(const CallContext&,
                                                              std::string_view) override {
    return No();
  }
  Status DeleteSubscription(const CallContext&, std::string_view) override { return No(); }
  Result<std::vector<std::string>> Publish(const CallContext&, std::string_view,
                                           std::vector<pubsub::Message>) override {
    return No();
  }
  Result<std::vector<std::string>> Stage(meta::Txn&, std::string_view,
                                         std::vector<pubsub::Message>) override {
    return No();
  }
  Result<std::vector<pubsub::Delivery>> Pull(const CallContext&, std::string_view, std::size_t,
                                             std::chrono::milliseconds) override {
    return No();
  }
  Status Acknowledge(const CallContext&, std::string_view,
                     const std::vector<std::string>&) override {
    return No();
  }
  Status ModifyAckDeadline(const CallContext&, std::string_view, const std::vector<std::string>&,
                           std::chrono::seconds) override {
    return No();
  }

 private:
  static Status No() { return Unimplemented("topics only"); }
};

struct Answer {
  int status = 0;
  net::Headers headers = {};
  std::string body = {};

  std::string Header(std::string_view name) const {
    return std::string(headers.Get(name).value_or(""));
  }
  JsonObject Object() const {
    auto json = ParseJson(body);
    return json.ok() && json->is_object() ? json->get_object() : JsonObject();
  }
  std::string Text(std::string_view member) const {
    const JsonObject object = Object();
    const Json* value = Find(object, member);
    return value != nullptr && value->is_string() ? std::string(value->get_string()) : "";
  }
  std::string Reason() const {
    const auto json = ParseJson(body);
    if (!json.ok()) return "(no JSON: " + body + ")";
    boost::system::error_code missing;
    const Json* reason = json->find_pointer("/error/errors/0/reason", missing);
    return reason == nullptr ? "" : std::string(reason->get_string());
  }
};

using HeaderList = std::vector<std::pair<std::string, std::string>>;

struct TestApi {
  explicit TestApi(storage::Options options = {}) : store(std::move(options)) { Route(); }
  void Restart() {
    store.Reopen();
    Route();
  }
  void Route() {
    router = std::make_unique<net::Router>();
    router->Add(MakeStorageJson(*store.storage, pubsub));
  }

  Answer Send(net::Method method, std::string target, std::string body = {},
              const HeaderList& headers = {}) {
    StringSource source(body);
    return SendSource(method, std::move(target), source, body.size(), headers);
  }
  Answer SendSource(net::Method method, std::string target, ByteSource& body,
                    std::optional<std::uint64_t> length, const HeaderList& headers = {}) {
    net::Request request;
    request.method = method;
    request.target = std::move(target);
    request.headers.Set("Host", "localhost:8080");
    for (const auto& [name, value] : headers) request.headers.Add(name, value);
    request.content_length = length;
    request.body = &body;
    net::Response response = router->Dispatch(request);
    return {response.status, response.headers, BodyOf(response)};
  }
  Answer Get(std::string target, const HeaderList& headers = {}) {
    return Send(net::Method::kGet, std::move(target), {}, headers);
  }
  Answer Post(std::string target, std::string body = {}, const HeaderList& headers = {}) {
    return Send(net::Method::kPost, std::move(target), std::move(body), headers);
  }
  Answer Put(std::string target, std::string body = {}, const HeaderList& headers = {}) {
    return Send(net::Method::kPut, std::move(target), std::move(body), headers);
  }
  Answer Patch(std::string target, std::string body, const HeaderList& headers = {}) {
    return Send(net::Method::kPatch, std::move(target), std::move(body), headers);
  }
  Answer Delete(std::string target) { return Send(net::Method::kDelete, std::move(target)); }
  Answer PutMedia(std::string_view encoded_name, std::string body, const std::string& more = {},
                  const HeaderList& headers = {}) {
    return Post(
        "/upload/storage/v1/b/bucket/o?uploadType=media&name=" + std::string(encoded_name) + more,
        std::move(body), headers);
  }
  std::string Read(std::string_view encoded_name) {
    return Get("/storage/v1/b/bucket/o/" + std::string(encoded_name) + "?alt=media").body;
  }

  storage::TestStorage store;
  TopicsOnly pubsub;
  std::unique_ptr<net::Router> router;

 private:
  static std::string BodyOf(net::Response& response) {
    if (auto* text = std::get_if<std::string>(&response.body)) return std::move(*text);
    if (auto* range = std::get_if<net::FileRange>(&response.body)) {
      std::string bytes(range->bytes, '\0');
      if (range->bytes > 0)
        CHECK(range->file->ReadAt(range->offset, bytes).value() == range->bytes);
      return bytes;
    }
    return ReadAll(*std::get<net::Stream>(response.body).source, 1 << 26, "stream").value();
  }
};

}  // namespace landfall::api
