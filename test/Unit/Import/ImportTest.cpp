//===- ImportTest.cpp - the GGUF importer on good and bad models ----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The IR of whole models is checked by test/Import/GGUF; here are the models
// that must be refused, and what follows from a single key or tensor.
//
//===----------------------------------------------------------------------===//

#include "lib/Import/GGUF/Import.h"

#include "dialects/Tenon/IR/Tenon.h"
#include "test/Unit/Import/GGUFBuilder.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/raw_ostream.h"

#include "gtest/gtest.h"

#include <functional>

using namespace tenon;
using tenon::gguf::GGUFBuilder;
using tenon::gguf::ValueType;

namespace {

constexpr uint32_t width = 64, hidden = 96, headDim = 16, vocabulary = 10;
constexpr uint32_t heads = 4, kvHeads = 2;

/// A complete model of two layers.
GGUFBuilder model(const std::string &family = "llama", uint32_t layers = 2) {
  GGUFBuilder file;
  file.text("general.architecture", family)
      .u32(family + ".block_count", layers)
      .u32(family + ".context_length", 128)
      .u32(family + ".embedding_length", width)
      .u32(family + ".feed_forward_length", hidden)
      .u32(family + ".attention.head_count", heads)
      .u32(family + ".attention.head_count_kv", kvHeads)
      .f32(family + ".attention.layer_norm_rms_epsilon", 1e-5f);
  file.tensor("token_embd.weight", {width, vocabulary}, "q8_0");
  for (uint32_t layer = 0; layer < layers; ++layer) {
    std::string blk = "blk." + std::to_string(layer) + ".";
    file.tensor(blk + "attn_norm.weight", {width});
    file.tensor(blk + "attn_q.weight", {width, heads * headDim}, "q4_1");
    file.tensor(blk + "attn_k.weight", {width, kvHeads * headDim}, "q4_1");
    file.tensor(blk + "attn_v.weight", {width, kvHeads * headDim}, "q4_1");
    file.tensor(blk + "attn_output.weight", {heads * headDim, width}, "q4_1");
    file.tensor(blk + "ffn_norm.weight", {width});
    file.tensor(blk + "ffn_gate.weight", {width, hidden}, "q4_1");
    file.tensor(blk + "ffn_up.weight", {width, hidden}, "q4_1");
    file.tensor(blk + "ffn_down.weight", {hidden, width}, "q4_1");
    if (family == "qwen2") {
      file.tensor(blk + "attn_q.bias", {heads * headDim});
      file.tensor(blk + "attn_k.bias", {kvHeads * headDim});
      file.tensor(blk + "attn_v.bias", {kvHeads * headDim});
    }
    if (family == "qwen3") {
      file.tensor(blk + "attn_q_norm.weight", {headDim});
      file.tensor(blk + "attn_k_norm.weight", {headDim});
    }
  }
  file.tensor("output_norm.weight", {width});
  return file;
}

class Import : public testing::Test {
protected:
  /// The module's text, or what the diagnostics said.
  std::string import(GGUFBuilder file, ImportOptions options = {}) {
    auto reader = gguf::readBytes(file.build());
    if (!reader)
      return "reader: " + toString(reader.takeError());
    std::string text;
    llvm::raw_string_ostream stream(text);
    mlir::ScopedDiagnosticHandler handler(
        &context, [&](mlir::Diagnostic &diagnostic) {
          bool warning =
              diagnostic.getSeverity() == mlir::DiagnosticSeverity::Warning;
          stream << (warning ? "warning: " : "error: ") << diagnostic << "\n";
          return mlir::success();
        });
    auto module = importGGUF(**reader, &context, options);
    if (module)
      module->print(stream);
    return text;
  }

  static void expectParts(const std::string &text,
                          const std::vector<const char *> &parts) {
    for (const char *part : parts)
      EXPECT_NE(text.find(part), std::string::npos)
          << "no '" << part << "' in\n"
          << text;
  }

