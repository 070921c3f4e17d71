// landfall mb, ls, cp
#include <cstdio>

#include "base/text.h"
#include "cli/client.h"
#include "cli/command.h"
#include "cli/local_files.h"
#include "cli/table.h"

namespace landfall::cli {
namespace {

Status MakeBucket(const Call& call) {
  const GcsUrl url = TRY(ParseGcsUrl(call.words[0]));
  if (!url.name.empty()) return Usage("mb takes a bucket, not an object");
  Client client = TRY(Client::FromCall(call));
  const std::string project = TRY(client.Project());
  TRY(client.Post("/storage/v1/b?project=" + PercentEncode(project),
                  JsonObject{{"name", url.bucket}}));
  return {};
}

Status ListBuckets(Client& client) {
  const std::string base = "/storage/v1/b?project=" + PercentEncode(TRY(client.Project()));
  std::string token;
  do {
    const Json page =
        TRY(client.Get(base + (token.empty() ? "" : "&pageToken=" + PercentEncode(token))));
    if (const JsonArray* items = TRY(ArrayMember(page.get_object(), "items"))) {
      for (const Json& item : *items) {
        std::printf("gs://%s/\n",
                    TRY(StringMember(item.get_object(), "name")).value_or("").c_str());
      }
    }
    token = TRY(StringMember(page.get_object(), "nextPageToken")).value_or("");
  } while (!token.empty());
  return {};
}

Status PrintObjects(const Json& page, const std::string& bucket, bool details) {
  if (const JsonArray* prefixes = TRY(ArrayMember(page.get_object(), "prefixes"))) {
    for (const Json& prefix : *prefixes) {
      std::printf("%sgs://%s/%s\n", details ? "                                    " : "",
                  bucket.c_str(), std::string(prefix.get_string()).c_str());
    }
  }
  const JsonArray* items = TRY(ArrayMember(page.get_object(), "items"));
  if (items == nullptr) return {};
  for (const Json& item : *items) {
    const JsonObject& object = item.get_object();
    if (details) {
      std::printf("%10s  %24s  ", TRY(StringMember(object, "size")).value_or("?").c_str(),
                  TRY(StringMember(object, "updated")).value_or("?").c_str());
    }
    std::printf("gs://%s/%s\n", bucket.c_str(),
                TRY(StringMember(object, "name")).value_or("").c_str());
  }
  return {};
}

Status List(const Call& call) {
  Client client = TRY(Client::FromCall(call));
  if (call.words.empty()) return ListBuckets(client);
  const GcsUrl url = TRY(ParseGcsUrl(call.words[0]));
  std::string base =
      "/storage/v1/b/" + PercentEncode(url.bucket) + "/o?prefix=" + PercentEncode(url.name);
  if (!call.has("r")) base += "&delimiter=%2F";
  std::string token;
  do {
    const Json page =
        TRY(client.Get(base + (token.empty() ? "" : "&pageToken=" + PercentEncode(token))));
    TRY(PrintObjects(page, url.bucket, call.has("l")));
    token = TRY(StringMember(page.get_object(), "nextPageToken")).value_or("");
  } while (!token.empty());
  return {};
}

Status UploadOne(Client& client, const std::string& path, const GcsUrl& to) {
  const auto file = TRY(MakePosixFiles()->OpenForRead(path));
  Progress progress("gs://" + to.bucket + "/" + to.name, file->size_bytes());
  FileSource source(*file, progress);
  return client
      .Insert({.bucket = to.bucket,
               .name = to.name,
               .content_type = ContentTypeOf(path),
               .body = &source,
               .bytes = file->size_bytes()})
      .status()
      .Annotate(path);
}

Status Upload(Client& client, const Call& call, const GcsUrl& to) {
  const bool into = to.name.empty() || to.name.ends_with('/') || call.words.size() > 2;
  for (std::size_t i = 0; i + 1 < call.words.size(); ++i) {
    std::string path = call.words[i];
    while (path.size() > 1 && path.ends_with('/')) path.pop_back();
    const bool directory = TRY(IsDirectory(path));
    if (directory && !call.has("r")) return Usage(path + " is a directory; use -r");
    const std::string base(path.substr(path.rfind('/') + 1));
    std::string prefix = to.name;
    if (into && !prefix.empty() && !prefix.ends_with('/')) prefix += '/';
    for (const std::string& file : TRY(FilesBelow(path))) {
      const std::string below =
          file.substr(path.size());  // "" for a plain file, "/a/b" in a directory
      std::string name = prefix;
      if (directory) {
        name += (into ? base : "") + below;
        if (!into) name = to.name + below;
      } else if (into) {
        name += base;
      }
      TRY(UploadOne(client, file, {to.bucket, name}));
    }
  }
  return {};
}

class FileSink final : public ByteSink {
 public:
  explicit FileSink(std::unique_ptr<WritableFile> file) : file_(std::move(file)) {}
  Status Write(std::string_view bytes) override { return file_->Write(bytes); }

