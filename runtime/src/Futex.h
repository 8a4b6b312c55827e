//===- Futex.h - sleeping on a word of memory -------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The system's own wait on a 32-bit word: it looks at the word once more
// before it puts the thread to sleep, so no wake is lost between the two.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_RUNTIME_FUTEX_H
#define TENON_RUNTIME_FUTEX_H

#include <climits>
#include <cstdint>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace tenon::runtime {

/// Sleeps while the word at `address` is `value`; may return early.
inline void futexWait(const void *address, uint32_t value) {
  syscall(SYS_futex, address, FUTEX_WAIT_PRIVATE, value, nullptr, nullptr, 0);
}

/// Wakes all threads that sleep on the word at `address`.
inline void futexWakeAll(const void *address) {
  syscall(SYS_futex, address, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

/// Sleeps as `futexWait` does, until a wake whose mask shares a bit with
/// `mask`.
inline void futexWaitMasked(const void *address, uint32_t value,
                            uint32_t mask) {
  syscall(SYS_futex, address, FUTEX_WAIT_BITSET_PRIVATE, value, nullptr,
          nullptr, mask);
}

/// Wakes the threads that sleep on the word at `address` with a mask that
/// shares a bit with `mask`.
inline void futexWakeMasked(const void *address, uint32_t mask) {
  syscall(SYS_futex, address, FUTEX_WAKE_BITSET_PRIVATE, INT_MAX, nullptr,
          nullptr, mask);
}

} // namespace tenon::runtime

#endif // TENON_RUNTIME_FUTEX_H
