//===- RowKernelTest.cpp - row kernels against plain loops ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Each op of a row kernel as machine code, on rows [first, last) of shapes
// with odd tails, against loops in double precision. Rows outside the range
// must stay as they were.
//
//===----------------------------------------------------------------------===//

#include "Compiled.h"

#include "gtest/gtest.h"

#include <cmath>
#include <cstring>
#include <functional>
#include <random>
#include <vector>

using namespace tenon::test;

namespace {

constexpr int64_t kRows = 7, kFirst = 2, kLast = 6;
constexpr float kUntouched = -12345.0f;

/// A buffer of a kernel: its type in the kernel's own terms and its elements.
struct Buffer {
  std::string type;   ///< of the kernel's operand or result
  std::string memref; ///< of the function's argument
  std::vector<float> data;
  bool hasRows = true;
};

std::string shapeText(llvm::ArrayRef<int64_t> shape) {
  std::string text = "?x";
  for (int64_t size : shape)
    text += std::to_string(size) + "x";
  return text;
}

Buffer rows(llvm::ArrayRef<int64_t> shape, unsigned seed) {
  Buffer buffer;
  buffer.type = "tensor<" + shapeText(shape) + "f32>";
  buffer.memref = "memref<" + shapeText(shape) + "f32>";
  int64_t count = kRows;
  for (int64_t size : shape)
    count *= size;
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal(0.3f, 2.0f);
  for (int64_t i = 0; i < count; ++i)
    buffer.data.push_back(normal(engine));
  return buffer;
}

Buffer output(llvm::ArrayRef<int64_t> shape) {
  Buffer buffer = rows(shape, 0);
  std::fill(buffer.data.begin(), buffer.data.end(), kUntouched);
  return buffer;
}

Buffer weight(int64_t size, unsigned seed) {
  Buffer buffer = rows({size}, seed);
  buffer.data.resize(size);
  for (float &value : buffer.data)
    value = std::abs(value) + 0.1f;
  buffer.type = "!tenon.weight<" + std::to_string(size) + ", [f32]>";
  buffer.memref = "memref<" + std::to_string(size) + "xf32>";
  buffer.hasRows = false;
  return buffer;
}

Buffer numbers(std::vector<int32_t> values) {
  Buffer buffer;
  buffer.type = "tensor<?xi32>";
  buffer.memref = "memref<?xi32>";
  buffer.data.resize(values.size());
  std::memcpy(buffer.data.data(), values.data(), values.size() * 4);
  return buffer;
}

/// Compiles the kernel with this body (its arguments are %0, %1, ...; it
/// yields `yields`) and runs it on rows [kFirst, kLast).
void runKernel(const std::string &body, const std::string &yields,
               std::vector<Buffer *> inputs, std::vector<Buffer *> outputs,
               llvm::StringRef cpu = "native") {
  auto list = [](llvm::ArrayRef<Buffer *> buffers,
                 const std::function<std::string(size_t)> &text) {
    std::string result;
    for (size_t i = 0; i < buffers.size(); ++i)
      result += (i ? ", " : "") + text(i);
    return result;
  };
  auto type = [&](llvm::ArrayRef<Buffer *> buffers) {
    return list(buffers, [&](size_t i) { return buffers[i]->type; });
  };
  auto argument = [&](const char *prefix) {
    return list(inputs, [&](size_t i) {
      return prefix + std::to_string(i) + ": " + inputs[i]->type;
    });
  };
  std::string names =
      list(inputs, [](size_t i) { return "%a" + std::to_string(i); });
  std::string source = "module {\nfunc.func @f(" + argument("%a") +
                       ") {\n  %r:" + std::to_string(outputs.size()) +
                       " = tenon.kernel \"k\" (" + names + ") : (" +
                       type(inputs) + ") -> (" + type(outputs) +
                       ") {\n  ^kernel(" + argument("%x") + "):\n" + body +
                       "\n    tenon.yield " + yields + " : " + type(outputs) +
                       "\n  }\n  return\n}\n";

  // The driver takes all buffers from the arena, one after the other.
  std::vector<Buffer *> all = inputs;
  all.insert(all.end(), outputs.begin(), outputs.end());
  std::string types = list(all, [&](size_t i) { return all[i]->memref; });
  source += "module @driver {\n  func.func private @kernel_k(" + types +
            ", index, index)\n  func.func @run(%job: !tenon_rt.job, %worker: "
            "index) {\n    %rows = tenon_rt.number rows of %job\n    %first = "
            "tenon_rt.number out_rows of %job\n    %last = tenon_rt.number "
            "slots_used of %job\n";
  std::vector<size_t> offsets;
  size_t bytes = 0;
  for (size_t i = 0; i < all.size(); ++i) {
    offsets.push_back(bytes);
    std::string number = std::to_string(i);
    source += "    %o" + number + " = arith.constant " + std::to_string(bytes) +
              " : index\n    %b" + number +
              " = tenon_rt.buffer arena of %job at %o" + number +
              (all[i]->hasRows ? " sizes (%rows)" : "") + " : " +
              all[i]->memref + "\n";
    bytes += (all[i]->data.size() * 4 + 63) / 64 * 64;
  }
  source += "    func.call @kernel_k(" +
            list(all, [](size_t i) { return "%b" + std::to_string(i); }) +
            ", %first, %last) : (" + types +
            ", index, index) -> ()\n    return\n  }\n}\n}\n";

  std::unique_ptr<Compiled> compiled = Compiled::create(source, cpu);
  ASSERT_TRUE(compiled) << source;
  std::vector<uint8_t> storage(bytes + 64);
  auto base = (reinterpret_cast<uintptr_t>(storage.data()) + 63) / 64 * 64;
  tenon_rt_job job = {};
  job.workers = 1;
  job.rows = kRows;
  job.out_rows = kFirst;
  job.slots_used = kLast;
  job.arena = reinterpret_cast<uint8_t *>(base);
  for (size_t i = 0; i < all.size(); ++i)
    std::memcpy(job.arena + offsets[i], all[i]->data.data(),
                all[i]->data.size() * 4);
  compiled->run(job);
  for (size_t i = inputs.size(); i < all.size(); ++i)
    std::memcpy(all[i]->data.data(), job.arena + offsets[i],
                all[i]->data.size() * 4);
}

using Reference = std::function<double(int64_t row, int64_t element)>;

/// Rows in range are near the reference, all others untouched.
void expectRows(const Buffer &buffer, double tolerance,
                const Reference &reference) {
  int64_t width = buffer.data.size() / kRows;
  for (int64_t row = 0; row < kRows; ++row)
    for (int64_t i = 0; i < width; ++i) {
      float got = buffer.data[row * width + i];
      if (row < kFirst || row >= kLast) {
        ASSERT_EQ(got, kUntouched) << "row " << row << " element " << i;
        continue;
      }
      double want = reference(row, i);
      ASSERT_NEAR(got, want, tolerance * std::max(1.0, std::abs(want)))
          << "row " << row << " element " << i;
    }
}

/// `norm` of one vector, element `i`.
double norm(bool isLayer, const float *x, const float *w, int64_t size,
            int64_t i) {
  double mean = 0, square = 0;
  for (int64_t k = 0; isLayer && k < size; ++k)
    mean += x[k];
  mean /= size;
  for (int64_t k = 0; k < size; ++k)
    square += (x[k] - mean) * (x[k] - mean);
  return (x[i] - mean) / std::sqrt(square / size + double(1e-5f)) * w[i];
}

std::string normText(const char *kind, const std::string &input,
                     const std::string &weightName, const Buffer &x,
                     const Buffer &w) {
  return std::string("tenon.norm ") + kind + " " + input + ", " + weightName +
         " {eps = 1.0e-5 : f32} : " + x.type + ", " + w.type;
}

class Width : public testing::TestWithParam<int64_t> {};

TEST_P(Width, Norm) {
  int64_t size = GetParam();
  for (bool isLayer : {false, true}) {
    Buffer x = rows({size}, 1), w = weight(size, 2), y = output({size});
    runKernel("    %y = " +
                  normText(isLayer ? "layer" : "rms", "%x0", "%x1", x, w),
              "%y", {&x, &w}, {&y});
    expectRows(y, 2e-6, [&](int64_t row, int64_t i) {
      return norm(isLayer, &x.data[row * size], w.data.data(), size, i);
    });
  }
}

TEST_P(Width, NormOnNarrowVectors) {
  int64_t size = GetParam();
  Buffer x = rows({size}, 3), w = weight(size, 4), y = output({size});
  runKernel("    %y = " + normText("rms", "%x0", "%x1", x, w), "%y", {&x, &w},
            {&y}, "x86-64-v3");
  expectRows(y, 2e-6, [&](int64_t row, int64_t i) {
    return norm(false, &x.data[row * size], w.data.data(), size, i);
  });
}

// The sum is a result of its own and feeds the norm.
TEST_P(Width, ResidualAndNorm) {
  int64_t size = GetParam();
  Buffer x = rows({size}, 5), y = rows({size}, 6), w = weight(size, 7);
  Buffer normed = output({size}), sum = output({size});
  runKernel("    %s = arith.addf %x0, %x1 : " + x.type +
                "\n    %n = " + normText("rms", "%s", "%x2", x, w),
            "%n, %s", {&x, &y, &w}, {&normed, &sum});
  std::vector<float> want(x.data.size());
  for (size_t i = 0; i < want.size(); ++i)
    want[i] = x.data[i] + y.data[i];
  expectRows(sum, 0, [&](int64_t row, int64_t i) -> double {
    return want[row * size + i];
  });
  expectRows(normed, 2e-6, [&](int64_t row, int64_t i) {
    return norm(false, &want[row * size], w.data.data(), size, i);
  });
}

TEST_P(Width, Gate) {
  int64_t size = GetParam();
  for (const char *fn : {"silu", "gelu", "relu"}) {
    Buffer g = rows({size}, 8), u = rows({size}, 9), y = output({size});
    for (size_t i = 0; i < g.data.size(); i += 3)
      g.data[i] *= 40.0f;
    g.data[kFirst * size] = -1000.0f;
    g.data[kFirst * size + 1] = 1000.0f;
    g.data[kFirst * size + 2] = 0.0f;
    runKernel(std::string("    %y = tenon.gate ") + fn +
                  " %x0, %x1 : " + g.type,
              "%y", {&g, &u}, {&y});
    expectRows(y, 2e-6, [&](int64_t row, int64_t i) {
      double x = g.data[row * size + i], factor = u.data[row * size + i];
      if (fn == std::string("silu"))
        return x / (1 + std::exp(-x)) * factor;
      if (fn == std::string("gelu"))
        return x * 0.5 * (1 + std::erf(x * std::sqrt(0.5))) * factor;
      return std::max(x, 0.0) * factor;
    });
  }
}

// Rows are chosen after the norm, which then runs for chosen rows only.
TEST_P(Width, ChosenRows) {
  int64_t size = GetParam();
  std::vector<int32_t> chosen = {9, 9, 6, 0, 6, 3, 9};
  Buffer x = rows({size}, 10), w = weight(size, 11), y = output({size});
  Buffer index = numbers(chosen);
  runKernel("    %n = " + normText("rms", "%x0", "%x1", x, w) +
                "\n    %y = tenon.rows %n, %x2 : " + x.type + ", " +
                index.type + " -> " + x.type,
            "%y", {&x, &w, &index}, {&y});
  expectRows(y, 2e-6, [&](int64_t row, int64_t i) {
    return norm(false, &x.data[chosen[row] * size], w.data.data(), size, i);
  });
}

INSTANTIATE_TEST_SUITE_P(Widths, Width, testing::Values(5, 17, 20, 80, 576));

TEST(RowKernel, ResultsThatAreInputsOrTwins) {
  Buffer x = rows({20}, 12), y = rows({20}, 13);
  Buffer first = output({20}), second = output({20}), third = output({20});
  runKernel("    %s = arith.addf %x0, %x1 : " + x.type, "%s, %x0, %s", {&x, &y},
            {&first, &second, &third});
  auto sum = [&](int64_t row, int64_t i) -> double {
    return x.data[row * 20 + i] + y.data[row * 20 + i];
  };
  expectRows(first, 0, sum);
  expectRows(second, 0, [&](int64_t row, int64_t i) -> double {
    return x.data[row * 20 + i];
  });
  expectRows(third, 0, sum);
}

TEST(RowKernel, RopeAngles) {
  std::vector<int32_t> positions = {9, 9, 0, 1, 77777, 4095, 9};
  for (bool hasFactors : {false, true}) {
    Buffer place = numbers(positions), factors = weight(20, 14);
    Buffer y = output({20, 2});
    std::vector<Buffer *> inputs = {&place};
    if (hasFactors)
      inputs.push_back(&factors);
    runKernel(
        "    %y = tenon.rope_angles %x0 " +
            std::string(hasFactors ? "factors %x1 : " + factors.type : "") +
            " {base = 1.0e5 : f64, dims = 40 : i64, frequency_scale = "
            "0.25 : f64, magnitude = 1.5 : f64} : " +
            place.type + " -> " + y.type,
        "%y", inputs, {&y});
    expectRows(y, 1e-7, [&](int64_t row, int64_t i) {
      int64_t pair = i / 2;
      double angle = positions[row] * 0.25 * std::pow(1e5, -2.0 * pair / 40);
      if (hasFactors)
        angle /= factors.data[pair];
      return 1.5 * (i % 2 ? std::sin(angle) : std::cos(angle));
    });
  }
}

/// Element of a rotated head.
double rotate(bool isInterleaved, const float *x, const float *angles,
              int64_t pairs, int64_t i) {
  if (i >= 2 * pairs)
    return x[i];
  int64_t pair = isInterleaved ? i / 2 : i % pairs;
  bool isSecond = isInterleaved ? i % 2 : i >= pairs;
  double a = x[isInterleaved ? 2 * pair : pair];
  double b = x[isInterleaved ? 2 * pair + 1 : pair + pairs];
  double c = angles[2 * pair], s = angles[2 * pair + 1];
  return isSecond ? a * s + b * c : a * c - b * s;
}

struct Heads {
  int64_t heads, dim, pairs;
};
class Rope : public testing::TestWithParam<Heads> {};

TEST_P(Rope, Rotates) {
  auto [heads, dim, pairs] = GetParam();
  for (bool isInterleaved : {true, false}) {
    Buffer x = rows({heads, dim}, 15), angles = rows({pairs, 2}, 16);
    Buffer y = output({heads, dim});
    runKernel(std::string("    %y = tenon.rope ") +
                  (isInterleaved ? "interleaved" : "half_split") +
                  " %x0, %x1 : " + x.type + ", " + angles.type,
              "%y", {&x, &angles}, {&y});
    int64_t width = heads * dim;
    expectRows(y, 1e-6, [&, pairs = pairs, dim = dim](int64_t row, int64_t i) {
      int64_t head = i / dim;
      return rotate(isInterleaved, &x.data[row * width + head * dim],
                    &angles.data[row * pairs * 2], pairs, i % dim);
    });
  }
}

// A norm per head before the rotation, as some models have it.
TEST_P(Rope, RotatesNormedHeads) {
  auto [heads, dim, pairs] = GetParam();
  Buffer x = rows({heads, dim}, 17), angles = rows({pairs, 2}, 18);
  Buffer w = weight(dim, 19), y = output({heads, dim});
  runKernel("    %n = " + normText("rms", "%x0", "%x2", x, w) +
                "\n    %y = tenon.rope half_split %n, %x1 : " + x.type + ", " +
                angles.type,
            "%y", {&x, &angles, &w}, {&y});
  int64_t width = heads * dim;
  expectRows(y, 3e-6, [&, pairs = pairs, dim = dim](int64_t row, int64_t i) {
    const float *head = &x.data[row * width + i / dim * dim];
    std::vector<float> normed(dim);
    for (int64_t k = 0; k < dim; ++k)
      normed[k] = norm(false, head, w.data.data(), dim, k);
    return rotate(false, normed.data(), &angles.data[row * pairs * 2], pairs,
                  i % dim);
  });
}

INSTANTIATE_TEST_SUITE_P(Shapes, Rope,
                         testing::Values(Heads{9, 64, 32}, Heads{3, 80, 40},
                                         Heads{1, 80, 32}, Heads{2, 6, 1},
                                         Heads{5, 128, 64}));

} // namespace
