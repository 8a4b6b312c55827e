//===- OutputFiles.h - files that appear together or not --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The files of one compilation. They are written under temporary names in
// their final folder and renamed at the end; after an error, and when a signal
// ends the process, the temporary ones go and older files stay.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_LIB_COMPILER_OUTPUTFILES_H
#define TENON_LIB_COMPILER_OUTPUTFILES_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace llvm {
class raw_ostream;
} // namespace llvm

namespace tenon {

class OutputFiles {
public:
  /// Makes the folder if it is not there and checks that it can be written.
  static llvm::Expected<std::unique_ptr<OutputFiles>>
  open(llvm::StringRef folder, llvm::StringRef name);

  /// Removes what was not committed, and the folder if `open` made it and
  /// nothing is in it.
  ~OutputFiles();
  OutputFiles(const OutputFiles &) = delete;
  OutputFiles &operator=(const OutputFiles &) = delete;

  /// Path at which to write the file `name + suffix` for now.
  std::string add(llvm::StringRef suffix);

  /// Adds a file and writes it.
  llvm::Error write(llvm::StringRef suffix,
                    std::function<void(llvm::raw_ostream &)> content);

  /// The final path of the file with this suffix.
  std::string finalPath(llvm::StringRef suffix) const;

  /// An error of writing the file with this suffix, under its final name.
  llvm::Error failure(llvm::StringRef suffix, llvm::Error cause) const;

  /// Gives all files their names. Returns the paths in the order of `add`.
  llvm::Expected<std::vector<std::string>> commit();

private:
  OutputFiles() = default;

  struct File {
    std::string suffix;
    std::string temporary;
  };
  std::string folder;
  std::string name;
  std::string unique; ///< makes temporary names of this object its own
  bool madeFolder = false;
  std::vector<File> files;
};

} // namespace tenon

#endif // TENON_LIB_COMPILER_OUTPUTFILES_H
