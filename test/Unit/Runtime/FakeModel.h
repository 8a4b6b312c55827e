//===- FakeModel.h - artifacts on disk for the runtime's tests ------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes a library and its weight file into a folder of its own, and computes
// what the hand-written artifact must answer.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEST_FAKEMODEL_H
#define TENON_TEST_FAKEMODEL_H

#include "tenon-rt/abi.h"
#include "tenon-rt/runtime.h"

#include <string>
#include <vector>

/// Contents of a file.
std::vector<uint8_t> readFile(const std::string &path);

/// Writes `bytes` to `path`.
void writeFile(const std::string &path, const std::vector<uint8_t> &bytes);

/// The fake artifact's packed weights.
std::vector<uint8_t> fakeWeights();

/// Puts the header's hash right after a change of its fields.
void sealHeader(tenon_rt_weights_header &header);

/// A valid weight file for a library with the bytes `library`.
std::vector<uint8_t> weightFile(const std::vector<uint8_t> &library,
                                const std::vector<uint8_t> &metadata,
                                const std::vector<uint8_t> &packed);

/// A folder with fake.so and fake.weights, removed in the end.
class FakeModel {
public:
  /// `variant` names a library of this folder's CMakeLists.txt.
  explicit FakeModel(const std::string &variant = "good");
  ~FakeModel();

  std::string library() const { return folder + "/fake.so"; }
  std::string weights() const { return folder + "/fake.weights"; }

  /// Changes the bytes of a file; `edit` gets them.
  template <typename Edit>
  void edit(const std::string &path, Edit edit) {
    std::vector<uint8_t> bytes = readFile(path);
    edit(bytes);
    writeFile(path, bytes);
  }

  /// Opens the model; on failure returns null and the status and message.
  tenon_rt_model *open();
  tenon_rt_status status = TENON_RT_OK;
  std::string message;

private:
  std::string folder;
};

/// Logits after each token of `ids`, as the fake model defines them.
std::vector<float> expectedLogits(const std::vector<int32_t> &ids);

#endif // TENON_TEST_FAKEMODEL_H
