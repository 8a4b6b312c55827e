//===- status.h - status codes of the runtime -----------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One list gives the codes, their names and their meaning, so that they cannot
// drift apart. Codes are part of the C ABI: new ones are added at the end and
// none is ever renumbered. The message of a failure is tenon_rt_error().
//
//===----------------------------------------------------------------------===//

#ifndef TENON_RT_STATUS_H
#define TENON_RT_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

/// X(enumerant, value, name, meaning)
#define TENON_RT_STATUS_LIST(X)                                                \
  X(TENON_RT_OK, 0, "ok", "no failure")                                        \
  X(TENON_RT_ARGUMENT, 1, "argument", "an argument breaks a rule of the call") \
  X(TENON_RT_IO, 2, "io", "a file cannot be opened, mapped or written")        \
  X(TENON_RT_FORMAT, 3, "format", "a file is not what its name says")          \
  X(TENON_RT_DAMAGED, 4, "damaged", "a file's bytes do not match its hash")    \
  X(TENON_RT_ABI, 5, "abi", "an artifact is of another ABI version")           \
  X(TENON_RT_CPU, 6, "cpu", "the machine lacks what the code needs")           \
  X(TENON_RT_MISMATCH, 7, "mismatch", "two files do not belong together")      \
  X(TENON_RT_MEMORY, 8, "memory", "the system refused memory or threads")      \
  X(TENON_RT_CONTEXT, 9, "context", "more tokens than the session can hold")   \
  X(TENON_RT_BUSY, 10, "busy", "a session was used by two threads at once")    \
  X(TENON_RT_NUMERIC, 11, "numeric", "no logit is a number")                   \
  X(TENON_RT_SANITIZER, 12, "sanitizer",                                       \
    "an instrumented artifact in a process without its sanitizer")             \
  X(TENON_RT_INTERNAL, 13, "internal", "a defect of the runtime itself")

typedef enum tenon_rt_status {
#define TENON_RT_STATUS_ENUM(enumerant, value, name, meaning) enumerant = value,
  TENON_RT_STATUS_LIST(TENON_RT_STATUS_ENUM)
#undef TENON_RT_STATUS_ENUM
} tenon_rt_status;

#ifdef __cplusplus
} // extern "C"
#endif

#endif // TENON_RT_STATUS_H
