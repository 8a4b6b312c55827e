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
  let summary = "Groups the ops of an entry into kernels.";
  let description = [{
    Contractions of one input become one kernel and take the gate or the
    residual addition that is their only use; neighbouring norms, rotations and
    additions become one; embeddings, appends and attention stand alone.
    Changes no value.
  }];
}

def QuantizeActivationsPass
    : Pass<"tenon-quantize-activations", "::mlir::func::FuncOp"> {
  let summary = "Rounds the inputs of products with quantised weights.";
  let description = [{
    Puts `tenon.quantize` before each `tenon.linear` whose weight is quantised
    in every layer; contractions of one input share it. Weights in F32, F16 or
    BF16 keep float inputs.

    Changes values: each element by at most 1/254 of the largest of its block.
    Metric: root mean square of the differences of results over that of the
    results, bound 0.1.

    ```
    tenon-opt --pass-pipeline='builtin.module(func.func(tenon-quantize-activations))' model.mlir
    ```
  }];
}

def MakeEntriesPass : Pass<"tenon-make-entries", "::mlir::ModuleOp"> {
  let summary = "Makes the entries `step` and `chunk` of the one entry.";
  let description = [{
    Clones the entry. The attribute `tenon.max_rows` of each clone says how
    many tokens it takes at once. Changes no value.
  }];
  let options = [
    Option<"chunkRows", "chunk-rows", "int64_t", "256",
           "tokens that `chunk` takes at once, >= 2">,
  ];
}

#endif // TENON_DIALECTS_TENON_TRANSFORMS_PASSES_TD
