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
