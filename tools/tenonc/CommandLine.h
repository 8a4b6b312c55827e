//===- CommandLine.h - options of tenonc ------------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TOOLS_TENONC_COMMANDLINE_H
#define TENON_TOOLS_TENONC_COMMANDLINE_H

#include "tenon/Invocation.h"

#include <optional>
#include <string>

namespace tenon::tool {

/// What the command line says.
struct CommandLine {
  std::string input;
  std::string outputFolder;
  std::string name;
  CompileOptions options;
  bool explain = false;
  bool quiet = false;
  bool noCacheFolder = false; ///< nothing says where a kernel cache may be
  std::string statisticsFile;
  unsigned threads = 0;
};

/// Parses the command line. Where there is nothing to compile (--help,
/// --version, an error) that has been printed, and `exitCode` is set.
std::optional<CommandLine> parseCommandLine(int argc, char **argv,
                                            int &exitCode);

} // namespace tenon::tool

#endif // TENON_TOOLS_TENONC_COMMANDLINE_H
