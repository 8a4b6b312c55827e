// RUN: tenon-opt %s --pass-pipeline='builtin.module(func.func(tenon-quantize-activations))' | FileCheck %s
// RUN: tenon-opt %s --pass-pipeline='builtin.module(func.func(tenon-quantize-activations,tenon-quantize-activations))' | FileCheck %s
// RUN: tenon-opt %s --pass-pipeline='builtin.module(func.func(tenon-quantize-activations{bf16}))' | FileCheck %s --check-prefix=BF16

// Two products of one input share its integers; a product with floats keeps
// floats, also where only some layers have them.
// CHECK-LABEL: func.func @shared
// CHECK-SAME: (%[[X:.*]]: tensor<?x64xf32>,
// CHECK: %[[Q:.*]] = tenon.quantize %[[X]]
// CHECK-NOT: tenon.quantize
// CHECK: tenon.linear %[[Q]], %{{.*}} : (tensor<?x64xf32, #tenon.blocks<bits = 8, size = 32>>, !tenon.weight<16x64, [q4_0]>)
// CHECK: tenon.linear %[[Q]], %{{.*}} : (tensor<?x64xf32, #tenon.blocks<bits = 8, size = 32>>, !tenon.weight<16x64, [q4_1, q8_0]>)
// CHECK: tenon.linear %[[X]], %{{.*}} : (tensor<?x64xf32>, !tenon.weight<16x64, [f16]>)
// CHECK: tenon.linear %[[X]], %{{.*}} : (tensor<?x64xf32>, !tenon.weight<16x64, [q4_0, f16]>)
// As bf16 all share it, whatever the weights are.
// BF16-LABEL: func.func @shared
// BF16-SAME: (%[[X:.*]]: tensor<?x64xf32>,
// BF16: %[[Q:.*]] = tenon.quantize %[[X]] : tensor<?x64xf32> -> tensor<?x64xbf16>
// BF16-NOT: tenon.quantize
// BF16-COUNT-4: tenon.linear %[[Q]], %{{.*}} : (tensor<?x64xbf16>,
func.func @shared(%x: tensor<?x64xf32>, %a: !tenon.weight<16x64, [q4_0]>,
    %b: !tenon.weight<16x64, [q4_1, q8_0]>, %c: !tenon.weight<16x64, [f16]>,
    %d: !tenon.weight<16x64, [q4_0, f16]>)
    -> (tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>)
    attributes {tenon.entry} {
  %0 = tenon.linear %x, %a : (tensor<?x64xf32>, !tenon.weight<16x64, [q4_0]>) -> tensor<?x16xf32>
  %1 = tenon.linear %x, %b : (tensor<?x64xf32>, !tenon.weight<16x64, [q4_1, q8_0]>) -> tensor<?x16xf32>
  %2 = tenon.linear %x, %c : (tensor<?x64xf32>, !tenon.weight<16x64, [f16]>) -> tensor<?x16xf32>
  %3 = tenon.linear %x, %d : (tensor<?x64xf32>, !tenon.weight<16x64, [q4_0, f16]>) -> tensor<?x16xf32>
  return %0, %1, %2, %3 : tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>, tensor<?x16xf32>
}

// Functions that are no entries stay as they are.
// CHECK-LABEL: func.func @other
// CHECK-NOT: tenon.quantize
func.func @other(%x: tensor<?x64xf32>, %a: !tenon.weight<16x64, [q4_0]>) -> tensor<?x16xf32> {
  %0 = tenon.linear %x, %a : (tensor<?x64xf32>, !tenon.weight<16x64, [q4_0]>) -> tensor<?x16xf32>
  return %0 : tensor<?x16xf32>
}

// Rows of an odd number of elements have no pairs, integers are rounded already.
// CHECK-LABEL: func.func @neither
// BF16-LABEL: func.func @neither
// BF16-NOT: xbf16
func.func @neither(%x: tensor<?x33xf32>, %a: !tenon.weight<16x33, [f16]>,
    %y: tensor<?x64xf32, #tenon.blocks<bits = 8, size = 32>>,
    %b: !tenon.weight<16x64, [q4_0]>)
    -> (tensor<?x16xf32>, tensor<?x16xf32>) attributes {tenon.entry} {
  %0 = tenon.linear %x, %a : (tensor<?x33xf32>, !tenon.weight<16x33, [f16]>) -> tensor<?x16xf32>
  %1 = tenon.linear %y, %b : (tensor<?x64xf32, #tenon.blocks<bits = 8, size = 32>>, !tenon.weight<16x64, [q4_0]>) -> tensor<?x16xf32>
  return %0, %1 : tensor<?x16xf32>, tensor<?x16xf32>
}
