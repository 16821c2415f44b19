// The public door to a run. In a file of its own, so that a test of the command can put another in
// its place: mold takes an archive's member also for inline functions of the standard library that
// it happens to hold first, and one that holds a Run would come along with its download().
#include "pixhaul/download.h"

#include <utility>

#include "pipeline/run.h"

namespace pixhaul {

Result<Summary> download(const Options& options, Observer& observer, std::stop_token stop) {
  return download(options, Input(), observer, std::move(stop));
}

Result<Summary> download(const Options& options, const Input& input, Observer& observer,
                         std::stop_token stop) {
  pipeline::MachineWorld world;
  pipeline::ThreadCrew crew;
  auto run = pipeline::Run::create(options, world, crew, input);
  if (!run) return std::unexpected(std::move(run).error());
  return (*run)->work(observer, std::move(stop));
}

}  // namespace pixhaul
