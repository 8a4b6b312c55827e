//===- TenonDialect.td - the core dialect ------------------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_IR_TENONDIALECT_TD
#define TENON_DIALECTS_TENON_IR_TENONDIALECT_TD

include "mlir/IR/OpBase.td"

def Tenon_Dialect : Dialect {
  let name = "tenon";
  let cppNamespace = "::tenon";
  let summary = "Transformer models: attention, caches, stored weights, layers.";
  let description = [{
    The core dialect says what a decoder computes, free of any machine. A model
    is a function over token ids and positions; its weights are symbols over an
    archive, its cache is a value that is threaded through the function, its
    layers are one body that runs over a layer index.

    Every op means what the reference interpreter computes for it in double
    precision.

    Version log of the bytecode:
    * 1: first version. Types, attributes and ops of this page.
  }];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
}

#endif // TENON_DIALECTS_TENON_IR_TENONDIALECT_TD
