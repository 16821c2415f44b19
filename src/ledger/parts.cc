// Small files, each written once or replaced whole, so that workers of one run need no lock for
// them: of several that begin a part, one writes it and the others find it.
#include "ledger/parts.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/json_writer.h"
#include "ledger/layout.h"

namespace pixhaul::ledger {

namespace {

std::string end_name(std::uint64_t shard) { return shard_name(shard) + ".end"; }

std::string done_name(std::uint64_t shard, std::uint32_t worker) {
  return fmt::format("{}.done.{}", shard_name(shard), worker);
}

std::string part_json(const Part& part) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  json.field("first_shard", part.first_shard);
  json.field("is_added", part.is_added);
  json.field("worker_count", part.worker_count);
  json.end_object();
  return text += '\n';
}

std::optional<Part> parse_part(std::string_view text) {
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("first_shard") || !json.contains("worker_count") ||
      !json["first_shard"].is_number_unsigned() || !json["worker_count"].is_number_unsigned()) {
    return std::nullopt;
  }
  const auto is_added = json.find("is_added");
  return Part{.first_shard = json["first_shard"],
              .is_added = is_added != json.end() && *is_added == true,
              .worker_count = json["worker_count"]};
}

std::optional<Part::End> parse_end(std::string_view text) {
  Part::End end;
  const char* stop = text.data() + text.size();
  const auto [space, first] = std::from_chars(text.data(), stop, end.index);
  if (first != std::errc() || space == stop || *space != ' ') return std::nullopt;
  const auto [line, second] = std::from_chars(space + 1, stop, end.rows);
  return second == std::errc() && line != stop ? std::optional(end) : std::nullopt;
}

Result<> load_part(Folder& folder, const std::vector<FolderEntry>& entries, Part& part) {
  const std::string done = shard_name(part.first_shard) + ".done.";
  part.done_count = static_cast<std::uint32_t>(
      std::count_if(entries.begin(), entries.end(),
                    [&](const FolderEntry& entry) { return entry.name.starts_with(done); }));
  Result<std::optional<std::string>> text = folder.read(end_name(part.first_shard));
  if (!text) return std::unexpected(std::move(text).error());
  if (*text) part.end = parse_end(**text);
  return {};
}

}  // namespace

Result<std::vector<Part>> load_parts(Folder& folder) {
  Result<std::vector<FolderEntry>> entries = folder.list();
  if (!entries) return std::unexpected(std::move(entries).error());
  std::vector<Part> parts;
  for (const FolderEntry& entry : *entries) {
    if (entry.name.starts_with('.') || !entry.name.ends_with(".json")) continue;
    Result<std::optional<std::string>> text = folder.read(entry.name);
    if (!text) return std::unexpected(std::move(text).error());
    std::optional<Part> part = *text ? parse_part(**text) : std::nullopt;
    if (!part) continue;
    if (Result<> loaded = load_part(folder, *entries, *part); !loaded) {
      return std::unexpected(std::move(loaded).error());
    }
    parts.push_back(*part);
  }
  std::sort(parts.begin(), parts.end(),
            [](const Part& a, const Part& b) { return a.first_shard < b.first_shard; });
  return parts;
}

Result<> begin_part(Folder& folder, const Part& part, std::uint32_t worker) {
  Result<bool> wrote = write_once(folder, shard_name(part.first_shard) + ".json", part_json(part),
                                  fmt::format(".{}", worker));
  if (!wrote) return std::unexpected(std::move(wrote).error());
  return {};
}

Result<> note_part_end(Folder& folder, std::uint64_t first_shard, Part::End end) {
  return write_atomically(folder, end_name(first_shard),
                          fmt::format("{} {}\n", end.index, end.rows));
}

Result<> note_part_done(Folder& folder, std::uint64_t first_shard, std::uint32_t worker,
                        bool done) {
  const std::string name = done_name(first_shard, worker);
  return done ? write_atomically(folder, name, "") : folder.remove(name);
}

}  // namespace pixhaul::ledger
