// RUN: tenon-opt %S/../../Pipelines/Inputs/llama.mlir --tenon-to-optimized=activations=f32 --tenon-cpu-schedule="vector-bits=512 vector-registers=32" | FileCheck %s --check-prefixes=CHECK,WIDE
// RUN: tenon-opt %S/../../Pipelines/Inputs/llama.mlir --tenon-to-optimized=activations=f32 --tenon-cpu-schedule | FileCheck %s --check-prefixes=CHECK,NARROW

// Weights lie layer by layer in the order of their declaration; vectors are
// dense.
// CHECK: tenon.weight @token_embd {{.*}}offsets = array<i64: 0>, packing = #tenon_cpu.pack<interleave = 16>
// CHECK: tenon.weight @attn_norm {{.*}}packing = #tenon_cpu.pack<interleave = 1>

// CHECK-LABEL: func.func @chunk
// CHECK: "norm"{{.*}}#tenon_cpu.rows<split = rows>
// WIDE: "attn_q+attn_k+attn_v"{{.*}}#tenon_cpu.chunk<lanes = 16, groups = 3, rows = 8, depth = 64>
// NARROW: "attn_q+attn_k+attn_v"{{.*}}#tenon_cpu.chunk<lanes = 16, groups = 1, rows = 6, depth = 64>
// WIDE: "ffn_gate+ffn_up+gate"{{.*}}#tenon_cpu.chunk<lanes = 16, groups = 2, rows = 6, depth = 64>

// One row: every worker normalises for itself.
// CHECK-LABEL: func.func @step
// CHECK: "norm"{{.*}}#tenon_cpu.rows<split = none>
// CHECK: "attn_q+attn_k+attn_v"{{.*}}#tenon_cpu.step<lanes = 16, sums = 4>
// WIDE: "attention"{{.*}}#tenon_cpu.attend_step<queries = 2, vectors = 4>
// NARROW: "attention"{{.*}}#tenon_cpu.attend_step<queries = 2, vectors = 2>
// CHECK: "merge_parts"{{.*}}#tenon_cpu.rows<split = none>

// Integers: fewer rows, because sums are kept as integers and as floats.
// RUN: tenon-opt %S/../../Pipelines/Inputs/llama.mlir --tenon-to-optimized --tenon-cpu-schedule="vector-bits=512 vector-registers=32" | FileCheck %s --check-prefixes=INT,INTWIDE
// RUN: tenon-opt %S/../../Pipelines/Inputs/llama.mlir --tenon-to-optimized --tenon-cpu-schedule | FileCheck %s --check-prefixes=INT,INTNARROW
// INT-LABEL: func.func @chunk
// INT: "norm+quantize"{{.*}}#tenon_cpu.rows<split = rows>
// INTWIDE: "attn_q+attn_k+attn_v"{{.*}}#tenon_cpu.chunk<lanes = 16, groups = 3, rows = 4, depth = 64>
// INTNARROW: "attn_q+attn_k+attn_v"{{.*}}#tenon_cpu.chunk<lanes = 16, groups = 1, rows = 2, depth = 64>
// INT-LABEL: func.func @step
// INT: "norm+quantize"{{.*}}#tenon_cpu.rows<split = none>

// The second-level cache bounds the panel, which has 24 bytes per column and
// group: two groups fit half of it, then one.
// RUN: tenon-opt %S/../../Pipelines/Inputs/llama.mlir --tenon-to-optimized --tenon-cpu-schedule="vector-bits=512 vector-registers=32 cache-bytes=6144" | FileCheck %s --check-prefix=SMALL
// SMALL-LABEL: func.func @chunk
// SMALL: "attn_q+attn_k+attn_v"{{.*}}#tenon_cpu.chunk<lanes = 16, groups = 2, rows = 7, depth = 64>
// RUN: tenon-opt %S/../../Pipelines/Inputs/llama.mlir --tenon-to-optimized --tenon-cpu-schedule="vector-bits=512 vector-registers=32 cache-bytes=6143" | FileCheck %s --check-prefix=TINY
// TINY-LABEL: func.func @chunk
// TINY: "attn_q+attn_k+attn_v"{{.*}}#tenon_cpu.chunk<lanes = 16, groups = 1, rows = 8, depth = 64>

// Several rows: as many at once as the registers hold sums of.
// INT-LABEL: func.func @batch
// INTWIDE: "attn_q+attn_k+attn_v"{{.*}}#tenon_cpu.step<lanes = 16, sums = 4, rows = 8>
// INTNARROW: "attn_q+attn_k+attn_v"{{.*}}#tenon_cpu.step<lanes = 16, sums = 4, rows = 4>

// The next layer's value takes the memory that the norm reads: workers meet
// after the norm, or one would read what another has written already.
// RUN: sed -e '/%q = /,/%h2 = /d' -e 's/tenon.yield %h2, %kv1/%h2 = tenon.linear %n, %wq : (tensor<?x64xf32>, !tenon.weight<64x64, [q4_1]>) -> tensor<?x64xf32>\n      tenon.yield %h2, %kv/' %S/../../Pipelines/Inputs/llama.mlir > %t.mlir
// RUN: tenon-opt %t.mlir --tenon-to-optimized=activations=f32 --tenon-to-scheduled | FileCheck %s --check-prefix=MEET
// RUN: tenon-opt %t.mlir --tenon-to-optimized=activations=f32 --tenon-to-scheduled --tenon-to-kernels -o /dev/null
// MEET-LABEL: func.func @step
// MEET: tenon.stack
// MEET: "norm"{{.*}}#tenon_cpu.rows<split = rows>
// RUN: tenon-opt %t.mlir --tenon-to-optimized=activations=f32 --tenon-to-scheduled | sed 's/\("norm".*\)split = rows/\1split = none/' > %t.none.mlir
// RUN: not tenon-opt %t.none.mlir --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=RACE
// RACE: expected workers to meet after the last use of a carried tensor and before its next value is computed; use split = rows

// Numbers of registers that no builder counts on.
// RUN: not tenon-opt %t.mlir --tenon-cpu-schedule="vector-bits=96" 2>&1 | FileCheck %s --check-prefix=BITS
// BITS: expected vector-bits 128, 256 or 512, but got 96
// RUN: not tenon-opt %t.mlir --tenon-cpu-schedule="vector-registers=8" 2>&1 | FileCheck %s --check-prefix=REGISTERS
// REGISTERS: expected vector-registers 16 or 32, but got 8
