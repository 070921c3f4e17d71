#include <map>

#include "base/files.h"
#include "base/json.h"
#include "cli/demo.h"

namespace landfall::cli {
namespace {

constexpr std::string_view kFlightsTable = R"({"tableReference": {"tableId": "flights"},
  "description": "US flights, the first quarter of 2001",
  "timePartitioning": {"type": "MONTH"},
  "schema": {"fields": [
    {"name": "date", "type": "TIMESTAMP", "mode": "REQUIRED"}, {"name": "delay", "type": "INTEGER"},
    {"name": "distance", "type": "INTEGER"}, {"name": "origin", "type": "STRING", "mode": "REQUIRED"},
    {"name": "destination", "type": "STRING", "mode": "REQUIRED"}]}})";

// The data has films without a title or a gross: they are real bad rows under this schema.
constexpr std::string_view kMoviesTable = R"({"tableReference": {"tableId": "movies"},
  "schema": {"fields": [
    {"name": "Title", "type": "STRING", "mode": "REQUIRED"}, {"name": "US_Gross", "type": "INTEGER", "mode": "REQUIRED"},
    {"name": "Worldwide_Gross", "type": "INTEGER"}, {"name": "Release_Date", "type": "STRING"},
    {"name": "Distributor", "type": "STRING"}, {"name": "Director", "type": "STRING"},
    {"name": "IMDB_Rating", "type": "FLOAT"}, {"name": "IMDB_Votes", "type": "INTEGER"}]}})";

constexpr std::string_view kJsonConfig =
    R"({"sourceFormat": "NEWLINE_DELIMITED_JSON", "ignoreUnknownValues": true})";
constexpr std::string_view kWeatherConfig = R"({"sourceFormat": "CSV", "skipLeadingRows": 1,
  "timePartitioning": {"type": "MONTH", "field": "date"},
  "schema": {"fields": [
    {"name": "location", "type": "STRING"}, {"name": "date", "type": "DATE"}, {"name": "precipitation", "type": "FLOAT"},
    {"name": "temp_max", "type": "FLOAT"}, {"name": "temp_min", "type": "FLOAT"}, {"name": "wind", "type": "FLOAT"},
    {"name": "weather", "type": "STRING"}]}})";
constexpr std::string_view kAirportsConfig = R"({"sourceFormat": "CSV", "autodetect": true})";
constexpr std::string_view kParquetConfig = R"({"sourceFormat": "PARQUET"})";

Result<std::string> ReadFile(const std::string& path) {
  const auto file = MakePosixFiles()->OpenForRead(path);
  if (!file.ok()) return file.status().Annotate("the demo's data");
  std::string text((*file)->size_bytes(), '\0');
  text.resize(TRY((*file)->ReadAt(0, text)));
  return text;
}

Result<JsonArray> ReadArray(const std::string& path) {
  const Json value = TRY(ParseJson(TRY(ReadFile(path))));
  if (!value.is_array()) return InvalidArgument(path + " does not hold a JSON array");
  return value.get_array();
}

// "2001/01/31 06:55" -> "2001-01-31 06:55:00", a TIMESTAMP in BigQuery's eyes.
std::string Timestamp(std::string_view date) {
  std::string text(date);
  for (char& c : text) c = c == '/' ? '-' : c;
  return text + ":00";
}

// One NDJSON text per month of flights-20k.json, by "2001/01".
Result<std::map<std::string, std::string>> FlightsByMonth(const std::string& dir) {
  std::map<std::string, std::string> months;
  for (const Json& flight : TRY(ReadArray(dir + "/flights-20k.json"))) {
    JsonObject row = flight.get_object();
    const std::string date(row.at("date").get_string());
    row["date"] = Timestamp(date);
    months[date.substr(0, 7)] += ToText(row) + "\n";
  }
  return months;
}

// movies.json as NDJSON, with names that columns may have.
Result<std::string> Movies(const std::string& dir) {
  std::string lines;
  for (const Json& movie : TRY(ReadArray(dir + "/movies.json"))) {
    JsonObject row;
    for (const auto& member : movie.get_object()) {
      std::string name(member.key());
      for (char& c : name) c = c == ' ' ? '_' : c;
      row[name] = member.value();
    }
    lines += ToText(row) + "\n";
  }
  return lines;
}

}  // namespace

Result<DemoPlan> MakeDemoPlan(const std::string& dir) {
  DemoPlan plan;
  const auto add = [&](std::string name, std::string bytes, std::string type) {
    plan.objects.push_back({std::move(name), std::move(bytes), std::move(type)});
  };
  plan.tables = {{"flights", std::string(kFlightsTable)}, {"movies", std::string(kMoviesTable)}};
  add("demo/flights/_config/load.json", std::string(kJsonConfig), "application/json");
  for (auto& [month, lines] : TRY(FlightsByMonth(dir))) {
    add("demo/flights/" + month + "/flights.ndjson", std::move(lines), "application/json");
    plan.markers.push_back("demo/flights/" + month + "/_SUCCESS");
  }
  add("demo/movies/_config/load.json", std::string(kJsonConfig), "application/json");
  add("demo/movies/movies.ndjson", TRY(Movies(dir)), "application/json");
  add("demo/weather/_config/load.json", std::string(kWeatherConfig), "application/json");
  add("demo/weather/weather.csv", TRY(ReadFile(dir + "/weather.csv")), "text/csv");
  add("demo/airports/_config/load.json", std::string(kAirportsConfig), "application/json");
  add("demo/airports/airports.csv", TRY(ReadFile(dir + "/airports.csv")), "text/csv");
  add("demo/flights_3m/_config/load.json", std::string(kParquetConfig), "application/json");
  add("demo/flights_3m/flights-3m.parquet", TRY(ReadFile(dir + "/flights-3m.parquet")),
      "application/octet-stream");
  for (const char* table : {"movies", "weather", "airports", "flights_3m"}) {
    plan.markers.push_back(std::string("demo/") + table + "/_SUCCESS");
  }
  return plan;
}

}  // namespace landfall::cli
