#include "cli/img2dataset_command.h"

#include <fmt/core.h>

#include <utility>

#include "cli/help.h"

namespace pixhaul::cli {

Result<Invocation> parse_img2dataset_command(std::span<const std::string> arguments,
                                             const Environment& environment) {
  auto parsed = parse_img2dataset_arguments(arguments);
  if (!parsed) return std::unexpected(std::move(parsed).error());
  if (parsed->help) return Invocation{.help_topic = "img2dataset"};
  const Img2datasetParameters& parameters = parsed->parameters;
  auto options = img2dataset_options(parameters, environment);
  if (!options) return std::unexpected(std::move(options).error());
  if (parameters.enable_wandb || parameters.distributor != "multiprocessing") {
    return std::unexpected(Error{
        .code = ErrorCode::bad_option,
        .detail = fmt::format(
            "{} needs Python: run `python -m pixhaul.img2dataset` with the same "
            "arguments",
            parameters.enable_wandb ? "enable_wandb" : "distributor " + parameters.distributor)});
  }
  return Invocation{.options = std::move(*options)};
}

std::string img2dataset_help(std::size_t columns) {
  std::string text =
      "usage: pixhaul img2dataset URL_LIST [parameters]\n\n"
      "img2dataset's parameters with its defaults; every other option of pixhaul is a\n"
      "PIXHAUL_* variable (PIXHAUL_ALLOW_NET=127.0.0.0/8). See docs/img2dataset.md.\n\n";
  const Img2datasetParameters defaults;
  for (const Img2datasetInfo& info : img2dataset_table()) {
    const std::string standard =
        info.name == "url_list" ? "" : " [" + img2dataset_text(defaults, info.name) + "]";
    text += fmt::format("  --{} {}\n", info.name, info.type) +
            wrapped(std::string(info.help) + standard, 6, columns);
  }
  return text;
}

}  // namespace pixhaul::cli
