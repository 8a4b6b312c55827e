//===- Instrumented.h - which sanitizer this program has --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels get the instrumentation whose runtime the test program brings.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEST_CONFORMANCE_INSTRUMENTED_H
#define TENON_TEST_CONFORMANCE_INSTRUMENTED_H

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TENON_CONFORMANCE_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define TENON_CONFORMANCE_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) && !defined(TENON_CONFORMANCE_ASAN)
#define TENON_CONFORMANCE_ASAN 1
#endif
#if defined(__SANITIZE_THREAD__) && !defined(TENON_CONFORMANCE_TSAN)
#define TENON_CONFORMANCE_TSAN 1
#endif
#ifndef TENON_CONFORMANCE_ASAN
#define TENON_CONFORMANCE_ASAN 0
#endif
#ifndef TENON_CONFORMANCE_TSAN
#define TENON_CONFORMANCE_TSAN 0
#endif

#endif // TENON_TEST_CONFORMANCE_INSTRUMENTED_H
