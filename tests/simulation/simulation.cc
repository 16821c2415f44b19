#include "simulation/simulation.h"

#include <cerrno>
#include <map>
#include <stop_token>
#include <utility>

#include "pipeline/run.h"
#include "simulation/folder_check.h"
#include "simulation/scenario.h"
#include "simulation/sim_world.h"
#include "simulation/step_crew.h"

namespace pixhaul::testing {

namespace {

// Asks for a stop at the n-th report of progress; 0 never.
class StopAt final : public Observer {
 public:
  explicit StopAt(std::uint64_t reports) : left_(reports) {}
  void on_progress(const StatsSnapshot&) override {
    if (left_ > 0 && --left_ == 0) source_.request_stop();
  }
  [[nodiscard]] std::stop_token token() const { return source_.get_token(); }

 private:
  std::stop_source source_;
  std::uint64_t left_;
};

/// One folder's life in one world.
class Life {
 public:
  explicit Life(std::uint64_t seed) : scenario_(seed), world_(seed ^ 0xd15c) {
    scenario_.build(world_);
  }

  /// One run, to its end or to what ends it. True when it says that all is done.
  bool run(std::uint64_t schedule, std::uint64_t stop_at = 0) {
    StepCrew crew(world_, schedule, [this] {
      FolderCheck check(world_.disk(), scenario_);
      reported_ = check.shards();
    });
    StopAt observer(stop_at);
    auto run = pipeline::Run::create(scenario_.options(), world_, crew);
    if (!run) return note(std::move(run).error());
    auto summary = (*run)->work(observer, observer.token());
    if (!summary) return note(std::move(summary).error());
    return summary->stopped == Stopped::no;
  }

  void check(std::vector<std::string> found, std::string_view when) {
    for (std::string& violation : found) violations_.push_back(std::string(when) + violation);
  }
  /// The disk has failed a call that the run could do without: a removal.
  void forgive_temporaries() { temporaries_ = FolderCheck::Temporaries::forgiven; }
  void check_visible(std::string_view when) {
    check(FolderCheck(world_.disk(), scenario_).check_visible(reported_), when);
  }
  /// What the finished folder holds.
  std::string finish() {
    FolderCheck folder(world_.disk(), scenario_);
    check(folder.check_finished(reported_, temporaries_), "finished: ");
    std::string essence = folder.essence();
    world_.log().add(essence);
    return essence;
  }

  [[nodiscard]] const Scenario& scenario() const { return scenario_; }
  [[nodiscard]] SimWorld& world() { return world_; }
  [[nodiscard]] std::vector<std::string>& violations() { return violations_; }
  [[nodiscard]] ErrorCode last_error() const { return last_error_; }

 private:
  bool note(const Error& error) {
    last_error_ = error.code;
    world_.log().add(error.detail);
    return false;
  }

  Scenario scenario_;
  SimWorld world_;
  std::map<std::string, std::string> reported_;
  std::vector<std::string> violations_;
  FolderCheck::Temporaries temporaries_ = FolderCheck::Temporaries::none;
  ErrorCode last_error_ = ErrorCode::success;
};

enum class Disturbance : std::uint8_t { kill, power_cut, partial_power_cut, full_disk, stop };

constexpr Disturbance kDisturbances[] = {Disturbance::kill, Disturbance::power_cut,
                                         Disturbance::partial_power_cut, Disturbance::full_disk,
                                         Disturbance::stop};

constexpr std::string_view kAfter[] = {
    "after a kill: ", "after a power cut: ", "after a partial power cut: ", "after a disk fault: ",
    "after a stop: "};

// A run in which `what` happens around the `call`-th write-side call. Whether it did.
bool disturb(Life& life, Disturbance what, std::uint64_t call, Random& chance) {
  test::MemoryFileSystem& disk = life.world().disk();
  if (what == Disturbance::stop) return !life.run(chance.next(), 1 + call % 40);
  const int error = chance.next() % 2 == 0 ? ENOSPC : EIO;
  disk.fail_call(call, what == Disturbance::full_disk ? error : EIO,
                 what != Disturbance::full_disk);
  const bool is_done = life.run(chance.next());
  if (what == Disturbance::power_cut) disk.crash();
  if (what == Disturbance::partial_power_cut) disk.crash_partly(chance.next());
  if (what == Disturbance::power_cut || what == Disturbance::partial_power_cut)
    life.world().reboot();
  disk.heal();
  if (is_done && what == Disturbance::full_disk) life.forgive_temporaries();
  return !is_done;
}

}  // namespace

SimulationReport simulate(std::uint64_t seed) {
  SimulationReport report;
  Random chance(seed * 2 + 1);
  Life calm(seed);
  if (!calm.run(chance.next())) calm.violations().push_back("an undisturbed run did not end well");
  const std::string wanted = calm.finish();

  Life life(seed);
  const std::uint64_t calls = calm.world().disk().calls();
  bool is_done = false;
  for (std::uint64_t left = 1 + chance.next() % 3; left > 0; --left) {
    const Disturbance what = kDisturbances[chance.next() % std::size(kDisturbances)];
    if (!disturb(life, what, 1 + chance.next() % calls, chance)) continue;
    ++report.disturbances;
    report.power_cuts += what == Disturbance::power_cut || what == Disturbance::partial_power_cut;
    life.check_visible(kAfter[static_cast<std::size_t>(what)]);
  }
  is_done = life.run(chance.next());
  if (!is_done) {
    life.violations().push_back("the last run did not end well: error " +
                                std::to_string(static_cast<int>(life.last_error())));
  }
  const std::string got = life.finish();
  if (life.scenario().is_steady() && got != wanted)
    life.violations().push_back("another end than the undisturbed run's");

  EventLog both;
  for (Life* each : {&calm, &life}) {
    both.add(each->world().log().digest());
    report.events += each->world().log().count();
    for (std::string& violation : each->violations())
      report.violations.push_back(std::move(violation));
  }
  report.digest = both.digest();
  return report;
}

std::vector<std::string> ends_under_schedules(std::uint64_t seed, std::size_t count) {
  while (!Scenario(seed).is_steady()) seed += 1'000'003;
  std::vector<std::string> ends;
  for (std::size_t schedule = 0; schedule < count; ++schedule) {
    Life life(seed);
    life.world().use_loops(1 + static_cast<std::uint32_t>(schedule % 4));
    (void)life.run(schedule + 1);
    ends.push_back(life.finish());
  }
  return ends;
}

}  // namespace pixhaul::testing
