#pragma once

#include "sandbox/shared_region.h"

namespace pixhaul::sandbox {

/// Where a worker finds what its parent hands it.
constexpr int kMemoryDescriptor = 3;
constexpr int kChannelDescriptor = 4;

/// Does one task: reads task, body and boxes of the region, writes answer and sample.
using Handler = void (*)(const SharedRegion& region);

/// The task of the product: the image stage.
void handle_picture(const SharedRegion& region);

/// A worker's whole life: prepares the codecs, locks itself down, says so, then does a task for
/// each byte that comes over the channel until that closes. Returns the exit code of main().
[[nodiscard]] int run_worker(int argument_count, char** arguments, Handler handler);

}  // namespace pixhaul::sandbox
