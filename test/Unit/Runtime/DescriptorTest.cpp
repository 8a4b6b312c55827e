//===- DescriptorTest.cpp - checks of an artifact's description -----------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Starts from a valid description and breaks one field at a time.
//
//===----------------------------------------------------------------------===//

#include "runtime/src/Descriptor.h"
#include "runtime/src/CpuFeatures.h"

#include <cstring>
#include <functional>
#include <gtest/gtest.h>

using namespace tenon::runtime;

namespace {

void emptyEntry(tenon_rt_job *, uint64_t) {}

struct Description {
  std::string triple = std::string(cpuArchitecture()) + "-pc-linux-gnu";
  tenon_rt_entry entries[3] = {{"step", emptyEntry, 1, 10, 3},
                               {"chunk", emptyEntry, 64, 30, 130},
                               {"batch", emptyEntry, 8, 20, 7}};
  tenon_rt_artifact artifact = {};
  Weights weights;

  Description() {
    artifact.magic = TENON_RT_ARTIFACT_MAGIC;
    artifact.abi_version = TENON_RT_ABI_VERSION;
    artifact.bytes = sizeof(artifact);
    artifact.name = "name";
    artifact.compiler = "compiler";
    artifact.triple = triple.c_str();
    artifact.cpu = "cpu";
    artifact.features = "";
    artifact.sanitizer = "";
    artifact.vocab = 10;
    artifact.context = 16;
    artifact.layers = 2;
    artifact.cache_layer_slot_bytes = 8;
    artifact.cache_type = "f16";
    artifact.entry_count = 3;
    artifact.entries = entries;
  }

  Error check(Artifact &checked) {
    return checkDescriptor(&artifact, "a.so", weights, "a.weights", checked);
  }
};

/// Three CPUs, of which this machine can run the last two.
struct Chain {
  Description first, second, third;

