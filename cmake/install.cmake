# cmake --install: the command, libpixhaul with its headers, how CMake and pkg-config find it, the manual page and the
# completions. One shared library made of all parts: a program that links it names no other library, and nothing of
# theirs is needed to build against it.
include(GNUInstallDirs)
include(CMakePackageConfigHelpers)

set(parts)
foreach(part base net image sandbox readers writers ledger stats pipeline dashboard)
  if(TARGET pixhaul_${part})
    list(APPEND parts pixhaul_${part})
  endif()
endforeach()
file(CONFIGURE OUTPUT libpixhaul.cc CONTENT "// All code comes from the parts.\n")
add_library(libpixhaul SHARED "${PROJECT_BINARY_DIR}/libpixhaul.cc")
target_link_libraries(libpixhaul PRIVATE ${parts})
# Whole archives, so that what no part calls itself (the public functions) is there too.
list(JOIN parts "," part_names)
set_target_properties(libpixhaul PROPERTIES LINK_LIBRARY_OVERRIDE "WHOLE_ARCHIVE,${part_names}")
target_include_directories(libpixhaul INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(libpixhaul INTERFACE cxx_std_23)
# Before 1.0 a minor version may break programs, so it is part of the soname.
set_target_properties(libpixhaul PROPERTIES OUTPUT_NAME pixhaul EXPORT_NAME pixhaul
  VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR})
add_library(pixhaul::pixhaul ALIAS libpixhaul)

install(TARGETS pixhaul RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS libpixhaul EXPORT pixhaul LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(TARGETS pixhaul-decoder RUNTIME DESTINATION ${CMAKE_INSTALL_LIBDIR}/pixhaul)
if(TARGET pixhaul_arrow)
  install(TARGETS pixhaul_arrow LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/pixhaul)
  install(FILES ${PIXHAUL_ARROW_FILES} DESTINATION ${CMAKE_INSTALL_LIBDIR}/pixhaul)
endif()
install(FILES docs/events.schema.json docs/grafana.json DESTINATION ${CMAKE_INSTALL_DATADIR}/pixhaul)
install(DIRECTORY include/pixhaul DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN "*.h")

set(package_folder ${CMAKE_INSTALL_LIBDIR}/cmake/pixhaul)
install(EXPORT pixhaul NAMESPACE pixhaul:: FILE pixhaul-config.cmake DESTINATION ${package_folder})
write_basic_package_version_file(pixhaul-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES "${CMAKE_CURRENT_BINARY_DIR}/pixhaul-config-version.cmake" DESTINATION ${package_folder})
# Relative, so that the tree may be installed or moved anywhere.
file(RELATIVE_PATH pixhaul_prefix_from_pc "/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/")
configure_file(cmake/pixhaul.pc.in pixhaul.pc @ONLY)
install(FILES "${PROJECT_BINARY_DIR}/pixhaul.pc" DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# The pages are made by the command that was just built, so they cannot lag behind it.
function(pixhaul_page file)
  add_custom_command(OUTPUT "${PROJECT_BINARY_DIR}/${file}" DEPENDS pixhaul
    COMMAND pixhaul ${ARGN} > "${PROJECT_BINARY_DIR}/${file}" VERBATIM)
  set_property(GLOBAL APPEND PROPERTY pixhaul_pages "${PROJECT_BINARY_DIR}/${file}")
endfunction()
pixhaul_page(pixhaul.1 man)
pixhaul_page(pixhaul.bash completion bash)
pixhaul_page(_pixhaul completion zsh)
pixhaul_page(pixhaul.fish completion fish)
get_property(pages GLOBAL PROPERTY pixhaul_pages)
add_custom_target(pixhaul_pages ALL DEPENDS ${pages})
install(FILES "${PROJECT_BINARY_DIR}/pixhaul.1" DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES "${PROJECT_BINARY_DIR}/pixhaul.bash" RENAME pixhaul
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions)
install(FILES "${PROJECT_BINARY_DIR}/_pixhaul" DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES "${PROJECT_BINARY_DIR}/pixhaul.fish" DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
