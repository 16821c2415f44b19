// img2dataset's call as a run of ours. What its download() would refuse is refused in its words and
// in its order, but before anything is made; the rest is one assignment an option. Where a
// parameter means something else here than there, docs/img2dataset.md says why.
#include "pixhaul/img2dataset.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <iterator>
#include <system_error>
#include <utility>

#include "pixhaul/option_table.h"

namespace pixhaul {
namespace {

using Parameters = Img2datasetParameters;
using List = std::vector<std::string>;

Error refused(std::string sentence) {
  return {.code = ErrorCode::bad_option, .detail = std::move(sentence)};
}

template <class Choice>
struct Named {
  std::string_view name;
  Choice choice;
};

template <class Choice, std::size_t Count>
std::optional<Choice> choice_of(const std::array<Named<Choice>, Count>& table,
                                std::string_view name) {
  const auto* found = std::ranges::find(table, name, &Named<Choice>::name);
  return found == table.end() ? std::nullopt : std::optional(found->choice);
}

constexpr std::array<Named<HashKind>, 3> kHashes = {
    {{"md5", HashKind::md5}, {"sha256", HashKind::sha256}, {"sha512", HashKind::sha512}}};
constexpr std::array<Named<IncrementalMode>, 3> kIncrementalModes = {
    {{"incremental", IncrementalMode::incremental},
     {"overwrite", IncrementalMode::overwrite},
     {"extend", IncrementalMode::extend}}};
constexpr std::array<Named<InputFormat>, 6> kInputFormats = {{{"txt", InputFormat::txt},
                                                              {"csv", InputFormat::csv},
                                                              {"tsv", InputFormat::tsv},
                                                              {"json", InputFormat::json},
                                                              {"jsonl", InputFormat::jsonl},
                                                              {"parquet", InputFormat::parquet}}};
constexpr std::array<Named<OutputFormat>, 5> kOutputFormats = {
    {{"files", OutputFormat::files},
     {"webdataset", OutputFormat::webdataset},
     {"parquet", OutputFormat::parquet},
     {"tfrecord", OutputFormat::tfrecord},
     {"dummy", OutputFormat::dummy}}};
constexpr std::array<Named<EncodeFormat>, 3> kEncodeFormats = {
    {{"jpg", EncodeFormat::jpg}, {"png", EncodeFormat::png}, {"webp", EncodeFormat::webp}}};
constexpr std::array<Named<ResizeMode>, 5> kResizeModes = {
    {{"no", ResizeMode::no},
     {"keep_ratio", ResizeMode::keep_ratio},
     {"center_crop", ResizeMode::center_crop},
     {"border", ResizeMode::border},
     {"keep_ratio_largest", ResizeMode::keep_ratio_largest}}};
constexpr std::array<Named<Interpolation>, 8> kInterpolations = {
    {{"nearest", Interpolation::nearest},
     {"linear", Interpolation::linear},
     {"bilinear", Interpolation::linear},
     {"cubic", Interpolation::cubic},
     {"bicubic", Interpolation::cubic},
     {"area", Interpolation::area},
     {"lanczos", Interpolation::lanczos},
     {"lanczos4", Interpolation::lanczos}}};
constexpr std::array<std::string_view, 3> kDistributors = {"multiprocessing", "pyspark", "ray"};

constexpr std::array<std::string_view, 13> kReserved = {
    "key",    "caption",       "url",  "width", "height", "original_width", "original_height",
    "status", "error_message", "exif", "md5",   "sha256", "sha512"};

constexpr std::int64_t kUsualQuality = 95;

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  return result;
}

std::string lower_stripped(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const std::size_t begin = std::min(text.find_first_not_of(kBlanks), text.size());
  return lower(text.substr(begin, text.find_last_not_of(kBlanks) + 1 - begin));
}

bool is_gzip(const Parameters& p) { return p.input_format.ends_with(".gz"); }
std::string_view plain_format(const Parameters& p) {
  std::string_view format = p.input_format;
  if (format.ends_with(".gz") && format != "parquet.gz") format.remove_suffix(3);
  return format;
}
bool is_text_list(const Parameters& p) { return plain_format(p) == "txt"; }

// ---- what img2dataset refuses

// arguments_validator() of its main.py.
Result<> check_hash(const Parameters& p) {
  if (p.compute_hash && !choice_of(kHashes, *p.compute_hash)) {
    return std::unexpected(
        refused(fmt::format("Unsupported hash to compute: {}", *p.compute_hash)));
  }
  if (!p.verify_hash) return {};
  if (p.verify_hash->size() != 2) {
    return std::unexpected(
        refused("verify_hash takes a column and a kind, such as [\"md5sum\", \"md5\"]"));
  }
  if (p.verify_hash->back() == p.compute_hash) return {};
  return std::unexpected(
      refused(fmt::format("verify_hash and compute_hash must be the same but got {} and {}",
                          p.verify_hash->back(), p.compute_hash.value_or("None"))));
}

Result<> check_columns(const Parameters& p) {
  std::string taken;
  for (const std::string_view reserved : kReserved) {
    if (!p.save_additional_columns) break;
    if (std::ranges::find(*p.save_additional_columns, reserved) == p.save_additional_columns->end())
      continue;
    taken += fmt::format("{}'{}'", taken.empty() ? "" : ", ", reserved);
  }
  if (taken.empty()) return {};
  return std::unexpected(refused(
      fmt::format("You cannot use in save_additional_columns the following columns: {{{}}}."
                  "img2dataset reserves these columns for its own use. Please remove them from "
                  "save_additional_columns.",
                  taken)));
}

Result<> check_mode(const Parameters& p) {
  if (choice_of(kIncrementalModes, p.incremental_mode)) return {};
  return std::unexpected(refused("Unknown incremental mode " + p.incremental_mode));
}

Result<> check_formats(const Parameters& p) {
  if (!choice_of(kInputFormats, plain_format(p)))
    return std::unexpected(refused("Invalid input format " + p.input_format));
  if (!choice_of(kOutputFormats, p.output_format))
    return std::unexpected(refused("Invalid output format " + p.output_format));
  return {};
}

// Its Resizer's. PNG with the quality that is JPEG's default is taken as nothing said.
Result<> check_resizer(const Parameters& p) {
  if (!choice_of(kEncodeFormats, p.encode_format))
    return std::unexpected(refused("Invalid encode format " + p.encode_format));
  const bool is_level = p.encode_quality >= 0 && p.encode_quality <= 9;
  if (p.encode_format == "png" && !is_level && p.encode_quality != kUsualQuality) {
    return std::unexpected(refused(fmt::format(
        "For png, encode quality represents compression whichmust be between 0 and 9, got {}",
        p.encode_quality)));
  }
  if (!choice_of(kResizeModes, p.resize_mode))
    return std::unexpected(refused("Invalid option for resize_mode: " + p.resize_mode));
  for (const std::string& name : {p.upscale_interpolation, p.downscale_interpolation}) {
    if (!choice_of(kInterpolations, lower(name)))
      return std::unexpected(refused("Invalid option for interpolation: " + lower(name)));
  }
  return {};
}

Result<> check_distributor(const Parameters& p) {
  if (std::ranges::find(kDistributors, p.distributor) != kDistributors.end()) return {};
  return std::unexpected(refused(fmt::format("Distributor {} not supported", p.distributor)));
}

// What it would fail on later, image by image or shard by shard.
Result<> check_rest(const Parameters& p) {
  struct Least {
    std::string_view name;
    std::int64_t value;
    std::int64_t least;
    std::int64_t most;
  };
  constexpr std::int64_t kMost = 0xffff'ffff;
  const Least numbers[] = {{"image_size", p.image_size, 1, kMost},
                           {"processes_count", p.processes_count, 1, kMost},
                           {"thread_count", p.thread_count, 1, kMost},
                           {"number_sample_per_shard", p.number_sample_per_shard, 1, kMost},
                           {"oom_shard_count", p.oom_shard_count, 1, 18},
                           {"retries", p.retries, 0, kMost}};
  for (const Least& number : numbers) {
    if (number.value >= number.least && number.value <= number.most) continue;
    return std::unexpected(refused(fmt::format("{} cannot be {}: it is {} to {}", number.name,
                                               number.value, number.least, number.most)));
  }
  if (!(p.timeout > 0)) {
    return std::unexpected(refused(fmt::format("timeout cannot be {}: it is above 0", p.timeout)));
  }
  if (p.bbox_col && p.disable_all_reencoding) {
    return std::unexpected(
        refused("bbox_col contradicts disable_all_reencoding: boxes could not be blurred"));
  }
  if (p.bbox_col && is_text_list(p))
    return std::unexpected(refused("bbox_col needs a table: a list of lines has no boxes"));
  return {};
}

Result<> check(const Parameters& p) {
  for (const auto step : {check_hash, check_columns, check_mode, check_formats, check_resizer,
                          check_distributor, check_rest}) {
    if (auto checked = step(p); !checked) return checked;
  }
  return {};
}

// ---- where the rows are

// As fsspec understands a path: file:// and ~ are of this machine.
std::string local_path(std::string_view path) {
  if (path.starts_with("file://")) path.remove_prefix(7);
  if (path != "~" && !path.starts_with("~/")) return std::string(path);
  const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): read only
  return home == nullptr ? std::string(path) : home + std::string(path.substr(1));
}

