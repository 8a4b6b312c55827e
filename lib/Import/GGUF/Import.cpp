//===- Import.cpp - a GGUF file as IR of the core dialect -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Emits what `Model` describes. Heads are a dimension from the projections on;
// the rotation's angles depend on positions alone and are computed once, before
// the layers; only the rows that are asked for reach the output layer. Ops
// carry the name of the tensor they use as their location.
//
//===----------------------------------------------------------------------===//

#include "lib/Import/GGUF/Import.h"

#include "dialects/Tenon/IR/Tenon.h"
#include "lib/Import/GGUF/Model.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/Path.h"

#include <cmath>

using namespace mlir;
using namespace tenon;
using gguf::Model;
using gguf::ModelWeight;
using gguf::Reader;
using gguf::TensorSlot;

namespace {

constexpr StringLiteral archiveName = "gguf";

/// Emits one model.
class Emitter {
public:
  Emitter(const Reader &reader, const Model &model, MLIRContext *context,
          const ImportOptions &options)
      : reader(reader), model(model), options(options), builder(context) {}

  OwningOpRef<ModuleOp> emit();

private:
  /// Location that names a tensor or a part of the model.
  Location at(StringRef name) {
    return NameLoc::get(builder.getStringAttr(name));
  }
  /// Location of the slot's tensor.
  Location atTensor(StringRef symbol) {
    return at(model.find(symbol)->slot->tensor);
  }
  RankedTensorType tensor(ArrayRef<int64_t> shapePerRow) {
    SmallVector<int64_t> shape{ShapedType::kDynamic};
    shape.append(shapePerRow.begin(), shapePerRow.end());
    return RankedTensorType::get(shape, builder.getF32Type());
  }

  void emitWeight(const ModelWeight &weight);
  void emitForward();
  /// The logits of chosen rows.
  Value emitHead(StringRef name, Value residual, Value index);
  /// Reads a weight at the current layer.
  Value weight(StringRef symbol);
  /// The product with `symbol`, with its bias where the model has one. Heads
  /// of the result: 0 for none.
  Value linear(StringRef symbol, Value input, int64_t heads = 0);
  Value norm(StringRef symbol, Value input);
  Value rope(StringRef symbol, Value input);
  Value add(StringRef name, Value lhs, Value rhs) {
    return arith::AddFOp::create(builder, at(name), lhs, rhs);
  }
  /// One layer: the residual and the cache after it.
  std::pair<Value, Value> layer(Value residual, Value cache);

  const Reader &reader;
  const Model &model;
  const ImportOptions &options;
  OpBuilder builder;
  Value layerIndex; ///< null outside the layers
  Value positions;
  Value angles;
};

} // namespace

OwningOpRef<ModuleOp> Emitter::emit() {
  std::string name = options.name.empty()
                         ? llvm::sys::path::stem(reader.path()).str()
                         : options.name;
  OwningOpRef<ModuleOp> module = ModuleOp::create(at(name), name);
  (*module)->setAttr(kModelAttrName,
                     ModelAttr::get(builder.getContext(),
                                    model.architecture->name,
                                    model.contextLength, model.vocabulary));
  builder.setInsertionPointToEnd(module->getBody());
  ArchiveOp::create(builder, at(reader.path()), archiveName, reader.path(),
                    builder.getStringAttr(reader.fingerprint()));
  for (const ModelWeight &weight : model.weights)
    emitWeight(weight);
  emitForward();
  return module;
}

void Emitter::emitWeight(const ModelWeight &weight) {
  const TensorSlot &slot = *weight.slot;
  SmallVector<Attribute> schemes;
  for (const BlockFormat *format : weight.formats) {
    auto kind = static_cast<SchemeKind>(format - blockFormats().data());
    schemes.push_back(SchemeAttr::get(builder.getContext(), kind));
  }
  IntegerAttr layers;
  if (slot.hasLayers())
    layers = builder.getI64IntegerAttr(model.layers);
  DenseI64ArrayAttr schemeOfLayer;
  if (!weight.formatOfLayer.empty())
    schemeOfLayer = builder.getDenseI64ArrayAttr(weight.formatOfLayer);
  WeightOp::create(builder, at(slot.tensor), builder.getStringAttr(slot.symbol),
                   layers, builder.getDenseI64ArrayAttr(weight.shape),
                   builder.getArrayAttr(schemes), schemeOfLayer,
                   FlatSymbolRefAttr::get(builder.getContext(), archiveName),
                   builder.getStringAttr(slot.tensor), /*packing=*/Attribute(),
                   /*offsets=*/DenseI64ArrayAttr());
}

