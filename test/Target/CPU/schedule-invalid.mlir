// RUN: not tenon-opt %s --tenon-cpu-schedule 2>&1 | FileCheck %s

// Each layer is as large as a weight may be; their sum is not a number of bytes.
tenon.archive @a "synthetic:1"
// CHECK: 'tenon.weight' op expected at most 4503599627370496 bytes of packed weights, but all of them take more
tenon.weight @w layers 1048576 shape [16777216, 16777216] of [#tenon.scheme<f32>] = stored @a["w.{layer}"]
