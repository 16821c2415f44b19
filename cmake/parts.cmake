# pixhaul_part(NAME SOURCES … LINKS …): the static library of one folder of src/.
# LINKS holds other parts by folder name and outside libraries by target.
function(pixhaul_part name)
  cmake_parse_arguments(PART "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(pixhaul_${name} STATIC ${PART_SOURCES})
  target_include_directories(pixhaul_${name} PUBLIC "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(pixhaul_${name} PUBLIC pixhaul_public ${PART_LINKS}
    PRIVATE pixhaul_warnings ${PART_PRIVATE_LINKS})
  # Globbed, unlike sources: none may escape the check that each header compiles alone.
  file(GLOB headers CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.h")
  target_sources(pixhaul_${name} PUBLIC FILE_SET HEADERS BASE_DIRS "${PROJECT_SOURCE_DIR}/src" FILES ${headers})
endfunction()

# GoogleTest's headers cost more than most tests themselves; every test starts from one translation of them.
# An executable, because its code is position-independent in the way of the tests'.
function(pixhaul_precompile_test_headers)
  file(CONFIGURE OUTPUT precompiled.cc CONTENT "// Owner of the precompiled headers.\n")
  add_executable(pixhaul_precompiled "${CMAKE_CURRENT_BINARY_DIR}/precompiled.cc")
  target_link_libraries(pixhaul_precompiled PRIVATE pixhaul_warnings GTest::gmock_main)
  target_precompile_headers(pixhaul_precompiled PRIVATE <gmock/gmock.h> <gtest/gtest.h>
    <algorithm> <chrono> <functional> <memory> <span> <string> <string_view> <vector>)
endfunction()

# pixhaul_test(folder/unit LINKS …): tests/folder/unit_test.cc as the CTest folder/unit.
function(pixhaul_test unit)
  cmake_parse_arguments(TEST "" "" "LINKS;SOURCES" ${ARGN})
  string(REPLACE "/" "_" target "${unit}_test")
  add_executable(${target} "${PROJECT_SOURCE_DIR}/tests/${unit}_test.cc" ${TEST_SOURCES})
  target_include_directories(${target} PRIVATE "${PROJECT_SOURCE_DIR}/tests")
  target_link_libraries(${target} PRIVATE pixhaul_warnings ${TEST_LINKS} GTest::gmock_main)
  add_test(NAME ${unit} COMMAND ${target})
  set_tests_properties(${unit} PROPERTIES TIMEOUT 120)
  target_precompile_headers(${target} REUSE_FROM pixhaul_precompiled)
  # g++ 12 follows inlined strings and vectors of the standard library to bounds that are not there.
  target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-array-bounds -Wno-restrict
    -Wno-stringop-overflow -Wno-stringop-overread -Wno-free-nonheap-object>)
endfunction()
