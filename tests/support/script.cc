#include "support/script.h"

#include <charconv>
#include <utility>

namespace pixhaul::testing {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

std::string percent_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' && i + 2 < text.size()) {
      const int high = hex_value(text[i + 1]);
      const int low = hex_value(text[i + 2]);
      if (high >= 0 && low >= 0) {
        out += static_cast<char>(high * 16 + low);
        i += 2;
        continue;
      }
    }
    out += text[i];
  }
  return out;
}

}  // namespace

std::string lower_case(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::string_view Request::header(std::string_view name) const {
  for (const HeaderField& field : headers) {
    if (field.name == name) return field.value;
  }
  return {};
}

std::string Request::text(const std::string& name, std::string fallback) const {
  const auto found = query.find(name);
  return found == query.end() ? std::move(fallback) : found->second;
}

std::uint64_t Request::number(const std::string& name, std::uint64_t fallback) const {
  const auto found = query.find(name);
  if (found == query.end()) return fallback;
  std::uint64_t value = fallback;
  std::from_chars(found->second.data(), found->second.data() + found->second.size(), value);
  return value;
}

void split_target(Request& request) {
  std::string_view rest = request.target;
  // RFC 9112 §3.2.2: absolute-form, sent to proxies.
  if (const auto scheme = rest.find("://"); scheme != std::string_view::npos && rest[0] != '/') {
    const auto slash = rest.find_first_of("/?", scheme + 3);
    rest = slash == std::string_view::npos ? std::string_view("/") : rest.substr(slash);
  }
  const auto mark = rest.find('?');
  request.path = rest.substr(0, mark);
  if (mark == std::string_view::npos) return;
  rest.remove_prefix(mark + 1);
  while (!rest.empty()) {
    const auto ampersand = rest.find('&');
    const std::string_view pair = rest.substr(0, ampersand);
    const auto equals = pair.find('=');
    const std::string_view value =
        equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1);
    request.query[percent_decoded(pair.substr(0, equals))] = percent_decoded(value);
    if (ampersand == std::string_view::npos) break;
    rest.remove_prefix(ampersand + 1);
  }
}

Step Step::head(int status, std::vector<HeaderField> headers) {
  return {.kind = Kind::head, .headers = std::move(headers), .status = status};
}
Step Step::body(std::string bytes) { return {.kind = Kind::body, .bytes = std::move(bytes)}; }
Step Step::repeat(std::string bytes, std::uint64_t count, std::chrono::milliseconds pause) {
  return {.kind = Kind::repeat, .bytes = std::move(bytes), .count = count, .pause = pause};
}
Step Step::send(std::string bytes) { return {.kind = Kind::send, .bytes = std::move(bytes)}; }
Step Step::wait(std::chrono::milliseconds pause) { return {.kind = Kind::wait, .pause = pause}; }
Step Step::stall() { return {.kind = Kind::stall}; }
Step Step::end(Ending ending) { return {.kind = Kind::end, .ending = ending}; }
Step Step::half_close() { return {.kind = Kind::half_close}; }
Step Step::h2_reset_stream(std::uint32_t code) {
  return {.kind = Kind::h2_reset_stream, .code = code};
}
Step Step::h2_goaway(std::uint32_t code, bool refuse_this) {
  return {.kind = Kind::h2_goaway, .code = code, .value = refuse_this ? 1 : 0};
}
Step Step::h2_settings(std::uint16_t identifier, std::uint32_t value) {
  return {.kind = Kind::h2_settings, .code = identifier, .value = value};
}

Script reply(int status, std::string_view media_type, std::string body,
             std::vector<HeaderField> more) {
  std::vector<HeaderField> headers;
  if (!media_type.empty()) headers.push_back({"Content-Type", std::string(media_type)});
  // RFC 9110 §8.6: no Content-Length with 1xx and 204; 304 may omit it.
  if (status >= 200 && status != 204 && status != 304) {
    headers.push_back({"Content-Length", std::to_string(body.size())});
  }
  for (HeaderField& field : more) headers.push_back(std::move(field));
  Script script;
  script.steps.push_back(Step::head(status, std::move(headers)));
  if (!body.empty()) script.steps.push_back(Step::body(std::move(body)));
  return script;
}

std::string_view reason_phrase(int status) {
  static constexpr std::pair<int, std::string_view> kPhrases[] = {
      {100, "Continue"},
      {102, "Processing"},
      {103, "Early Hints"},
      {200, "OK"},
      {204, "No Content"},
      {206, "Partial Content"},
      {301, "Moved Permanently"},
      {302, "Found"},
      {303, "See Other"},
      {304, "Not Modified"},
      {307, "Temporary Redirect"},
      {308, "Permanent Redirect"},
      {400, "Bad Request"},
      {401, "Unauthorized"},
      {403, "Forbidden"},
      {404, "Not Found"},
      {407, "Proxy Authentication Required"},
      {410, "Gone"},
      {416, "Range Not Satisfiable"},
      {429, "Too Many Requests"},
      {451, "Unavailable For Legal Reasons"},
      {500, "Internal Server Error"},
      {502, "Bad Gateway"},
      {503, "Service Unavailable"},
      {504, "Gateway Timeout"},
  };
  for (const auto& [code, phrase] : kPhrases) {
    if (code == status) return phrase;
  }
  return "Status";
}

}  // namespace pixhaul::testing
