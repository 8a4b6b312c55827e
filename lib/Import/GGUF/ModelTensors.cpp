//===- ModelTensors.cpp - the tensors of a model --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finds the tensor of every slot in every layer, checks it, and gathers which
// formats a slot uses. A tensor that no slot asked for would be weights that
// the compiled model leaves out: it is refused by name.
//
//===----------------------------------------------------------------------===//

#include "lib/Import/GGUF/ModelReader.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace llvm;

namespace tenon::gguf {

Error ModelReader::tensorError(StringRef name, const Twine &text) const {
  return createStringError(reader.path() + ": tensor " + quoted(name) + ": " +
                           text);
}

/// "[192, 576]", rows first.
static std::string shapeText(ArrayRef<int64_t> shape) {
  return "[" +
         join(map_range(shape, [](int64_t n) { return itostr(n); }), ", ") +
         "]";
}

static std::string nameOfLayer(StringRef pattern, int64_t layer) {
  auto [before, after] = pattern.split("{layer}");
  return (before + Twine(layer) + after).str();
}

int64_t ModelReader::extent(TensorSlot::Extent extent) const {
  switch (extent) {
  case TensorSlot::None:
    return 0;
  case TensorSlot::Vocabulary:
    return model.vocabulary;
  case TensorSlot::Width:
    return model.width;
  case TensorSlot::Hidden:
    return model.hidden;
  case TensorSlot::Queries:
    return model.heads * model.headDim;
  case TensorSlot::KeyValues:
    return model.kvHeads * model.headDim;
  case TensorSlot::HeadDim:
    return model.headDim;
  case TensorSlot::RopePairs:
    return model.ropeDims / 2;
  }
  return 0;
}

bool ModelReader::isRequired(const TensorSlot &slot) const {
  switch (slot.presence) {
  case TensorSlot::Required:
    return true;
  case TensorSlot::Optional:
    return false;
  case TensorSlot::QKVBias:
    return model.architecture->queryKeyValueBias;
  case TensorSlot::HeadNorm:
    return model.architecture->headNorms;
  }
  return false;
}

Error ModelReader::readVocabulary() {
  const TensorSlot &slot = tensorSlots().front();
  const TensorInfo *embedding = reader.findTensor(slot.tensor);
  // The shape is checked with that of all tensors.
  model.vocabulary = embedding ? embedding->shape().front() : 1;
  if (model.vocabulary > maxCount)
    return tensorError(
        slot.tensor, "expected at most " + Twine(maxCount) + " rows, but got " +
                         Twine(model.vocabulary) + "; convert the model again");
  const Value *tokens = reader.find("tokenizer.ggml.tokens");
  if (embedding && tokens && tokens->count > uint64_t(model.vocabulary))
    return keyError(tokens->key, "expected at most as many tokens as the "
                                 "embedding has rows (" +
                                     Twine(model.vocabulary) + "), but got " +
                                     Twine(tokens->count) +
                                     "; convert the model again");
  return Error::success();
}

Error ModelReader::readTensors() {
  if (Error error = readVocabulary())
    return error;
  for (const TensorSlot &slot : tensorSlots())
    if (Error error = readSlot(slot))
      return error;
  return checkNoneLeft();
}

Error ModelReader::readSlot(const TensorSlot &slot) {
  // A norm of heads belongs to some families only; in others it is left over.
  if (slot.presence == TensorSlot::HeadNorm && !isRequired(slot))
    return Error::success();
  ModelWeight weight;
  weight.slot = &slot;
  weight.shape.push_back(extent(slot.rows));
  if (slot.columns != TensorSlot::None)
    weight.shape.push_back(extent(slot.columns));

  // An optional tensor is in all layers or in none: the first one decides.
  bool required =
      isRequired(slot) || reader.findTensor(nameOfLayer(slot.tensor, 0));
  if (!slot.hasLayers())
    required = isRequired(slot) || reader.findTensor(slot.tensor);
  if (!required)
    return Error::success();

  int64_t count = slot.hasLayers() ? model.layers : 1;
  for (int64_t layer = 0; layer < count; ++layer) {
    std::string name =
        slot.hasLayers() ? nameOfLayer(slot.tensor, layer) : slot.tensor.str();
    const TensorInfo *tensor = reader.findTensor(name);
    if (!tensor)
      return tensorError(name, "expected the tensor " +
                                   shapeText(weight.shape) +
                                   ", but the file has none; convert the "
                                   "model again");
    if (Error error = checkTensor(*tensor, weight))
      return error;
    used.insert(tensor);
    auto it = find(weight.formats, tensor->format);
    weight.formatOfLayer.push_back(it - weight.formats.begin());
    if (it == weight.formats.end())
      weight.formats.push_back(tensor->format);
  }
  if (weight.formats.size() == 1)
    weight.formatOfLayer.clear();
  model.weights.push_back(std::move(weight));
  return Error::success();
}

Error ModelReader::checkTensor(const TensorInfo &tensor,
                               const ModelWeight &weight) const {
  if (ArrayRef<int64_t>(tensor.shape()) != ArrayRef<int64_t>(weight.shape))
    return tensorError(tensor.name, "expected shape " +
                                        shapeText(weight.shape) +
                                        " (rows, columns), but got " +
                                        shapeText(tensor.shape()) +
                                        "; the metadata and the tensors are "
                                        "of different models; convert the "
                                        "model again");
  if (weight.shape.size() == 1 && !tensor.format->isPlain())
    return tensorError(tensor.name,
                       "expected F32, F16 or BF16 for a vector, but got " +
                           ggufTypeName(tensor.format->ggufType) +
                           "; quantize the model again and leave vectors as "
                           "they are");
  return Error::success();
}

Error ModelReader::checkNoneLeft() const {
  size_t left = reader.tensors().size() - used.size();
  for (const TensorInfo &tensor : reader.tensors())
    if (!used.contains(&tensor))
      return tensorError(
          tensor.name,
          "expected only tensors that a dense " + model.architecture->name +
              " model of " + Twine(model.layers) +
              " layers uses, but got this one (" + Twine(left) +
              " such); what it stands for is not supported; choose another "
              "model");
  return Error::success();
}

} // namespace tenon::gguf
