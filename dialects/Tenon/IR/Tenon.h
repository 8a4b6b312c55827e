//===- Tenon.h - the core dialect -------------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_IR_TENON_H
#define TENON_DIALECTS_TENON_IR_TENON_H

#include "dialects/Tenon/IR/BlockFormat.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/Tenon/IR/TenonEnums.h.inc"
#include "dialects/Tenon/IR/TenonOpsDialect.h.inc"

namespace tenon {

/// The side-effect resource of all caches: reads and writes of caches keep
/// their order.
struct CacheState : public mlir::SideEffects::Resource::Base<CacheState> {
  llvm::StringRef getName() final { return "CacheState"; }
};

/// Name of the module attribute that holds a `#tenon.model`.
inline constexpr llvm::StringLiteral kModelAttrName = "tenon.model";

/// Name of the unit attribute that marks an entry function.
inline constexpr llvm::StringLiteral kEntryAttrName = "tenon.entry";

/// Name of the attribute of an entry that says how many rows it takes at once.
inline constexpr llvm::StringLiteral kMaxRowsAttrName = "tenon.max_rows";
/// That number; nothing for a function that is no entry.
std::optional<int64_t> getMaxRows(mlir::Operation *function);

/// Unit attribute of an entry whose rows belong to sequences of their own: row
/// r of a call is the one row of a call with the r-th of the given caches.
inline constexpr llvm::StringLiteral kRowSequencesAttrName =
    "tenon.row_sequences";

/// Slots of a tile: parts of attention over some of the slots begin at one.
inline constexpr int64_t kPartTile = 64;
/// Most parts of one attention.
inline constexpr int64_t kMaxParts = 1024;

/// True for entries in which attention sees one row of a sequence at a time:
/// those of one row, and those whose rows belong to sequences of their own.
bool attendsByRow(mlir::Operation *entry);

/// Largest number of layers, heads, or elements of a head: far above any model,
/// and small enough for products of them.
inline constexpr int64_t kMaxExtent = int64_t(1) << 20;

/// Largest number of elements of a weight.
inline constexpr int64_t kMaxWeightElements = int64_t(1) << 48;

/// Version of the dialect's bytecode.
inline constexpr uint64_t kBytecodeVersion = 1;

/// The description of a format.
const BlockFormat &getBlockFormat(SchemeKind kind);

/// True for ops that make each row of their result from one row of each
/// input: norms, rotations, chosen rows, gates, quantisation and additions. A
/// kernel of such ops is a row kernel.
bool isRowOp(mlir::Operation *op);

} // namespace tenon

#define GET_ATTRDEF_CLASSES
#include "dialects/Tenon/IR/TenonOpsAttributes.h.inc"

#define GET_TYPEDEF_CLASSES
#include "dialects/Tenon/IR/TenonOpsTypes.h.inc"

#define GET_OP_CLASSES
#include "dialects/Tenon/IR/TenonOps.h.inc"

#endif // TENON_DIALECTS_TENON_IR_TENON_H
