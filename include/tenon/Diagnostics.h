//===- tenon/Diagnostics.h - what the compiler has to say -------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Part of Tenon's public interface.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIAGNOSTICS_H
#define TENON_DIAGNOSTICS_H

#include <functional>
#include <string>

namespace tenon {

enum class Severity { Error, Warning, Note, Remark };

/// Name of a severity: "error", "warning", "note", "remark".
const char *severityName(Severity severity);

/// One message. It names the file, the place, the rule and the remedy.
struct Diagnostic {
  Severity severity = Severity::Error;
  std::string location; ///< "file.mlir:3:5", the name of a tensor, or empty
  std::string message;

  /// "location: error: message".
  std::string str() const;
};

/// Receives every message in order; it is called by one thread at a time and
/// must not throw.
using DiagnosticHandler = std::function<void(const Diagnostic &)>;

} // namespace tenon

#endif // TENON_DIAGNOSTICS_H
