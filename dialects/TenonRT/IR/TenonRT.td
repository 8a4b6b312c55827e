//===- TenonRT.td - the exit to the runtime ----------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENONRT_IR_TENONRT_TD
#define TENON_DIALECTS_TENONRT_IR_TENONRT_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def TenonRT_Dialect : Dialect {
  let name = "tenon_rt";
  let cppNamespace = "::tenon::rt";
  let summary = "What generated code asks of the runtime.";
  let description = [{
    One op per thing that `tenon-rt/abi.h` offers: fields of the job, barriers,
    and the descriptions from which the artifact's table is made. A driver is
    SPMD: every worker runs it with the same job.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasConstantMaterializer = 1;
  let dependentDialects = ["::mlir::arith::ArithDialect"];
}

def TenonRT_JobType : TypeDef<TenonRT_Dialect, "Job"> {
  let mnemonic = "job";
  let summary = "One call of an entry: `tenon_rt_job *`.";
}

class TenonRT_Op<string mnemonic, list<Trait> traits = []>
    : Op<TenonRT_Dialect, mnemonic, traits>;

// The order is that of the 64-bit words of `tenon_rt_job`.
def TenonRT_JobField : I32EnumAttr<"JobField", "field of tenon_rt_job", [
  I32EnumAttrCase<"workers", 0>, I32EnumAttrCase<"rows", 1>,
  I32EnumAttrCase<"out_rows", 2>, I32EnumAttrCase<"ids", 3>,
  I32EnumAttrCase<"positions", 4>, I32EnumAttrCase<"out_index", 5>,
  I32EnumAttrCase<"logits", 6>, I32EnumAttrCase<"arena", 7>,
  I32EnumAttrCase<"scratch", 8>, I32EnumAttrCase<"weights", 9>,
  I32EnumAttrCase<"cache", 10>, I32EnumAttrCase<"slot_positions", 11>,
  I32EnumAttrCase<"slots_used", 12>, I32EnumAttrCase<"capacity", 13>,
  I32EnumAttrCase<"top_rows", 19>, I32EnumAttrCase<"top_index", 20>,
  I32EnumAttrCase<"top_count", 21>, I32EnumAttrCase<"top_ids", 22>,
  I32EnumAttrCase<"top_logits", 23>
]> {
  let cppNamespace = "::tenon::rt";
  let genSpecializedAttr = 0;
}
def TenonRT_JobFieldAttr
    : EnumAttr<TenonRT_Dialect, TenonRT_JobField, "field">;

def TenonRT_NumberOp : TenonRT_Op<"number", [Pure]> {
  let summary = "A number of the job: workers, rows, slots.";
  let description = [{
    With `row` it is that of the sequence to which a row of a batch belongs:
    slots_used or capacity.

    ```mlir
    %n = tenon_rt.number rows of %job
    %u = tenon_rt.number slots_used of %job row %r
    ```
  }];
  let arguments = (ins TenonRT_JobFieldAttr:$field, TenonRT_JobType:$job,
                       Optional<Index>:$row);
  let results = (outs Index:$result);
  let assemblyFormat = "$field `of` $job (`row` $row^)? attr-dict";
  let hasVerifier = 1;
}

def TenonRT_BufferOp : TenonRT_Op<"buffer", [Pure, AttrSizedOperandSegments]> {
  let summary = "Memory that a pointer of the job leads to.";
  let description = [{
    A view of the memory behind a pointer field, `offset` bytes in; `sizes`
    are the dynamic sizes of the result. With `row` the field is that of the
    sequence to which a row of a batch belongs: cache or slot_positions.

    ```mlir
    %x = tenon_rt.buffer arena of %job at %offset sizes (%rows) : memref<?x576xf32>
    ```
  }];
  let arguments = (ins TenonRT_JobFieldAttr:$field, TenonRT_JobType:$job,
                       Optional<Index>:$row, Optional<Index>:$offset,
                       Variadic<Index>:$sizes);
  let results = (outs AnyMemRef:$result);
  let assemblyFormat = [{
    $field `of` $job (`row` $row^)? (`at` $offset^)? (`sizes` `(` $sizes^ `)`)? attr-dict `:`
    type($result)
  }];
  let hasVerifier = 1;
}

def TenonRT_BarrierOp : TenonRT_Op<"barrier", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "Waits until every worker of the job has arrived.";
  let description = [{
    What a worker wrote before is visible to all workers after. A worker spins
    a while, then sleeps in the job's `wait`. The last to arrive sets the
    counter of `claim` back.

    ```mlir
    tenon_rt.barrier %job
    ```
  }];
  let arguments = (ins TenonRT_JobType:$job);
  let assemblyFormat = "$job attr-dict";
}

