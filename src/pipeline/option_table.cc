// One line per option: what every face shows of it and the field it sets. Flags, help, man page,
// completions, environment, docs and keywords are all made from this table, so a new option is one
// field and one line here.
//
// A field is bound by its type: each type has one `read` and one `write` below, and
// `bound<&Options::field>()` makes the two function pointers of a line. Choices are not spelled
// twice: the text "reuse|fresh" of the line is the list of enumerators in the order of their
// declaration.
#include "pixhaul/option_table.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <limits>
#include <type_traits>

#include "pipeline/option_values.h"

namespace pixhaul {
namespace {

using pipeline::edit_distance;
using pipeline::parse_boolean;
using pipeline::parse_count;
using pipeline::parse_number;
using pipeline::parse_ratio;
using pipeline::parse_size;
using pipeline::parse_time;
using pipeline::ratio_text;
using pipeline::size_text;
using pipeline::split_list;
using pipeline::time_text;

/// What is peculiar to one field's text.
enum class Absent : std::uint8_t { no, none, automatic };
struct Form {
  Absent absent = Absent::no;  ///< the word for nullopt, for "" or for 0
  std::uint64_t minimum = 0;   ///< of numbers and sizes; milliseconds for times
  char separator = ',';        ///< between the items of a list
  bool plain_number = false;   ///< written without units
};

constexpr std::string_view kNone = "none";
constexpr std::string_view kAuto = "auto";
constexpr std::string_view word(const Form& form) {
  return form.absent == Absent::no ? "" : form.absent == Absent::none ? kNone : kAuto;
}

using Read = bool (*)(Options&, const OptionInfo&, std::string_view);
using Write = std::string (*)(const Options&, const OptionInfo&);

struct Entry {
  OptionInfo info;
  Read read;
  Write write;
};

// --- one pair of functions for each type of field
// ------------------------------------------------------------------

bool read_value(std::string& field, const OptionInfo&, const Form& form, std::string_view text) {
  // Values end up in request headers and file names; control characters belong in neither.
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (std::ranges::any_of(text, is_control)) return false;
  // A string without a word for absence (output_folder) needs some text.
  if (text.empty() && form.absent == Absent::no) return false;
  field = text == word(form) ? std::string() : std::string(text);
  return true;
}
std::string write_value(const std::string& field, const OptionInfo&, const Form& form,
                        const std::string&) {
  return field.empty() ? std::string(word(form)) : field;
}

bool read_value(bool& field, const OptionInfo&, const Form&, std::string_view text) {
  const auto value = parse_boolean(text);
  if (value) field = *value;
  return value.has_value();
}
std::string write_value(bool field, const OptionInfo&, const Form&, bool) {
  return field ? "true" : "false";
}

template <class Number>
  requires std::is_unsigned_v<Number>
bool read_value(Number& field, const OptionInfo&, const Form& form, std::string_view text) {
  const bool off = form.absent != Absent::no && text == word(form);
  const auto value = off ? std::optional<std::uint64_t>(0) : parse_size(text);
  if (!value || *value < form.minimum || *value > std::numeric_limits<Number>::max()) return false;
  field = static_cast<Number>(*value);
  return true;
}
template <class Number>
  requires std::is_unsigned_v<Number>
std::string write_value(Number field, const OptionInfo&, const Form& form, Number) {
  if (field == 0 && form.absent != Absent::no) return std::string(word(form));
  return form.plain_number ? fmt::format("{}", field) : size_text(field);
}

bool read_value(std::chrono::milliseconds& field, const OptionInfo&, const Form& form,
                std::string_view text) {
  const auto value = parse_time(text);
  if (!value || *value < std::chrono::milliseconds(form.minimum)) return false;
  field = *value;
  return true;
}
std::string write_value(std::chrono::milliseconds field, const OptionInfo&, const Form&,
                        std::chrono::milliseconds) {
  return time_text(field);
}

bool read_value(double& field, const OptionInfo&, const Form& form, std::string_view text) {
  const auto value = form.minimum == 0 ? parse_ratio(text) : parse_number(text);
  if (!value || *value < static_cast<double>(form.minimum)) return false;
  field = *value;
  return true;
}
std::string write_value(double field, const OptionInfo&, const Form&, double) {
  return ratio_text(field);
}

template <class Choice>
  requires std::is_enum_v<Choice>
bool read_value(Choice& field, const OptionInfo& info, const Form&, std::string_view text) {
  const std::vector<std::string> choices = split_list(info.value, '|');
  const auto found = std::ranges::find(choices, text);
  if (found == choices.end()) return false;
  field = static_cast<Choice>(found - choices.begin());
  return true;
}
template <class Choice>
  requires std::is_enum_v<Choice>
std::string write_value(Choice field, const OptionInfo& info, const Form&, Choice) {
  return split_list(info.value, '|').at(static_cast<std::size_t>(field));
}

template <class Value>
bool read_value(std::optional<Value>& field, const OptionInfo& info, const Form& form,
                std::string_view text) {
  if (form.absent != Absent::no && text == word(form)) {
    field.reset();
    return true;
  }
  Value value{};
  if (!read_value(value, info, Form{Absent::no, form.minimum}, text)) return false;
  field = value;
  return true;
}
template <class Value>
std::string write_value(const std::optional<Value>& field, const OptionInfo& info, const Form& form,
                        const std::optional<Value>&) {
  return field ? write_value(*field, info, Form{Absent::no, 0, ',', form.plain_number}, Value{})
               : std::string(word(form));
}

bool read_value(std::vector<std::string>& field, const OptionInfo&, const Form& form,
                std::string_view text) {
  for (std::string& item : split_list(text, form.separator)) {
    if (item == kNone) {
      field.clear();
    } else if (std::ranges::find(field, item) == field.end()) {
      field.push_back(std::move(item));
    }
  }
  return true;
}
// A list appends, so one that does not begin with its default is written with the "none" that
// empties it first.
std::string write_value(const std::vector<std::string>& field, const OptionInfo&, const Form& form,
                        const std::vector<std::string>& standard) {
  const bool extends = field.size() >= standard.size() &&
                       std::equal(standard.begin(), standard.end(), field.begin());
  std::string text(field.empty() || !extends ? kNone : "");
  for (const std::string& item : field) {
    if (!text.empty()) text += form.separator;
    text += item;
  }
  return text;
}

template <auto kField, Form kForm>
constexpr Entry entry(OptionInfo info) {
  return {info,
          [](Options& options, const OptionInfo& about, std::string_view text) {
            return read_value(options.*kField, about, kForm, text);
          },
          [](const Options& options, const OptionInfo& about) {
            return write_value(options.*kField, about, kForm, Options().*kField);
          }};
}

// --- the table
// -----------------------------------------------------------------------------------------------------

constexpr Form kPlain{};
constexpr Form kPositive{Absent::no, 1};
constexpr Form kCount{Absent::no, 0, ',', true};
constexpr Form kPositiveCount{Absent::no, 1, ',', true};
constexpr Form kAutoCount{Absent::automatic, 1, ',', true};
constexpr Form kAutoLevel{Absent::automatic, 0, ',', true};
constexpr Form kAutoSize{Absent::automatic, 1};
constexpr Form kAutoText{Absent::automatic};
constexpr Form kNoneCount{Absent::none, 1, ',', true};
constexpr Form kNoneSize{Absent::none, 1};
constexpr Form kZeroIsNone{Absent::none, 0};
constexpr Form kNoneText{Absent::none};
constexpr Form kNoneRatio{Absent::none, 1};
constexpr Form kNoneChoice{Absent::none};
constexpr Form kLines{Absent::none, 0, '\n'};

constexpr bool kCommon = true;
constexpr bool kRare = false;
constexpr bool kRepeats = true;

using O = Options;

constexpr Entry kEntries[] = {
    entry<&O::url_list, kLines>(
        {"url_list", "input", "LIST",
         "A list of URLs, one a line (.gz and .zst too), - for standard input, or a URL itself; "
         "the same as an argument without a flag.",
         'i', kRare, kRepeats}),
    entry<&O::input_format, kPlain>({"input_format", "input", "auto|txt|csv|tsv|json|jsonl|parquet",
                                     "What the lists are; auto goes by their names."}),
    entry<&O::url_col, kPlain>(
        {"url_col", "input", "COLUMN", "The column that holds the URLs.", 0, kCommon}),
    entry<&O::caption_col, kNoneText>(
        {"caption_col", "input", "COLUMN", "The column that holds the captions.", 0, kCommon}),
    entry<&O::bbox_col, kNoneText>(
        {"bbox_col", "input", "COLUMN",
         "The column of boxes to blur, [[x0,y0,x1,y1],...] with values from 0 to 1."}),
    entry<&O::verify_hash, kNoneText>(
        {"verify_hash", "input", "COLUMN,KIND",
         "The column of expected digests and their kind, that of --compute_hash; what differs is "
         "hash_mismatch."}),
    entry<&O::save_additional_columns, kPlain>(
        {"save_additional_columns", "input", "COLUMN",
         "Further columns of the lists to keep with the samples.", 0, kRare, kRepeats}),
    entry<&O::shards_per_file, kPlain>(
        {"shards_per_file", "input", "",
         "Begin a new shard with each list, so that its rows keep their keys whatever other lists "
         "there are."}),
    entry<&O::worker_index, kCount>(
        {"worker_index", "input", "N", "Which of worker_count machines this is, from 0."}),
    entry<&O::worker_count, kPositiveCount>(
        {"worker_count", "input", "N", "Over how many machines the shards are divided."}),

    entry<&O::output_folder, kPlain>(
        {"output_folder", "output", "DIR",
         "Where the images and the row files go, for datasets also s3://BUCKET/PREFIX; giving the "
         "same folder again continues its run.",
         'o', kCommon}),
    entry<&O::output_format, kPlain>(
        {"output_format", "output", "files|webdataset|parquet|tfrecord|dummy",
         "files: one file an image; webdataset: a tar a shard; parquet and tfrecord: images in "
         "tables; dummy: rows only, no images.",
         0, kCommon}),
    entry<&O::layout, kPlain>(
        {"layout", "output", "pixhaul|img2dataset",
         "img2dataset: its statuses and error texts, its file names, and with files a .json and a "
         ".txt beside each image; what `pixhaul img2dataset` writes."}),
    entry<&O::file_names, kPlain>({"file_names", "output", "name|key",
                                   "name: 00000/000000017-sunset.jpg; key: 00000/000000017.jpg."}),
    entry<&O::number_sample_per_shard, kPositiveCount>(
        {"number_sample_per_shard", "output", "N",
         "Rows in a shard: one folder of images and one .jsonl file."}),
    entry<&O::oom_shard_count, kPositiveCount>(
        {"oom_shard_count", "output", "N",
         "Digits of a shard's name, with zeros in front; a greater number just gets longer."}),
    entry<&O::compute_hash, kPlain>({"compute_hash", "output", "sha256|sha512|md5|none",
                                     "The digest of the bytes that each row records."}),
    entry<&O::retry_failed, kNoneText>(
        {"retry_failed", "output", "transient|all|STATUS,...",
         "Try again the rows of an earlier run in this folder that failed so.", 0, kCommon}),
    entry<&O::max_open_shards, kPositiveCount>(
        {"max_open_shards", "output", "N", "How many shards may be unfinished at once."}),
    entry<&O::metadata, kPlain>(
        {"metadata", "output", "auto|parquet|jsonl|none",
         "The rows beside the samples; auto is jsonl for files and parquet for datasets."}),
    entry<&O::extract_exif, kPlain>(
        {"extract_exif", "output", "", "Keep each picture's EXIF tags as text."}),
    entry<&O::sizes, kPlain>(
        {"sizes", "output", "", "Write sizes.json, the samples of each shard, for loaders."}),
    entry<&O::incremental_mode, kPlain>(
        {"incremental_mode", "output", "incremental|overwrite|extend",
         "What to do with a folder that holds shards: continue it, begin anew, or add behind."}),

    entry<&O::resize_mode, kPlain>(
        {"resize_mode", "pixels", "no|keep_ratio|keep_ratio_largest|center_crop|border",
         "Bring the shorter (keep_ratio) or longer side to image_size, or to a square by cropping "
         "or a white border; no keeps the size.",
         0, kCommon}),
    entry<&O::image_size, kPositiveCount>(
        {"image_size", "pixels", "N", "The side that resize_mode aims at.", 0, kCommon}),
    entry<&O::resize_only_if_bigger, kPlain>({"resize_only_if_bigger", "pixels", "",
                                              "Leave pictures that are small enough as they are."}),
    entry<&O::upscale_interpolation, kPlain>({"upscale_interpolation", "pixels",
                                              "nearest|linear|cubic|area|lanczos",
                                              "How pixels are made when enlarging."}),
    entry<&O::downscale_interpolation, kPlain>({"downscale_interpolation", "pixels",
                                                "nearest|linear|cubic|area|lanczos",
                                                "How pixels are made when reducing."}),
    entry<&O::encode_format, kNoneChoice>(
        {"encode_format", "pixels", "jpg|png|webp",
         "Encode every picture so; none is jpg when resized and as served otherwise.", 0, kCommon}),
    entry<&O::encode_quality, kAutoLevel>(
        {"encode_quality", "pixels", "N",
         "jpg and webp: 1 to 100 (webp above 100 is lossless), auto 95; png: compression 0 to 9, "
         "auto 6."}),
    entry<&O::skip_reencode, kPlain>(
        {"skip_reencode", "pixels", "",
         "Keep the bytes as served when neither size, colours nor format had to change."}),
    entry<&O::disable_all_reencoding, kPlain>(
        {"disable_all_reencoding", "pixels", "", "Keep every picture's bytes as served."}),
    entry<&O::color, kPlain>(
        {"color", "pixels", "rgb|keep", "Turn grey pictures into RGB, or keep their one channel."}),
    entry<&O::exif_orientation, kPlain>(
        {"exif_orientation", "pixels", "apply|ignore",
         "Turn pictures upright as their EXIF says, or leave them as stored."}),
    entry<&O::min_image_size, kCount>(
        {"min_image_size", "pixels", "N", "Refuse pictures whose shorter side has fewer pixels."}),
    entry<&O::max_image_area, kNoneCount>(
        {"max_image_area", "pixels", "N", "Refuse pictures with more pixels."}),
    entry<&O::max_aspect_ratio, kNoneRatio>(
        {"max_aspect_ratio", "pixels", "RATIO",
         "Refuse pictures whose longer side is more than so many times the shorter."}),

    entry<&O::validate, kPlain>({"validate", "image", "structure|decode|none",
                                 "What a whole image is: its container walked to the end, "
                                 "decoded without a warning, or whatever the server sends.",
                                 0, kCommon}),
    entry<&O::max_body_bytes, kPositive>(
        {"max_body_bytes", "image", "SIZE", "Largest body, on the wire and decoded."}),
    entry<&O::max_pixels, kPositive>(
        {"max_pixels", "image", "N",
         "Most pixels an image's header may announce before it is decoded."}),
    entry<&O::sandbox, kPlain>(
        {"sandbox", "image", "auto|on|off",
         "Decode in processes of their own that can open and reach nothing; auto does where the "
         "kernel can lock them in."}),

    entry<&O::concurrency, kAutoCount>(
        {"concurrency", "speed", "N", "Transfers in flight over all hosts.", 'j', kCommon}),
    entry<&O::host_concurrency, kAutoCount>(
        {"host_concurrency", "speed", "N",
         "Most requests in flight to one host; auto is 6 on HTTP/1.1 and 24 on HTTP/2, and fewer "
         "while the host is slow."}),
    entry<&O::address_concurrency, kPositiveCount>(
        {"address_concurrency", "speed", "N",
         "Most requests in flight to one server address, which many host names may share."}),
    entry<&O::loop_threads, kAutoCount>(
        {"loop_threads", "speed", "N", "Network threads; auto is the cores this process may use."}),
    entry<&O::memory, kAutoSize>(
        {"memory", "speed", "SIZE",
         "Ceiling for the whole process; auto is half the machine or its cgroup."}),
    entry<&O::connection, kPlain>(
        {"connection", "speed", "reuse|fresh",
         "Keep connections for further images, or open a new one for each."}),
    entry<&O::body, kPlain>(
        {"body", "speed", "buffer|stream",
         "Hold an image in memory before it is written, or write it as it arrives."}),

    entry<&O::http_version, kPlain>({"http_version", "network", "auto|1.1|2",
                                     "The version to speak; auto agrees on one with each server."}),
    entry<&O::deadline, kPositive>(
        {"deadline", "network", "TIME",
         "Absolute limit for one attempt, from name look-up to last byte.", 0, kCommon}),
    entry<&O::connect_timeout, kPositive>(
        {"connect_timeout", "network", "TIME", "Limit for opening a connection."}),
    entry<&O::tls_timeout, kPositive>(
        {"tls_timeout", "network", "TIME", "Limit for the TLS handshake."}),
    entry<&O::first_byte_timeout, kPositive>(
        {"first_byte_timeout", "network", "TIME",
         "Limit from the request to the first byte of its answer."}),
    entry<&O::min_speed, kZeroIsNone>(
        {"min_speed", "network", "SIZE",
         "Give up below this many bytes per second over ten seconds."}),
    entry<&O::retries, kCount>(
        {"retries", "network", "N", "Further attempts after a failure that may pass.", 0, kCommon}),
    entry<&O::max_redirects, kCount>(
        {"max_redirects", "network", "N", "Redirects followed for one row."}),
    entry<&O::proxy, kAutoText>({"proxy", "network", "URL",
                                 "http://, socks5:// proxy for everything, or none; auto follows "
                                 "http_proxy, https_proxy, all_proxy and no_proxy.",
                                 'x', kCommon}),
    entry<&O::proxy_dns, kPlain>({"proxy_dns", "network", "local|remote",
                                  "Where names are resolved when a proxy is used; remote leaves "
                                  "the check of addresses to the proxy."}),
    entry<&O::dns_servers, kPlain>(
        {"dns_servers", "network", "ADDRESS",
         "Name servers to ask instead of the system's, with or without a port.", 0, kRare,
         kRepeats}),
    entry<&O::allow_net, kPlain>(
        {"allow_net", "network", "CIDR",
         "Addresses that may be contacted although private or special, such as 127.0.0.0/8.", 0,
         kCommon, kRepeats}),
    entry<&O::ca_file, kAutoText>({"ca_file", "network", "FILE",
                                   "Certificates of the authorities to trust; auto is "
                                   "SSL_CERT_FILE or the system's store."}),
    entry<&O::insecure, kPlain>(
        {"insecure", "network", "",
         "Accept any certificate; whoever sits in between can then send you anything.", 'k'}),

    entry<&O::header, kLines>({"header", "requests", "NAME: VALUE",
                               "A further request header; dropped when a redirect leaves the "
                               "origin, its value never logged.",
                               'H', kRare, kRepeats}),
    entry<&O::referer, kNoneText>({"referer", "requests", "URL", "The Referer header.", 'e'}),
    entry<&O::accept, kNoneText>({"accept", "requests", "TEXT", "The Accept header."}),
    entry<&O::user_agent, kAutoText>(
        {"user_agent", "requests", "TEXT",
         "The User-Agent header; auto is pixhaul, its version and address, and the contact.", 'A'}),
    entry<&O::contact, kNoneText>(
        {"contact", "requests", "MAIL-or-URL",
         "How a site's owner can reach you; it becomes part of the user agent.", 0, kCommon}),
    entry<&O::user_agent_token, kNoneText>(
        {"user_agent_token", "requests", "WORD",
         "The name by which robots directives may address this run; it becomes part of the user "
         "agent."}),

    entry<&O::disallowed_header_directives, kPlain>(
        {"disallowed_header_directives", "politeness", "WORD",
         "X-Robots-Tag directives that are honoured (with tdm-reservation: 1); none turns the "
         "check off.",
         0, kRare, kRepeats}),
    entry<&O::robots_txt, kPlain>({"robots_txt", "politeness", "off|obey",
                                   "Ask each site's robots.txt first and keep to it."}),
    entry<&O::host_interval, kNoneSize>(
        {"host_interval", "politeness", "TIME", "Pause between requests to a host."}),
    entry<&O::limit_rate, kNoneSize>(
        {"limit_rate", "politeness", "SIZE", "Bytes per second over all transfers.", 0, kCommon}),

    entry<&O::max_rows, kNoneCount>(
        {"max_rows", "limits", "N",
         "Stop after this many rows and say what the whole list would take.", 0, kCommon}),
    entry<&O::max_errors, kNoneCount>(
        {"max_errors", "limits", "N", "Stop when this many rows have failed."}),
    entry<&O::max_bytes, kNoneSize>(
        {"max_bytes", "limits", "SIZE", "Stop when this much has been received."}),
    entry<&O::max_duration, kNoneSize>({"max_duration", "limits", "TIME", "Stop after this long."}),
    entry<&O::fail_ratio, kPlain>(
        {"fail_ratio", "limits", "RATIO",
         "The share of rows, from 0 to 1, that may fail before the exit code is 1.", 0, kCommon}),

    entry<&O::progress, kPlain>({"progress", "display", "auto|bar|plain|json|none",
                                 "On standard error: a live bar, a line every 10 seconds, "
                                 "NDJSON, or nothing; auto is the bar on a terminal."}),
    entry<&O::events, kNoneText>(
        {"events", "display", "FILE",
         "Append what happens as NDJSON, an event a line; - is standard output."}),
    entry<&O::metrics_file, kNoneText>(
        {"metrics_file", "display", "FILE",
         "Keep the run's counters in this file in Prometheus' text format, written anew every 5 "
         "seconds."}),
    entry<&O::log_level, kPlain>(
        {"log_level", "display", "error|warning|info", "Which notices are shown."}),
};

constexpr auto kInfos = [] {
  std::array<OptionInfo, std::size(kEntries)> infos{};
  for (std::size_t i = 0; i < infos.size(); ++i) infos[i] = kEntries[i].info;
  return infos;
}();

// Dashes and underscores are the same.
std::string canonical(std::string_view name) {
  std::string result(name);
  std::ranges::replace(result, '-', '_');
  return result;
}

const Entry* find_entry(std::string_view name) {
  const std::string wanted = canonical(name);
  const auto found =
      std::ranges::find(kEntries, wanted, [](const Entry& e) { return e.info.name; });
  return found == std::end(kEntries) ? nullptr : found;
}

Error bad_option(std::string detail) {
  return {.code = ErrorCode::bad_option, .detail = std::move(detail)};
}

std::string allowed_text(const Entry& e) {
  const std::string_view value = e.info.value;
  const std::string standard = e.write(Options(), e.info);
  const auto says = [&](std::string_view what) {
    const bool absent = standard == kNone || standard == kAuto;
    return absent ? fmt::format("{}, or {}", what, standard) : std::string(what);
  };
  if (value.empty()) return "true or false";
  if (value == "N") return says("a whole number in range, such as 64 or 10K");
  if (value == "SIZE") return says("a size such as 10M or 10MiB");
  if (value == "TIME") return says("a time such as 250ms, 30s or 5m");
  if (value == "RATIO")
    return e.info.name == "fail_ratio" ? "a number from 0 to 1, or 5%" : says("a number from 1 on");
  if (e.info.name != "retry_failed" && value.find('|') != value.npos) {
    std::string choices(value);
    for (std::size_t at = choices.find('|'); at != choices.npos; at = choices.find('|', at))
      choices.replace(at, 1, ", ");
    return "one of " + choices;
  }
  return "text without control characters";
}

// --- values that are more than their type
// --------------------------------------------------------------------------

bool is_token(std::string_view text) {
  // RFC 9110 §5.6.2: token = 1*tchar
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           kMarks.find(c) != kMarks.npos;
  });
}

