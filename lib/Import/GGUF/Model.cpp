//===- Model.cpp - the metadata of a model --------------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Defaults are those of the format's description: as many key/value heads as
// heads, heads that share the width, a rotary base of 10000 over whole heads.
//
//===----------------------------------------------------------------------===//

#include "lib/Import/GGUF/ModelReader.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"

#include <cmath>

using namespace llvm;

namespace tenon::gguf {

const ModelWeight *Model::find(StringRef symbol) const {
  auto it = find_if(weights, [&](const ModelWeight &weight) {
    return weight.slot->symbol == symbol;
  });
  return it == weights.end() ? nullptr : &*it;
}

Expected<Model> readModel(const Reader &reader, std::optional<int64_t> context,
                          std::vector<std::string> &warnings) {
  ModelReader modelReader(reader, context, warnings);
  if (Error error = modelReader.run())
    return std::move(error);
  return std::move(modelReader.model);
}

Error ModelReader::run() {
  if (Error error = readGeneral())
    return error;
  if (Error error = readShape())
    return error;
  if (Error error = readRope())
    return error;
  if (Error error = readContext())
    return error;
  if (Error error = checkKeys())
    return error;
  return readTensors();
}

//===----------------------------------------------------------------------===//
// Access
//===----------------------------------------------------------------------===//

Error ModelReader::keyError(StringRef key, const Twine &text) const {
  return createStringError(reader.path() + ": key " + quoted(key) + ": " +
                           text);
}

std::string ModelReader::key(StringRef suffix) const {
  return (model.architecture->name + "." + suffix).str();
}

Error ModelReader::readCount(StringRef suffix, int64_t &result, int64_t limit) {
  Expected<std::vector<uint64_t>> list = reader.getUnsignedList(key(suffix));
  if (!list)
    return list.takeError();
  if (list->empty() || !all_equal(*list))
    return keyError(key(suffix),
                    "expected the same number for every layer, but got an "
                    "array of different ones; layers of different shapes are "
                    "not supported; choose a model whose layers are alike");
  uint64_t count = list->front();
  if (count < 1 || count > uint64_t(limit))
    return keyError(key(suffix), "expected 1 to " + Twine(limit) +
                                     ", but got " + Twine(count) +
                                     "; convert the model again");
  result = count;
  return Error::success();
}

Error ModelReader::readCountIfAny(StringRef suffix, int64_t &result) {
  return has(suffix) ? readCount(suffix, result) : Error::success();
}

Error ModelReader::readPositive(StringRef suffix, double &result) {
  Expected<double> number = reader.getFloat(key(suffix));
  if (!number)
    return number.takeError();
  if (!(*number > 0) || !std::isfinite(*number))
    return keyError(key(suffix), "expected a positive, finite number, but "
                                 "got " +
                                     formatv("{0}", *number).str() +
                                     "; convert the model again");
  result = *number;
  return Error::success();
}

//===----------------------------------------------------------------------===//
// Metadata
//===----------------------------------------------------------------------===//

Error ModelReader::readGeneral() {
  if (reader.find("general.type")) {
    Expected<StringRef> type = reader.getString("general.type");
    if (!type)
      return type.takeError();
    if (*type != "model")
      return keyError("general.type", "expected 'model', but got " +
                                          quoted(*type) +
                                          "; give the file of a whole model");
  }
  if (reader.find("split.count")) {
    Expected<uint64_t> parts = reader.getUnsigned("split.count");
    if (!parts)
      return parts.takeError();
    if (*parts > 1)
      return keyError("split.count",
                      "expected one file, but got one of " + Twine(*parts) +
                          " parts; merge them with llama-gguf-split --merge");
  }
  if (reader.find("general.quantization_version")) {
    Expected<uint64_t> version =
        reader.getUnsigned("general.quantization_version");
    if (!version)
      return version.takeError();
    if (*version != 2)
      return keyError("general.quantization_version",
                      "expected version 2, but got " + Twine(*version) +
                          "; quantize the model again");
  }

  Expected<StringRef> name = reader.getString("general.architecture");
  if (!name)
    return name.takeError();
  model.architecture = lookupArchitecture(*name);
  if (model.architecture)
    return Error::success();
  std::string names = join(
      map_range(architectures(),
                [](const Architecture &family) { return family.name.str(); }),
      ", ");
  return keyError("general.architecture",
                  "expected one of the supported architectures " + names +
                      ", but got " + quoted(*name) +
                      "; choose a model of one of these");
}

Error ModelReader::readShape() {
  if (Error error = readCount("block_count", model.layers))
    return error;
  if (Error error = readCount("embedding_length", model.width))
    return error;
  if (Error error = readCount("feed_forward_length", model.hidden))
    return error;
  if (Error error = readCount("attention.head_count", model.heads))
    return error;
  model.kvHeads = model.heads;
  if (Error error = readCountIfAny("attention.head_count_kv", model.kvHeads))
    return error;
  if (model.heads % model.kvHeads != 0)
    return keyError(key("attention.head_count_kv"),
                    "expected a divisor of the " + Twine(model.heads) +
                        " query heads, but got " + Twine(model.kvHeads) +
                        "; convert the model again");

  if (has("attention.key_length")) {
    if (Error error = readCount("attention.key_length", model.headDim))
      return error;
  } else if (model.width % model.heads != 0) {
    return keyError(key("attention.head_count"),
                    "expected a divisor of the embedding length " +
                        Twine(model.width) + ", but got " + Twine(model.heads) +
                        "; convert the model again, so that it states "
                        "attention.key_length");
  } else {
    model.headDim = model.width / model.heads;
  }
  int64_t valueLength = model.headDim;
  if (Error error = readCountIfAny("attention.value_length", valueLength))
    return error;
  if (valueLength != model.headDim)
    return keyError(key("attention.value_length"),
                    "expected values as long as keys (" + Twine(model.headDim) +
                        "), but got " + Twine(valueLength) +
                        "; heads of two sizes are not supported; choose "
                        "another model");

  double epsilon = 0;
  if (Error error = readPositive("attention.layer_norm_rms_epsilon", epsilon))
    return error;
  model.normEpsilon = float(epsilon);
  return Error::success();
}

Error ModelReader::readRope() {
  model.ropeDims = model.headDim;
  if (Error error = readCountIfAny("rope.dimension_count", model.ropeDims))
    return error;
  if (model.ropeDims % 2 != 0 || model.ropeDims > model.headDim)
    return keyError(key("rope.dimension_count"),
                    "expected an even number up to the head dimension " +
                        Twine(model.headDim) + ", but got " +
                        Twine(model.ropeDims) + "; convert the model again");
  if (has("rope.freq_base"))
    if (Error error = readPositive("rope.freq_base", model.ropeBase))
      return error;

  // Linear scaling is the default; its factor is under one of two keys.
  StringRef type = "linear";
  if (has("rope.scaling.type")) {
    Expected<StringRef> given = reader.getString(key("rope.scaling.type"));
    if (!given)
      return given.takeError();
    type = *given;
  }
  if (type != "linear" && type != "none")
    return keyError(key("rope.scaling.type"),
                    "expected none or linear (or factors in the tensor "
                    "rope_freqs.weight), but got " +
                        quoted(type) +
                        ", which is not supported; convert the model with "
                        "its original context length");
  StringRef factorKey =
      has("rope.scaling.factor") ? "rope.scaling.factor" : "rope.scale_linear";
  if (type == "none" || !has(factorKey))
    return Error::success();
  // A factor of 0 stands for none.
  Expected<double> factor = reader.getFloat(key(factorKey));
  if (!factor)
    return factor.takeError();
  if (*factor == 0)
    return Error::success();
  double divisor = 1;
  if (Error error = readPositive(factorKey, divisor))
    return error;
  model.ropeFrequencyScale = 1 / divisor;
  return Error::success();
}

Error ModelReader::readContext() {
  // Positions are 32-bit numbers, of which the largest marks a free slot.
  constexpr int64_t limit = int64_t(1) << 30;
  if (Error error = readCount("context_length", model.contextLength, limit))
    return error;
  if (!context)
    return Error::success();
  if (*context < 1 || *context > model.contextLength)
    return createStringError(
        reader.path() + ": context: expected 1 to " +
        Twine(model.contextLength) +
        " tokens, the context length of the model, but got " + Twine(*context) +
        "; give a context in that range");
  model.contextLength = *context;
  return Error::success();
}

/// The first element of a value for messages.
static std::string describe(const Reader &reader, const Value &value) {
  if (value.isArray)
    return ("an array of " + Twine(value.count)).str();
  if (Expected<StringRef> text = reader.getString(value.key))
    return quoted(*text);
  else
    consumeError(text.takeError());
  if (Expected<double> number = reader.getFloat(value.key))
    return formatv("{0}", *number).str();
  else
    consumeError(number.takeError());
  if (Expected<uint64_t> number = reader.getUnsigned(value.key))
    return utostr(*number);
  else
    consumeError(number.takeError());
  return ("another " + valueTypeName(value.type)).str();
}

Error ModelReader::checkKey(const Value &value,
                            const ArchitectureKey &known) const {
  bool zero = all_of(value.bytes, [](uint8_t byte) { return byte == 0; });
  StringRef rule, remedy = "choose a model without it";
  switch (known.rule) {
  case KeyRule::Used:
  case KeyRule::Ignored:
    return Error::success();
  case KeyRule::Zero:
    rule = zero ? "" : "0";
    break;
  case KeyRule::ZeroOrOne: {
    Expected<double> factor = reader.getFloat(value.key);
    if (!factor)
      return factor.takeError();
    rule = *factor == 0 || *factor == 1 ? "" : "1";
    break;
  }
  case KeyRule::True:
    rule = zero ? "true" : "";
    break;
  case KeyRule::WithinContext: {
    Expected<uint64_t> window = reader.getUnsigned(value.key);
    if (!window)
      return window.takeError();
    bool reaches = *window >= uint64_t(model.contextLength);
    rule = zero || reaches ? "" : "0 or at least the context";
    remedy = "choose a context that is not longer, or another model";
    break;
  }
  }
  if (rule.empty())
    return Error::success();
  return keyError(value.key, "expected " + rule + ", since " + known.feature +
                                 " is not supported, but got " +
                                 describe(reader, value) + "; " + remedy);
}

Error ModelReader::checkKeys() {
  std::string prefix = key("");
  for (const Value &value : reader.values()) {
    StringRef suffix = value.key;
    if (!suffix.consume_front(prefix))
      continue;
    if (const ArchitectureKey *known = lookupArchitectureKey(suffix)) {
      if (Error error = checkKey(value, *known))
        return error;
    } else {
      warnings.push_back((reader.path() + ": key " + quoted(value.key) +
                          ": not known to this importer; it has no effect")
                             .str());
    }
  }
  return Error::success();
}

} // namespace tenon::gguf
