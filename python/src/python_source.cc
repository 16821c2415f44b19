#include "python_source.h"

#include <utility>

#include "gil.h"

namespace pixhaul::python {

namespace nb = nanobind;

Result<bool> PythonSource::next(std::string& url) {
  if (at_ == urls_.size() && !is_done_ && !raised_) take_some();
  if (at_ < urls_.size()) {
    url.swap(urls_[at_++]);
    return true;
  }
  if (!raised_) return false;
  return std::unexpected(
      Error{.code = ErrorCode::cancelled, .detail = "the iterator of URLs raised an exception"});
}

void PythonSource::take_some() {
  const HoldGil gil;
  urls_.clear();
  at_ = 0;
  try {
    while (urls_.size() < at_once_) {
      PyObject* next = PyIter_Next(iterator_.ptr());
      if (next == nullptr) {
        if (PyErr_Occurred() != nullptr) throw nb::python_error();
        is_done_ = true;
        return;
      }
      const nb::object item = nb::steal(next);
      ++taken_;
      Py_ssize_t size = 0;
      const char* text =
          PyUnicode_Check(item.ptr()) ? PyUnicode_AsUTF8AndSize(item.ptr(), &size) : nullptr;
      if (text != nullptr) {
        urls_.emplace_back(text, static_cast<std::size_t>(size));
      } else if (item.is_none()) {
        urls_.emplace_back();  // a row without a URL is a bad row, as in a table
      } else if (PyUnicode_Check(item.ptr())) {
        PyErr_Clear();  // lone surrogates
        urls_.emplace_back();
      } else {
        PyErr_Format(PyExc_TypeError, "URL %llu is of type %.100s, not str",
                     static_cast<unsigned long long>(taken_ - 1), Py_TYPE(item.ptr())->tp_name);
        throw nb::python_error();
      }
    }
  } catch (...) {
    raised_ = std::current_exception();
  }
}

}  // namespace pixhaul::python
