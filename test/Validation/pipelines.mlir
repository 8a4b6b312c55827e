// The passes of the core phases keep the meaning, one by one. Each is compared:
// an error would fail the command, a pass that could not be compared would say
// so in a remark.
// RUN: tenon-opt %S/Inputs/model.mlir --validate-passes --tenon-to-optimized --tenon-to-scheduled -o %t.mlir 2>&1 | count 0
// RUN: tenon-opt %S/Inputs/wide-heads.mlir --validate-passes --tenon-to-optimized --tenon-to-scheduled -o /dev/null 2>&1 | count 0
// RUN: tenon-opt %S/../Pipelines/Inputs/top-k.mlir --validate-passes --tenon-to-optimized --tenon-to-scheduled -o /dev/null 2>&1 | count 0
// RUN: tenon-opt %S/Inputs/wide-heads.mlir --validate-passes --validate-seed=7 --pass-pipeline='builtin.module(func.func(tenon-form-kernels,tenon-fuse-gates,tenon-fuse-additions,tenon-fuse-contractions,tenon-fuse-rows),tenon-make-entries,canonicalize,cse)' -o /dev/null 2>&1 | count 0

// Attention of prompts in shorter numbers: bytes, and bf16.
// RUN: tenon-opt %S/Inputs/model.mlir --validate-passes --tenon-to-optimized=cpu=znver4 --tenon-to-scheduled=cpu=znver4 -o %t.bytes.mlir 2>&1 | count 0
// RUN: FileCheck %s --check-prefix=BYTES --input-file=%t.bytes.mlir
// BYTES: products = i8
// RUN: tenon-opt %S/Inputs/model.mlir --tenon-to-optimized -o %t.exact.mlir
// RUN: tenon-opt %t.exact.mlir --validate-passes --pass-pipeline='builtin.module(func.func(tenon-round-attention))' -o %t.bf16.mlir 2>&1 | count 0
// RUN: FileCheck %s --check-prefix=BF16 --input-file=%t.bf16.mlir
// BF16: products = bf16

// The order of the fusion passes changes what is fused, never what it means.
// RUN: tenon-opt %S/Inputs/model.mlir --validate-passes --pass-pipeline='builtin.module(func.func(tenon-form-kernels,tenon-fuse-rows,tenon-fuse-contractions,tenon-fuse-additions,tenon-fuse-gates))' -o /dev/null 2>&1 | count 0

// What came out has kernels, schedules and two entries.
// RUN: FileCheck %s --input-file=%t.mlir
// CHECK-DAG: func.func @chunk
// CHECK-DAG: func.func @step
// CHECK-DAG: schedule(#tenon_cpu.step
