#include "arrow_io/counted_pool.h"

#include <arrow/buffer.h>
#include <arrow/memory_pool.h>
#include <arrow/result.h>
#include <gtest/gtest.h>

namespace pixhaul::arrow_io {
namespace {

TEST(CountedPool, TablesAreChargedFromTheMomentThereIsABudget) {
  CountedPool counted;
  const auto before = arrow::AllocateResizableBuffer(1024, counted.pool()).ValueOrDie();
  MemoryBudget budget(1 << 20, 1 << 20);
  counted.charge_to(&budget);
  EXPECT_EQ(budget.used(MemoryUser::tables), 1024u);
  {
    const auto more = arrow::AllocateResizableBuffer(2048, counted.pool()).ValueOrDie();
    EXPECT_EQ(budget.used(MemoryUser::tables), 3072u);
    ASSERT_TRUE(more->Resize(8192).ok());
    EXPECT_EQ(budget.used(MemoryUser::tables), 9216u);
  }
  EXPECT_EQ(budget.used(MemoryUser::tables), 1024u);
  counted.charge_to(nullptr);
  EXPECT_EQ(budget.used(), 0u);
  EXPECT_EQ(counted.pool()->bytes_allocated(), 1024);
}

TEST(CountedPool, WhatDoesNotFitIsRefusedWithTheRemedy) {
  CountedPool counted;
  MemoryBudget budget(10'000, 10'000);
  counted.charge_to(&budget);
  const auto refused = arrow::AllocateBuffer(20'000, counted.pool());
  ASSERT_FALSE(refused.ok());
  EXPECT_NE(refused.status().message().find("--memory"), std::string::npos);
  EXPECT_EQ(budget.used(), 0u);
  EXPECT_EQ(counted.pool()->bytes_allocated(), 0);
  counted.charge_to(nullptr);
}

}  // namespace
}  // namespace pixhaul::arrow_io
