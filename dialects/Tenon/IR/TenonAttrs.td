//===- TenonAttrs.td - schemes, model facts, enumerants ----*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_IR_TENONATTRS_TD
#define TENON_DIALECTS_TENON_IR_TENONATTRS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "dialects/Tenon/IR/TenonDialect.td"

class Tenon_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::tenon";
  let genSpecializedAttr = 0;
}

class Tenon_EnumAttr<EnumInfo info, string mnemonic>
    : EnumAttr<Tenon_Dialect, info, mnemonic>;

// The order is that of `blockFormats()`: the value of a case is its index.
def Tenon_SchemeKind : Tenon_Enum<"SchemeKind", "stored element format", [
  I32EnumAttrCase<"F32", 0, "f32">, I32EnumAttrCase<"F16", 1, "f16">,
  I32EnumAttrCase<"BF16", 2, "bf16">, I32EnumAttrCase<"Q4_0", 3, "q4_0">,
  I32EnumAttrCase<"Q4_1", 4, "q4_1">, I32EnumAttrCase<"Q5_0", 5, "q5_0">,
  I32EnumAttrCase<"Q5_1", 6, "q5_1">, I32EnumAttrCase<"Q8_0", 7, "q8_0">,
  I32EnumAttrCase<"Q2_K", 8, "q2_k">, I32EnumAttrCase<"Q3_K", 9, "q3_k">,
  I32EnumAttrCase<"Q4_K", 10, "q4_k">, I32EnumAttrCase<"Q5_K", 11, "q5_k">,
  I32EnumAttrCase<"Q6_K", 12, "q6_k">, I32EnumAttrCase<"IQ4_NL", 13, "iq4_nl">,
  I32EnumAttrCase<"IQ4_XS", 14, "iq4_xs">
]>;

def Tenon_CacheStore : Tenon_Enum<"CacheStore", "what a layer remembers", [
  I32EnumAttrCase<"KV", 0, "kv">, I32EnumAttrCase<"X", 1, "x">,
  I32EnumAttrCase<"Latent", 2, "latent">, I32EnumAttrCase<"State", 3, "state">,
  I32EnumAttrCase<"Memory", 4, "memory">
]>;
def Tenon_RopeState : Tenon_Enum<"RopeState",
    "whether keys are stored before or after their rotation", [
  I32EnumAttrCase<"Pre", 0, "pre">, I32EnumAttrCase<"Post", 1, "post">
]>;
def Tenon_PositionKind : Tenon_Enum<"PositionKind",
    "position of a slot after eviction", [
  I32EnumAttrCase<"Original", 0, "original">,
  I32EnumAttrCase<"Compacted", 1, "compacted">
]>;
def Tenon_CacheLayout : Tenon_Enum<"CacheLayout", "order of a cache's slots", [
  I32EnumAttrCase<"Contiguous", 0, "contiguous">,
  I32EnumAttrCase<"Paged", 1, "paged">, I32EnumAttrCase<"Ring", 2, "ring">,
  I32EnumAttrCase<"RaggedHead", 3, "ragged_head">
]>;

def Tenon_MaskKind : Tenon_Enum<"MaskKind", "which slots a query sees", [
  I32EnumAttrCase<"Full", 0, "full">, I32EnumAttrCase<"Causal", 1, "causal">
]>;
def Tenon_MaskAttr : Tenon_EnumAttr<Tenon_MaskKind, "mask">;

def Tenon_NormKind : Tenon_Enum<"NormKind", "normalisation", [
  I32EnumAttrCase<"RMS", 0, "rms">, I32EnumAttrCase<"Layer", 1, "layer">
]>;
def Tenon_NormAttr : Tenon_EnumAttr<Tenon_NormKind, "norm_kind">;

def Tenon_RopeStyle : Tenon_Enum<"RopeStyle", "which elements form a pair", [
  I32EnumAttrCase<"Interleaved", 0, "interleaved">,
  I32EnumAttrCase<"HalfSplit", 1, "half_split">
]>;
def Tenon_RopeStyleAttr : Tenon_EnumAttr<Tenon_RopeStyle, "rope_style">;

def Tenon_Fn : Tenon_Enum<"Fn", "nonlinear function of one element", [
  I32EnumAttrCase<"SiLU", 0, "silu">, I32EnumAttrCase<"GELU", 1, "gelu">,
  I32EnumAttrCase<"ReLU", 2, "relu">
]>;
def Tenon_FnAttr : Tenon_EnumAttr<Tenon_Fn, "fn">;

def Tenon_SchemeAttr : AttrDef<Tenon_Dialect, "Scheme"> {
  let mnemonic = "scheme";
  let summary = "Element format of a stored tensor.";
  let description = [{
    Names one description of `BlockFormat.h`: bits, block, scales and minima as
    data. Shapes count elements; a row's columns are a multiple of the block.

    Source: the GGUF format's tensor types.

    ```mlir
    #w = #tenon.scheme<q4_1>
    ```
  }];
  let parameters = (ins EnumParameter<Tenon_SchemeKind>:$kind);
  let assemblyFormat = "`<` $kind `>`";
  let extraClassDeclaration = [{
    /// The format's description.
    const ::tenon::BlockFormat &getFormat() const;
  }];
}
def Tenon_SchemeArrayAttr
    : TypedArrayAttrBase<Tenon_SchemeAttr, "array of schemes">;

def Tenon_BlocksAttr : AttrDef<Tenon_Dialect, "Blocks"> {
  let mnemonic = "blocks";
  let summary = "Encoding of a tensor that is kept as scaled integers.";
  let description = [{
    Each run of `size` consecutive elements of a row is kept as integers of
    `bits` bits and one f32 scale. The tensor's element type is what an element
    means. Made by `tenon.quantize`, read by `tenon.linear`. `bits` is 8,
    `size` is 32.

    ```mlir
    func.func private @f(tensor<?x576xf32, #tenon.blocks<bits = 8, size = 32>>)
    ```
  }];
  let parameters = (ins "int64_t":$bits, "int64_t":$size);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Tenon_ModelAttr : AttrDef<Tenon_Dialect, "Model"> {
  let mnemonic = "model";
  let summary = "Facts of a model that no op carries.";
  let description = [{
    `family` is the architecture's name, `context_length` the largest number of slots
    in tokens, `vocab` the number of token ids.

    ```mlir
    module @m attributes {
      tenon.model = #tenon.model<family = "llama", context_length = 64, vocab = 32>
    } {}
    ```
  }];
  let parameters = (ins StringRefParameter<>:$family, "int64_t":$context_length,
                        "int64_t":$vocab);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

#endif // TENON_DIALECTS_TENON_IR_TENONATTRS_TD
