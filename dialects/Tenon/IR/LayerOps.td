//===- LayerOps.td - layers, norms, activations, kernels ---*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_IR_LAYEROPS_TD
#define TENON_DIALECTS_TENON_IR_LAYEROPS_TD

include "dialects/Tenon/IR/TenonBase.td"

def Tenon_NormOp : Tenon_Op<"norm", [Pure,
    AllTypesMatch<["input", "result"]>]> {
  let summary = "Normalises the last dimension.";
  let description = [{
    Over the last dimension (N elements), `weight: N`:
    `rms`: `x / sqrt(mean(x^2) + eps) * weight`; `layer`:
    `(x - mean(x)) / sqrt(var(x) + eps) * weight`.

    Source: RMS norm, arXiv:1910.07467.

    ```mlir
    %n = tenon.norm rms %h, %w {eps = 1.0e-5 : f32} : tensor<?x576xf32>, !tenon.weight<576, [f32]>
    ```
  }];
  let arguments = (ins Tenon_NormAttr:$kind, Tenon_F32Tensor:$input,
                       Tenon_WeightType:$weight, F32Attr:$eps);
  let results = (outs Tenon_F32Tensor:$result);
  let assemblyFormat = [{
    $kind $input `,` $weight attr-dict `:` type($input) `,` type($weight)
  }];
  let hasVerifier = 1;
}

def Tenon_GateOp : Tenon_Op<"gate", [Pure, SameOperandsAndResultType]> {
  let summary = "Gated activation: fn(gate) * up.";
  let description = [{
    Element by element `fn(gate) * up`. `silu(x) = x / (1 + exp(-x))`,
    `gelu(x) = x * Phi(x)`, `relu(x) = max(x, 0)`.

    Source: arXiv:2002.05202.

    ```mlir
    %f = tenon.gate silu %g, %u : tensor<?x1536xf32>
    ```
  }];
  let arguments = (ins Tenon_FnAttr:$fn, Tenon_F32Tensor:$gate,
                       Tenon_F32Tensor:$up);
  let results = (outs Tenon_F32Tensor:$result);
  let assemblyFormat = "$fn $gate `,` $up attr-dict `:` type($result)";
}

def Tenon_RowsOp : Tenon_Op<"rows", [Pure]> {
  let summary = "Chosen rows of a tensor.";
  let description = [{
    `result[i] = input[index[i]]`, index in `[0, T)`. Logits are computed for
    such rows only.

    ```mlir
    %y = tenon.rows %x, %i : tensor<?x576xf32>, tensor<?xi32> -> tensor<?x576xf32>
    ```
  }];
  let arguments = (ins Tenon_F32Tensor:$input, Tenon_IdTensor:$index);
  let results = (outs Tenon_F32Tensor:$result);
  let assemblyFormat = [{
    $input `,` $index attr-dict `:` type($input) `,` type($index) `->`
    type($result)
  }];
  let hasVerifier = 1;
}

def Tenon_TopKOp : Tenon_Op<"top_k", [Pure]> {
  let summary = "The largest elements of each row, and where they are.";
  let description = [{
    `input: [T, N]` to `values: [T, K]` and `indices: [T, K]`: the `count`
    largest elements of a row, the largest first, and their columns; `count` is
    an index from 1 to K. Equal elements (0 and -0 are equal) are in the order
    of their columns. What is no number is not among them. From `count` on, and
    where a row has fewer numbers, a value is minus infinity and its index -1.

    With `count` = 1 this is arg-max. In a kernel with the `tenon.linear` that
    makes its input, N numbers are ranked as they come and never written.

    ```mlir
    %v, %i = tenon.top_k %logits, %k : tensor<?x96xf32> -> tensor<?x8xf32>, tensor<?x8xi32>
    ```
  }];
  let arguments = (ins Tenon_F32Tensor:$input, Index:$count);
  let results = (outs Tenon_F32Tensor:$values, Tenon_RankTensor:$indices);
  let assemblyFormat = [{
    $input `,` $count attr-dict `:` type($input) `->` type($values) `,`
    type($indices)
  }];
  let hasVerifier = 1;
}