struct OwnHeader {
  std::string_view header;
  std::string_view remedy;
};
// Headers that the engine writes itself; a second one would contradict it.
constexpr OwnHeader kOwnHeaders[] = {
    {"user-agent", "use --user_agent"},
    {"referer", "use --referer"},
    {"accept", "use --accept"},
    {"accept-encoding", "images are asked for as they are"},
    {"host", "it comes from the URL"},
    {"connection", "use --connection"},
    {"content-length", "requests have no body"},
    {"transfer-encoding", "requests have no body"},
};

Result<> check_header(std::string_view text) {
  if (text == kNone) return {};
  const std::size_t colon = text.find(':');
  const std::string_view header = text.substr(0, std::min(colon, text.size()));
  if (colon == text.npos || !is_token(header)) {
    return std::unexpected(bad_option("--header takes 'Name: value'"));
  }
  if (std::ranges::any_of(text, [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
      })) {
    return std::unexpected(
        bad_option(fmt::format("the value of --header '{}' holds a control character", header)));
  }
  std::string lower(header);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  });
  for (const OwnHeader& own : kOwnHeaders) {
    if (own.header == lower) {
      return std::unexpected(
          bad_option(fmt::format("--header cannot set '{}': {}", header, own.remedy)));
    }
  }
  return {};
}

