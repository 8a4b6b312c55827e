//===- abi.h - contract between compiled artifacts and the runtime --------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The only header that the compiler and the runtime share. It is freestanding
// C: fixed-width integers and pointers, no library calls. A change to any
// struct of this file raises TENON_RT_ABI_VERSION; the loader refuses an
// artifact of another version by name.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_RT_ABI_H
#define TENON_RT_ABI_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Version of every struct below. Raised by any change of layout or meaning.
#define TENON_RT_ABI_VERSION 7u

/// The one symbol that an artifact exports: a `const tenon_rt_artifact`.
#define TENON_RT_ARTIFACT_SYMBOL "tenon_rt_artifact"

/// First four bytes of a `tenon_rt_artifact`: "TNRT", little endian.
#define TENON_RT_ARTIFACT_MAGIC 0x54524e54u

/// Slots per cache tile. The capacity of a cache is a multiple of it.
#define TENON_RT_SLOT_TILE 64u

/// Largest `top_k` of an artifact.
#define TENON_RT_MAX_TOP_K 256u

/// Position of a slot that holds no token; greater than every position, so
/// that a causal mask hides free slots.
#define TENON_RT_FREE_SLOT INT32_MAX

typedef struct tenon_rt_job tenon_rt_job;

/// Calls an entry on one worker. All workers of a job call it at the same time
/// (SPMD); they meet in barriers of the generated code.
typedef void (*tenon_rt_entry_fn)(tenon_rt_job *job, uint64_t worker);

/// The cache of a sequence, as an entry whose rows belong to sequences of their
/// own sees it. The fields mean what those of the job mean.
typedef struct tenon_rt_sequence {
  uint8_t *cache;
  int32_t *slot_positions; ///< the slot of the row is filled before the call
  uint64_t slots_used;     ///< the row of the call goes to this slot
  uint64_t capacity;
} tenon_rt_sequence;

/// What one call of an entry works on. The runtime fills it before the workers
/// start; generated code reads it by the offsets named here and never writes
/// any field but the atomic ones and what the pointers lead to.
struct tenon_rt_job {
  uint64_t workers;         ///< 0: threads that call the entry, >= 1
  uint64_t rows;            ///< 8: tokens, 1..tenon_rt_entry.max_rows
  uint64_t out_rows;        ///< 16: rows whose logits are asked for, 0..rows
  const int32_t *ids;       ///< 24: [rows] token ids, each < vocabulary
  const int32_t *positions; ///< 32: [rows] positions, each greater than
                            ///<     the one before of its sequence
  const int32_t *out_index; ///< 40: [out_rows] row numbers, each < rows
  float *logits;            ///< 48: [out_rows, vocabulary]
  uint8_t *arena;           ///< 56: tenon_rt_entry.arena_bytes, 64-aligned
  uint8_t *scratch;         ///< 64: workers x scratch_bytes, 64-aligned
  const uint8_t *weights;   ///< 72: start of the packed weights, 64-aligned
  uint8_t *cache;           ///< 80: layers x capacity x cache_layer_slot_bytes
  int32_t *slot_positions;  ///< 88: [capacity]; TENON_RT_FREE_SLOT when free.
                            ///<     Filled for the new rows before the call.
  uint64_t slots_used;      ///< 96: slots filled before this call; row r of
                            ///<     the call goes to slot slots_used + r
  uint64_t capacity;        ///< 104: slots of the cache, a multiple of
                            ///<      TENON_RT_SLOT_TILE
  uint64_t spins;           ///< 112: rounds that a worker spins in a barrier
                            ///<      before it calls `wait`
  /// 120: sleeps until `barrier_phase` is no longer `phase`; may return early.
  /// Counts itself in `barrier_sleepers` meanwhile. Never null.
  void (*wait)(tenon_rt_job *job, uint32_t phase);
  /// 128: wakes all that sleep in `wait`; called after `barrier_phase` has
  /// moved on while `barrier_sleepers` was not 0. Never null.
  void (*wake)(tenon_rt_job *job);
  /// 136: [rows] sequences that the rows of a "batch" belong to; several rows
  /// may have the cache of one sequence, in ascending slots. Such an entry
  /// reads none of the fields `cache` to `capacity`, and no other entry reads
  /// this.
  const tenon_rt_sequence *sequences;
  /// 144: called by a worker right before and right after its part of a kernel
  /// in entries of an artifact with `has_marks`. `mark` is 2 x the number of
  /// the kernel among those of the entry, + 1 after it; `layer` is 0 outside of
  /// layers. Never null.
  void (*mark)(tenon_rt_job *job, uint64_t worker, uint64_t mark,
               uint64_t layer);
  uint64_t top_rows; ///< 152: rows whose most likely tokens are asked for,
                     ///<      0..rows; 0 where the artifact's top_k is
  const int32_t *top_index; ///< 160: [top_rows] row numbers, each < rows
  uint64_t top_count;       ///< 168: tokens asked for, 1..top_k
  int32_t *top_ids;         ///< 176: [top_rows, top_k] most likely first, ties
                            ///<      to the lowest id; -1 where there is none
  float *top_logits;        ///< 184: [top_rows, top_k]; minus infinity there
  uint32_t barrier_count;   ///< 192: workers that have arrived (atomic)
  uint32_t count_pad[15];
  uint32_t barrier_phase;    ///< 256: number of barriers passed (atomic)
  uint32_t barrier_sleepers; ///< 260: workers in `wait` (atomic)
  uint32_t phase_pad[14];
  /// 320: units of the running kernel that workers have claimed (atomic); the
  /// last to arrive in a barrier sets it back to 0.
  uint64_t next_unit;
  uint64_t unit_pad[7];
};

