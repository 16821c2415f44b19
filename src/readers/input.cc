#include "readers/input.h"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "readers/compressed.h"

namespace pixhaul::readers {

namespace {

struct FormatExtension {
  std::string_view extension;
  ListFormat format;
};
constexpr std::array kFormats = {
    FormatExtension{".txt", ListFormat::text},
    FormatExtension{".csv", ListFormat::csv},
    FormatExtension{".tsv", ListFormat::tsv},
    FormatExtension{".tab", ListFormat::tsv},
    FormatExtension{".json", ListFormat::json},
    FormatExtension{".jsonl", ListFormat::jsonl},
    FormatExtension{".ndjson", ListFormat::jsonl},
    FormatExtension{".parquet", ListFormat::parquet},
    FormatExtension{".pq", ListFormat::parquet},
    FormatExtension{".tar", ListFormat::jsonl},  // a webdataset's samples, shown as JSON lines
};

using Decoder = std::unique_ptr<ReadableFile> (*)(std::unique_ptr<ReadableFile>, std::string_view);
struct Encoding {
  std::string_view extension;
  Compression compression;
  Decoder decode;
};
constexpr std::array kEncodings = {
    Encoding{".gz", Compression::gzip, make_gzip_file},
    Encoding{".zst", Compression::zstd, make_zstd_file},
};

// Files that hold neither text nor a table, whatever their lines look like.
constexpr std::array<std::string_view, 9> kNoList = {
    ".arrow", ".feather", ".xz", ".bz2", ".zip", ".7z", ".tgz", ".tar.gz", ".tar.zst"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c; }

bool has_extension(std::string_view name, std::string_view extension) {
  if (name.size() < extension.size()) return false;
  const std::string_view end = name.substr(name.size() - extension.size());
  for (std::size_t i = 0; i < end.size(); ++i) {
    if (lower(end[i]) != extension[i]) return false;
  }
  return true;
}

struct NameFacts {
  ListFormat format = ListFormat::automatic;  // the name does not say
  Compression compression = Compression::none;
};

// Where the query of a store's URI begins ("s3://bucket/list.csv?region=…"), the size of what has
// none.
std::size_t query_of(std::string_view name) {
  return name.find("://") == name.npos ? name.size() : std::min(name.find('?'), name.size());
}

NameFacts facts_of(std::string_view name) {
  NameFacts facts;
  name = name.substr(0, query_of(name));
  for (const Encoding& encoding : kEncodings) {
    if (!has_extension(name, encoding.extension)) continue;
    facts.compression = encoding.compression;
    name.remove_suffix(encoding.extension.size());
    break;
  }
  for (const FormatExtension& known : kFormats) {
    if (has_extension(name, known.extension)) facts.format = known.format;
  }
  return facts;
}

Error unreadable(std::string detail) {
  return Error{.code = ErrorCode::input_unreadable, .detail = std::move(detail)};
}

bool is_table(ListFormat format) { return format != ListFormat::text; }

// A name that matches a pattern: * is any run of characters, ? any one, [a-z] one of a set ([!a-z]:
// not of it). The last * is the only place to come back to, so the time is the product of lengths.
class Pattern {
 public:
  static bool has_wildcard(std::string_view text) { return text.find_first_of("*?[") != text.npos; }

  static bool matches(std::string_view pattern, std::string_view name) {
    std::size_t p = 0;
    std::size_t star = std::string_view::npos;
    std::size_t star_name = 0;
    for (std::size_t n = 0; n < name.size();) {
      std::size_t next = p;
      if (p < pattern.size() && pattern[p] == '*') {
        star = p++;
        star_name = n;
      } else if (p < pattern.size() && matches_one(pattern, next, name[n])) {
        p = next;
        ++n;
      } else if (star != std::string_view::npos) {
        p = star + 1;
        n = ++star_name;
      } else {
        return false;
      }
    }
    while (p < pattern.size() && pattern[p] == '*') ++p;
    return p == pattern.size();
  }

 private:
  // One element of the pattern at `at`, which moves behind it.
  static bool matches_one(std::string_view pattern, std::size_t& at, char c) {
    const std::size_t close = pattern.find(']', at + 2);
    if (pattern[at] != '[' || close == std::string_view::npos) {
      return pattern[at] == '?' ? (++at, true) : pattern[at++] == c;
    }
    std::string_view set = pattern.substr(at + 1, close - at - 1);
    at = close + 1;
    const bool negated = set.starts_with('!') || set.starts_with('^');
    if (negated) set.remove_prefix(1);
    return in_set(set, c) != negated;
  }

  static bool in_set(std::string_view set, char c) {
    for (std::size_t i = 0; i < set.size(); ++i) {
      if (i + 2 < set.size() && set[i + 1] == '-') {
        if (set[i] <= c && c <= set[i + 2]) return true;
        i += 2;
      } else if (set[i] == c) {
        return true;
      }
    }
    return false;
  }
};

class Expansion {
 public:
  Expansion(FileSystem& files, ListFormat format) : files_(files), format_(format) {}

  Result<> add(const std::string& input) {
    if (is_url_argument(input)) return take(input, ListFormat::text);
    if (input == "-") {
      return take(input, format_ == ListFormat::automatic ? ListFormat::text : format_);
    }
    auto entries = files_.list_inputs(input);
    if (!entries) return std::unexpected(std::move(entries).error());
    if (*entries) return add_folder(input, **entries);
    const std::string_view path = std::string_view(input).substr(0, query_of(input));
    if (Pattern::has_wildcard(path.substr(path.rfind('/') + 1))) return add_pattern(input);
    return add_file(input);
  }

