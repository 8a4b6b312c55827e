// RUN: tenon-opt %s | tenon-opt | FileCheck %s
// RUN: tenon-opt %s --emit-bytecode | tenon-opt | FileCheck %s

// CHECK-DAG: pack = #tenon_cpu.pack<interleave = 16>
// CHECK-DAG: step = #tenon_cpu.step<lanes = 16, sums = 4>
// CHECK-DAG: chunk = #tenon_cpu.chunk<lanes = 16, groups = 3, rows = 8, depth = 1536>
// CHECK-DAG: attend = #tenon_cpu.attend<rows = 64, queries = 6, vectors = 4>
// CHECK-DAG: attend_step = #tenon_cpu.attend_step<queries = 3, vectors = 4>
// CHECK-DAG: rows = #tenon_cpu.rows<split = rows>
func.func private @f() attributes {
  pack = #tenon_cpu.pack<interleave = 16>,
  step = #tenon_cpu.step<lanes = 16, sums = 4>,
  chunk = #tenon_cpu.chunk<lanes = 16, groups = 3, rows = 8, depth = 1536>,
  attend = #tenon_cpu.attend<rows = 64, queries = 6, vectors = 4>,
  attend_step = #tenon_cpu.attend_step<queries = 3, vectors = 4>,
  rows = #tenon_cpu.rows<split = rows>
}
