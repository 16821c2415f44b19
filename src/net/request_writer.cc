#include "net/request_writer.h"

#include <algorithm>

#include "net/fetcher.h"

namespace pixhaul::net {

namespace {

std::string to_lower(std::string_view text) {
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return lower;
}

}  // namespace

RequestWriter::RequestWriter(const FetchSettings& settings) {
  std::vector<std::pair<std::string, std::string>> fields;
  if (!settings.user_agent.empty()) fields.emplace_back("User-Agent", settings.user_agent);
  if (!settings.accept.empty()) fields.emplace_back("Accept", settings.accept);
  // Images gain nothing from coding, and a decoder is one more thing to attack.
  fields.emplace_back("Accept-Encoding", "identity");
  if (!settings.referer.empty()) fields.emplace_back("Referer", settings.referer);
  foreign_ = make_fields(fields, !settings.reuse_connections);
  fields.insert(fields.end(), settings.headers.begin(), settings.headers.end());
  own_ = make_fields(fields, !settings.reuse_connections);
}

RequestWriter::Fields RequestWriter::make_fields(
    const std::vector<std::pair<std::string, std::string>>& fields, bool close) {
  Fields made;
  for (const auto& [name, value] : fields) {
    made.text.append(name).append(": ").append(value).append("\r\n");
    made.lower_case.emplace_back(to_lower(name), value);
  }
  // RFC 9112 §9.6: the server then closes first, and the many closed connections wait on its side.
  if (close) made.text.append("Connection: close\r\n");
  for (const auto& [name, value] : made.lower_case) made.views.push_back({name, value});
  return made;
}

std::string_view RequestWriter::http1(const Job& job) {
  text_.assign("GET ")
      .append(job.url.target())
      .append(" HTTP/1.1\r\nHost: ")
      .append(job.url.host_header());
  text_.append("\r\n").append(fields_of(job).text).append("\r\n");
  return text_;
}

const Http2Request& RequestWriter::http2(const Job& job) {
  head_.scheme = name(job.url.scheme());
  head_.authority = job.url.host_header();
  head_.path = job.url.target();
  head_.fields = fields_of(job).views;
  return head_;
}

}  // namespace pixhaul::net
