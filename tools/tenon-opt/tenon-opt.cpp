//===- tenon-opt.cpp - passes by name on textual IR -----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "tools/tenon-opt/OptMain.h"

int main(int argc, char **argv) { return tenon::optMain(argc, argv); }
