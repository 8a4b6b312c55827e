//===- TenonOps.td - all ops of the core dialect -----------*- tablegen -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_IR_TENONOPS_TD
#define TENON_DIALECTS_TENON_IR_TENONOPS_TD

include "dialects/Tenon/IR/AttentionOps.td"
include "dialects/Tenon/IR/CacheOps.td"
include "dialects/Tenon/IR/LayerOps.td"
include "dialects/Tenon/IR/WeightOps.td"

#endif // TENON_DIALECTS_TENON_IR_TENONOPS_TD
