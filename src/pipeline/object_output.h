#pragma once

#include <string>
#include <string_view>

#include "arrow_io/module.h"
#include "base/file.h"

namespace pixhaul::pipeline {

/// What writing to the store of `uri` ("s3://bucket/prefix?…") takes: the local folder for what
/// cannot be an object (XDG_CACHE_HOME, else ~/.cache, below pixhaul/outputs), and for S3 the
/// conditional create, a PUT with If-None-Match that is signed here with the credentials of the
/// environment (AWS_ACCESS_KEY_ID …) or of the shared credentials file. It goes to the user's own
/// storage, so the address guard has no say. `local` outlives it. Reads the environment.
[[nodiscard]] arrow_io::StoreOutput store_output(FileSystem& local, std::string_view uri);

/// One sentence when the store at `uri` cannot be asked for the conditional create, so that a rival
/// run on another machine is not kept out; "" when it can, and for a local path.
[[nodiscard]] std::string weaker_promise(std::string_view uri);

}  // namespace pixhaul::pipeline
