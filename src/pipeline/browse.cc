// Newest first: shards and the rows in each are walked downwards. A shard whose counts hold no row
// of the wanted status is not opened, so that looking for one rare failure in a thousand shards
// opens the few that have it.
#include "pixhaul/browse.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <list>
#include <mutex>
#include <utility>

#include "base/clock.h"
#include "image/encode.h"
#include "image/process.h"
#include "net/url.h"
#include "pipeline/browse_shard.h"

namespace pixhaul {

namespace {

using namespace std::chrono_literals;
using pipeline::BrowsedShard;
using Time = std::chrono::steady_clock;

constexpr auto kPatience = 500ms;
constexpr auto kStateAge = 2s;
constexpr auto kOpenShardAge = 1s;
constexpr std::size_t kShardsHeld = 2;

struct Place {
  std::uint64_t shard = 0;
  std::uint64_t index = 0;
};

std::string place_text(const Place& place) {
  return fmt::format("{}.{}", place.shard, place.index);
}

Result<Place> parse_place(std::string_view text) {
  Place place;
  const char* const end = text.data() + text.size();
  const auto shard = std::from_chars(text.data(), end, place.shard);
  if (shard.ec == std::errc() && shard.ptr != end && *shard.ptr == '.') {
    const auto index = std::from_chars(shard.ptr + 1, end, place.index);
    if (index.ec == std::errc() && index.ptr == end) return place;
  }
  return std::unexpected(Error{.code = ErrorCode::bad_option, .detail = "no such row"});
}

bool is_at_or_below(std::string_view host, std::string_view wanted) {
  if (!host.ends_with(wanted)) return false;
  return host.size() == wanted.size() || host[host.size() - wanted.size() - 1] == '.';
}

bool matches(const Row& row, const BrowseFilter& filter) {
  const Outcome& outcome = row.outcome;
  if (filter.status && outcome.status != *filter.status) return false;
  if (filter.failures_only && outcome.status == ErrorCode::success) return false;
  if (std::max(outcome.width, outcome.height) < filter.min_side) return false;
  if (outcome.bytes < filter.min_bytes) return false;
  if (filter.max_bytes > 0 && outcome.bytes > filter.max_bytes) return false;
  if (filter.host.empty()) return true;
  const auto url = net::parse_url(row.url);
  return url && is_at_or_below(url->host(), filter.host);
}

bool may_match(const std::map<ErrorCode, std::uint64_t>& by_status, const BrowseFilter& filter) {
  if (filter.status) return by_status.contains(*filter.status);
  if (!filter.failures_only) return true;
  return std::any_of(by_status.begin(), by_status.end(),
                     [](const auto& entry) { return entry.first != ErrorCode::success; });
}

image::ProcessSettings thumbnail_settings(std::uint32_t side) {
  image::ProcessSettings settings;
  settings.limits.max_cpu_time = 2s;
  settings.transform.mode = image::ResizeMode::keep_ratio_largest;
  settings.transform.image_size = side;
  settings.transform.resize_only_if_bigger = true;
  settings.encode = {.format = ImageFormat::webp, .quality = 78};
  return settings;
}

/// A shard of the folder, done or open, with what tells whether it is worth opening.
struct Known {
  std::uint64_t shard = 0;
  const ledger::ShardRecord* record = nullptr;  ///< of a done shard
  const std::map<ErrorCode, std::uint64_t>* by_status = nullptr;
};

class FolderBrowser final : public Browser {
 public:
  explicit FolderBrowser(std::string path) : path_(std::move(path)) {}

  Result<> open() {
    const std::scoped_lock lock(mutex_);
    return refresh();
  }

  Result<BrowsePage> page(const BrowseFilter& filter, std::string_view from,
                          std::size_t limit) override {
    const std::scoped_lock lock(mutex_);
    if (auto fresh = refresh(); !fresh) return std::unexpected(std::move(fresh).error());
    Place next{.shard = UINT64_MAX, .index = UINT64_MAX};
    if (!from.empty()) {
      const Result<Place> given = parse_place(from);
      if (!given) return std::unexpected(given.error());
      next = *given;
    }
    return walk(filter, next, limit);
  }

  Result<BrowseRow> row(std::string_view place) override {
    const std::scoped_lock lock(mutex_);
    const auto found = find(place);
    if (!found) return std::unexpected(found.error());
    return row_of(*found->first, found->second);
  }

  Result<std::string> thumbnail(std::string_view place, std::uint32_t side) override {
    const std::scoped_lock lock(mutex_);
    const auto found = find(place);
    if (!found) return std::unexpected(found.error());
    const auto bytes = pipeline::read_image(folders_, *found->first, found->second);
    if (!bytes) return std::unexpected(bytes.error());
    const auto made =
        image::process(std::as_bytes(std::span(*bytes)), thumbnail_settings(side), {});
    if (!made) return std::unexpected(made.error());
    // A small picture that is WebP already is encoded anew like any other: `always`.
    return std::string(made->bytes.text());
  }

