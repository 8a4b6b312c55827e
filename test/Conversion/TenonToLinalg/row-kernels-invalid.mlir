// RUN: tenon-opt %s --tenon-convert-row-kernels --split-input-file --verify-diagnostics

func.func @contraction(%x: tensor<?x64xf32>, %w: !tenon.weight<32x64, [q4_0]>) {
  %0 = tenon.kernel "linear" (%x, %w) : (tensor<?x64xf32>, !tenon.weight<32x64, [q4_0]>) -> (tensor<?x32xf32>) {
  ^kernel(%a: tensor<?x64xf32>, %b: !tenon.weight<32x64, [q4_0]>):
    // expected-error@+1 {{expected an op on rows (norm, rope, rope_angles, gate, quantize, rows, addf) in a row kernel, but got 'tenon.linear'}}
    %r = tenon.linear %a, %b : (tensor<?x64xf32>, !tenon.weight<32x64, [q4_0]>) -> tensor<?x32xf32>
    tenon.yield %r : tensor<?x32xf32>
  }
  return
}

// -----

func.func @dynamic(%x: tensor<?x?xf32>) {
  // expected-error@+1 {{expected inputs and results with rows of a static shape, and weight vectors}}
  %0 = tenon.kernel "sum" (%x) : (tensor<?x?xf32>) -> (tensor<?x?xf32>) {
  ^kernel(%a: tensor<?x?xf32>):
    %r = arith.addf %a, %a : tensor<?x?xf32>
    tenon.yield %r : tensor<?x?xf32>
  }
  return
}

// -----

func.func @twice(%x: tensor<?x4xf32>) {
  %0 = tenon.kernel "sum" (%x) : (tensor<?x4xf32>) -> (tensor<?x4xf32>) {
  ^kernel(%a: tensor<?x4xf32>):
    tenon.yield %a : tensor<?x4xf32>
  }
  // expected-error@+1 {{expected a name of its own, but got 'sum' again}}
  %1 = tenon.kernel "sum" (%x) : (tensor<?x4xf32>) -> (tensor<?x4xf32>) {
  ^kernel(%a: tensor<?x4xf32>):
    tenon.yield %a : tensor<?x4xf32>
  }
  return
}