//===----------------------------------------------------------------------===//
// Parts of a layer
//===----------------------------------------------------------------------===//

Value Emitter::weight(StringRef symbol) {
  const ModelWeight *weight = model.find(symbol);
  SmallVector<SchemeKind> kinds;
  for (const BlockFormat *format : weight->formats)
    kinds.push_back(static_cast<SchemeKind>(format - blockFormats().data()));
  return WeightAtOp::create(
      builder, atTensor(symbol),
      WeightType::get(builder.getContext(), weight->shape, kinds), symbol,
      weight->slot->hasLayers() ? layerIndex : Value());
}

Value Emitter::linear(StringRef symbol, Value input, int64_t heads) {
  Value matrix = weight(symbol);
  Value bias;
  std::string biasSymbol = (symbol + "_bias").str();
  if (model.find(biasSymbol))
    bias = weight(biasSymbol);
  int64_t rows = cast<WeightType>(matrix.getType()).getRows();
  RankedTensorType type =
      heads ? tensor({heads, rows / heads}) : tensor({rows});
  return LinearOp::create(builder, atTensor(symbol), type, input, matrix, bias);
}

Value Emitter::norm(StringRef symbol, Value input) {
  Value scale = weight(symbol);
  return NormOp::create(builder, atTensor(symbol), input.getType(),
                        NormKindAttr::get(builder.getContext(), NormKind::RMS),
                        input, scale,
                        builder.getF32FloatAttr(model.normEpsilon));
}

Value Emitter::rope(StringRef symbol, Value input) {
  RopeStyle style = model.architecture->interleavedRope ? RopeStyle::Interleaved
                                                        : RopeStyle::HalfSplit;
  return RopeOp::create(builder, atTensor(symbol), input.getType(), style,
                        input, angles);
}

std::pair<Value, Value> Emitter::layer(Value residual, Value cache) {
  Value normed = norm("attn_norm", residual);
  Value query = linear("attn_q", normed, model.heads);
  Value key = linear("attn_k", normed, model.kvHeads);
  Value value = linear("attn_v", normed, model.kvHeads);
  if (model.architecture->headNorms) {
    query = norm("attn_q_norm", query);
    key = norm("attn_k_norm", key);
  }
  query = rope("attn_q", query);
  key = rope("attn_k", key);
  cache =
      CacheAppendOp::create(builder, at("blk.{layer}.cache"), cache.getType(),
                            cache, layerIndex, key, value, positions);
  auto scale = builder.getF32FloatAttr(1.0f / std::sqrt(float(model.headDim)));
  auto attention = AttentionOp::create(
      builder, at("blk.{layer}.attn"), query.getType(), tensor({model.heads}),
      MaskKindAttr::get(builder.getContext(), MaskKind::Causal), query, cache,
      layerIndex, positions,
      /*key_bias=*/Value(), scale, /*parts=*/IntegerAttr(),
      /*products=*/TypeAttr());
  Value mixed = linear("attn_output", attention.getOutput());
  residual = add("blk.{layer}.attn_residual", residual, mixed);

  normed = norm("ffn_norm", residual);
  Value gate = linear("ffn_gate", normed);
  Value up = linear("ffn_up", normed);
  Value gated = GateOp::create(builder, at("blk.{layer}.ffn_act"),
                               gate.getType(), Fn::SiLU, gate, up);
  Value down = linear("ffn_down", gated);
  return {add("blk.{layer}.ffn_residual", residual, down), cache};
}

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