/// One compiled entry: a function for a range of row counts.
typedef struct tenon_rt_entry {
  const char *name;       ///< "step" (one row), "chunk" (any rows) or
                          ///< "batch" (rows of several sequences)
  tenon_rt_entry_fn run;  ///< called by every worker
  uint64_t max_rows;      ///< largest `rows` of a job
  uint64_t arena_bytes;   ///< shared buffers between kernels
  uint64_t scratch_bytes; ///< private memory of each worker
} tenon_rt_entry;

/// What `dlsym(TENON_RT_ARTIFACT_SYMBOL)` returns: the model as it is compiled
/// for one CPU, and through `next` the same model for others.
typedef struct tenon_rt_artifact {
  uint32_t magic;       ///< TENON_RT_ARTIFACT_MAGIC
  uint32_t abi_version; ///< TENON_RT_ABI_VERSION of the compiler
  uint64_t bytes;       ///< sizeof(tenon_rt_artifact) of the compiler
  const char *name;     ///< model name
  const char *compiler; ///< "tenon X.Y.Z, LLVM A.B.C"
  const char *triple;   ///< e.g. "x86_64-pc-linux-gnu"
  const char *cpu;      ///< --cpu as resolved, e.g. "x86-64-v3", "znver4"
  /// CPU features that the code needs, comma separated, LLVM's names
  /// ("avx2,fma,f16c"). The loader checks each against the machine.
  const char *features;
  /// "address", "thread" or "": the sanitizer that instruments the code.
  const char *sanitizer;
  uint8_t weights_id[16]; ///< equals tenon_rt_weights_header.weights_id
  uint64_t weights_bytes; ///< bytes of the packed section
  uint64_t vocab;         ///< logits per row
  uint64_t context;       ///< largest capacity of a session's cache
  uint64_t layers;        ///< layers of the cache
  /// Bytes of one slot in one layer, keys and values of all heads. The cache
  /// of a session is layers x capacity x this. Tiles of slots follow each
  /// other, all layers of each together: it fills from the front, lies in huge
  /// pages, each of which costs memory as soon as a byte of it is touched, and
  /// is copied no further than the last tile that is begun. The order within a
  /// tile is the artifact's own business.
  uint64_t cache_layer_slot_bytes;
  const char *cache_type; ///< "f16" or "f32"
  uint64_t entry_count;
  const tenon_rt_entry *entries; ///< [entry_count]; has the three of them
  uint64_t has_marks;            ///< 1: entries call tenon_rt_job.mark, else 0
  uint64_t top_k; ///< most tokens by rank that entries give per row; 0: none
  /// Code for a less demanding CPU over the same weights, or null. The loader
  /// takes the first that the machine can run.
  const struct tenon_rt_artifact *next;
} tenon_rt_artifact;

//===----------------------------------------------------------------------===//
// NAME.weights
//===----------------------------------------------------------------------===//

/// First eight bytes of a weight file.
#define TENON_RT_WEIGHTS_MAGIC "TENONWTS"

/// Sections start at multiples of this.
#define TENON_RT_PAGE 4096u

enum tenon_rt_section_kind {
  /// Model metadata and tokenizer: GGUF key/value pairs in GGUF's own binary
  /// encoding (uint64 count, then the pairs), keys `general.*`, `tokenizer.*`
  /// and those of the architecture.
  TENON_RT_SECTION_METADATA = 1,
  /// Packed weights, as the kernels read them.
  TENON_RT_SECTION_PACKED = 2,
};

typedef struct tenon_rt_section {
  uint32_t kind;     ///< tenon_rt_section_kind
  uint32_t reserved; ///< 0
  uint64_t offset;   ///< from the start of the file, multiple of the page
  uint64_t bytes;
  uint64_t hash; ///< XXH3 64 bits (seed 0) of the section's bytes
} tenon_rt_section;

/// Starts the file; the first page holds nothing else. Little endian.
typedef struct tenon_rt_weights_header {
  char magic[8];            ///< TENON_RT_WEIGHTS_MAGIC, no terminator
  uint32_t abi_version;     ///< TENON_RT_ABI_VERSION
  uint32_t section_count;   ///< <= 8
  uint64_t file_bytes;      ///< size of the whole file
  uint64_t library_bytes;   ///< size of NAME.so
  uint8_t library_hash[16]; ///< XXH3 128 bits (canonical) of NAME.so, checked
                            ///< before the library is opened
  uint8_t weights_id[16];   ///< of the model, its packing and its source file
  tenon_rt_section sections[8];
  uint64_t header_hash; ///< XXH3 64 of all bytes of this struct before it
} tenon_rt_weights_header;

#ifdef __cplusplus
} // extern "C"
#endif

#endif // TENON_RT_ABI_H
