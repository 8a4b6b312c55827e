//===- tenon/Invocation.h - one compilation ---------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Part of Tenon's public interface.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_INVOCATION_H
#define TENON_INVOCATION_H

#include "tenon/Diagnostics.h"
#include "tenon/Output.h"
#include "tenon/Session.h"
#include "tenon/Source.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace tenon {

/// What a user may choose. Names are those of tenonc's options; a value that
/// is not known is an error that lists the known ones.
struct CompileOptions {
  /// Machine: "native", "x86-64-v3", "znver4", "neoverse-n1", ...; empty: the
  /// one that IR is scheduled for already, else "native". Several of one
  /// architecture, separated by commas: the artifact carries code for each, and
  /// the loader takes the most demanding that its machine can run.
  std::string cpu;
  /// Largest number of tokens of a session; 0: as the model says.
  uint64_t context = 0;
  /// Format of cached keys and values: "f16", "f32"; empty: "f16".
  std::string cacheType;
  /// Most tokens by rank that an entry gives per row when it is not asked for
  /// logits, which are then never written: up to 256 (nothing: 64), or 0 for
  /// logits only.
  std::optional<uint64_t> topK;
  /// Format of activations where they meet weights: "int8" (with a scale per
  /// 32 elements, rounded anew in each layer; weights in F32, F16 and BF16 keep
  /// f32), "bf16" (for CPUs that multiply pairs of them; weights may be
  /// rounded to bf16 as well), "f32".
  std::string activations = "int8";
  /// Instrumentation of the generated code: "", "address", "thread".
  std::string sanitize;
  /// Whether entries tell the runtime when each kernel begins and ends, which
  /// `tenon-run --profile` needs; costs about a percent of the speed.
  bool profile = false;
  /// Fusion passes to leave out, to see what each is worth: "tenon-fuse-rows",
  /// ... An unknown name is an error that lists all.
  std::vector<std::string> disabledPasses;
  /// Phase that the source is in: "imported", "optimized", "scheduled",
  /// "kernels", "native"; empty: a model file, or IR that is "imported".
  std::string compileFrom;
  /// Phase to stop after: those, or "artifact".
  std::string compileTo = "artifact";
  /// Folder for the IR after each phase; empty: none.
  std::string dumpPhases;
  /// Measured rates of the machine, for predictions: "read=15.5,f32=118"
  /// (GB/s and GOP/s of one core; see `tenonc --help`); empty: usual ones.
  std::string rates;
  /// Whether NAME.weights is written. Without it the other files show what the
  /// code is like, and nothing can run them.
  bool weights = true;
  /// Folder in which compiled kernels are kept for the next compilation that
  /// needs the same; empty: none. `defaultCacheFolder` is what tenonc uses. A
  /// folder that cannot be used is a warning, and costs time only.
  std::string cacheFolder;
  /// Bytes that the folder may hold; the kernels that were not used for the
  /// longest time go first.
  uint64_t cacheLimit = uint64_t(1) << 30;
};

/// The user's own folder for compiled kernels: `$XDG_CACHE_HOME/tenon`, else
/// `$HOME/.cache/tenon`, else "".
std::string defaultCacheFolder();

/// One step of a compilation.
struct StepReport {
  std::string name; ///< a phase, "pack weights", "emit objects", ...
  double seconds = 0;
  uint64_t anonymousBytes = 0; ///< largest anonymous memory during the step
  uint64_t residentBytes = 0;  ///< largest resident memory so far
  std::string note;            ///< "18 of 20 kernels from the cache", or ""
};

/// Called at the end of each step.
using ProgressHandler = std::function<void(const StepReport &)>;

/// What came of a compilation.
struct CompileResult {
  bool succeeded = false;
  bool optionsRefused = false;         ///< failed before anything was read
  std::vector<Diagnostic> diagnostics; ///< all messages, in order
  std::vector<std::string> files;      ///< that were written
  std::vector<StepReport> steps;
  std::string explanation;    ///< op, algorithm, kernel, why; a table
  uint64_t codeBytes = 0;     ///< executable bytes of the artifact
  uint64_t weightBytes = 0;   ///< packed weights
  unsigned kernels = 0;       ///< compiled for the artifact, or from the cache
  unsigned cachedKernels = 0; ///< of them from the cache

  explicit operator bool() const { return succeeded; }
  /// The first error, or "".
  std::string error() const;
  /// Steps and sizes as JSON.
  std::string statistics() const;
};

/// One compilation with one set of options. It may be run several times.
class Invocation {
public:
  explicit Invocation(Session &session, CompileOptions options = {});

  /// Calls `handler` for every message as it comes.
  void onDiagnostic(DiagnosticHandler handler);
  /// Calls `handler` after every step.
  void onProgress(ProgressHandler handler);

  /// Compiles. Everything that goes wrong is a diagnostic.
  CompileResult run(const Source &source, const Output &output);

private:
  Session &session;
  CompileOptions options;
  DiagnosticHandler diagnosticHandler;
  ProgressHandler progressHandler;
};

} // namespace tenon

#endif // TENON_INVOCATION_H
