// What the fusion passes make of a Llama together, and what is left of it where
// one is left out.
// RUN: tenon-opt %S/Inputs/llama.mlir --tenon-to-optimized | FileCheck %s --check-prefixes=CHECK,DEFAULT
// RUN: tenon-opt %S/Inputs/llama.mlir --tenon-to-optimized=disable-pass=tenon-fuse-gates | FileCheck %s --check-prefixes=CHECK,GATES
// RUN: tenon-opt %S/Inputs/llama.mlir --tenon-to-optimized='disable-pass=tenon-fuse-rows,tenon-fuse-additions' | FileCheck %s --check-prefix=ROWS
// RUN: tenon-opt %S/Inputs/llama.mlir --tenon-to-optimized='disable-pass=tenon-fuse-gates,tenon-fuse-contractions' | FileCheck %s --check-prefix=CONTRACTIONS
// RUN: not tenon-opt %S/Inputs/llama.mlir --tenon-to-optimized=disable-pass=fuse-all 2>&1 | FileCheck %s --check-prefix=UNKNOWN

// CHECK-LABEL: func.func @chunk
// CHECK: tenon.kernel "embedding"
// CHECK: tenon.kernel "rope_angles"
// CHECK: tenon.stack
// CHECK-NOT: tenon.linear
// CHECK: tenon.kernel "norm+quantize"
// CHECK: tenon.kernel "attn_q+attn_k+attn_v"
// CHECK-COUNT-3: tenon.linear
// CHECK: tenon.kernel "rope"
// CHECK-COUNT-2: tenon.rope
// CHECK: tenon.kernel "cache.append"
// CHECK: tenon.kernel "attention"
// CHECK: tenon.kernel "attn_output"
// CHECK-NEXT: ^bb0
// CHECK-NEXT: tenon.linear
// CHECK-NEXT: arith.addf
// CHECK: tenon.kernel "norm+quantize"
// DEFAULT: tenon.kernel "ffn_gate+ffn_up+gate"
// DEFAULT-COUNT-2: tenon.linear
// DEFAULT: tenon.gate
// Contractions of one input still join; the gate is row work.
// GATES: tenon.kernel "ffn_gate+ffn_up"
// GATES-COUNT-2: tenon.linear
// GATES-NOT: tenon.gate
// GATES: tenon.kernel "gate+quantize"
// CHECK: tenon.kernel "ffn_down"
// CHECK: arith.addf
// CHECK: tenon.kernel "rows+norm+quantize"
// CHECK: tenon.kernel "token_embd"

// ROWS-LABEL: func.func @chunk
// ROWS: tenon.kernel "rope"
// ROWS: tenon.kernel "rope"
// ROWS: tenon.kernel "attn_output"
// ROWS-NOT: arith.addf
// ROWS: tenon.kernel "elementwise"
// ROWS: tenon.kernel "norm"
// ROWS: tenon.kernel "ffn_down"
// ROWS: tenon.kernel "elementwise"
// ROWS: tenon.kernel "rows"
// ROWS: tenon.kernel "norm"

// CONTRACTIONS-LABEL: func.func @chunk
// CONTRACTIONS: tenon.kernel "attn_q"
// CONTRACTIONS: tenon.kernel "attn_k"
// CONTRACTIONS: tenon.kernel "attn_v"
// CONTRACTIONS: tenon.kernel "ffn_gate"
// CONTRACTIONS: tenon.kernel "ffn_up"

// UNKNOWN: expected one of tenon-fuse-gates, tenon-fuse-additions, tenon-fuse-contractions, tenon-fuse-rows, the passes that can be left out, but got 'fuse-all'
