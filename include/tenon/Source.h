//===- tenon/Source.h - what is compiled ------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Part of Tenon's public interface.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_SOURCE_H
#define TENON_SOURCE_H

#include <string>
#include <utility>

namespace tenon {

/// A model to compile. Nothing is read before an invocation runs over it.
class Source {
public:
  /// A file: a GGUF model, or IR of any phase (`.mlir`, text or bytecode).
  static Source file(std::string path) {
    return Source(std::move(path), std::string(), false);
  }

  /// IR in memory, text or bytecode; `name` stands for it in messages.
  static Source ir(std::string contents, std::string name = "input.mlir") {
    return Source(std::move(name), std::move(contents), true);
  }

  /// The file, or the name of what is in memory.
  const std::string &path() const { return pathName; }
  /// What is in memory.
  const std::string &contents() const { return text; }
  bool isInMemory() const { return inMemory; }

private:
  Source(std::string path, std::string text, bool inMemory)
      : pathName(std::move(path)), text(std::move(text)), inMemory(inMemory) {}

  std::string pathName;
  std::string text;
  bool inMemory;
};

} // namespace tenon

#endif // TENON_SOURCE_H