def Tenon_QuantizeOp : Tenon_Op<"quantize", [Pure]> {
  let summary = "Rounds activations to scaled integers or to bf16.";
  let description = [{
    To `#tenon.blocks`: for each block of `size` consecutive elements of a row
    (all dimensions after the first; a multiple of `size` elements), in f32:
    `amax = max |x|`, `d = amax / 127`, `inverse = 127 / amax`,
    `code = clamp(roundeven(x * inverse), -127, 127)`; an element becomes
    `d * code`. A block with `amax` below 1e-30 becomes zeros. A block with a
    number that is not finite becomes no numbers.

    Largest error of an element: `amax / 254`.

    To bf16: each element becomes the nearest bf16, ties to even; those closer
    to zero than the least normal number, 2^-126, may become zeros, those
    beyond the largest bf16 infinity. Rows have an even number of elements,
    because products are of pairs. Largest error of an element else: 2^-8 of
    itself.

    ```mlir
    %q = tenon.quantize %x : tensor<?x576xf32> -> tensor<?x576xf32, #tenon.blocks<bits = 8, size = 32>>
    %p = tenon.quantize %x : tensor<?x576xf32> -> tensor<?x576xbf16>
    ```
  }];
  let arguments = (ins Tenon_F32Tensor:$input);
  let results = (outs AnyTypeOf<[Tenon_QuantizedTensor, Tenon_BF16Tensor], "",
                                "::mlir::RankedTensorType">:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `->` type($result)";
  let hasVerifier = 1;
}

def Tenon_YieldOp : Tenon_Op<"yield", [Pure, Terminator,
    ParentOneOf<["::tenon::StackOp", "::tenon::KernelOp"]>]> {
  let summary = "Ends the body of a stack or a kernel.";
  let description = [{
    Gives the values of the next layer, or the results of the kernel.

    ```mlir
    tenon.yield %h, %c : tensor<?x576xf32>, !kv
    ```
  }];
  let arguments = (ins Variadic<AnyType>:$operands);
  let assemblyFormat = "attr-dict ($operands^ `:` type($operands))?";
  let builders = [OpBuilder<(ins), [{ build($_builder, $_state, {}); }]>];
}

def Tenon_StackOp : Tenon_Op<"stack", [
    SingleBlockImplicitTerminator<"::tenon::YieldOp">, RecursiveMemoryEffects,
    DeclareOpInterfaceMethods<InferTypeOpInterface>]> {
  let summary = "One body run over a layer index.";
  let description = [{
    Runs the body for each layer index in `[first, last)`. Block arguments are
    the index and the carried values; what the body yields is carried to the
    next layer. A weight's layer map says what differs between layers.

    ```mlir
    %y, %c1 = tenon.stack 0 to 30 (%x, %c) : tensor<?x576xf32>, !kv {
    ^layer(%l: index, %h: tensor<?x576xf32>, %kv: !kv):
      tenon.yield %h, %kv : tensor<?x576xf32>, !kv
    }
    ```
  }];
  let arguments = (ins I64Attr:$first, I64Attr:$last,
                       Variadic<AnyType>:$inits);
  let results = (outs Variadic<AnyType>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $first `to` $last `(` $inits `)` `:` type($inits) $body attr-dict
  }];
  let hasRegionVerifier = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    ::mlir::Value getLayerIndex() { return getBody().getArgument(0); }
    ::mlir::ValueRange getCarried() {
      return getBody().getArguments().drop_front();
    }
    YieldOp getYield();
  }];
}

def Tenon_KernelOp : Tenon_Op<"kernel", [IsolatedFromAbove,
    SingleBlockImplicitTerminator<"::tenon::YieldOp">,
    RecursiveMemoryEffects]> {
  let summary = "The unit of scheduling, explaining and validating.";
  let description = [{
    Ops that run as one piece of machine code. Block arguments are the
    operands. `schedule` is an attribute of the target's own dialect that says
    how; absent before a schedule is chosen.

    ```mlir
    %n = tenon.kernel "norm" (%h, %w) : (tensor<?x576xf32>, !tenon.weight<576, [f32]>) -> (tensor<?x576xf32>) {
    ^kernel(%a: tensor<?x576xf32>, %b: !tenon.weight<576, [f32]>):
      %r = tenon.norm rms %a, %b {eps = 1.0e-5 : f32} : tensor<?x576xf32>, !tenon.weight<576, [f32]>
      tenon.yield %r : tensor<?x576xf32>
    }
    ```
  }];
  let arguments = (ins StrAttr:$name, Variadic<AnyType>:$inputs,
                       OptionalAttr<AnyAttr>:$schedule);
  let results = (outs Variadic<AnyType>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $name `(` $inputs `)` `:` functional-type($inputs, $results)
    (`schedule` `(` $schedule^ `)`)? $body attr-dict
  }];
  let hasRegionVerifier = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    YieldOp getYield();
  }];
}

#endif // TENON_DIALECTS_TENON_IR_LAYEROPS_TD
