// What verifiers allow and a driver cannot run is refused by its rule, also in
// modules that somebody wrote by hand.
// RUN: tenon-opt %S/../../Pipelines/Inputs/llama.mlir --tenon-to-optimized --tenon-to-scheduled > %t.mlir
// RUN: tenon-opt %t.mlir --tenon-to-kernels -o /dev/null

// Schedules that do not fit the work.
// RUN: sed 's/#tenon_cpu.attend<[^>]*>/"fast"/' %t.mlir | not tenon-opt --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=TEXT
// TEXT: expected schedule #tenon_cpu.attend, or of exact products #tenon_cpu.attend_step for kernel 'attention', but got "fast"; remove it to have one chosen
// RUN: sed 's/#tenon_cpu.chunk<[^>]*>/#tenon_cpu.step<lanes = 16, sums = 4>/' %t.mlir | not tenon-opt --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=STEP
// STEP: expected schedule #tenon_cpu.chunk<depth = 64> for kernel 'attn_q+attn_k+attn_v', but got #tenon_cpu.step<lanes = 16, sums = 4>
// RUN: sed 's/depth = 96/depth = 32/' %t.mlir | not tenon-opt --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=DEPTH
// DEPTH: expected schedule #tenon_cpu.chunk<depth = 96> for kernel 'ffn_down'
// RUN: sed 's/split = rows/split = heads_and_rows/' %t.mlir | not tenon-opt --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=HEADS
// HEADS: expected schedule #tenon_cpu.rows<split = rows or none> for kernel 'embedding'
// RUN: sed 's/split = heads_and_rows/split = none/' %t.mlir | not tenon-opt --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=APPEND
// APPEND: expected schedule #tenon_cpu.rows<split = heads_and_rows or one> for kernel 'cache.append'
// RUN: sed 's/split = rows/split = none/' %t.mlir | not tenon-opt --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=CARRIED
// CARRIED: expected workers to share out what a stack carries; use split = rows for kernel 'embedding'

// Kernels that give something else than their op's results.
// RUN: sed '0,/tenon.yield %output :/s//tenon.yield %arg7 :/' %t.mlir | not tenon-opt --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=GIVES
// GIVES: expected kernel 'attention' to yield the results of 'tenon.attention' in order, and nothing else

// Weights.
// RUN: sed 's/interleave = 16/interleave = 1/' %t.mlir | not tenon-opt --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=PACK
// PACK: expected packing #tenon_cpu.pack<interleave = 16>, but got #tenon_cpu.pack<interleave = 1>; run tenon-cpu-schedule
// RUN: sed 's/offsets = array<i64: [0-9, ]*>, //' %t.mlir | not tenon-opt --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=OFFSETS
// OFFSETS: expected offsets of its packed layers; run tenon-cpu-schedule
// RUN: sed 's/offsets = array<i64: 0>/offsets = array<i64: 8>/' %t.mlir | not tenon-opt --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=ALIGN
// ALIGN: expected offsets that are multiples of 64, but got 8

