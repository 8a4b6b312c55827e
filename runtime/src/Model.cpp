//===- Model.cpp - opens and checks an artifact ---------------------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The weight file comes first, because it vouches for the library: opening a
// library runs the dynamic linker over it, so its bytes are compared with the
// hash in the weight file before that. Only then is it opened, privately, with
// all symbols bound at once, and its description checked.
//
//===----------------------------------------------------------------------===//

#include "Model.h"

#include "CpuFeatures.h"

#include <algorithm>
#include <cstring>
#include <dlfcn.h>
#include <elf.h>
#include <link.h>

using namespace tenon::runtime;

namespace {

/// The path of the weight file that belongs to the library `path`.
std::string weightsBeside(const std::string &path) {
  constexpr const char *extension = ".so";
  std::string stem = path;
  if (stem.size() > 3 && stem.compare(stem.size() - 3, 3, extension) == 0)
    stem.resize(stem.size() - 3);
  return stem + ".weights";
}

/// Fails when the library is for another architecture: the dynamic linker says
/// of such a file that it does not exist.
Error checkArchitecture(Bytes library, const std::string &path) {
  Elf64_Ehdr header;
  if (library.size < sizeof(header))
    return success();
  std::memcpy(&header, library.data, sizeof(header));
  if (std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0)
    return success();
  const char *name = header.e_machine == EM_X86_64    ? "x86_64"
                     : header.e_machine == EM_AARCH64 ? "aarch64"
                                                      : nullptr;
  if (!name || name == cpuArchitecture())
    return success();
  return failure(TENON_RT_CPU, path, ": compiled for ", name,
                 ", but this machine is ", std::string(cpuArchitecture()),
                 "; compile the model again with --cpu naming this machine");
}

/// Says why the dynamic linker refused `path`.
Error linkerFailure(const std::string &path) {
  const char *text = dlerror();
  std::string reason = text ? text : "unknown reason";
  if (reason.find("__asan_") != std::string::npos)
    return sanitizerFailure(path, "address");
  if (reason.find("__tsan_") != std::string::npos)
    return sanitizerFailure(path, "thread");
  return failure(TENON_RT_FORMAT, path,
                 ": cannot be opened as a library: ", reason,
                 "; compile the model on a machine of this kind");
}

/// Whether an open library is `file`, which was checked: the dynamic linker
/// gives what it has open under a name, even if another file has that name now.
/// The first page holds the build ID, a hash of all the rest.
bool isOf(void *library, Bytes file) {
  link_map *map = nullptr;
  Dl_info info;
  return dlinfo(library, RTLD_DI_LINKMAP, &map) == 0 &&
         dladdr(map->l_ld, &info) != 0 &&
         std::memcmp(info.dli_fbase, file.data,
                     std::min<size_t>(file.size, TENON_RT_PAGE)) == 0;
}

/// Opens the library at `path`, which holds `file`; null where the linker
/// refuses.
void *openCode(const std::string &path, Bytes file) {
  // A name without a slash would be searched in the system's library path.
  std::string name = path.find('/') == std::string::npos ? "./" + path : path;
  for (;;) {
    void *library = dlopen(name.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!library || isOf(library, file))
      return library;
    // A name that nothing is open under; too long a one is an error.
    dlclose(library);
    name.insert(name.rfind('/') + 1, "./");
  }
}

} // namespace

Model::~Model() {
  if (library)
    dlclose(library);
}

Error Model::open(const std::string &path, std::string weightsPath,
                  const std::string &cpu, tenon_rt_weights_memory memory,
                  std::shared_ptr<const Model> &model) {
  if (weightsPath.empty())
    weightsPath = weightsBeside(path);
  std::shared_ptr<Model> opened(new Model());
  Mapping libraryFile;
  if (Error error = libraryFile.openFile(path)) {
    error.message += "; give the NAME.so that tenonc wrote";
    return error;
  }
  if (Error error = opened->openWeights(weightsPath, memory)) {
    error.message += "; give the NAME.so that tenonc wrote, with its "
                     "NAME.weights beside it";
    return error;
  }
  Bytes file = {opened->weightsFile.data(), opened->weightsFile.size()};
  if (Error error = readWeights(file, weightsPath, opened->contents))
    return error;
  if (Error error = checkLibrary({libraryFile.data(), libraryFile.size()}, path,
                                 opened->contents.header, weightsPath))
    return error;
  if (Error error =
          checkArchitecture({libraryFile.data(), libraryFile.size()}, path))
    return error;
  if (Error error = opened->openLibrary(
          {libraryFile.data(), libraryFile.size()}, path, weightsPath, cpu))
    return error;
  model = std::move(opened);
  return success();
}

/// A copy reads faster from memory than a mapped file, but is no longer shared
/// with other processes.
Error Model::openWeights(const std::string &path,
                         tenon_rt_weights_memory memory) {
  File file;
  if (Error error = file.open(path))
    return error;
  bool isAuto = memory == TENON_RT_WEIGHTS_AUTO;
  if (isAuto ? isWorthCopying(file.size())
             : memory == TENON_RT_WEIGHTS_COPIED) {
    Error error = weightsFile.copy(file);
    isCopied = !error;
    if (!isAuto || error.status != TENON_RT_MEMORY)
      return error;
  }
  return weightsFile.map(file);
}

Error Model::openLibrary(Bytes file, const std::string &path,
                         const std::string &weightsPath,
                         const std::string &cpu) {
  library = openCode(path, file);
  if (!library)
    return linkerFailure(path);
  const void *symbol = dlsym(library, TENON_RT_ARTIFACT_SYMBOL);
  if (!symbol)
    return failure(TENON_RT_FORMAT, path,
                   ": expected the symbol " TENON_RT_ARTIFACT_SYMBOL
                   ", but the library has none; give the .so that tenonc "
                   "wrote");
  if (Error error =
          checkDescriptor(static_cast<const tenon_rt_artifact *>(symbol), path,
                          contents, weightsPath, checked, cpu))
    return error;
  const tenon_rt_artifact &d = *checked.descriptor;
  description = {d.name,
                 d.compiler,
                 d.triple,
                 d.cpu,
                 d.features,
                 d.cache_type,
                 d.vocab,
                 d.context,
                 d.layers,
                 checked.chunk->max_rows,
                 d.weights_bytes,
                 d.layers * d.cache_layer_slot_bytes,
                 checked.cpus.c_str(),
                 isCopied,
                 checked.batch->max_rows,
                 d.has_marks,
                 d.top_k};
  return success();
}
