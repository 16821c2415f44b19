// A run without a folder: the same reader, window, loops and sample makers as download(), and at
// the end a line of finished samples that its reader takes from.
//
//   intake → fetch stages (a loop each) → makers → line → next()
//
// Back-pressure goes the other way: a full line stops the makers, what then waits of bodies stops
// the loops by the memory budget, and rows whose samples were not taken keep their places in the
// window. In order, the loops cannot be stopped so: the row that is waited for may not have
// started. There the window alone bounds what is held, and is smaller.
#include "pixhaul/stream.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <stop_token>
#include <thread>
#include <utility>

#include "arrow_io/module.h"
#include "pipeline/arrow_loader.h"
#include "pipeline/client.h"
#include "pipeline/configure.h"
#include "pipeline/configure_input.h"
#include "pipeline/fetch_stage.h"
#include "pipeline/hash.h"
#include "pipeline/open_input.h"
#include "pipeline/program_rows.h"
#include "pipeline/row_window.h"
#include "pipeline/sample_line.h"
#include "pipeline/sample_maker.h"
#include "readers/columns.h"

namespace pixhaul {

namespace {

constexpr std::size_t kWindowRows = 8'192;
constexpr std::size_t kOrderedRows = 512;
constexpr std::size_t kChunkRows = 256;           // one lock, one wake and one cut for so many
constexpr std::uint64_t kReadyBytes = 64u << 20;  // of finished samples: 340 of 256 × 256
constexpr Duration kLongestTurn = std::chrono::milliseconds(250);

bool is_programs(const Input& input) { return input.urls != nullptr || input.table != nullptr; }

}  // namespace

class Stream::State final : public pipeline::ResultSink {
 public:
  State(const Options& options, const StreamSettings& settings)
      : options_(options),
        form_(settings.form),
        ordered_(settings.ordered),
        places_(settings.ordered ? kOrderedRows : kWindowRows) {
    // Pixels are made by the way of pictures that are encoded anew, less the encoding.
    if (form_ == SampleForm::pixels && !options_.encode_format) {
      options_.encode_format = EncodeFormat::png;
      options_.encode_quality.reset();
    }
  }
  ~State() override { stop_and_join(); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  [[nodiscard]] Result<> open(const Input& input);
  void start();

  [[nodiscard]] Result<std::optional<Sample>> next();
  [[nodiscard]] bool wait(std::chrono::milliseconds longest);
  void stop();
  [[nodiscard]] StatsSnapshot stats() const;

  void take(pipeline::FetchStage& from, std::vector<net::FetchResult>&& results) override;

 private:
  /// What the window does not know of a row.
  struct Place {
    std::uint64_t turn = 0;  ///< how many were sent before it
    /// Shared because rows of one cut end at any time.
    std::shared_ptr<const readers::ColumnTable> columns{};
    std::uint64_t row_of_columns = 0;
  };

  [[nodiscard]] Result<> open_list(const Input& input);
  [[nodiscard]] Result<> open_loops();
  void read_rows(const std::stop_token& stop);
  [[nodiscard]] Result<bool> read_chunk();
  [[nodiscard]] Result<> attach_columns(const std::vector<std::uint32_t>& places);
  void send(std::uint32_t place, const readers::RawRow& row);
  void flush();
  void make_samples(pipeline::SampleMaker& maker);
  [[nodiscard]] pipeline::ReadySample make(pipeline::Arrival& arrival,
                                           pipeline::SampleMaker& maker);
  void release_places();
  void stop_and_join();

  Options options_;
  const SampleForm form_;
  const bool ordered_;
  pipeline::RunSettings settings_;
  pipeline::MachineWorld world_;
  pipeline::AllFiles lists_{world_.files()};
  std::unique_ptr<readers::RowReader> reader_;
  std::vector<Place> places_;
  std::unique_ptr<pipeline::SharedNet> shared_;
  std::unique_ptr<pipeline::RowWindow> window_;
  std::unique_ptr<pipeline::MemoryParts> parts_;
  std::unique_ptr<pipeline::SampleLine> line_;
  std::vector<std::unique_ptr<pipeline::Loop>> loops_;
  std::vector<std::unique_ptr<pipeline::FetchStage>> stages_;
  std::vector<pipeline::FetchStage*> peers_;
  std::vector<pipeline::SampleMaker> makers_;

  // The intake's.
  std::vector<std::vector<net::Job>> outgoing_;  // by loop
  std::vector<net::FetchResult> refused_;
  std::uint64_t next_row_ = 0;  // of the list
  std::uint64_t sent_ = 0;
  std::uint64_t cut_rows_ = 0;  // before it the columns were cut
  // The reader's.
  std::vector<std::uint32_t> taken_places_;

  std::atomic<std::uint64_t> rows_read_ = 0;
  std::array<std::atomic<std::uint64_t>, 128> by_status_{};
  std::atomic<std::uint64_t> bytes_body_ = 0;
  Instant started_{};
  std::jthread intake_thread_;
  std::vector<std::jthread> loop_threads_;
  std::vector<std::jthread> maker_threads_;
};

// ---- opening

Result<> Stream::State::open(const Input& input) {
  auto settings = pipeline::configure(options_, world_.machine());
  if (!settings) return std::unexpected(std::move(settings).error());
  settings_ = std::move(*settings);
  if (auto opened = open_list(input); !opened) return opened;
  return open_loops();
}

Result<> Stream::State::open_list(const Input& input) {
  auto settings = pipeline::configure_input(options_);
  if (!settings) return std::unexpected(std::move(settings).error());
  settings->list_by_list = false;  // there are no shards
  auto reader = is_programs(input) ? pipeline::open_program_rows(input, settings->table)
                                   : pipeline::open_rows(lists_, options_.url_list, *settings);
  if (!reader) return std::unexpected(std::move(reader).error());
  reader_ = std::move(*reader);
  return {};
}

Result<> Stream::State::open_loops() {
  auto shared = pipeline::SharedNet::create(settings_, world_);
  if (!shared) return std::unexpected(std::move(shared).error());
  shared_ = std::move(*shared);
  window_ = std::make_unique<pipeline::RowWindow>(places_.size(), settings_.window_bytes,
                                                  shared_->memory);
  parts_ = std::make_unique<pipeline::MemoryParts>(settings_);
  line_ = std::make_unique<pipeline::SampleLine>(ordered_,
                                                 std::min(kReadyBytes, settings_.memory_bytes / 8));
  for (std::uint32_t i = 0; i < settings_.loop_count; ++i) {
    auto loop = pipeline::Loop::create(settings_, i, *shared_, *parts_, world_);
    if (!loop) return std::unexpected(std::move(loop).error());
    loops_.push_back(std::move(*loop));
    stages_.push_back(std::make_unique<pipeline::FetchStage>(
        loops_.back()->fetcher(), loops_.back()->network(), shared_->clock, *this));
    peers_.push_back(stages_.back().get());
  }
  for (const auto& stage : stages_) stage->set_peers(peers_);
  outgoing_.resize(peers_.size());
  for (std::uint32_t i = 0; i < settings_.write_count; ++i) {
    auto maker =
        pipeline::SampleMaker::create(settings_.sample, settings_.hash, &shared_->decode_room);
    if (!maker) return std::unexpected(std::move(maker).error());
    makers_.push_back(std::move(*maker));
  }
  return {};
}

void Stream::State::start() {
  started_ = shared_->clock.now();
  for (pipeline::SampleMaker& maker : makers_)
    maker_threads_.emplace_back([this, &maker] { make_samples(maker); });
  for (const auto& stage : stages_) {
    loop_threads_.emplace_back([&stage](const std::stop_token& stop) {
      while (!stop.stop_requested()) stage->step(kLongestTurn);
    });
  }
  intake_thread_ = std::jthread([this](const std::stop_token& stop) { read_rows(stop); });
}

// ---- rows in

void Stream::State::read_rows(const std::stop_token& stop) {
  std::optional<Error> failure;
  while (!stop.stop_requested()) {
    auto more = read_chunk();
    if (more && *more) continue;
    if (!more) failure = std::move(more).error();
    break;
  }
  line_->end(sent_, std::move(failure));
}

// As many rows as have places, and are there; false at the end.
Result<bool> Stream::State::read_chunk() {
  std::vector<std::uint32_t> free;
  window_->acquire(kChunkRows, free);
  if (free.empty()) return false;  // stopping
  std::vector<std::uint32_t> used;
  Result<bool> more = true;
  readers::RawRow row;
  while (used.size() < free.size()) {
    if (options_.max_rows && rows_read_.load(std::memory_order_relaxed) >= *options_.max_rows) {
      more = false;
    } else if (used.empty() || reader_->is_ready()) {
      more = reader_->next(row);
    } else {
      break;
    }
    if (!more || !*more) break;
    const std::uint64_t index = next_row_++;
    rows_read_.fetch_add(1, std::memory_order_relaxed);
    if (index % options_.worker_count != options_.worker_index) continue;
    const std::uint32_t place = free[used.size()];
    pipeline::PendingRow& pending = (*window_)[place];
    pending.index = index;
    pending.line = row.line;
    pending.input = row.input;
    pending.url.assign(row.text);
    pending.verify_hash.assign(row.verify_hash);
    pending.boxes.clear();
    for (const readers::Box& box : row.boxes)
      pending.boxes.push_back({box.left, box.top, box.right, box.bottom});
    places_[place] = {.turn = sent_++, .row_of_columns = index - cut_rows_};
    used.push_back(place);
    send(place, row);
  }
  free.erase(free.begin(), free.begin() + static_cast<std::ptrdiff_t>(used.size()));
  window_->release(free);
  if (auto attached = attach_columns(used); !attached && more)
    more = std::unexpected(std::move(attached).error());
  flush();
  return more;
}

// Before the rows go: the columns of all that were read since the last time.
Result<> Stream::State::attach_columns(const std::vector<std::uint32_t>& places) {
  auto cut = reader_->cut_columns();
  if (!cut) return std::unexpected(std::move(cut).error());
  cut_rows_ = next_row_;
  if (cut->empty() || places.empty()) return {};
  auto module = pipeline::load_arrow();
  if (!module) return std::unexpected(std::move(module).error());
  auto table = (*module)->open_columns(*cut);
  if (!table) return std::unexpected(std::move(table).error());
  const std::shared_ptr<const readers::ColumnTable> shared = std::move(*table);
  for (const std::uint32_t place : places) places_[place].columns = shared;
  return {};
}

void Stream::State::send(std::uint32_t place, const readers::RawRow& row) {
  auto url =
      row.problem.empty()
          ? net::parse_url(row.text)
          : std::unexpected(Error{.code = ErrorCode::bad_row, .detail = std::string(row.problem)});
  if (url) {
    outgoing_[net::loop_of(*url, static_cast<std::uint32_t>(peers_.size()))].push_back(
        {.id = place, .url = std::move(*url)});
    return;
  }
  net::FetchResult refused{.id = place};
  refused.outcome.status = url.error().code;
  refused.outcome.detail = std::move(url).error().detail;
  refused.outcome.retrieved_at = std::chrono::system_clock::now();
  refused_.push_back(std::move(refused));
}

void Stream::State::flush() {
  for (std::size_t loop = 0; loop < peers_.size(); ++loop) {
    if (!outgoing_[loop].empty()) peers_[loop]->submit(std::exchange(outgoing_[loop], {}));
  }
  if (!refused_.empty()) take(*peers_.front(), std::exchange(refused_, {}));
}

// ---- samples out

void Stream::State::take(pipeline::FetchStage& from, std::vector<net::FetchResult>&& results) {
  for (net::FetchResult& result : results) {
    if (ordered_) shared_->memory.release_finished(result.body.capacity());
    const std::uint64_t turn = places_[result.id].turn;
    line_->arrive({.from = &from, .result = std::move(result), .turn = turn});
  }
}

void Stream::State::make_samples(pipeline::SampleMaker& maker) {
  while (auto arrival = line_->take_arrival()) {
    pipeline::ReadySample ready = make(*arrival, maker);
    Buffer& body = arrival->result.body;
    if (!ordered_) shared_->memory.release_finished(body.capacity());
    if (body.capacity() > 0) {
      std::vector<Buffer> spent;
      spent.push_back(std::move(body));
      arrival->from->recycle(std::move(spent));
    }
    const Pixels& pixels = ready.sample.pixels;
    const std::uint64_t bytes =
        ready.sample.encoded.size() + std::uint64_t{pixels.width} * pixels.height * pixels.channels;
    line_->finish(arrival->turn, std::move(ready), bytes);
  }
}

pipeline::ReadySample Stream::State::make(pipeline::Arrival& arrival,
                                          pipeline::SampleMaker& maker) {
  net::FetchResult& result = arrival.result;
  const pipeline::PendingRow& pending = (*window_)[result.id];
  pipeline::ReadySample ready{.place = static_cast<std::uint32_t>(result.id)};
  Sample& sample = ready.sample;
  Outcome& outcome = result.outcome;
  const auto body = result.body.bytes().subspan(std::min(result.body_begin, result.body.size()));
  if (outcome.status == ErrorCode::success && form_ == SampleForm::pixels) {
    image::Image image = maker.make_pixels(body, pending, outcome);
    sample.pixels = {
        .width = image.width(), .height = image.height(), .channels = image.channels()};
    sample.pixels.data = std::move(image).take_pixels();
  } else if (outcome.status == ErrorCode::success) {
    const auto encoded = maker.make(body, pending, outcome);
    sample.encoded.assign(encoded.begin(), encoded.end());
  }
  const Place& place = places_[result.id];
  if (place.columns) {
    if (const auto caption = place.columns->caption(place.row_of_columns))
      sample.caption = *caption;
    sample.columns = "{";
    place.columns->append_json(place.row_of_columns, sample.columns);
    sample.columns += "}";
  }
  sample.row = {.index = pending.index,
                .input = std::string(pending.input),
                .line = pending.line,
                .url = pending.url,
                .outcome = std::move(outcome)};
  by_status_[static_cast<std::size_t>(sample.row.outcome.status)].fetch_add(
      1, std::memory_order_relaxed);
  bytes_body_.fetch_add(sample.row.outcome.bytes, std::memory_order_relaxed);
  return ready;
}

Result<std::optional<Sample>> Stream::State::next() {
  while (!line_->wait(std::chrono::milliseconds(0))) {
    release_places();
    if (line_->wait(std::chrono::hours(1))) break;
  }
  auto ready = line_->take_ready();
  if (!ready) {
    if (auto failure = line_->failure()) return std::unexpected(std::move(*failure));
    return std::nullopt;
  }
  taken_places_.push_back(ready->place);
  if (taken_places_.size() >= kOrderedRows / 8) release_places();
  return std::move(ready->sample);
}

bool Stream::State::wait(std::chrono::milliseconds longest) {
  if (line_->wait(std::chrono::milliseconds(0))) return true;
  release_places();
  return line_->wait(longest);
}

// Some at a time: each release may wake the intake for as few rows as it frees.
void Stream::State::release_places() {
  window_->release(taken_places_);
  taken_places_.clear();
}

// ---- stopping and telling

void Stream::State::stop() {
  line_->close();
  if (window_) window_->close();
  intake_thread_.request_stop();
}

void Stream::State::stop_and_join() {
  if (!line_) return;
  stop();
  if (intake_thread_.joinable()) intake_thread_.join();
  for (std::size_t i = 0; i < loop_threads_.size(); ++i) {
    loop_threads_[i].request_stop();
    stages_[i]->wake();
  }
  loop_threads_.clear();
  maker_threads_.clear();
}

StatsSnapshot Stream::State::stats() const {
  StatsSnapshot stats;
  stats.time = std::chrono::system_clock::now();
  for (const auto& stage : stages_) {
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
  }
  stats.seconds = std::chrono::duration<double>(shared_->clock.now() - started_).count();
  stats.rows_read = rows_read_.load(std::memory_order_relaxed);
  stats.rows_done = line_->taken();
  stats.bytes_body = bytes_body_.load(std::memory_order_relaxed);
  stats.memory_bytes = shared_->memory.used();
  for (std::size_t i = 0; i < by_status_.size(); ++i)
    stats.by_status[i] = by_status_[i].load(std::memory_order_relaxed);
  return stats;
}

// ---- the public face

Stream::Stream(std::unique_ptr<State> state) : state_(std::move(state)) {}
Stream::~Stream() = default;
Stream::Stream(Stream&&) noexcept = default;
Stream& Stream::operator=(Stream&&) noexcept = default;

Result<Stream> Stream::create(const Options& options, const Input& input,
                              const StreamSettings& settings) {
  auto state = std::make_unique<State>(options, settings);
  if (auto opened = state->open(input); !opened) return std::unexpected(std::move(opened).error());
  state->start();
  return Stream(std::move(state));
}

Result<std::optional<Sample>> Stream::next() { return state_->next(); }
bool Stream::wait(std::chrono::milliseconds longest) { return state_->wait(longest); }
void Stream::stop() { state_->stop(); }
StatsSnapshot Stream::stats() const { return state_->stats(); }

}  // namespace pixhaul
