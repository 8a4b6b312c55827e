//===- BytecodeInput.h - a dialect's part of a bytecode file ----*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// MLIR reads the container of a bytecode file and trusts its counts: a wrong
// one ends the process before the dialect sees a byte. So the dialect's own
// readers are called with a stand-in for MLIR's reader. Numbers come from the
// bytes of the input, attributes are parsed from its text.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEST_FUZZ_IR_BYTECODEINPUT_H
#define TENON_TEST_FUZZ_IR_BYTECODEINPUT_H

#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Bytecode/BytecodeImplementation.h"
#include "mlir/IR/Diagnostics.h"

namespace tenon {

/// Numbers, then a text that ends with the input.
class BytecodeInput : public mlir::DialectBytecodeReader {
public:
  BytecodeInput(mlir::MLIRContext *context, llvm::StringRef bytes)
      : context(context), bytes(bytes) {}

  mlir::InFlightDiagnostic emitError(const llvm::Twine &text) const override {
    return mlir::emitError(mlir::UnknownLoc::get(context), text);
  }
  mlir::MLIRContext *getContext() const override { return context; }
  uint64_t getBytecodeVersion() const override { return 6; }
  llvm::FailureOr<const mlir::DialectVersion *>
  getDialectVersion(llvm::StringRef) const override {
    return llvm::failure();
  }

  llvm::LogicalResult readVarInt(uint64_t &result) override {
    if (bytes.empty())
      return llvm::failure();
    result = static_cast<uint8_t>(bytes.front());
    bytes = bytes.drop_front();
    return llvm::success();
  }
  llvm::LogicalResult readAttribute(mlir::Attribute &result) override {
    result = mlir::parseAttribute(bytes, context);
    return llvm::success(static_cast<bool>(result));
  }
  llvm::LogicalResult readOptionalAttribute(mlir::Attribute &result) override {
    return readAttribute(result);
  }
  llvm::LogicalResult readType(mlir::Type &result) override {
    result = mlir::parseType(bytes, context);
    return llvm::success(static_cast<bool>(result));
  }
  llvm::LogicalResult readSignedVarInt(int64_t &result) override {
    uint64_t number = 0;
    llvm::LogicalResult status = readVarInt(number);
    result = static_cast<int8_t>(number);
    return status;
  }
  llvm::LogicalResult readString(llvm::StringRef &result) override {
    result = bytes;
    return llvm::success();
  }
  llvm::LogicalResult readBlob(llvm::ArrayRef<char> &result) override {
    result = {bytes.data(), bytes.size()};
    return llvm::success();
  }
  llvm::LogicalResult readBool(bool &result) override {
    uint64_t number = 0;
    llvm::LogicalResult status = readVarInt(number);
    result = number & 1;
    return status;
  }
  llvm::FailureOr<llvm::APInt> readAPIntWithKnownWidth(unsigned) override {
    return llvm::failure();
  }
  llvm::FailureOr<llvm::APFloat>
  readAPFloatWithKnownSemantics(const llvm::fltSemantics &) override {
    return llvm::failure();
  }

private:
  llvm::FailureOr<mlir::AsmDialectResourceHandle>
  readResourceHandle() override {
    return llvm::failure();
  }

  mlir::MLIRContext *context;
  llvm::StringRef bytes;
};

} // namespace tenon

#endif // TENON_TEST_FUZZ_IR_BYTECODEINPUT_H
