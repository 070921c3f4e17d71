#include "server/gcs_source.h"

namespace landfall::server {
namespace {

constexpr std::size_t kMatchesMax = 10'000'000;  // files per load job, BigQuery's limit

warehouse::SourceObject ToSource(const storage::Object& object) {
  return {.bucket = object.bucket,
          .name = object.name,
          .generation = object.generation,
          .size_bytes = object.size_bytes,
          .crc32c = object.crc32c};
}

}  // namespace

Result<std::vector<warehouse::SourceObject>> GcsSource::Expand(std::string_view uri) {
  constexpr std::string_view kScheme = "gs://";
  const std::size_t slash = uri.find('/', kScheme.size());
  if (!uri.starts_with(kScheme) || slash == std::string_view::npos || slash == kScheme.size()) {
    return InvalidArgument("Source URI must be a Google Cloud Storage location: " +
                           std::string(uri));
  }
  const std::string bucket(uri.substr(kScheme.size(), slash - kScheme.size()));
  const std::string name(uri.substr(slash + 1));
  const std::size_t star = name.find('*');
  if (star != std::string::npos && name.find('*', star + 1) != std::string::npos) {
    return InvalidArgument("Source URI may hold only one \"*\": " + std::string(uri));
  }
  const Status not_found = NotFound("Not found: URI " + std::string(uri));
  std::vector<warehouse::SourceObject> found;
  if (star == std::string::npos) {
    const auto object = storage_.Get({}, bucket, name);
    if (!object.ok())
      return object.status().code() == Code::kNotFound ? not_found : object.status();
    found.push_back(ToSource(*object));
    return found;
  }
  const std::string suffix = name.substr(star + 1);
  storage::ListOptions options;
  options.prefix = name.substr(0, star);
  do {
    auto page = storage_.List({}, bucket, options);
    if (!page.ok()) return page.status().code() == Code::kNotFound ? not_found : page.status();
    for (const storage::Object& object : page->items) {
      const bool long_enough = object.name.size() >= options.prefix.size() + suffix.size();
      if (long_enough && object.name.ends_with(suffix)) found.push_back(ToSource(object));
    }
    if (found.size() > kMatchesMax)
      return InvalidArgument(std::string(uri) + " matches more than 10 million objects");
    options.page_token = page->next_page_token;
  } while (!options.page_token.empty());
  if (found.empty()) return not_found;
  return found;
}

Status GcsSink::Write(std::string_view uri, std::string_view content_type, ByteSource& body) {
  const std::string_view path = uri.substr(std::string_view("gs://").size());
  const std::size_t slash = path.find('/');
  storage::ObjectSpec spec{.bucket = std::string(path.substr(0, slash)),
                           .name = std::string(path.substr(slash + 1))};
  spec.attributes.content_type = content_type;
  const Status written = storage_.Insert({}, spec, body).status();
  if (written.code() != Code::kNotFound) return written;
  return NotFound("Not found: URI " + std::string(uri));
}

Result<std::shared_ptr<ReadableFile>> GcsSource::Open(const warehouse::SourceObject& object) {
  return TRY(storage_.Open({}, object.bucket, object.name, object.generation)).file;
}

}  // namespace landfall::server
