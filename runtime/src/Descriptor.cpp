//===- Descriptor.cpp - checks of an artifact's description ---------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The fields before `name` have the same place in every ABI version; nothing
// else is read before they have been checked. Upper bounds here are far above
// any model and keep products of two fields inside 64 bits.
//
//===----------------------------------------------------------------------===//

#include "Descriptor.h"

#include "CpuFeatures.h"

#include <algorithm>
#include <cstring>
#include <dlfcn.h>

using namespace tenon::runtime;

uint64_t Artifact::arenaBytes() const {
  return std::max({step->arena_bytes, chunk->arena_bytes, batch->arena_bytes});
}

uint64_t Artifact::scratchBytes() const {
  uint64_t bytes = std::max(
      {step->scratch_bytes, chunk->scratch_bytes, batch->scratch_bytes});
  return (bytes + 63) / 64 * 64;
}

Error tenon::runtime::sanitizerFailure(const std::string &path,
                                       const std::string &sanitizer) {
  return failure(TENON_RT_SANITIZER, path, ": its code is instrumented by the ",
                 sanitizer,
                 " sanitizer, but this program is not; use a program built "
                 "with -fsanitize=",
                 sanitizer, ", or compile the model without --sanitize");
}

namespace {

constexpr const char *kRecompile =
    "; compile the model again with the tenonc of this runtime";
constexpr uint64_t kMaxRows = 1u << 20;
constexpr uint64_t kMaxVariants = 64;
constexpr uint64_t kMaxBytes = uint64_t(1) << 40;

/// Fails unless `first` <= value <= `last`.
Error checkRange(const std::string &path, const std::string &field,
                 uint64_t value, uint64_t first, uint64_t last) {
  if (value >= first && value <= last)
    return success();
  return failure(TENON_RT_FORMAT, path, ": ", field, ": expected ", first,
                 " to ", last, ", but got ", value, kRecompile);
}

Error checkIdentity(const tenon_rt_artifact &d, const std::string &path) {
  if (d.magic != TENON_RT_ARTIFACT_MAGIC)
    return failure(TENON_RT_FORMAT, path,
                   ": symbol " TENON_RT_ARTIFACT_SYMBOL ": expected magic ",
                   TENON_RT_ARTIFACT_MAGIC, ", but got ", d.magic,
                   "; give the .so that tenonc wrote");
  if (d.abi_version != TENON_RT_ABI_VERSION)
    return failure(TENON_RT_ABI, path, ": expected ABI version ",
                   TENON_RT_ABI_VERSION, ", but got ", d.abi_version,
                   kRecompile);
  if (d.bytes != sizeof(tenon_rt_artifact))
    return failure(TENON_RT_ABI, path, ": expected a description of ",
                   sizeof(tenon_rt_artifact), " bytes, but got ", d.bytes,
                   kRecompile);
  return success();
}

Error checkStrings(const tenon_rt_artifact &d, const std::string &path) {
  const std::pair<const char *, const char *> strings[] = {
      {"name", d.name},
      {"compiler", d.compiler},
      {"triple", d.triple},
      {"cpu", d.cpu},
      {"features", d.features},
      {"sanitizer", d.sanitizer},
      {"cache_type", d.cache_type}};
  for (auto [field, value] : strings)
    if (!value)
      return failure(TENON_RT_FORMAT, path, ": ", field,
                     ": expected a string, but got null", kRecompile);
  if (std::strcmp(d.cache_type, "f16") && std::strcmp(d.cache_type, "f32"))
    return failure(TENON_RT_FORMAT, path,
                   ": cache_type: expected f16 or f32, but got ", d.cache_type,
                   kRecompile);
  return success();
}

Error checkArchitecture(const tenon_rt_artifact &d, const std::string &path) {
  std::string triple = d.triple;
  std::string_view architecture = cpuArchitecture();
  if (triple.substr(0, triple.find('-')) == architecture)
    return success();
  return failure(TENON_RT_CPU, path, ": compiled for ", triple,
                 ", but this machine is ", architecture,
                 "; compile the model on a machine of this kind");
}

/// Says that this machine cannot run the code for any of the CPUs.
Error refuseMachine(const tenon_rt_artifact &last, const std::string &path,
                    const std::string &cpus) {
  constexpr const char *remedy =
      "; compile the model with --cpu=native here or with --cpu=x86-64-v3";
  if (cpus == last.cpu)
    return failure(TENON_RT_CPU, path, ": compiled for cpu ", last.cpu,
                   ", but this machine lacks its feature ",
                   firstMissingCpuFeature(last.features), remedy);
  return failure(TENON_RT_CPU, path, ": compiled for cpus ", cpus,
                 ", but for the least demanding, ", last.cpu,
                 ", this machine lacks ", missingCpuFeatures(last.features),
                 remedy);
}

/// Goes through the descriptions and takes one.
Error chooseVariant(const tenon_rt_artifact *first, const std::string &path,
                    const std::string &cpu, Artifact &artifact) {
  uint64_t count = 0;
  const tenon_rt_artifact *last = first;
  for (const tenon_rt_artifact *d = first; d; d = d->next) {
    if (Error error = checkIdentity(*d, path))
      return error;
    if (Error error = checkStrings(*d, path))
      return error;
    if (Error error = checkArchitecture(*d, path))
      return error;
    if (++count > kMaxVariants)
      return failure(TENON_RT_FORMAT, path, ": expected code for at most ",
                     kMaxVariants, " CPUs, but got more", kRecompile);
    artifact.cpus += (count > 1 ? "," : "") + std::string(d->cpu);
    last = d;
    bool isWanted = cpu.empty() ? firstMissingCpuFeature(d->features).empty()
                                : cpu == d->cpu;
    if (isWanted && !artifact.descriptor)
      artifact.descriptor = d;
  }
  if (!artifact.descriptor && cpu.empty())
    return refuseMachine(*last, path, artifact.cpus);
  if (!artifact.descriptor)
    return failure(TENON_RT_ARGUMENT, path, ": cpu: expected one of ",
                   artifact.cpus, ", for which it is compiled, but got ", cpu);
  if (!firstMissingCpuFeature(artifact.descriptor->features).empty())
    return refuseMachine(*artifact.descriptor, path, cpu);
  return success();
}

Error checkSanitizer(const tenon_rt_artifact &d, const std::string &path) {
  std::string sanitizer = d.sanitizer;
  if (sanitizer.empty())
    return success();
  const char *symbol = sanitizer == "address"  ? "__asan_init"
                       : sanitizer == "thread" ? "__tsan_init"
                                               : nullptr;
  if (!symbol)
    return failure(TENON_RT_FORMAT, path,
                   ": sanitizer: expected address, thread or nothing, but got ",
                   sanitizer, kRecompile);
  return dlsym(RTLD_DEFAULT, symbol) ? success()
                                     : sanitizerFailure(path, sanitizer);
}

Error checkPair(const tenon_rt_artifact &d, const std::string &path,
                const Weights &weights, const std::string &weightsPath) {
  constexpr const char *remedy =
      "; use the .so and .weights that one run of tenonc wrote";
  if (std::memcmp(d.weights_id, weights.header.weights_id,
                  sizeof(d.weights_id)) != 0)
    return failure(TENON_RT_MISMATCH, path, ": ", weightsPath,
                   " holds the weights of another model", remedy);
  if (d.weights_bytes != weights.packed.size)
    return failure(TENON_RT_MISMATCH, path, ": expected ", d.weights_bytes,
                   " bytes of packed weights, but ", weightsPath, " has ",
                   weights.packed.size, remedy);
  return success();
}

Error checkSizes(const tenon_rt_artifact &d, const std::string &path) {
  if (Error error = checkRange(path, "vocab", d.vocab, 1, INT32_MAX))
    return error;
  // Positions are 32-bit and INT32_MAX marks a free slot.
  if (Error error = checkRange(path, "context", d.context, 1,
                               INT32_MAX - 2 * TENON_RT_SLOT_TILE))
    return error;
  if (Error error = checkRange(path, "layers", d.layers, 1, 1u << 16))
    return error;
  if (Error error = checkRange(path, "has_marks", d.has_marks, 0, 1))
    return error;
  if (Error error = checkRange(path, "top_k", d.top_k, 0, TENON_RT_MAX_TOP_K))
    return error;
  return checkRange(path, "cache_layer_slot_bytes", d.cache_layer_slot_bytes, 1,
                    1u << 30);
}

Error checkEntries(const tenon_rt_artifact &d, const std::string &path,
                   Artifact &artifact) {
  if (Error error = checkRange(path, "entry_count", d.entry_count, 3, 64))
    return error;
  if (!d.entries)
    return failure(TENON_RT_FORMAT, path,
                   ": entries: expected an array, but got null", kRecompile);
  for (uint64_t i = 0; i < d.entry_count; ++i) {
    const tenon_rt_entry &entry = d.entries[i];
    if (!entry.name || !entry.run)
      return failure(TENON_RT_FORMAT, path, ": entry ", i,
                     ": expected a name and a function, but got null",
                     kRecompile);
    std::string name = entry.name;
    std::string field = "entry " + name + ": ";
    if (Error error =
            checkRange(path, field + "max_rows", entry.max_rows, 1, kMaxRows))
      return error;
    if (Error error = checkRange(path, field + "arena_bytes", entry.arena_bytes,
                                 0, kMaxBytes))
      return error;
    if (Error error = checkRange(path, field + "scratch_bytes",
                                 entry.scratch_bytes, 0, kMaxBytes))
      return error;
    if (name == "step")
      artifact.step = &entry;
    else if (name == "chunk")
      artifact.chunk = &entry;
    else if (name == "batch")
      artifact.batch = &entry;
  }
  for (auto [name, entry] : {std::make_pair("step", artifact.step),
                             std::make_pair("chunk", artifact.chunk),
                             std::make_pair("batch", artifact.batch)})
    if (!entry)
      return failure(TENON_RT_FORMAT, path, ": expected an entry named ", name,
                     ", but there is none", kRecompile);
  return success();
}

} // namespace

Error tenon::runtime::checkDescriptor(const tenon_rt_artifact *descriptor,
                                      const std::string &path,
                                      const Weights &weights,
                                      const std::string &weightsPath,
                                      Artifact &artifact,
                                      const std::string &cpu) {
  artifact = {};
  if (Error error = chooseVariant(descriptor, path, cpu, artifact))
    return error;
  const tenon_rt_artifact &d = *artifact.descriptor;
  if (Error error = checkSanitizer(d, path))
    return error;
  if (Error error = checkPair(d, path, weights, weightsPath))
    return error;
  if (Error error = checkSizes(d, path))
    return error;
  return checkEntries(d, path, artifact);
}
