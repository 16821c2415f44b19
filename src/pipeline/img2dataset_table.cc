// img2dataset's parameters as data: a line for each, in the order of its signature, with the member
// it sets. As in option_table.cc a member is bound by its type, so that reading, showing and the
// name of the type are written once for each type.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <iterator>

#include "pipeline/option_values.h"
#include "pipeline/python_literal.h"
#include "pixhaul/img2dataset.h"

namespace pixhaul {
namespace {

using pipeline::parse_python_literal;
using pipeline::python_string;
using pipeline::PythonLiteral;
using Kind = PythonLiteral::Kind;
using Text = std::optional<std::string>;
using Texts = std::optional<std::vector<std::string>>;
using P = Img2datasetParameters;

struct Entry {
  Img2datasetInfo info;
  bool (*read)(P&, const PythonLiteral&);
  std::string (*write)(const P&);
};

// ---- for each type: its name, how it is read, how it is shown

constexpr std::string_view type_name(const std::int64_t*) { return "int"; }
constexpr std::string_view type_name(const double*) { return "float"; }
constexpr std::string_view type_name(const bool*) { return "bool"; }
constexpr std::string_view type_name(const std::string*) { return "str"; }
constexpr std::string_view type_name(const Text*) { return "str | None"; }
constexpr std::string_view type_name(const Texts*) { return "list[str] | None"; }

bool read(double& field, const PythonLiteral& literal) {
  if (literal.kind == Kind::list) return false;
  std::string_view text = literal.text;
  if (text.starts_with('+')) text.remove_prefix(1);
  std::string digits(text);
  std::erase(digits, '_');
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), field);
  return error == std::errc() && end == digits.data() + digits.size();
}

// A whole number may be written as a float is: 1e4.
bool read(std::int64_t& field, const PythonLiteral& literal) {
  double value = 0;
  if (!read(value, literal) || std::floor(value) != value || std::abs(value) > 0x1p53) return false;
  field = static_cast<std::int64_t>(value);
  return true;
}

// "" is a flag without a value.
bool read(bool& field, const PythonLiteral& literal) {
  constexpr std::string_view kTrue[] = {"True", "true", "1", ""};
  constexpr std::string_view kFalse[] = {"False", "false", "0"};
  if (literal.kind == Kind::list) return false;
  field = std::ranges::find(kTrue, literal.text) != std::end(kTrue);
  return field || std::ranges::find(kFalse, literal.text) != std::end(kFalse);
}

bool read(std::string& field, const PythonLiteral& literal) {
  if (literal.kind == Kind::list) return false;
  field = literal.text;
  return true;
}

bool read(Text& field, const PythonLiteral& literal) {
  if (literal.kind == Kind::list) return false;
  field = literal.is_none() ? Text() : Text(literal.text);
  return true;
}

bool read(Texts& field, const PythonLiteral& literal) {
  if (literal.is_none()) {
    field.reset();
  } else if (literal.kind == Kind::list) {
    field = literal.items;
  } else if (literal.kind == Kind::word) {
    field = pipeline::split_list(literal.text, ',');
  } else {
    field = std::vector{literal.text};
  }
  return true;
}

std::string shown(std::int64_t value) { return fmt::format("{}", value); }
std::string shown(double value) {
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  const std::string text = fmt::format("{}", value);
  return text.find_first_of(".en") == text.npos ? text + ".0" : text;
}
std::string shown(bool value) { return value ? "True" : "False"; }
std::string shown(const std::string& value) { return python_string(value); }
std::string shown(const Text& value) { return value ? python_string(*value) : "None"; }
std::string shown(const Texts& value) {
  if (!value) return "None";
  std::string text = "[";
  for (const std::string& item : *value)
    text += (text.size() > 1 ? ", " : "") + python_string(item);
  return text + "]";
}

template <auto kMember>
constexpr Entry entry(std::string_view name, std::string_view help) {
  using Field = std::remove_reference_t<decltype(std::declval<P&>().*kMember)>;
  return {{name, type_name(static_cast<const Field*>(nullptr)), help},
          [](P& parameters, const PythonLiteral& literal) {
            Field value{};
            if (!read(value, literal)) return false;
            parameters.*kMember = std::move(value);
            return true;
          },
          [](const P& parameters) { return shown(parameters.*kMember); }};
}

