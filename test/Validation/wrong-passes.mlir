// Each wrong pass is caught, by name and with the measured difference; the
// reproducer has fewer layers, needs no file, and fails again.

// DEFINE: %{pass} =
// DEFINE: %{op} =
// DEFINE: %{file} = %t/tenon-reproducer-test-wrong-%{pass}.mlir
// DEFINE: %{check} = \
// DEFINE:   not tenon-test-opt %S/Inputs/model.mlir --test-wrong-%{pass} \
// DEFINE:     --validate-passes --validate-dir=%t -o %t/out.mlir 2>&1 \
// DEFINE:     | FileCheck %s -DPASS=%{pass} --check-prefix=ERROR && \
// DEFINE:   not test -e %t/out.mlir && \
// DEFINE:   FileCheck %s --check-prefix=SMALL -DPASS=%{pass} \
// DEFINE:     "-DOP=%{op}" --input-file=%{file} && \
// DEFINE:   not tenon-test-opt %{file} --validate-passes \
// DEFINE:     --pass-pipeline='builtin.module(test-wrong-%{pass})' \
// DEFINE:     --validate-dir=%t/again -o %t/out.mlir 2>&1 \
// DEFINE:     | FileCheck %s -DPASS=%{pass} --check-prefix=ERROR && \
// DEFINE:   tenon-test-opt %{file} --validate-passes --cse -o %t/good.mlir

// RUN: rm -rf %t && mkdir -p %t/again

// REDEFINE: %{pass} = mask
// REDEFINE: %{op} = tenon.attention
// RUN: %{check}

// REDEFINE: %{pass} = residual
// REDEFINE: %{op} = arith.addf
// RUN: %{check}

// REDEFINE: %{pass} = gate
// REDEFINE: %{op} = tenon.gate
// RUN: %{check}

// REDEFINE: %{pass} = rope
// REDEFINE: %{op} = tenon.rope
// RUN: %{check}

// REDEFINE: %{pass} = eps
// REDEFINE: %{op} = tenon.norm
// RUN: %{check}

// REDEFINE: %{pass} = bias
// REDEFINE: %{op} = bias
// RUN: %{check}

// REDEFINE: %{pass} = layer
// REDEFINE: %{op} = tenon.weight.at
// RUN: %{check}

// REDEFINE: %{pass} = order
// REDEFINE: %{op} = tenon.cache.append
// RUN: %{check}

// REDEFINE: %{pass} = value
// REDEFINE: %{op} = tenon.cache.append
// RUN: %{check}

// ERROR: error: pass 'test-wrong-[[PASS]]' changed the meaning of @forward: result {{[01]}}: {{.*}} <= 1.0e-09, but got
// ERROR: note: a small module that fails again is in {{.*}}tenon-reproducer-test-wrong-[[PASS]].mlir

// SMALL: {{^// R}}UN: tenon-test-opt %s --pass-pipeline='builtin.module(test-wrong-[[PASS]])' --validate-passes --validate-seed=1
// SMALL: tenon.archive @a "synthetic:1"
// SMALL-NOT: fingerprint
// SMALL: tenon.stack {{0 to 1|3 to 4}}(
// SMALL: [[OP]]

// A pass that declares a bound may change numbers within it, others not.
// RUN: tenon-test-opt %S/Inputs/model.mlir --test-declared-eps --validate-passes -o /dev/null
// RUN: tenon-test-opt %S/Inputs/model.mlir --canonicalize --cse --symbol-dce --validate-passes -o /dev/null 2>&1 | count 0

// Beyond the core phases nothing is compared, and a remark says so.
// RUN: tenon-test-opt %s --convert-arith-to-llvm --validate-passes -o /dev/null 2>&1 | FileCheck %s --check-prefix=LEFT
// LEFT: remark: pass 'convert-arith-to-llvm' not validated: 'llvm.{{.*}}' is no op of the core phases
func.func @f(%x: f32) -> f32 {
  %y = arith.addf %x, %x : f32
  return %y : f32
}
