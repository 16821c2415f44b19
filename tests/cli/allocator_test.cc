#include "cli/allocator.h"

#include <gtest/gtest.h>
#include <malloc.h>

#include <memory>

namespace pixhaul::cli {
namespace {

// An allocation that nobody looks at is left out by compilers.
std::unique_ptr<char[]> allocate(std::size_t bytes) {
  auto piece = std::make_unique_for_overwrite<char[]>(bytes);
  static_cast<volatile char*>(piece.get())[0] = 1;
  return piece;
}

TEST(Allocator, WhatIsLargeBesideTheMemoryIsNotKeptWhenItIsFreed) {
  bound_allocator(64u << 20);
  allocate(8u << 20).reset();  // by itself, glibc would now keep pieces up to that
  const std::size_t before = mallinfo2().hblkhd;
  const auto body = allocate(2'000'000);
  EXPECT_GE(mallinfo2().hblkhd, before + 2'000'000);
  trim_allocator(1);
}

}  // namespace
}  // namespace pixhaul::cli
