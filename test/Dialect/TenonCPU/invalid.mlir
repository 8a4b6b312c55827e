// Every message of the dialect's verifiers.
// RUN: tenon-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{expected interleave = 1 or 16, but got 3}}
module attributes {pack = #tenon_cpu.pack<interleave = 3>} {}
