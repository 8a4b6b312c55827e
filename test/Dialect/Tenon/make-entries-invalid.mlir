// RUN: tenon-opt %s --split-input-file --tenon-make-entries=chunk-rows=1 --verify-diagnostics -o /dev/null

// expected-error @below {{expected one entry, but got 0}}
module {
  func.func @f() { return }
}

// -----

// expected-error @below {{expected chunk-rows >= 2, but got 1}}
module {
  func.func @f() attributes {tenon.entry} { return }
}
