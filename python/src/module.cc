// pixhaul._core: the public headers as Python sees them, thin; what is convenient is written in
// Python on top of it.
#include "bindings.h"
#include "pixhaul/version.h"

NB_MODULE(_core, core) {
  using namespace pixhaul;  // NOLINT(google-build-using-namespace): nothing else is in this file
  core.doc() = "pixhaul's engine; use the names of `pixhaul` itself.";
  core.attr("__version__") = version().c_str();
  python::bind_errors(core);
  python::bind_img2dataset(core);
  python::bind_options(core);
  python::bind_outcome(core);
  python::bind_download(core);
  python::bind_session(core);
  python::bind_stream(core);
}