  mlir::MLIRContext context;
};

using B = GGUFBuilder;

TEST_F(Import, Defaults) {
  expectParts(import(model()),
              {"module @t ",
               "family = \"llama\", context_length = 128, "
               "vocab = 10",
               "tenon.archive @gguf \"t.gguf\" {fingerprint = \"",
               "tenon.weight @attn_q layers 2 shape [64, 64] of "
               "[#tenon.scheme<q4_1>] = stored "
               "@gguf[\"blk.{layer}.attn_q.weight\"]",
               "layers = 2, heads = 2, dim = 16, rope = post, pos = original, "
               "k = f16, v = f16, layout = contiguous",
               "tenon.stack 0 to 2", "base = 1.000000e+04 : f64",
               " interleaved %", "dims = 16", "2.500000e-01 : f32",
               "eps = 9.99999974E-6 : f32"});
  EXPECT_EQ(import(model()).find("@output "), std::string::npos) << "tied";
}

TEST_F(Import, Options) {
  ImportOptions options;
  options.name = "my model";
  options.context = 17;
  options.cacheElement = ImportOptions::CacheElement::F32;
  expectParts(
      import(model(), options),
      {"module @\"my model\"", "context_length = 17,", "k = f32, v = f32"});
  options.context = 0;
  expectParts(import(model(), options), {"error: t.gguf: context", "1 to 128"});
  options.context = 129;
  expectParts(import(model(), options), {"1 to 128 tokens", "but got 129"});
}

TEST_F(Import, TopK) {
  ImportOptions options;
  options.topK = 4;
  expectParts(import(model(), options),
              {"(tensor<?x10xf32>, tensor<?x4xf32>, tensor<?x4xi32>, ",
               "tenon.top_k ", " : tensor<?x10xf32> -> tensor<?x4xf32>"});
  // There are ten tokens.
  options.topK = 64;
  expectParts(import(model(), options),
              {"-> tensor<?x10xf32>, tensor<?x10xi32>"});
}

TEST_F(Import, UntiedOutput) {
  GGUFBuilder file = model();
  file.tensor("output.weight", {width, vocabulary}, "q6_k");
  file.find("output.weight").type = lookupBlockFormat("q4_0")->ggufType;
  expectParts(import(file), {"tenon.weight @output shape [10, 64] of "
                             "[#tenon.scheme<q4_0>]",
                             "tenon.weight.at @output :"});
}

TEST_F(Import, Families) {
  std::string qwen2 = import(model("qwen2"));
  expectParts(
      qwen2, {" half_split %", "bias %", "@attn_v_bias", "family = \"qwen2\""});
  std::string qwen3 = import(model("qwen3"));
  expectParts(qwen3, {" half_split %", "@attn_k_norm",
                      "tensor<?x4x16xf32>, <16, [f32]>"});
  EXPECT_EQ(qwen3.find("bias"), std::string::npos);
}

TEST_F(Import, OptionalBiases) {
  GGUFBuilder file = model();
  for (std::string blk : {"blk.0.", "blk.1."}) {
    file.tensor(blk + "attn_output.bias", {width}, "f16");
    file.tensor(blk + "ffn_gate.bias", {hidden});
    file.tensor(blk + "ffn_up.bias", {hidden});
    file.tensor(blk + "ffn_down.bias", {width});
  }
  expectParts(import(file), {"@attn_output_bias", "@ffn_gate_bias",
                             "@ffn_up_bias", "@ffn_down_bias", "<64, [f16]>"});
}

TEST_F(Import, FormatsDifferByLayer) {
  GGUFBuilder file = model("llama", 4);
  file.find("blk.1.attn_v.weight").type = lookupBlockFormat("q8_0")->ggufType;
  file.find("blk.3.attn_v.weight").type = lookupBlockFormat("f16")->ggufType;
  expectParts(
      import(file),
      {"of [#tenon.scheme<q4_1>, #tenon.scheme<q8_0>, #tenon.scheme<f16>] by "
       "[0, 1, 0, 2]",
       "!tenon.weight<32x64, [q4_1, q8_0, f16]>"});
}

TEST_F(Import, LayersAreWrittenOnce) {
  auto lines = [&](uint32_t layers) {
    std::string text = import(model("llama", layers));
    return std::count(text.begin(), text.end(), '\n');
  };
  EXPECT_EQ(lines(2), lines(40));
}

TEST_F(Import, LocationsNameTensors) {
  auto reader = gguf::readBytes(model().build());
  ASSERT_TRUE(bool(reader));
  auto module = importGGUF(**reader, &context, {});
  ASSERT_TRUE(bool(module));
  std::vector<std::string> names;
  module->walk([&](LinearOp op) {
    if (auto name = llvm::dyn_cast<mlir::NameLoc>(op.getLoc()))
      names.push_back(name.getName().str());
  });
  EXPECT_EQ(names,
            (std::vector<std::string>{
                "blk.{layer}.attn_q.weight", "blk.{layer}.attn_k.weight",
                "blk.{layer}.attn_v.weight", "blk.{layer}.attn_output.weight",
                "blk.{layer}.ffn_gate.weight", "blk.{layer}.ffn_up.weight",
                "blk.{layer}.ffn_down.weight", "token_embd.weight"}));
}

TEST_F(Import, HeadDimensionOfItsOwn) {
  GGUFBuilder file = model();
  file.u32("llama.attention.head_count", 2)
      .u32("llama.attention.head_count_kv", 1)
      .u32("llama.attention.key_length", 32)
      .u32("llama.attention.value_length", 32)
      .u32("llama.rope.dimension_count", 8);
  expectParts(import(file), {"tensor<?x2x32xf32>", "dims = 8", "heads = 1"});
}

TEST_F(Import, Rope) {
  GGUFBuilder file = model();
  file.f32("llama.rope.freq_base", 5e5f)
      .text("llama.rope.scaling.type", "linear")
      .f32("llama.rope.scaling.factor", 4.0f);
  file.tensor("rope_freqs.weight", {headDim / 2});
  expectParts(import(file),
              {"base = 5.000000e+05", "frequency_scale = 2.500000e-01",
               "factors %", "!tenon.weight<8, [f32]>"});
  expectParts(import(model().f32("llama.rope.scale_linear", 2.0f)),
              {"frequency_scale = 5.000000e-01"});
  std::string none = import(model()
                                .text("llama.rope.scaling.type", "none")
                                .f32("llama.rope.scaling.factor", 4.0f));
  EXPECT_EQ(none.find("frequency_scale"), std::string::npos) << none;
}

TEST_F(Import, HeadCountsByLayer) {
  expectParts(import(model().u32s("llama.attention.head_count_kv", {2, 2})),
              {"heads = 2"});
}

TEST_F(Import, HarmlessKeys) {
  GGUFBuilder file = model();
  file.u32("llama.expert_count", 0)
      .u32("llama.attention.sliding_window", 128)
      .f32("llama.logit_scale", 1.0f)
      .scalar<uint8_t>("llama.attention.causal", ValueType::Bool, 1)
      .text("general.type", "model")
      .u32("general.quantization_version", 2);
  EXPECT_EQ(import(file).find("module"), size_t(0));
  expectParts(import(file.u32("llama.new_key", 1)),
              {"warning: t.gguf: key 'llama.new_key'", "module @t"});
}

/// One broken rule and the parts that its message must have.
struct Case {
  const char *name;
  std::function<void(GGUFBuilder &)> change;
  std::vector<const char *> expected;
  const char *family = "llama";
};

class BadModel : public Import, public testing::WithParamInterface<Case> {};

TEST_P(BadModel, IsRefused) {
  GGUFBuilder file = model(GetParam().family);
  GetParam().change(file);
  std::string text = import(file);
  EXPECT_EQ(text.rfind("error: t.gguf: ", 0), 0u) << text;
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1) << text;
  EXPECT_NE(text.find("; "), std::string::npos) << "no remedy: " << text;
  expectParts(text, GetParam().expected);
}

