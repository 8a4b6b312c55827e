// RUN: not tenon-opt %s --pass-pipeline='builtin.module(func.func(tenon-vectorize-rows{lanes=0}))' 2>&1 | FileCheck %s
// CHECK: expected lanes >= 1, but got 0

func.func @f() {
  return
}
