//===- LoaderTest.cpp - what the loader accepts and refuses ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every refusal is checked for its status and for the words that let a person
// act: the file, the place and the remedy.
//
//===----------------------------------------------------------------------===//

#include "FakeArtifact.h"
#include "FakeModel.h"

#include <cstring>
#include <filesystem>
#include <gtest/gtest.h>

namespace {

/// Opens `model`, which must fail as told.
void expectRefusal(FakeModel &model, tenon_rt_status status,
                   std::initializer_list<const char *> words) {
  tenon_rt_model *opened = model.open();
  EXPECT_EQ(opened, nullptr);
  EXPECT_STREQ(tenon_rt_status_name(model.status), tenon_rt_status_name(status))
      << model.message;
  for (const char *word : words)
    EXPECT_NE(model.message.find(word), std::string::npos)
        << "no \"" << word << "\" in: " << model.message;
  tenon_rt_model_close(opened);
}

/// Changes the header of a weight file and its hash.
template <typename Edit>
void editHeader(FakeModel &model, Edit edit) {
  model.edit(model.weights(), [&](std::vector<uint8_t> &bytes) {
    tenon_rt_weights_header header;
    std::memcpy(&header, bytes.data(), sizeof(header));
    edit(header);
    sealHeader(header);
    std::memcpy(bytes.data(), &header, sizeof(header));
  });
}

void flip(FakeModel &model, const std::string &path, size_t at) {
  model.edit(path, [&](std::vector<uint8_t> &bytes) { bytes.at(at) ^= 0x10; });
}

TEST(Loader, OpensAndDescribes) {
  FakeModel fake;
  tenon_rt_model *model = fake.open();
  ASSERT_NE(model, nullptr) << fake.message;
  const tenon_rt_model_info *info = tenon_rt_model_get_info(model);
  EXPECT_STREQ(info->name, "fake");
  EXPECT_EQ(info->vocabulary, uint64_t(FAKE_VOCAB));
  EXPECT_EQ(info->context, uint64_t(FAKE_CONTEXT));
  EXPECT_EQ(info->max_rows, uint64_t(FAKE_MAX_ROWS));
  EXPECT_EQ(info->cache_row_bytes, 4u * FAKE_LAYERS);
  size_t bytes = 0;
  const void *metadata = tenon_rt_model_metadata(model, &bytes);
  EXPECT_EQ(bytes, 16u);
  EXPECT_NE(metadata, nullptr);
  tenon_rt_model_close(model);
}

TEST(Loader, OpensFromPathsWithSpacesAndUtf8) {
  FakeModel fake;
  std::string folder =
      std::filesystem::path(fake.library()).parent_path() / "a b ü";
  std::filesystem::create_directory(folder);
  std::filesystem::copy(fake.library(), folder + "/fake.so");
  std::filesystem::copy(fake.weights(), folder + "/other name.weights");
  tenon_rt_model_options options = {};
  std::string weights = folder + "/other name.weights";
  options.weights = weights.c_str();
  tenon_rt_model *model = nullptr;
  ASSERT_EQ(
      tenon_rt_model_open((folder + "/fake.so").c_str(), &options, &model),
      TENON_RT_OK)
      << tenon_rt_error(nullptr);
  tenon_rt_model_close(model);
}

TEST(Loader, OpensWhatReplacedAnOpenModel) {
  FakeModel fake, other("unranked");
  tenon_rt_model *before = fake.open();
  ASSERT_NE(before, nullptr) << fake.message;
  std::filesystem::rename(other.library(), fake.library());
  std::filesystem::rename(other.weights(), fake.weights());
  tenon_rt_model *after = fake.open(), *again = fake.open();
  ASSERT_NE(after, nullptr) << fake.message;
  ASSERT_NE(again, nullptr) << fake.message;
  EXPECT_EQ(tenon_rt_model_get_info(before)->top_k, 5u);
  EXPECT_EQ(tenon_rt_model_get_info(after)->top_k, 0u);
  EXPECT_EQ(tenon_rt_model_get_info(again)->top_k, 0u);
  for (tenon_rt_model *model : {before, after, again})
    tenon_rt_model_close(model);
}

TEST(Loader, CopiedWeightsOutliveTheirFile) {
  FakeModel fake;
  tenon_rt_model_options options = {};
  options.memory = TENON_RT_WEIGHTS_COPIED;
  tenon_rt_model *model = nullptr;
  ASSERT_EQ(tenon_rt_model_open(fake.library().c_str(), &options, &model),
            TENON_RT_OK)
      << tenon_rt_error(nullptr);
  EXPECT_EQ(tenon_rt_model_get_info(model)->weights_copied, 1u);
  // The pages of a mapped file would now be gone.
  std::filesystem::resize_file(fake.weights(), 0);
  tenon_rt_session *session = nullptr;
  ASSERT_EQ(tenon_rt_session_create(model, nullptr, &session), TENON_RT_OK);
  std::vector<int32_t> ids = {1, 2, 3};
  std::vector<float> logits(ids.size() * FAKE_VOCAB);
  ASSERT_EQ(tenon_rt_step(session, ids.data(), ids.size(), logits.data()),
            TENON_RT_OK);
  EXPECT_EQ(logits, expectedLogits(ids));
  tenon_rt_session_destroy(session);
  tenon_rt_model_close(model);
}

TEST(Loader, SmallWeightsStayMapped) {
  FakeModel fake;
  tenon_rt_model *model = fake.open();
  ASSERT_NE(model, nullptr) << fake.message;
  EXPECT_EQ(tenon_rt_model_get_info(model)->weights_copied, 0u);
  tenon_rt_model_close(model);
}

TEST(Loader, RefusesUnknownMemory) {
  FakeModel fake;
  tenon_rt_model_options options = {};
  options.memory = 3;
  tenon_rt_model *model = nullptr;
  EXPECT_EQ(tenon_rt_model_open(fake.library().c_str(), &options, &model),
            TENON_RT_ARGUMENT);
  EXPECT_NE(std::string(tenon_rt_error(nullptr)).find("expected 0 to 2"),
            std::string::npos);
}

TEST(Loader, RefusesNullArguments) {
  tenon_rt_model *model = nullptr;
  EXPECT_EQ(tenon_rt_model_open(nullptr, nullptr, &model), TENON_RT_ARGUMENT);
  EXPECT_EQ(tenon_rt_model_open("x.so", nullptr, nullptr), TENON_RT_ARGUMENT);
}

TEST(Loader, RefusesMissingFiles) {
  FakeModel fake;
  std::filesystem::remove(fake.weights());
  expectRefusal(fake, TENON_RT_IO, {"fake.weights", "cannot be opened"});
  std::filesystem::remove(fake.library());
  expectRefusal(fake, TENON_RT_IO, {"fake.so", "cannot be opened"});
}

TEST(Loader, RefusesFolders) {
  FakeModel fake;
  std::filesystem::remove(fake.library());
  std::filesystem::create_directory(fake.library());
  expectRefusal(fake, TENON_RT_IO, {"fake.so", "regular file"});
}

TEST(Loader, RefusesEmptyFiles) {
  FakeModel fake;
  writeFile(fake.library(), {});
  expectRefusal(fake, TENON_RT_MISMATCH, {"fake.so", "but got 0"});
  writeFile(fake.weights(), {});
  expectRefusal(fake, TENON_RT_FORMAT, {"fake.weights", "header"});
}

TEST(Loader, RefusesWrongMagic) {
  FakeModel fake;
  flip(fake, fake.weights(), 0);
  expectRefusal(fake, TENON_RT_FORMAT, {"fake.weights", "magic", "tenonc"});
}

TEST(Loader, RefusesOtherAbiOfWeights) {
  FakeModel fake;
  editHeader(fake, [](auto &header) { header.abi_version += 1; });
  expectRefusal(fake, TENON_RT_ABI, {"fake.weights", "ABI version", "tenonc"});
}

TEST(Loader, RefusesEveryFlippedByteOfTheHeaderPage) {
  FakeModel fake;
  std::vector<uint8_t> original = readFile(fake.weights());
  for (size_t at = 0; at < TENON_RT_PAGE; at += at < 400 ? 1 : 97) {
    std::vector<uint8_t> bytes = original;
    bytes[at] ^= 1;
    writeFile(fake.weights(), bytes);
    EXPECT_EQ(fake.open(), nullptr) << "byte " << at;
    EXPECT_NE(fake.message.find("fake.weights"), std::string::npos);
  }
}

TEST(Loader, RefusesFlippedMetadata) {
  FakeModel fake;
  flip(fake, fake.weights(), TENON_RT_PAGE + 3);
  expectRefusal(fake, TENON_RT_DAMAGED,
                {"fake.weights", "metadata section", "copy or compile"});
}

TEST(Loader, RefusesFlippedWeights) {
  FakeModel fake;
  flip(fake, fake.weights(), 2 * TENON_RT_PAGE + FAKE_WEIGHTS_BYTES - 1);
  expectRefusal(fake, TENON_RT_DAMAGED, {"packed section", "expected hash"});
}

TEST(Loader, RefusesFlippedPadding) {
  FakeModel fake;
  flip(fake, fake.weights(), 2 * TENON_RT_PAGE + FAKE_WEIGHTS_BYTES);
  expectRefusal(fake, TENON_RT_DAMAGED, {"padding"});
}

TEST(Loader, RefusesTruncationEverywhere) {
  FakeModel fake;
  std::vector<uint8_t> original = readFile(fake.weights());
  for (size_t bytes : {1u, 100u, 4095u, 4096u, 4100u, 8192u, 8200u}) {
    std::vector<uint8_t> cut(original.begin(), original.begin() + bytes);
    writeFile(fake.weights(), cut);
    expectRefusal(fake, TENON_RT_FORMAT, {"fake.weights", "cut short"});
  }
}

TEST(Loader, RefusesAppendedBytes) {
  FakeModel fake;
  fake.edit(fake.weights(), [](auto &bytes) { bytes.push_back(0); });
  expectRefusal(fake, TENON_RT_FORMAT, {"but the file has"});
}

TEST(Loader, RefusesBrokenSectionTables) {
  using Header = tenon_rt_weights_header;
  struct Case {
    void (*edit)(Header &);
    const char *word;
  };
  const Case cases[] = {
      {[](Header &h) { h.section_count = 9; }, "at most 8 sections"},
      {[](Header &h) { h.section_count = UINT32_MAX; }, "at most 8 sections"},
      {[](Header &h) { h.section_count = 1; }, "expected a packed section"},
      {[](Header &h) { h.section_count = 0; }, "expected a metadata section"},
      {[](Header &h) { h.sections[0].kind = 77; }, "unknown kind 77"},
      {[](Header &h) { h.sections[0].kind = 2; }, "appears twice"},
      {[](Header &h) { h.sections[0].reserved = 1; }, "reserved"},
      {[](Header &h) { h.sections[1].offset += 1; }, "multiple of 4096"},
      {[](Header &h) { h.sections[1].offset = 0; }, "after the header"},
      {[](Header &h) { h.sections[1].offset = 4096; }, "overlaps"},
      {[](Header &h) { h.sections[1].offset = 1ull << 60; }, "file ends at"},
      {[](Header &h) { h.sections[1].bytes = 1ull << 60; }, "file ends at"},
      {[](Header &h) { h.sections[1].bytes = UINT64_MAX; }, "file ends at"},
      {[](Header &h) { h.sections[0].bytes = 8192; }, "overlaps"},
      {[](Header &h) { h.file_bytes -= 1; }, "but the file has"},
  };
  for (const Case &test : cases) {
    FakeModel fake;
    editHeader(fake, test.edit);
    tenon_rt_model *model = fake.open();
    EXPECT_EQ(model, nullptr) << test.word;
    EXPECT_NE(fake.message.find(test.word), std::string::npos)
        << "no \"" << test.word << "\" in: " << fake.message;
    tenon_rt_model_close(model);
  }
}

TEST(Loader, RefusesFlippedLibraryBeforeOpeningIt) {
  // "constructor" ends the process when it is opened, so a loader that opens
  // it before the check of its hash does not survive this test.
  FakeModel fake("constructor");
  size_t size = readFile(fake.library()).size();
  flip(fake, fake.library(), size - 1);
  expectRefusal(fake, TENON_RT_MISMATCH, {"fake.so", "hash", "copy both"});
}

TEST(Loader, RefusesLibraryOfAnotherSize) {
  FakeModel fake;
  fake.edit(fake.library(), [](auto &bytes) { bytes.push_back(0); });
  expectRefusal(fake, TENON_RT_MISMATCH, {"fake.so", "bytes as"});
}

TEST(Loader, RefusesGarbageLibrary) {
  FakeModel fake;
  std::vector<uint8_t> garbage(5000, 0xab);
  writeFile(fake.library(), garbage);
  writeFile(fake.weights(),
            weightFile(garbage, std::vector<uint8_t>(16), fakeWeights()));
  expectRefusal(fake, TENON_RT_FORMAT, {"fake.so", "cannot be opened as"});
}

TEST(Loader, RefusesOtherAbiOfLibrary) {
  FakeModel fake("abi");
  expectRefusal(fake, TENON_RT_ABI, {"fake.so", "ABI version", "99"});
}

TEST(Loader, RefusesOtherMagicOfLibrary) {
  FakeModel fake("magic");
  expectRefusal(fake, TENON_RT_FORMAT, {"fake.so", "magic"});
}

TEST(Loader, RefusesLibraryWithoutSymbol) {
  FakeModel fake("nosymbol");
  expectRefusal(fake, TENON_RT_FORMAT, {"fake.so", "tenon_rt_artifact"});
}

TEST(Loader, RefusesMissingCpuFeature) {
  FakeModel fake("feature");
  expectRefusal(fake, TENON_RT_CPU, {"fake.so", "avx9000", "--cpu="});
}

TEST(Loader, RefusesInstrumentedArtifacts) {
  FakeModel unresolved("sanitized");
  expectRefusal(
      unresolved, TENON_RT_SANITIZER,
      {"fake.so", "-fsanitize=" TENON_FOREIGN_SANITIZER, "--sanitize"});
  FakeModel declared("declared");
  expectRefusal(declared, TENON_RT_SANITIZER,
                {"fake.so", TENON_FOREIGN_SANITIZER});
}

TEST(Loader, RefusesOtherModelsWeights) {
  FakeModel fake;
  editHeader(fake, [](auto &header) { header.weights_id[7] ^= 1; });
  expectRefusal(fake, TENON_RT_MISMATCH, {"fake.weights", "another model"});
}

TEST(Loader, RefusesWeightsOfAnotherSize) {
  FakeModel fake;
  std::vector<uint8_t> longer = fakeWeights();
  longer.push_back(0);
  writeFile(fake.weights(), weightFile(readFile(fake.library()),
                                       std::vector<uint8_t>(16), longer));
  expectRefusal(fake, TENON_RT_MISMATCH, {"packed weights", "257"});
}

} // namespace