// Entries.
// RUN: sed 's/tenon.max_rows = 256 : i64/tenon.max_rows = "many"/' %t.mlir | not tenon-opt --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=WORD
// WORD: expected 'tenon.max_rows' to be an i64 from 1 to 1048576, but got "many"
// RUN: sed 's/tenon.max_rows = 256 : i64/tenon.max_rows = -5 : i64/' %t.mlir | not tenon-opt --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=ROWS
// ROWS: expected 'tenon.max_rows' to be an i64 from 1 to 1048576, but got -5
// RUN: sed 's/, tenon.max_rows = 256 : i64//' %t.mlir | not tenon-opt --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=LEFT
// LEFT: expected only functions with 'tenon.max_rows' in the scheduled phase
// RUN: sed 's/@chunk/@prefill/' %t.mlir | not tenon-opt --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: expected entries 'step', 'chunk' and 'batch', but got 'prefill'
// RUN: sed 's/tenon.max_rows = 256 : i64/tenon.max_rows = 1 : i64/' %t.mlir | not tenon-opt --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=ONE
// ONE: expected 'tenon.max_rows' = 1 of 'step' and more of the others, but got 1 of 'chunk'
// RUN: sed 's/, tenon.row_sequences//' %t.mlir | not tenon-opt --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=SEQUENCES
// SEQUENCES: expected 'tenon.row_sequences' of 'batch' and of no other entry
// RUN: sed 's/attention  *causal/attention full/' %t.mlir | not tenon-opt --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=FULL
// FULL: expected causal attention where rows belong to sequences of their own, but got full in kernel 'attention'
// RUN: sed 's/vocab = 50>/vocab = 20>/' %t.mlir | not tenon-opt --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=VOCAB
// VOCAB: expected an entry {{.*}} -> ('tensor<?x20xf32>', cache)
// RUN: sed 's/tensor<?x/tensor<4x/g' %t.mlir | not tenon-opt --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=STATIC
// STATIC: expected an entry (ids: 'tensor<?xi32>'

// Layers.
// RUN: sed 's/stack 0 to 2/stack 2 to 2/' %t.mlir | not tenon-opt --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=NO-LAYER
// NO-LAYER: expected at least one layer, but got 2 to 2; canonicalize removes such a stack
// RUN: sed 's/stack 0 to 2/stack 0 to 9/' %t.mlir | not tenon-opt --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=FAR
// FAR: expected a layer below the 2 of the weight, but got up to 8

// What the runtime fills.
// RUN: sed 's/\(append.*, .\)pos :/\1ids :/' %S/../../Pipelines/Inputs/llama.mlir | not tenon-opt --tenon-to-optimized --tenon-to-scheduled --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=SLOTS
// SLOTS: expected kernel 'cache.append' to use the positions of the entry (its second argument), but got another value
// RUN: sed 's/\(embedding .\)ids/\1pos/' %S/../../Pipelines/Inputs/llama.mlir | not tenon-opt --tenon-to-optimized --tenon-to-scheduled --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=IDS
// IDS: expected kernel 'embedding' to use the ids of the entry (its first argument), but got another value
// RUN: sed -e '/%kv1 = /{h;d}' -e '/%o, %lse = /{s/%kv1/%kv/;G}' %S/../../Pipelines/Inputs/llama.mlir | not tenon-opt --tenon-to-optimized --tenon-to-scheduled --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=OLD
// OLD: expected attention over a cache that the new rows were appended to; append before kernel 'attention'
// RUN: sed -e '/%kv1 = /{p;s/%kv1 =/%kv2 =/;s/append %kv/append %kv1/}' -e 's/yield %h2, %kv1/yield %h2, %kv2/' -e 's/%qr, %kv1/%qr, %kv2/' %S/../../Pipelines/Inputs/llama.mlir | not tenon-opt --tenon-to-optimized --tenon-to-scheduled --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=TWICE
// TWICE: expected to append to the cache that the stack carries; a layer is appended to once
// RUN: sed 's/\(tenon.rows .*, .\)out/\1pos/' %S/../../Pipelines/Inputs/llama.mlir | not tenon-opt --tenon-to-optimized --tenon-to-scheduled --tenon-to-kernels 2>&1 | FileCheck %s --check-prefix=CHOSEN
// CHOSEN: expected logits made by a kernel for chosen rows, and returned only

// Entries without a body have nothing to form kernels from.
// RUN: sed -e '/func.func @forward/,$d' %S/../../Pipelines/Inputs/llama.mlir > %t.decl.mlir
// RUN: echo 'func.func private @forward() attributes {tenon.entry} }' >> %t.decl.mlir
// RUN: not tenon-opt %t.decl.mlir --tenon-to-optimized 2>&1 | FileCheck %s --check-prefix=BODY
// BODY: expected an entry with a body of one block
