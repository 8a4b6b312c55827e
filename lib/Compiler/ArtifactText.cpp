//===- ArtifactText.cpp - NAME.h and NAME.json ----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The header is for programs that want a model's sizes at compile time; the
// JSON is for people and scripts that want to know what an artifact holds.
//
//===----------------------------------------------------------------------===//

#include "lib/Compiler/ArtifactText.h"

#include "lib/Compiler/WeightFile.h"
#include "tenon-rt/abi.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/JSON.h"

using namespace tenon;

namespace {

/// A model's name as part of a C macro.
std::string macroName(llvm::StringRef name) {
  std::string macro = "TENON_";
  for (char c : name)
    macro += llvm::isAlnum(c) ? llvm::toUpper(c) : '_';
  return macro;
}

/// A name within a C string and a comment.
std::string cString(llvm::StringRef name) {
  std::string text;
  for (char c : name) {
    if (c == '"' || c == '\\')
      text += '\\';
    text += c;
  }
  return text;
}

/// A name within a comment: it must not end it.
std::string commentText(llvm::StringRef name) {
  std::string text;
  for (char c : name) {
    if (c == '/' && !text.empty() && text.back() == '*')
      text += ' ';
    text += c == '\\' ? '_' : c;
  }
  return text;
}

} // namespace

void tenon::writeHeader(const cpu::ArtifactDescription &description,
                        llvm::raw_ostream &stream) {
  std::string macro = macroName(description.name);
  std::string library = cString(description.name + ".so");
  stream << "/* " << commentText(description.name) << ", compiled by "
         << description.compiler << ".\n"
         << R"c(
   Link libtenon-rt. The weight file must lie beside the library.

     tenon_rt_model *model = NULL;
     tenon_rt_session *session = NULL;
     tenon_rt_session_options options = {0};
     options.context = 2048;
     if (tenon_rt_model_open()c"
         << macro << R"c(_LIBRARY, NULL, &model) ||
         tenon_rt_session_create(model, &options, &session))
       die(tenon_rt_error(NULL));
     tenon_rt_prefill(session, ids, count, logits); // )c"
         << macro << R"c(_VOCABULARY floats
     tenon_rt_step(session, &id, 1, logits);
     tenon_rt_session_destroy(session);
     tenon_rt_model_close(model);
*/
)c" << "#ifndef "
         << macro << "_H\n#define " << macro << "_H\n\n"
         << "#include <tenon-rt/abi.h>\n#include <tenon-rt/runtime.h>\n\n"
         << "#if TENON_RT_ABI_VERSION != " << TENON_RT_ABI_VERSION << "\n"
         << "#error \"expected the headers of runtime ABI version "
         << TENON_RT_ABI_VERSION << "\"\n#endif\n\n"
         << "#define " << macro << "_LIBRARY \"" << library << "\"\n"
         << "#define " << macro << "_VOCABULARY " << description.vocab << "\n"
         << "#define " << macro << "_CONTEXT " << description.context << "\n"
         << "#define " << macro << "_LAYERS " << description.layers << "\n"
         << "#define " << macro << "_CACHE_BYTES_PER_TOKEN "
         << description.layers * description.cacheLayerSlotBytes << "\n"
         << "\n#endif /* " << macro << "_H */\n";
}

/// Whose rows a kernel works on.
static llvm::StringRef getRowsName(cpu::RowSpace rows) {
  switch (rows) {
  case cpu::RowSpace::Rows:
    return "all";
  case cpu::RowSpace::OutRows:
    return "logits";
  case cpu::RowSpace::TopRows:
    return "best tokens";
  }
  llvm_unreachable("unknown rows");
}

