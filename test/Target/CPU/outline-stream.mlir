// RUN: sed 's/\b50\b/16384/g; s/50x64/16384x64/g; s/x50x/x16384x/g' %S/../../Pipelines/Inputs/llama.mlir > %t.large.mlir
// RUN: tenon-opt %t.large.mlir --tenon-to-optimized --tenon-to-scheduled --tenon-to-kernels | FileCheck %s
// RUN: sed 's/\b50\b/15360/g; s/50x64/15360x64/g; s/x50x/x15360x/g' %S/../../Pipelines/Inputs/llama.mlir > %t.small.mlir
// RUN: tenon-opt %t.small.mlir --tenon-to-optimized --tenon-to-scheduled --tenon-to-kernels | FileCheck %s --check-prefix=SMALL

// A step reads 1.06 MiB of the vocabulary's weights, 1024 units: a worker has a
// range of three quarters of its share, or all of it when it is alone.
// CHECK-LABEL: func.func @tenon_step
// CHECK: %[[LOGITS:.*]] = tenon_rt.buffer logits
// CHECK: %[[WORKERS:.*]] = tenon_rt.number workers
// CHECK: %[[ALONE:.*]] = arith.cmpi eq, %[[WORKERS]], %c1
// CHECK: %[[PARTS:.*]] = arith.muli %[[WORKERS]], %c4
// CHECK: %[[PART:.*]] = arith.divui %c3072, %[[PARTS]]
// CHECK: %[[SHARE:.*]] = arith.select %[[ALONE]], %c1024, %[[PART]]
// CHECK: %[[FROM:.*]] = arith.muli %[[SHARE]], %arg1
// CHECK: %[[TO:.*]] = arith.addi %[[FROM]], %[[SHARE]]
// CHECK: call @k_token_embd_{{.*}}%[[FROM]], %[[TO]])

// What is left is claimed in pieces of 64 KiB, counted from where it starts.
// CHECK: %[[START:.*]] = arith.muli %[[SHARE]], %[[WORKERS]]
// CHECK: %[[LEFT:.*]] = arith.subi %c1024, %[[START]]
// CHECK: %[[PIECES:.*]] = arith.ceildivui %[[LEFT]], %c60
// CHECK: scf.while
// CHECK: %[[CLAIMED:.*]] = tenon_rt.claim
// CHECK: arith.cmpi ult, %[[CLAIMED]], %[[PIECES]]
// CHECK: %[[FIRST:.*]] = arith.muli %{{.*}}, %c60
// CHECK: %[[NEXT:.*]] = arith.addi %[[FIRST]], %c60
// CHECK: %[[LAST:.*]] = arith.minui %[[NEXT]], %[[LEFT]]
// CHECK: %[[FIRST1:.*]] = arith.addi %[[FIRST]], %[[START]]
// CHECK: %[[LAST1:.*]] = arith.addi %[[LAST]], %[[START]]
// CHECK: call @k_token_embd_{{.*}}%[[FIRST1]], %[[LAST1]])

// Below 1 MiB equal ranges are as fast.
// SMALL-LABEL: func.func @tenon_step
// SMALL-NOT: tenon_rt.claim
// SMALL-LABEL: func.func @tenon_batch
