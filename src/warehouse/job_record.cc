#include "warehouse/job_record.h"

#include "warehouse/catalog_record.h"

namespace landfall::warehouse {
namespace {

constexpr std::string_view kKinds[] = {"load", "query", "copy", "extract"};  // as JobKind

JobKind KindOf(std::string_view name) {
  for (const JobKind kind : {JobKind::kLoad, JobKind::kCopy, JobKind::kExtract}) {
    if (name == kKinds[static_cast<std::size_t>(kind)]) return kind;
  }
  return JobKind::kQuery;
}

JsonObject RefJson(const TableRef& ref) {
  return {{"p", ref.project}, {"d", ref.dataset}, {"t", ref.table}};
}

Result<TableRef> ParseRef(const JsonObject& object) {
  return TableRef{TRY(StringMember(object, "p")).value_or(""),
                  TRY(StringMember(object, "d")).value_or(""),
                  TRY(StringMember(object, "t")).value_or("")};
}

Result<std::optional<TableRef>> RefMember(const JsonObject& object, std::string_view name) {
  const JsonObject* const ref = TRY(ObjectMember(object, name));
  if (ref == nullptr) return std::optional<TableRef>();
  return std::optional<TableRef>(TRY(ParseRef(*ref)));
}

JsonObject ErrorJson(const JobError& error) {
  return {{"reason", error.reason}, {"location", error.location}, {"message", error.message}};
}

Result<JobError> ParseError(const JsonObject& object) {
  return JobError{TRY(StringMember(object, "reason")).value_or(""),
                  TRY(StringMember(object, "location")).value_or(""),
                  TRY(StringMember(object, "message")).value_or("")};
}

Result<std::optional<TimePoint>> TimeMember(const JsonObject& object, std::string_view name) {
  const std::optional<std::int64_t> us = TRY(Int64Member(object, name));
  return us ? std::optional<TimePoint>(FromMicros(*us)) : std::nullopt;
}

// Counters and texts whose defaults are not written, by their names in the record.
struct TextMember {
  const char* name;
  std::string Job::* member;
};
constexpr TextMember kTexts[] = {
    {"user", &Job::user_email},
    {"configuration", &Job::configuration_json},
    {"partition", &Job::destination_partition},
    {"statementType", &Job::statement_type},
    {"ddlOperation", &Job::ddl_operation},
};
struct NumberMember {
  const char* name;
  std::int64_t Job::* member;
};
constexpr NumberMember kNumbers[] = {
    {"inputFiles", &Job::input_files}, {"inputBytes", &Job::input_bytes},
    {"outputRows", &Job::output_rows}, {"outputBytes", &Job::output_bytes},
    {"badRecords", &Job::bad_records}, {"bytesProcessed", &Job::bytes_processed},
    {"totalRows", &Job::total_rows},
};
struct OptionalMember {
  const char* name;
  std::optional<std::int64_t> Job::* member;
};
constexpr OptionalMember kOptionals[] = {{"inserted", &Job::dml_inserted},
                                         {"updated", &Job::dml_updated},
                                         {"deleted", &Job::dml_deleted}};

}  // namespace

std::string JobRecord(const Job& job) {
  JsonObject object{{"location", job.ref.location},
                    {"kind", kKinds[static_cast<std::size_t>(job.kind)]},
                    {"state", static_cast<int>(job.state)},
                    {"created", ToMicros(job.created)}};
  for (const TextMember& text : kTexts) {
    if (!(job.*text.member).empty()) object[text.name] = job.*text.member;
  }
  for (const NumberMember& number : kNumbers) {
    if (job.*number.member != 0) object[number.name] = job.*number.member;
  }
  for (const OptionalMember& number : kOptionals) {
    if (job.*number.member) object[number.name] = *(job.*number.member);
  }
  if (!job.labels.empty()) object["labels"] = LabelsJson(job.labels);
  if (job.destination) object["destination"] = RefJson(*job.destination);
  if (job.ddl_target) object["ddlTarget"] = RefJson(*job.ddl_target);
  if (job.error) object["error"] = ErrorJson(*job.error);
  if (job.started) object["started"] = ToMicros(*job.started);
  if (job.ended) object["ended"] = ToMicros(*job.ended);
  if (!job.result_schema.empty()) object["schema"] = SchemaJson(job.result_schema);
  if (!job.file_counts.empty()) {
    object["fileCounts"] = JsonArray(job.file_counts.begin(), job.file_counts.end());
  }
  JsonArray errors, referenced;
  for (const JobError& error : job.errors) errors.push_back(ErrorJson(error));
  for (const TableRef& ref : job.referenced_tables) referenced.push_back(RefJson(ref));
  if (!errors.empty()) object["errors"] = std::move(errors);
  if (!referenced.empty()) object["referenced"] = std::move(referenced);
  return ToText(object);
}

Result<Job> ParseJobRecord(std::string_view project, std::string_view job_id,
                           std::string_view record) {
  const Json json = TRY(ParseJson(record));
  if (!json.is_object())
    return DataLoss("the stored record of job " + std::string(job_id) + " is damaged");
  const JsonObject& object = json.get_object();
  Job job;
  job.ref = {std::string(project), std::string(job_id),
             TRY(StringMember(object, "location")).value_or("US")};
  job.kind = KindOf(TRY(StringMember(object, "kind")).value_or(""));
  job.state = static_cast<JobState>(TRY(Int64Member(object, "state")).value_or(2));
  job.created = FromMicros(TRY(Int64Member(object, "created")).value_or(0));
  for (const TextMember& text : kTexts)
    job.*text.member = TRY(StringMember(object, text.name)).value_or("");
  for (const NumberMember& number : kNumbers)
    job.*number.member = TRY(Int64Member(object, number.name)).value_or(0);
  for (const OptionalMember& number : kOptionals)
    job.*number.member = TRY(Int64Member(object, number.name));
  if (const JsonObject* labels = TRY(ObjectMember(object, "labels")))
    job.labels = TRY(ParseLabels(*labels));
  job.destination = TRY(RefMember(object, "destination"));
  job.ddl_target = TRY(RefMember(object, "ddlTarget"));
  if (const JsonObject* error = TRY(ObjectMember(object, "error")))
    job.error = TRY(ParseError(*error));
  job.started = TRY(TimeMember(object, "started"));
  job.ended = TRY(TimeMember(object, "ended"));
  // The names of result columns are free, so the schema of a result is not checked like one a
  // client sends.
  if (const JsonArray* schema = TRY(ArrayMember(object, "schema")))
    job.result_schema = TRY(ParseResultSchema(*schema));
  if (const JsonArray* counts = TRY(ArrayMember(object, "fileCounts"))) {
    for (const Json& count : *counts) job.file_counts.push_back(count.to_number<std::int64_t>());
  }
  if (const JsonArray* errors = TRY(ArrayMember(object, "errors"))) {
    for (const Json& error : *errors) job.errors.push_back(TRY(ParseError(error.as_object())));
  }
  if (const JsonArray* referenced = TRY(ArrayMember(object, "referenced"))) {
    for (const Json& ref : *referenced)
      job.referenced_tables.push_back(TRY(ParseRef(ref.as_object())));
  }
  return job;
}

}  // namespace landfall::warehouse
