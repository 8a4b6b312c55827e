//===- LinkLibraryTest.cpp - from LLVM dialect to a call ------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A small native module goes the whole way: object, library, dlopen, call.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/LinkLibrary.h"
#include "lib/Target/CPU/ArtifactDescriptor.h"
#include "tenon-rt/abi.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Parser/Parser.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/Module.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "gtest/gtest.h"

#include <cmath>
#include <dlfcn.h>
#include <thread>

using namespace mlir;
using namespace tenon::cpu;

namespace {

constexpr llvm::StringLiteral kSource = R"mlir(
module @native {
  module @kernel_wave {
    llvm.func @sinf(f32) -> f32
    llvm.func @helper(%x: f32) -> f32 {
      %0 = llvm.call @sinf(%x) : (f32) -> f32
      %1 = llvm.fadd %0, %x : f32
      llvm.return %1 : f32
    }
    llvm.func @kernel_wave(%out: !llvm.ptr, %n: i64) {
      %zero = llvm.mlir.constant(0 : i64) : i64
      %one = llvm.mlir.constant(1 : i64) : i64
      llvm.br ^head(%zero : i64)
    ^head(%i: i64):
      %more = llvm.icmp "slt" %i, %n : i64
      llvm.cond_br %more, ^body, ^done
    ^body:
      %p = llvm.getelementptr %out[%i] : (!llvm.ptr, i64) -> !llvm.ptr, f32
      %x = llvm.load %p : !llvm.ptr -> f32
      %y = llvm.call @helper(%x) : (f32) -> f32
      llvm.store %y, %p : f32, !llvm.ptr
      %next = llvm.add %i, %one : i64
      llvm.br ^head(%next : i64)
    ^done:
      llvm.return
    }
  }
  module @kernel_twice {
    llvm.func @helper(%x: f32) -> f32 {
      %0 = llvm.fadd %x, %x : f32
      llvm.return %0 : f32
    }
    llvm.func @kernel_twice(%out: !llvm.ptr, %n: i64) {
      %x = llvm.load %out : !llvm.ptr -> f32
      %y = llvm.call @helper(%x) : (f32) -> f32
      llvm.store %y, %out : f32, !llvm.ptr
      llvm.return
    }
  }
  module @driver {
    llvm.func @kernel_wave(!llvm.ptr, i64)
    llvm.func @kernel_twice(!llvm.ptr, i64)
    llvm.func @step(%job: !llvm.ptr, %worker: i64) {
      %rows = llvm.getelementptr %job[8] : (!llvm.ptr) -> !llvm.ptr, i8
      %n = llvm.load %rows : !llvm.ptr -> i64
      %slot = llvm.getelementptr %job[48] : (!llvm.ptr) -> !llvm.ptr, i8
      %logits = llvm.load %slot : !llvm.ptr -> !llvm.ptr
      llvm.call @kernel_wave(%logits, %n) : (!llvm.ptr, i64) -> ()
      llvm.call @kernel_twice(%logits, %n) : (!llvm.ptr, i64) -> ()
      llvm.return
    }
  }
}
)mlir";

ArtifactDescription describe() {
  ArtifactDescription description;
  description.name = "wave";
  description.compiler = "tenon test";
  description.weightsId = {1, 2, 3};
  description.vocab = 7;
  description.cacheType = "f16";
  description.entries = {{"step", "step", 1, 64, 128}};
  return description;
}

class LinkLibrary : public ::testing::Test {
protected:
  void SetUp() override {
    ASSERT_FALSE(llvm::sys::fs::createUniqueDirectory("tenon-link", folder));
    DialectRegistry registry;
    registerEmission(registry);
    registry.insert<LLVM::LLVMDialect>();
    context.appendDialectRegistry(registry);
  }
  void TearDown() override { llvm::sys::fs::remove_directories(folder); }

  std::vector<ObjectFile> emit(llvm::StringRef source,
                               Sanitizer sanitizer = Sanitizer::None,
                               llvm::StringRef cpu = "x86-64-v3") {
    OwningOpRef<ModuleOp> module =
        parseSourceString<ModuleOp>(source, &context);
    EXPECT_TRUE(module);
    CpuTarget target = llvm::cantFail(CpuTarget::get(cpu));
    auto objects = emitObjects(*module, target, sanitizer, {"step"});
    EXPECT_TRUE(succeeded(objects));
    if (failed(objects))
      return {};
    llvm::LLVMContext llvmContext;
    auto descriptor = buildDescriptor(llvmContext, describe());
    objects->push_back(
        llvm::cantFail(emitObject(*descriptor, target, sanitizer, {"step"})));
    return std::move(*objects);
  }

