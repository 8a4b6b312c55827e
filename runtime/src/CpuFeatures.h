//===- CpuFeatures.h - what the machine can run ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Artifacts name the features their code needs in LLVM's spelling. A name that
// this file does not know counts as missing: running into an unknown
// instruction is worse than refusing.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_RUNTIME_CPUFEATURES_H
#define TENON_RUNTIME_CPUFEATURES_H

#include <string>
#include <string_view>

namespace tenon::runtime {

/// Whether this machine and its operating system have the feature `name`.
bool hasCpuFeature(std::string_view name);

/// Whether `name` is a feature that hasCpuFeature can tell about.
bool knowsCpuFeature(std::string_view name);

/// The first name of the comma-separated `list` that this machine lacks, or
/// "" when it has all.
std::string firstMissingCpuFeature(std::string_view list);

/// All names of the list that this machine lacks, separated by ", ".
std::string missingCpuFeatures(std::string_view list);

/// The architecture that this runtime is built for, as in a target triple.
std::string_view cpuArchitecture();

} // namespace tenon::runtime

#endif // TENON_RUNTIME_CPUFEATURES_H
