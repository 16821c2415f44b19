#include "ledger/row_json.h"

#include <array>
#include <nlohmann/json.hpp>

#include "base/json_writer.h"
#include "base/log.h"

namespace pixhaul::ledger {

namespace {

using Json = nlohmann::json;

constexpr std::array<std::string_view, 3> kDigestNames = {"sha256", "sha512", "md5"};
constexpr std::array<std::string_view, 4> kTlsVersions = {"TLSv1.2", "TLSv1.3", "TLSv1.1", "TLSv1"};
constexpr std::array<std::string_view, 3> kHttpVersions = {"1.1", "2", "1.0"};

template <class Number>
void number_or_null(JsonWriter& json, std::string_view name, Number number, bool known) {
  json.key(name);
  known ? json.value(number) : json.null();
}

void milliseconds(JsonWriter& json, std::string_view name, float value) {
  number_or_null(json, name, double{value}, value >= 0);
}

void append_times(JsonWriter& json, const PhaseTimes& times) {
  milliseconds(json, "dns_ms", times.dns_ms);
  milliseconds(json, "connect_ms", times.connect_ms);
  milliseconds(json, "tls_ms", times.tls_ms);
  milliseconds(json, "first_byte_ms", times.first_byte_ms);
  milliseconds(json, "total_ms", times.total_ms);
}

std::string text_of(const Json& object, std::string_view name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
}

std::uint64_t number_of(const Json& object, std::string_view name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_number_unsigned() ? at->get<std::uint64_t>() : 0;
}

float milliseconds_of(const Json& object, std::string_view name) {
  const auto at = object.find(name);
  return at != object.end() && at->is_number() ? at->get<float>() : -1;
}

// The static text a view may point to for ever.
template <std::size_t Count>
std::string_view known_text(const std::array<std::string_view, Count>& known,
                            const std::string& text) {
  for (const std::string_view candidate : known) {
    if (candidate == text) return candidate;
  }
  return {};
}

ImageFormat format_of(std::string_view type) {
  for (int value = 0; value <= static_cast<int>(ImageFormat::heic); ++value) {
    const auto format = static_cast<ImageFormat>(value);
    if (media_type(format) == type) return format;
  }
  return ImageFormat::unknown;
}

void read_outcome(const Json& object, Outcome& outcome) {
  const auto transient = object.find("transient");
  outcome.transient = transient != object.end() && transient->is_boolean() && *transient;
  outcome.http_status = static_cast<std::uint16_t>(number_of(object, "http_status"));
  outcome.attempts = static_cast<std::uint16_t>(number_of(object, "attempts"));
  outcome.bytes = number_of(object, "bytes");
  outcome.detail = text_of(object, "detail");
  outcome.final_url = text_of(object, "final_url");
  outcome.redirects = static_cast<std::uint16_t>(number_of(object, "redirects"));
  for (const std::string_view digest : kDigestNames) {
    if (outcome.digest.empty()) outcome.digest = text_of(object, digest);
  }
  outcome.etag = text_of(object, "etag");
  outcome.last_modified = text_of(object, "last_modified");
  outcome.address = text_of(object, "address");
  outcome.tls_version = known_text(kTlsVersions, text_of(object, "tls_version"));
  outcome.http_version = known_text(kHttpVersions, text_of(object, "http_version"));
  outcome.format = format_of(text_of(object, "media_type"));
  outcome.width = static_cast<std::uint32_t>(number_of(object, "width"));
  outcome.height = static_cast<std::uint32_t>(number_of(object, "height"));
  outcome.original_width = static_cast<std::uint32_t>(number_of(object, "original_width"));
  outcome.original_height = static_cast<std::uint32_t>(number_of(object, "original_height"));
  outcome.exif = text_of(object, "exif");
  outcome.times = {.dns_ms = milliseconds_of(object, "dns_ms"),
                   .connect_ms = milliseconds_of(object, "connect_ms"),
                   .tls_ms = milliseconds_of(object, "tls_ms"),
                   .first_byte_ms = milliseconds_of(object, "first_byte_ms"),
                   .total_ms = milliseconds_of(object, "total_ms")};
  if (!parse_rfc3339(text_of(object, "retrieved_at"), outcome.retrieved_at)) {
    outcome.retrieved_at = {};
  }
}

}  // namespace

void append_row_json(std::string& out, const Row& row, std::string_view digest_name) {
  const Outcome& outcome = row.outcome;
  JsonWriter json(out);
  json.begin_object();
  json.field("key", std::string_view(row.key));
  json.text_or_null("path", row.path);
  json.text_or_null("input", row.input);
  number_or_null(json, "line", row.line, row.line > 0);
  json.field("url", std::string_view(row.url));
  json.text_or_null("final_url", outcome.final_url);
  json.field("redirects", outcome.redirects);
  json.field("status", name(outcome.status));
  json.text_or_null("detail", outcome.detail);
  json.field("transient", outcome.transient);
  number_or_null(json, "http_status", outcome.http_status, outcome.http_status > 0);
  json.field("bytes", outcome.bytes);
  if (!digest_name.empty()) json.text_or_null(digest_name, outcome.digest);
  json.text_or_null("media_type", media_type(outcome.format));
  number_or_null(json, "width", outcome.width, outcome.width > 0);
  number_or_null(json, "height", outcome.height, outcome.height > 0);
  if (outcome.original_width > 0) {
    json.field("original_width", outcome.original_width);
    json.field("original_height", outcome.original_height);
  }
  if (!outcome.exif.empty()) json.field("exif", std::string_view(outcome.exif));
  json.text_or_null("etag", outcome.etag);
  json.text_or_null("last_modified", outcome.last_modified);
  std::string time;
  if (outcome.retrieved_at != WallTime()) append_rfc3339(time, outcome.retrieved_at);
  json.text_or_null("retrieved_at", time);
  append_times(json, outcome.times);
  json.field("attempts", outcome.attempts);
  json.text_or_null("address", outcome.address);
  json.text_or_null("tls_version", outcome.tls_version);
  json.text_or_null("http_version", outcome.http_version);
  json.end_object();
}

Result<Row> parse_row_json(std::string_view line) {
  const Json object = Json::parse(line, nullptr, false);
  const Error damaged{.code = ErrorCode::state_damaged, .detail = "a row is not the JSON it was"};
  if (!object.is_object()) return std::unexpected(damaged);
  Row row;
  row.key = text_of(object, "key");
  row.path = text_of(object, "path");
  row.input = text_of(object, "input");
  row.line = number_of(object, "line");
  row.url = text_of(object, "url");
  const auto status = parse_error_code(text_of(object, "status"));
  if (row.key.empty() || !status) return std::unexpected(damaged);
  row.outcome.status = *status;
  read_outcome(object, row.outcome);
  return row;
}

// It is our own text, and paths hold nothing that needs an escape.
std::string_view path_of(std::string_view line) {
  constexpr std::string_view kMark = ",\"path\":\"";
  const std::size_t at = line.find(kMark);
  if (at == line.npos || at > 64) return {};
  const std::string_view rest = line.substr(at + kMark.size());
  return rest.substr(0, rest.find('"'));
}

// Quotes inside JSON strings are escaped, so no text of a stranger's can look like this field.
bool says_success(std::string_view line) { return line.find(R"("status":"success")") != line.npos; }

}  // namespace pixhaul::ledger
