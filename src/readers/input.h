#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"

namespace pixhaul::readers {

/// What a list is: lines of text, or a table that arrow_io reads.
enum class ListFormat : std::uint8_t { automatic, text, csv, tsv, json, jsonl, parquet };

enum class Compression : std::uint8_t { none, gzip, zstd };

/// One list of a run.
struct InputFile {
  std::string name{};                    ///< as given or found: a path, a URI, "-", or a URL itself
  ListFormat format = ListFormat::text;  ///< never `automatic`
  Compression compression = Compression::none;
};

/// The lists that `inputs` stand for, in order. A folder stands for the files in it, sorted by
/// name, that have the extension of `format` (with `automatic`: of any table or list), not those
/// in its folders; a pattern with * ? [ ] in its last segment for the names that match, sorted;
/// anything else for itself. With `automatic` a file's extension says what it is, and what
/// says nothing is text. Errors: input_unreadable, one sentence with the remedy: a folder or
/// pattern without a list, a file that holds none, tables beside text lists.
[[nodiscard]] Result<std::vector<InputFile>> expand_inputs(FileSystem& files,
                                                           std::span<const std::string> inputs,
                                                           ListFormat format);

/// Whether these lists are tables; expand_inputs() has seen to it that all are or none is.
[[nodiscard]] bool are_tables(std::span<const InputFile> inputs);

/// Whether a list is a webdataset's tar: its samples are rows whose images are already there.
[[nodiscard]] bool is_sample_tar(std::string_view name);

/// Whether an argument is a URL itself rather than a list's name.
[[nodiscard]] bool is_url_argument(std::string_view input);

/// `file`, decompressed while it is read if `input` says so.
[[nodiscard]] std::unique_ptr<ReadableFile> make_decompressed(std::unique_ptr<ReadableFile> file,
                                                              const InputFile& input);

}  // namespace pixhaul::readers
