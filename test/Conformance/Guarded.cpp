//===- Guarded.cpp - buffers that end where memory ends -------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Guarded.h"
#include "Executor.h"
#include "Instrumented.h"

#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

#if TENON_CONFORMANCE_ASAN
#include <sanitizer/asan_interface.h>
#endif

using namespace tenon::conformance;

Guarded::Guarded(size_t size) : bytes(size) {
  size_t page = sysconf(_SC_PAGESIZE);
  usable = (size + page - 1) / page * page;
  // A page in front, for what is written before the first byte.
  usable += page;
  mapped = usable + page;
  pages = Executor::get().allocate(mapped);
  Executor::get().protect(pages + usable, page, PROT_NONE);
  begin = pages + usable - size;
  std::memset(pages, kUnwritten, usable);
#if TENON_CONFORMANCE_ASAN
  ASAN_POISON_MEMORY_REGION(pages, begin - pages);
#endif
}

Guarded::~Guarded() {
#if TENON_CONFORMANCE_ASAN
  ASAN_UNPOISON_MEMORY_REGION(pages, begin - pages);
#endif
  Executor::get().release(pages, mapped);
}

void Guarded::reset() { std::memset(begin, kUnwritten, bytes); }

void Guarded::protect() { Executor::get().protect(pages, usable, PROT_READ); }

bool Guarded::isFrontIntact() const {
#if !TENON_CONFORMANCE_ASAN
  for (const uint8_t *p = pages; p < begin; ++p)
    if (*p != kUnwritten)
      return false;
#endif
  return true;
}
