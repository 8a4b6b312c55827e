//===- Golden.h - recorded errors that may not get larger -------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The worst difference of each group of ops and format, on one instruction set
// that all machines agree about, against its record in test/Golden.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEST_CONFORMANCE_GOLDEN_H
#define TENON_TEST_CONFORMANCE_GOLDEN_H

#include "Check.h"

#include "llvm/ADT/ArrayRef.h"

namespace tenon::conformance {

/// The instruction set whose differences are recorded.
inline constexpr const char *kGoldenCpu = "x86-64-v3";

/// Compares what `groups` (all that there are, if empty) showed with the JSON
/// file `path`; false, with a message per entry, where a difference is more
/// than 5 % larger or has no record. Records all of them instead where
/// TENON_GOLDEN_UPDATE is in the environment.
bool checkGolden(const std::string &path, llvm::ArrayRef<std::string> groups,
                 const Report &report);

} // namespace tenon::conformance

#endif // TENON_TEST_CONFORMANCE_GOLDEN_H
