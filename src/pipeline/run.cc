// A run, read top to bottom: open what can refuse, start the stages, watch them, let them drain,
// stop them from the front to the back, and say what came of it.
//
// Every stage ends by its input being closed: the intake at the list's end, the loops when nothing
// is under way, the writers when the loops are gone, the committer when the writers are. A stage
// that fails says so once; everything is then stopped in the same order, rows that were not entered
// stay unfinished, and the next run does them.
#include "pipeline/run.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/random.h"
#include "ledger/failed_list.h"
#include "net/host_report.h"
#include "pipeline/arrow_loader.h"
#include "pipeline/configure_input.h"
#include "pipeline/crash_point.h"
#include "pipeline/failed_table.h"
#include "pipeline/file_sink.h"
#include "pipeline/hash.h"
#include "pipeline/object_output.h"
#include "pipeline/probe_judge.h"
#include "pipeline/program_rows.h"
#include "pipeline/retry_choice.h"
#include "pixhaul/option_table.h"
#include "pixhaul/version.h"
#include "writers/open.h"
#include "writers/sizes_json.h"

namespace pixhaul::pipeline {

namespace {

constexpr std::size_t kWindowRows = 32'768;  // about 10 MB of URLs under way
constexpr std::chrono::milliseconds kProgressEvery{250};
constexpr std::chrono::milliseconds kDrainFor{5'000};
constexpr Duration kFlushEvery = std::chrono::seconds(1);  // what a kill may lose of finished rows
constexpr std::uint64_t kContactRows = 10'000;

// The options that shape the output: a run that continues a folder must agree in them.
constexpr std::string_view kShaping[] = {"layout",
                                         "shards_per_file",
                                         "oom_shard_count",
                                         "output_format",
                                         "number_sample_per_shard",
                                         "file_names",
                                         "compute_hash",
                                         "metadata",
                                         "extract_exif",
                                         "resize_mode",
                                         "image_size",
                                         "encode_format",
                                         "encode_quality",
                                         "save_additional_columns",
                                         "caption_col",
                                         "skip_reencode",
                                         "color",
                                         "exif_orientation",
                                         "bbox_col",
                                         "resize_only_if_bigger",
                                         "upscale_interpolation",
                                         "downscale_interpolation"};

ledger::ExistingShards existing_shards(IncrementalMode mode) {
  switch (mode) {
    case IncrementalMode::incremental:
      return ledger::ExistingShards::keep;
    case IncrementalMode::overwrite:
      return ledger::ExistingShards::remove;
    case IncrementalMode::extend:
      return ledger::ExistingShards::add_after;
  }
  return ledger::ExistingShards::keep;
}

// Letters no other run has: its temporaries in an object store are told apart by them.
std::string draw_attempt() { return fmt::format("a{:016x}", system_seed()); }

// What else is said of a sample in files beside it goes by its key.
bool names_show_paths(const Options& options) {
  return options.file_names == FileNames::name && options.layout == Layout::pixhaul;
}

}  // namespace

/// What a loop adds to its transfers: judges, and files to stream into when bodies are not
/// buffered.
class Run::Parts final : public MemoryParts {
 public:
  /// `names_show_paths`: file names hold the URL's last segment.
  Parts(const RunSettings& settings, RowWindow& window, const ledger::ShardLayout& layout,
        std::unique_ptr<writers::SampleWriter> writer, bool names_show_paths)
      : MemoryParts(settings),
        hash_(settings.hash),
        window_(window),
        layout_(layout),
        writer_(std::move(writer)),
        names_show_paths_(names_show_paths) {}

  std::unique_ptr<net::BodySink> make_sink(std::uint64_t place) override {
    if (writer_ == nullptr) return nullptr;
    const PendingRow& row = window_[place];
    SampleId id{.shard = layout_.shard_name(layout_.shard_of(row.index)),
                .key = layout_.key(row.index)};
    if (names_show_paths_) {
      if (const auto url = net::parse_url(row.url)) id.url_path = url->path();
    }
    auto digest = make_digest(hash_);
    return std::make_unique<FileSink>(*writer_, std::move(id),
                                      digest ? std::move(*digest) : std::nullopt);
  }

