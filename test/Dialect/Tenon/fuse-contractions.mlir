// RUN: tenon-opt %s --pass-pipeline='builtin.module(func.func(tenon-form-kernels,tenon-fuse-additions,tenon-fuse-contractions))' --split-input-file | FileCheck %s
// RUN: tenon-opt %s --pass-pipeline='builtin.module(func.func(tenon-fuse-contractions))' --split-input-file | FileCheck %s --check-prefix=GIVEN

// All contractions of one value, at the place of the first; what stood between
// them follows.
// CHECK-LABEL: func.func @three
// CHECK: %[[R:.*]]:3 = tenon.kernel "linear"(%arg0, %arg1)
// CHECK-COUNT-3: tenon.linear
// CHECK: tenon.kernel "norm"(%[[R]]#0
// CHECK: return %{{.*}}, %[[R]]#1, %[[R]]#2
func.func @three(%x: tensor<?x32xf32>, %w: !tenon.weight<32x32, [q4_0]>, %v: !tenon.weight<32, [f32]>) -> (tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>) attributes {tenon.entry} {
  %q = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  %n = tenon.norm rms %q, %v {eps = 1.0e-5 : f32} : tensor<?x32xf32>, !tenon.weight<32, [f32]>
  %k = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  %u = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  return %n, %k, %u : tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>
}

// -----

// Contractions of other inputs stay alone, and so does one with an addition.
// CHECK-LABEL: func.func @apart
// CHECK: tenon.kernel "linear"(%arg0, %arg2)
// CHECK: tenon.kernel "linear"(%arg1, %arg2)
// CHECK: tenon.kernel "linear"(%arg0, %arg2, %arg1)
// CHECK: arith.addf
func.func @apart(%x: tensor<?x32xf32>, %y: tensor<?x32xf32>, %w: !tenon.weight<32x32, [q4_0]>) -> (tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>) attributes {tenon.entry} {
  %a = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  %b = tenon.linear %y, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  %c = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  %z = arith.addf %y, %c : tensor<?x32xf32>
  return %a, %b, %z : tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>
}

// -----

// A contraction inside the layers is not one with a contraction before them.
// CHECK-LABEL: func.func @inside_and_outside
// CHECK: tenon.kernel "linear"
// CHECK: tenon.stack
// CHECK: tenon.kernel "linear"
func.func @inside_and_outside(%x: tensor<?x32xf32>, %w: !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32> attributes {tenon.entry} {
  %a = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
  %y = tenon.stack 0 to 2 (%a) : tensor<?x32xf32> {
  ^layer(%l: index, %h: tensor<?x32xf32>):
    %z = tenon.linear %x, %w : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
    tenon.yield %z : tensor<?x32xf32>
  }
  return %y : tensor<?x32xf32>
}

// -----

// A kernel with a schedule is as somebody chose it; a weight that is read
// behind the first contraction cannot move before it.
// GIVEN-LABEL: func.func @given
// GIVEN: tenon.kernel "a"
// GIVEN: tenon.kernel "b"
// GIVEN: tenon.kernel "c"
// GIVEN-NOT: tenon.kernel
module {
  tenon.archive @archive "synthetic:1"
  tenon.weight @w shape [32, 32] of [#tenon.scheme<q4_0>] = stored @archive["w"]
  func.func @given(%x: tensor<?x32xf32>) -> (tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>) attributes {tenon.entry} {
    %w = tenon.weight.at @w : !tenon.weight<32x32, [q4_0]>
    %a = tenon.kernel "a"(%x, %w) : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32> schedule(#tenon_cpu.step<lanes = 16, sums = 4>) {
    ^kernel(%i: tensor<?x32xf32>, %u: !tenon.weight<32x32, [q4_0]>):
      %y = tenon.linear %i, %u : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
      tenon.yield %y : tensor<?x32xf32>
    }
    %b = tenon.kernel "b"(%x, %w) : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32> {
    ^kernel(%i: tensor<?x32xf32>, %u: !tenon.weight<32x32, [q4_0]>):
      %y = tenon.linear %i, %u : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
      tenon.yield %y : tensor<?x32xf32>
    }
    %v = tenon.weight.at @w : !tenon.weight<32x32, [q4_0]>
    %c = tenon.kernel "c"(%x, %v) : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32> {
    ^kernel(%i: tensor<?x32xf32>, %u: !tenon.weight<32x32, [q4_0]>):
      %y = tenon.linear %i, %u : (tensor<?x32xf32>, !tenon.weight<32x32, [q4_0]>) -> tensor<?x32xf32>
      tenon.yield %y : tensor<?x32xf32>
    }
    return %a, %b, %c : tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>
  }
}
