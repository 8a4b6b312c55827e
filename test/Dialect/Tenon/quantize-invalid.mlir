// RUN: tenon-opt %s --split-input-file --verify-diagnostics

// expected-error@+1 {{expected bits = 8, but got 4}}
func.func private @f(tensor<?x64xf32, #tenon.blocks<bits = 4, size = 32>>)

// -----

// expected-error@+1 {{expected size = 32, but got 16}}
func.func private @f(tensor<?x64xf32, #tenon.blocks<bits = 8, size = 16>>)

// -----

func.func @f(%x: tensor<?x40xf32>) {
  // expected-error@+1 {{expected rows of a multiple of 32 elements, but got 40}}
  %q = tenon.quantize %x : tensor<?x40xf32> -> tensor<?x40xf32, #tenon.blocks<bits = 8, size = 32>>
  return
}

// -----

func.func @f(%x: tensor<?x3x5xf32>) {
  // expected-error@+1 {{expected rows of a multiple of 2 elements, but got 15}}
  %q = tenon.quantize %x : tensor<?x3x5xf32> -> tensor<?x3x5xbf16>
  return
}

// -----

func.func @f(%x: tensor<?x64xf32>) {
  // expected-error@+1 {{'tenon.quantize' op result #0 must be ranked tensor of 32-bit floats with encoding #tenon.blocks of 32-bit float values or ranked tensor of bf16 without encoding}}
  %q = tenon.quantize %x : tensor<?x64xf32> -> tensor<?x64xf32>
  return
}

// -----

func.func @f(%x: tensor<?x64xf32>) {
  // expected-error@+1 {{expected result of type}}
  %q = tenon.quantize %x : tensor<?x64xf32> -> tensor<?x32xf32, #tenon.blocks<bits = 8, size = 32>>
  return
}

// -----

func.func @f(%x: tensor<?x64xf32, #tenon.blocks<bits = 8, size = 32>>, %w: !tenon.weight<64, [f32]>) {
  // expected-error@+1 {{must be ranked tensor of 32-bit floats without encoding}}
  %q = tenon.norm rms %x, %w {eps = 1.0e-5 : f32} : tensor<?x64xf32, #tenon.blocks<bits = 8, size = 32>>, !tenon.weight<64, [f32]>
  return
}

// -----

func.func @f(%x: tensor<?x33xbf16>, %w: !tenon.weight<16x33, [f16]>) {
  // expected-error@+1 {{expected an even number of columns for an input of bf16, but got 33}}
  %y = tenon.linear %x, %w : (tensor<?x33xbf16>, !tenon.weight<16x33, [f16]>) -> tensor<?x16xf32>
  return
}
