//===- CacheOps.td - what writes a cache -------------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_IR_CACHEOPS_TD
#define TENON_DIALECTS_TENON_IR_CACHEOPS_TD

include "dialects/Tenon/IR/TenonBase.td"

def Tenon_CacheAppendOp : Tenon_Op<"cache.append",
    [AllTypesMatch<["cache", "result"]>]> {
  let summary = "Adds the keys and values of new tokens to one layer.";
  let description = [{
    Row r of `key` and `value` (`[T, heads, dim]`) becomes a new slot of layer
    `layer` with position `positions[r]`, converted to the cache's formats
    (rounding to nearest, ties to even). Consumes `cache`.

    ```mlir
    %c1 = tenon.cache.append %c[%l], %k, %v, %pos : tensor<?x3x64xf32>, tensor<?x3x64xf32>, tensor<?xi32>, !kv
    ```
  }];
  let arguments = (ins
      Arg<Tenon_CacheType, "", [MemRead<Tenon_CacheState>,
                                MemWrite<Tenon_CacheState>]>:$cache,
      Index:$layer, Tenon_F32Tensor:$key, Tenon_F32Tensor:$value,
      Tenon_IdTensor:$positions);
  let results = (outs Tenon_CacheType:$result);
  let assemblyFormat = [{
    $cache `[` $layer `]` `,` $key `,` $value `,` $positions attr-dict `:`
    type($key) `,` type($value) `,` type($positions) `,` type($cache)
  }];
  let hasVerifier = 1;
}

#endif // TENON_DIALECTS_TENON_IR_CACHEOPS_TD