def TenonRT_ArriveOp : TenonRT_Op<"arrive", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "First half of a barrier: true for the last worker to arrive.";
  let description = [{
    The last worker gets true at once, while the others wait until it says
    `release`; they get false. What stands between the two is done by one
    worker before any goes on.

    ```mlir
    %last = tenon_rt.arrive %job
    scf.if %last {
      tenon_rt.release %job
    }
    ```
  }];
  let arguments = (ins TenonRT_JobType:$job);
  let results = (outs I1:$last);
  let assemblyFormat = "$job attr-dict";
}

def TenonRT_ReleaseOp : TenonRT_Op<"release", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "Second half of a barrier: lets the others go on.";
  let description = [{
    Reached exactly by the worker whose `arrive` was true.

    ```mlir
    tenon_rt.release %job
    ```
  }];
  let arguments = (ins TenonRT_JobType:$job);
  let assemblyFormat = "$job attr-dict";
}

def TenonRT_ClaimOp : TenonRT_Op<"claim", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "The next unit of work that no worker has taken.";
  let description = [{
    Counts from 0 after each barrier; a number beyond the last unit means that
    all are taken. For work whose units differ, or whose workers do.

    ```mlir
    %unit = tenon_rt.claim %job
    ```
  }];
  let arguments = (ins TenonRT_JobType:$job);
  let results = (outs Index:$unit);
  let assemblyFormat = "$job attr-dict";
}

def TenonRT_MarkKind : I32EnumAttr<"MarkKind", "side of a kernel", [
  I32EnumAttrCase<"begin", 0>, I32EnumAttrCase<"end", 1>
]> {
  let cppNamespace = "::tenon::rt";
  let genSpecializedAttr = 0;
}
def TenonRT_MarkKindAttr
    : EnumAttr<TenonRT_Dialect, TenonRT_MarkKind, "mark_kind">;

def TenonRT_MarkOp : TenonRT_Op<"mark", [MemoryEffects<[MemRead, MemWrite]>]> {
  let summary = "Says that a worker begins or ends its part of a kernel.";
  let description = [{
    Calls the job's `mark`, which may look at a clock. `kernel` is the number of
    the kernel among those of the entry, `layer` the layer that runs. Only in
    artifacts that are made to be profiled.

    ```mlir
    tenon_rt.mark begin 3 of %job by %worker at %l
    tenon_rt.mark end 3 of %job by %worker at %l
    ```
  }];
  let arguments = (ins TenonRT_MarkKindAttr:$kind, I64Attr:$kernel,
                       TenonRT_JobType:$job, Index:$worker,
                       Optional<Index>:$layer);
  let assemblyFormat = [{
    $kind $kernel `of` $job `by` $worker (`at` $layer^)? attr-dict
  }];
  let hasVerifier = 1;
}

def TenonRT_TableOp : TenonRT_Op<"table", [Pure]> {
  let summary = "A constant per layer.";
  let description = [{
    `values[index]`; index in range. Where all values are equal it folds.

    ```mlir
    %o = tenon_rt.table [0, 4096, 8192] at %l
    ```
  }];
  let arguments = (ins DenseI64ArrayAttr:$values, Index:$index);
  let results = (outs Index:$result);
  let assemblyFormat = "$values `at` $index attr-dict";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def TenonRT_ArtifactOp : TenonRT_Op<"artifact"> {
  let summary = "Facts of the artifact, as `tenon_rt_artifact` states them.";
  let description = [{
    ```mlir
    tenon_rt.artifact "smollm2" {vocab = 49152 : i64, context = 8192 : i64, layers = 30 : i64, cache_layer_slot_bytes = 768 : i64, cache_type = "f16", cpu = "x86-64-v3", weights_bytes = 4096 : i64}
    ```
  }];
  let arguments = (ins StrAttr:$name, I64Attr:$vocab, I64Attr:$context,
      I64Attr:$layers, I64Attr:$cache_layer_slot_bytes, StrAttr:$cache_type,
      StrAttr:$cpu, I64Attr:$weights_bytes, OptionalAttr<BoolAttr>:$has_marks,
      OptionalAttr<I64Attr>:$top_k);
  let assemblyFormat = "$name attr-dict";
  let hasVerifier = 1;
}

def TenonRT_EntryOp : TenonRT_Op<"entry"> {
  let summary = "An entry of the artifact, as `tenon_rt_entry` states it.";
  let description = [{
    `function` is a function of the module `driver`: (job, worker).

    ```mlir
    tenon_rt.entry "step" calls "tenon_step" {max_rows = 1 : i64, arena_bytes = 4096 : i64, scratch_bytes = 4096 : i64}
    ```
  }];
  let arguments = (ins StrAttr:$name, StrAttr:$function, I64Attr:$max_rows,
                       I64Attr:$arena_bytes, I64Attr:$scratch_bytes);
  let assemblyFormat = "$name `calls` $function attr-dict";
  let hasVerifier = 1;
}

#endif // TENON_DIALECTS_TENONRT_IR_TENONRT_TD
