// The handlers of the BigQuery adapter; the routes that name them are in bigquery_json.cc. Private
// to it.
#pragma once

#include <string>
#include <string_view>

#include "api/api.h"
#include "api/bigquery_json_job.h"
#include "api/bigquery_json_params.h"
#include "api/bigquery_json_uploads.h"
#include "net/net.h"
#include "warehouse/warehouse.h"

namespace landfall::api::bigquery_json {

class Adapter {
 public:
  Adapter(BigQueryJsonOptions options, warehouse::Warehouse& warehouse, Clock& clock);

  // bigquery_json_catalog.cc
  Result<net::Response> ListProjects(net::Request& request);
  Result<net::Response> GetServiceAccount(net::Request& request);
  Result<net::Response> InsertDataset(net::Request& request);
  Result<net::Response> GetDataset(net::Request& request);
  Result<net::Response> ListDatasets(net::Request& request);
  Result<net::Response> PatchDataset(net::Request& request);
  Result<net::Response> UpdateDataset(net::Request& request);
  Result<net::Response> DeleteDataset(net::Request& request);
  Result<net::Response> InsertTable(net::Request& request);
  Result<net::Response> GetTable(net::Request& request);
  Result<net::Response> ListTables(net::Request& request);
  Result<net::Response> PatchTable(net::Request& request);
  Result<net::Response> UpdateTable(net::Request& request);
  Result<net::Response> DeleteTable(net::Request& request);

  // bigquery_json_jobs.cc
  Result<net::Response> InsertJob(net::Request& request);
  Result<net::Response> GetJob(net::Request& request);
  Result<net::Response> ListJobs(net::Request& request);
  Result<net::Response> CancelJob(net::Request& request);
  Result<net::Response> DeleteJob(net::Request& request);
  Result<net::Response> Query(net::Request& request);
  Result<net::Response> GetQueryResults(net::Request& request);
  Result<net::Response> ListRows(net::Request& request);

  // bigquery_json_inserts.cc
  Result<net::Response> InsertAll(net::Request& request);

  // bigquery_json_uploads.cc
  Result<net::Response> PostUpload(net::Request& request);
  Result<net::Response> PutUpload(net::Request& request);
  Result<net::Response> DeleteUpload(net::Request& request);

 private:
  // 200 with what the `fields` parameter selects of `body`.
  static Result<net::Response> Answer(const net::Request& request, const JsonObject& body);
  // The same with rows, whose texts are spliced in as they are. `head` gets the page token.
  static Result<net::Response> AnswerRows(const net::Request& request, JsonObject head,
                                          const warehouse::Rows& rows);
  // What a query's job has to say: its rows when it is a SELECT and done, its error when it failed.
  Result<net::Response> AnswerQuery(const net::Request& request, const warehouse::Job& job,
                                    const RowsWish& wish, std::string_view kind);

  Result<warehouse::Job> InsertAny(const CallContext& ctx, JobBody body);
  Result<net::Response> InsertMultipart(net::Request& request);
  Result<net::Response> StartUpload(net::Request& request);
  Result<net::Response> SendToUpload(net::Request& request);
  Result<net::Response> FinishUpload(net::Request& request, Upload& upload);

  BigQueryJsonOptions options_;
  warehouse::Warehouse& warehouse_;
  UploadSessions uploads_;
};

}  // namespace landfall::api::bigquery_json
