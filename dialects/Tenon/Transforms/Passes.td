//===- Passes.td - passes of the core dialect --------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_TRANSFORMS_PASSES_TD
#define TENON_DIALECTS_TENON_TRANSFORMS_PASSES_TD

include "mlir/Pass/PassBase.td"

def VerifyContractPass : Pass<"tenon-verify-contract", "::mlir::ModuleOp"> {
  let summary = "Checks what the next phase may rely on.";
  let description = [{
    Changes nothing; fails where the module breaks the contract of `phase`.

    All phases: a cache is threaded as a value. At most one use on each path
    consumes it (append, init of a stack, yield, return, operand of a kernel
    that consumes it); reads stand before that use, in the block that defines
    the cache; a region gets a cache only as a carried value.

    * `imported`: a model attribute, an entry, no kernel, no packing.
    * `optimized`: in entries all work is inside kernels.
    * `scheduled`: as optimized; each kernel has a schedule, each weight that
      is read a packing.
  }];
  let options = [
    Option<"phase", "phase", "std::string", "\"imported\"",
           "imported, optimized or scheduled">,
  ];
}

def FormKernelsPass : Pass<"tenon-form-kernels", "::mlir::func::FuncOp"> {
  let summary = "Puts every op of an entry into a kernel of its own.";
  let description = [{
    Each op that computes something becomes a `tenon.kernel`; weights are read
    at the start of their block. Fusion passes decide what runs together.
    Changes no value.
  }];
}

def QuantizeActivationsPass
    : Pass<"tenon-quantize-activations", "::mlir::func::FuncOp"> {
  let summary = "Rounds the inputs of products with weights.";
  let description = [{
    Puts `tenon.quantize` before each `tenon.linear` whose weight is quantised
    in every layer; contractions of one input share it. Weights in F32, F16 or
    BF16 keep float inputs. With `bf16` inputs of all weights become bf16,
    quantised or not.

    Changes values: each element by at most 1/254 of the largest of its block;
    as bf16 each element, and each of the weights, by at most 2^-8 of itself.
    Metric: root mean square of the differences of results over that of the
    results, bound 0.1.

    ```
    tenon-opt --pass-pipeline='builtin.module(func.func(tenon-quantize-activations))' model.mlir
    ```
  }];
  let options = [
    Option<"bf16", "bf16", "bool", "false",
           "round to bf16 instead of scaled integers">,
  ];
}

def FuseGatesPass : Pass<"tenon-fuse-gates", "::mlir::func::FuncOp"> {
  let summary = "Fuses a gate with the two contractions it combines.";
  let description = [{
    Where both sides of a `tenon.gate` are contractions of the same input that
    nobody else reads, the three kernels become one: neither product is written
    to memory. Changes no value.
  }];
}

def FuseAdditionsPass : Pass<"tenon-fuse-additions", "::mlir::func::FuncOp"> {
  let summary = "Fuses a residual addition with its contraction.";
  let description = [{
    A contraction takes the addition that is the only use of its result. Where
    both sides are such contractions, the first takes it. Changes no value.
  }];
}

def FuseContractionsPass
    : Pass<"tenon-fuse-contractions", "::mlir::func::FuncOp"> {
  let summary = "Fuses contractions that read the same input.";
  let description = [{
    Contractions of one value (queries, keys and values) run as one, at the
    place of the first; those that have taken a gate or an addition stay alone.
    Changes no value.
  }];
}

def FuseRowsPass : Pass<"tenon-fuse-rows", "::mlir::func::FuncOp"> {
  let summary = "Fuses row work with its neighbours.";
  let description = [{
    Neighbouring kernels of work row by row (norms, rotations, gates, chosen
    rows, additions) become one. Work on all rows and work on chosen rows stay
    apart. Changes no value.
  }];
}

def CopyCarriedPass : Pass<"tenon-copy-carried", "::mlir::func::FuncOp"> {
  let summary = "Gives layers a copy of what they read late.";
  let description = [{
    Where a kernel of a stack's body reads a carried tensor while or after its
    next value is made, it reads a copy instead, which the first kernel of the
    body makes. Values of a carried tensor can then share one memory. Changes no
    value; runs after fusion, which decides what a kernel reads.
  }];
}

def MakeEntriesPass : Pass<"tenon-make-entries", "::mlir::ModuleOp"> {
  let summary = "Makes the entries `step`, `chunk` and `batch` of the one entry.";
  let description = [{
    Clones the entry. The attribute `tenon.max_rows` of each clone says how
    many tokens it takes at once. `batch` has `tenon.row_sequences`: its rows
    belong to sequences of their own, each with a cache of its own; the
    interpreter runs it over one sequence. Changes no value.
  }];
  let options = [
    Option<"chunkRows", "chunk-rows", "int64_t", "256",
           "tokens that `chunk` takes at once, >= 2">,
    Option<"batchRows", "batch-rows", "int64_t", "8",
           "sequences that `batch` takes at once, >= 2">,
  ];
}

def RoundAttentionPass
    : Pass<"tenon-round-attention", "::mlir::func::FuncOp"> {
  let summary = "Lets attention of many rows multiply shorter numbers.";
  let description = [{
    Gives `products = bf16`, or with `integers` `products = i8`, to each
    attention of an entry of many rows of one sequence, in layers that have a
    `tenon.quantize`: where no other product is of rounded numbers, attention
    keeps floats too. For machines whose instructions multiply pairs of bf16,
    or four bytes.

    Changes values: as bf16 queries, keys, values and weights by at most 2^-8
    of themselves; as integers by at most 1/254 of the largest element of a
    vector, and the product of a weight and its value's largest element by at
    most 1/510 of the largest such product of a tile. Metric: root mean square
    of the differences of results over that of the results, bound 0.05.
  }];
  let options = [
    Option<"integers", "integers", "bool", "false",
           "multiply integers of 8 bits instead of bf16">,
  ];
}

def SplitAttentionPass
    : Pass<"tenon-split-attention", "::mlir::func::FuncOp"> {
  let summary = "Cuts the slots of one row's attention into parts.";
  let description = [{
    In an entry of one row, or of rows that belong to sequences of their own,
    each kernel of attention becomes one over parts of the slots and one that
    merges them (`tenon.merge_parts`), so that workers can share out what there
    is to read. Values change by rounding only, and do
    not depend on the number of workers.
  }];
  let options = [
    Option<"units", "units", "int64_t", "48",
           "pieces of work that all cache heads together should have, >= 1">,
  ];
}

#endif // TENON_DIALECTS_TENON_TRANSFORMS_PASSES_TD