// A folder stands for its files of this very format, sorted, none of its folders'.
Result<List> lists_of(const Parameters& p) {
  const std::string path = local_path(p.url_list);
  if (path.starts_with("http://") || path.starts_with("https://")) {
    return std::unexpected(refused(
        fmt::format("url_list cannot be {}: save that list first, and name the file", p.url_list)));
  }
  std::error_code error;
  if (!std::filesystem::is_directory(path, error)) {
    const bool is_remote = path.find("://") != path.npos;
    if (is_gzip(p) && !is_remote && !path.ends_with(".gz")) {
      return std::unexpected(
          refused(fmt::format("input_format {} takes names that end in .gz; {}'s does not",
                              p.input_format, p.url_list)));
    }
    return List{path};
  }
  List lists;
  const std::string end = "." + p.input_format;
  for (std::filesystem::directory_iterator at(path, error), last; !error && at != last;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (name.ends_with(end) && !name.starts_with('.')) lists.push_back(at->path().string());
  }
  std::ranges::sort(lists);
  if (!lists.empty()) return lists;
  return std::unexpected(
      refused(fmt::format("No file found at path {} with extension {}", path, p.input_format)));
}

// ---- what the parameters are to us

void set_rows(const Parameters& p, Options& options) {
  options.input_format = *choice_of(kInputFormats, plain_format(p));
  options.shards_per_file = true;
  options.caption_col = p.caption_col.value_or("");
  if (is_text_list(p)) return;  // which has no columns, as img2dataset sees it too
  options.url_col = p.url_col;
  options.bbox_col = p.bbox_col.value_or("");
  options.save_additional_columns = p.save_additional_columns.value_or(List());
  if (p.verify_hash)
    options.verify_hash = fmt::format("{},{}", p.verify_hash->front(), p.verify_hash->back());
}

