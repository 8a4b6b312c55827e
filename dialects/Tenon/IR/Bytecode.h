//===- Bytecode.h - versioned bytecode of the core dialect ------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_IR_BYTECODE_H
#define TENON_DIALECTS_TENON_IR_BYTECODE_H

namespace tenon {

class TenonDialect;

/// Adds the interface that writes and checks the dialect's version and encodes
/// caches as name/value pairs, so that a new axis does not break old files.
void addBytecodeInterface(TenonDialect &dialect);

} // namespace tenon

#endif // TENON_DIALECTS_TENON_IR_BYTECODE_H