constexpr Entry kEntries[] = {
    entry<&P::url_list>("url_list", "A list of URLs, or a folder of lists."),
    entry<&P::image_size>("image_size", "The side that resize_mode aims at, in pixels."),
    entry<&P::output_folder>("output_folder", "Where everything goes."),
    entry<&P::processes_count>("processes_count",
                               "With thread_count, how many transfers are in flight: the product."),
    entry<&P::resize_mode>("resize_mode",
                           "no, keep_ratio, center_crop, border, keep_ratio_largest."),
    entry<&P::resize_only_if_bigger>("resize_only_if_bigger",
                                     "Leave pictures that are small enough as they are."),
    entry<&P::upscale_interpolation>("upscale_interpolation",
                                     "nearest, linear, cubic, area, lanczos, when enlarging."),
    entry<&P::downscale_interpolation>("downscale_interpolation", "The same, when reducing."),
    entry<&P::encode_quality>(
        "encode_quality", "jpg: 1 to 100; webp: above 100 is lossless; png: compression 0 to 9."),
    entry<&P::encode_format>("encode_format", "jpg, png or webp; also the files' extension."),
    entry<&P::skip_reencode>(
        "skip_reencode", "Keep the bytes as served when neither size nor format had to change."),
    entry<&P::output_format>("output_format", "files, webdataset, parquet, tfrecord or dummy."),
    entry<&P::input_format>("input_format",
                            "txt, csv, tsv, json, jsonl, each also with .gz, or parquet."),
    entry<&P::url_col>("url_col", "The column that holds the URLs."),
    entry<&P::caption_col>("caption_col", "The column that holds the captions."),
    entry<&P::bbox_col>("bbox_col", "The column of boxes to blur."),
    entry<&P::thread_count>("thread_count", "See processes_count."),
    entry<&P::number_sample_per_shard>("number_sample_per_shard", "Rows in a shard."),
    entry<&P::extract_exif>("extract_exif", "Keep each picture's EXIF tags as text."),
    entry<&P::save_additional_columns>("save_additional_columns",
                                       "Further columns of the list to keep with the samples."),
    entry<&P::timeout>("timeout",
                       "Seconds to wait for a connection, a handshake, a first byte; an attempt as "
                       "a whole may take three times that, and 30 s at least."),
    entry<&P::enable_wandb>("enable_wandb", "Log to Weights & Biases; needs Python."),
    entry<&P::wandb_project>("wandb_project", "The project there."),
    entry<&P::oom_shard_count>("oom_shard_count", "Digits of a shard's name."),
    entry<&P::compute_hash>("compute_hash", "None, md5, sha256 or sha512, of the bytes as served."),
    entry<&P::verify_hash>("verify_hash",
                           "Column of expected digests and their kind, that of compute_hash."),
    entry<&P::distributor>("distributor", "multiprocessing, pyspark or ray."),
    entry<&P::subjob_size>("subjob_size", "Shards of a Spark job."),
    entry<&P::retries>("retries", "Further attempts after a failure that may pass."),
    entry<&P::disable_all_reencoding>(
        "disable_all_reencoding", "Keep whatever the server sends, neither decoded nor checked."),
    entry<&P::min_image_size>("min_image_size", "Refuse pictures whose shorter side is shorter."),
    entry<&P::max_image_area>("max_image_area", "Refuse pictures with more pixels."),
    entry<&P::max_aspect_ratio>("max_aspect_ratio",
                                "Refuse pictures whose longer side is more times the shorter."),
    entry<&P::incremental_mode>("incremental_mode",
                                "incremental, overwrite or extend: of a folder that holds shards."),
    entry<&P::max_shard_retry>("max_shard_retry",
                               "Accepted; a shard that cannot be written ends the run, which the "
                               "same command continues."),
    entry<&P::user_agent_token>("user_agent_token",
                                "The name by which sites may address this run; enters the user "
                                "agent."),
    entry<&P::disallowed_header_directives>(
        "disallowed_header_directives",
        "X-Robots-Tag directives that are honoured; None is noai, noimageai, noindex and "
        "noimageindex, [] turns the check off."),
    entry<&P::ignore_ssl_certificate>("ignore_ssl_certificate", "Accept any certificate."),
};

constexpr auto kInfos = [] {
  std::array<Img2datasetInfo, std::size(kEntries)> infos{};
  for (std::size_t i = 0; i < infos.size(); ++i) infos[i] = kEntries[i].info;
  return infos;
}();

const Entry* find_entry(std::string_view name) {
  std::string wanted(name);
  std::ranges::replace(wanted, '-', '_');
  const auto* found =
      std::ranges::find(kEntries, wanted, [](const Entry& e) { return e.info.name; });
  return found == std::end(kEntries) ? nullptr : found;
}

std::string nearest_name(std::string_view name) {
  std::size_t best = std::max<std::size_t>(2, name.size() / 3) + 1;
  std::string_view nearest;
  for (const Entry& e : kEntries) {
    const std::size_t distance = pipeline::edit_distance(name, e.info.name);
    if (distance >= best) continue;
    best = distance;
    nearest = e.info.name;
  }
  return nearest.empty() ? std::string() : fmt::format("; did you mean {}?", nearest);
}

}  // namespace

std::span<const Img2datasetInfo> img2dataset_table() { return kInfos; }

const Img2datasetInfo* find_img2dataset_parameter(std::string_view name) {
  const Entry* found = find_entry(name);
  return found == nullptr ? nullptr : &found->info;
}

Result<> set_img2dataset_parameter(Img2datasetParameters& parameters, std::string_view name,
                                   std::string_view text) {
  const Entry* found = find_entry(name);
  if (found == nullptr) {
    return std::unexpected(Error{
        .code = ErrorCode::bad_option,
        .detail = fmt::format("img2dataset has no parameter {}{}", name, nearest_name(name))});
  }
  const auto literal = parse_python_literal(text);
  if (literal && found->read(parameters, *literal)) return {};
  return std::unexpected(Error{.code = ErrorCode::bad_option,
                               .detail = fmt::format("{} cannot be {}: it takes {}",
                                                     found->info.name, text, found->info.type)});
}

std::string img2dataset_text(const Img2datasetParameters& parameters, std::string_view name) {
  const Entry* found = find_entry(name);
  return found == nullptr ? std::string() : found->write(parameters);
}

}  // namespace pixhaul