  std::string linkTo(llvm::ArrayRef<ObjectFile> objects, llvm::StringRef file,
                     Sanitizer sanitizer = Sanitizer::None) {
    return llvm::toString(
        linkLibrary(objects, {path(file), file.str(), TENON_RT_ARTIFACT_SYMBOL,
                              sanitizer}));
  }

  std::string path(llvm::StringRef file) { return (folder + "/" + file).str(); }

  std::string read(llvm::StringRef file) {
    auto buffer = llvm::MemoryBuffer::getFile(path(file));
    EXPECT_TRUE(bool(buffer));
    return buffer ? (*buffer)->getBuffer().str() : std::string();
  }

  llvm::SmallString<128> folder;
  MLIRContext context;
};

TEST_F(LinkLibrary, LoadsAndRuns) {
  for (llvm::StringRef cpu : {"x86-64-v3", "native"}) {
    std::string file = (cpu + ".so").str();
    ASSERT_EQ(linkTo(emit(kSource, Sanitizer::None, cpu), file), "");
    void *library = dlopen(path(file).c_str(), RTLD_NOW | RTLD_LOCAL);
    ASSERT_TRUE(library) << dlerror();
    auto *artifact = static_cast<const tenon_rt_artifact *>(
        dlsym(library, TENON_RT_ARTIFACT_SYMBOL));
    ASSERT_TRUE(artifact);
    EXPECT_EQ(artifact->magic, TENON_RT_ARTIFACT_MAGIC);
    EXPECT_EQ(artifact->abi_version, TENON_RT_ABI_VERSION);
    EXPECT_EQ(artifact->bytes, sizeof(tenon_rt_artifact));
    EXPECT_STREQ(artifact->name, "wave");
    EXPECT_STREQ(artifact->sanitizer, "");
    EXPECT_EQ(artifact->weights_id[2], 3);
    EXPECT_EQ(artifact->vocab, 7u);
    EXPECT_STREQ(artifact->cache_type, "f16");
    ASSERT_EQ(artifact->entry_count, 1u);
    EXPECT_STREQ(artifact->entries[0].name, "step");
    EXPECT_EQ(artifact->entries[0].scratch_bytes, 128u);

    float values[19];
    for (int i = 0; i < 19; ++i)
      values[i] = 0.1f * i + 0.05f;
    tenon_rt_job job = {};
    job.rows = 19;
    job.logits = values;
    artifact->entries[0].run(&job, 0);
    for (int i = 0; i < 19; ++i) {
      float x = 0.1f * i + 0.05f;
      EXPECT_NEAR(values[i], (std::sin(x) + x) * (i == 0 ? 2 : 1), 1e-6f) << i;
    }
    dlclose(library);
  }
}

TEST_F(LinkLibrary, SameBytesInAnyFolder) {
  std::vector<ObjectFile> objects = emit(kSource);
  ASSERT_EQ(linkTo(objects, "a.so"), "");
  std::string first = read("a.so");
  EXPECT_EQ(first.find(folder.str().str()), std::string::npos);
  ASSERT_FALSE(llvm::sys::fs::create_directory(folder + "/other"));
  llvm::SmallString<128> outer = folder;
  folder += "/other";
  EXPECT_EQ(linkTo(emit(kSource), "a.so"), "");
  EXPECT_EQ(read("a.so"), first);
  folder = outer;
}

TEST_F(LinkLibrary, LeavesOnlyTheLibrary) {
  ASSERT_EQ(linkTo(emit(kSource), "a.so"), "");
  std::error_code error;
  int files = 0;
  for (llvm::sys::fs::directory_iterator it(folder, error), end; it != end;
       it.increment(error))
    ++files;
  EXPECT_EQ(files, 1);
}

