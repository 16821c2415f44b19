#pragma once

// The whole public API.
#include "pixhaul/compare.h"
#include "pixhaul/download.h"
#include "pixhaul/fetch.h"
#include "pixhaul/img2dataset.h"
#include "pixhaul/img2dataset_parts.h"
#include "pixhaul/input.h"
#include "pixhaul/option_table.h"
#include "pixhaul/options.h"
#include "pixhaul/outcome.h"
#include "pixhaul/result.h"
#include "pixhaul/session.h"
#include "pixhaul/stats.h"
#include "pixhaul/status.h"
#include "pixhaul/stream.h"
#include "pixhaul/verify.h"
#include "pixhaul/version.h"
