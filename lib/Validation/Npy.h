//===- Npy.h - arrays as NumPy files ----------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_VALIDATION_NPY_H
#define TENON_LIB_VALIDATION_NPY_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

namespace tenon {

/// Writes float64 `data` of this shape, in C order, to `path` (version 1.0 of
/// NumPy's format). An existing file is replaced when all is written.
llvm::Error writeNpy(llvm::StringRef path, llvm::ArrayRef<int64_t> shape,
                     llvm::ArrayRef<double> data);

} // namespace tenon

#endif // TENON_LIB_VALIDATION_NPY_H
