#include "simulation/folder_check.h"

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <sstream>
#include <utility>

#include "pixhaul/outcome.h"
#include "support/ledger.h"

namespace pixhaul::testing {

namespace {

using Json = nlohmann::json;

constexpr std::string_view kStats = "_stats.json";
constexpr std::string_view kOutput = "out/";

std::string text_of(const Json& object, const char* field) {
  const auto found = object.find(field);
  return found == object.end() || !found->is_string() ? std::string() : found->get<std::string>();
}

// POSIX.1-1988 ustar: blocks of 512 bytes; the name at 0, the size in octal at 124.
std::map<std::string, std::string> tar_members(const std::string& tar) {
  std::map<std::string, std::string> members;
  for (std::size_t at = 0; at + 512 <= tar.size() && tar[at] != '\0';) {
    const std::string name(tar.c_str() + at);
    std::size_t size = 0;
    std::from_chars(tar.data() + at + 124, tar.data() + at + 135, size, 8);
    members[name] = tar.substr(at + 512, size);
    at += 512 + (size + 511) / 512 * 512;
  }
  return members;
}

}  // namespace

void FolderCheck::claim(bool holds, const std::string& sentence) {
  if (!holds) violations_.push_back(sentence);
}

std::vector<std::string> FolderCheck::check_visible(
    const std::map<std::string, std::string>& reported) {
  violations_.clear();
  rows_.clear();
  known_files_.clear();
  for (const std::string& path : disk_.files()) {
    if (!path.starts_with(kOutput) || !path.ends_with(kStats)) continue;
    if (path.find('/', kOutput.size()) != std::string::npos) continue;
    known_files_.push_back(path);
    check_shard(path.substr(0, path.size() - kStats.size()), disk_.contents(path));
  }
  const auto now = shards();
  for (const auto& [name, bytes] : reported) {
    const auto found = now.find(name);
    claim(found != now.end(), name + " was reported as done and is not there");
    claim(found == now.end() || found->second == bytes, name + " was done and has changed");
  }
  return violations_;
}

void FolderCheck::check_shard(const std::string& name, const std::string& stats_text) {
  const Json stats = Json::parse(stats_text, nullptr, false);
  if (stats.is_discarded()) return claim(false, name + ": the stats file is torn");
  std::map<std::string, std::string> members;
  for (const Json& file : stats["pixhaul"]["files"]) {
    const std::string path = std::string(kOutput) + text_of(file, "name");
    known_files_.push_back(path);
    claim(disk_.exists(path), path + " is missing from a done shard");
    claim(disk_.contents(path).size() == file["bytes"].get<std::size_t>(),
          path + " has not the size its stats give");
    if (path.ends_with(".tar")) members = tar_members(disk_.contents(path));
  }
  std::istringstream lines(disk_.contents(name + ".jsonl"));
  std::string line;
  std::size_t count = 0;
  std::size_t successes = 0;
  for (; std::getline(lines, line); ++count) {
    check_row(line, members);
    if (!rows_.empty() && rows_.back().status == "success") ++successes;
  }
  claim(count == stats["count"].get<std::size_t>(), name + ": rows and stats disagree");
  // An image and a .json each.
  claim(members.size() == (members.empty() ? 0 : 2 * successes), name + ": members too many");
}

void FolderCheck::check_row(const std::string& text,
                            const std::map<std::string, std::string>& members) {
  const Json row = Json::parse(text, nullptr, false);
  if (row.is_discarded()) return claim(false, "a torn row: " + text);
  RowFact fact{.key = text_of(row, "key"),
               .url = text_of(row, "url"),
               .status = text_of(row, "status"),
               .path = text_of(row, "path"),
               .sha256 = text_of(row, "sha256")};
  claim(fact.status != "internal" && !fact.status.empty(),
        "a row without a proper status: " + text);
  claim(fact.status == "success" || !scenario_.must_succeed(fact.url), "should be well: " + text);
  if (fact.status == "success") {
    const std::string expected(scenario_.picture_of(fact.url));
    claim(!expected.empty(), "must not be a success: " + text);
    claim(fact.sha256 == sha256_hex(expected), "another digest than the origin's: " + text);
    std::string found;
    if (!fact.path.empty()) {
      known_files_.push_back(std::string(kOutput) + fact.path);
      found = disk_.contents(known_files_.back());
    } else {
      for (const auto& [name, bytes] : members) {
        if (name.starts_with(fact.key + ".") && !name.ends_with(".json")) found = bytes;
      }
    }
    claim(found == expected, "the sample is not what the origin gave: " + text);
  }
  rows_.push_back(std::move(fact));
}

std::vector<std::string> FolderCheck::check_finished(
    const std::map<std::string, std::string>& reported, Temporaries temporaries) {
  (void)check_visible(reported);
  const auto& lines = scenario_.lines();
  claim(rows_.size() == lines.size(), "rows: " + std::to_string(rows_.size()) + " for " +
                                          std::to_string(lines.size()) + " lines");
  for (std::size_t i = 0; i < std::min(rows_.size(), lines.size()); ++i) {
    claim(rows_[i].url == lines[i], "row " + std::to_string(i) + " is of another line");
    claim(i == 0 || rows_[i - 1].key < rows_[i].key, "a key twice or out of order");
  }
  std::sort(known_files_.begin(), known_files_.end());
  for (const std::string& path : disk_.files()) {
    for (const std::string_view folder : {"spool/", "commit/", "columns/"}) {
      claim(!path.starts_with("out/.pixhaul/" + std::string(folder)), "left over: " + path);
    }
    if (!path.starts_with(kOutput) || path.starts_with("out/.pixhaul/")) continue;
    if (path == "out/failed.txt") continue;
    if (temporaries == Temporaries::forgiven && path.find("/.") != path.npos &&
        path.ends_with(".part"))
      continue;
    claim(std::binary_search(known_files_.begin(), known_files_.end(), path),
          "nobody's file: " + path);
  }
  return violations_;
}

std::map<std::string, std::string> FolderCheck::shards() {
  std::map<std::string, std::string> shards;
  for (const std::string& path : disk_.files()) {
    if (!path.starts_with(kOutput) || !path.ends_with(kStats)) continue;
    const Json stats = Json::parse(disk_.contents(path), nullptr, false);
    if (stats.is_discarded() || !stats.contains("pixhaul")) continue;
    std::string& bytes = shards[path.substr(0, path.size() - kStats.size())];
    for (const Json& file : stats["pixhaul"]["files"])
      bytes += disk_.contents(std::string(kOutput) + text_of(file, "name"));
  }
  return shards;
}

std::string FolderCheck::essence() {
  std::string text;
  for (const RowFact& row : rows_) {
    text += row.key + " " + row.url + " " + row.status + " " + row.path + " " + row.sha256 + "\n";
  }
  for (const std::string& path : disk_.files()) {
    if (path.starts_with(kOutput) && path.ends_with(".tar")) text += disk_.contents(path);
  }
  return text;
}

}  // namespace pixhaul::testing
