//===- Architectures.cpp - the tables of the GGUF importer ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A key that changes the computation and is not honoured would give a library
// that computes something else: such keys are in the table with a rule that
// refuses them by name.
//
//===----------------------------------------------------------------------===//

#include "lib/Import/GGUF/Architectures.h"

#include "llvm/ADT/STLExtras.h"

using namespace llvm;

namespace tenon::gguf {

// Converters permute the query and key rows of `llama`, so that neighbours
// form a rotary pair; the other families keep halves apart.
constexpr Architecture families[] = {
    // name, interleaved rope, biases of q, k and v, norms of heads
    {"llama", true, false, false},
    {"qwen2", false, true, false},
    {"qwen3", false, false, true},
};

ArrayRef<Architecture> architectures() { return families; }

const Architecture *lookupArchitecture(StringRef name) {
  const auto *it =
      find_if(families, [&](const Architecture &a) { return a.name == name; });
  return it == std::end(families) ? nullptr : it;
}

constexpr ArchitectureKey keys[] = {
    {"block_count", KeyRule::Used, ""},
    {"context_length", KeyRule::Used, ""},
    {"embedding_length", KeyRule::Used, ""},
    {"feed_forward_length", KeyRule::Used, ""},
    {"attention.head_count", KeyRule::Used, ""},
    {"attention.head_count_kv", KeyRule::Used, ""},
    {"attention.key_length", KeyRule::Used, ""},
    {"attention.value_length", KeyRule::Used, ""},
    {"attention.layer_norm_rms_epsilon", KeyRule::Used, ""},
    {"rope.dimension_count", KeyRule::Used, ""},
    {"rope.freq_base", KeyRule::Used, ""},
    {"rope.scaling.type", KeyRule::Used, ""},
    {"rope.scaling.factor", KeyRule::Used, ""},
    {"rope.scale_linear", KeyRule::Used, ""},
    // The number of rows of the embedding says it.
    {"vocab_size", KeyRule::Ignored, ""},
    // How the model was trained or stored.
    {"rope.scaling.finetuned", KeyRule::Ignored, ""},
    {"rope.scaling.original_context_length", KeyRule::Ignored, ""},
    {"tensor_data_layout", KeyRule::Ignored, ""},
    // No meaning without experts.
    {"expert_used_count", KeyRule::Ignored, ""},
    {"expert_feed_forward_length", KeyRule::Ignored, ""},
    {"expert_count", KeyRule::Zero, "a mixture of experts"},
    {"expert_shared_count", KeyRule::Zero, "a mixture of experts"},
    {"nextn_predict_layers", KeyRule::Zero, "prediction of several tokens"},
    {"attention.sliding_window", KeyRule::WithinContext, "a sliding window"},
    {"attention.sliding_window_pattern", KeyRule::Zero, "a sliding window"},
    {"attention.causal", KeyRule::True, "attention to later tokens"},
    {"attention.max_alibi_bias", KeyRule::Zero, "a position bias (ALiBi)"},
    {"attention.clamp_kqv", KeyRule::Zero, "clamped projections"},
    {"attention.temperature_scale", KeyRule::ZeroOrOne, "attention scaling"},
    {"attention.scale", KeyRule::Zero, "an attention scale of its own"},
    {"attention.q_lora_rank", KeyRule::Zero, "latent attention"},
    {"attention.kv_lora_rank", KeyRule::Zero, "latent attention"},
    {"attn_logit_softcapping", KeyRule::Zero, "soft-capped logits"},
    {"final_logit_softcapping", KeyRule::Zero, "soft-capped logits"},
    {"logit_scale", KeyRule::ZeroOrOne, "scaled logits"},
    {"residual_scale", KeyRule::ZeroOrOne, "scaled residuals"},
    {"embedding_scale", KeyRule::ZeroOrOne, "scaled embeddings"},
    {"use_parallel_residual", KeyRule::Zero, "parallel residuals"},
    {"rope.scaling.attn_factor", KeyRule::ZeroOrOne, "rope attention factors"},
    {"rope.dimension_sections", KeyRule::Zero, "sections of rotary positions"},
    {"pooling_type", KeyRule::Zero, "pooled embeddings"},
};

const ArchitectureKey *lookupArchitectureKey(StringRef suffix) {
  const auto *it = find_if(
      keys, [&](const ArchitectureKey &key) { return key.suffix == suffix; });
  return it == std::end(keys) ? nullptr : it;
}

using S = TensorSlot;
constexpr TensorSlot slots[] = {
    {"token_embd", "token_embd.weight", S::Vocabulary, S::Width, S::Required},
    {"rope_freqs", "rope_freqs.weight", S::RopePairs, S::None, S::Optional},
    {"attn_norm", "blk.{layer}.attn_norm.weight", S::Width, S::None,
     S::Required},
    {"attn_q", "blk.{layer}.attn_q.weight", S::Queries, S::Width, S::Required},
    {"attn_q_bias", "blk.{layer}.attn_q.bias", S::Queries, S::None, S::QKVBias},
    {"attn_q_norm", "blk.{layer}.attn_q_norm.weight", S::HeadDim, S::None,
     S::HeadNorm},
    {"attn_k", "blk.{layer}.attn_k.weight", S::KeyValues, S::Width,
     S::Required},
    {"attn_k_bias", "blk.{layer}.attn_k.bias", S::KeyValues, S::None,
     S::QKVBias},
    {"attn_k_norm", "blk.{layer}.attn_k_norm.weight", S::HeadDim, S::None,
     S::HeadNorm},
    {"attn_v", "blk.{layer}.attn_v.weight", S::KeyValues, S::Width,
     S::Required},
    {"attn_v_bias", "blk.{layer}.attn_v.bias", S::KeyValues, S::None,
     S::QKVBias},
    {"attn_output", "blk.{layer}.attn_output.weight", S::Width, S::Queries,
     S::Required},
    {"attn_output_bias", "blk.{layer}.attn_output.bias", S::Width, S::None,
     S::Optional},
    {"ffn_norm", "blk.{layer}.ffn_norm.weight", S::Width, S::None, S::Required},
    {"ffn_gate", "blk.{layer}.ffn_gate.weight", S::Hidden, S::Width,
     S::Required},
    {"ffn_gate_bias", "blk.{layer}.ffn_gate.bias", S::Hidden, S::None,
     S::Optional},
    {"ffn_up", "blk.{layer}.ffn_up.weight", S::Hidden, S::Width, S::Required},
    {"ffn_up_bias", "blk.{layer}.ffn_up.bias", S::Hidden, S::None, S::Optional},
    {"ffn_down", "blk.{layer}.ffn_down.weight", S::Width, S::Hidden,
     S::Required},
    {"ffn_down_bias", "blk.{layer}.ffn_down.bias", S::Width, S::None,
     S::Optional},
    {"output_norm", "output_norm.weight", S::Width, S::None, S::Required},
    // Absent: the output layer shares the embedding's weights.
    {"output", "output.weight", S::Vocabulary, S::Width, S::Optional},
};

ArrayRef<TensorSlot> tensorSlots() { return slots; }

} // namespace tenon::gguf