const Case cases[] = {
    {"no_architecture",
     [](B &f) { f.remove("general.architecture"); },
     {"'general.architecture'", "the file has none"}},
    {"unknown_architecture",
     [](B &f) { f.text("general.architecture", "gemma3"); },
     {"llama, qwen2, qwen3", "'gemma3'"}},
    {"architecture_not_utf8",
     [](B &f) { f.text("general.architecture", "\xff\xfe"); },
     {"'\\FF\\FE'"}},
    {"architecture_number",
     [](B &f) { f.u32("general.architecture", 3); },
     {"expected a string, but got a uint32"}},
    {"adapter",
     [](B &f) { f.text("general.type", "adapter"); },
     {"'general.type'", "'adapter'"}},
    {"split", [](B &f) { f.u32("split.count", 3); }, {"one of 3 parts"}},
    {"old_quantization",
     [](B &f) { f.u32("general.quantization_version", 1); },
     {"version 2, but got 1"}},
    {"no_layers",
     [](B &f) { f.remove("llama.block_count"); },
     {"'llama.block_count'"}},
    {"zero_layers",
     [](B &f) { f.u32("llama.block_count", 0); },
     {"'llama.block_count'", "but got 0"}},
    {"huge_layers",
     [](B &f) {
       f.scalar<uint64_t>("llama.block_count", ValueType::UInt64, 1ull << 60);
     },
     {"'llama.block_count'", "1152921504606846976"}},
    {"more_layers_than_tensors",
     [](B &f) { f.u32("llama.block_count", 3); },
     {"'blk.2.attn_norm.weight'", "the file has none"}},
    {"fewer_layers_than_tensors",
     [](B &f) { f.u32("llama.block_count", 1); },
     {"'blk.1.attn_norm.weight'", "1 layers", "9 such"}},
    {"negative_width",
     [](B &f) {
       f.scalar<int32_t>("llama.embedding_length", ValueType::Int32, -1);
     },
     {"'llama.embedding_length'", "negative"}},
    {"other_width",
     [](B &f) { f.u32("llama.embedding_length", 128); },
     {"'token_embd.weight'", "[10, 128]", "[10, 64]"}},
    {"float_hidden",
     [](B &f) { f.f32("llama.feed_forward_length", 96); },
     {"'llama.feed_forward_length'", "float32"}},
    {"zero_heads",
     [](B &f) { f.u32("llama.attention.head_count", 0); },
     {"'llama.attention.head_count'"}},
    {"heads_by_layer",
     [](B &f) { f.u32s("llama.attention.head_count", {4, 2}); },
     {"the same number for every layer"}},
    {"heads_empty_list",
     [](B &f) { f.u32s("llama.attention.head_count", {}); },
     {"'llama.attention.head_count'"}},
    {"odd_groups",
     [](B &f) { f.u32("llama.attention.head_count_kv", 3); },
     {"a divisor of the 4 query heads, but got 3"}},
    {"width_not_divisible",
     [](B &f) {
       f.u32("llama.attention.head_count", 3)
           .u32("llama.attention.head_count_kv", 3);
     },
     {"a divisor of the embedding length 64"}},
    {"other_value_length",
     [](B &f) { f.u32("llama.attention.value_length", 8); },
     {"'llama.attention.value_length'", "(16), but got 8"}},
    {"other_key_length",
     [](B &f) { f.u32("llama.attention.key_length", 32); },
     {"'blk.0.attn_q.weight'", "[128, 64]", "[64, 64]"}},
    {"no_epsilon",
     [](B &f) { f.remove("llama.attention.layer_norm_rms_epsilon"); },
     {"layer_norm_rms_epsilon"}},
    {"epsilon_nan",
     [](B &f) { f.f32("llama.attention.layer_norm_rms_epsilon", NAN); },
     {"positive, finite"}},
    {"odd_rope",
     [](B &f) { f.u32("llama.rope.dimension_count", 7); },
     {"an even number", "but got 7"}},
    {"wide_rope",
     [](B &f) { f.u32("llama.rope.dimension_count", 18); },
     {"up to the head dimension 16"}},
    {"negative_base",
     [](B &f) { f.f32("llama.rope.freq_base", -1.0f); },
     {"'llama.rope.freq_base'", "positive"}},
    {"yarn",
     [](B &f) { f.text("llama.rope.scaling.type", "yarn"); },
     {"'llama.rope.scaling.type'", "'yarn'"}},
    {"longrope",
     [](B &f) { f.text("llama.rope.scaling.type", "longrope"); },
     {"'longrope'"}},
    {"negative_factor",
     [](B &f) { f.f32("llama.rope.scaling.factor", -2.0f); },
     {"'llama.rope.scaling.factor'", "positive"}},
    {"attention_factor",
     [](B &f) { f.f32("llama.rope.scaling.attn_factor", 1.5f); },
     {"rope attention factors"}},
    {"no_context",
     [](B &f) { f.remove("llama.context_length"); },
     {"'llama.context_length'"}},
    {"context_too_long",
     [](B &f) { f.u32("llama.context_length", ~0u); },
     {"'llama.context_length'", "1073741824"}},
    {"experts",
     [](B &f) { f.u32("llama.expert_count", 8); },
     {"'llama.expert_count'", "a mixture of experts", "but got 8"}},
    {"sliding_window",
     [](B &f) { f.u32("llama.attention.sliding_window", 64); },
     {"a sliding window", "but got 64"}},
    {"not_causal",
     [](B &f) {
       f.scalar<uint8_t>("llama.attention.causal", ValueType::Bool, 0);
     },
     {"expected true", "attention to later tokens"}},
    {"logit_scale",
     [](B &f) { f.f32("llama.logit_scale", 0.25f); },
     {"scaled logits", "0.25"}},
    {"too_many_tokens",
     [](B &f) {
       f.texts("tokenizer.ggml.tokens", std::vector<std::string>(11, "t"));
     },
     {"'tokenizer.ggml.tokens'", "(10), but got 11"}},
    {"no_embedding",
     [](B &f) { f.drop("token_embd.weight"); },
     {"'token_embd.weight'", "the file has none"}},
    {"embedding_rank",
     [](B &f) { f.find("token_embd.weight").dims = {width, vocabulary, 2}; },
     {"'token_embd.weight'", "but got [2, 10, 64]"}},
    {"no_output_norm",
     [](B &f) { f.drop("output_norm.weight"); },
     {"'output_norm.weight'"}},
    {"no_attn_v",
     [](B &f) { f.drop("blk.1.attn_v.weight"); },
     {"'blk.1.attn_v.weight'", "[32, 64]"}},
    {"transposed",
     [](B &f) { f.find("blk.1.attn_k.weight").dims = {32, 64}; },
     {"'blk.1.attn_k.weight'", "[32, 64]", "but got [64, 32]"}},
    {"short_norm",
     [](B &f) { f.find("blk.0.ffn_norm.weight").dims = {63}; },
     {"'blk.0.ffn_norm.weight'", "[64]", "[63]"}},
    {"quantized_norm",
     [](B &f) { f.find("blk.0.ffn_norm.weight").type = 8; },
     {"'blk.0.ffn_norm.weight'", "for a vector, but got Q8_0"}},
    {"factors_shape",
     [](B &f) { f.tensor("rope_freqs.weight", {headDim}); },
     {"'rope_freqs.weight'", "[8]", "[16]"}},
    {"expert_tensors",
     [](B &f) { f.tensor("blk.0.ffn_gate_exps.weight", {width, 4}); },
     {"'blk.0.ffn_gate_exps.weight'", "dense llama"}},
    {"bias_in_one_layer",
     [](B &f) { f.tensor("blk.0.attn_q.bias", {width}); },
     {"'blk.1.attn_q.bias'", "the file has none"}},
    {"bias_in_the_last_layer",
     [](B &f) { f.tensor("blk.1.attn_q.bias", {width}); },
     {"'blk.1.attn_q.bias'", "only tensors that"}},
    {"head_norm_of_llama",
     [](B &f) { f.tensor("blk.0.attn_q_norm.weight", {headDim}); },
     {"'blk.0.attn_q_norm.weight'", "only tensors that"}},
    {"qwen2_without_bias",
     [](B &f) { f.drop("blk.0.attn_k.bias"); },
     {"'blk.0.attn_k.bias'", "the file has none"},
     "qwen2"},
    {"qwen3_without_norm",
     [](B &f) { f.drop("blk.1.attn_q_norm.weight"); },
     {"'blk.1.attn_q_norm.weight'", "the file has none"},
     "qwen3"},
};

INSTANTIATE_TEST_SUITE_P(Import, BadModel, testing::ValuesIn(cases),
                         [](const auto &info) { return info.param.name; });

} // namespace
