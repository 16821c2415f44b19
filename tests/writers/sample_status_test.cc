#include "writers/sample_status.h"

#include <gtest/gtest.h>

#include <vector>

namespace pixhaul::writers {
namespace {

struct Case {
  Outcome outcome;
  std::string_view status;
  std::string_view message;
};

std::vector<Case> cases() {
  return {
      {{.status = ErrorCode::success, .http_status = 200}, "success", ""},
      {{.status = ErrorCode::http_4xx, .http_status = 404, .detail = "HTTP 404"},
       "failed_to_download",
       "HTTP Error 404: Not Found"},
      {{.status = ErrorCode::rate_limited, .http_status = 429},
       "failed_to_download",
       "HTTP Error 429: Too Many Requests"},
      {{.status = ErrorCode::http_5xx, .http_status = 503},
       "failed_to_download",
       "HTTP Error 503: Service Unavailable"},
      {{.status = ErrorCode::http_5xx, .http_status = 520},
       "failed_to_download",
       "HTTP Error 520: "},
      {{.status = ErrorCode::redirect_bad, .http_status = 302},
       "failed_to_download",
       "HTTP Error 302: Found"},
      {{.status = ErrorCode::redirect_loop, .http_status = 301},
       "failed_to_download",
       "HTTP Error 301: The HTTP server returned a redirect error that would lead to an infinite "
       "loop.\nThe last 30x error message was:\nMoved Permanently"},
      {{.status = ErrorCode::dns_not_found, .detail = "no such host name"},
       "failed_to_download",
       "<urlopen error [Errno -2] Name or service not known>"},
      {{.status = ErrorCode::dns_timeout},
       "failed_to_download",
       "<urlopen error [Errno -3] Temporary failure in name resolution>"},
      {{.status = ErrorCode::connect_refused},
       "failed_to_download",
       "<urlopen error [Errno 111] Connection refused>"},
      {{.status = ErrorCode::unreachable, .detail = "connect 192.0.2.1:80: No route to host"},
       "failed_to_download",
       "<urlopen error [Errno 113] No route to host>"},
      {{.status = ErrorCode::unreachable, .detail = "connect 192.0.2.1:80: Network is unreachable"},
       "failed_to_download",
       "<urlopen error [Errno 101] Network is unreachable>"},
      {{.status = ErrorCode::connect_timeout}, "failed_to_download", "<urlopen error timed out>"},
      {{.status = ErrorCode::too_slow}, "failed_to_download", "timed out"},
      {{.status = ErrorCode::deadline, .tls_version = "TLSv1.3"},
       "failed_to_download",
       "The read operation timed out"},
      {{.status = ErrorCode::connection_reset},
       "failed_to_download",
       "Remote end closed connection without response"},
      {{.status = ErrorCode::tls_certificate, .detail = "certificate has expired"},
       "failed_to_download",
       "<urlopen error [SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: certificate has "
       "expired>"},
      {{.status = ErrorCode::tls_handshake, .detail = "the server does not speak TLS here"},
       "failed_to_download",
       "<urlopen error [SSL: WRONG_VERSION_NUMBER] wrong version number>"},
      {{.status = ErrorCode::truncated, .bytes = 17, .detail = "17 of 40 bytes came"},
       "failed_to_download",
       "IncompleteRead(17 bytes read, 23 more expected)"},
      {{.status = ErrorCode::truncated, .bytes = 17, .detail = "ends before its IEND chunk"},
       "failed_to_resize",
       "Image decoding error"},
      {{.status = ErrorCode::truncated,
        .bytes = 17,
        .detail = "connection ended after 17 body bytes"},
       "failed_to_download",
       "IncompleteRead(17 bytes read)"},
      {{.status = ErrorCode::bad_url, .detail = "'x.jpg' lacks http:// or https://"},
       "failed_to_download",
       "unknown url type: 'x.jpg'"},
      {{.status = ErrorCode::scheme_denied, .detail = "'ftp://x' is neither http nor https"},
       "failed_to_download",
       "<urlopen error unknown url type: ftp>"},
      {{.status = ErrorCode::opt_out},
       "failed_to_download",
       "Use of image disallowed by X-Robots-Tag directive"},
      {{.status = ErrorCode::hash_mismatch}, "failed_to_download", "hash mismatch"},
      {{.status = ErrorCode::not_image, .detail = "a web page"},
       "failed_to_resize",
       "Image decoding error"},
      {{.status = ErrorCode::decode_error}, "failed_to_resize", "Image decoding error"},
      {{.status = ErrorCode::filtered, .detail = "image too small"},
       "failed_to_resize",
       "image too small"},
      {{.status = ErrorCode::too_large, .detail = "more than 9 bytes"},
       "failed_to_download",
       "more than 9 bytes"},
      {{.status = ErrorCode::internal}, "failed_to_download", "internal"},
  };
}

TEST(SampleStatus, EachFailureHasThePeersTwoFields) {
  for (const Case& test : cases()) {
    const SampleStatus status = img2dataset_status(test.outcome);
    EXPECT_EQ(status.status, test.status) << name(test.outcome.status);
    EXPECT_EQ(status.error_message, test.message);
  }
}

TEST(SampleStatus, OnlySuccessHasNoMessage) {
  for (const ErrorCode code : row_statuses()) {
    const SampleStatus status = img2dataset_status({.status = code});
    EXPECT_EQ(status.error_message.empty(), code == ErrorCode::success) << name(code);
  }
}

TEST(SampleStatus, OurOwnFaceNamesStatusAndDetail) {
  const SampleStatus status = sample_status(
      {.status = ErrorCode::http_4xx, .http_status = 404, .detail = "HTTP 404"}, StatusStyle::ours);
  EXPECT_EQ(status.status, "http_4xx");
  EXPECT_EQ(status.error_message, "HTTP 404");
  EXPECT_EQ(sample_status({.status = ErrorCode::success}, StatusStyle::ours).error_message, "");
}

TEST(SampleStatus, NoAddressStandsInADataset) {
  const Outcome refused{.status = ErrorCode::connect_refused,
                        .detail = "connect [2001:db8::1]:443: Connection refused"};
  EXPECT_EQ(sample_status(refused, StatusStyle::ours).error_message, "Connection refused");
  const Outcome bare{.status = ErrorCode::connect_refused, .detail = "connect 192.0.2.1:80"};
  EXPECT_EQ(sample_status(bare, StatusStyle::ours).error_message, "connection failed");
}

TEST(SampleStatus, ThePeersTextsLeadBackToOurStatuses) {
  const std::vector<ErrorCode> told_apart = {
      ErrorCode::success,         ErrorCode::rate_limited,    ErrorCode::http_4xx,
      ErrorCode::http_5xx,        ErrorCode::redirect_bad,    ErrorCode::redirect_limit,
      ErrorCode::dns_not_found,   ErrorCode::dns_error,       ErrorCode::connect_refused,
      ErrorCode::unreachable,     ErrorCode::connect_timeout, ErrorCode::connection_reset,
      ErrorCode::tls_certificate, ErrorCode::tls_handshake,   ErrorCode::truncated,
      ErrorCode::too_slow,        ErrorCode::opt_out,         ErrorCode::hash_mismatch,
      ErrorCode::header_limit,    ErrorCode::decode_error,    ErrorCode::scheme_denied,
  };
  for (const ErrorCode code : told_apart) {
    const std::uint16_t http_status = code == ErrorCode::rate_limited   ? 429
                                      : code == ErrorCode::http_4xx     ? 410
                                      : code == ErrorCode::http_5xx     ? 502
                                      : code == ErrorCode::redirect_bad ? 301
                                                                        : 0;
    const SampleStatus text =
        img2dataset_status({.status = code, .http_status = http_status, .detail = "x"});
    EXPECT_EQ(parse_img2dataset_status(text.status, text.error_message), code) << name(code);
  }
  EXPECT_EQ(parse_img2dataset_status("failed_to_resize", "OpenCV(4.6.0) … !buf.empty()"),
            ErrorCode::decode_error);
  EXPECT_EQ(parse_img2dataset_status("failed_to_resize", "image area too large"),
            ErrorCode::filtered);
  EXPECT_EQ(parse_img2dataset_status("failed_to_download", "nonsense"), ErrorCode::protocol_error);
  EXPECT_EQ(parse_img2dataset_status("failed_to_download", "unknown url type: 'x'"),
            ErrorCode::bad_url);
}

}  // namespace
}  // namespace pixhaul::writers
