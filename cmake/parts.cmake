# pixhaul_part(NAME SOURCES … LINKS …): the static library of one folder of src/.
# LINKS holds other parts by folder name and outside libraries by target.
function(pixhaul_part name)
  cmake_parse_arguments(PART "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
  add_library(pixhaul_${name} STATIC ${PART_SOURCES})
  target_include_directories(pixhaul_${name} PUBLIC "${PROJECT_SOURCE_DIR}/src")
  target_link_libraries(pixhaul_${name} PUBLIC pixhaul_public ${PART_LINKS}
    PRIVATE pixhaul_warnings ${PART_PRIVATE_LINKS})
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
endfunction()