  std::vector<InputFile> take_found() { return std::move(found_); }

 private:
  Result<> add_folder(const std::string& folder, std::vector<FolderEntry>& entries) {
    std::erase_if(entries, [this](const FolderEntry& entry) {
      const ListFormat said = facts_of(entry.name).format;
      const bool wanted =
          format_ == ListFormat::automatic ? said != ListFormat::automatic : said == format_;
      return entry.is_folder || entry.name.starts_with('.') || !wanted;
    });
    // A dataset's tables and stats beside its tars describe the same samples.
    const auto is_tar = [](const FolderEntry& entry) { return is_sample_tar(entry.name); };
    if (std::ranges::any_of(entries, is_tar)) std::erase_if(entries, std::not_fn(is_tar));
    if (entries.empty()) {
      return std::unexpected(unreadable(fmt::format(
          "no list in the folder '{}': no file there ends in {} (or that and .gz or .zst)", folder,
          extensions())));
    }
    std::string path = folder.substr(0, query_of(folder));
    if (!path.ends_with('/')) path += '/';
    return add_entries(path, entries, folder.substr(query_of(folder)));
  }

  Result<> add_pattern(const std::string& input) {
    const std::string_view path = std::string_view(input).substr(0, query_of(input));
    const std::string query = input.substr(path.size());
    const std::string folder(path.substr(0, path.rfind('/') + 1));
    const std::string_view pattern = path.substr(folder.size());
    auto entries = files_.list_inputs(folder + query);
    if (!entries) return std::unexpected(std::move(entries).error());
    if (!*entries) return add_file(input);
    const auto is_input = [&](const FolderEntry& entry) { return entry.name == pattern; };
    if (std::ranges::any_of(**entries, is_input)) return add_file(input);
    std::erase_if(**entries, [&](const FolderEntry& entry) {
      const bool hidden = entry.name.starts_with('.') && !pattern.starts_with('.');
      return entry.is_folder || hidden || !Pattern::matches(pattern, entry.name);
    });
    if ((*entries)->empty()) {
      return std::unexpected(unreadable(
          fmt::format("no file matches '{}'; check the pattern, or name the lists", input)));
    }
    return add_entries(folder, **entries, query);
  }

  Result<> add_entries(const std::string& folder, std::vector<FolderEntry>& entries,
                       const std::string& query) {
    std::ranges::sort(entries, {}, &FolderEntry::name);
    std::string name;
    for (const FolderEntry& entry : entries) {
      name.assign(folder).append(entry.name).append(query);
      if (Result<> added = add_file(name); !added) return added;
    }
    return {};
  }

  Result<> add_file(const std::string& name) {
    if (format_ != ListFormat::automatic) return take(name, format_);
    for (const std::string_view extension : kNoList) {
      if (has_extension(name, extension)) return std::unexpected(no_list(name, extension));
    }
    const ListFormat said = facts_of(name).format;
    return take(name, said == ListFormat::automatic ? ListFormat::text : said);
  }

  Result<> take(const std::string& name, ListFormat format) {
    found_.push_back(
        {.name = name,
         .format = format,
         .compression = is_url_argument(name) ? Compression::none : facts_of(name).compression});
    if (is_table(format) == is_table(found_.front().format)) return {};
    const std::string& table = is_table(format) ? name : found_.front().name;
    const std::string& text = is_table(format) ? found_.front().name : name;
    return std::unexpected(
        unreadable(fmt::format("'{}' is a table and '{}' is not; read them in two runs, or say "
                               "--input_format",
                               table, text)));
  }

  static Error no_list(std::string_view input, std::string_view extension) {
    return unreadable(
        fmt::format("cannot read '{}': {} is not a text list; write one URL a line (plain, .gz or "
                    ".zst), or say --input_format txt if it is one",
                    input, extension));
  }

  std::string extensions() const {
    std::string text;
    for (const FormatExtension& known : kFormats) {
      if (format_ != ListFormat::automatic && format_ != known.format) continue;
      text += fmt::format("{}{}", text.empty() ? "" : ", ", known.extension);
    }
    return text;
  }

  FileSystem& files_;
  const ListFormat format_;
  std::vector<InputFile> found_;
};

}  // namespace

Result<std::vector<InputFile>> expand_inputs(FileSystem& files, std::span<const std::string> inputs,
                                             ListFormat format) {
  Expansion expansion(files, format);
  for (const std::string& input : inputs) {
    if (Result<> added = expansion.add(input); !added) {
      return std::unexpected(std::move(added).error());
    }
  }
  return expansion.take_found();
}

bool are_tables(std::span<const InputFile> inputs) {
  return !inputs.empty() && is_table(inputs.front().format);
}

bool is_sample_tar(std::string_view name) {
  return has_extension(name.substr(0, query_of(name)), ".tar");
}

bool is_url_argument(std::string_view input) {
  for (const std::string_view scheme :
       {std::string_view("http://"), std::string_view("https://")}) {
    if (input.size() > scheme.size() && has_extension(input.substr(0, scheme.size()), scheme)) {
      return true;
    }
  }
  return false;
}

std::unique_ptr<ReadableFile> make_decompressed(std::unique_ptr<ReadableFile> file,
                                                const InputFile& input) {
  for (const Encoding& encoding : kEncodings) {
    if (encoding.compression == input.compression) {
      return encoding.decode(std::move(file), input.name);
    }
  }
  return file;
}

}  // namespace pixhaul::readers
