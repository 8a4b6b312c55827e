//===- MemoryTest.cpp - files in memory, mapped or copied -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Memory.h"

#include "FakeModel.h"

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <sys/resource.h>
#include <unistd.h>

using namespace tenon::runtime;

namespace {

constexpr uint64_t kHugePage = uint64_t(2) << 20;

/// A model whose weight file is larger than a huge page.
void enlarge(FakeModel &fake) {
  std::vector<uint8_t> metadata(3 * kHugePage + 17, 5);
  writeFile(fake.weights(),
            weightFile(readFile(fake.library()), metadata, fakeWeights()));
}

/// Whether the system refuses to write to `address`.
bool isReadOnly(uint8_t *address) {
  int ends[2];
  if (pipe(ends) != 0)
    return false;
  bool isRefused = write(ends[1], "x", 1) == 1 &&
                   read(ends[0], address, 1) == -1 && errno == EFAULT;
  close(ends[0]);
  close(ends[1]);
  return isRefused;
}

/// Opens a model; returns its status and whether its weights were copied.
std::pair<tenon_rt_status, bool> open(const FakeModel &fake,
                                      tenon_rt_weights_memory memory) {
  tenon_rt_model_options options = {};
  options.memory = memory;
  tenon_rt_model *model = nullptr;
  tenon_rt_status status =
      tenon_rt_model_open(fake.library().c_str(), &options, &model);
  bool isCopied = model && tenon_rt_model_get_info(model)->weights_copied;
  tenon_rt_model_close(model);
  return {status, isCopied};
}

TEST(Memory, CopiesAreEqualAlignedAndReadOnly) {
  FakeModel fake;
  enlarge(fake);
  File file;
  ASSERT_FALSE(file.open(fake.weights()));
  Mapping mapped, copied;
  ASSERT_FALSE(mapped.map(file));
  ASSERT_FALSE(copied.copy(file));
  ASSERT_EQ(mapped.size(), file.size());
  ASSERT_EQ(copied.size(), file.size());
  EXPECT_EQ(std::memcmp(mapped.data(), copied.data(), file.size()), 0);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(copied.data()) % kHugePage, 0u);
  EXPECT_TRUE(isReadOnly(copied.data()));
  EXPECT_TRUE(isReadOnly(copied.data() + file.size() - 1));
  EXPECT_TRUE(isReadOnly(mapped.data()));
}

/// Bytes of memory that this process has and that are no file's.
uint64_t anonymousBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;)
    if (uint64_t kilobytes; word == "RssAnon:" && status >> kilobytes)
      return kilobytes * 1024;
  return 0;
}

TEST(Memory, ReservationsCostWhatIsTouched) {
  constexpr uint64_t bytes = uint64_t(1) << 30;
  Mapping memory;
  uint64_t before = anonymousBytes();
  ASSERT_FALSE(memory.reserveHuge(bytes, "test"));
  ASSERT_EQ(memory.size(), bytes);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(memory.data()) % kHugePage, 0u);
  EXPECT_EQ(memory.data()[0], 0);
  EXPECT_EQ(memory.data()[bytes - 1], 0);
  memory.data()[0] = memory.data()[bytes - 1] = 1;
  // Two pages, huge at most, and whatever else the test allocated meanwhile.
  EXPECT_LE(anonymousBytes(), before + 4 * kHugePage);
}

/// The flags of the mapping that holds `address`: " rd wr ... ".
std::string mappingFlags(const void *address) {
  std::ifstream maps("/proc/self/smaps");
  uint64_t begin = 0, end = 0, at = reinterpret_cast<uintptr_t>(address);
  for (std::string line; std::getline(maps, line);) {
    std::sscanf(line.c_str(), "%" SCNx64 "-%" SCNx64 " ", &begin, &end);
    if (begin <= at && at < end && line.rfind("VmFlags:", 0) == 0)
      return line.substr(std::strlen("VmFlags:")) + " ";
  }
  return "";
}

