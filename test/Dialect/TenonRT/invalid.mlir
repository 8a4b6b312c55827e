// Every message of the dialect's verifiers.
// RUN: tenon-opt %s --split-input-file --verify-diagnostics

func.func @f(%job: !tenon_rt.job) {
  // expected-error @+1 {{expected a number of the job, but got the pointer arena}}
  %n = tenon_rt.number arena of %job
  return
}

// -----

func.func @f(%job: !tenon_rt.job) {
  // expected-error @+1 {{expected a pointer of the job, but got the number rows}}
  %x = tenon_rt.buffer rows of %job : memref<4xf32>
  return
}

// -----

func.func @f(%job: !tenon_rt.job) {
  // expected-error @+1 {{expected 1 sizes, but got 0}}
  %x = tenon_rt.buffer arena of %job : memref<?x4xf32>
  return
}

// -----

func.func @f(%job: !tenon_rt.job) {
  // expected-error @+1 {{expected an identity layout, but got 'memref<4xf32, strided<[2]>>'}}
  %x = tenon_rt.buffer arena of %job : memref<4xf32, strided<[2]>>
  return
}

// -----

func.func @f(%l: index) {
  // expected-error @+1 {{expected at least one value}}
  %x = tenon_rt.table [] at %l
  return
}
