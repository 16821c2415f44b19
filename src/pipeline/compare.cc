// The comparison that pixhaul began with: the same images at once, over kept connections or a new
// one each, streamed to disk or held whole before they are written. Each cell has a client of its
// own that lives through all rounds, so that `reuse` is cold in its first round and warm in the
// others; the rounds of all cells are interleaved, so that whatever else the machine or the link
// does falls on all of them alike.
#include "pixhaul/compare.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <unordered_set>
#include <utility>

#include "base/file.h"
#include "net/address_guard.h"
#include "pipeline/client.h"
#include "pipeline/configure.h"
#include "pipeline/configure_input.h"
#include "pipeline/file_sink.h"
#include "pipeline/open_input.h"
#include "pipeline/probe_judge.h"
#include "pixhaul/outcome.h"
#include "writers/open.h"

namespace pixhaul {

namespace {

constexpr std::string_view kShard = "00000";

std::string key_of(std::uint64_t id) { return fmt::format("{:09}", id); }

/// A folder that goes with its owner.
class ScratchFolder {
 public:
  static Result<ScratchFolder> create() {
    std::string path = (std::filesystem::temp_directory_path() / "pixhaul-compare-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) {
      return std::unexpected(Error{.code = ErrorCode::output_unwritable,
                                   .os_error = errno,
                                   .detail = fmt::format("cannot make a scratch folder like {}: {}",
                                                         path, std::strerror(errno))});
    }
    return ScratchFolder(std::move(path));
  }
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  explicit ScratchFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

class StreamParts final : public pipeline::MemoryParts {
 public:
  StreamParts(const pipeline::RunSettings& settings, writers::SampleWriter& writer)
      : MemoryParts(settings), writer_(writer) {}
  std::unique_ptr<net::BodySink> make_sink(std::uint64_t id) override {
    return std::make_unique<pipeline::FileSink>(
        writer_,
        pipeline::SampleId{.shard = std::string(kShard), .key = key_of(id), .url_path = {}},
        std::nullopt);
  }

 private:
  writers::SampleWriter& writer_;
};

double cpu_seconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

/// One setting at one count, with the client that lives through its rounds.
class Runner {
 public:
  static Result<std::unique_ptr<Runner>> create(const CompareOptions& options, CompareCell cell,
                                                Folder& scratch) {
    auto writer = writers::open_writer("files", scratch, {.file_names = writers::NameStyle::key});
    if (!writer) return std::unexpected(std::move(writer).error());
    Options each = options.base;
    each.connection = cell.connection;
    each.body = cell.body;
    each.http_version = cell.http2 ? HttpVersion::http2 : HttpVersion::http1;
    each.concurrency = cell.images;
    each.host_concurrency = cell.images;
    each.retries = 0;
    auto settings = pipeline::configure(each, pipeline::read_machine());
    if (!settings) return std::unexpected(std::move(settings).error());
    settings->fetch.adaptive = false;
    std::unique_ptr<net::TransferParts> parts;
    if (cell.body == BodyMode::stream) {
      parts = std::make_unique<StreamParts>(*settings, **writer);
    } else {
      parts = std::make_unique<pipeline::MemoryParts>(*settings);
    }
    auto client = pipeline::Client::create(*settings, std::move(parts));
    if (!client) return std::unexpected(std::move(client).error());
    return std::unique_ptr<Runner>(
        new Runner(std::move(cell), std::move(*writer), std::move(*client)));
  }

  // Each image is written as it arrives, while others are on their way. Between rounds the files
  // go: a user's images are new files, and replacing old ones would cost time of its own.
  Result<> run_round(std::span<const std::string> urls) {
    const double cpu = cpu_seconds();
    const auto start = std::chrono::steady_clock::now();
    Result<> written;
    std::vector<std::string> paths;
    client_->fetch_each(urls, [&](net::FetchResult& result) {
      if (written) written = write(result, paths);
      client_->release(result);
    });
    cell_.seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    cell_.cpu_seconds.push_back(cpu_seconds() - cpu);
    cell_.connections_opened = client_->counters().connections_opened;
    for (const std::string& path : paths) {
      if (written) written = writer_->remove(path);
    }
    return written;
  }
  [[nodiscard]] const CompareCell& cell() const { return cell_; }

 private:
  Runner(CompareCell cell, std::unique_ptr<writers::SampleWriter> writer,
         std::unique_ptr<pipeline::Client> client)
      : cell_(std::move(cell)), writer_(std::move(writer)), client_(std::move(client)) {}

