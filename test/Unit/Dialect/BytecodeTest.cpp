//===- BytecodeTest.cpp - files of other versions -------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What an old or a later file may hold cannot be written by this compiler, so
// the dialect's readers get it from a stand-in for MLIR's reader.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/IR/Tenon.h"
#include "test/Fuzz/IR/BytecodeInput.h"

#include "mlir/IR/MLIRContext.h"

#include <gtest/gtest.h>

using namespace mlir;
using namespace tenon;

namespace {

class Bytecode : public testing::Test {
protected:
  Bytecode() {
    auto *dialect = context.getOrLoadDialect<TenonDialect>();
    interface = dialect->getRegisteredInterface<BytecodeDialectInterface>();
    context.getDiagEngine().registerHandler([this](Diagnostic &diagnostic) {
      errors += diagnostic.str();
      return success();
    });
  }

  /// The type behind these bytes.
  Type readType(StringRef bytes) {
    BytecodeInput input(&context, bytes);
    return interface->readType(input);
  }

  MLIRContext context;
  const BytecodeDialectInterface *interface = nullptr;
  std::string errors;
};

} // namespace

TEST_F(Bytecode, AxesThatAFileLacksHaveDefaults) {
  auto cache = dyn_cast_or_null<CacheType>(
      readType("\x01{layers = 3 : i64, heads = 2 : i64, dim = 8 : i64}"));
  ASSERT_TRUE(cache) << errors;
  EXPECT_EQ(cache.getLayers(), 3);
  EXPECT_EQ(cache.getStore(), CacheStore::KV);
  EXPECT_EQ(cache.getRope(), RopeState::Post);
  EXPECT_EQ(cache.getPos(), PositionKind::Original);
  EXPECT_EQ(cache.getLayout(), CacheLayout::Contiguous);
  EXPECT_TRUE(cache.getK().isF16() && cache.getV().isF16());
  EXPECT_EQ(cache.getExtent(), 0);
}

TEST_F(Bytecode, AxesOfALaterFileAreIgnoredWhenUnknown) {
  EXPECT_TRUE(readType("\x01{layers = 3 : i64, heads = 2 : i64, dim = 8 : i64, "
                       "sharing = 4 : i64}"))
      << errors;
}

TEST_F(Bytecode, UnknownValuesAreRefused) {
  EXPECT_FALSE(readType("\x01{layers = 3 : i64, heads = 2 : i64, dim = 8 : "
                        "i64, layout = \"tiled\"}"));
  EXPECT_NE(errors.find("expected known axes of a cache, but got"),
            std::string::npos)
      << errors;
}

TEST_F(Bytecode, InvalidCachesAreRefused) {
  EXPECT_FALSE(readType("\x01{heads = 2 : i64, dim = 8 : i64}"));
  EXPECT_NE(errors.find("expected positive layers, heads and dim"),
            std::string::npos)
      << errors;
  errors.clear();
  EXPECT_FALSE(readType("\x01{layers = 3 : i64, heads = 2 : i64, dim = 8 : "
                        "i64, store = \"x\", rope = \"post\"}"));
  EXPECT_NE(errors.find("(L5)"), std::string::npos) << errors;
}

TEST_F(Bytecode, UnknownTypesAreRefused) {
  EXPECT_FALSE(readType("\x07{}"));
  EXPECT_NE(errors.find("expected type code 1 of dialect 'tenon', but got 7"),
            std::string::npos)
      << errors;
}

TEST_F(Bytecode, Versions) {
  BytecodeInput known(&context, "\x01"), later(&context, "\x02"),
      none(&context, "");
  EXPECT_TRUE(interface->readVersion(known));
  EXPECT_FALSE(interface->readVersion(none));
  EXPECT_FALSE(interface->readVersion(later));
  EXPECT_NE(errors.find("expected version 1 to 1 of dialect 'tenon', but got "
                        "2; compile with a newer Tenon"),
            std::string::npos)
      << errors;
}
