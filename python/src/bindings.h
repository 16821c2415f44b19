#pragma once

#include <nanobind/nanobind.h>

#include <utility>

#include "pixhaul/result.h"

// What the bind_*.cc share. Exceptions live in this folder only: Python has no other way to say
// that a run cannot go on.
namespace pixhaul::python {

namespace nb = nanobind;

/// Becomes the exception of pixhaul._errors that fits its code.
struct Failure {
  Error error;
};

template <class T>
T value_or_raise(Result<T>&& result) {
  if (!result) throw Failure{std::move(result).error()};
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

void bind_errors(nb::module_& core);
void bind_options(nb::module_& core);
void bind_img2dataset(nb::module_& core);
void bind_outcome(nb::module_& core);
void bind_download(nb::module_& core);
void bind_session(nb::module_& core);
void bind_stream(nb::module_& core);

}  // namespace pixhaul::python
