//===- GGUFFuzzer.cpp - any bytes as a GGUF file --------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whatever the reader accepts is then used in full: every value by every
// getter, every tensor to its last byte, which AddressSanitizer watches. Then
// the file's model is read, and its description must hold together.
//
//===----------------------------------------------------------------------===//

#include "lib/Import/GGUF/Model.h"

#include "llvm/ADT/StringExtras.h"

#include <cstdlib>

using namespace tenon;
using namespace tenon::gguf;

template <typename T>
static void ignore(llvm::Expected<T> value) {
  if (!value)
    llvm::consumeError(value.takeError());
}

/// A value the optimiser must compute.
static volatile uint64_t sink;

/// Every refusal names the file and says what to do.
static void checkMessage(llvm::Error error) {
  std::string message = llvm::toString(std::move(error));
  if (!llvm::StringRef(message).starts_with("fuzz: ") ||
      !llvm::StringRef(message).contains("; "))
    abort();
}

static void useModel(const Reader &reader) {
  std::vector<std::string> warnings;
  auto read = readModel(reader, std::nullopt, warnings);
  if (!read)
    return checkMessage(read.takeError());
  const Model &model = *read;
  if (!model.find("token_embd") || !model.find("output_norm"))
    abort();
  for (const ModelWeight &weight : model.weights) {
    int64_t layers = weight.slot->hasLayers() ? model.layers : 1;
    if (weight.formats.empty() ||
        (weight.formats.size() > 1 &&
         int64_t(weight.formatOfLayer.size()) != layers))
      abort();
  }
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  llvm::StringRef bytes(reinterpret_cast<const char *>(data), size);
  auto read = Reader::read(llvm::MemoryBuffer::getMemBuffer(
      bytes, "fuzz", /*RequiresNullTerminator=*/false));
  if (!read) {
    checkMessage(read.takeError());
    return 0;
  }
  const Reader &reader = **read;
  uint64_t sum = 0;
  for (const Value &value : reader.values()) {
    ignore(reader.getUnsigned(value.key));
    ignore(reader.getUnsignedList(value.key));
    ignore(reader.getFloat(value.key));
    ignore(reader.getBool(value.key));
    ignore(reader.getString(value.key));
    for (uint8_t byte : value.bytes)
      sum += byte;
    if (reader.find(value.key) != &value)
      abort();
  }
  std::vector<float> block(256);
  for (const TensorInfo &tensor : reader.tensors()) {
    const BlockFormat &format = *tensor.format;
    if (reader.findTensor(tensor.name) != &tensor)
      abort();
    for (size_t at = 0; at < tensor.bytes.size(); at += format.bytes)
      dequantizeBlock(format, tensor.bytes.data() + at, block.data());
    sum += block[0] > 0;
  }
  useModel(reader);
  sink = sum + reader.metadataBytes().size() + reader.fingerprint().size();
  return 0;
}
