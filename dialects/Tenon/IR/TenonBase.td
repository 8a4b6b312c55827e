//===- TenonBase.td - what every op file of the dialect uses -*- tablegen -*-=//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_IR_TENONBASE_TD
#define TENON_DIALECTS_TENON_IR_TENONBASE_TD

include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "dialects/Tenon/IR/TenonTypes.td"

class Tenon_Op<string mnemonic, list<Trait> traits = []>
    : Op<Tenon_Dialect, mnemonic, traits>;

/// Activations: the first dimension counts tokens.
def Tenon_F32Tensor : RankedTensorOf<[F32],
    [CPred<"!::llvm::cast<::mlir::RankedTensorType>($_self).getEncoding()">],
    "ranked tensor of 32-bit floats without encoding">;
/// Activations kept as scaled integers.
def Tenon_QuantizedTensor : RankedTensorOf<[F32],
    [CPred<"::llvm::isa_and_nonnull<::tenon::BlocksAttr>("
           "::llvm::cast<::mlir::RankedTensorType>($_self).getEncoding())">],
    "ranked tensor of 32-bit floats with encoding #tenon.blocks">;
/// Activations kept as 16-bit floats.
def Tenon_BF16Tensor : RankedTensorOf<[BF16],
    [CPred<"!::llvm::cast<::mlir::RankedTensorType>($_self).getEncoding()">],
    "ranked tensor of bf16 without encoding">;
/// Token ids, positions, row numbers.
def Tenon_IdTensor : 1DTensorOf<[I32]>;
/// Ids of several tokens per row.
def Tenon_RankTensor : 2DTensorOf<[I32]>;

/// All caches of a program. Reads and writes of any cache conflict.
def Tenon_CacheState : Resource<"::tenon::CacheState">;

#endif // TENON_DIALECTS_TENON_IR_TENONBASE_TD
