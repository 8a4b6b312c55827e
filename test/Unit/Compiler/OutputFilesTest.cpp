//===- OutputFilesTest.cpp - files appear together or not -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "lib/Compiler/OutputFiles.h"
#include "test/Unit/Compiler/TestFolder.h"

#include "llvm/Support/raw_ostream.h"

using namespace tenon;
using namespace tenon::test;
using Names = std::set<std::string>;

namespace {

std::unique_ptr<OutputFiles> open(const std::string &folder) {
  auto files = OutputFiles::open(folder, "m");
  EXPECT_TRUE(bool(files));
  return std::move(*files);
}

llvm::Error writeText(OutputFiles &files, llvm::StringRef suffix,
                      llvm::StringRef text) {
  return files.write(suffix,
                     [&](llvm::raw_ostream &stream) { stream << text; });
}

TEST(OutputFiles, CommitGivesNames) {
  TestFolder folder;
  auto files = open(folder.path());
  ASSERT_FALSE(bool(writeText(*files, ".h", "header")));
  ASSERT_FALSE(bool(writeText(*files, ".json", "facts")));
  EXPECT_EQ(folder.names().count("m.h"), 0u);
  auto paths = files->commit();
  ASSERT_TRUE(bool(paths));
  EXPECT_EQ(*paths, (std::vector<std::string>{folder.path("m.h"),
                                              folder.path("m.json")}));
  files.reset();
  EXPECT_EQ(folder.names(), (Names{"m.h", "m.json"}));
  EXPECT_EQ(folder.read("m.h"), "header");
}

TEST(OutputFiles, WithoutCommitOldFilesStay) {
  TestFolder folder;
  auto first = open(folder.path());
  ASSERT_FALSE(bool(writeText(*first, ".h", "old")));
  ASSERT_TRUE(bool(first->commit()));
  auto second = open(folder.path());
  ASSERT_FALSE(bool(writeText(*second, ".h", "new")));
  second.reset();
  EXPECT_EQ(folder.names(), (Names{"m.h"}));
  EXPECT_EQ(folder.read("m.h"), "old");
}

TEST(OutputFiles, MakesTheFolderAndTakesItBack) {
  TestFolder folder;
  std::string inner = folder.path("a") + "/b";
  {
    auto files = open(inner);
    EXPECT_TRUE(llvm::sys::fs::is_directory(inner));
  }
  EXPECT_FALSE(llvm::sys::fs::exists(inner));
  {
    auto files = open(inner);
    ASSERT_FALSE(bool(writeText(*files, ".h", "x")));
    ASSERT_TRUE(bool(files->commit()));
  }
  EXPECT_TRUE(llvm::sys::fs::exists(inner + "/m.h"));
}

TEST(OutputFiles, AFolderInThePlaceOfAFileStopsAll) {
  TestFolder folder;
  ASSERT_FALSE(llvm::sys::fs::create_directory(folder.path("m.json")));
  {
    auto files = open(folder.path());
    ASSERT_FALSE(bool(writeText(*files, ".h", "x")));
    ASSERT_FALSE(bool(writeText(*files, ".json", "x")));
    auto paths = files->commit();
    ASSERT_FALSE(bool(paths));
    EXPECT_NE(llvm::toString(paths.takeError()).find("m.json: expected to"),
              std::string::npos);
  }
  EXPECT_EQ(folder.names(), (Names{"m.json"}));
}

TEST(OutputFiles, ErrorsNameTheFinalFile) {
  TestFolder folder;
  auto files = open(folder.path());
  std::string temporary = files->add(".so");
  std::string text = llvm::toString(files->failure(
      ".so", llvm::createStringError("cannot open %s", temporary.c_str())));
  EXPECT_EQ(text, folder.path("m.so") +
                      ": expected to write the file, but "
                      "got: cannot open " +
                      folder.path("m.so"));
}

TEST(OutputFiles, RefusesAFile) {
  TestFolder folder;
  auto files = open(folder.path());
  ASSERT_FALSE(bool(writeText(*files, ".h", "x")));
  ASSERT_TRUE(bool(files->commit()));
  for (std::string place : {folder.path("m.h"), folder.path("m.h") + "/x"}) {
    auto opened = OutputFiles::open(place, "n");
    ASSERT_FALSE(bool(opened)) << place;
    EXPECT_NE(llvm::toString(opened.takeError()).find(place),
              std::string::npos);
  }
}

} // namespace
