//===- InvocationTest.cpp - the public interface, in process --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tenon-rt/abi.h"
#include "tenon/Tenon.h"
#include "test/Unit/Compiler/TestFolder.h"

#include "llvm/Support/JSON.h"

#include <dlfcn.h>
#include <thread>

using namespace tenon;
using namespace tenon::test;
using Names = std::set<std::string>;

namespace {

CompileOptions portable() {
  CompileOptions options;
  options.cpu = "x86-64-v3";
  return options;
}

CompileResult compile(const TestFolder &folder, CompileOptions options,
                      const Source &source = Source::file(TENON_TEST_MODEL),
                      const std::string &name = "m") {
  static Session session(2);
  Invocation invocation(session, std::move(options));
  return invocation.run(source, Output::folder(folder.path(), name));
}

TEST(Invocation, WritesAnArtifact) {
  TestFolder folder;
  CompileResult result = compile(folder, portable());
  ASSERT_TRUE(result) << result.error();
  EXPECT_EQ(folder.names(), (Names{"m.so", "m.weights", "m.h", "m.json"}));
  EXPECT_EQ(result.files.size(), 4u);
  EXPECT_GT(result.codeBytes, 0u);

  void *library = dlopen(folder.path("m.so").c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_TRUE(library) << dlerror();
  auto *artifact = static_cast<const tenon_rt_artifact *>(
      dlsym(library, TENON_RT_ARTIFACT_SYMBOL));
  ASSERT_TRUE(artifact);
  EXPECT_STREQ(artifact->name, "m");
  EXPECT_EQ(artifact->compiler, getVersion().str());
  EXPECT_STREQ(artifact->cpu, "x86-64-v3");
  EXPECT_EQ(artifact->vocab, 50u);
  EXPECT_EQ(artifact->context, 64u);
  EXPECT_EQ(artifact->layers, 2u);
  EXPECT_EQ(artifact->cache_layer_slot_bytes, 2u * 32 * 2);
  EXPECT_EQ(artifact->weights_bytes, result.weightBytes);
  Names entries;
  for (uint64_t i = 0; i < artifact->entry_count; ++i)
    entries.insert(artifact->entries[i].name);
  EXPECT_EQ(entries, (Names{"batch", "chunk", "step"}));

  tenon_rt_weights_header header;
  memcpy(&header, folder.read("m.weights").data(), sizeof(header));
  EXPECT_EQ(0, memcmp(header.weights_id, artifact->weights_id, 16));
  EXPECT_EQ(header.library_bytes, folder.read("m.so").size());
  dlclose(library);

  auto facts = llvm::json::parse(folder.read("m.json"));
  ASSERT_TRUE(bool(facts));
  const llvm::json::Object &object = *facts->getAsObject();
  EXPECT_EQ(object.getObject("model")->getInteger("vocabulary"), 50);
  EXPECT_EQ(object.getObject("weights")->getArray("tensors")->size(), 20u);
  EXPECT_NE(folder.read("m.h").find("#define TENON_M_CONTEXT 64"),
            std::string::npos);
}

TEST(Invocation, SameBytesFromAnySession) {
  TestFolder first, second;
  ASSERT_TRUE(compile(first, portable()));
  Session single(1);
  ASSERT_TRUE(Invocation(single, portable())
                  .run(Source::file(TENON_TEST_MODEL),
                       Output::folder(second.path(), "m")));
  for (const std::string &name : first.names())
    EXPECT_EQ(first.read(name), second.read(name)) << name;
}

TEST(Invocation, GoesOnFromEveryPhase) {
  TestFolder whole;
  ASSERT_TRUE(compile(whole, portable()));
  for (std::string phase :
       {"imported", "optimized", "scheduled", "kernels", "native"}) {
    TestFolder folder;
    CompileOptions options = portable();
    options.compileTo = phase;
    CompileResult result = compile(folder, options);
    ASSERT_TRUE(result) << result.error();
    EXPECT_EQ(folder.names(), (Names{"m." + phase + ".mlir"}));
    options = portable();
    options.compileFrom = phase;
    result = compile(folder, options,
                     Source::file(folder.path("m." + phase + ".mlir")));
    ASSERT_TRUE(result) << phase << ": " << result.error();
    EXPECT_EQ(folder.read("m.so"), whole.read("m.so")) << phase;
    EXPECT_EQ(folder.read("m.weights"), whole.read("m.weights")) << phase;
  }
}

TEST(Invocation, IRKnowsItsMachine) {
  TestFolder folder;
  CompileOptions options = portable();
  options.compileTo = "native";
  ASSERT_TRUE(compile(folder, options));
  Source native = Source::file(folder.path("m.native.mlir"));
  options = CompileOptions();
  options.compileFrom = "native";
  ASSERT_TRUE(compile(folder, options, native));
  EXPECT_NE(folder.read("m.json").find("\"cpu\": \"x86-64-v3\""),
            std::string::npos);
  options.cpu = "x86-64-v4";
  CompileResult result = compile(folder, options, native);
  EXPECT_FALSE(result);
  EXPECT_NE(result.error().find("--cpu: expected x86-64-v3"), std::string::npos)
      << result.error();
}

TEST(Invocation, DumpsPhases) {
  TestFolder folder, dumps;
  CompileOptions options = portable();
  options.dumpPhases = dumps.path("inner");
  options.compileTo = "scheduled";
  ASSERT_TRUE(compile(folder, options));
  EXPECT_TRUE(llvm::sys::fs::exists(dumps.path("inner/m.1-imported.mlir")));
  EXPECT_TRUE(llvm::sys::fs::exists(dumps.path("inner/m.2-optimized.mlir")));
  EXPECT_EQ(dumps.read("inner/m.3-scheduled.mlir"),
            folder.read("m.scheduled.mlir"));
}

TEST(Invocation, ExplainsEveryKernel) {
  TestFolder folder;
  CompileOptions options = portable();
  options.compileTo = "scheduled";
  CompileResult result = compile(folder, options);
  ASSERT_TRUE(result);
  size_t kernels =
      llvm::StringRef(folder.read("m.scheduled.mlir")).count("tenon.kernel");
  llvm::StringRef text(result.explanation);
  EXPECT_GT(kernels, 10u);
  for (llvm::StringRef row : {"\n    op  ", "\n    algorithm  ", "\n    why  "})
    EXPECT_EQ(text.count(row), kernels) << row.str();
  EXPECT_EQ(text.count("no schedule"), 0u);
  EXPECT_TRUE(text.contains("step<lanes = 16"));
  EXPECT_TRUE(text.contains("q4_1 x1, q8_0 x1") ||
              text.contains("q4_1 x3, q8_0 x1"))
      << result.explanation;
}

TEST(Invocation, ReportsStepsAndStatistics) {
  TestFolder folder;
  Session session(2);
  Invocation invocation(session, portable());
  std::vector<std::string> names;
  invocation.onProgress(
      [&](const StepReport &step) { names.push_back(step.name); });
  CompileResult result = invocation.run(Source::file(TENON_TEST_MODEL),
                                        Output::folder(folder.path(), "m"));
  ASSERT_TRUE(result);
  EXPECT_EQ(names, (std::vector<std::string>{
                       "read", "optimized", "scheduled", "kernels", "native",
                       "pack weights", "emit objects", "link and write"}));
  auto statistics = llvm::json::parse(result.statistics());
  ASSERT_TRUE(bool(statistics));
  const llvm::json::Object &object = *statistics->getAsObject();
  EXPECT_EQ(object.getArray("steps")->size(), names.size());
  EXPECT_GT(*object.getInteger("peak_anonymous_bytes"), 1 << 20);
  EXPECT_EQ(*object.getInteger("code_bytes"), int64_t(result.codeBytes));
}

TEST(Invocation, ErrorsHaveAPlace) {
  TestFolder folder;
  CompileResult result = compile(
      folder, portable(), Source::ir("module {\n  nonsense\n}", "x.mlir"));
  EXPECT_FALSE(result);
  EXPECT_EQ(result.error().rfind("x.mlir:2:3: error: ", 0), 0u)
      << result.error();
  EXPECT_EQ(folder.names(), Names{});
}

TEST(Invocation, RefusesIRThatIsNotWhatItSays) {
  TestFolder folder;
  for (std::string phase : {"imported", "optimized", "kernels", "native"}) {
    CompileOptions options = portable();
    options.compileFrom = phase;
    CompileResult result = compile(folder, options, Source::ir("module {}"));
    EXPECT_FALSE(result) << phase;
    EXPECT_NE(result.error(), "") << phase;
    EXPECT_EQ(folder.names(), Names{}) << phase;
  }
}

TEST(Invocation, RefusesAnArchiveThatIsMissing) {
  TestFolder folder;
  std::string text =
      llvm::cantFail(llvm::errorOrToExpected(
                         llvm::MemoryBuffer::getFile(TENON_TEST_MODEL)))
          ->getBuffer()
          .str();
  size_t at = text.find("synthetic:7");
  ASSERT_NE(at, std::string::npos);
  text.replace(at, 11, "no/such.gguf");
  CompileResult result = compile(folder, portable(), Source::ir(text));
  EXPECT_FALSE(result);
  EXPECT_NE(result.error().find("no/such.gguf"), std::string::npos);
  EXPECT_EQ(folder.names(), Names{});
}

TEST(Invocation, SeveralAtTheSameTime) {
  TestFolder folders[3];
  std::thread threads[3];
  bool done[3] = {};
  for (int i = 0; i < 3; ++i)
    threads[i] = std::thread(
        [&, i] { done[i] = bool(compile(folders[i], portable())); });
  for (std::thread &thread : threads)
    thread.join();
  for (int i = 0; i < 3; ++i) {
    EXPECT_TRUE(done[i]);
    EXPECT_EQ(folders[i].read("m.so"), folders[0].read("m.so"));
  }
}

} // namespace
