//===- Descriptor.h - checks of an artifact's description -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The struct behind the artifact's one symbol, checked field by field before
// anything is called or sized by it.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_RUNTIME_DESCRIPTOR_H
#define TENON_RUNTIME_DESCRIPTOR_H

#include "Error.h"
#include "Weights.h"

namespace tenon::runtime {

/// A checked artifact: the description for one CPU and its entries.
struct Artifact {
  const tenon_rt_artifact *descriptor = nullptr;
  std::string cpus; ///< of all descriptions, comma separated
  const tenon_rt_entry *step = nullptr;
  const tenon_rt_entry *chunk = nullptr;
  const tenon_rt_entry *batch = nullptr;

  /// Largest `arena_bytes` of the entries.
  uint64_t arenaBytes() const;
  /// Largest `scratch_bytes` of the entries, a multiple of 64.
  uint64_t scratchBytes() const;
};

/// Checks the descriptor of the library `path` against this runtime, this
/// machine and the weights of `weightsPath`, and fills `artifact`: with the
/// first description that this machine can run, or with that for `cpu` if one
/// is named. Pointers in it must be null or valid.
Error checkDescriptor(const tenon_rt_artifact *descriptor,
                      const std::string &path, const Weights &weights,
                      const std::string &weightsPath, Artifact &artifact,
                      const std::string &cpu = "");

/// The message for an artifact instrumented with `sanitizer` ("address" or
/// "thread") in a process that is not.
Error sanitizerFailure(const std::string &path, const std::string &sanitizer);

} // namespace tenon::runtime

#endif // TENON_RUNTIME_DESCRIPTOR_H
