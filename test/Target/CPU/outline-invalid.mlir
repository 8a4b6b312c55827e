// RUN: sed 's/k = f16, v = f16, layout = contiguous/k = f16, v = f16, layout = ring, extent = 16/' %S/../../Pipelines/Inputs/llama.mlir > %t.ring.mlir
// RUN: not tenon-opt %t.ring.mlir --tenon-to-optimized --tenon-to-scheduled --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=RING
// RING: expected a cache with layout = contiguous on this target, but got ring

// RUN: sed 's/rope = post/rope = pre/' %S/../../Pipelines/Inputs/llama.mlir > %t.pre.mlir
// RUN: not tenon-opt %t.pre.mlir --tenon-to-optimized --tenon-to-scheduled --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=PRE
// PRE: expected a cache with rope = post on this target, but got pre

// RUN: sed 's/k = f16, v = f16/k = i8, v = i8/' %S/../../Pipelines/Inputs/llama.mlir > %t.i8.mlir
// RUN: not tenon-opt %t.i8.mlir --tenon-to-optimized --tenon-to-scheduled --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=BYTES
// BYTES: expected a cache with k = f16 or f32 on this target, but got 'i8'

// RUN: not tenon-opt %S/../../Pipelines/Inputs/llama.mlir --tenon-cpu-outline-kernels 2>&1 | FileCheck %s --check-prefix=NONE
// NONE: expected entries with 'tenon.max_rows'

// RUN: sed 's/@attn_q\[%l\]/@attn_q[%zero]/; s/%wn = tenon/%zero = arith.constant 0 : index\n%wn = tenon/' %S/../../Pipelines/Inputs/llama.mlir > %t.layer.mlir
// RUN: not tenon-opt %t.layer.mlir --tenon-to-optimized --tenon-to-scheduled --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=LAYER
// LAYER: expected the layer index of the enclosing stack on this target

// RUN: not tenon-opt %S/../../Pipelines/Inputs/llama.mlir --tenon-to-optimized --tenon-to-scheduled --tenon-cpu-outline-kernels=vector-bits=0 2>&1 | FileCheck %s --check-prefix=BITS
// BITS: expected vector-bits 128, 256 or 512, but got 0

// RUN: not tenon-opt %S/../../Pipelines/Inputs/llama.mlir --tenon-to-optimized --tenon-to-scheduled --tenon-cpu-outline-kernels=vector-registers=5 2>&1 | FileCheck %s --check-prefix=REGISTERS
// REGISTERS: expected vector-registers 16 or 32, but got 5

// RUN: sed 's/@attn_q\b/@driver/' %S/../../Pipelines/Inputs/llama.mlir > %t.driver.mlir
// RUN: not tenon-opt %t.driver.mlir --tenon-to-optimized --tenon-to-scheduled --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=DRIVER
// DRIVER: 'tenon.weight' op expected no symbol '@driver'

// RUN: tenon-opt %S/../../Pipelines/Inputs/llama.mlir --tenon-to-optimized --tenon-to-scheduled | sed '/@attn_q /s/array<i64: [0-9]*/array<i64: 9223372036854775744/' > %t.far.mlir
// RUN: not tenon-opt %t.far.mlir --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=FAR
// FAR: 'tenon.weight' op expected at most 4503599627370496 bytes of packed weights, but layer 0 starts at 9223372036854775744

// RUN: not tenon-opt %S/../../Pipelines/Inputs/llama.mlir --tenon-to-scheduled=cpu=sparc 2>&1 | FileCheck %s --check-prefix=CPU --implicit-check-not="LLVM ERROR"
// CPU: cpu: expected the CPU to be one of {{.*}}, but got 'sparc'

// RUN: sed 's/@attn_q\b/@step/' %S/../../Pipelines/Inputs/llama.mlir > %t.step.mlir
// RUN: not tenon-opt %t.step.mlir --tenon-to-optimized 2>&1 | FileCheck %s --check-prefix=STEP
// STEP: 'tenon.weight' op expected no symbol '@step': the entry becomes 'step', 'batch' and 'chunk'; rename it

// Products of bf16 that the CPU lacks are refused, not made of slower
// instructions. (Bytes are multiplied exactly by every CPU.)
// RUN: tenon-opt %S/../../Pipelines/Inputs/llama.mlir --tenon-to-optimized=cpu=znver4 --tenon-to-scheduled=cpu=znver4 | sed 's/products = i8/products = bf16/' > %t.bf16.mlir
// RUN: not tenon-opt %t.bf16.mlir --tenon-to-kernels=cpu=x86-64-v3 2>&1 | FileCheck %s --check-prefix=BF16
// BF16: expected a CPU with avx512bf16 for products of bf16 in kernel 'attention', but got one without; leave the products exact
// RUN: tenon-opt %S/../../Pipelines/Inputs/llama.mlir --tenon-to-optimized=activations=bf16 --tenon-to-scheduled -o %t.rows.mlir
// RUN: not tenon-opt %t.rows.mlir --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=ROWS
// ROWS: expected a CPU with avx512bf16 for rows of bf16 in kernel 'attn_q{{.*}}', but got one without; compile with activations of int8 or f32
