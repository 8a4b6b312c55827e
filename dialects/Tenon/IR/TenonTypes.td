//===- TenonTypes.td - caches and weights ------------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_IR_TENONTYPES_TD
#define TENON_DIALECTS_TENON_IR_TENONTYPES_TD

include "dialects/Tenon/IR/TenonAttrs.td"

def Tenon_CacheType : TypeDef<Tenon_Dialect, "Cache"> {
  let mnemonic = "cache";
  let summary = "What the layers of a model remember of earlier tokens.";
  let description = [{
    A cache has `layers` layers of slots; a slot keeps, for each of `heads`
    heads, a key and a value of `dim` elements in formats `k` and `v`, and the
    original position of its token. `rope` says whether keys are stored after
    their rotation; `layout` how slots lie. `extent` is the page size (paged)
    or the window (ring) in slots.

    A cache is a value that is consumed once on each path. Reads and writes
    act on the side-effect resource `CacheState`, so that no rewrite moves a
    read past a write.

    Rule L5: a cache of layer inputs (`x`) is rotated after it is read:
    `rope = pre`.

    ```mlir
    func.func private @f(!tenon.cache<kv, layers = 30, heads = 3, dim = 64,
        rope = post, pos = original, k = f16, v = f16, layout = contiguous>)
    ```
  }];
  let parameters = (ins EnumParameter<Tenon_CacheStore>:$store,
      "int64_t":$layers, "int64_t":$heads, "int64_t":$dim,
      EnumParameter<Tenon_RopeState>:$rope,
      EnumParameter<Tenon_PositionKind>:$pos, "::mlir::Type":$k,
      "::mlir::Type":$v, EnumParameter<Tenon_CacheLayout>:$layout,
      DefaultValuedParameter<"int64_t", "0">:$extent);
  let assemblyFormat = [{
    `<` $store `,` struct($layers, $heads, $dim, $rope, $pos, $k, $v, $layout,
                          $extent) `>`
  }];
  let genVerifyDecl = 1;
}

def Tenon_WeightType : TypeDef<Tenon_Dialect, "Weight"> {
  let mnemonic = "weight";
  let summary = "A stored tensor, read through its format.";
  let description = [{
    A matrix `N x K` (N outputs, K inputs, as `tenon.linear` uses it) or a
    vector `N`. `schemes` are the formats that the layers of the weight use;
    more than one when layers differ. The type holds no symbol.

    ```mlir
    func.func private @f(!tenon.weight<192x512, [q4_k, q6_k]>)
    ```
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape,
                        ArrayRefParameter<"::tenon::SchemeKind">:$schemes);
  let assemblyFormat = "`<` custom<WeightShape>($shape) `,` `[` $schemes `]` `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    /// Outputs N of a matrix, elements of a vector.
    int64_t getRows() const { return getShape().front(); }
    /// Inputs K of a matrix, 1 of a vector.
    int64_t getColumns() const {
      return getShape().size() == 2 ? getShape().back() : 1;
    }
    bool isVector() const { return getShape().size() == 1; }
  }];
}

#endif // TENON_DIALECTS_TENON_IR_TENONTYPES_TD
