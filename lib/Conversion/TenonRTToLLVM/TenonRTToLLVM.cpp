//===- TenonRTToLLVM.cpp - runtime ops in the LLVM dialect ----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Fields of the job are read where they are used: a job does not change while
// an entry runs, so loads are invariant and LLVM keeps them in registers. The
// fields of the enum are the 64-bit words of `tenon_rt_job`, in order.
//
//===----------------------------------------------------------------------===//

#include "lib/Conversion/TenonRTToLLVM/TenonRTToLLVM.h"

#include "dialects/TenonRT/IR/TenonRT.h"
#include "tenon-rt/abi.h"

#include "mlir/Conversion/ConvertToLLVM/ToLLVMInterface.h"
#include "mlir/Conversion/LLVMCommon/MemRefBuilder.h"
#include "mlir/Conversion/LLVMCommon/Pattern.h"

using namespace mlir;
using namespace tenon;
using namespace tenon::rt;

// The numbers of the enum are those of the words.
/// A field's enumerant counts the 64-bit words before it.
#define TENON_SAME_PLACE(field)                                                \
  static_assert(offsetof(tenon_rt_job, field) ==                               \
                static_cast<size_t>(JobField::field) * 8)
TENON_SAME_PLACE(workers);
TENON_SAME_PLACE(rows);
TENON_SAME_PLACE(out_rows);
TENON_SAME_PLACE(ids);
TENON_SAME_PLACE(positions);
TENON_SAME_PLACE(out_index);
TENON_SAME_PLACE(logits);
TENON_SAME_PLACE(arena);
TENON_SAME_PLACE(scratch);
TENON_SAME_PLACE(weights);
TENON_SAME_PLACE(cache);
TENON_SAME_PLACE(slot_positions);
TENON_SAME_PLACE(slots_used);
TENON_SAME_PLACE(capacity);
TENON_SAME_PLACE(top_rows);
TENON_SAME_PLACE(top_index);
TENON_SAME_PLACE(top_count);
TENON_SAME_PLACE(top_ids);
TENON_SAME_PLACE(top_logits);
#undef TENON_SAME_PLACE

// A sequence has the same four fields in the same order.
#define TENON_SAME_ORDER(field)                                                \
  static_assert(offsetof(tenon_rt_sequence, field) ==                          \
                offsetof(tenon_rt_job, field) - offsetof(tenon_rt_job, cache))
TENON_SAME_ORDER(slot_positions);
TENON_SAME_ORDER(slots_used);
TENON_SAME_ORDER(capacity);
#undef TENON_SAME_ORDER

Value tenon::getJobAddress(OpBuilder &builder, Location loc, Value job,
                           size_t offset) {
  return LLVM::GEPOp::create(
      builder, loc, LLVM::LLVMPointerType::get(builder.getContext()),
      builder.getI8Type(), job, LLVM::GEPArg(static_cast<int32_t>(offset)),
      LLVM::GEPNoWrapFlags::inbounds);
}

namespace {

/// The sequence of row `row`.
Value emitSequence(OpBuilder &builder, Location loc, Value job, Value row) {
  static_assert(sizeof(tenon_rt_sequence) == 32);
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  Type word = builder.getI64Type();
  Value address =
      getJobAddress(builder, loc, job, offsetof(tenon_rt_job, sequences));
  Value table = LLVM::LoadOp::create(builder, loc, pointer, address,
                                     /*alignment=*/8, /*isVolatile=*/false,
                                     /*isNonTemporal=*/false,
                                     /*isInvariant=*/true);
  Type sequence = LLVM::LLVMArrayType::get(word, 4);
  return LLVM::GEPOp::create(builder, loc, pointer, sequence, table,
                             LLVM::GEPArg(row), LLVM::GEPNoWrapFlags::inbounds);
}

/// Loads the 64-bit word of `field`, of the row's sequence if there is a row.
Value loadField(OpBuilder &builder, Location loc, Value job, Value row,
                JobField field, Type type) {
  Type pointer = LLVM::LLVMPointerType::get(builder.getContext());
  auto word = static_cast<int32_t>(field);
  if (row) {
    job = emitSequence(builder, loc, job, row);
    word -= static_cast<int32_t>(JobField::cache);
  }
  Value address =
      LLVM::GEPOp::create(builder, loc, pointer, builder.getI64Type(), job,
                          LLVM::GEPArg(word), LLVM::GEPNoWrapFlags::inbounds);
  return LLVM::LoadOp::create(builder, loc, type, address, /*alignment=*/8,
                              /*isVolatile=*/false, /*isNonTemporal=*/false,
                              /*isInvariant=*/true);
}

struct NumberLowering : ConvertOpToLLVMPattern<NumberOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(NumberOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    rewriter.replaceOp(op, loadField(rewriter, op.getLoc(), adaptor.getJob(),
                                     adaptor.getRow(), op.getField(),
                                     rewriter.getI64Type()));
    return success();
  }
};

