// Every message of the dialect's verifiers.
// RUN: tenon-opt %s --split-input-file --verify-diagnostics

// expected-error @+1 {{expected interleave = 1 or 16, but got 3}}
module attributes {pack = #tenon_cpu.pack<interleave = 3>} {}

// -----

// expected-error @+1 {{expected lanes = 16, as weights are packed, but got 8}}
module attributes {step = #tenon_cpu.step<lanes = 8, sums = 4>} {}

// -----

// expected-error @+1 {{expected sums from 1 to 64, but got 0}}
module attributes {step = #tenon_cpu.step<lanes = 16, sums = 0>} {}

// -----

// expected-error @+1 {{expected lanes = 16, as weights are packed, but got 0}}
module attributes {chunk = #tenon_cpu.chunk<lanes = 0, groups = 1, rows = 8, depth = 64>} {}

// -----

// expected-error @+1 {{expected groups from 1 to 64, but got -1}}
module attributes {chunk = #tenon_cpu.chunk<lanes = 16, groups = -1, rows = 8, depth = 64>} {}

// -----

// expected-error @+1 {{expected rows from 1 to 64, but got 1000000}}
module attributes {chunk = #tenon_cpu.chunk<lanes = 16, groups = 1, rows = 1000000, depth = 64>} {}

// -----

// expected-error @+1 {{expected groups * rows of at most 64, but got 72}}
module attributes {chunk = #tenon_cpu.chunk<lanes = 16, groups = 8, rows = 9, depth = 64>} {}

// -----

// expected-error @+1 {{expected depth from 1 to 281474976710656, but got 0}}
module attributes {chunk = #tenon_cpu.chunk<lanes = 16, groups = 3, rows = 8, depth = 0>} {}

// -----

// expected-error @+1 {{expected rows from 1 to 1024, but got 0}}
module attributes {attend = #tenon_cpu.attend<rows = 0, queries = 4, vectors = 4>} {}

// -----

// expected-error @+1 {{expected queries from 1 to 64, but got 0}}
module attributes {attend = #tenon_cpu.attend<rows = 1, queries = 0, vectors = 4>} {}

// -----

// expected-error @+1 {{expected queries from 1 to 64, but got 65}}
module attributes {attend = #tenon_cpu.attend_step<queries = 65, vectors = 1>} {}

// -----

// expected-error @+1 {{expected vectors 1, 2 or 4, but got 3}}
module attributes {attend = #tenon_cpu.attend_step<queries = 1, vectors = 3>} {}

// -----

// expected-error @+1 {{expected queries * vectors of at most 64, but got 68}}
module attributes {attend = #tenon_cpu.attend_step<queries = 17, vectors = 4>} {}
