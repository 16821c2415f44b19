#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "pixhaul/options.h"

namespace pixhaul {

/// The parameters of img2dataset's download(), with its names, order and defaults; `std::nullopt`
/// is its None. What they mean here is in docs/img2dataset.md.
struct Img2datasetParameters {
  std::string url_list{};  ///< a path of one list, or of a folder of them
  std::int64_t image_size = 256;
  std::string output_folder = "images";
  std::int64_t processes_count = 1;
  std::string resize_mode = "border";
  bool resize_only_if_bigger = false;
  std::string upscale_interpolation = "lanczos";
  std::string downscale_interpolation = "area";
  std::int64_t encode_quality = 95;
  std::string encode_format = "jpg";
  bool skip_reencode = false;
  std::string output_format = "files";
  std::string input_format = "txt";
  std::string url_col = "url";
  std::optional<std::string> caption_col{};
  std::optional<std::string> bbox_col{};
  std::int64_t thread_count = 256;
  std::int64_t number_sample_per_shard = 10'000;
  bool extract_exif = true;
  std::optional<std::vector<std::string>> save_additional_columns{};
  double timeout = 10;  ///< seconds
  bool enable_wandb = false;
  std::string wandb_project = "img2dataset";
  std::int64_t oom_shard_count = 5;
  std::optional<std::string> compute_hash = "sha256";
  std::optional<std::vector<std::string>> verify_hash{};  ///< column, kind
  std::string distributor = "multiprocessing";
  std::int64_t subjob_size = 1'000;
  std::int64_t retries = 0;
  bool disable_all_reencoding = false;
  std::int64_t min_image_size = 0;
  double max_image_area = std::numeric_limits<double>::infinity();
  double max_aspect_ratio = std::numeric_limits<double>::infinity();
  std::string incremental_mode = "incremental";
  std::int64_t max_shard_retry = 1;
  std::optional<std::string> user_agent_token{};
  std::optional<std::vector<std::string>> disallowed_header_directives{};
  bool ignore_ssl_certificate = false;
};

/// One of them as faces show it.
struct Img2datasetInfo {
  std::string_view name;
  std::string_view
      type;  ///< as Python spells it: "int", "str", "bool", "float", "list[str] | None"
  std::string_view help;  ///< one sentence
};

/// All 38, in the order of img2dataset's signature.
[[nodiscard]] std::span<const Img2datasetInfo> img2dataset_table();

/// Dashes and underscores are the same. nullptr if there is none of that name.
[[nodiscard]] const Img2datasetInfo* find_img2dataset_parameter(std::string_view name);

/// Sets one from text: what its type takes of Python's literals (`None`, `True`, `0.5`, `'a'`,
/// `["a", "b"]`), text without quotes, and items separated by commas for a list. Errors:
/// bad_option, naming the parameter.
[[nodiscard]] Result<> set_img2dataset_parameter(Img2datasetParameters& parameters,
                                                 std::string_view name, std::string_view text);

/// The value as Python's repr() would show it.
[[nodiscard]] std::string img2dataset_text(const Img2datasetParameters& parameters,
                                           std::string_view name);

/// A command line.
struct Img2datasetArguments {
  Img2datasetParameters parameters{};
  bool help = false;
};

/// Reads arguments as img2dataset's users write them, which is python-fire's way: by place in the
/// order of its signature, `--name value`, `--name=value`, dashes or underscores, `--flag` and
/// `--noflag`. Errors: bad_option, naming the argument.
[[nodiscard]] Result<Img2datasetArguments> parse_img2dataset_arguments(
    std::span<const std::string> arguments);

using Environment = std::map<std::string, std::string, std::less<>>;

/// What a run with these parameters is to pixhaul. `PIXHAUL_*` variables hold for every option but
/// those that a parameter which is not at its default has settled. Looks into `url_list` if that is
/// a local folder, and touches nothing else. Errors: bad_option, in img2dataset's own words for
/// what it refuses itself (its ValueErrors).
[[nodiscard]] Result<Options> img2dataset_options(const Img2datasetParameters& parameters,
                                                  const Environment& environment);

}  // namespace pixhaul
