//===- tenon/Output.h - where the result goes -------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Part of Tenon's public interface.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_OUTPUT_H
#define TENON_OUTPUT_H

#include <string>
#include <utility>

namespace tenon {

/// The folder that gets NAME.so, NAME.weights (unless the options leave it
/// out), NAME.h and NAME.json, or, when compilation stops before the artifact,
/// NAME.PHASE.mlir. Files appear under their names when all of them are
/// complete; after an error none does, and files of an earlier run stay as they
/// were.
class Output {
public:
  /// `name` is empty for the stem of the source's file.
  static Output folder(std::string path, std::string name = std::string()) {
    return Output(std::move(path), std::move(name));
  }

  const std::string &path() const { return folderPath; }
  const std::string &name() const { return modelName; }

private:
  Output(std::string path, std::string name)
      : folderPath(std::move(path)), modelName(std::move(name)) {}

  std::string folderPath;
  std::string modelName;
};

} // namespace tenon

#endif // TENON_OUTPUT_H
