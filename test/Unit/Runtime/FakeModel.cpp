//===- FakeModel.cpp - artifacts on disk for the runtime's tests ----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The writer is the test's own, so that the reader is not tested against
// itself; only the hash function is shared.
//
//===----------------------------------------------------------------------===//

#include "FakeModel.h"

#include "FakeArtifact.h"
#include "runtime/src/Weights.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <unistd.h>

using namespace tenon::runtime;

std::vector<uint8_t> readFile(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  if (!file)
    throw std::runtime_error("cannot read " + path);
  return {std::istreambuf_iterator<char>(file), {}};
}

void writeFile(const std::string &path, const std::vector<uint8_t> &bytes) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file.write(reinterpret_cast<const char *>(bytes.data()), bytes.size());
  if (!file.flush())
    throw std::runtime_error("cannot write " + path);
}

std::vector<uint8_t> fakeWeights() {
  std::vector<uint8_t> bytes(FAKE_WEIGHTS_BYTES);
  for (size_t i = 0; i < bytes.size(); ++i)
    bytes[i] = static_cast<uint8_t>(i * 37 + 11);
  return bytes;
}

void sealHeader(tenon_rt_weights_header &header) {
  header.header_hash = hash64({reinterpret_cast<const uint8_t *>(&header),
                               offsetof(tenon_rt_weights_header, header_hash)});
}

std::vector<uint8_t> weightFile(const std::vector<uint8_t> &library,
                                const std::vector<uint8_t> &metadata,
                                const std::vector<uint8_t> &packed) {
  tenon_rt_weights_header header = {};
  std::memcpy(header.magic, TENON_RT_WEIGHTS_MAGIC, sizeof(header.magic));
  header.abi_version = TENON_RT_ABI_VERSION;
  header.section_count = 2;
  header.library_bytes = library.size();
  auto libraryHash = hash128({library.data(), library.size()});
  std::memcpy(header.library_hash, libraryHash.data(), libraryHash.size());
  constexpr uint8_t id[16] = FAKE_WEIGHTS_ID;
  std::memcpy(header.weights_id, id, sizeof(id));
  auto pages = [](size_t bytes) {
    return (bytes + TENON_RT_PAGE - 1) / TENON_RT_PAGE * TENON_RT_PAGE;
  };
  uint64_t packedAt = TENON_RT_PAGE + pages(metadata.size());
  header.sections[0] = {TENON_RT_SECTION_METADATA, 0, TENON_RT_PAGE,
                        metadata.size(),
                        hash64({metadata.data(), metadata.size()})};
  header.sections[1] = {TENON_RT_SECTION_PACKED, 0, packedAt, packed.size(),
                        hash64({packed.data(), packed.size()})};
  std::vector<uint8_t> file(packedAt + pages(packed.size()));
  header.file_bytes = file.size();
  sealHeader(header);
  std::memcpy(file.data(), &header, sizeof(header));
  std::copy(metadata.begin(), metadata.end(), file.begin() + TENON_RT_PAGE);
  std::copy(packed.begin(), packed.end(), file.begin() + packedAt);
  return file;
}

FakeModel::FakeModel(const std::string &variant) {
  std::string pattern =
      std::filesystem::temp_directory_path() / "tenon-fake-XXXXXX";
  if (!mkdtemp(pattern.data()))
    throw std::runtime_error("cannot make " + pattern);
  folder = pattern;
  std::vector<uint8_t> bytes = readFile(std::string(TENON_FAKE_FOLDER) +
                                        "/fake-artifact-" + variant + ".so");
  writeFile(library(), bytes);
  writeFile(weights(),
            weightFile(bytes, std::vector<uint8_t>(16), fakeWeights()));
}

FakeModel::~FakeModel() {
  std::error_code ignored;
  std::filesystem::remove_all(folder, ignored);
}

tenon_rt_model *FakeModel::open() {
  tenon_rt_model *model = nullptr;
  status = tenon_rt_model_open(library().c_str(), nullptr, &model);
  message = status == TENON_RT_OK ? "" : tenon_rt_error(nullptr);
  return model;
}

std::vector<float> expectedLogits(const std::vector<int32_t> &ids) {
  std::vector<uint8_t> weights = fakeWeights();
  std::vector<float> logits;
  uint32_t sums[FAKE_CLASSES] = {};
  for (size_t slot = 0; slot < ids.size(); ++slot) {
    for (uint32_t layer = 0; layer < FAKE_LAYERS; ++layer)
      sums[(slot * 7 + layer) % FAKE_CLASSES] +=
          fakeCacheValue(ids[slot], slot, layer, weights.data());
    for (uint32_t v = 0; v < FAKE_VOCAB; ++v)
      logits.push_back(fakeLogit(sums, v));
  }
  return logits;
}
