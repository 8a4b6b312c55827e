//===- OptionsTest.cpp - options that make sense, and others --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Compiler/Options.h"

#include "gtest/gtest.h"

using namespace tenon;

namespace {

std::string errorOf(const CompileOptions &options,
                    const Source &source = Source::file("a/model.gguf"),
                    const Output &output = Output::folder("out")) {
  auto checked = checkOptions(options, source, output);
  return checked ? "" : llvm::toString(checked.takeError());
}

bool has(const std::string &text, llvm::StringRef part) {
  return llvm::StringRef(text).contains(part);
}

TEST(Options, DefaultsAreSound) {
  auto checked =
      checkOptions({}, Source::file("a/my model.gguf"), Output::folder("out"));
  ASSERT_TRUE(bool(checked));
  EXPECT_EQ(checked->name, "my model");
  EXPECT_EQ(checked->import.name, "my model");
  EXPECT_FALSE(checked->sourceIsIR);
  EXPECT_EQ(checked->from, Phase::Imported);
  EXPECT_EQ(checked->to, Phase::Artifact);
  EXPECT_EQ(checked->import.cacheElement, ImportOptions::CacheElement::F16);
  EXPECT_FALSE(checked->import.context);
  EXPECT_EQ(checked->import.topK, 64);
}

TEST(Options, ValuesArrive) {
  CompileOptions options;
  options.context = 77;
  options.topK = 0;
  options.cacheType = "f32";
  options.sanitize = "thread";
  options.cpu = "x86-64-v4";
  auto checked = checkOptions(options, Source::file("model.gguf"),
                              Output::folder("out", "name"));
  ASSERT_TRUE(bool(checked));
  EXPECT_EQ(checked->name, "name");
  EXPECT_EQ(checked->import.context, 77);
  EXPECT_EQ(checked->import.topK, 0);
  EXPECT_EQ(checked->import.cacheElement, ImportOptions::CacheElement::F32);
  EXPECT_EQ(checked->sanitizer, cpu::Sanitizer::Thread);
  EXPECT_EQ(checked->target.vectorBits, 512);
}

TEST(Options, ErrorsNameTheOptionAndWhatIsKnown) {
  CompileOptions options;
  options.cpu = "sparc";
  EXPECT_EQ(errorOf(options), "--cpu: expected the CPU to be one of " +
                                  cpu::CpuTarget::knownNames() +
                                  ", but got 'sparc'");
  options.cpu = "x86-64-v3,neoverse-n1";
  EXPECT_EQ(errorOf(options),
            "--cpu: expected CPUs of one architecture, but got 'x86-64-v3' "
            "(x86_64-pc-linux-gnu) and 'neoverse-n1' "
            "(aarch64-unknown-linux-gnu)");
  options.cpu = "znver4,x86-64-v3,znver4";
  EXPECT_EQ(errorOf(options),
            "--cpu: expected different CPUs, but got 'znver4' twice");
  options.cpu = "x86-64-v3,";
  EXPECT_TRUE(has(errorOf(options), "but got ''"));
  options.cpu = "x86-64-v3,znver4";
  options.compileTo = "native";
  EXPECT_TRUE(has(errorOf(options), "expected one CPU with --compile-to"));
  options = {};
  options.cpu = "x86-64-v3+i8mm";
  EXPECT_EQ(errorOf(options),
            "--cpu: expected a feature that 'x86-64-v3' may have (avxvnni), "
            "but got 'i8mm' in 'x86-64-v3+i8mm'");
  options = {};
  options.cacheType = "q3";
  EXPECT_EQ(errorOf(options),
            "--cache-type: expected f16 or f32, but got 'q3'");
  options = {};
  options.sanitize = "luck";
  EXPECT_EQ(errorOf(options),
            "--sanitize: expected address or thread, but got 'luck'");
  options = {};
  options.activations = "i4";
  EXPECT_TRUE(
      has(errorOf(options), "--activations: expected int8, bf16 or f32"));
  options = {};
  options.compileTo = "moon";
  EXPECT_EQ(errorOf(options),
            "--compile-to: expected one of imported, optimized, scheduled, "
            "kernels, native, artifact, but got 'moon'");
  options = {};
  options.context = uint64_t(1) << 40;
  EXPECT_TRUE(has(errorOf(options), "--context: expected at most"));
}

TEST(Options, NamesBecomeFiles) {
  auto nameError = [](std::string name) {
    return errorOf({}, Source::file("model.gguf"),
                   Output::folder("out", std::move(name)));
  };
  EXPECT_EQ(nameError("mein Modell é"), "");
  EXPECT_EQ(nameError(std::string(200, 'a')), "");
  for (std::string bad : {"a/b", "..", ".hidden", "-x", "a\nb", "\xff\xfe"})
    EXPECT_TRUE(has(nameError(bad), "--name: expected a name")) << bad;
  EXPECT_TRUE(has(nameError(std::string(201, 'a')), "longer than 200"));
}

TEST(Options, PhasesHaveAnOrder) {
  CompileOptions options;
  options.compileFrom = "kernels";
  options.compileTo = "optimized";
  EXPECT_TRUE(has(errorOf(options, Source::ir("")), "not before"));
  options.compileTo = "native";
  EXPECT_EQ(errorOf(options, Source::ir("")), "");
  options.compileFrom = "artifact";
  EXPECT_TRUE(
      has(errorOf(options, Source::ir("")), "--compile-from: expected one of"));
  options.compileFrom = "kernels";
  EXPECT_TRUE(has(errorOf(options), "but got the model file 'a/model.gguf'"));
}

TEST(Options, IRHasItsCacheAlready) {
  CompileOptions options;
  options.context = 5;
  EXPECT_TRUE(has(errorOf(options, Source::ir("")), "--context: expected a "
                                                    "model file"));
  options = {};
  options.cacheType = "f32";
  EXPECT_TRUE(has(errorOf(options, Source::ir("")), "--cache-type: expected a "
                                                    "model file"));
}

TEST(Options, EmptyPaths) {
  EXPECT_TRUE(has(errorOf({}, Source::file("")), "model file"));
  EXPECT_TRUE(has(errorOf({}, Source::file("m.gguf"), Output::folder("")),
                  "-o: expected an output folder"));
}

} // namespace