  Chain() {
    first.artifact.cpu = "fast";
    first.artifact.features = "warp,shields";
    first.artifact.next = &second.artifact;
    second.artifact.cpu = "middle";
    second.artifact.next = &third.artifact;
    third.artifact.cpu = "slow";
  }
  Error check(Artifact &checked, const std::string &cpu = "") {
    return checkDescriptor(&first.artifact, "a.so", first.weights, "a.weights",
                           checked, cpu);
  }
};

TEST(Descriptor, TakesTheFirstThatRuns) {
  Chain chain;
  Artifact checked;
  Error error = chain.check(checked);
  ASSERT_FALSE(error) << error.message;
  EXPECT_STREQ(checked.descriptor->cpu, "middle");
  EXPECT_EQ(checked.step, &chain.second.entries[0]);
  EXPECT_EQ(checked.cpus, "fast,middle,slow");
  ASSERT_FALSE(chain.check(checked, "slow"));
  EXPECT_EQ(checked.chunk, &chain.third.entries[1]);
}

TEST(Descriptor, RefusesCpusByName) {
  Chain chain;
  Artifact checked;
  Error error = chain.check(checked, "toaster");
  EXPECT_EQ(error.status, TENON_RT_ARGUMENT);
  EXPECT_NE(error.message.find("expected one of fast,middle,slow, for which "
                               "it is compiled, but got toaster"),
            std::string::npos)
      << error.message;
  error = chain.check(checked, "fast");
  EXPECT_EQ(error.status, TENON_RT_CPU);
  EXPECT_NE(error.message.find("lacks its feature warp"), std::string::npos)
      << error.message;
  chain.second.artifact.features = "warp";
  chain.third.artifact.features = "tractor,beam";
  error = chain.check(checked);
  EXPECT_EQ(error.status, TENON_RT_CPU);
  EXPECT_NE(error.message.find("compiled for cpus fast,middle,slow, but for "
                               "the least demanding, slow, this machine lacks "
                               "tractor, beam"),
            std::string::npos)
      << error.message;
}

TEST(Descriptor, ChainEnds) {
  Chain chain;
  chain.third.artifact.next = &chain.first.artifact;
  Artifact checked;
  Error error = chain.check(checked);
  EXPECT_EQ(error.status, TENON_RT_FORMAT);
  EXPECT_NE(error.message.find("at most 64 CPUs"), std::string::npos)
      << error.message;
}

// What is checked of one is checked of all.
TEST(Descriptor, ChecksEveryVariant) {
  Chain chain;
  chain.third.artifact.abi_version = 1;
  Artifact checked;
  EXPECT_EQ(chain.check(checked).status, TENON_RT_ABI);
}

TEST(Descriptor, AcceptsAndSizes) {
  Description description;
  Artifact checked;
  Error error = description.check(checked);
  ASSERT_FALSE(error) << error.message;
  EXPECT_EQ(checked.step, &description.entries[0]);
  EXPECT_EQ(checked.chunk, &description.entries[1]);
  EXPECT_EQ(checked.batch, &description.entries[2]);
  EXPECT_EQ(checked.arenaBytes(), 30u);
  EXPECT_EQ(checked.scratchBytes(), 192u);
}

TEST(Descriptor, RefusesEveryBrokenField) {
  using D = Description;
  struct Case {
    tenon_rt_status status;
    const char *words;
    std::function<void(D &)> edit;
  };
  const Case cases[] = {
      {TENON_RT_FORMAT, "magic", [](D &d) { d.artifact.magic = 0; }},
      {TENON_RT_ABI, "ABI version 7", [](D &d) { d.artifact.abi_version = 1; }},
      {TENON_RT_ABI, "description of", [](D &d) { d.artifact.bytes -= 8; }},
      {TENON_RT_FORMAT, "name: ", [](D &d) { d.artifact.name = nullptr; }},
      {TENON_RT_FORMAT,
       "features: ", [](D &d) { d.artifact.features = nullptr; }},
      {TENON_RT_FORMAT, "cache_type: expected f16 or f32, but got q3",
       [](D &d) { d.artifact.cache_type = "q3"; }},
      {TENON_RT_CPU, "compiled for sparc-sun-solaris",
       [](D &d) { d.artifact.triple = "sparc-sun-solaris"; }},
      {TENON_RT_CPU, "compiled for ", [](D &d) { d.artifact.triple = ""; }},
      {TENON_RT_CPU, "its feature warp",
       [](D &d) { d.artifact.features = "warp"; }},
      {TENON_RT_FORMAT,
       "sanitizer: ", [](D &d) { d.artifact.sanitizer = "purple"; }},
      {TENON_RT_MISMATCH, "another model",
       [](D &d) { d.artifact.weights_id[15] = 1; }},
      {TENON_RT_MISMATCH, "packed weights",
       [](D &d) { d.artifact.weights_bytes = 1; }},
      {TENON_RT_FORMAT, "vocab: ", [](D &d) { d.artifact.vocab = 0; }},
      {TENON_RT_FORMAT, "vocab: ", [](D &d) { d.artifact.vocab = 1ull << 60; }},
      {TENON_RT_FORMAT, "context: ", [](D &d) { d.artifact.context = 0; }},
      {TENON_RT_FORMAT,
       "context: ", [](D &d) { d.artifact.context = INT32_MAX; }},
      {TENON_RT_FORMAT, "layers: ", [](D &d) { d.artifact.layers = 0; }},
      {TENON_RT_FORMAT, "has_marks: ", [](D &d) { d.artifact.has_marks = 2; }},
      {TENON_RT_FORMAT, "top_k: ", [](D &d) { d.artifact.top_k = 257; }},
      {TENON_RT_FORMAT, "cache_layer_slot_bytes: ",
       [](D &d) { d.artifact.cache_layer_slot_bytes = 1ull << 60; }},
      {TENON_RT_FORMAT,
       "entry_count: ", [](D &d) { d.artifact.entry_count = 0; }},
      {TENON_RT_FORMAT,
       "entry_count: ", [](D &d) { d.artifact.entry_count = UINT64_MAX; }},
      {TENON_RT_FORMAT,
       "entries: ", [](D &d) { d.artifact.entries = nullptr; }},
      {TENON_RT_FORMAT, "a function", [](D &d) { d.entries[1].run = nullptr; }},
      {TENON_RT_FORMAT, "a name", [](D &d) { d.entries[0].name = nullptr; }},
      {TENON_RT_FORMAT, "entry named step",
       [](D &d) { d.entries[0].name = "stop"; }},
      {TENON_RT_FORMAT, "entry named chunk",
       [](D &d) { d.entries[1].name = "chunks"; }},
      {TENON_RT_FORMAT, "entry named batch",
       [](D &d) { d.entries[2].name = "bunch"; }},
      {TENON_RT_FORMAT, "entry step: max_rows",
       [](D &d) { d.entries[0].max_rows = 0; }},
      {TENON_RT_FORMAT, "entry chunk: max_rows",
       [](D &d) { d.entries[1].max_rows = 1ull << 60; }},
      {TENON_RT_FORMAT, "entry chunk: arena_bytes",
       [](D &d) { d.entries[1].arena_bytes = UINT64_MAX; }},
      {TENON_RT_FORMAT, "entry step: scratch_bytes",
       [](D &d) { d.entries[0].scratch_bytes = UINT64_MAX; }},
  };
  for (const Case &test : cases) {
    Description description;
    test.edit(description);
    Artifact checked;
    Error error = description.check(checked);
    EXPECT_EQ(error.status, test.status) << test.words;
    EXPECT_NE(error.message.find(test.words), std::string::npos)
        << "no \"" << test.words << "\" in: " << error.message;
    EXPECT_NE(error.message.find("a.so"), std::string::npos);
  }
}

} // namespace