 private:
  struct Held {
    BrowsedShard shard{};
    Time::time_point read_at{};
  };

  // REQUIRES of all below: mutex_ is held.
  Result<> refresh() {
    if (state_read_ != Time::time_point() && Time::now() - state_read_ < kStateAge) return {};
    auto folders = pipeline::open_browse_folders(files_, path_);
    if (!folders) return std::unexpected(std::move(folders).error());
    Result<ledger::FolderState> state = ledger::read_state(files_, path_);
    if (!state) return std::unexpected(std::move(state).error());
    folders_ = std::move(*folders);
    state_ = std::move(*state);
    list_shards();
    state_read_ = Time::now();
    return {};
  }

  void list_shards() {
    known_.clear();
    for (const ledger::DoneShard& done : state_.shards) {
      // Another program's shards have no rows of ours.
      if (!done.problem.empty() || done.record.generation == 0) continue;
      known_.push_back({.shard = done.record.shard,
                        .record = &done.record,
                        .by_status = &done.record.by_status});
    }
    for (const ledger::FolderState::Open& open : state_.open) {
      known_.push_back({.shard = open.shard, .by_status = &open.by_status});
    }
    std::ranges::sort(known_, std::ranges::greater(), &Known::shard);
  }

  Result<BrowsePage> walk(const BrowseFilter& filter, Place next, std::size_t limit) {
    const auto deadline = Time::now() + kPatience;
    BrowsePage page;
    for (const Known& known : known_) {
      if (known.shard > next.shard) continue;
      if (known.shard < next.shard) next = {.shard = known.shard, .index = UINT64_MAX};
      if (!may_match(*known.by_status, filter)) continue;
      if (Time::now() > deadline) {
        page.next = place_text(next);
        return page;
      }
      const auto shard = load(known);
      if (!shard) return std::unexpected(shard.error());
      std::uint64_t index = std::min<std::uint64_t>(next.index, (*shard)->rows.size());
      while (index > 0 && page.rows.size() < limit) {
        --index;
        if (matches((*shard)->rows[index], filter)) page.rows.push_back(row_of(**shard, index));
      }
      if (page.rows.size() == limit) {
        page.next = place_text({.shard = known.shard, .index = index});
        return page;
      }
    }
    return page;
  }

  Result<std::pair<BrowsedShard*, std::size_t>> find(std::string_view text) {
    if (auto fresh = refresh(); !fresh) return std::unexpected(std::move(fresh).error());
    const Result<Place> place = parse_place(text);
    if (!place) return std::unexpected(place.error());
    const auto known = std::ranges::find(known_, place->shard, &Known::shard);
    const Error missing{.code = ErrorCode::bad_option, .detail = "no such row"};
    if (known == known_.end()) return std::unexpected(missing);
    const auto shard = load(*known);
    if (!shard) return std::unexpected(shard.error());
    if (place->index >= (*shard)->rows.size()) return std::unexpected(missing);
    return std::pair(*shard, static_cast<std::size_t>(place->index));
  }

  // The newest is in front.
  Result<BrowsedShard*> load(const Known& known) {
    const std::uint32_t generation = known.record != nullptr ? known.record->generation : 0;
    for (auto held = held_.begin(); held != held_.end(); ++held) {
      const BrowsedShard& shard = held->shard;
      if (shard.shard != known.shard) continue;
      const bool is_current = shard.generation == generation &&
                              (shard.is_done || Time::now() - held->read_at < kOpenShardAge);
      if (!is_current) {
        held_.erase(held);
        break;
      }
      held_.splice(held_.begin(), held_, held);
      return &held_.front().shard;
    }
    auto shard = known.record != nullptr
                     ? load_done_shard(folders_, *known.record, state_.shard_digits)
                     : load_open_shard(folders_, known.shard);
    if (!shard) return std::unexpected(std::move(shard).error());
    held_.push_front({.shard = std::move(*shard), .read_at = Time::now()});
    if (held_.size() > kShardsHeld) held_.pop_back();
    return &held_.front().shard;
  }

  BrowseRow row_of(BrowsedShard& shard, std::size_t index) {
    return {.place = place_text({.shard = shard.shard, .index = index}),
            .row = shard.rows[index],
            .has_image = pipeline::has_image(shard, index),
            .caption = pipeline::caption_of(folders_, shard, state_.shard_digits, index)};
  }

  const std::string path_;
  std::mutex mutex_;
  PosixFileSystem files_;
  pipeline::BrowseFolders folders_;
  ledger::FolderState state_;
  std::vector<Known> known_;  // descending; points into state_
  std::list<Held> held_;
  Time::time_point state_read_{};
};

}  // namespace

Result<std::unique_ptr<Browser>> browse(const std::string& output_folder) {
  auto browser = std::make_unique<FolderBrowser>(output_folder);
  if (Result<> opened = browser->open(); !opened) return std::unexpected(std::move(opened).error());
  return browser;
}

}  // namespace pixhaul