struct BufferLowering : ConvertOpToLLVMPattern<BufferOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(BufferOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type = cast<MemRefType>(op.getResult().getType());
    Type descriptorType = getTypeConverter()->convertType(type);
    if (!descriptorType)
      return rewriter.notifyMatchFailure(op, "type has no descriptor");
    Type pointer = LLVM::LLVMPointerType::get(getContext());
    Value address = loadField(rewriter, loc, adaptor.getJob(), adaptor.getRow(),
                              op.getField(), pointer);
    if (Value offset = adaptor.getOffset())
      address =
          LLVM::GEPOp::create(rewriter, loc, pointer, rewriter.getI8Type(),
                              address, offset, LLVM::GEPNoWrapFlags::inbounds);

    auto descriptor = MemRefDescriptor::poison(rewriter, loc, descriptorType);
    descriptor.setAllocatedPtr(rewriter, loc, address);
    descriptor.setAlignedPtr(rewriter, loc, address);
    descriptor.setConstantOffset(rewriter, loc, 0);
    // Rows lie one after the other: the stride of a dimension is the product
    // of the sizes within it.
    SmallVector<Value> sizes;
    auto dynamicSizes = adaptor.getSizes().begin();
    for (int64_t size : type.getShape())
      sizes.push_back(ShapedType::isDynamic(size)
                          ? *dynamicSizes++
                          : constant(rewriter, loc, size));
    Value stride = constant(rewriter, loc, 1);
    for (int64_t dim = type.getRank() - 1; dim >= 0; --dim) {
      descriptor.setSize(rewriter, loc, dim, sizes[dim]);
      descriptor.setStride(rewriter, loc, dim, stride);
      if (dim > 0)
        stride = LLVM::MulOp::create(rewriter, loc, stride, sizes[dim]);
    }
    rewriter.replaceOp(op, {descriptor});
    return success();
  }

private:
  static Value constant(OpBuilder &builder, Location loc, int64_t value) {
    return LLVM::ConstantOp::create(builder, loc, builder.getI64Type(),
                                    builder.getI64IntegerAttr(value));
  }
};

struct TableLowering : ConvertOpToLLVMPattern<TableOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(TableOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto module = op->getParentOfType<ModuleOp>();
    Type word = rewriter.getI64Type();
    auto type = LLVM::LLVMArrayType::get(word, op.getValues().size());
    auto values = DenseElementsAttr::get(
        RankedTensorType::get(op.getValues().size(), word), op.getValues());
    LLVM::GlobalOp global = findOrCreate(rewriter, module, loc, type, values);
    Type pointer = LLVM::LLVMPointerType::get(getContext());
    Value base = LLVM::AddressOfOp::create(rewriter, loc, global);
    Value address =
        LLVM::GEPOp::create(rewriter, loc, pointer, type, base,
                            ArrayRef<LLVM::GEPArg>{0, adaptor.getIndex()},
                            LLVM::GEPNoWrapFlags::inbounds);
    rewriter.replaceOpWithNewOp<LLVM::LoadOp>(op, word, address);
    return success();
  }

private:
  /// Tables of equal values share one constant.
  static LLVM::GlobalOp findOrCreate(OpBuilder &builder, ModuleOp module,
                                     Location loc, LLVM::LLVMArrayType type,
                                     Attribute values) {
    unsigned count = 0;
    for (auto global : module.getOps<LLVM::GlobalOp>()) {
      if (!global.getSymName().starts_with("tenon_table_"))
        continue;
      if (global.getValueAttr() == values)
        return global;
      ++count;
    }
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(module.getBody());
    return LLVM::GlobalOp::create(
        builder, loc, type, /*isConstant=*/true, LLVM::Linkage::Internal,
        "tenon_table_" + std::to_string(count), values);
  }
};

