//===- Rivals.cpp - libraries that multiply matrices ----------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#include "Rivals.h"

#include <cstdlib>
#include <dlfcn.h>

using namespace tenon::bench;

/// The first of some libraries that can be opened.
static void *open(std::initializer_list<const char *> names) {
  for (const char *name : names)
    if (void *handle = dlopen(name, RTLD_NOW | RTLD_LOCAL))
      return handle;
  return nullptr;
}

template <typename Function>
static Function *find(void *handle, const char *name) {
  return handle ? reinterpret_cast<Function *>(dlsym(handle, name)) : nullptr;
}

static void addOpenBLAS(std::vector<Rival> &rivals) {
  void *handle = open({"libopenblas.so.0", "libopenblas.so"});
  // As cblas.h declares them.
  using Gemm = void(int, int, int, int, int, int, float, const float *, int,
                    const float *, int, float, float *, int);
  using Gemv = void(int, int, int, int, float, const float *, int,
                    const float *, int, float, float *, int);
  auto *gemm = find<Gemm>(handle, "cblas_sgemm");
  auto *gemv = find<Gemv>(handle, "cblas_sgemv");
  auto *setThreads = find<void(int)>(handle, "openblas_set_num_threads");
  if (!gemm || !gemv)
    return;
  if (setThreads)
    setThreads(1);
  constexpr int rowMajor = 101, plain = 111, transposed = 112;
  rivals.push_back({"openblas", [=](int64_t m, int64_t n, int64_t k,
                                    const float *x, const float *w, float *y) {
                      int rows = int(m), outputs = int(n), depth = int(k);
                      if (m == 1)
                        gemv(rowMajor, plain, outputs, depth, 1, w, depth, x, 1,
                             0, y, 1);
                      else
                        gemm(rowMajor, plain, transposed, rows, outputs, depth,
                             1, x, depth, w, depth, 0, y, outputs);
                    }});
}

static void addOneDNN(std::vector<Rival> &rivals) {
  // It takes its threads from OpenMP, which reads this when it is loaded.
  setenv("OMP_NUM_THREADS", "1", /*overwrite=*/1);
  void *handle = open({"libdnnl.so.3", "libdnnl.so.2", "libdnnl.so"});
  // As dnnl.h declares it; 0 is success.
  using Gemm = int(char, char, int64_t, int64_t, int64_t, float, const float *,
                   int64_t, const float *, int64_t, float, float *, int64_t);
  auto *gemm = find<Gemm>(handle, "dnnl_sgemm");
  if (!gemm)
    return;
  rivals.push_back({"onednn", [=](int64_t m, int64_t n, int64_t k,
                                  const float *x, const float *w, float *y) {
                      gemm('N', 'T', m, n, k, 1, x, k, w, k, 0, y, n);
                    }});
}

std::vector<Rival> tenon::bench::findRivals() {
  std::vector<Rival> rivals;
  addOneDNN(rivals);
  addOpenBLAS(rivals);
  return rivals;
}
