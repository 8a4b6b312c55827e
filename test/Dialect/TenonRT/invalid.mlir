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

func.func @f(%job: !tenon_rt.job, %worker: index) {
  // expected-error @+1 {{expected a kernel's number of at least 0, but got -1}}
  tenon_rt.mark begin -1 of %job by %worker
  return
}

// -----

func.func @f(%l: index) {
  // expected-error @+1 {{expected at least one value}}
  %x = tenon_rt.table [] at %l
  return
}

// -----

// expected-error @+1 {{expected vocab of at least 1, but got 0}}
tenon_rt.artifact "m" {vocab = 0 : i64, context = 64 : i64, layers = 2 : i64, cache_layer_slot_bytes = 64 : i64, cache_type = "f16", cpu = "x86-64-v3", weights_bytes = 4096 : i64}

// -----

// expected-error @+1 {{expected weights_bytes of at least 0, but got -1}}
tenon_rt.artifact "m" {vocab = 8 : i64, context = 64 : i64, layers = 2 : i64, cache_layer_slot_bytes = 64 : i64, cache_type = "f16", cpu = "x86-64-v3", weights_bytes = -1 : i64}

// -----

// expected-error @+1 {{expected cache_type f16 or f32, but got 'i8'}}
tenon_rt.artifact "m" {vocab = 8 : i64, context = 64 : i64, layers = 2 : i64, cache_layer_slot_bytes = 64 : i64, cache_type = "i8", cpu = "x86-64-v3", weights_bytes = 64 : i64}

// -----

// expected-error @+1 {{expected max_rows of at least 1, but got 0}}
tenon_rt.entry "step" calls "tenon_step" {max_rows = 0 : i64, arena_bytes = 64 : i64, scratch_bytes = 32 : i64}

// -----

func.func @f(%job: !tenon_rt.job, %r: index) {
  // expected-error @+1 {{expected a field of a sequence, which has a row, but got rows}}
  %n = tenon_rt.number rows of %job row %r
  return
}
