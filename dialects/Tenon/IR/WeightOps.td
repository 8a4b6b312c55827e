//===- WeightOps.td - archives, weights, contractions ------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_IR_WEIGHTOPS_TD
#define TENON_DIALECTS_TENON_IR_WEIGHTOPS_TD

include "dialects/Tenon/IR/TenonBase.td"

def Tenon_ArchiveOp : Tenon_Op<"archive", [Symbol]> {
  let summary = "A file of stored tensors.";
  let description = [{
    Names the file that holds the tensors of the module's weights. Nothing is
    read from it before a packer or an interpreter asks. `fingerprint` is a
    hash of its header in hexadecimal digits; a reader refuses another file.
    A file name of the form `synthetic:SEED` stands for generated weights:
    valid finite blocks that depend on the seed and the tensor's name only.

    ```mlir
    tenon.archive @gguf "model.gguf" {fingerprint = "00ff"}
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$file,
                       OptionalAttr<StrAttr>:$fingerprint);
  let assemblyFormat = "$sym_name $file attr-dict";
}

def Tenon_WeightOp : Tenon_Op<"weight", [Symbol,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "A named weight, stored in an archive.";
  let description = [{
    `shape` is `[N, K]` (N outputs, K inputs) or `[N]`. With `layers L` the
    weight exists once per layer and `{layer}` in the tensor's name stands for
    the layer index. `schemes` lists the formats in use; `by` gives each layer
    an index into that list (all layers use the first when absent).

    `packing` and `offsets` are attached when the layout for a target is
    chosen: offsets in bytes from the start of the packed weights, one per
    layer.

    ```mlir
    tenon.archive @gguf "model.gguf"
    tenon.weight @attn_v layers 2 shape [192, 512]
      of [#tenon.scheme<q4_k>, #tenon.scheme<q6_k>] by [0, 1]
      = stored @gguf["blk.{layer}.attn_v.weight"]
    ```
  }];
  let arguments = (ins SymbolNameAttr:$sym_name,
      OptionalAttr<I64Attr>:$layers, DenseI64ArrayAttr:$shape,
      Tenon_SchemeArrayAttr:$schemes,
      OptionalAttr<DenseI64ArrayAttr>:$scheme_of_layer,
      FlatSymbolRefAttr:$archive, StrAttr:$tensor,
      OptionalAttr<AnyAttr>:$packing,
      OptionalAttr<DenseI64ArrayAttr>:$offsets);
  let assemblyFormat = [{
    $sym_name (`layers` $layers^)? `shape` $shape `of` $schemes
    (`by` $scheme_of_layer^)? `=` `stored` $archive `[` $tensor `]`
    attr-dict
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Number of stored tensors: layers, or 1.
    int64_t getCount() { return getLayers().value_or(1); }
    /// Index into `schemes` that layer `layer` uses.
    int64_t getSchemeIndex(int64_t layer);
    /// Format of layer `layer`.
    ::tenon::SchemeAttr getScheme(int64_t layer);
    /// Name of the stored tensor of layer `layer`.
    std::string getTensorName(int64_t layer);
    /// The type that `tenon.weight.at` gives for it.
    ::tenon::WeightType getWeightType();
  }];
}

def Tenon_WeightAtOp : Tenon_Op<"weight.at", [Pure,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "The weight of a layer.";
  let description = [{
    Reads a weight symbol, at a layer index when the weight has layers. Index
    in `[0, layers)`.

    ```mlir
    %w = tenon.weight.at @norm : !tenon.weight<64, [f32]>
    %v = tenon.weight.at @attn_v[%l] : !tenon.weight<192x512, [q4_k]>
    ```
  }];
  let arguments = (ins FlatSymbolRefAttr:$weight, Optional<Index>:$layer);
  let results = (outs Tenon_WeightType:$result);
  let assemblyFormat =
      "$weight (`[` $layer^ `]`)? attr-dict `:` type($result)";
}

def Tenon_EmbeddingOp : Tenon_Op<"embedding", [Pure]> {
  let summary = "Rows of a weight chosen by token id.";
  let description = [{
    `ids: [T]`, each in `[0, N)`; `weight: N x H`; result `[T, H]`.

    ```mlir
    %x = tenon.embedding %ids, %w : tensor<?xi32>, !tenon.weight<49152x576, [q8_0]> -> tensor<?x576xf32>
    ```
  }];
  let arguments = (ins Tenon_IdTensor:$ids, Tenon_WeightType:$weight);
  let results = (outs Tenon_F32Tensor:$result);
  let assemblyFormat = [{
    $ids `,` $weight attr-dict `:` type($ids) `,` type($weight) `->`
    type($result)
  }];
  let hasVerifier = 1;
}

def Tenon_LinearOp : Tenon_Op<"linear", [Pure]> {
  let summary = "Product with a stored matrix.";
  let description = [{
    `result[t, n] = sum_k input[t, k] * weight[n, k] (+ bias[n])`. Input
    `[T, K]` or `[T, heads, dim]` with heads * dim = K; weight `N x K`; result
    `[T, N]` or `[T, heads, dim]` with heads * dim = N, so that heads stay a
    dimension. The input may be kept as scaled integers (`tenon.quantize`); its
    elements are what their encoding means. An input of bf16, of which K is even,
    meets elements of the weight that are rounded to bf16 as well, because
    instructions multiply pairs of bf16; a target may leave them as they are,
    each by at most 2^-8 of itself away.

    ```mlir
    %q = tenon.linear %x, %w : (tensor<?x576xf32>, !tenon.weight<576x576, [q4_1]>) -> tensor<?x9x64xf32>
    %k = tenon.linear %x, %wk bias %b : (tensor<?x576xf32>, !tenon.weight<192x576, [q4_1]>, !tenon.weight<192, [f32]>) -> tensor<?x3x64xf32>
    ```
  }];
  let arguments = (ins AnyTypeOf<[Tenon_F32Tensor, Tenon_QuantizedTensor,
                                  Tenon_BF16Tensor], "",
                                 "::mlir::RankedTensorType">:$input,
                       Tenon_WeightType:$weight,
                       Optional<Tenon_WeightType>:$bias);
  let results = (outs Tenon_F32Tensor:$result);
  let assemblyFormat = [{
    $input `,` $weight (`bias` $bias^)? attr-dict `:`
    functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

#endif // TENON_DIALECTS_TENON_IR_WEIGHTOPS_TD