  Result<> write(net::FetchResult& result, std::vector<std::string>& paths) {
    if (result.outcome.status != ErrorCode::success) {
      ++cell_.failed;
      return {};
    }
    cell_.bytes += result.outcome.bytes;
    const std::string_view extension = file_extension(result.outcome.format);
    Result<std::string> path;
    if (result.sink != nullptr) {
      path = static_cast<pipeline::FileSink&>(*result.sink)
                 .finish(extension.empty() ? "bin" : extension);
    } else {
      const std::string key = key_of(result.id);
      path = writer_->append({.shard = kShard, .key = key}, extension.empty() ? "bin" : extension,
                             result.body.bytes().subspan(result.body_begin));
    }
    if (!path) return std::unexpected(std::move(path).error());
    paths.push_back(std::move(*path));
    return {};
  }

  CompareCell cell_;
  std::unique_ptr<writers::SampleWriter> writer_;
  std::unique_ptr<pipeline::Client> client_;  // last: its sinks use the writer
};

std::vector<CompareCell> cells_of(const CompareOptions& options) {
  std::vector<CompareCell> cells;
  for (std::uint32_t images : options.images) {
    for (ConnectionMode connection : {ConnectionMode::reuse, ConnectionMode::fresh}) {
      for (BodyMode body : {BodyMode::stream, BodyMode::buffer}) {
        cells.push_back({.connection = connection, .body = body, .images = images});
      }
    }
    if (options.http2_row) {
      cells.push_back({.connection = ConnectionMode::reuse,
                       .body = BodyMode::buffer,
                       .http2 = true,
                       .images = images});
    }
  }
  return cells;
}

}  // namespace

Result<ComparePlan> plan_compare(const CompareOptions& options) {
  PosixFileSystem local;
  pipeline::AllFiles files(local);
  auto input = pipeline::configure_input(options.base);
  if (!input) return std::unexpected(std::move(input).error());
  input->table.columns = readers::TableSettings::Columns::drop;
  input->list_by_list = false;
  auto reader = pipeline::open_rows(files, options.base.url_list, *input);
  if (!reader) return std::unexpected(std::move(reader).error());
  const std::uint32_t most =
      options.images.empty() ? 0 : *std::max_element(options.images.begin(), options.images.end());
  ComparePlan plan;
  std::unordered_set<std::string> hosts;
  readers::RawRow row;
  while (plan.urls.size() < most) {
    auto more = (*reader)->next(row);
    if (!more) return std::unexpected(std::move(more).error());
    if (!*more) break;
    auto url = net::parse_url(row.text);
    if (!url) continue;
    hosts.emplace(url->host());
    if (auto address = net::literal_address(*url)) {
      auto public_only = net::AddressGuard::create({});
      if (public_only && (*public_only).check(*address)) plan.public_hosts = true;
    } else if (url->host() != "localhost" && !url->host().ends_with(".localhost") &&
               !url->host().ends_with(".test")) {
      plan.public_hosts = true;
    }
    plan.urls.push_back(url->href());
  }
  if (plan.urls.empty()) {
    return std::unexpected(Error{.code = ErrorCode::input_unreadable,
                                 .detail = "the list has no URL to compare with"});
  }
  plan.hosts = hosts.size();
  for (const CompareCell& cell : cells_of(options))
    plan.requests += std::uint64_t{cell.images} * options.rounds;
  return plan;
}

Result<CompareResult> compare(const CompareOptions& options,
                              const std::function<void(std::uint32_t)>& between_rounds) {
  auto plan = plan_compare(options);
  if (!plan) return std::unexpected(std::move(plan).error());
  auto scratch = ScratchFolder::create();
  if (!scratch) return std::unexpected(std::move(scratch).error());
  PosixFileSystem files;
  auto folder = files.open_folder(scratch->path(), Folder::IfMissing::fail);
  if (!folder) return std::unexpected(std::move(folder).error());

  std::vector<std::unique_ptr<Runner>> runners;
  for (CompareCell& cell : cells_of(options)) {
    auto runner = Runner::create(options, std::move(cell), **folder);
    if (!runner) return std::unexpected(std::move(runner).error());
    runners.push_back(std::move(*runner));
  }
  for (std::uint32_t round = 0; round < options.rounds; ++round) {
    if (between_rounds) between_rounds(round);
    for (const auto& runner : runners) {
      std::vector<std::string> urls;
      urls.reserve(runner->cell().images);
      for (std::uint32_t i = 0; i < runner->cell().images; ++i)
        urls.push_back(plan->urls[i % plan->urls.size()]);
      if (auto ran = runner->run_round(urls); !ran) return std::unexpected(std::move(ran).error());
    }
  }
  CompareResult result{.requests = plan->requests, .hosts = plan->hosts};
  for (const auto& runner : runners) result.cells.push_back(runner->cell());
  return result;
}

}  // namespace pixhaul
