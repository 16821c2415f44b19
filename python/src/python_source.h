#pragma once

#include <nanobind/nanobind.h>

#include <cstddef>
#include <exception>
#include <string>
#include <vector>

#include "pixhaul/input.h"

namespace pixhaul::python {

/// An iterator of Python as a run's source of URLs. The run's thread takes the GIL for each look.
/// What the iterator raises ends the run; it is rethrown by the caller of the run, under the GIL.
class PythonSource final : public UrlSource {
 public:
  /// `iterator` outlives this. `at_once`: how many items to take under one GIL; 1 from an iterator
  /// that may wait. Under the GIL.
  PythonSource(nanobind::handle iterator, std::size_t at_once)
      : iterator_(iterator), at_once_(at_once) {}

  [[nodiscard]] Result<bool> next(std::string& url) override;
  [[nodiscard]] bool is_ready() override { return at_once_ > 1 || at_ < urls_.size() || is_done_; }
  [[nodiscard]] const std::exception_ptr& raised() const { return raised_; }

 private:
  void take_some();

  nanobind::handle iterator_;
  const std::size_t at_once_;
  std::vector<std::string> urls_;
  std::size_t at_ = 0;
  std::uint64_t taken_ = 0;
  bool is_done_ = false;
  std::exception_ptr raised_;
};

}  // namespace pixhaul::python
