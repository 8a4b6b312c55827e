//===- TenonCPU.td - schedules and layouts of a CPU --------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENONCPU_IR_TENONCPU_TD
#define TENON_DIALECTS_TENONCPU_IR_TENONCPU_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def TenonCPU_Dialect : Dialect {
  let name = "tenon_cpu";
  let cppNamespace = "::tenon::cpu";
  let summary = "How a kernel runs on a CPU: schedules and layouts.";
  let description = [{
    Attributes that the schedule phase attaches to `tenon.kernel` and
    `tenon.weight`. They decide nothing by themselves: kernel builders and the
    packer do what they say, and `--explain` prints them. A person may write
    one by hand and compile from there.
  }];
  let useDefaultAttributePrinterParser = 1;
}

class TenonCPU_Attr<string name, string attrMnemonic>
    : AttrDef<TenonCPU_Dialect, name> {
  let mnemonic = attrMnemonic;
}

def TenonCPU_Split : I32EnumAttr<"Split", "what workers share out", [
  I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Rows", 1, "rows">,
  I32EnumAttrCase<"HeadsAndRows", 2, "heads_and_rows">,
  I32EnumAttrCase<"One", 3, "one">
]> {
  let cppNamespace = "::tenon::cpu";
  let genSpecializedAttr = 0;
}

def TenonCPU_PackAttr : TenonCPU_Attr<"Pack", "pack"> {
  let summary = "Order of a packed weight's bytes.";
  let description = [{
    `interleave` rows stand side by side, unit by unit: a unit is one byte, or
    the whole of a block's floating-point field. Groups of rows follow each
    other, within a group block after block. `interleave = 1` is a dense f32
    vector.

    ```mlir
    #p = #tenon_cpu.pack<interleave = 16>
    ```
  }];
  let parameters = (ins "int64_t":$interleave);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def TenonCPU_StepAttr : TenonCPU_Attr<"Step", "step"> {
  let summary = "Contraction of a few rows: weights stream through registers.";
  let description = [{
    `lanes` output rows are computed side by side for up to `rows` rows of the
    input at once, floats with `sums` partial sums. A worker's outputs are one
    range of groups, read front to back once; of large weights it claims further
    pieces then. For entries of up to 8 rows. `lanes` is 16, as weights are
    packed; `rows` is 1 to 8.

    ```mlir
    #s = #tenon_cpu.step<lanes = 16, sums = 4, rows = 1>
    ```
  }];
  let parameters = (ins "int64_t":$lanes, "int64_t":$sums,
                        DefaultValuedParameter<"int64_t", "1">:$rows);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def TenonCPU_ChunkAttr : TenonCPU_Attr<"Chunk", "chunk"> {
  let summary = "Contraction of many rows: a dequantised panel in cache.";
  let description = [{
    A panel of `groups` groups of `lanes` outputs is dequantised to f32 in the
    worker's scratch memory, `depth` columns at a time, and multiplied with
    tiles of `rows` rows. `lanes` is 16, as weights are packed; `depth` is all
    columns of the weight.

    ```mlir
    #c = #tenon_cpu.chunk<lanes = 16, groups = 3, rows = 8, depth = 1536>
    ```
  }];
  let parameters = (ins "int64_t":$lanes, "int64_t":$groups, "int64_t":$rows,
                        "int64_t":$depth);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def TenonCPU_AttendAttr : TenonCPU_Attr<"Attend", "attend"> {
  let summary = "Attention by tiles of slots with a running maximum.";
  let description = [{
    A worker takes one cache head and `rows` query rows at a time, with all
    query heads of the group, and converts tile after tile of the cache into a
    panel. `queries` of these queries meet `vectors` vectors of 16 slots, or of
    16 elements of a value, at once in registers.

    ```mlir
    #a = #tenon_cpu.attend<rows = 64, queries = 6, vectors = 4>
    ```
  }];
  let parameters = (ins "int64_t":$rows, "int64_t":$queries,
                        "int64_t":$vectors);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def TenonCPU_AttendStepAttr : TenonCPU_Attr<"AttendStep", "attend_step"> {
  let summary = "Attention of one row: a cache streams through registers.";
  let description = [{
    A worker takes one part of the slots of one cache head at a time, with all
    query heads of the group, and reads it front to back: `queries` of these
    heads against `vectors` vectors at once in registers, each an element of the
    keys of 16 slots or 16 elements of a value.

    ```mlir
    #a = #tenon_cpu.attend_step<queries = 3, vectors = 4>
    ```
  }];
  let parameters = (ins "int64_t":$queries, "int64_t":$vectors);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def TenonCPU_RowsAttr : TenonCPU_Attr<"Rows", "rows"> {
  let summary = "Row by row work: norms, rotations, embeddings.";
  let description = [{
    `split = rows`: workers share the rows out. `split = none`: each worker
    computes all rows into memory of its own, so that nobody waits.
    `split = heads_and_rows`: workers share out pairs of them; for appends to a
    cache. `split = one`: the last worker to finish the shared work before does
    all of it while the others wait for that anyway; for appends of one row,
    which are shorter than a barrier.

    ```mlir
    #r = #tenon_cpu.rows<split = rows>
    ```
  }];
  let parameters = (ins EnumParameter<TenonCPU_Split>:$split);
  let assemblyFormat = "`<` struct(params) `>`";
}

#endif // TENON_DIALECTS_TENONCPU_IR_TENONCPU_TD
