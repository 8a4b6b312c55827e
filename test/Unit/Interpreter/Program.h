//===- Program.h - run a piece of IR in a test ------------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEST_UNIT_INTERPRETER_PROGRAM_H
#define TENON_TEST_UNIT_INTERPRETER_PROGRAM_H

#include "dialects/Tenon/Interpreter/Interpreter.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Parser/Parser.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>

namespace tenon::interp {

/// Dense f32 tensors by name.
class TestWeights : public WeightSource {
public:
  explicit TestWeights(const std::map<std::string, std::vector<float>> &values)
      : values(values) {}
  llvm::Expected<StoredTensor> load(llvm::StringRef tensor,
                                    const BlockFormat &format,
                                    llvm::ArrayRef<int64_t> shape) override {
    auto it = values.find(tensor.str());
    if (it == values.end())
      return llvm::createStringError("no tensor " + tensor);
    return StoredTensor{&format,
                        llvm::SmallVector<int64_t, 2>(shape),
                        {reinterpret_cast<const uint8_t *>(it->second.data()),
                         it->second.size() * sizeof(float)}};
  }

private:
  const std::map<std::string, std::vector<float>> &values;
};

/// A parsed module whose first function can be run.
class Program {
public:
  explicit Program(llvm::StringRef text) {
    context.loadDialect<TenonDialect, mlir::func::FuncDialect,
                        mlir::arith::ArithDialect>();
    handler = context.getDiagEngine().registerHandler(
        [this](mlir::Diagnostic &diagnostic) {
          errors += diagnostic.str() + "\n";
          return mlir::success();
        });
    module = mlir::parseSourceString<mlir::ModuleOp>(text, &context);
    EXPECT_TRUE(module) << errors;
  }

  /// Results of the first function, or nothing after an error.
  std::vector<RuntimeValue> run(llvm::ArrayRef<RuntimeValue> arguments) {
    if (!module)
      return {};
    Interpreter interpreter(
        *module,
        [this](llvm::StringRef file, llvm::StringRef fingerprint)
            -> llvm::Expected<std::unique_ptr<WeightSource>> {
          if (file == "test")
            return std::make_unique<TestWeights>(weights);
          return openSyntheticArchive(file, fingerprint);
        });
    auto results = interpreter.run(
        *module->getOps<mlir::func::FuncOp>().begin(), arguments);
    return llvm::succeeded(results) ? *results : std::vector<RuntimeValue>{};
  }

  /// An empty cache for argument `index` of the first function.
  CacheValue makeCache(unsigned index) {
    auto function = *module->getOps<mlir::func::FuncOp>().begin();
    return CacheValue::create(
        mlir::cast<CacheType>(function.getArgumentTypes()[index]));
  }

  /// Contents of the archive "test".
  std::map<std::string, std::vector<float>> weights;
  /// What was reported.
  std::string errors;

private:
  mlir::MLIRContext context;
  mlir::DiagnosticEngine::HandlerID handler;
  mlir::OwningOpRef<mlir::ModuleOp> module;
};

/// A tensor of this shape.
inline RuntimeValue floats(llvm::ArrayRef<int64_t> shape,
                           const std::vector<double> &data) {
  FloatTensor tensor(shape);
  EXPECT_EQ(tensor.data.size(), data.size());
  tensor.data = data;
  return makeTensor(std::move(tensor));
}

/// The numbers of a result; empty when it is no tensor.
inline std::vector<double> numbers(const std::vector<RuntimeValue> &results,
                                   size_t index = 0) {
  if (index >= results.size())
    return {};
  auto *tensor =
      std::get_if<std::shared_ptr<const FloatTensor>>(&results[index]);
  return tensor ? (*tensor)->data : std::vector<double>{};
}

/// Expects numbers within 1e-12 of each other.
inline void expectNear(const std::vector<double> &got,
                       const std::vector<double> &expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (size_t i = 0; i < got.size(); ++i)
    EXPECT_NEAR(got[i], expected[i], 1e-12) << "element " << i;
}

} // namespace tenon::interp

#endif // TENON_TEST_UNIT_INTERPRETER_PROGRAM_H
