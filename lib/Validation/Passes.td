//===- Passes.td - passes that run programs ----------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_VALIDATION_PASSES_TD
#define TENON_LIB_VALIDATION_PASSES_TD

include "mlir/Pass/PassBase.td"

def InterpretPass : Pass<"tenon-interpret", "::mlir::ModuleOp"> {
  let summary = "Runs an entry in double precision.";
  let description = [{
    Changes nothing. Runs the entry on token ids with an empty cache and the
    weights of the module's archives, then writes its first result as float64
    to `output` (a .npy file), or reports the largest element of each row.

    ```
    tenonc model.gguf --compile-to=imported -o dir
    tenon-opt dir/model.mlir --tenon-interpret='ids=1,2,3 output=out.npy' -o /dev/null
    ```
  }];
  let options = [
    Option<"entry", "entry", "std::string", "",
           "function to run (default: the only entry)">,
    ListOption<"ids", "ids", "int32_t", "token ids">,
    ListOption<"positions", "positions", "int32_t",
               "a position per token (default: start, start + 1, ...)">,
    Option<"start", "start", "int32_t", "0", "first position">,
    ListOption<"rows", "rows", "int32_t",
               "rows of the output (default: all)">,
    Option<"output", "output", "std::string", "", "file for the result">,
  ];
}

#endif // TENON_LIB_VALIDATION_PASSES_TD
