// RUN: tenon-opt %S/../../Pipelines/Inputs/llama.mlir --tenon-to-optimized --tenon-cpu-schedule="vector-bits=512 vector-registers=32" | FileCheck %s --check-prefixes=CHECK,WIDE
// RUN: tenon-opt %S/../../Pipelines/Inputs/llama.mlir --tenon-to-optimized --tenon-cpu-schedule | FileCheck %s --check-prefixes=CHECK,NARROW

// Weights lie layer by layer in the order of their declaration; vectors are
// dense.
// CHECK: tenon.weight @token_embd {{.*}}offsets = array<i64: 0>, packing = #tenon_cpu.pack<interleave = 16>
// CHECK: tenon.weight @attn_norm {{.*}}packing = #tenon_cpu.pack<interleave = 1>

// CHECK-LABEL: func.func @chunk
// CHECK: "norm"{{.*}}#tenon_cpu.rows<split = rows>
// WIDE: "attn_q+attn_k+attn_v"{{.*}}#tenon_cpu.chunk<lanes = 16, groups = 3, rows = 8, depth = 64>
// NARROW: "attn_q+attn_k+attn_v"{{.*}}#tenon_cpu.chunk<lanes = 16, groups = 1, rows = 6, depth = 64>
// WIDE: "ffn_gate+ffn_up+gate"{{.*}}#tenon_cpu.chunk<lanes = 16, groups = 1, rows = 8, depth = 64>

// One row: every worker normalises for itself.
// CHECK-LABEL: func.func @step
// CHECK: "norm"{{.*}}#tenon_cpu.rows<split = none>
// CHECK: "attn_q+attn_k+attn_v"{{.*}}#tenon_cpu.step<lanes = 16, sums = 4>
// CHECK: "attention"{{.*}}#tenon_cpu.attend<tile = 128, rows = 1, queries = 2>
