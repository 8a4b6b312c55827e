//===- Weights.h - reader of the .weights container -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checks the container over plain memory, so that tests and fuzzers need no
// file. Nothing in the file is believed before the rule that covers it has
// been checked.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_RUNTIME_WEIGHTS_H
#define TENON_RUNTIME_WEIGHTS_H

#include "Error.h"
#include "tenon-rt/abi.h"

#include <array>
#include <cstdint>

namespace tenon::runtime {

/// A part of a file.
struct Bytes {
  const uint8_t *data = nullptr;
  uint64_t size = 0;
};

/// What a valid weight file holds; points into the checked memory.
struct Weights {
  tenon_rt_weights_header header = {};
  Bytes metadata;
  Bytes packed;
};

/// Checks the weight file `file`, called `path` in messages, and fills
/// `weights`. The first byte of `file` is 64-byte aligned.
Error readWeights(Bytes file, const std::string &path, Weights &weights);

/// Checks that `library`, called `path` in messages, is the one that the
/// weight file `weightsPath` was written with.
Error checkLibrary(Bytes library, const std::string &path,
                   const tenon_rt_weights_header &header,
                   const std::string &weightsPath);

/// XXH3, 64 bits, seed 0.
uint64_t hash64(Bytes bytes);

/// XXH3, 128 bits, in canonical (big-endian) byte order.
std::array<uint8_t, 16> hash128(Bytes bytes);

} // namespace tenon::runtime

#endif // TENON_RUNTIME_WEIGHTS_H
