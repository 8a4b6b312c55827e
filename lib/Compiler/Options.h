//===- Options.h - checked options of a compilation -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The public options are words and numbers as a user types them. Here they
// become enums, and what is unknown or contradicts becomes an error, before
// anything else happens.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_COMPILER_OPTIONS_H
#define TENON_LIB_COMPILER_OPTIONS_H

#include "lib/Import/GGUF/Import.h"
#include "lib/Pipelines/Phases.h"
#include "lib/Target/CPU/CpuRates.h"
#include "lib/Target/CPU/EmitObject.h"
#include "tenon/Invocation.h"

namespace tenon {

/// A CPU that code is made for.
struct CheckedCpu {
  std::string name; ///< as given, resolved when code is made
  cpu::CpuTarget target;
};

/// Options that make sense.
struct CheckedOptions {
  std::string name; ///< of the artifact
  /// The only CPU, or the most demanding.
  std::string cpu;
  cpu::CpuTarget target;
  /// Others whose code the artifact carries, the most demanding first.
  std::vector<CheckedCpu> others;
  cpu::CpuRates rates;
  cpu::Sanitizer sanitizer = cpu::Sanitizer::None;
  Activations activations = Activations::Int8;
  bool sourceIsIR = false;
  Phase from = Phase::Imported;
  Phase to = Phase::Artifact;
  ImportOptions import;
};

/// Checks the options, for this source and output.
llvm::Expected<CheckedOptions> checkOptions(const CompileOptions &options,
                                            const Source &source,
                                            const Output &output);

} // namespace tenon

#endif // TENON_LIB_COMPILER_OPTIONS_H
