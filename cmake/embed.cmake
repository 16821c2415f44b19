# The dashboard's page inside the binary. Run as a script: NAME=FILE pairs become functions that give the files' texts.
#   cmake -DOUT=page.cc -DHTML=page.html -DPOLICY=page.csp -P embed.cmake
# Without cpp-httplib or web/node_modules (tools/install_packages web) PIXHAUL_DASHBOARD is off, and the command says so.
if(CMAKE_SCRIPT_MODE_FILE)
  # Compilers bound the length of one literal; pieces stay below it. Bytes, so that no text needs escapes.
  function(literal file result)
    file(READ "${file}" hex HEX)
    string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," bytes "${hex}")
    set(${result} "${bytes}" PARENT_SCOPE)
  endfunction()
  literal("${HTML}" html)
  literal("${POLICY}" policy)
  file(WRITE "${OUT}" "#include \"dashboard/routes.h\"\nnamespace pixhaul::dashboard {\n"
    "namespace {\nconst unsigned char kHtml[] = {${html}0};\nconst unsigned char kPolicy[] = {${policy}0};\n}\n"
    "std::string_view page_html() { return {reinterpret_cast<const char*>(kHtml), sizeof kHtml - 1}; }\n"
    "std::string_view page_policy() { return {reinterpret_cast<const char*>(kPolicy), sizeof kPolicy - 1}; }\n}\n")
  return()
endif()

pkg_check_modules(httplib QUIET IMPORTED_TARGET cpp-httplib)
find_program(NODE_PROGRAM node)
set(PIXHAUL_DASHBOARD OFF)
if(TARGET PkgConfig::httplib AND NODE_PROGRAM AND EXISTS "${PROJECT_SOURCE_DIR}/web/node_modules/vite")
  set(PIXHAUL_DASHBOARD ON)
else()
  message(STATUS "dashboard: left out; tools/install_packages web brings what it needs")
endif()

# Adds to `sources` the file that holds the page.
function(pixhaul_embed_page sources)
  set(web "${PROJECT_SOURCE_DIR}/web")
  set(folder "${CMAKE_CURRENT_BINARY_DIR}/page")
  file(GLOB inputs CONFIGURE_DEPENDS "${web}/src/*" "${web}/index.html" "${web}/vite.config.js" "${web}/package-lock.json")
  add_custom_command(OUTPUT "${folder}/index.html" "${folder}/page.csp" DEPENDS ${inputs} WORKING_DIRECTORY "${web}"
    COMMAND "${NODE_PROGRAM}" node_modules/vite/bin/vite.js build --logLevel warn --outDir "${folder}" VERBATIM)
  add_custom_command(OUTPUT "${CMAKE_CURRENT_BINARY_DIR}/page.cc"
    DEPENDS "${folder}/index.html" "${folder}/page.csp" "${PROJECT_SOURCE_DIR}/cmake/embed.cmake"
    COMMAND "${CMAKE_COMMAND}" "-DOUT=${CMAKE_CURRENT_BINARY_DIR}/page.cc" "-DHTML=${folder}/index.html"
      "-DPOLICY=${folder}/page.csp" -P "${PROJECT_SOURCE_DIR}/cmake/embed.cmake" VERBATIM)
  set(${sources} "${CMAKE_CURRENT_BINARY_DIR}/page.cc" PARENT_SCOPE)
endfunction()
