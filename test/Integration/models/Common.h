//===- Common.h - what programs that step sessions share --------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEST_INTEGRATION_MODELS_COMMON_H
#define TENON_TEST_INTEGRATION_MODELS_COMMON_H

#include "tenon-rt/runtime.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

/// Ends the program with the error of the session, or of the thread.
inline void check(tenon_rt_status status,
                  const tenon_rt_session *session = nullptr) {
  if (status == TENON_RT_OK)
    return;
  std::fprintf(stderr, "%s\n", tenon_rt_error(session));
  std::exit(1);
}

/// Numbers with commas between them.
inline std::vector<int32_t> parseList(const std::string &text) {
  std::vector<int32_t> numbers;
  for (size_t at = 0; at < text.size(); at = text.find(',', at) + 1) {
    numbers.push_back(std::stoi(text.substr(at)));
    if (text.find(',', at) == std::string::npos)
      break;
  }
  return numbers;
}

#endif // TENON_TEST_INTEGRATION_MODELS_COMMON_H
