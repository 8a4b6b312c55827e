// RUN: tenon-opt %s | tenon-opt | FileCheck %s
// RUN: tenon-opt %s --emit-bytecode | tenon-opt | FileCheck %s

!q = tensor<?x64xf32, #tenon.blocks<bits = 8, size = 32>>

// CHECK-LABEL: func.func @heads
// CHECK: tenon.quantize %{{.*}} : tensor<?x2x32xf32> -> tensor<?x2x32xf32, #tenon.blocks<bits = 8, size = 32>>
func.func @heads(%x: tensor<?x2x32xf32>) -> tensor<?x2x32xf32, #tenon.blocks<bits = 8, size = 32>> {
  %q = tenon.quantize %x : tensor<?x2x32xf32> -> tensor<?x2x32xf32, #tenon.blocks<bits = 8, size = 32>>
  return %q : tensor<?x2x32xf32, #tenon.blocks<bits = 8, size = 32>>
}

// CHECK-LABEL: func.func @product
// CHECK: tenon.linear %{{.*}} : (tensor<?x64xf32, #tenon.blocks<bits = 8, size = 32>>, !tenon.weight<16x64, [q4_0]>) -> tensor<?x16xf32>
func.func @product(%x: !q, %w: !tenon.weight<16x64, [q4_0]>) -> tensor<?x16xf32> {
  %y = tenon.linear %x, %w : (!q, !tenon.weight<16x64, [q4_0]>) -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}
