//===- Model.h - an opened artifact ---------------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Owns the weight file, mapped or copied, and the opened library. Immutable
// once open, so sessions of all threads share it; the last of them lets it go.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_RUNTIME_MODEL_H
#define TENON_RUNTIME_MODEL_H

#include "Descriptor.h"
#include "Memory.h"
#include "Weights.h"
#include "tenon-rt/runtime.h"

#include <memory>

namespace tenon::runtime {

class Model {
public:
  /// Opens the library `path` with the weight file `weightsPath`; an empty
  /// `weightsPath` means the one beside the library, an empty `cpu` the most
  /// demanding of the library's CPUs that this machine can run.
  /// `memory`: how the weights are held.
  static Error open(const std::string &path, std::string weightsPath,
                    const std::string &cpu, tenon_rt_weights_memory memory,
                    std::shared_ptr<const Model> &model);

  ~Model();
  Model(const Model &) = delete;
  Model &operator=(const Model &) = delete;

  const Artifact &artifact() const { return checked; }
  const Weights &weights() const { return contents; }
  const tenon_rt_model_info &info() const { return description; }

private:
  Model() = default;

  /// `file`: the library's bytes, checked.
  Error openLibrary(Bytes file, const std::string &path,
                    const std::string &weightsPath, const std::string &cpu);

  Error openWeights(const std::string &path, tenon_rt_weights_memory memory);

  Mapping weightsFile;
  bool isCopied = false;
  Weights contents;
  void *library = nullptr;
  Artifact checked;
  tenon_rt_model_info description = {};
};

} // namespace tenon::runtime

#endif // TENON_RUNTIME_MODEL_H
