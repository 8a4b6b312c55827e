//===- LinkLibrary.h - object files to a shared library ---------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Links the objects of an artifact with LLVM's linker, in this process: who
// compiles a model needs neither a compiler nor a linker nor the development
// files of the C library.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_TARGET_CPU_LINKLIBRARY_H
#define TENON_LIB_TARGET_CPU_LINKLIBRARY_H

#include "lib/Target/CPU/EmitObject.h"

namespace tenon::cpu {

/// What to link, and how it is called.
struct LinkOptions {
  std::string output;   ///< path of the library
  std::string soname;   ///< its name for the loader
  std::string exported; ///< the one symbol that it shows
  /// Symbols that this sanitizer's runtime provides may stay undefined.
  Sanitizer sanitizer = Sanitizer::None;
  /// Of the objects: decides the architecture of the library.
  std::string triple = "x86_64-pc-linux-gnu";
};

/// Links `objects` to a shared library that needs at most libc and libm.
/// Intermediate files stand beside it while the linker runs; they are removed
/// also when a signal ends the process. The same objects and `soname` give the
/// same bytes in any folder.
llvm::Error linkLibrary(llvm::ArrayRef<ObjectFile> objects,
                        const LinkOptions &options);

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_LINKLIBRARY_H
