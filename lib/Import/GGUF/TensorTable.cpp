//===- TensorTable.cpp - checks a GGUF file's tensors ---------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The second half of the parser: the tensor table and the places of the
// tensors' data. A file that passes has tensors of known formats with whole
// blocks, each inside the file, aligned, and none over another.
//
//===----------------------------------------------------------------------===//

#include "lib/Import/GGUF/Parser.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/CheckedArithmetic.h"
#include "llvm/Support/MathExtras.h"

using namespace llvm;

namespace tenon::gguf {

constexpr uint64_t maxNameBytes = 64;
constexpr uint32_t maxDims = 4;

/// "F32, F16, ..., IQ4_XS".
static std::string supportedTypes() {
  return join(map_range(blockFormats(),
                        [](const BlockFormat &format) {
                          return ggufTypeName(format.ggufType).str();
                        }),
              ", ");
}

Error Reader::Parser::parseTable() {
  for (uint64_t i = 0; i < tensorCount; ++i) {
    uint64_t start = at;
    Expected<StringRef> name =
        takeName("the name of tensor " + Twine(i), maxNameBytes);
    if (!name)
      return name.takeError();
    if (!reader.tensorIndex.try_emplace(*name, reader.tensorInfos.size())
             .second)
      return fail("tensor", *name, start,
                  "expected each tensor once, but got it twice; remove one of "
                  "the two");
    reader.tensorInfos.emplace_back();
    reader.tensorInfos.back().name = *name;
    if (Error error = parseTensor(reader.tensorInfos.back()))
      return error;
  }
  return Error::success();
}

Error Reader::Parser::parseTensor(TensorInfo &tensor) {
  std::string of = "of tensor " + quoted(tensor.name);
  uint64_t start = at;
  auto reject = [&](const Twine &text) {
    return fail("tensor", tensor.name, start, text);
  };

  Expected<uint32_t> rank = take32("the number of dimensions " + of);
  if (!rank)
    return rank.takeError();
  if (*rank == 0 || *rank > maxDims)
    return reject("expected 1 to " + Twine(maxDims) + " dimensions, but got " +
                  Twine(*rank) + "; the file is damaged or not a model");
  std::optional<int64_t> elements = 1;
  for (uint32_t i = 0; i < *rank; ++i) {
    Expected<uint64_t> dim = take64("the dimensions " + of);
    if (!dim)
      return dim.takeError();
    if (*dim == 0 || *dim > uint64_t(INT64_MAX))
      return reject("expected dimensions from 1 to 2^63 - 1, but got " +
                    Twine(*dim) + "; the file is damaged");
    tensor.dims.push_back(*dim);
    if (elements)
      elements = checkedMul(*elements, tensor.dims.back());
  }

  start = at;
  Expected<uint32_t> type = take32("the type " + of);
  if (!type)
    return type.takeError();
  tensor.format = lookupGGUFType(*type);
  if (!tensor.format) {
    StringRef known = ggufTypeName(*type);
    return reject("expected a supported type, but got " +
                  (known.empty() ? "the unknown number " : known + " (") +
                  Twine(*type) + (known.empty() ? "" : ")") +
                  "; convert or quantize the model to one of " +
                  supportedTypes());
  }
  if (tensor.dims.front() % tensor.format->elements != 0)
    return reject("expected rows of whole " +
                  ggufTypeName(tensor.format->ggufType) + " blocks of " +
                  Twine(tensor.format->elements) +
                  " elements, but got rows of " + Twine(tensor.dims.front()) +
                  "; quantize this tensor to a type with smaller blocks");

  start = at;
  Expected<uint64_t> offset = take64("the offset " + of);
  if (!offset)
    return offset.takeError();
  std::optional<int64_t> bytes;
  if (elements)
    bytes =
        checkedMul(*elements / tensor.format->elements, tensor.format->bytes);
  if (!bytes)
    return reject("expected a size below 2^63 bytes, but the product of the "
                  "dimensions overflows; the file is damaged");
  if (*offset % alignment != 0)
    return reject("expected an offset that is a multiple of the alignment " +
                  Twine(alignment) + ", but got " + Twine(*offset) +
                  "; convert the model again");
  // The data section starts after the table: its place is not known yet. Keep
  // offset and size; `checkData` makes them a view.
  tensor.offset = *offset;
  tensor.bytes = ArrayRef<uint8_t>(file.data(), size_t(*bytes));
  return Error::success();
}

Error Reader::Parser::checkData() {
  // `at` is at most the size of the file and the alignment below 2^63.
  uint64_t dataStart = alignTo(at, alignment);
  for (TensorInfo &tensor : reader.tensorInfos) {
    uint64_t bytes = tensor.bytes.size();
    uint64_t room = dataStart < file.size() ? file.size() - dataStart : 0;
    if (tensor.offset > room || bytes > room - tensor.offset)
      return fail("tensor", tensor.name, dataStart,
                  "expected its " + Twine(bytes) + " bytes at offset " +
                      Twine(tensor.offset) + " within the " + Twine(room) +
                      " bytes of tensor data, but they end outside the file; "
                      "the file is truncated or damaged; download or convert "
                      "it again");
    tensor.offset += dataStart;
    tensor.bytes = file.slice(tensor.offset, bytes);
  }
  return Error::success();
}

Error Reader::Parser::checkOverlap() {
  std::vector<const TensorInfo *> order;
  for (const TensorInfo &tensor : reader.tensorInfos)
    order.push_back(&tensor);
  sort(order, [](const TensorInfo *a, const TensorInfo *b) {
    return a->offset < b->offset;
  });
  for (size_t i = 1; i < order.size(); ++i) {
    const TensorInfo &before = *order[i - 1], &tensor = *order[i];
    if (before.offset + before.bytes.size() > tensor.offset)
      return fail("tensor", tensor.name, tensor.offset,
                  "expected tensors that do not overlap, but got data shared "
                  "with tensor " +
                      quoted(before.name) + "; convert the model again");
  }
  return Error::success();
}

} // namespace tenon::gguf
