// RUN: tenon-opt %s --tenon-expand-math | FileCheck %s

// CHECK-LABEL: func.func @vectors
// CHECK-NOT: math.{{exp|log|tanh|erf}}
// CHECK: return
func.func @vectors(%a: vector<16xf32>) -> vector<16xf32> {
  %0 = math.exp %a : vector<16xf32>
  %1 = math.log %0 : vector<16xf32>
  %2 = math.tanh %1 : vector<16xf32>
  %3 = math.erf %2 : vector<16xf32>
  return %3 : vector<16xf32>
}

// CHECK-LABEL: func.func @scalar
// CHECK-NOT: math.exp
// CHECK: return
func.func @scalar(%a: f32) -> f32 {
  %0 = math.exp %a : f32
  return %0 : f32
}

// Angles of rotary positions are f64 and need libm's precision.
// CHECK-LABEL: func.func @libm
// CHECK: math.sin %{{.*}} : f64
// CHECK: math.cos %{{.*}} : f64
// CHECK: math.exp %{{.*}} : f64
// CHECK: math.sin %{{.*}} : f32
func.func @libm(%a: f64, %b: f32) -> (f64, f64, f64, f32) {
  %0 = math.sin %a : f64
  %1 = math.cos %a : f64
  %2 = math.exp %a : f64
  %3 = math.sin %b : f32
  return %0, %1, %2, %3 : f64, f64, f64, f32
}

// CHECK-LABEL: func.func @division
// CHECK-NOT: ceildiv
// CHECK: return
func.func @division(%a: index, %b: index) -> index {
  %0 = arith.ceildivsi %a, %b : index
  return %0 : index
}
