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
#include "pipeline/arrow_loader.h"
#include "pipeline/configure_input.h"
#include "pipeline/crash_point.h"
#include "pipeline/file_sink.h"
#include "pipeline/hash.h"
#include "pipeline/object_output.h"
#include "pipeline/probe_judge.h"
#include "pipeline/program_rows.h"
#include "pipeline/retry_choice.h"
#include "pixhaul/option_table.h"
#include "pixhaul/version.h"
#include "writers/open.h"

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

}  // namespace pixhaul::pipeline