Result<> check_retry_failed(std::string_view text) {
  if (text == kNone || text == "all" || text == "transient") return {};
  for (const std::string& status : split_list(text, ',')) {
    const auto code = parse_error_code(status);
    const bool is_failure = code && *code != ErrorCode::success &&
                            std::ranges::find(row_statuses(), *code) != row_statuses().end();
    if (!is_failure) {
      return std::unexpected(
          bad_option(fmt::format("--retry_failed takes transient, all or statuses separated by "
                                 "commas; '{}' is none (`pixhaul explain` lists them)",
                                 status)));
    }
  }
  return {};
}

Result<> check_value(const Entry& e, std::string_view text) {
  if (e.info.name == "retry_failed") return check_retry_failed(text);
  if (e.info.name != "header") return {};
  for (const std::string& line : split_list(text, '\n')) {
    if (auto checked = check_header(line); !checked) return checked;
  }
  return {};
}

}  // namespace

std::span<const OptionInfo> option_table() { return kInfos; }

const OptionInfo* find_option(std::string_view name) {
  const Entry* found = find_entry(name);
  return found == nullptr ? nullptr : &found->info;
}

std::string_view nearest_option(std::string_view name) {
  const std::string wanted = canonical(name);
  // A third of the letters wrong is still the same word; beyond that a suggestion misleads.
  std::size_t best = std::max<std::size_t>(2, wanted.size() / 3) + 1;
  std::string_view nearest;
  for (const Entry& e : kEntries) {
    const std::size_t distance = edit_distance(wanted, e.info.name);
    if (distance < best) {
      best = distance;
      nearest = e.info.name;
    }
  }
  return nearest;
}

Result<> set_option(Options& options, std::string_view name, std::string_view text) {
  const Entry* found = find_entry(name);
  if (found == nullptr) {
    const std::string_view nearest = nearest_option(name);
    const std::string hint = nearest.empty() ? "" : fmt::format("; did you mean --{}?", nearest);
    return std::unexpected(bad_option(fmt::format("there is no option --{}{}", name, hint)));
  }
  if (auto checked = check_value(*found, text); !checked) return checked;
  if (!found->read(options, found->info, text)) {
    return std::unexpected(bad_option(fmt::format("--{} cannot be '{}': it takes {}",
                                                  found->info.name, text, allowed_text(*found))));
  }
  return {};
}

std::string option_text(const Options& options, std::string_view name) {
  const Entry* found = find_entry(name);
  return found == nullptr ? std::string() : found->write(options, found->info);
}

}  // namespace pixhaul
