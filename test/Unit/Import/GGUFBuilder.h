//===- GGUFBuilder.h - writes small GGUF files for tests ----------*- C++
//-*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A file is described, and every field that the format derives (counts,
// offsets, sizes) can be overridden, so that a test breaks exactly one rule.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEST_UNIT_IMPORT_GGUFBUILDER_H
#define TENON_TEST_UNIT_IMPORT_GGUFBUILDER_H

#include "lib/Import/GGUF/Reader.h"

#include "llvm/Support/MathExtras.h"

#include <cstring>
#include <optional>
#include <string>
#include <vector>

namespace tenon::gguf {

/// Appends the bytes of a number.
template <typename T>
void put(std::string &out, T value) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  out.append(bytes, sizeof(T));
}

/// Appends a length and the bytes.
inline void putString(std::string &out, llvm::StringRef text) {
  put<uint64_t>(out, text.size());
  out += text;
}

class GGUFBuilder {
public:
  struct Tensor {
    std::string name;
    std::vector<uint64_t> dims; ///< columns first
    uint32_t type = 0;
    std::optional<uint64_t> offset; ///< default: after the tensor before
    std::optional<uint32_t> rank;   ///< default: dims.size()
  };

  std::string magic = "GGUF";
  uint32_t version = 3;
  std::optional<uint64_t> tensorCount, valueCount; ///< default: as there are
  uint64_t alignment = 32; ///< used for the layout, not written
  std::vector<std::pair<std::string, std::string>> values; ///< key, type+value
  std::vector<Tensor> tensors;
  /// Bytes of the file before the tensor data, set by `build`.
  uint64_t dataStart = 0;

  /// Sets a value from its type number and encoded bytes.
  GGUFBuilder &raw(llvm::StringRef key, uint32_t type, std::string bytes) {
    std::string value;
    put<uint32_t>(value, type);
    value += bytes;
    for (auto &entry : values)
      if (entry.first == key) {
        entry.second = value;
        return *this;
      }
    values.emplace_back(key.str(), value);
    return *this;
  }
  template <typename T>
  GGUFBuilder &scalar(llvm::StringRef key, ValueType type, T number) {
    std::string bytes;
    put<T>(bytes, number);
    return raw(key, uint32_t(type), bytes);
  }
  GGUFBuilder &u32(llvm::StringRef key, uint32_t number) {
    return scalar<uint32_t>(key, ValueType::UInt32, number);
  }
  GGUFBuilder &f32(llvm::StringRef key, float number) {
    return scalar<float>(key, ValueType::Float32, number);
  }
  GGUFBuilder &text(llvm::StringRef key, llvm::StringRef value) {
    std::string bytes;
    putString(bytes, value);
    return raw(key, uint32_t(ValueType::String), bytes);
  }
  GGUFBuilder &texts(llvm::StringRef key, std::vector<std::string> list) {
    std::string bytes;
    put<uint32_t>(bytes, uint32_t(ValueType::String));
    put<uint64_t>(bytes, list.size());
    for (const std::string &entry : list)
      putString(bytes, entry);
    return raw(key, uint32_t(ValueType::Array), bytes);
  }
  GGUFBuilder &u32s(llvm::StringRef key, std::vector<uint32_t> list) {
    std::string bytes;
    put<uint32_t>(bytes, uint32_t(ValueType::UInt32));
    put<uint64_t>(bytes, list.size());
    for (uint32_t entry : list)
      put<uint32_t>(bytes, entry);
    return raw(key, uint32_t(ValueType::Array), bytes);
  }
  GGUFBuilder &remove(llvm::StringRef key) {
    for (size_t i = 0; i < values.size(); ++i)
      if (values[i].first == key)
        values.erase(values.begin() + i--);
    return *this;
  }

  Tensor &tensor(llvm::StringRef name, std::vector<uint64_t> dims,
                 llvm::StringRef format = "f32") {
    tensors.push_back(
        {name.str(), dims, lookupBlockFormat(format)->ggufType, {}, {}});
    return tensors.back();
  }
  /// The tensor of this name, which must exist.
  Tensor &find(llvm::StringRef name) {
    for (Tensor &tensor : tensors)
      if (tensor.name == name)
        return tensor;
    llvm::report_fatal_error("no such tensor in the test");
  }
  GGUFBuilder &drop(llvm::StringRef name) {
    for (size_t i = 0; i < tensors.size(); ++i)
      if (tensors[i].name == name)
        tensors.erase(tensors.begin() + i--);
    return *this;
  }

  /// The file; tensor data is zero.
  std::string build() {
    std::string out = magic;
    put<uint32_t>(out, version);
    put<uint64_t>(out, tensorCount.value_or(tensors.size()));
    put<uint64_t>(out, valueCount.value_or(values.size()));
    for (const auto &[key, value] : values) {
      putString(out, key);
      out += value;
    }
    uint64_t end = 0;
    for (const Tensor &tensor : tensors) {
      uint64_t count = 1;
      putString(out, tensor.name);
      put<uint32_t>(out, tensor.rank.value_or(tensor.dims.size()));
      for (uint64_t dim : tensor.dims) {
        put<uint64_t>(out, dim);
        count *= dim;
      }
      put<uint32_t>(out, tensor.type);
      uint64_t offset = llvm::alignTo(end, alignment);
      put<uint64_t>(out, tensor.offset.value_or(offset));
      if (const BlockFormat *format = lookupGGUFType(tensor.type))
        if (count < 1 << 24)
          end = offset + count / format->elements * format->bytes;
    }
    dataStart = llvm::alignTo(out.size(), alignment);
    out.resize(dataStart + end, '\0');
    return out;
  }
};

/// Reads a file from memory.
inline llvm::Expected<std::unique_ptr<Reader>>
readBytes(llvm::StringRef bytes) {
  return Reader::read(llvm::MemoryBuffer::getMemBufferCopy(bytes, "t.gguf"));
}

/// The message of the failure to read `bytes`, or "" when there is none.
inline std::string readError(llvm::StringRef bytes) {
  auto reader = readBytes(bytes);
  return reader ? "" : llvm::toString(reader.takeError());
}

} // namespace tenon::gguf

#endif // TENON_TEST_UNIT_IMPORT_GGUFBUILDER_H
