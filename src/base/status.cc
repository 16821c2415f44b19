// The words of every ErrorCode, in one table: its spelling, a few words for the summary, and two or
// three sentences for `pixhaul explain`. The table is indexed by value at compile time, so name()
// is one load and may be called for each row.
#include <array>
#include <cstddef>

#include "pixhaul/result.h"

namespace pixhaul {
namespace {

struct Status {
  ErrorCode code;
  std::string_view name;
  std::string_view meaning;
  std::string_view explanation;
};

constexpr Status kStatuses[] = {
    {ErrorCode::success, "success", "a whole image was received",
     "The image was received whole, recognised by its first bytes, checked as --validate says and "
     "recorded. "
     "Nothing is to be done."},

    {ErrorCode::bad_row, "bad_row", "line cannot be read as a row",
     "The line could not be read as a row: it is longer than a URL can be, or it is not valid "
     "text. "
     "Correct the list at the line given; the other rows are not affected."},
    {ErrorCode::bad_url, "bad_url", "not a URL",
     "The text is not a URL. Most often http:// or https:// is missing, or a heading or file name "
     "stands among the "
     "URLs. Correct the line given and run the same command again."},
    {ErrorCode::scheme_denied, "scheme_denied", "neither http nor https",
     "The URL, or a redirect on its way, uses a scheme other than http and https. Nothing else is "
     "ever fetched: not "
     "ftp, file or data. Look for the picture under an http address."},
    {ErrorCode::port_denied, "port_denied", "port belongs to another protocol",
     "The URL names a port of another protocol, such as 22 or 25, which web clients refuse to "
     "contact (Fetch "
     "standard, \"bad port\"). Serve the images from another port."},
    {ErrorCode::address_denied, "address_denied", "private or special address",
     "The host name resolves to a loopback, private, link-local or otherwise special address, also "
     "when only a "
     "redirect led there. This keeps a list from reaching into your own network. If that is what "
     "you want, name the "
     "range: --allow_net 127.0.0.0/8."},

    {ErrorCode::dns_not_found, "dns_not_found", "unknown host name",
     "The name servers say that this host name does not exist, or that it has no address. The site "
     "is usually gone; "
     "if every row fails so, check your own name servers or set --dns_servers."},
    {ErrorCode::dns_timeout, "dns_timeout", "name server did not answer",
     "No name server answered in time. When it concerns many hosts, your resolver is overloaded: "
     "lower --concurrency "
     "or name others with --dns_servers, then --retry_failed transient."},
    {ErrorCode::dns_error, "dns_error", "name server failed",
     "A name server answered with a failure of its own (SERVFAIL, REFUSED or a malformed reply). "
     "The domain may be "
     "misconfigured; a later run may succeed: --retry_failed transient."},

    {ErrorCode::connect_refused, "connect_refused", "connection refused",
     "The server's machine answered but nothing listens on that port. The service is down or the "
     "URL names the wrong "
     "port; try again later with --retry_failed transient."},
    {ErrorCode::unreachable, "unreachable", "no route to the server",
     "The network says there is no way to that address. If every row fails so, your own connection "
     "is down, or it "
     "lacks IPv6 while the host has nothing else."},
    {ErrorCode::connect_timeout, "connect_timeout", "no answer when connecting",
     "The server did not accept a connection within --connect_timeout. It is down, overloaded or "
     "drops packets from "
     "you; try again later with --retry_failed transient."},
    {ErrorCode::connection_reset, "connection_reset", "connection cut by the server",
     "The connection was cut before a complete answer arrived, on every attempt. Busy servers do "
     "this to shed load: "
     "lower --host_concurrency and use --retry_failed transient."},

    {ErrorCode::tls_handshake, "tls_handshake", "no common TLS",
     "The server and pixhaul could not agree on TLS 1.2 or 1.3, or the handshake broke off. Old "
     "servers cannot be "
     "reached any more; a plain http URL may exist."},
    {ErrorCode::tls_certificate, "tls_certificate", "certificate not valid",
     "The server's certificate is expired, names another host or comes from an unknown authority. "
     "For a private "
     "authority give its file with --ca_file; --insecure accepts any certificate, and with it "
     "anybody in between."},

    {ErrorCode::http_4xx, "http_4xx", "refused by the server",
     "The server answered with a 4xx code, which stands in the row: 404 and 410 mean the image is "
     "gone, 401 and 403 "
     "that it is not for you (some sites want --referer or an identifying --user_agent). Trying "
     "again rarely helps."},
    {ErrorCode::http_5xx, "http_5xx", "server error",
     "The server answered with a 5xx code after every retry: it is broken or overloaded. Try again "
     "later with "
     "--retry_failed transient, more slowly with --host_concurrency 1."},
    {ErrorCode::rate_limited, "rate_limited", "server asks us to slow down",
     "The server said that there were too many requests (429, or 503 with Retry-After), still "
     "after waiting as it "
     "asked. Set --host_interval 1s or a lower --host_concurrency, say who you are with --contact, "
     "and use "
     "--retry_failed transient."},
    {ErrorCode::redirect_limit, "redirect_limit", "too many redirects",
     "The URL was redirected more than --max_redirects times. That is nearly always a "
     "misconfigured site; open the "
     "URL in a browser before you raise the limit."},
    {ErrorCode::redirect_loop, "redirect_loop", "redirects in a circle",
     "The redirects lead back to a URL already visited. Sites that insist on cookies do this; "
     "pixhaul keeps none, so "
     "the image cannot be had from here."},
    {ErrorCode::redirect_bad, "redirect_bad", "redirect leads nowhere",
     "The server sent a redirect without a usable Location. The fault is the site's; look for the "
     "image under "
     "another URL."},
    {ErrorCode::protocol_error, "protocol_error", "answer is not valid HTTP",
     "What the server sent is not HTTP as the standard defines it: a broken status line, "
     "contradictory lengths or "
     "bad chunks. Guessing could glue two answers together, so it is refused. Check that the port "
     "speaks HTTP."},
    {ErrorCode::header_limit, "header_limit", "response headers too large",
     "The response's headers are larger than any sane server sends. The answer is dropped to keep "
     "memory bounded; "
     "the site has to be repaired."},

    {ErrorCode::too_slow, "too_slow", "transfer too slow",
     "The body arrived more slowly than --min_speed for ten seconds. The server is overloaded or "
     "the link is full: "
     "lower --concurrency, or lower --min_speed, then --retry_failed transient."},
    {ErrorCode::deadline, "deadline", "took too long",
     "One attempt, from name look-up to last byte, took longer than its limit (--deadline, "
     "--first_byte_timeout). "
     "Raise the limit for large images on slow links, or try again later with --retry_failed "
     "transient."},
    {ErrorCode::too_large, "too_large", "larger than the limit",
     "The body is larger than --max_body_bytes; the transfer was stopped as soon as that was "
     "known. Raise the limit "
     "if you want such images."},
    {ErrorCode::truncated, "truncated", "cut off before its end",
     "The answer ended before the length it announced, or the image's own structure is not "
     "complete although HTTP "
     "says so. A half image is never kept. Try --retry_failed truncated; if it stays, the file on "
     "the server is "
     "damaged (--validate none would keep it)."},
    {ErrorCode::encoding_limit, "encoding_limit", "compressed body not acceptable",
     "The server compressed the body although none was asked for, in a coding that is unknown, "
     "damaged or would "
     "expand beyond --max_body_bytes. It is refused to keep memory bounded."},

    {ErrorCode::robots_txt, "robots_txt", "disallowed by robots.txt",
     "The site's robots.txt disallows this URL for pixhaul, and --robots_txt obey was given. "
     "Nothing was requested. "
     "Ask the site's owner; this row does not count as a failure."},
    {ErrorCode::opt_out, "opt_out", "owner opts out of such use",
     "The response says by X-Robots-Tag or tdm-reservation that its owner does not want this use; "
     "the body was not "
     "read. If you hold the rights, --disallowed_header_directives none turns the check off. This "
     "row does not count "
     "as a failure."},

    {ErrorCode::not_image, "not_image", "not an image",
     "The bytes are not an image, whatever the Content-Type says: usually a web page that explains "
     "that the picture "
     "is gone, under status 200. Open the URL in a browser; the list may point at pages instead of "
     "pictures."},
    {ErrorCode::unsupported_format, "unsupported_format", "image format not supported",
     "The bytes are an image or document of a kind that is recognised but not kept, such as SVG, "
     "PDF or HEIC. "
     "--validate none keeps whatever is served."},
    {ErrorCode::too_many_pixels, "too_many_pixels", "more pixels than allowed",
     "The image's header announces more pixels than --max_pixels, so it was not decoded. Raise the "
     "limit if the "
     "machine has the memory."},
    {ErrorCode::too_complex, "too_complex", "structure nested or split too far",
     "The file's structure is split into more parts than any honest image has, which is how "
     "decoders are attacked. "
     "It is refused without decoding."},
    {ErrorCode::decode_error, "decode_error", "damaged image data",
     "The image could not be decoded without loss of data: it is damaged. --validate structure "
     "would keep it if its "
     "container is whole."},
    {ErrorCode::decode_deadline, "decode_deadline", "decoding took too long",
     "Decoding took longer than its limit, as with files made to waste time. The image is "
     "refused."},
    {ErrorCode::decode_crash, "decode_crash", "decoder crashed on it",
     "The decoder crashed on this file, in a process of its own, so nothing else was harmed. "
     "Please report the URL: "
     "it is a defect in an image library."},
    {ErrorCode::hash_mismatch, "hash_mismatch", "not the expected bytes",
     "The image's hash differs from the one the list promises: the picture at this URL has changed "
     "since the list "
     "was made."},
    {ErrorCode::filtered, "filtered", "excluded by your filters",
     "The image is sound but your own filters exclude it, for instance by its size. This row does "
     "not count as a "
     "failure."},

    {ErrorCode::host_down, "host_down", "host given up after failures",
     "Many requests in a row to this host failed without one success, so its remaining rows were "
     "ended without "
     "asking. When the host is back: --retry_failed host_down."},
    {ErrorCode::host_busy, "host_busy", "host too slow for its rows",
     "The host answered, but so slowly or with so many requests to slow down that these rows were "
     "still waiting when "
     "the run gave up on them. Run again with --retry_failed host_busy."},

    {ErrorCode::internal, "internal", "a defect in pixhaul",
     "Something happened that should be impossible; the detail says where. This is a defect in "
     "pixhaul, not in your "
     "list. Please report it with the row."},

    {ErrorCode::bad_option, "bad_option", "an option cannot be used",
     "An option is unknown, has an impossible value, or would have no effect beside the others. "
     "The message names "
     "it; exit code 2."},
    {ErrorCode::input_unreadable, "input_unreadable", "a list cannot be read",
     "A list file is missing, may not be read or is damaged (a cut-off .gz or .zst). Exit code 3."},
    {ErrorCode::output_unwritable, "output_unwritable", "the output cannot be written",
     "The output folder cannot be created or written to. Check its path and permissions; exit code "
     "4. Rows already "
     "recorded stay as they are."},
    {ErrorCode::disk_full, "disk_full", "the disk is full",
     "The disk or the quota is full. Nothing half-written is left: make room and give the same "
     "command again, it "
     "goes on where it stopped. Exit code 4."},
    {ErrorCode::other_input, "other_input", "the folder holds another list's run",
     "The output folder was begun with another list or with options that change its rows; the "
     "message names the "
     "first difference. Choose another --output_folder or give the list it was begun with. Exit "
     "code 4."},
    {ErrorCode::output_busy, "output_busy", "another run holds the output",
     "Another pixhaul works in this output folder right now. Wait for it or choose another "
     "--output_folder; exit "
     "code 8."},
    {ErrorCode::state_damaged, "state_damaged", "the run's own records are damaged",
     "The records under .pixhaul in the output folder cannot be read, as after a failing disk. The "
     "message names the "
     "file; exit code 4."},
    {ErrorCode::cancelled, "cancelled", "given up because the run stops",
     "A wait was given up because the run is stopping. Its row stays unfinished and is done by the "
     "next run."},
};

constexpr std::size_t kStatusCount = std::size(kStatuses);
constexpr std::uint8_t kNowhere = 255;

constexpr auto kPlaceOf = [] {
  std::array<std::uint8_t, 256> place{};
  place.fill(kNowhere);
  for (std::size_t i = 0; i < kStatusCount; ++i) {
    place[static_cast<std::uint8_t>(kStatuses[i].code)] = static_cast<std::uint8_t>(i);
  }
  return place;
}();

// The run's own errors have values from here on.
constexpr bool is_row_status(ErrorCode code) { return static_cast<std::uint8_t>(code) < 128; }

constexpr std::size_t kRowStatusCount = [] {
  std::size_t count = 0;
  for (const Status& status : kStatuses) count += is_row_status(status.code) ? 1 : 0;
  return count;
}();

constexpr auto kRowStatuses = [] {
  std::array<ErrorCode, kRowStatusCount> codes{};
  std::size_t count = 0;
  for (const Status& status : kStatuses) {
    if (is_row_status(status.code)) codes[count++] = status.code;
  }
  return codes;
}();

const Status& status_of(ErrorCode code) {
  const std::uint8_t place = kPlaceOf[static_cast<std::uint8_t>(code)];
  return kStatuses[place == kNowhere ? kPlaceOf[static_cast<std::uint8_t>(ErrorCode::internal)]
                                     : place];
}

}  // namespace

std::string_view name(ErrorCode code) { return status_of(code).name; }

std::expected<ErrorCode, std::string> parse_error_code(std::string_view text) {
  for (const Status& status : kStatuses) {
    if (status.name == text) return status.code;
  }
  return std::unexpected("'" + std::string(text) +
                         "' is not a status; `pixhaul explain` lists them");
}

std::span<const ErrorCode> row_statuses() { return kRowStatuses; }

bool is_refusal(ErrorCode code) {
  return code == ErrorCode::robots_txt || code == ErrorCode::opt_out || code == ErrorCode::filtered;
}

std::string_view explanation(ErrorCode code) { return status_of(code).explanation; }

std::string_view short_meaning(ErrorCode code) { return status_of(code).meaning; }

}  // namespace pixhaul
