//===- PackWeightsTest.cpp - from weight ops to a weight file -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Compiler/PackWeights.h"
#include "lib/Compiler/Archives.h"
#include "lib/Compiler/WeightFile.h"
#include "lib/Pipelines/Phases.h"
#include "lib/Target/CPU/Packing.h"
#include "test/Unit/Compiler/TestFolder.h"

#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"
#include "llvm/Support/xxhash.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::test;

namespace {

class PackWeights : public ::testing::Test {
protected:
  PackWeights() {
    DialectRegistry registry;
    registerAllTenonDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  OwningOpRef<ModuleOp> parse(llvm::StringRef weights) {
    return parseSourceString<ModuleOp>(
        "module {\n  tenon.archive @a \"synthetic:3\"\n" + weights.str() +
            "\n}",
        &context);
  }

  /// The first error of planning.
  std::string planError(llvm::StringRef weights) {
    std::string text;
    ScopedDiagnosticHandler handler(
        &context, [&](Diagnostic &diagnostic) { text += diagnostic.str(); });
    OwningOpRef<ModuleOp> module = parse(weights);
    EXPECT_TRUE(module);
    EXPECT_TRUE(module && failed(planPacking(*module)));
    return text;
  }

  MLIRContext context;
};

constexpr llvm::StringLiteral kWeights = R"(
  tenon.weight @w layers 2 shape [37, 64]
    of [#tenon.scheme<q4_1>, #tenon.scheme<q8_0>] by [0, 1]
    = stored @a["blk.{layer}.w"]
    {packing = #tenon_cpu.pack<interleave = 16>, offsets = array<i64: 256, 2176>}
  tenon.weight @norm shape [64] of [#tenon.scheme<f16>] = stored @a["norm"]
    {packing = #tenon_cpu.pack<interleave = 1>, offsets = array<i64: 0>})";

TEST_F(PackWeights, PlanIsSortedAndSized) {
  OwningOpRef<ModuleOp> module = parse(kWeights);
  ASSERT_TRUE(module);
  auto plan = planPacking(*module);
  ASSERT_TRUE(succeeded(plan));
  ASSERT_EQ(plan->size(), 3u);
  EXPECT_EQ((*plan)[0].name, "norm");
  EXPECT_EQ((*plan)[0].bytes, 64u * 4);
  EXPECT_EQ((*plan)[1].name, "blk.0.w");
  EXPECT_EQ((*plan)[1].bytes, 48u * 2 * 20);
  EXPECT_EQ((*plan)[2].name, "blk.1.w");
  EXPECT_EQ((*plan)[2].format->name, "q8_0");
  EXPECT_EQ(getSectionBytes(*plan), llvm::alignTo(2176u + 48 * 2 * 34, 64));
}

TEST_F(PackWeights, PackedBytesAreTheStoredOnes) {
  OwningOpRef<ModuleOp> module = parse(kWeights);
  auto plan = planPacking(*module);
  ASSERT_TRUE(succeeded(plan));
  auto archives = Archives::open(*module, "");
  ASSERT_TRUE(succeeded(archives));
  auto read = [&](const PackedTensor &tensor) {
    return archives->read(tensor);
  };
  std::vector<uint8_t> section(getSectionBytes(*plan), 0);
  ASSERT_TRUE(succeeded(packWeights(&context, *plan, read, section)));

  for (const PackedTensor &tensor : *plan) {
    llvm::ArrayRef<uint8_t> stored = llvm::cantFail(read(tensor));
    const uint8_t *packed = section.data() + tensor.offset;
    if (tensor.shape.size() == 1) {
      std::vector<float> values(tensor.shape[0]);
      dequantizeRow(*tensor.format, stored.data(), tensor.shape[0],
                    values.data());
      EXPECT_EQ(0, memcmp(values.data(), packed, tensor.bytes));
      continue;
    }
    int64_t rowBytes = tensor.format->rowBytes(tensor.shape[1]);
    std::vector<uint8_t> row(rowBytes);
    for (int64_t i = 0; i < tensor.shape[0]; ++i) {
      cpu::unpackRow(*tensor.format, tensor.shape[1], tensor.interleave, packed,
                     i, row.data());
      EXPECT_EQ(0, memcmp(row.data(), stored.data() + i * rowBytes, rowBytes))
          << tensor.name << " row " << i;
    }
  }
}

TEST_F(PackWeights, RefusesWhatIsNotPlanned) {
  llvm::StringRef weight =
      "tenon.weight @w shape [32, 64] of [#tenon.scheme<q8_0>] = stored "
      "@a[\"w\"]";
  EXPECT_NE(planError(weight).find("to have a packing"), std::string::npos);
  EXPECT_NE(
      planError(
          (weight + " {packing = #tenon_cpu.pack<interleave = 16>}").str())
          .find("expected 1 offsets"),
      std::string::npos);
  EXPECT_NE(planError((weight + " {packing = #tenon_cpu.pack<interleave = 16>, "
                                "offsets = array<i64: 32>}")
                          .str())
                .find("multiples of 64, but got 32"),
            std::string::npos);
  EXPECT_NE(planError((weight + " {packing = #tenon_cpu.pack<interleave = 1>, "
                                "offsets = array<i64: 0>}")
                          .str())
                .find("interleaved"),
            std::string::npos);
}

TEST_F(PackWeights, RefusesOverlap) {
  std::string text = planError(R"(
  tenon.weight @w layers 2 shape [16, 32] of [#tenon.scheme<q8_0>]
    = stored @a["b{layer}.w{layer}"]
    {packing = #tenon_cpu.pack<interleave = 16>, offsets = array<i64: 0, 512>})");
  EXPECT_NE(text.find("'b1.w1' at 512 starts inside 'b0.w0'"),
            std::string::npos)
      << text;
}

TEST(WeightFile, ContainerIsWhatTheRuntimeReads) {
  TestFolder folder;
  std::vector<uint8_t> metadata(5000, 3), library(77, 9);
  auto file = WeightFile::create(folder.path("m.weights"), metadata, 128);
  ASSERT_TRUE(bool(file));
  std::fill(file->packed().begin(), file->packed().end(), 7);
  std::array<uint8_t, 16> id = file->seal();
  ASSERT_FALSE(bool(file->finish(library)));

  std::string bytes = folder.read("m.weights");
  tenon_rt_weights_header header;
  ASSERT_EQ(bytes.size(), 3u * TENON_RT_PAGE + 128);
  memcpy(&header, bytes.data(), sizeof(header));
  EXPECT_EQ(std::string(header.magic, 8), TENON_RT_WEIGHTS_MAGIC);
  EXPECT_EQ(header.abi_version, TENON_RT_ABI_VERSION);
  EXPECT_EQ(header.file_bytes, bytes.size());
  EXPECT_EQ(header.library_bytes, 77u);
  EXPECT_EQ(0, memcmp(header.weights_id, id.data(), 16));
  ASSERT_EQ(header.section_count, 2u);
  EXPECT_EQ(header.sections[0].kind, uint32_t(TENON_RT_SECTION_METADATA));
  EXPECT_EQ(header.sections[0].offset, TENON_RT_PAGE);
  EXPECT_EQ(header.sections[0].bytes, 5000u);
  EXPECT_EQ(header.sections[1].kind, uint32_t(TENON_RT_SECTION_PACKED));
  EXPECT_EQ(header.sections[1].offset, 3u * TENON_RT_PAGE);
  for (int i : {0, 1}) {
    const tenon_rt_section &section = header.sections[i];
    llvm::StringRef part(bytes.data() + section.offset, section.bytes);
    EXPECT_EQ(part.count(char(i ? 7 : 3)), section.bytes);
    EXPECT_EQ(section.hash, llvm::xxh3_64bits(part));
  }
  EXPECT_EQ(header.header_hash,
            llvm::xxh3_64bits(llvm::StringRef(
                bytes.data(), offsetof(tenon_rt_weights_header, header_hash))));
  EXPECT_EQ(toHex(hash128({})), "99aa06d3014798d86001c324468d497f");
}

TEST(WeightFile, OtherWeightsHaveAnotherId) {
  TestFolder folder;
  std::array<uint8_t, 16> ids[3];
  for (int i = 0; i < 3; ++i) {
    auto file = WeightFile::create(folder.path(std::to_string(i)), {}, 64);
    ASSERT_TRUE(bool(file));
    file->packed()[5] = i % 2;
    ids[i] = file->seal();
  }
  EXPECT_NE(ids[0], ids[1]);
  EXPECT_EQ(ids[0], ids[2]);
}

TEST(WeightFile, RefusesATakenName) {
  TestFolder folder;
  ASSERT_TRUE(bool(WeightFile::create(folder.path("w"), {}, 64)));
  auto second = WeightFile::create(folder.path("w"), {}, 64);
  ASSERT_FALSE(bool(second));
  llvm::consumeError(second.takeError());
}

} // namespace
