// RUN: tenon-opt %s --tenon-to-native --split-input-file --verify-diagnostics

module {
  module @allocates {
    func.func @f(%n: index) {
      // expected-error@+1 {{expected kernels to allocate nothing; use a buffer of the arena or a small static one on the stack}}
      %0 = memref.alloc(%n) : memref<?xf32>
      return
    }
  }
}

// -----

module {
  module @dynamic_stack {
    func.func @f(%n: index) {
      // expected-error@+1 {{expected a buffer of static size, but got 'memref<?xf32>'}}
      %0 = memref.alloca(%n) : memref<?xf32>
      return
    }
  }
}

// -----

module {
  module @stack_in_loop {
    func.func @f(%n: index) {
      %c0 = arith.constant 0 : index
      %c1 = arith.constant 1 : index
      scf.for %i = %c0 to %n step %c1 {
        // expected-error@+1 {{expected buffers on the stack in the entry block of their function}}
        %0 = memref.alloca() : memref<4xf32>
      }
      return
    }
  }
}

// -----

module {
  module @large_stack {
    // expected-error@+1 {{expected at most 262144 bytes on the stack, but got 400000}}
    func.func @f() {
      %0 = memref.alloca() : memref<100000xf32>
      return
    }
  }
}

// -----

module {
  module @tensors {
    func.func @f() {
      // expected-error@+1 {{expected buffers in kernels, but got 'tensor<4xf32>'}}
      %0 = tensor.empty() : tensor<4xf32>
      return
    }
  }
}

// -----

module {
  // expected-error@+1 {{expected no call of MLIR's runtime in kernels}}
  module @copies {
    func.func @f(%a: memref<4x4xf32, strided<[8, 1]>>, %b: memref<4x4xf32>) {
      memref.copy %a, %b : memref<4x4xf32, strided<[8, 1]>> to memref<4x4xf32>
      return
    }
  }
}

// -----

module {
  module @outer {
    // expected-error@+1 {{expected modules of kernels to hold no modules}}
    module @inner {
    }
  }
}

// -----

module {
  module @index_vectors {
    // expected-error@+1 {{expected at most 262144 bytes on the stack, but got 33554432}}
    func.func @f() {
      %0 = memref.alloca() : memref<1048576xvector<4xindex>>
      return
    }
  }
}

// -----

module {
  module @overflows {
    // expected-error@+1 {{expected at most 262144 bytes on the stack, but got 9223372036854775807}}
    func.func @f() {
      %0 = memref.alloca() : memref<4611686018427387904x4xf32>
      return
    }
  }
}
