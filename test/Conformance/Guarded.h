//===- Guarded.h - buffers that end where memory ends -----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The last byte of a buffer is the last of a page, and the next page cannot be
// touched: one byte too many ends the program. Bytes before the buffer hold a
// pattern that is checked (under AddressSanitizer they are poisoned instead).
// Inputs can be made read-only.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEST_CONFORMANCE_GUARDED_H
#define TENON_TEST_CONFORMANCE_GUARDED_H

#include <cstddef>
#include <cstdint>

namespace tenon::conformance {

/// What fills memory that nobody has written: not a number as f16 and as f32.
constexpr uint8_t kUnwritten = 0xff;

/// One buffer of a kernel.
class Guarded {
public:
  /// `size` bytes of `kUnwritten`.
  explicit Guarded(size_t size);
  ~Guarded();
  Guarded(const Guarded &) = delete;
  Guarded &operator=(const Guarded &) = delete;

  uint8_t *data() { return begin; }
  const uint8_t *data() const { return begin; }
  size_t size() const { return bytes; }
  template <typename T>
  T *as() {
    return reinterpret_cast<T *>(begin);
  }

  /// Fills with `kUnwritten` again.
  void reset();
  /// From now on a write ends the program.
  void protect();
  /// False when something wrote before the buffer.
  bool isFrontIntact() const;

private:
  uint8_t *pages = nullptr, *begin = nullptr;
  size_t bytes = 0, usable = 0, mapped = 0;
};

} // namespace tenon::conformance

#endif // TENON_TEST_CONFORMANCE_GUARDED_H
