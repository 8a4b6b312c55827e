// RUN: tenon-opt %s --pass-pipeline='builtin.module(func.func(tenon-form-kernels,tenon-fuse-additions,tenon-fuse-rows,tenon-copy-carried))' --split-input-file | FileCheck %s

// The next value is made by the kernel that reads the old one: the norm before
// it keeps a copy.
// CHECK-LABEL: func.func @one_block
// CHECK: ^bb0(%{{.*}}: index, %[[H:.*]]: tensor<?x32xf32>):
// CHECK: %[[R:.*]]:2 = tenon.kernel "norm"(%[[H]], %{{.*}})
// CHECK-NEXT: ^bb0(%[[X:.*]]: tensor<?x32xf32>, %{{.*}}):
// CHECK-NEXT: %[[N:.*]] = tenon.norm rms %[[X]]
// CHECK-NEXT: tenon.yield %[[X]], %[[N]]
// CHECK: tenon.kernel "linear"(%[[R]]#1, %{{.*}}, %[[R]]#0)
func.func @one_block(%x: tensor<?x32xf32>, %w: !tenon.weight<32x32, [q4_0]>, %v: !tenon.weight<32, [f32]>) -> tensor<?x32xf32> attributes {tenon.entry} {
  %y = tenon.stack 0 to 2 (%x) : tensor<?x32xf32> {
  ^layer(%l: index, %h: tensor<?x32xf32>):
    %n = tenon.norm rms %h, %v {eps = 1.0e-5 : f32} : tensor<?x32xf32>, !tenon.weight<32, [f32]>
    %a = tenon.linear %n, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
    %z = arith.addf %h, %a : tensor<?x32xf32>
    tenon.yield %z : tensor<?x32xf32>
  }
  return %y : tensor<?x32xf32>
}

// -----

// No row work at the start: the copy is a kernel of its own.
// CHECK-LABEL: func.func @no_row_work
// CHECK: ^bb0(%{{.*}}: index, %[[H:.*]]: tensor<?x32xf32>):
// CHECK: %[[C:.*]] = tenon.kernel "copy"(%[[H]])
// CHECK: tenon.kernel "linear"(%[[C]], %{{[a-z0-9]+}})
func.func @no_row_work(%x: tensor<?x32xf32>, %w: !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32> attributes {tenon.entry} {
  %y = tenon.stack 0 to 2 (%x) : tensor<?x32xf32> {
  ^layer(%l: index, %h: tensor<?x32xf32>):
    %a = tenon.linear %h, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
    %z = arith.addf %h, %a : tensor<?x32xf32>
    tenon.yield %z : tensor<?x32xf32>
  }
  return %y : tensor<?x32xf32>
}

// -----

// Two blocks: the old value is done with before the next is made.
// CHECK-LABEL: func.func @two_blocks
// CHECK: tenon.kernel "norm"
// CHECK-NEXT: ^bb0
// CHECK-NEXT: %[[N:.*]] = tenon.norm
// CHECK-NEXT: tenon.yield %[[N]] :
// CHECK-NOT: tenon.kernel "copy"
func.func @two_blocks(%x: tensor<?x32xf32>, %w: !tenon.weight<32x32, [q4_0]>, %v: !tenon.weight<32, [f32]>) -> tensor<?x32xf32> attributes {tenon.entry} {
  %y = tenon.stack 0 to 2 (%x) : tensor<?x32xf32> {
  ^layer(%l: index, %h: tensor<?x32xf32>):
    %n = tenon.norm rms %h, %v {eps = 1.0e-5 : f32} : tensor<?x32xf32>, !tenon.weight<32, [f32]>
    %a = tenon.linear %n, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
    %g = arith.addf %h, %a : tensor<?x32xf32>
    %b = tenon.linear %g, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
    %z = arith.addf %g, %b : tensor<?x32xf32>
    tenon.yield %z : tensor<?x32xf32>
  }
  return %y : tensor<?x32xf32>
}
