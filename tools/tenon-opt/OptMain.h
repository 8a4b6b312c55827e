//===- OptMain.h - what tools over textual IR share -------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TOOLS_TENON_OPT_OPTMAIN_H
#define TENON_TOOLS_TENON_OPT_OPTMAIN_H

namespace tenon {

/// Runs the tool: all dialects and passes of Tenon and those that the caller
/// registered before. Returns the exit code.
int optMain(int argc, char **argv);

} // namespace tenon

#endif // TENON_TOOLS_TENON_OPT_OPTMAIN_H