TEST(Memory, ReservationsAskForHugePages) {
  if (access("/sys/kernel/mm/transparent_hugepage/enabled", F_OK) != 0)
    GTEST_SKIP() << "the kernel of this system has no transparent huge pages";
  constexpr uint64_t bytes = 3 * kHugePage + 5;
  Mapping huge, small;
  ASSERT_FALSE(huge.reserveHuge(bytes, "test"));
  ASSERT_FALSE(small.reserve(bytes, "test"));
  for (uint64_t at : {uint64_t(0), bytes - 1})
    EXPECT_NE(mappingFlags(huge.data() + at).find(" hg "), std::string::npos)
        << mappingFlags(huge.data() + at);
  ASSERT_NE(mappingFlags(small.data()), "");
  EXPECT_EQ(mappingFlags(small.data()).find(" hg "), std::string::npos);
}

TEST(Memory, ImpossibleReservationsAreRefused) {
  for (uint64_t bytes : {UINT64_MAX, UINT64_MAX - kHugePage / 2,
                         uint64_t(PTRDIFF_MAX), uint64_t(PTRDIFF_MAX) + 1}) {
    Mapping memory;
    Error error = memory.reserveHuge(bytes, "cache");
    ASSERT_TRUE(error);
    EXPECT_EQ(error.status, TENON_RT_MEMORY);
    EXPECT_NE(error.message.find("for the cache"), std::string::npos);
  }
}

TEST(Memory, EmptyFilesHaveNoMemory) {
  FakeModel fake;
  writeFile(fake.weights(), {});
  File file;
  ASSERT_FALSE(file.open(fake.weights()));
  Mapping mapped, copied;
  ASSERT_FALSE(mapped.map(file));
  ASSERT_FALSE(copied.copy(file));
  EXPECT_EQ(mapped.size(), 0u);
  EXPECT_EQ(copied.size(), 0u);
}

TEST(Memory, FilesOfLessThanAHugePageAreNotWorthACopy) {
  EXPECT_FALSE(isWorthCopying(0));
  EXPECT_FALSE(isWorthCopying(kHugePage - 1));
  // No system has twice that.
  EXPECT_FALSE(isWorthCopying(uint64_t(1) << 60));
}

TEST(Memory, LargeWeightsAreCopiedIfThatIsWorthIt) {
  FakeModel fake;
  enlarge(fake);
  bool isWorth = isWorthCopying(readFile(fake.weights()).size());
  EXPECT_EQ(open(fake, TENON_RT_WEIGHTS_AUTO), std::pair(TENON_RT_OK, isWorth));
  EXPECT_EQ(open(fake, TENON_RT_WEIGHTS_MAPPED), std::pair(TENON_RT_OK, false));
  EXPECT_EQ(open(fake, TENON_RT_WEIGHTS_COPIED), std::pair(TENON_RT_OK, true));
}

/// Leaves this process `bytes` more of addresses.
class Limit {
public:
  explicit Limit(uint64_t bytes) {
    uint64_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    getrlimit(RLIMIT_AS, &before);
    rlimit tight = before;
    tight.rlim_cur = pages * static_cast<uint64_t>(getpagesize()) + bytes;
    setrlimit(RLIMIT_AS, &tight);
  }
  ~Limit() { setrlimit(RLIMIT_AS, &before); }

private:
  rlimit before;
};

TEST(Memory, WeightsStayMappedWhereACopyHasNoMemory) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "sanitizers need addresses of their own";
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
  GTEST_SKIP() << "sanitizers need addresses of their own";
#endif
#endif
  FakeModel fake;
  enlarge(fake);
  uint64_t bytes = readFile(fake.weights()).size();
  if (!isWorthCopying(bytes))
    GTEST_SKIP() << "this system has no huge pages, or too little memory";
  // A copy needs room to begin at a huge page, a mapped file does not.
  Limit limit(bytes + kHugePage / 2);
  EXPECT_EQ(open(fake, TENON_RT_WEIGHTS_AUTO), std::pair(TENON_RT_OK, false));
  EXPECT_EQ(open(fake, TENON_RT_WEIGHTS_COPIED).first, TENON_RT_MEMORY);
  std::string message = tenon_rt_error(nullptr);
  EXPECT_NE(message.find("fake.weights"), std::string::npos) << message;
  EXPECT_NE(message.find("map the file instead"), std::string::npos) << message;
}

} // namespace