/// What each kernel must read and compute, and the rates to go with it.
static void writeKernels(const ArtifactFacts &facts,
                         llvm::json::OStream &json) {
  const cpu::CpuRates &rates = facts.rates;
  json.attributeObject("rates", [&] {
    json.attribute("read_gb_s", rates.readOneCore);
    json.attribute("read_all_gb_s", rates.readAllCores);
    json.attribute("cache_gb_s", rates.cacheRead);
    json.attribute("f32_gop_s", rates.f32);
    json.attribute("bf16_gop_s", rates.bf16);
    json.attribute("int8_gop_s", rates.int8);
  });
  json.attributeArray("kernels", [&] {
    for (const cpu::KernelCost &cost : facts.kernels)
      json.object([&] {
        json.attribute("entry", cost.entry);
        json.attribute("name", cost.name);
        json.attribute("schedule", cost.schedule);
        json.attributeArray("functions", [&] {
          for (const std::string &function : cost.functions)
            json.value(function);
        });
        json.attribute("runs", cost.runs);
        json.attribute("rows", getRowsName(cost.rows));
        json.attribute("shared", cost.shared);
        json.attribute("arithmetic", cpu::getArithmeticName(cost.arithmetic));
        json.attribute("weight_bytes", cost.weightBytes);
        json.attribute("weight_bytes_per_row", cost.weightBytesPerRow);
        json.attribute("cache_bytes_per_slot", cost.cacheBytesPerSlot);
        json.attribute("cache_bytes_per_row", cost.cacheBytesPerRow);
        json.attribute("activation_bytes_per_row", cost.activationBytesPerRow);
        json.attribute("operations_per_row", cost.operationsPerRow);
        json.attribute("operations_per_row_and_slot",
                       cost.operationsPerRowAndSlot);
      });
  });
}

void tenon::writeFacts(const ArtifactFacts &facts, llvm::raw_ostream &stream) {
  const cpu::ArtifactDescription &description = *facts.description;
  llvm::json::OStream json(stream, 2);
  json.object([&] {
    json.attribute("name", description.name);
    json.attribute("compiler", description.compiler);
    json.attribute("abi", TENON_RT_ABI_VERSION);
    json.attributeObject("target", [&] {
      json.attribute("triple", description.triple);
      json.attribute("cpu", description.cpu);
      json.attributeArray("features", [&] {
        for (llvm::StringRef feature : llvm::split(description.features, ','))
          json.value(feature);
      });
      json.attribute("sanitizer", description.sanitizer);
      json.attribute("profile", description.hasMarks);
    });
    json.attributeArray("cpus", [&] {
      for (const cpu::ArtifactDescription &variant : facts.variants)
        json.value(variant.cpu);
    });
    json.attributeObject("model", [&] {
      json.attribute("vocabulary", description.vocab);
      json.attribute("context", description.context);
      json.attribute("layers", description.layers);
      json.attribute("top_k", description.topK);
      json.attribute("cache_type", description.cacheType);
      json.attribute("cache_bytes_per_token",
                     description.layers * description.cacheLayerSlotBytes);
    });
    json.attributeArray("entries", [&] {
      for (const cpu::EntryDescription &entry : description.entries)
        json.object([&] {
          json.attribute("name", entry.name);
          json.attribute("max_rows", entry.maxRows);
          json.attribute("arena_bytes", entry.arenaBytes);
          json.attribute("scratch_bytes", entry.scratchBytes);
        });
    });
    writeKernels(facts, json);
    json.attributeObject("library", [&] {
      json.attribute("bytes", facts.libraryBytes);
      json.attribute("code_bytes", facts.codeBytes);
      json.attribute("xxh3_128", facts.libraryHash);
    });
    json.attributeObject("weights", [&] {
      // Zero where no weight file was written.
      json.attribute("id", toHex(description.weightsId));
      json.attribute("bytes", description.weightsBytes);
      json.attributeArray("tensors", [&] {
        for (const PackedTensor &tensor : facts.tensors)
          json.object([&] {
            json.attribute("name", tensor.name);
            json.attributeArray("shape", [&] {
              for (int64_t extent : tensor.shape)
                json.value(extent);
            });
            json.attribute("format", tensor.format->name);
            json.attribute("packing",
                           tensor.shape.size() == 1
                               ? "dense f32"
                               : "interleave " +
                                     std::to_string(tensor.interleave));
            json.attribute("offset", tensor.offset);
            json.attribute("bytes", tensor.bytes);
          });
      });
    });
  });
  stream << '\n';
}
