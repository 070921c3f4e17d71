// landfall rm
#include <cstdio>

#include "base/text.h"
#include "cli/client.h"
#include "cli/command.h"

namespace landfall::cli {
namespace {

std::string ObjectTarget(const std::string& bucket, std::string_view name) {
  return "/storage/v1/b/" + PercentEncode(bucket) + "/o/" + PercentEncode(std::string(name));
}

// Everything that begins with the prefix; how many.
Result<std::int64_t> RemoveBelow(Client& client, const GcsUrl& url) {
  const std::string list = "/storage/v1/b/" + PercentEncode(url.bucket) +
                           "/o?fields=items(name),nextPageToken&prefix=" + PercentEncode(url.name);
  std::int64_t removed = 0;
  std::string token;
  do {
    const Json page =
        TRY(client.Get(list + (token.empty() ? "" : "&pageToken=" + PercentEncode(token))));
    token = TRY(StringMember(page.get_object(), "nextPageToken")).value_or("");
    const JsonArray* const items = TRY(ArrayMember(page.get_object(), "items"));
    if (items == nullptr) continue;
    for (const Json& item : *items) {
      TRY(client.Delete(
          ObjectTarget(url.bucket, TRY(StringMember(item.get_object(), "name")).value_or(""))));
      ++removed;
    }
  } while (!token.empty());
  return removed;
}

Status RemoveTree(Client& client, GcsUrl url) {
  const bool whole_bucket = url.name.empty();
  std::int64_t removed = 0;
  if (!whole_bucket && !url.name.ends_with('/')) {
    // The object of this name, and what is below it as in a directory; not its namesakes.
    const Status one = client.Delete(ObjectTarget(url.bucket, url.name));
    if (one.ok()) {
      ++removed;
    } else if (one.reason() != "404") {
      return one;
    }
    url.name += '/';
  }
  removed += TRY(RemoveBelow(client, url));
  if (removed == 0 && !whole_bucket)
    return NotFound("nothing matches gs://" + url.bucket + "/" + url.name);
  if (whole_bucket) TRY(client.Delete("/storage/v1/b/" + PercentEncode(url.bucket)));
  std::fprintf(stderr, "%lld object(s) removed\n", static_cast<long long>(removed));
  return {};
}

Status RemoveTable(Client& client, std::string_view text, bool recursive) {
  const std::vector<std::string_view> parts = Split(text, '.');
  const std::string base = "/bigquery/v2/projects/" + PercentEncode(TRY(client.Project())) +
                           "/datasets/" + PercentEncode(std::string(parts[0]));
  if (parts.size() == 2)
    return client.Delete(base + "/tables/" + PercentEncode(std::string(parts[1])));
  if (parts.size() == 1) return client.Delete(base + (recursive ? "?deleteContents=true" : ""));
  return Usage("\"" + std::string(text) + "\" is not DATASET or DATASET.TABLE");
}

Status Remove(const Call& call) {
  Client client = TRY(Client::FromCall(call));
  const bool recursive = call.has("r");
  for (const std::string& word : call.words) {
    if (!word.starts_with("gs://")) {
      TRY(RemoveTable(client, word, recursive));
      continue;
    }
    GcsUrl url = TRY(ParseGcsUrl(word));
    if (recursive) {
      TRY(RemoveTree(client, std::move(url)));
    } else if (url.name.empty()) {
      TRY(client.Delete("/storage/v1/b/" + PercentEncode(url.bucket)));
    } else {
      TRY(client.Delete(ObjectTarget(url.bucket, url.name)));
    }
  }
  return {};
}

}  // namespace

std::vector<Command> RemoveCommands() {
  return {{.name = "rm",
           .words = "gs://BUCKET[/NAME]... | DATASET[.TABLE]...",
           .summary = "remove objects, an empty bucket, a table or an empty dataset",
           .words_min = 1,
           .words_max = 10'000,
           .flags = {{"r", "", "with everything below: objects, a bucket's, a dataset's tables"}},
           .run = Remove}};
}

}  // namespace landfall::cli