TEST_F(LinkLibrary, NeedsLibmOnly) {
  ASSERT_EQ(linkTo(emit(kSource), "a.so"), "");
  auto buffer = llvm::cantFail(
      llvm::errorOrToExpected(llvm::MemoryBuffer::getFile(path("a.so"))));
  auto file = llvm::cantFail(
      llvm::object::ObjectFile::createELFObjectFile(buffer->getMemBufferRef()));
  auto *elf = llvm::cast<llvm::object::ELF64LEObjectFile>(file.get());
  std::vector<std::string> needed;
  llvm::StringRef strings;
  auto entries = llvm::cantFail(elf->getELFFile().dynamicEntries());
  for (auto &entry : entries)
    if (entry.d_tag == llvm::ELF::DT_STRTAB)
      strings = reinterpret_cast<const char *>(
          llvm::cantFail(elf->getELFFile().toMappedAddr(entry.getPtr())));
  for (auto &entry : entries)
    if (entry.d_tag == llvm::ELF::DT_NEEDED)
      needed.push_back(strings.data() + entry.getVal());
  EXPECT_EQ(needed, std::vector<std::string>{"libm.so.6"});
}

TEST_F(LinkLibrary, RefusesForeignSymbols) {
  std::string error = linkTo(emit(R"mlir(
module {
  module @kernel_odd {
    llvm.func @__truncsfbf2(f32) -> f32
    llvm.func @step(%job: !llvm.ptr, %worker: i64) {
      %x = llvm.load %job : !llvm.ptr -> f32
      %y = llvm.call @__truncsfbf2(%x) : (f32) -> f32
      llvm.store %y, %job : f32, !llvm.ptr
      llvm.return
    }
  }
})mlir"),
                             "odd.so");
  EXPECT_NE(error.find("undefined symbol: __truncsfbf2"), std::string::npos)
      << error;
  EXPECT_NE(error.find("kernel_odd.o"), std::string::npos) << error;
  EXPECT_FALSE(llvm::sys::fs::exists(path("odd.so")));
  // A failed link does not spoil the next one.
  EXPECT_EQ(linkTo(emit(kSource), "a.so"), "");
}

TEST_F(LinkLibrary, RefusesAFolderThatIsNotThere) {
  std::vector<ObjectFile> objects = emit(kSource);
  folder += "/missing";
  EXPECT_NE(linkTo(objects, "a.so"), "");
}

TEST_F(LinkLibrary, InstrumentsForSanitizers) {
  for (auto [sanitizer, symbol] :
       {std::pair(Sanitizer::Address, "__asan_report_load4"),
        std::pair(Sanitizer::Thread, "__tsan_read4")}) {
    std::string file = sanitizerName(sanitizer).str() + ".so";
    ASSERT_EQ(linkTo(emit(kSource, sanitizer), file, sanitizer), "");
    EXPECT_NE(read(file).find(symbol), std::string::npos);
  }
}

// Vectors are most of what kernels read and write.
TEST_F(LinkLibrary, ThreadSanitizerSeesVectors) {
  constexpr llvm::StringLiteral source = R"mlir(
module {
  module @kernel_copy {
    llvm.func @step(%job: !llvm.ptr, %worker: i64) {
      %x = llvm.load %job : !llvm.ptr -> vector<16xf32>
      %to = llvm.getelementptr %job[64] : (!llvm.ptr) -> !llvm.ptr, i8
      llvm.store %x, %to : vector<16xf32>, !llvm.ptr
      llvm.return
    }
  }
})mlir";
  ASSERT_EQ(linkTo(emit(source, Sanitizer::Thread), "t.so", Sanitizer::Thread),
            "");
  EXPECT_NE(read("t.so").find("__tsan_read_range"), std::string::npos);
  EXPECT_NE(read("t.so").find("__tsan_write_range"), std::string::npos);
}

TEST_F(LinkLibrary, LinksFromSeveralThreads) {
  std::vector<ObjectFile> objects = emit(kSource);
  std::string results[4];
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    std::string sub = path("t" + std::to_string(i));
    ASSERT_FALSE(llvm::sys::fs::create_directory(sub));
    threads.emplace_back([&, i, sub] {
      results[i] = llvm::toString(linkLibrary(
          objects, {sub + "/a.so", "a.so", TENON_RT_ARTIFACT_SYMBOL}));
    });
  }
  for (std::thread &thread : threads)
    thread.join();
  for (const std::string &result : results)
    EXPECT_EQ(result, "");
}

} // namespace
