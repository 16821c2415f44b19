# Arrow and Parquet: pixhaul::arrow and pixhaul::parquet, or neither. A system's Arrow comes first; Debian 12 has none, so
# tools/install_packages puts the wheel of pyarrow, which carries the same libraries and headers, into build/venv/arrow.
# PIXHAUL_PYARROW names another unpacked one: the folder with include/ and libarrow.so.*.
set(PIXHAUL_PYARROW "" CACHE PATH "The pyarrow folder of a wheel, for its headers and libraries")
set(PIXHAUL_ARROW_FILES "")  # libraries to be installed beside the module

# Libraries of a wheel have no name without a version, so each target names its file.
function(pixhaul_wheel_library target folder name)
  file(GLOB library "${folder}/${name}.so.*")
  list(LENGTH library count)
  if(NOT count EQUAL 1)
    message(FATAL_ERROR "${folder} holds ${count} files ${name}.so.*, not one")
  endif()
  get_filename_component(soname "${library}" NAME)
  add_library(pixhaul::${target} SHARED IMPORTED GLOBAL)
  set_target_properties(pixhaul::${target} PROPERTIES IMPORTED_LOCATION "${library}" IMPORTED_SONAME "${soname}"
    INTERFACE_INCLUDE_DIRECTORIES "${folder}/include")
endfunction()

find_package(Arrow CONFIG QUIET)
find_package(Parquet CONFIG QUIET)
if(Arrow_FOUND AND Parquet_FOUND AND Arrow_VERSION VERSION_GREATER_EQUAL 21)
  add_library(pixhaul::arrow ALIAS Arrow::arrow_shared)
  add_library(pixhaul::parquet ALIAS Parquet::parquet_shared)
  message(STATUS "Arrow ${Arrow_VERSION} of the system")
else()
  set(pyarrow "${PIXHAUL_PYARROW}")
  if(NOT pyarrow AND SKBUILD)
    # That of the environment the wheel is built in.
    find_package(Python 3.10 COMPONENTS Interpreter)
    execute_process(COMMAND "${Python_EXECUTABLE}" -c
      "import importlib.util as u; print(u.find_spec('pyarrow').submodule_search_locations[0])"
      OUTPUT_STRIP_TRAILING_WHITESPACE OUTPUT_VARIABLE pyarrow ERROR_QUIET)
  endif()
  if(NOT pyarrow)
    file(GLOB pyarrow "${PROJECT_SOURCE_DIR}/build/venv/arrow/lib/python3*/site-packages/pyarrow")
  endif()
  if(pyarrow)
    pixhaul_wheel_library(arrow "${pyarrow}" libarrow)
    pixhaul_wheel_library(parquet "${pyarrow}" libparquet)
    set_property(TARGET pixhaul::parquet PROPERTY INTERFACE_LINK_LIBRARIES pixhaul::arrow)
    file(GLOB PIXHAUL_ARROW_FILES "${pyarrow}/libarrow.so.*" "${pyarrow}/libparquet.so.*" "${pyarrow}/libarrow_s3.so.*")
    message(STATUS "Arrow of the wheel in ${pyarrow}")
  else()
    message(STATUS "No Arrow: tables, parquet and object stores are left out (tools/install_packages build gets it)")
  endif()
endif()