/// An op on the job that is a call of one function of the module.
template <typename OpTy, LLVM::LLVMFuncOp (*getOrCreate)(OpBuilder &, ModuleOp)>
struct CallLowering : ConvertOpToLLVMPattern<OpTy> {
  using ConvertOpToLLVMPattern<OpTy>::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(OpTy op, typename OpTy::Adaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    LLVM::LLVMFuncOp callee =
        getOrCreate(rewriter, op->template getParentOfType<ModuleOp>());
    rewriter.replaceOpWithNewOp<LLVM::CallOp>(op, callee, adaptor.getJob());
    return success();
  }
};
using BarrierLowering = CallLowering<BarrierOp, getOrCreateBarrier>;
using ArriveLowering = CallLowering<ArriveOp, getOrCreateArrive>;
using ReleaseLowering = CallLowering<ReleaseOp, getOrCreateRelease>;

/// Barriers order what units read and write; a claim orders nothing.
struct ClaimLowering : ConvertOpToLLVMPattern<ClaimOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(ClaimOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Type word = rewriter.getI64Type();
    Value counter = getJobAddress(rewriter, loc, adaptor.getJob(),
                                  offsetof(tenon_rt_job, next_unit));
    Value one = LLVM::ConstantOp::create(rewriter, loc, word,
                                         rewriter.getI64IntegerAttr(1));
    rewriter.replaceOpWithNewOp<LLVM::AtomicRMWOp>(
        op, LLVM::AtomicBinOp::add, counter, one,
        LLVM::AtomicOrdering::monotonic);
    return success();
  }
};

/// A call of the job's `mark`.
struct MarkLowering : ConvertOpToLLVMPattern<MarkOp> {
  using ConvertOpToLLVMPattern::ConvertOpToLLVMPattern;

  LogicalResult
  matchAndRewrite(MarkOp op, OpAdaptor adaptor,
                  ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    Type word = rewriter.getI64Type();
    Type pointer = LLVM::LLVMPointerType::get(getContext());
    auto constant = [&](int64_t value) -> Value {
      return LLVM::ConstantOp::create(rewriter, loc, word,
                                      rewriter.getI64IntegerAttr(value));
    };
    Value address = getJobAddress(rewriter, loc, adaptor.getJob(),
                                  offsetof(tenon_rt_job, mark));
    Value hook = LLVM::LoadOp::create(rewriter, loc, pointer, address,
                                      /*alignment=*/8);
    Value mark =
        constant(2 * op.getKernel() + static_cast<int64_t>(op.getKind()));
    Value layer = adaptor.getLayer() ? adaptor.getLayer() : constant(0);
    auto type = LLVM::LLVMFunctionType::get(
        LLVM::LLVMVoidType::get(getContext()), {pointer, word, word, word});
    LLVM::CallOp::create(
        rewriter, loc, type,
        ValueRange{hook, adaptor.getJob(), adaptor.getWorker(), mark, layer});
    rewriter.eraseOp(op);
    return success();
  }
};

struct TenonRTToLLVMInterface : ConvertToLLVMPatternInterface {
  using ConvertToLLVMPatternInterface::ConvertToLLVMPatternInterface;

  void loadDependentDialects(MLIRContext *context) const final {
    context->loadDialect<LLVM::LLVMDialect>();
  }

  void populateConvertToLLVMConversionPatterns(
      ConversionTarget &target, LLVMTypeConverter &converter,
      RewritePatternSet &patterns) const final {
    target.addIllegalOp<NumberOp, BufferOp, TableOp, BarrierOp, ArriveOp,
                        ReleaseOp, ClaimOp, MarkOp>();
    populateTenonRTToLLVMTypeConversions(converter);
    populateTenonRTToLLVMPatterns(converter, patterns);
  }
};

} // namespace

void tenon::populateTenonRTToLLVMTypeConversions(LLVMTypeConverter &converter) {
  converter.addConversion([](JobType type) -> Type {
    return LLVM::LLVMPointerType::get(type.getContext());
  });
}

void tenon::populateTenonRTToLLVMPatterns(LLVMTypeConverter &converter,
                                          RewritePatternSet &patterns) {
  patterns.add<NumberLowering, BufferLowering, TableLowering, BarrierLowering,
               ArriveLowering, ReleaseLowering, ClaimLowering, MarkLowering>(
      converter);
}

void tenon::registerConvertTenonRTToLLVMInterface(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *, TenonRTDialect *dialect) {
    dialect->addInterfaces<TenonRTToLLVMInterface>();
  });
}
