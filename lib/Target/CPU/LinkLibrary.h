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

/// Links `objects` to the shared library `folder/file`, whose name for the
/// loader is `file`. It exports `exported` and nothing else, and needs at most
/// libc and libm. Intermediate files named by `linkFiles` are put into `folder`
/// and removed again. The same objects give the same bytes in any folder.
/// With a sanitizer, symbols that its runtime provides may stay undefined.
llvm::Error linkLibrary(llvm::ArrayRef<ObjectFile> objects,
                        llvm::StringRef folder, llvm::StringRef file,
                        llvm::StringRef exported, Sanitizer sanitizer);

/// Names of the files that `linkLibrary` puts into its folder for a moment.
llvm::ArrayRef<llvm::StringLiteral> linkFiles();

} // namespace tenon::cpu

#endif // TENON_LIB_TARGET_CPU_LINKLIBRARY_H
