//===- AttentionOps.td - attention and rotary positions ----*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_IR_ATTENTIONOPS_TD
#define TENON_DIALECTS_TENON_IR_ATTENTIONOPS_TD

include "dialects/Tenon/IR/TenonBase.td"

def Tenon_RopeAnglesOp : Tenon_Op<"rope_angles", [Pure]> {
  let summary = "Cosines and sines of rotary position angles.";
  let description = [{
    For pair i of `D = dims / 2` pairs and position p, in double precision:
    `angle = p * frequency_scale * base^(-2 i / dims) / factors[i]` (factors 1
    when absent). Result `[T, D, 2]`: cosine, sine, each times `magnitude`.

    `frequency_scale` is linear position scaling (1 / factor); `factors: D` is
    a stored vector as models with long contexts carry it.

    Source: RoFormer, arXiv:2104.09864.

    ```mlir
    %a = tenon.rope_angles %pos {base = 1.0e5 : f64, dims = 64 : i64} : tensor<?xi32> -> tensor<?x32x2xf32>
    ```
  }];
  let arguments = (ins Tenon_IdTensor:$positions,
      Optional<Tenon_WeightType>:$factors, F64Attr:$base, I64Attr:$dims,
      DefaultValuedAttr<F64Attr, "1.0">:$frequency_scale,
      DefaultValuedAttr<F64Attr, "1.0">:$magnitude);
  let results = (outs Tenon_F32Tensor:$result);
  let assemblyFormat = [{
    $positions (`factors` $factors^ `:` type($factors))? attr-dict `:`
    type($positions) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Tenon_RopeOp : Tenon_Op<"rope", [Pure,
    AllTypesMatch<["input", "result"]>]> {
  let summary = "Rotates pairs of elements of each head.";
  let description = [{
    `input: [T, heads, dim]`, `angles: [T, D, 2]` with `2 D <= dim`. Pair i is
    elements `(2i, 2i + 1)` (`interleaved`) or `(i, i + D)` (`half_split`):
    `(x c - y s, x s + y c)`. Elements from 2 D on are kept.

    ```mlir
    %r = tenon.rope interleaved %q, %a : tensor<?x9x64xf32>, tensor<?x32x2xf32>
    ```
  }];
  let arguments = (ins Tenon_RopeStyleAttr:$style, Tenon_F32Tensor:$input,
                       Tenon_F32Tensor:$angles);
  let results = (outs Tenon_F32Tensor:$result);
  let assemblyFormat = [{
    $style $input `,` $angles attr-dict `:` type($input) `,` type($angles)
  }];
  let hasVerifier = 1;
}

def Tenon_AttentionOp : Tenon_Op<"attention"> {
  let summary = "Attention of new tokens over one layer of a cache.";
  let description = [{
    `query: [T, H, dim]`; H is a multiple of the cache's heads, head h reads
    cache head `h / (H / heads)`. For each row t and head h, over the visible
    slots j:
    `s_j = scale * dot(query[t, h], key_j) (+ key_bias[j])`,
    `lse[t, h] = log(sum_j exp(s_j))`, `o[t, h] = sum_j exp(s_j - lse) v_j`.
    `causal`: slot j is visible when its position <= positions[t]; `full`: all
    slots are. `key_bias: [slots]` is a log-weight per slot. With no visible
    slot o is 0 and lse minus infinity.

    `(o, lse)` of disjoint sets of slots combine by `tenon.merge`.

    With `parts = P` the slots are cut into P ranges, and each has an `o` and
    an `lse` of its own, `[T, H, P, dim]` and `[T, H, P]`, for
    `tenon.merge_parts`: of n tiles of 64 slots range p has those from
    `n p / P` to `n (p + 1) / P`, rounded down, so that workers can share out
    one row's slots. A range without a tile has lse minus infinity and any o:
    what merges parts does not look at it.

    With `products = bf16` queries, keys, values and the weights
    `exp(s_j - max_j s_j)` are rounded to bf16 (nearest, ties to even) before
    they are multiplied and added; sums are not. A machine may round weights
    relative to another number than the largest score: each differs by at most
    2^-7 of itself, in products and in their total alike.

    With `products = i8` integers are multiplied, each vector with a scale of
    its own (symmetric quantisation per vector). A query, key or value `x`
    becomes, with quotients and products of f32 and ties to even:

    ```
    amax = max |x|
    code = roundeven(x * (127 / max(amax, 1e-30)))
    x'   = code * amax / 127
    ```

    Weights `w_j = exp(s_j - max_j s_j)` take the scales of their values,
    `p_j = w_j * amax_j / 127`, and of each tile of 64 slots (tiles as with
    `parts`), with `pmax` the largest `p_j` that the row sees:

    ```
    code_j = roundeven(p_j * (255 / max(pmax, 1e-30)))
    ```

    The total of the weights is that of exact `w_j`. A vector with an element
    that is not finite becomes no numbers, and so does every row that sees it.

    Source: arXiv:2205.14135 (tiling by partial sums), arXiv:2305.13245
    (grouped heads).

    ```mlir
    %o, %lse = tenon.attention causal %q, %c[%l], %pos {scale = 0.125 : f32} : tensor<?x9x64xf32>, !kv, tensor<?xi32> -> tensor<?x9x64xf32>, tensor<?x9xf32>
    ```
  }];
  let arguments = (ins Tenon_MaskAttr:$mask, Tenon_F32Tensor:$query,
      Arg<Tenon_CacheType, "", [MemRead<Tenon_CacheState>]>:$cache,
      Index:$layer, Tenon_IdTensor:$positions,
      Optional<Tenon_F32Tensor>:$key_bias, F32Attr:$scale,
      OptionalAttr<I64Attr>:$parts, OptionalAttr<TypeAttr>:$products);
  let results = (outs Tenon_F32Tensor:$output, Tenon_F32Tensor:$lse);
  let assemblyFormat = [{
    $mask $query `,` $cache `[` $layer `]` `,` $positions
    (`key_bias` $key_bias^ `:` type($key_bias))? attr-dict `:` type($query) `,`
    type($cache) `,` type($positions) `->` type($output) `,` type($lse)
  }];
  // What later versions added stands in a dictionary, so that old files load.
  let useCustomPropertiesEncoding = 1;
  let hasVerifier = 1;
}

def Tenon_MergeOp : Tenon_Op<"merge", [Pure,
    AllTypesMatch<["lhs", "rhs", "output"]>,
    AllTypesMatch<["lhs_lse", "rhs_lse", "lse"]>]> {
  let summary = "Combines attention over two disjoint sets of slots.";
  let description = [{
    `lse = log(exp(a) + exp(b))`, `o = exp(a - lse) oa + exp(b - lse) ob`.
    Associative and commutative. An empty side (lse minus infinity) changes
    nothing. Rule L12: the log-sums are f32, whatever the outputs are.

    ```mlir
    %o, %l = tenon.merge (%oa, %la), (%ob, %lb) : tensor<?x9x64xf32>, tensor<?x9xf32>
    ```
  }];
  let arguments = (ins AnyRankedTensor:$lhs, AnyRankedTensor:$lhs_lse,
                       AnyRankedTensor:$rhs, AnyRankedTensor:$rhs_lse);
  let results = (outs AnyRankedTensor:$output, AnyRankedTensor:$lse);
  let assemblyFormat = [{
    `(` $lhs `,` $lhs_lse `)` `,` `(` $rhs `,` $rhs_lse `)` attr-dict `:`
    type($lhs) `,` type($lhs_lse)
  }];
  let hasVerifier = 1;
}

def Tenon_MergePartsOp : Tenon_Op<"merge_parts", [Pure]> {
  let summary = "Combines all parts of one attention.";
  let description = [{
    `parts: [T, H, P, dim]`, `part_lse: [T, H, P]` to `[T, H, dim]`, `[T, H]`:
    `lse = log(sum_p exp(part_lse_p))`,
    `o = sum_p exp(part_lse_p - lse) parts_p`, where parts with a log-sum of
    minus infinity change nothing, as in `tenon.merge`.

    ```mlir
    %o, %lse = tenon.merge_parts %po, %pl : tensor<?x9x16x64xf32>, tensor<?x9x16xf32> -> tensor<?x9x64xf32>, tensor<?x9xf32>
    ```
  }];
  let arguments = (ins Tenon_F32Tensor:$parts, Tenon_F32Tensor:$part_lse);
  let results = (outs Tenon_F32Tensor:$output, Tenon_F32Tensor:$lse);
  let assemblyFormat = [{
    $parts `,` $part_lse attr-dict `:` type($parts) `,` type($part_lse) `->`
    type($output) `,` type($lse)
  }];
  let hasVerifier = 1;
}

#endif // TENON_DIALECTS_TENON_IR_ATTENTIONOPS_TD
