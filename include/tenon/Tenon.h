//===- tenon/Tenon.h - the compiler as a library ----------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// All of Tenon's public interface. It needs C++17 and the standard library;
// programs that use it see nothing of LLVM.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TENON_H
#define TENON_TENON_H

#include "tenon/Diagnostics.h"
#include "tenon/Invocation.h"
#include "tenon/Output.h"
#include "tenon/Session.h"
#include "tenon/Source.h"

#endif // TENON_TENON_H