void set_output(const Parameters& p, Options& options) {
  options.layout = Layout::img2dataset;
  options.file_names = FileNames::key;
  options.output_folder = local_path(p.output_folder);
  options.output_format = *choice_of(kOutputFormats, p.output_format);
  options.number_sample_per_shard = static_cast<std::uint32_t>(p.number_sample_per_shard);
  options.oom_shard_count = static_cast<std::uint32_t>(p.oom_shard_count);
  options.compute_hash = p.compute_hash ? *choice_of(kHashes, *p.compute_hash) : HashKind::none;
  options.extract_exif = p.extract_exif;
  options.incremental_mode = *choice_of(kIncrementalModes, p.incremental_mode);
  options.fail_ratio = 1;
}

// OpenCV's bounds; nullopt where nothing was said.
std::optional<std::uint32_t> quality_of(const Parameters& p) {
  if (p.encode_format == "png") {
    if (p.encode_quality == kUsualQuality) return std::nullopt;
    return static_cast<std::uint32_t>(p.encode_quality);
  }
  const std::int64_t most = p.encode_format == "webp" ? 101 : 100;
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(p.encode_quality, 1, most));
}

void set_filters(const Parameters& p, Options& options) {
  constexpr double kMost = 0x1p62;
  options.min_image_size =
      static_cast<std::uint32_t>(std::clamp<std::int64_t>(p.min_image_size, 0, 0xffff'ffff));
  if (p.max_image_area < kMost)
    options.max_image_area = static_cast<std::uint64_t>(std::max(p.max_image_area, 0.0));
  if (p.max_aspect_ratio < kMost) options.max_aspect_ratio = p.max_aspect_ratio;
}

void set_pixels(const Parameters& p, Options& options) {
  options.encode_format = choice_of(kEncodeFormats, p.encode_format);
  options.disable_all_reencoding = p.disable_all_reencoding;
  if (p.disable_all_reencoding) {
    options.validate = Validate::none;
    return;
  }
  options.resize_mode = *choice_of(kResizeModes, p.resize_mode);
  options.image_size = static_cast<std::uint32_t>(p.image_size);
  options.resize_only_if_bigger = p.resize_only_if_bigger;
  options.upscale_interpolation = *choice_of(kInterpolations, lower(p.upscale_interpolation));
  options.downscale_interpolation = *choice_of(kInterpolations, lower(p.downscale_interpolation));
  options.encode_quality = quality_of(p);
  options.skip_reencode = p.skip_reencode;
  set_filters(p, options);
}

void set_network(const Parameters& p, Options& options) {
  constexpr std::chrono::milliseconds kLeastDeadline(30'000);
  constexpr double kLongest = 86'400;  // a day
  const std::chrono::milliseconds timeout(
      static_cast<std::int64_t>(std::ceil(std::min(p.timeout, kLongest) * 1000)));
  options.connect_timeout = options.tls_timeout = options.first_byte_timeout = timeout;
  options.deadline = std::max(kLeastDeadline, 3 * timeout);
  constexpr std::int64_t kMost = 100'000;  // far beyond any process's open files
  options.concurrency = static_cast<std::uint32_t>(
      std::min(std::min(p.processes_count, kMost) * std::min(p.thread_count, kMost), kMost));
  options.retries = static_cast<std::uint32_t>(p.retries);
  options.insecure = p.ignore_ssl_certificate;
  if (p.user_agent_token) options.user_agent_token = lower_stripped(*p.user_agent_token);
  if (!p.disallowed_header_directives) return;
  options.disallowed_header_directives.clear();
  for (const std::string& directive : *p.disallowed_header_directives)
    options.disallowed_header_directives.push_back(lower_stripped(directive));
}

// ---- what the environment says

struct Settled {
  std::string_view option;
  std::string_view by;  ///< the parameter of another name
};
constexpr Settled kSettled[] = {
    {"concurrency", "processes_count"},     {"concurrency", "thread_count"},
    {"connect_timeout", "timeout"},         {"tls_timeout", "timeout"},
    {"first_byte_timeout", "timeout"},      {"deadline", "timeout"},
    {"insecure", "ignore_ssl_certificate"}, {"validate", "disable_all_reencoding"}};
// What makes this img2dataset's face.
constexpr std::string_view kFixed[] = {"layout", "file_names", "shards_per_file", "url_list",
                                       "input_format"};

bool is_settled(std::string_view option, const Parameters& p, const Parameters& defaults) {
  if (std::ranges::find(kFixed, option) != std::end(kFixed)) return true;
  const auto differs = [&](std::string_view parameter) {
    return img2dataset_text(p, parameter) != img2dataset_text(defaults, parameter);
  };
  if (differs(option)) return true;
  return std::ranges::any_of(kSettled, [&](const Settled& settled) {
    return settled.option == option && differs(settled.by);
  });
}

Result<> apply(const Environment& environment, const Parameters& p, Options& options) {
  const Parameters defaults;
  for (const OptionInfo& option : option_table()) {
    std::string variable = "PIXHAUL_" + std::string(option.name);
    std::ranges::transform(variable, variable.begin(), [](char c) {
      return c >= 'a' && c <= 'z' ? static_cast<char>(c - ('a' - 'A')) : c;
    });
    const auto value = environment.find(variable);
    if (value == environment.end() || is_settled(option.name, p, defaults)) continue;
    if (auto set = set_option(options, option.name, value->second); !set)
      return std::unexpected(refused(fmt::format("{}: {}", variable, set.error().detail)));
  }
  return {};
}

}  // namespace

Result<Options> img2dataset_options(const Parameters& parameters, const Environment& environment) {
  if (auto checked = check(parameters); !checked)
    return std::unexpected(std::move(checked).error());
  auto lists = lists_of(parameters);
  if (!lists) return std::unexpected(std::move(lists).error());
  Options options;
  options.url_list = std::move(*lists);
  set_rows(parameters, options);
  set_output(parameters, options);
  set_pixels(parameters, options);
  set_network(parameters, options);
  if (auto applied = apply(environment, parameters, options); !applied)
    return std::unexpected(std::move(applied).error());
  return options;
}

}  // namespace pixhaul
