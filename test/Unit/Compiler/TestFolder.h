//===- TestFolder.h - a folder that goes with its test ----------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEST_UNIT_COMPILER_TESTFOLDER_H
#define TENON_TEST_UNIT_COMPILER_TESTFOLDER_H

#include "llvm/ADT/SmallString.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "gtest/gtest.h"

#include <set>
#include <string>

namespace tenon::test {

/// A new empty folder below the system's one for temporary files.
class TestFolder {
public:
  TestFolder() {
    EXPECT_FALSE(llvm::sys::fs::createUniqueDirectory("tenon-test", folder));
  }
  ~TestFolder() { llvm::sys::fs::remove_directories(folder); }

  std::string path(llvm::StringRef name = "") const {
    return name.empty() ? folder.str().str() : (folder + "/" + name).str();
  }

  std::string read(llvm::StringRef name) const {
    auto buffer = llvm::MemoryBuffer::getFile(path(name));
    EXPECT_TRUE(bool(buffer)) << path(name);
    return buffer ? (*buffer)->getBuffer().str() : std::string();
  }

  /// Names of all files, hidden ones included.
  std::set<std::string> names() const {
    std::set<std::string> names;
    std::error_code error;
    for (llvm::sys::fs::directory_iterator it(folder, error), end;
         it != end && !error; it.increment(error))
      names.insert(it->path().substr(folder.size() + 1));
    return names;
  }

private:
  llvm::SmallString<128> folder;
};

} // namespace tenon::test

#endif // TENON_TEST_UNIT_COMPILER_TESTFOLDER_H
