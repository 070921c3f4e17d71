// What commands share: a JSON client of one server, and reading and writing files as byte streams.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/json.h"
#include "cli/command.h"
#include "net/net.h"

namespace landfall::cli {

// Errors of the server come back as Status with its own message and reason.
class Client {
 public:
  static Result<Client> FromCall(const Call& call);

  const std::string& server() const { return server_; }
  Result<std::string> Project();  // asks the server once when neither flag nor environment says

  Result<Json> Get(const std::string& target);
  Result<Json> Post(const std::string& target, const Json& body);
  Result<Json> PostText(const std::string& target, std::string json);
  Status Delete(const std::string& target);

  struct Upload {
    std::string bucket, name, content_type;
    ByteSource* body = nullptr;
    std::uint64_t bytes = 0;
  };
  Result<Json> Insert(const Upload& upload);  // media upload of one object
  // A load job whose one source is `body`; the job as it was made.
  Result<Json> InsertLoad(const Json& job, ByteSource& body, std::uint64_t bytes);
  Status Download(std::string_view bucket, std::string_view name, ByteSink& sink);

 private:
  Client(std::string server, std::string project, std::unique_ptr<net::HttpClient> http)
      : server_(std::move(server)), project_(std::move(project)), http_(std::move(http)) {}
  Result<Json> SendForJson(const net::ClientRequest& request);

  std::string server_, project_;
  std::unique_ptr<net::HttpClient> http_;
};

struct QueryAnswer {
  struct Column {
    std::string name, type, mode;
    std::vector<Column> fields;
  };
  std::vector<Column> columns;
  std::vector<Json> rows;  // {"f":[{"v":..}]}
  std::string statement_type;
  std::int64_t affected_rows = -1;  // of DML
};
// Runs GoogleSQL to its end and fetches every page.
Result<QueryAnswer> RunQuery(Client& client, std::string_view sql);

// Asks until the job is done; its error as a Status.
Result<Json> WaitForJob(Client& client, Json job);

// "gs://b/n" -> (b, n). kInvalidArgument/"usage" otherwise.
struct GcsUrl {
  std::string bucket, name;
};
Result<GcsUrl> ParseGcsUrl(std::string_view url);

// What a cell means to people: timestamps as RFC 3339, arrays and structs as JSON, NULL as nullopt.
std::optional<std::string> CellText(const QueryAnswer::Column& column, const Json& value);
// The cell as a JSON value of its own type.
Json CellJson(const QueryAnswer::Column& column, const Json& value);

}  // namespace landfall::cli
