//===- KernelCacheTest.cpp - compiled kernels in a folder -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Compiler/KernelCache.h"
#include "lib/Compiler/KernelReuse.h"
#include "lib/Pipelines/Phases.h"
#include "test/Unit/Compiler/TestFolder.h"

#include "mlir/Parser/Parser.h"

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <sys/resource.h>
#include <sys/stat.h>

using namespace tenon;
using namespace tenon::test;

namespace {

KernelCache openCache(const TestFolder &folder, uint64_t limit = 1 << 20) {
  auto cache = KernelCache::open(folder.path(), limit);
  EXPECT_TRUE(bool(cache)) << llvm::toString(cache.takeError());
  return std::move(*cache);
}

KernelCache::Key keyOf(uint8_t first) {
  KernelCache::Key key = {};
  key[0] = first;
  return key;
}

cpu::ObjectFile objectOf(llvm::StringRef bytes, uint64_t code = 7) {
  cpu::ObjectFile object;
  object.data.assign(bytes.begin(), bytes.end());
  object.codeBytes = code;
  return object;
}

std::string textOf(const cpu::ObjectFile &object) {
  return std::string(object.data.begin(), object.data.end());
}

void write(const std::string &path, const std::string &bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

TEST(KernelCache, GivesBackWhatItGot) {
  TestFolder folder;
  KernelCache cache = openCache(folder);
  EXPECT_FALSE(cache.load(keyOf(1), "k"));
  cache.store(keyOf(1), objectOf("abc", 5));
  cache.store(keyOf(2), objectOf("", 0));
  auto object = openCache(folder).load(keyOf(1), "k");
  ASSERT_TRUE(object);
  EXPECT_EQ(textOf(*object), "abc");
  EXPECT_EQ(object->codeBytes, 5u);
  EXPECT_EQ(object->name, "k");
  ASSERT_TRUE(cache.load(keyOf(2), "k"));
  EXPECT_FALSE(cache.load(keyOf(3), "k"));
  EXPECT_TRUE(cache.takeProblems().empty());
  EXPECT_EQ(folder.names().size(), 2u);
}

TEST(KernelCache, NoDamagedByteIsUsed) {
  TestFolder folder;
  KernelCache cache = openCache(folder);
  cache.store(keyOf(1), objectOf("some code"));
  const std::string path = cache.entryPath(keyOf(1));
  const std::string whole = folder.read(path.substr(folder.path().size() + 1));
  for (size_t i = 0; i < whole.size(); ++i)
    for (char flip : {char(1), char(0x80)}) {
      std::string bytes = whole;
      bytes[i] ^= flip;
      write(path, bytes);
      EXPECT_FALSE(cache.load(keyOf(1), "k")) << i;
    }
  for (size_t size = 0; size < whole.size(); ++size) {
    write(path, whole.substr(0, size));
    EXPECT_FALSE(cache.load(keyOf(1), "k")) << size;
  }
  write(path, whole + whole);
  EXPECT_FALSE(cache.load(keyOf(1), "k"));
  write(path, whole + std::string(1, 0));
  EXPECT_FALSE(cache.load(keyOf(1), "k"));
  std::vector<std::string> problems = cache.takeProblems();
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_TRUE(
      llvm::StringRef(problems[0])
          .contains(std::to_string(3 * whole.size() + 2) + " of its entries"));
  // The entry of another key under this name, sound in itself.
  cache.store(keyOf(2), objectOf("other code"));
  ASSERT_FALSE(llvm::sys::fs::rename(cache.entryPath(keyOf(2)), path));
  EXPECT_FALSE(cache.load(keyOf(1), "k"));
  // And it is mended by the next one who stores.
  cache.store(keyOf(1), objectOf("some code"));
  ASSERT_TRUE(cache.load(keyOf(1), "k"));
}

TEST(KernelCache, AFolderInPlaceOfAnEntry) {
  TestFolder folder;
  KernelCache cache = openCache(folder);
  ASSERT_FALSE(llvm::sys::fs::create_directory(cache.entryPath(keyOf(1))));
  EXPECT_FALSE(cache.load(keyOf(1), "k"));
  cache.store(keyOf(1), objectOf("abc"));
  std::vector<std::string> problems = cache.takeProblems();
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_TRUE(llvm::StringRef(problems[1]).contains("cannot be written"));
  EXPECT_EQ(folder.names().size(), 1u) << "a temporary file was left";
}

TEST(KernelCache, WhatBlocksOrNeverEndsIsNoEntry) {
  TestFolder folder;
  KernelCache cache = openCache(folder);
  const std::string path = cache.entryPath(keyOf(1));
  auto refused = [&] {
    EXPECT_FALSE(cache.load(keyOf(1), "k"));
    EXPECT_EQ(cache.takeProblems().size(), 1u);
    cache.store(keyOf(1), objectOf("abc"));
    auto object = cache.load(keyOf(1), "k");
    ASSERT_TRUE(object) << "not mended";
    EXPECT_EQ(textOf(*object), "abc");
    EXPECT_TRUE(cache.takeProblems().empty());
  };
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  refused();
  for (const char *device : {"/dev/zero", "/dev/null", "/"}) {
    ASSERT_EQ(::unlink(path.c_str()), 0);
    ASSERT_EQ(::symlink(device, path.c_str()), 0);
    refused();
  }
  // Longer than the header says, and as long as it says, but absurdly so.
  constexpr off_t huge = off_t(1) << 40;
  ASSERT_EQ(::truncate(path.c_str(), huge), 0);
  refused();
  {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    const uint64_t bytes = huge - (8 + 32 + 8 + 8 + 32);
    file.seekp(8 + 32 + 8);
    file.write(reinterpret_cast<const char *>(&bytes), sizeof(bytes));
  }
  ASSERT_EQ(::truncate(path.c_str(), huge), 0);
  refused();
}

TEST(KernelCache, AFullDiskLeavesNoPart) {
  TestFolder folder;
  KernelCache cache = openCache(folder);
  rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  auto *handler = std::signal(SIGXFSZ, SIG_IGN);
  rlimit small = {100, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  cache.store(keyOf(1), objectOf(std::string(500, 'x')));
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  std::vector<std::string> problems = cache.takeProblems();
  ASSERT_EQ(problems.size(), 1u);
  EXPECT_TRUE(llvm::StringRef(problems[0]).contains("cannot be written"));
  EXPECT_TRUE(folder.names().empty());
}

TEST(KernelCache, TheLimitKeepsWhatWasUsed) {
  TestFolder folder;
  KernelCache cache = openCache(folder, 3500);
  const std::string bytes(900, 'x');
  for (uint8_t i = 0; i < 3; ++i) {
    cache.store(keyOf(i), objectOf(bytes));
    // As if stored some hours ago, one after the other.
    timespec times[2] = {{1700000000 + i * 3600, 0}, {1700000000, 0}};
    ASSERT_EQ(
        ::utimensat(AT_FDCWD, cache.entryPath(keyOf(i)).c_str(), times, 0), 0);
  }
  write(folder.path("notes.txt"), std::string(100000, 'x'));
  write(folder.path("llvmcache-killed.tmp"), std::string(900, 'x'));
  timespec old[2] = {{1600000000, 0}, {1600000000, 0}};
  ::utimensat(AT_FDCWD, folder.path("llvmcache-killed.tmp").c_str(), old, 0);
  ASSERT_TRUE(cache.load(keyOf(0), "k"));
  cache.store(keyOf(9), objectOf(bytes));
  cache.prune();
  EXPECT_TRUE(cache.load(keyOf(0), "k")) << "used a moment ago";
  EXPECT_FALSE(cache.load(keyOf(1), "k")) << "not used for the longest time";
  EXPECT_TRUE(cache.load(keyOf(2), "k"));
  EXPECT_TRUE(cache.load(keyOf(9), "k"));
  EXPECT_EQ(folder.names().count("notes.txt"), 1u) << "not ours";
  EXPECT_EQ(folder.names().count("llvmcache-killed.tmp"), 0u);
}

TEST(KernelCache, FoldersThatOthersCanWriteAreRefused) {
  TestFolder folder;
  ASSERT_EQ(::chmod(folder.path().c_str(), 0777), 0);
  auto cache = KernelCache::open(folder.path(), 1 << 20);
  EXPECT_FALSE(cache);
  EXPECT_EQ(llvm::toString(cache.takeError()), "every user may write to it");
  ASSERT_EQ(::chmod(folder.path().c_str(), 0700), 0);
  write(folder.path("file"), "mine");
  auto file = KernelCache::open(folder.path("file"), 1 << 20);
  EXPECT_FALSE(file);
  llvm::consumeError(file.takeError());
  EXPECT_EQ(folder.read("file"), "mine");
  // A name with what LLVM takes for a random digit.
  auto odd = KernelCache::open(folder.path("100%/x"), 1 << 20);
  ASSERT_TRUE(bool(odd));
  odd->store(keyOf(1), objectOf("abc"));
  EXPECT_TRUE(odd->load(keyOf(1), "k"));
  EXPECT_TRUE(odd->takeProblems().empty());
}

//===----------------------------------------------------------------------===//
// Keys
//===----------------------------------------------------------------------===//

class KernelKey : public testing::Test {
protected:
  KernelKey() {
    mlir::DialectRegistry registry;
    registerAllTenonDialects(registry);
    context.appendDialectRegistry(registry);
    context.loadAllAvailableDialects();
  }

  KernelCache::Key key(llvm::StringRef body,
                       llvm::ArrayRef<std::string> keep = {},
                       llvm::StringRef emission = "") {
    auto module = mlir::parseSourceString<mlir::ModuleOp>(body, &context);
    EXPECT_TRUE(bool(module));
    return getKernelKey(*module, keep, emission);
  }

  mlir::MLIRContext context;
};

TEST_F(KernelKey, FollowsFromTheIRAndNotFromItsPlace) {
  KernelCache::Key one = key("module @k { func.func @k() { return } }");
  EXPECT_EQ(one, key("\n\nmodule @k {\n  func.func @k() {\n return }\n}"));
  EXPECT_NE(one, key("module @l { func.func @k() { return } }"));
  EXPECT_NE(one, key("module @k { func.func @l() { return } }"));
  EXPECT_NE(one, key("module @k { func.func @k() attributes {x} { return } }"));
  EXPECT_NE(one, key("module @k { func.func @k() { return } }", {"k"}));
  EXPECT_NE(one, key("module @k { func.func @k() { return } }", {}, "other"));
}

TEST_F(KernelKey, EachFactOfTheTargetCounts) {
  auto known = cpu::CpuTarget::get("x86-64-v4");
  ASSERT_TRUE(bool(known));
  std::set<std::string> seen;
  auto add = [&](const cpu::CpuTarget &target, cpu::Sanitizer sanitizer) {
    auto text = describeEmission(target, sanitizer);
    ASSERT_TRUE(bool(text)) << llvm::toString(text.takeError());
    EXPECT_TRUE(seen.insert(*text).second) << *text;
  };
  add(*known, cpu::Sanitizer::None);
  add(*known, cpu::Sanitizer::Address);
  add(*known, cpu::Sanitizer::Thread);
  auto change = [&](auto edit) {
    cpu::CpuTarget target = *known;
    edit(target);
    add(target, cpu::Sanitizer::None);
  };
  change([](cpu::CpuTarget &t) { t.triple = "aarch64-linux-gnu"; });
  change([](cpu::CpuTarget &t) { t.level = "x86-64-v3"; });
  change([](cpu::CpuTarget &t) { t.tuneFor = "znver4"; });
  change([](cpu::CpuTarget &t) { t.features.push_back("avx512vnni"); });
  change([](cpu::CpuTarget &t) { t.features.pop_back(); });
  change([](cpu::CpuTarget &t) { t.vectorBits = 256; });
  change([](cpu::CpuTarget &t) { t.vectorRegisters = 16; });
  change([](cpu::CpuTarget &t) { t.l1Bytes *= 2; });
  change([](cpu::CpuTarget &t) { t.l2Bytes *= 2; });
  change([](cpu::CpuTarget &t) { t.l3Bytes *= 2; });
}

} // namespace
