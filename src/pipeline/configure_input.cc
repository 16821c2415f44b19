#include "pipeline/configure_input.h"

#include <fmt/format.h>

#include <utility>

#include "pipeline/hash.h"

namespace pixhaul::pipeline {

namespace {

readers::ListFormat list_format(InputFormat format) {
  switch (format) {
    case InputFormat::automatic:
      return readers::ListFormat::automatic;
    case InputFormat::txt:
      return readers::ListFormat::text;
    case InputFormat::csv:
      return readers::ListFormat::csv;
    case InputFormat::tsv:
      return readers::ListFormat::tsv;
    case InputFormat::json:
      return readers::ListFormat::json;
    case InputFormat::jsonl:
      return readers::ListFormat::jsonl;
    case InputFormat::parquet:
      return readers::ListFormat::parquet;
  }
  return readers::ListFormat::automatic;
}

Error bad_option(std::string sentence) {
  return {.code = ErrorCode::bad_option, .detail = std::move(sentence)};
}

// "COLUMN,KIND"; img2dataset refuses another kind than the one that is computed.
Result<readers::VerifyColumn> parse_verify_hash(const Options& options) {
  const auto comma = options.verify_hash.rfind(',');
  if (comma == std::string::npos || comma == 0) {
    return std::unexpected(bad_option("--verify_hash takes COLUMN,KIND, such as md5sum,md5"));
  }
  const std::string kind = options.verify_hash.substr(comma + 1);
  if (kind != hash_field(options.compute_hash)) {
    return std::unexpected(bad_option(fmt::format(
        "--verify_hash has digests of kind {}, so it needs --compute_hash {}", kind, kind)));
  }
  return readers::VerifyColumn{.column = options.verify_hash.substr(0, comma), .digest = kind};
}

Result<readers::TableSettings> table_settings(const Options& options) {
  readers::TableSettings settings{.url_column = options.url_col,
                                  .additional_columns = options.save_additional_columns,
                                  .infer = options.layout == Layout::img2dataset
                                               ? readers::TableSettings::Infer::all_rows
                                               : readers::TableSettings::Infer::first_rows};
  if (!options.caption_col.empty()) settings.caption_column = options.caption_col;
  if (!options.bbox_col.empty()) settings.box_column = options.bbox_col;
  if (!options.verify_hash.empty()) {
    auto verify = parse_verify_hash(options);
    if (!verify) return std::unexpected(std::move(verify).error());
    settings.verify = std::move(*verify);
  }
  return settings;
}

}  // namespace

Result<InputSettings> configure_input(const Options& options) {
  auto table = table_settings(options);
  if (!table) return std::unexpected(std::move(table).error());
  return InputSettings{.format = list_format(options.input_format),
                       .comments = options.layout == Layout::img2dataset ? readers::Comments::keep
                                                                         : readers::Comments::skip,
                       .list_by_list = options.shards_per_file,
                       .table = std::move(*table)};
}

}  // namespace pixhaul::pipeline
