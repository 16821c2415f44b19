#pragma once

#include <span>
#include <string>

#include "cli/flags.h"
#include "pixhaul/img2dataset.h"

namespace pixhaul::cli {

/// Arguments of `pixhaul img2dataset` as img2dataset's users write them: by place in the order of
/// its signature, `--name value`, `--name=value`, dashes or underscores, `--flag` and `--noflag`.
struct Img2datasetArguments {
  Img2datasetParameters parameters{};
  bool help = false;
};

/// `arguments`: behind the command's word. Errors: bad_option, naming the argument.
[[nodiscard]] Result<Img2datasetArguments> parse_img2dataset_arguments(
    std::span<const std::string> arguments);

/// A download as the parameters and `PIXHAUL_*` say. Errors: bad_option.
[[nodiscard]] Result<Invocation> img2dataset_invocation(const Img2datasetParameters& parameters,
                                                        const Environment& environment);

/// Every parameter with its default.
[[nodiscard]] std::string img2dataset_help(std::size_t columns);

}  // namespace pixhaul::cli