void Emitter::emitForward() {
  Type element = options.cacheElement == ImportOptions::CacheElement::F32
                     ? Type(builder.getF32Type())
                     : Type(builder.getF16Type());
  auto cacheType = CacheType::get(
      builder.getContext(), CacheStore::KV, model.layers, model.kvHeads,
      model.headDim, RopeState::Post, PositionKind::Original, element, element,
      CacheLayout::Contiguous, /*extent=*/0);
  auto ids = RankedTensorType::get(ShapedType::kDynamic, builder.getI32Type());
  SmallVector<Type> inputs = {ids, ids, ids};
  SmallVector<Type> results = {tensor({model.vocabulary})};
  // No more tokens than there are.
  int64_t topK = std::min(options.topK, model.vocabulary);
  auto topIds =
      RankedTensorType::get({ShapedType::kDynamic, topK}, builder.getI32Type());
  if (topK) {
    inputs.append({ids, builder.getIndexType()});
    results.append({tensor({topK}), topIds});
  }
  inputs.push_back(cacheType);
  results.push_back(cacheType);
  auto type = builder.getFunctionType(inputs, results);
  auto function = func::FuncOp::create(builder, at("forward"), "forward", type);
  function->setAttr(kEntryAttrName, builder.getUnitAttr());
  Block *entry = function.addEntryBlock();
  builder.setInsertionPointToEnd(entry);
  positions = entry->getArgument(1);

  Value embedded = EmbeddingOp::create(
      builder, atTensor("token_embd"), tensor({model.width}),
      entry->getArgument(0), weight("token_embd"));
  Value factors = model.find("rope_freqs") ? weight("rope_freqs") : Value();
  angles = RopeAnglesOp::create(
      builder, at("rope"), tensor({model.ropeDims / 2, 2}), positions, factors,
      builder.getF64FloatAttr(model.ropeBase),
      builder.getI64IntegerAttr(model.ropeDims),
      builder.getF64FloatAttr(model.ropeFrequencyScale),
      /*magnitude=*/builder.getF64FloatAttr(1.0));

  auto stack =
      StackOp::create(builder, at("blk"), builder.getI64IntegerAttr(0),
                      builder.getI64IntegerAttr(model.layers),
                      ValueRange{embedded, entry->getArguments().back()});
  Location loc = stack.getLoc();
  Block *body = builder.createBlock(
      &stack.getBody(), {},
      {builder.getIndexType(), embedded.getType(), cacheType}, {loc, loc, loc});
  layerIndex = body->getArgument(0);
  auto [residual, cache] = layer(body->getArgument(1), body->getArgument(2));
  YieldOp::create(builder, loc, ValueRange{residual, cache});
  layerIndex = Value();

  builder.setInsertionPointToEnd(entry);
  Value last = stack.getResult(0);
  SmallVector<Value> returned = {
      emitHead("out_rows", last, entry->getArgument(2))};
  if (topK) {
    auto best =
        TopKOp::create(builder, at("top_k"), tensor({topK}), topIds,
                       emitHead("top_rows", last, entry->getArgument(3)),
                       entry->getArgument(4));
    returned.append({best.getValues(), best.getIndices()});
  }
  returned.push_back(stack.getResult(1));
  func::ReturnOp::create(builder, function.getLoc(), returned);
}

Value Emitter::emitHead(StringRef name, Value residual, Value index) {
  Value rows =
      RowsOp::create(builder, at(name), residual.getType(), residual, index);
  return linear(model.find("output") ? "output" : "token_embd",
                norm("output_norm", rows));
}

//===----------------------------------------------------------------------===//
// Entry points
//===----------------------------------------------------------------------===//

OwningOpRef<ModuleOp> tenon::importGGUF(const Reader &reader,
                                        MLIRContext *context,
                                        const ImportOptions &options) {
  context->loadDialect<TenonDialect, arith::ArithDialect, func::FuncDialect>();
  Location unknown = UnknownLoc::get(context);
  std::vector<std::string> warnings;
  llvm::Expected<Model> model =
      gguf::readModel(reader, options.context, warnings);
  for (const std::string &warning : warnings)
    emitWarning(unknown, warning);
  if (!model) {
    emitError(unknown, llvm::toString(model.takeError()));
    return {};
  }
  OwningOpRef<ModuleOp> module =
      Emitter(reader, *model, context, options).emit();
  if (failed(verify(*module)))
    return {};
  return module;
}

OwningOpRef<ModuleOp> tenon::importGGUF(StringRef path, MLIRContext *context,
                                        const ImportOptions &options) {
  llvm::Expected<std::unique_ptr<Reader>> reader = Reader::open(path);
  if (!reader) {
    emitError(UnknownLoc::get(context), llvm::toString(reader.takeError()));
    return {};
  }
  return importGGUF(**reader, context, options);
}