 private:
  HashKind hash_;
  RowWindow& window_;
  const ledger::ShardLayout& layout_;
  std::unique_ptr<writers::SampleWriter> writer_;
  bool names_show_paths_;
};

Run::Run(const Options& options, World& world, Crew& crew)
    : options_(options), world_(world), crew_(crew), lists_(world.files()) {}
Run::~Run() { charge_arrow_to(nullptr); }

Result<std::unique_ptr<Run>> Run::create(const Options& options, World& world, Crew& crew,
                                         const Input& input) {
  std::unique_ptr<Run> run(new Run(options, world, crew));
  if (auto opened = run->open(input); !opened) return std::unexpected(std::move(opened).error());
  return run;
}

Result<> Run::open(const Input& input) {
  auto settings = configure(options_, world_.machine());
  if (!settings) return std::unexpected(std::move(settings).error());
  settings_ = std::move(*settings);
  auto redo = parse_retry_choice(options_.retry_failed);
  if (!redo) return std::unexpected(std::move(redo).error());
  redo_ = std::move(*redo);
  if (auto opened = open_list(input); !opened) return opened;
  if (auto opened = open_output(); !opened) return opened;
  if (auto opened = open_network(); !opened) return opened;
  auto watchers = Watchers::open(options_, world_.clock());
  if (!watchers) return std::unexpected(std::move(watchers).error());
  watchers_ = std::move(*watchers);
  book_->tell(watchers_->events());
  return {};
}

Result<> Run::open_list(const Input& input) {
  auto settings = configure_input(options_);
  if (!settings) return std::unexpected(std::move(settings).error());
  auto reader = input.urls != nullptr || input.table != nullptr
                    ? open_program_rows(input, settings->table)
                    : open_rows(lists_, options_.url_list, *settings);
  if (!reader) return std::unexpected(std::move(reader).error());
  reader_ = std::move(*reader);
  return {};
}

Result<> Run::open_output() {
  ledger::RunSettings settings{
      .manifest = {.version = version()},
      .samples_per_shard = options_.number_sample_per_shard,
      .shard_digits = static_cast<int>(options_.oom_shard_count),
      .digest_name = std::string(hash_field(options_.compute_hash)),
      .boot_id = world_.boot_id(),
      .existing = existing_shards(options_.incremental_mode),
      .worker_index = options_.worker_index,
      .worker_count = options_.worker_count,
      .attempt = is_remote(options_.output_folder) ? draw_attempt() : std::string(),
      .read_done_rows =
          [this](ledger::RunFolder& folder, const ledger::ShardRecord& record, const auto& visit) {
            return read_standing_rows(folder, record, settings_.output, visit);
          },
      .crash_point = crash_point_of_environment()};
  for (std::string_view name : kShaping)
    settings.manifest.options.emplace_back(name, option_text(options_, name));
  if (std::string weaker = weaker_promise(options_.output_folder); !weaker.empty())
    settings_.notices.push_back(std::move(weaker));
  auto folder = ledger::RunFolder::open(lists_, options_.output_folder, std::move(settings));
  if (!folder) return std::unexpected(std::move(folder).error());
  folder_ = std::move(*folder);
  auto sweeper = make_writer();
  if (!sweeper) return std::unexpected(std::move(sweeper).error());
  sweeper_ = std::move(*sweeper);
  auto publish = [this, assembler = Assembler(settings_.output, world_.clock(), *sweeper_)](
                     ledger::Assembly& shard, std::string input_digest, WallTime started) {
    const MemoryCharge charge(shared_->memory, MemoryUser::shards, shard.memory_bytes());
    return assembler.publish(shard, std::move(input_digest), started);
  };
  ShardBook::PlaceOf place_of;
  if (is_dataset(options_.output_format)) {
    standing_ = std::make_unique<StandingSamples>(*folder_, settings_.output);
    place_of = [this](const Row& row, ledger::SpoolData& data) {
      return standing_->place_of(row, data);
    };
  }
  book_ = std::make_unique<ShardBook>(*folder_, *sweeper_, redo_, std::move(place_of),
                                      std::move(publish), options_.max_open_shards, world_.clock());
  return {};
}

Result<std::unique_ptr<writers::SampleWriter>> Run::make_writer() {
  return writers::open_writer(options_.output_format == OutputFormat::files ? "files" : "dummy",
                              folder_->output(),
                              {.file_names = names_show_paths(options_) ? writers::NameStyle::name
                                                                        : writers::NameStyle::key,
                               .max_open_folders = options_.max_open_shards});
}

Result<std::unique_ptr<SampleStore>> Run::make_store() {
  if (is_dataset(options_.output_format)) return make_spool_store(*book_);
  auto writer = make_writer();
  if (!writer) return std::unexpected(std::move(writer).error());
  return make_file_store(std::move(*writer), folder_->layout(), settings_.output.extension);
}

Result<> Run::open_network() {
  auto shared = SharedNet::create(settings_, world_);
  if (!shared) return std::unexpected(std::move(shared).error());
  shared_ = std::move(*shared);
  charge_arrow_to(&shared_->memory);
  window_ = std::make_unique<RowWindow>(kWindowRows, settings_.window_bytes, shared_->memory);
  write_stage_ = std::make_unique<WriteStage>(*book_, *window_, shared_->memory, folder_->layout());
  // Where nothing is kept nothing is held either, unless pixels or tags are looked at.
  const SampleSettings& sample = settings_.sample;
  const bool is_dropped = options_.output_format == OutputFormat::dummy && !sample.decode &&
                          !sample.process && !sample.extract_exif && options_.verify_hash.empty();
  const bool streams = settings_.body == BodyMode::stream || is_dropped;
  for (std::uint32_t i = 0; i < settings_.loop_count; ++i) {
    std::unique_ptr<writers::SampleWriter> writer;
    if (streams) {
      auto made = make_writer();
      if (!made) return std::unexpected(std::move(made).error());
      writer = std::move(*made);
    }
    parts_.push_back(std::make_unique<Parts>(
        settings_, *window_, folder_->layout(), std::move(writer),
        options_.output_format == OutputFormat::files && names_show_paths(options_)));
    auto loop = Loop::create(settings_, i, *shared_, *parts_.back(), world_);
    if (!loop) return std::unexpected(std::move(loop).error());
    loops_.push_back(std::move(*loop));
    fetch_stages_.push_back(std::make_unique<FetchStage>(
        loops_.back()->fetcher(), loops_.back()->network(), shared_->clock, *write_stage_));
    peers_.push_back(fetch_stages_.back().get());
  }
  for (const auto& stage : fetch_stages_) stage->set_peers(peers_);
  for (std::uint32_t i = 0; i < settings_.write_count; ++i) {
    auto store = make_store();
    if (!store) return std::unexpected(std::move(store).error());
    auto maker = SampleMaker::create(sample, settings_.hash, &shared_->decode_room);
    if (!maker) return std::unexpected(std::move(maker).error());
    workers_.push_back(std::make_unique<WriteStage::Worker>(
        *write_stage_, std::move(*maker), std::move(*store),
        StandingBodies(lists_, parts_.front()->make_judge(), options_.max_body_bytes)));
  }
  intake_ = std::make_unique<Intake>(
      *reader_, *book_, *window_, peers_, *write_stage_, shared_->memory, world_.clock(),
      IntakeSettings{.max_rows = options_.max_rows,
                     .samples_per_shard = options_.number_sample_per_shard,
                     .first_index = folder_->layout().first_index(folder_->first_shard())});
  return {};
}

// ---- working

Result<Summary> Run::work(Observer& observer, std::stop_token stop) {
  WatchedObserver watched(observer, *watchers_);
  Result<Summary> summary = work_watched(watched, std::move(stop));
  watchers_->finish(summary);
  return summary;
}

Result<Summary> Run::work_watched(Observer& observer, std::stop_token stop) {
  for (const std::string& notice : settings_.notices) observer.on_notice(notice);
  started_ = shared_->clock.now();
  stages_.emplace(Stages{.intake = *intake_,
                         .loops = peers_,
                         .writing = *write_stage_,
                         .writers = workers_,
                         .book = *book_,
                         .window = *window_,
                         .fail = [this](Error error) { fail(std::move(error)); }});
  crew_.start(*stages_);
  {
    const std::stop_callback nudge(stop, [this] { window_->nudge(); });
    watch(observer, stop);
  }
  drain(observer);
  stop_stages();
  observer.on_progress(snapshot());
  if (auto error = failure()) return std::unexpected(std::move(*error));
  if (stopped_ == Stopped::no) {
    if (auto noted = folder_->note_complete(); !noted)
      return std::unexpected(std::move(noted).error());
  }
  return summarise();
}

// From the first row to the last, or to the reason to end before it.
void Run::watch(Observer& observer, std::stop_token stop) {
  Instant next_progress = started_ + kProgressEvery;
  bool asked_for_contact = !options_.contact.empty() || !options_.user_agent.empty();
  for (;;) {
    // In this order: a window seen empty before the intake began says nothing.
    const bool intake_has_ended = crew_.intake_has_ended();
    const bool is_empty = crew_.rest(kProgressEvery);
    if (failure()) return;
    if (is_empty && intake_has_ended) {
      stopped_ = intake_->reached_max_rows() ? Stopped::max_rows : Stopped::no;
      return;
    }
    if (stop.stop_requested()) {
      stopped_ = Stopped::interrupted;
      return;
    }
    const Instant now = shared_->clock.now();
    if (now < next_progress) continue;
    next_progress = now + kProgressEvery;
    if (now >= next_flush_) {
      next_flush_ = now + kFlushEvery;
      if (auto flushed = book_->flush(); !flushed) return fail(std::move(flushed).error());
    }
    const StatsSnapshot stats = snapshot();
    observer.on_progress(stats);
    for (const std::string& sentence : diagnosis_.look(stats)) observer.on_notice(sentence);
    if (!asked_for_contact && stats.rows_read > kContactRows) {
      asked_for_contact = true;
      observer.on_notice(
          "more than 10,000 rows and no --contact: give site operators a way to reach you");
    }
    stopped_ = limit_reached(stats);
    if (stopped_ != Stopped::no) return;
  }
}

// Nothing new is started; what is in flight gets a few seconds to end well.
void Run::drain(Observer& observer) {
  const bool is_complete = stopped_ == Stopped::no && !failure();
  crew_.end_intake();
  if (!is_complete) {
    book_->give_up();
    window_->close();
    for (FetchStage* stage : peers_) stage->stop_starting();
  }
  crew_.stop_intake();
  if (is_complete || failure()) return;
  const Instant until = shared_->clock.now() + kDrainFor;
  while (shared_->clock.now() < until) {
    if (std::all_of(peers_.begin(), peers_.end(),
                    [](FetchStage* stage) { return stage->counters().in_flight == 0; })) {
      return;
    }
    (void)crew_.rest(std::chrono::milliseconds(20));
    if (failure()) return;
  }
  observer.on_notice(
      "some images did not end within 5 s; they stay unfinished and are fetched by the next run");
}

void Run::stop_stages() {
  crew_.stop_loops();
  crew_.stop_writers();
  crew_.stop_committer();
  if (auto flushed = book_->flush(); !flushed) fail(std::move(flushed).error());
}

void Run::fail(Error error) {
  {
    const MutexLock lock(mutex_);
    if (!failure_) failure_ = std::move(error);
  }
  window_->nudge();
}

std::optional<Error> Run::failure() const {
  const MutexLock lock(mutex_);
  return failure_;
}

Stopped Run::limit_reached(const StatsSnapshot& now) const {
  const std::uint64_t errors =
      now.rows_done - now.by_status[static_cast<std::size_t>(ErrorCode::success)];
  if (options_.max_errors && errors >= *options_.max_errors) return Stopped::max_errors;
  if (options_.max_bytes && now.bytes_body >= *options_.max_bytes) return Stopped::max_bytes;
  if (options_.max_duration &&
      now.seconds >= std::chrono::duration<double>(*options_.max_duration).count()) {
    return Stopped::max_duration;
  }
  return Stopped::no;
}

// ---- telling

StatsSnapshot Run::snapshot() {
  StatsSnapshot stats;
  net::FetchCounters all;
  for (const auto& stage : fetch_stages_) {
    const net::FetchCounters one = stage->counters();
    stats.requests += one.requests;
    stats.connections_opened += one.connections_opened;
    stats.connections_reused += one.connections_reused;
    stats.dns_queries += one.dns_queries;
    stats.bytes_wire += one.bytes_wire;
    stats.bytes_saved += one.bytes_saved;
    stats.in_flight += one.in_flight;
    stats.concurrency_limit += one.limit;
    stats.hosts_active += one.hosts;
    all.waiting += one.waiting;
    all.states.resolving += one.states.resolving;
    all.states.connecting += one.states.connecting;
    all.states.handshaking += one.states.handshaking;
    all.states.waiting += one.states.waiting;
    all.states.reading += one.states.reading;
    all.held_by_link = all.held_by_link || one.held_by_link;
    all.held_by_rate = all.held_by_rate || one.held_by_rate;
    all.held_by_memory = all.held_by_memory || one.held_by_memory;
  }
  const ShardBook::Progress progress = book_->progress();
  stats.time = world_.clock().wall_now();
  stats.seconds = std::chrono::duration<double>(shared_->clock.now() - started_).count();
  stats.rows_read = intake_->rows_read();
  stats.rows_resumed = intake_->rows_resumed();
  if (intake_->reached_end()) stats.rows_total = stats.rows_read;
  stats.rows_done = progress.done;
  stats.by_status = progress.by_status;
  stats.bytes_body = progress.image_bytes;
  const MemoryBudget& memory = shared_->memory;
  stats.memory_bytes = memory.used();
  stats.memory_bodies = memory.used(MemoryUser::bodies);
  stats.memory_decode = memory.used(MemoryUser::decode);
  stats.memory_shards = memory.used(MemoryUser::shards);
  stats.memory_tables = memory.used(MemoryUser::tables);
  stats.memory_limit = settings_.memory_bytes;
  stats.shards_open = progress.shards_open;
  stats.shards_written = progress.shards_written;
  stats.status_hosts = progress.status_hosts;
  stats.states = all.states;
  count_workers(stats);
  stats.hosts = merged_reports();
  all.limit = stats.concurrency_limit;
  all.hosts = stats.hosts_active;
  stats.limited_by = bottleneck_.words(all, stats);
  return stats;
}

void Run::count_workers(StatsSnapshot& stats) const {
  std::vector<const stats::Latencies*> latencies;
  for (const auto& worker : workers_) {
    const WriteStage::Worker::Doing doing = worker->doing();
    stats.states.decoding += doing == WriteStage::Worker::Doing::decoding ? 1 : 0;
    stats.states.writing += doing == WriteStage::Worker::Doing::writing ? 1 : 0;
    latencies.push_back(&worker->latencies());
  }
  stats.worker_threads = static_cast<std::uint32_t>(workers_.size());
  stats.latency = stats::merge(latencies);
}

// A host belongs to one loop: the tables need only be put together.
std::vector<HostReport> Run::merged_reports() const {
  std::vector<HostReport> all;
  for (const auto& stage : fetch_stages_) {
    std::vector<HostReport> some = stage->host_reports();
    std::move(some.begin(), some.end(), std::back_inserter(all));
  }
  net::sort_reports(all);
  constexpr std::size_t kMost = 20;
  if (all.size() > kMost) all.resize(kMost);
  return all;
}

Result<Summary> Run::summarise() {
  Summary summary{.stats = snapshot(), .stopped = stopped_};
  Tally whole;
  for (std::uint64_t shard : folder_->known_shards()) {
    auto totals = folder_->totals(shard);
    if (!totals) return std::unexpected(std::move(totals).error());
    whole.count_totals(totals->by_status, totals->image_bytes);
  }
  auto failed = ledger::write_failed_list(*folder_, [&whole](const Row& row) {
    const auto url = net::parse_url(row.url);
    whole.add_failure(row, url ? url->host() : std::string_view());
    return !is_refusal(row.outcome.status);
  });
  if (!failed) return std::unexpected(std::move(failed).error());
  summary.output_folder = options_.output_folder;
  if (auto listed = list_shards(summary); !listed)
    return std::unexpected(std::move(listed).error());
  if (*failed > 0)
    summary.failed_list = fmt::format("{}/{}", options_.output_folder, folder_->failed_list_name());
  if (is_dataset(options_.output_format)) {
    auto table = write_failed_table(*folder_);
    if (!table) return std::unexpected(std::move(table).error());
    if (*table) {
      summary.failed_table =
          fmt::format("{}/.pixhaul/{}", options_.output_folder, folder_->failed_table_name());
    }
  }
  summary.network_down = whole.is_network_down();
  summary.diagnosis = diagnosis_.of_the_whole_run(summary.stats);
  summary.rows = whole.rows();
  summary.images = whole.images();
  summary.image_bytes = whole.image_bytes();
  summary.failed = whole.failed();
  summary.refused = whole.refused();
  summary.failures = whole.failures();
  extrapolate(summary);
  return summary;
}

// What loaders ask for: the shards' names as one pattern, and sizes.json on request.
Result<> Run::list_shards(Summary& summary) {
  if (!is_dataset(options_.output_format)) return {};
  std::vector<writers::ShardSize> sizes;
  for (std::uint64_t shard : folder_->known_shards()) {
    const auto record = folder_->record(shard);
    if (!record) continue;
    const auto successes = record->by_status.find(ErrorCode::success);
    sizes.push_back({.name = fmt::format("{}.{}", folder_->layout().shard_name(shard),
                                         shard_extension(options_.output_format)),
                     .samples = successes == record->by_status.end() ? 0 : successes->second});
  }
  const std::string pattern = writers::brace_pattern(sizes);
  if (!pattern.empty()) summary.shards = fmt::format("{}/{}", options_.output_folder, pattern);
  if (!options_.sizes) return {};
  return write_atomically(folder_->output(), "sizes.json", writers::sizes_json(sizes));
}

// After max_rows: what the whole list would take, by the share of its bytes that was read.
void Run::extrapolate(Summary& summary) const {
  const readers::ReadProgress read = reader_->progress();
  if (stopped_ != Stopped::max_rows || !read.bytes_total || read.bytes_read == 0) return;
  const double factor =
      static_cast<double>(*read.bytes_total) / static_cast<double>(read.bytes_read);
  summary.estimated_rows =
      static_cast<std::uint64_t>(static_cast<double>(summary.stats.rows_read) * factor);
  summary.estimated_seconds = summary.stats.seconds * factor;
  summary.estimated_bytes =
      static_cast<std::uint64_t>(static_cast<double>(summary.image_bytes) * factor);
}

}  // namespace pixhaul::pipeline
