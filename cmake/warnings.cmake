# The warnings every target of ours is built with; outside headers are SYSTEM and stay silent.
add_library(pixhaul_warnings INTERFACE)
target_compile_options(pixhaul_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor
  -Wold-style-cast -Wimplicit-fallthrough $<$<BOOL:${PIXHAUL_WERROR}>:-Werror>
  # Designated initialisers leave members to their defaults on purpose.
  -Wno-missing-field-initializers
  # std::stable_sort of libstdc++ 12 uses a function it deprecates itself; clang says so at the caller.
  $<$<CXX_COMPILER_ID:Clang>:-Wno-deprecated-declarations>)
