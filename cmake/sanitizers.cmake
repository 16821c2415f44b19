# PIXHAUL_SANITIZE=address adds undefined behaviour too; thread stands alone. Without vptr: the system's fmt hides the
# types it checks.
if(PIXHAUL_SANITIZE STREQUAL "address")
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-sanitize=vptr -fno-omit-frame-pointer)
  add_link_options(-fsanitize=address,undefined)
elseif(PIXHAUL_SANITIZE STREQUAL "thread")
  add_compile_options(-fsanitize=thread -fno-omit-frame-pointer)
  add_link_options(-fsanitize=thread)
endif()

# The harnesses bring libFuzzer's main; everything they call is instrumented for coverage.
if(PIXHAUL_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
