//===- ArtifactFuzzer.cpp - any bytes as an artifact ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The first byte says what the rest is: a weight file as it stands; a weight
// file whose header is given and whose padding, sizes and hashes are put
// right, because no fuzzer guesses a hash; or the description inside a
// library. What is accepted must hold together, what is refused must say what
// to do.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Descriptor.h"
#include "runtime/src/Memory.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <vector>

using namespace tenon::runtime;

namespace {

constexpr size_t kHeader = sizeof(tenon_rt_weights_header);

/// Every refusal names the file and a remedy.
void checkMessage(const Error &error) {
  if (error.message.find("fuzz.") == std::string::npos ||
      error.message.find("; ") == std::string::npos)
    abort();
}

/// Takes bytes from the front of an input; zeros when it is used up.
class Input {
public:
  Input(const uint8_t *data, size_t size) : data(data), left(size) {}

  void take(void *to, size_t bytes) {
    size_t have = std::min(bytes, left);
    std::memset(to, 0, bytes);
    std::memcpy(to, data, have);
    data += have;
    left -= have;
  }

  uint8_t byte() {
    uint8_t value;
    take(&value, 1);
    return value;
  }

  std::vector<uint8_t> rest() const { return {data, data + left}; }

private:
  const uint8_t *data;
  size_t left;
};

void checkWeights(const std::vector<uint8_t> &file) {
  Weights weights;
  Bytes bytes = {file.data(), file.size()};
  if (Error error = readWeights(bytes, "fuzz.weights", weights))
    return checkMessage(error);
  auto inside = [&](Bytes part) {
    return part.data >= file.data() + TENON_RT_PAGE &&
           part.size <= file.size() &&
           part.data + part.size <= file.data() + file.size();
  };
  if (!inside(weights.metadata) || !inside(weights.packed))
    abort();
  if (hash64(weights.metadata) + hash64(weights.packed) == 1)
    abort(); // never true: the hashes read every byte
  if (Error error =
          checkLibrary(bytes, "fuzz.so", weights.header, "fuzz.weights"))
    checkMessage(error);
}

/// Builds a file from a header and contents, and seals what `fix` says.
void checkSealed(Input input) {
  uint8_t fix = input.byte();
  tenon_rt_weights_header header;
  input.take(&header, kHeader);
  std::vector<uint8_t> file(TENON_RT_PAGE);
  std::vector<uint8_t> contents = input.rest();
  file.insert(file.end(), contents.begin(), contents.end());
  if (fix & 1) {
    std::memcpy(header.magic, TENON_RT_WEIGHTS_MAGIC, sizeof(header.magic));
    header.abi_version = TENON_RT_ABI_VERSION;
  }
  if (fix & 2)
    header.file_bytes = file.size();
  if (fix & 4)
    for (tenon_rt_section &section : header.sections)
      if (section.offset <= file.size() &&
          section.bytes <= file.size() - section.offset)
        section.hash = hash64({file.data() + section.offset, section.bytes});
  header.header_hash = hash64({reinterpret_cast<const uint8_t *>(&header),
                               offsetof(tenon_rt_weights_header, header_hash)});
  std::memcpy(file.data(), &header, kHeader);
  checkWeights(file);
}

void emptyEntry(tenon_rt_job *, uint64_t) {}

/// Builds a description whose numbers are the input's and whose pointers are
/// null or lead to strings of the input.
void checkDescription(Input input) {
  tenon_rt_artifact d;
  input.take(&d, sizeof(d));
  uint8_t nulls = input.byte(), fix = input.byte();
  tenon_rt_entry entries[64];
  input.take(entries, sizeof(entries[0]) * 4);
  std::memset(&entries[4], 0, sizeof(entries) - sizeof(entries[0]) * 4);
  std::vector<uint8_t> text = input.rest();
  std::vector<std::string> strings(11);
  size_t at = 0;
  for (std::string &string : strings) {
    for (; at < text.size() && text[at] != 0; ++at)
      string += static_cast<char>(text[at]);
    ++at;
  }
  const char **fields[] = {&d.name,     &d.compiler,  &d.triple,    &d.cpu,
                           &d.features, &d.sanitizer, &d.cache_type};
  for (size_t i = 0; i < 7; ++i)
    *fields[i] = nulls >> i & 1 ? nullptr : strings[i].c_str();
  for (size_t i = 0; i < 4; ++i) {
    entries[i].name = strings[7 + i].c_str();
    entries[i].run = fix >> (4 + i) & 1 ? nullptr : emptyEntry;
  }
  d.entries = nulls & 0x80 ? nullptr : entries;
  Weights weights;
  if (fix & 1) {
    d.magic = TENON_RT_ARTIFACT_MAGIC;
    d.abi_version = TENON_RT_ABI_VERSION;
    d.bytes = sizeof(d);
  }
  if (fix & 2) {
    std::memcpy(weights.header.weights_id, d.weights_id, sizeof(d.weights_id));
    weights.packed.size = d.weights_bytes;
  }
  tenon_rt_artifact other = d;
  other.next = nullptr;
  d.next = fix & 8 ? &other : nullptr;
  Artifact artifact;
  if (Error error =
          checkDescriptor(&d, "fuzz.so", weights, "fuzz.weights", artifact))
    return checkMessage(error);
  // What a session computes from it must fit 64 bits.
  uint64_t slots = d.context + TENON_RT_SLOT_TILE;
  uint64_t rows = saturatingMultiply(d.layers, d.cache_layer_slot_bytes);
  if (!artifact.step || !artifact.chunk || !artifact.step->run ||
      !artifact.chunk->run || rows == UINT64_MAX || slots > INT32_MAX ||
      saturatingMultiply(artifact.scratchBytes(), 1024) == UINT64_MAX ||
      artifact.arenaBytes() == UINT64_MAX)
    abort();
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  Input input(data, size);
  switch (input.byte()) {
  case 0:
    checkWeights(input.rest());
    break;
  case 1:
    checkSealed(input);
    break;
  case 2:
    checkDescription(input);
    break;
  default:
    return -1;
  }
  return 0;
}