 private:
  std::unique_ptr<WritableFile> file_;
};

class StdoutSink final : public ByteSink {
 public:
  Status Write(std::string_view bytes) override {
    if (std::fwrite(bytes.data(), 1, bytes.size(), stdout) != bytes.size())
      return Internal("writing stdout failed");
    return {};
  }
};

Status DownloadTo(Client& client, const GcsUrl& from, std::string path) {
  if (from.name.empty() || from.name.ends_with('/')) return Usage("name one object to download");
  if (path == "-") {
    StdoutSink sink;
    return client.Download(from.bucket, from.name, sink);
  }
  const auto directory = IsDirectory(path);
  if (directory.ok() && *directory) path += "/" + from.name.substr(from.name.rfind('/') + 1);
  const auto files = MakePosixFiles();
  const std::string partial =
      path + ".partial";  // a broken download leaves nothing under the real name
  {
    FileSink sink(TRY(files->OpenForAppend(partial)));
    if (const Status status = client.Download(from.bucket, from.name, sink); !status.ok()) {
      TRY(files->Remove(partial));
      return status;
    }
  }
  return files->Rename(partial, path);
}

// Every object below the prefix, as files below the directory.
Status DownloadTree(Client& client, GcsUrl from, const std::string& directory) {
  if (!from.name.empty() && !from.name.ends_with('/')) from.name += '/';
  const auto files = MakePosixFiles();
  const std::string list =
      "/storage/v1/b/" + PercentEncode(from.bucket) + "/o?prefix=" + PercentEncode(from.name);
  std::string token;
  bool any = false;
  do {
    const Json page =
        TRY(client.Get(list + (token.empty() ? "" : "&pageToken=" + PercentEncode(token))));
    token = TRY(StringMember(page.get_object(), "nextPageToken")).value_or("");
    const JsonArray* const items = TRY(ArrayMember(page.get_object(), "items"));
    if (items == nullptr) continue;
    for (const Json& item : *items) {
      const std::string name = TRY(StringMember(item.get_object(), "name")).value_or("");
      const std::string below = "/" + name.substr(from.name.size());
      if (name.ends_with('/')) continue;  // a folder's placeholder
      if (("/" + below + "/").find("/../") != std::string::npos)
        return InvalidArgument("object " + name + " would be written outside of " + directory);
      const std::string path = directory + below;
      TRY(files->MakeDirs(path.substr(0, path.rfind('/'))));
      TRY(DownloadTo(client, {from.bucket, name}, path));
      any = true;
    }
  } while (!token.empty());
  return any ? Status() : NotFound("nothing matches gs://" + from.bucket + "/" + from.name);
}

Status Copy(const Call& call) {
  const std::string& last = call.words.back();
  const bool to_cloud = last.starts_with("gs://");
  const bool from_cloud = call.words[0].starts_with("gs://");
  if (to_cloud == from_cloud) return Usage("cp copies between a local file and a gs:// URL");
  Client client = TRY(Client::FromCall(call));
  if (to_cloud) return Upload(client, call, TRY(ParseGcsUrl(last)));
  if (call.words.size() != 2) return Usage("cp downloads one object at a time");
  if (call.has("r")) return DownloadTree(client, TRY(ParseGcsUrl(call.words[0])), last);
  return DownloadTo(client, TRY(ParseGcsUrl(call.words[0])), last);
}

}  // namespace

std::vector<Command> StorageCommands() {
  return {
      {.name = "mb",
       .words = "gs://BUCKET",
       .summary = "make a bucket",
       .words_min = 1,
       .words_max = 1,
       .flags = {},
       .run = MakeBucket},
      {.name = "ls",
       .words = "[gs://BUCKET[/PREFIX]]",
       .summary = "list buckets, or the objects and prefixes below a prefix",
       .words_min = 0,
       .words_max = 1,
       .flags = {{"l", "", "sizes and times too"}, {"r", "", "all objects below, not one level"}},
       .run = List},
      {.name = "cp",
       .words = "FILE... gs://BUCKET/[NAME] | gs://BUCKET/NAME FILE | -r gs://BUCKET/PREFIX DIR",
       .summary = "copy files into a bucket, or one object out of it (\"-\" is stdout). In a "
                  "directory, names that "
                  "start with \"_\" go last, so that a success file closes a complete batch",
       .words_min = 2,
       .words_max = 10'000,
       .flags = {{"r", "", "directories, with everything below"}},
       .run = Copy}};
}

}  // namespace landfall::cli
