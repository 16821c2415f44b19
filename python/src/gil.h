#pragma once

#include <Python.h>
#include <unistd.h>

namespace pixhaul::python {

/// A thread that asks for the GIL while the interpreter ends is unwound by force up to 3.13, which
/// no destructor survives. It then stays where it is: the process is about to end.
template <class Take>
void take_gil(Take take) {
  try {
    take();
  } catch (...) {
    for (;;) ::pause();
  }
}

/// Other Python threads run while it lives. REQUIRES: the GIL.
class FreeGil {
 public:
  FreeGil() : state_(PyEval_SaveThread()) {}
  ~FreeGil() {
    take_gil([this] { PyEval_RestoreThread(state_); });
  }
  FreeGil(const FreeGil&) = delete;
  FreeGil& operator=(const FreeGil&) = delete;

 private:
  PyThreadState* state_;
};

/// Holds the GIL, on a thread of the engine too.
class HoldGil {
 public:
  HoldGil() {
    take_gil([this] { state_ = PyGILState_Ensure(); });
  }
  ~HoldGil() { PyGILState_Release(state_); }
  HoldGil(const HoldGil&) = delete;
  HoldGil& operator=(const HoldGil&) = delete;

 private:
  PyGILState_STATE state_{};
};

}  // namespace pixhaul::python
