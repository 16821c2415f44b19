#include "pipeline/arrow_loader.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "arrow_io/module.h"

namespace pixhaul::pipeline {
namespace {

// One test, because a module that was loaded stays.
TEST(ArrowLoader, MissingModuleIsASentenceAndAPresentOneIsLoadedOnce) {
  ASSERT_EQ(setenv("PIXHAUL_ARROW_MODULE", "/nowhere/libpixhaul_arrow.so", 1), 0);
  const Result<arrow_io::Module*> missing = load_arrow();
  ASSERT_FALSE(missing.has_value());
  EXPECT_EQ(missing.error().code, ErrorCode::input_unreadable);
  EXPECT_EQ(missing.error().detail,
            "tables, parquet and object stores need libpixhaul_arrow.so, which is not there "
            "(looked at '/nowhere/libpixhaul_arrow.so'); install pixhaul whole, or name the file "
            "in PIXHAUL_ARROW_MODULE");
  EXPECT_EQ(arrow_memory_bytes(), 0u);

  ASSERT_EQ(setenv("PIXHAUL_ARROW_MODULE", PIXHAUL_TEST_ARROW_MODULE, 1), 0);
  const Result<arrow_io::Module*> module = load_arrow();
  ASSERT_TRUE(module.has_value()) << module.error().detail;
  ASSERT_NE(*module, nullptr);
  EXPECT_EQ(load_arrow().value(), *module);
  EXPECT_EQ(arrow_memory_bytes(), (*module)->memory_bytes());
}

}  // namespace
}  // namespace pixhaul::pipeline
