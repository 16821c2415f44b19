// One table says which exception of img2dataset's world (urllib, ssl, socket, OpenCV) a status of
// ours would have been. Most texts are fixed; those with a number in them are put together below.
// The way back is a table of the fragments by which its texts can be told apart.
#include "writers/sample_status.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace pixhaul::writers {

namespace {

constexpr std::string_view kSuccess = "success";
constexpr std::string_view kFailedToDownload = "failed_to_download";
constexpr std::string_view kFailedToResize = "failed_to_resize";

struct Text {
  ErrorCode code;
  std::string_view status;
  std::string_view message;  // "": our detail says it
};

constexpr Text kTexts[] = {
    {ErrorCode::success, kSuccess, ""},
    {ErrorCode::dns_not_found, kFailedToDownload,
     "<urlopen error [Errno -2] Name or service not known>"},
    {ErrorCode::dns_timeout, kFailedToDownload,
     "<urlopen error [Errno -3] Temporary failure in name resolution>"},
    {ErrorCode::dns_error, kFailedToDownload,
     "<urlopen error [Errno -3] Temporary failure in name resolution>"},
    {ErrorCode::connect_refused, kFailedToDownload,
     "<urlopen error [Errno 111] Connection refused>"},
    {ErrorCode::connect_timeout, kFailedToDownload, "<urlopen error timed out>"},
    {ErrorCode::connection_reset, kFailedToDownload,
     "Remote end closed connection without response"},
    {ErrorCode::header_limit, kFailedToDownload, "got more than 100 headers"},
    {ErrorCode::opt_out, kFailedToDownload, "Use of image disallowed by X-Robots-Tag directive"},
    {ErrorCode::hash_mismatch, kFailedToDownload, "hash mismatch"},
    // Its threads would have waited for the host until they gave up.
    {ErrorCode::host_down, kFailedToDownload, "<urlopen error timed out>"},
    {ErrorCode::host_busy, kFailedToDownload, "timed out"},
    {ErrorCode::not_image, kFailedToResize, "Image decoding error"},
    {ErrorCode::unsupported_format, kFailedToResize, "Image decoding error"},
    {ErrorCode::too_many_pixels, kFailedToResize, "Image decoding error"},
    {ErrorCode::too_complex, kFailedToResize, "Image decoding error"},
    {ErrorCode::decode_error, kFailedToResize, "Image decoding error"},
    {ErrorCode::decode_deadline, kFailedToResize, "Image decoding error"},
    {ErrorCode::decode_crash, kFailedToResize, "Image decoding error"},
    {ErrorCode::filtered, kFailedToResize, ""},  // the detail is its text
};

Text text_of(ErrorCode code) {
  const auto* found = std::ranges::find(kTexts, code, &Text::code);
  return found != std::end(kTexts) ? *found : Text{code, kFailedToDownload, ""};
}

struct Reason {
  std::uint16_t code;
  std::string_view phrase;
};

// RFC 9110 §15 and the IANA registry, in the spelling of Python's http.HTTPStatus where it differs.
constexpr Reason kReasons[] = {
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Request Entity Too Large"},
    {414, "Request-URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Requested Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {418, "I'm a Teapot"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Entity"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {510, "Not Extended"},
    {511, "Network Authentication Required"},
};

std::string http_error(std::uint16_t http_status) {
  const auto* found = std::ranges::find(kReasons, http_status, &Reason::code);
  const std::string_view phrase = found != std::end(kReasons) ? found->phrase : "";
  return fmt::format("HTTP Error {}: {}", http_status, phrase);
}

// urllib.request.HTTPRedirectHandler.inf_msg and what it appends.
std::string endless_redirect(std::uint16_t http_status) {
  const auto* found = std::ranges::find(kReasons, http_status, &Reason::code);
  return fmt::format(
      "HTTP Error {}: The HTTP server returned a redirect error that would lead to an infinite "
      "loop.\nThe last 30x error message was:\n{}",
      http_status, found != std::end(kReasons) ? found->phrase : "");
}

// http.client.IncompleteRead. Our detail is "17 of 40 bytes came" where a length was announced.
std::string incomplete_read(const Outcome& outcome) {
  const std::string_view detail = outcome.detail;
  std::uint64_t came = 0;
  std::uint64_t announced = 0;
  const auto first = std::from_chars(detail.data(), detail.data() + detail.size(), came);
  const std::string_view rest(first.ptr, detail.data() + detail.size());
  constexpr std::string_view kOf = " of ";
  if (first.ec == std::errc() && rest.starts_with(kOf)) {
    const auto second =
        std::from_chars(rest.data() + kOf.size(), rest.data() + rest.size(), announced);
    if (second.ec == std::errc() && announced > came) {
      return fmt::format("IncompleteRead({} bytes read, {} more expected)", came, announced - came);
    }
  }
  return fmt::format("IncompleteRead({} bytes read)", outcome.bytes);
}

// "connect 203.0.113.7:443: Connection refused" without the address, which may be another one next
// time: a host with two addresses is no reason for a shard to have other bytes.
std::string_view without_address(std::string_view detail) {
  constexpr std::string_view kConnect = "connect ";
  if (!detail.starts_with(kConnect)) return detail;
  const std::size_t end = detail.find(": ", kConnect.size());
  return end == std::string_view::npos ? "connection failed" : detail.substr(end + 2);
}

// Our details begin with the URL in quotes, as Python's text goes on.
std::optional<std::string> unknown_type(std::string_view detail) {
  constexpr std::string_view kEnd = " lacks http:// or https://";
  if (!detail.ends_with(kEnd)) return std::nullopt;
  detail.remove_suffix(kEnd.size());
  return fmt::format("unknown url type: {}", detail);
}

// "gopher" of "'gopher://…' is neither http nor https".
std::string_view scheme_of(std::string_view detail) {
  const std::size_t colon = detail.find(':');
  const bool is_quoted = detail.starts_with('\'') && colon != detail.npos;
  return is_quoted ? detail.substr(1, colon - 1) : detail;
}

std::string message_of(const Outcome& outcome) {
  switch (outcome.status) {
    case ErrorCode::http_4xx:
    case ErrorCode::http_5xx:
    case ErrorCode::rate_limited:
    case ErrorCode::redirect_bad:
      return outcome.http_status != 0 ? http_error(outcome.http_status) : outcome.detail;
    case ErrorCode::redirect_limit:
    case ErrorCode::redirect_loop:
      return endless_redirect(outcome.http_status != 0 ? outcome.http_status : 302);
    case ErrorCode::truncated:
      return incomplete_read(outcome);
    case ErrorCode::unreachable:
      return outcome.detail.ends_with("Network is unreachable")
                 ? "<urlopen error [Errno 101] Network is unreachable>"
                 : "<urlopen error [Errno 113] No route to host>";
    case ErrorCode::too_slow:
    case ErrorCode::deadline:
      return outcome.tls_version.empty() ? "timed out" : "The read operation timed out";
    case ErrorCode::tls_certificate:
      return fmt::format(
          "<urlopen error [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: {}>",
          outcome.detail);
    case ErrorCode::tls_handshake:
      return outcome.detail == "the server does not speak TLS here"
                 ? "<urlopen error [SSL: WRONG_VERSION_NUMBER] wrong version number>"
                 : fmt::format("<urlopen error [SSL] {}>", outcome.detail);
    case ErrorCode::bad_url:
      return unknown_type(outcome.detail).value_or(outcome.detail);
    case ErrorCode::scheme_denied:
      return fmt::format("<urlopen error unknown url type: {}>", scheme_of(outcome.detail));
    default:
      return outcome.detail;
  }
}

// What came is what was announced, and no whole image: that shows when it is decoded. The image's
// own texts say that a format "ends before" some part of it.
bool is_cut_image(const Outcome& outcome) {
  return outcome.status == ErrorCode::truncated && outcome.detail.contains("ends ");
}

struct Fragment {
  std::string_view text;
  ErrorCode code;
};

// By the first fragment that stands in the message.
constexpr Fragment kFragments[] = {
    {"would lead to an infinite loop", ErrorCode::redirect_limit},
    {"HTTP Error 429", ErrorCode::rate_limited},
    {"HTTP Error 3", ErrorCode::redirect_bad},
    {"HTTP Error 4", ErrorCode::http_4xx},
    {"HTTP Error 5", ErrorCode::http_5xx},
    {"[Errno -2]", ErrorCode::dns_not_found},
    {"[Errno -5]", ErrorCode::dns_not_found},
    {"[Errno -3]", ErrorCode::dns_error},
    {"[Errno 111]", ErrorCode::connect_refused},
    {"[Errno 113]", ErrorCode::unreachable},
    {"[Errno 101]", ErrorCode::unreachable},
    {"[Errno 104]", ErrorCode::connection_reset},
    {"Remote end closed connection", ErrorCode::connection_reset},
    {"[Errno 110]", ErrorCode::connect_timeout},
    {"<urlopen error timed out>", ErrorCode::connect_timeout},
    {"handshake operation timed out", ErrorCode::connect_timeout},
    {"CERTIFICATE_VERIFY_FAILED", ErrorCode::tls_certificate},
    {"EOF occurred in violation of protocol", ErrorCode::connection_reset},
    {"[SSL", ErrorCode::tls_handshake},
    {"timed out", ErrorCode::too_slow},
    {"IncompleteRead", ErrorCode::truncated},
    {"got more than", ErrorCode::header_limit},
    {"<urlopen error unknown url type", ErrorCode::scheme_denied},
    {"unknown url type", ErrorCode::bad_url},
    {"no host given", ErrorCode::bad_url},
    {"URL can't contain control characters", ErrorCode::bad_url},
    {"codec can't encode", ErrorCode::bad_url},
    {"X-Robots-Tag", ErrorCode::opt_out},
    {"hash mismatch", ErrorCode::hash_mismatch},
    {"image too small", ErrorCode::filtered},
    {"image area too large", ErrorCode::filtered},
    {"aspect ratio too large", ErrorCode::filtered},
};

}  // namespace

SampleStatus sample_status(const Outcome& outcome, StatusStyle style) {
  if (style == StatusStyle::img2dataset) return img2dataset_status(outcome);
  if (outcome.status == ErrorCode::success) return {.status = kSuccess};
  return {.status = name(outcome.status),
          .error_message = std::string(without_address(outcome.detail))};
}

SampleStatus img2dataset_status(const Outcome& outcome) {
  const Text text = text_of(is_cut_image(outcome) ? ErrorCode::decode_error : outcome.status);
  if (outcome.status == ErrorCode::success) return {.status = text.status};
  std::string message = !text.message.empty() ? std::string(text.message) : message_of(outcome);
  if (message.empty()) message = name(outcome.status);
  return {.status = text.status, .error_message = std::move(message)};
}

ErrorCode parse_img2dataset_status(std::string_view status, std::string_view error_message) {
  if (status == kSuccess) return ErrorCode::success;
  for (const Fragment& fragment : kFragments) {
    if (error_message.contains(fragment.text)) return fragment.code;
  }
  return status == kFailedToResize ? ErrorCode::decode_error : ErrorCode::protocol_error;
}

}  // namespace pixhaul::writers
