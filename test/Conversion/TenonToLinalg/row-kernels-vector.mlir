// RUN: tenon-opt %s --tenon-row-kernels-to-vector | FileCheck %s

// Whole vectors and one narrower one for the tail; the result goes straight
// to its buffer.
// CHECK-LABEL: func.func @kernel_gate20
// CHECK-SAME: %[[OUT:[a-z0-9]+]]: memref<?x20xf32>, %{{[a-z0-9]+}}: index, %{{[a-z0-9]+}}: index)
// CHECK-NOT: memref.alloc
// CHECK-NOT: memref.copy
// CHECK: scf.for
// CHECK-NOT: scf.for
// CHECK: math.exp %{{.*}} : vector<16xf32>
// CHECK: vector.transfer_write %{{.*}}, %[[OUT]]{{.*}} : vector<16xf32>
// CHECK: math.exp %{{.*}} : vector<4xf32>
// CHECK: vector.transfer_write %{{.*}}, %[[OUT]]{{.*}} : vector<4xf32>
// CHECK-NOT: memref.copy
// CHECK: return
func.func @gate20(%g: tensor<?x20xf32>, %u: tensor<?x20xf32>) {
  %0 = tenon.kernel "gate20" (%g, %u) : (tensor<?x20xf32>, tensor<?x20xf32>) -> (tensor<?x20xf32>) {
  ^kernel(%a: tensor<?x20xf32>, %b: tensor<?x20xf32>):
    %r = tenon.gate silu %a, %b : tensor<?x20xf32>
    tenon.yield %r : tensor<?x20xf32>
  }
  return
}

// Fewer elements than lanes: one narrow vector.
// CHECK-LABEL: func.func @kernel_gate5
// CHECK: vector.transfer_read {{.*}} vector<5xf32>
// CHECK-NOT: vector<16xf32>
// CHECK: return
func.func @gate5(%g: tensor<?x5xf32>) {
  %0 = tenon.kernel "gate5" (%g) : (tensor<?x5xf32>) -> (tensor<?x5xf32>) {
  ^kernel(%a: tensor<?x5xf32>):
    %r = tenon.gate relu %a, %a : tensor<?x5xf32>
    tenon.yield %r : tensor<?x5xf32>
  }
  return
}

// A residual sum that is a result and feeds a norm: it is written once and read
// from its buffer, and the only memory of the kernel's own is one number.
// CHECK-LABEL: func.func @kernel_addnorm
// CHECK: %[[SUM:.*]] = memref.alloca() {{.*}} : memref<f32>
// CHECK-NOT: memref.alloc
// CHECK: scf.for
// CHECK: scf.for %{{.*}} = %c0 to %c576 step %c16
// CHECK: arith.addf %{{.*}} : vector<16xf32>
// CHECK: scf.for %{{.*}} = %c0 to %c576 step %c1
// CHECK: memref.store %{{.*}}, %[[SUM]][]
// CHECK: scf.for %{{.*}} = %c0 to %c576 step %c16
// CHECK: arith.mulf %{{.*}} : vector<16xf32>
// CHECK-NOT: memref.copy
// CHECK: return
func.func @addnorm(%x: tensor<?x576xf32>, %y: tensor<?x576xf32>, %w: !tenon.weight<576, [f32]>) {
  %0:2 = tenon.kernel "addnorm" (%x, %y, %w) : (tensor<?x576xf32>, tensor<?x576xf32>, !tenon.weight<576, [f32]>) -> (tensor<?x576xf32>, tensor<?x576xf32>) {
  ^kernel(%a: tensor<?x576xf32>, %c: tensor<?x576xf32>, %b: !tenon.weight<576, [f32]>):
    %s = arith.addf %a, %c : tensor<?x576xf32>
    %r = tenon.norm rms %s, %b {eps = 1.0e-5 : f32} : tensor<?x576xf32>, !tenon.weight<576, [f32]>
    tenon.yield %r, %s : tensor<?x576xf32>, tensor<?x576xf32>
  }
  return
}

// A norm per head of 80 elements, then a rotation: the normed row is a small
// static buffer outside the loop.
// CHECK-LABEL: func.func @kernel_heads
// CHECK: memref.alloca() {alignment = 64 : i64} : memref<3x80xf32>
// CHECK: scf.for
// CHECK-NOT: memref.alloc
// CHECK: scf.for %{{.*}} = %c0 to %c80 step %c16
// CHECK-NOT: memref.copy
// CHECK: return
func.func @heads(%k: tensor<?x3x80xf32>, %w: !tenon.weight<80, [f32]>, %t: tensor<?x40x2xf32>) {
  %0 = tenon.kernel "heads" (%k, %w, %t) : (tensor<?x3x80xf32>, !tenon.weight<80, [f32]>, tensor<?x40x2xf32>) -> (tensor<?x3x80xf32>) {
  ^kernel(%a: tensor<?x3x80xf32>, %b: !tenon.weight<80, [f32]>, %c: tensor<?x40x2xf32>):
    %n = tenon.norm rms %a, %b {eps = 1.0e-5 : f32} : tensor<?x3x80xf32>, !tenon.weight<80, [f32]>
    %r = tenon.rope interleaved %n, %c : tensor<?x3x80xf32>, tensor<?x40x2xf32>
    tenon.yield %r : tensor<?x3x80xf32>
  }
  return
}
