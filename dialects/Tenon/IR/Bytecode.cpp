//===- Bytecode.cpp - versioned bytecode of the core dialect --------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A file says which version of the dialect wrote it; a newer one than this
// compiler knows is refused. Caches are written as name/value pairs: a reader
// gives axes that an old file lacks their defaults. Everything else uses the
// textual form, which is part of the same version.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/IR/Bytecode.h"
#include "dialects/Tenon/IR/Tenon.h"

#include "mlir/Bytecode/BytecodeImplementation.h"
#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace tenon;

namespace {

/// First number of an entity's encoding.
enum TypeCode : uint64_t { kCache = 1 };

struct TenonVersion : public DialectVersion {
  explicit TenonVersion(uint64_t number) : number(number) {}
  uint64_t number;
};

struct TenonBytecode : public BytecodeDialectInterface {
  explicit TenonBytecode(Dialect *dialect)
      : BytecodeDialectInterface(dialect) {}

  void writeVersion(DialectBytecodeWriter &writer) const override {
    writer.writeVarInt(kBytecodeVersion);
  }

  std::unique_ptr<DialectVersion>
  readVersion(DialectBytecodeReader &reader) const override {
    uint64_t number;
    if (failed(reader.readVarInt(number)))
      return nullptr;
    if (number == 0 || number > kBytecodeVersion) {
      reader.emitError() << "expected version 1 to " << kBytecodeVersion
                         << " of dialect 'tenon', but got " << number
                         << "; compile with a newer Tenon";
      return nullptr;
    }
    return std::make_unique<TenonVersion>(number);
  }

  LogicalResult writeType(Type type,
                          DialectBytecodeWriter &writer) const override {
    auto cache = dyn_cast<CacheType>(type);
    if (!cache)
      return failure();
    Builder builder(getContext());
    auto number = [&](int64_t value) {
      return builder.getI64IntegerAttr(value);
    };
    auto word = [&](StringRef value) { return builder.getStringAttr(value); };
    writer.writeVarInt(kCache);
    writer.writeAttribute(builder.getDictionaryAttr({
        builder.getNamedAttr("store",
                             word(stringifyCacheStore(cache.getStore()))),
        builder.getNamedAttr("layers", number(cache.getLayers())),
        builder.getNamedAttr("heads", number(cache.getHeads())),
        builder.getNamedAttr("dim", number(cache.getDim())),
        builder.getNamedAttr("rope", word(stringifyRopeState(cache.getRope()))),
        builder.getNamedAttr("pos",
                             word(stringifyPositionKind(cache.getPos()))),
        builder.getNamedAttr("k", TypeAttr::get(cache.getK())),
        builder.getNamedAttr("v", TypeAttr::get(cache.getV())),
        builder.getNamedAttr("layout",
                             word(stringifyCacheLayout(cache.getLayout()))),
        builder.getNamedAttr("extent", number(cache.getExtent())),
    }));
    return success();
  }

  Type readType(DialectBytecodeReader &reader) const override {
    uint64_t code;
    DictionaryAttr axes;
    if (failed(reader.readVarInt(code)))
      return {};
    if (code != kCache) {
      reader.emitError() << "expected type code " << uint64_t(kCache)
                         << " of dialect 'tenon', but got " << code;
      return {};
    }
    if (failed(reader.readAttribute(axes)))
      return {};
    return readCache(reader, axes);
  }

private:
  Type readCache(DialectBytecodeReader &reader, DictionaryAttr axes) const {
    auto word = [&](StringRef name, StringRef otherwise) {
      auto attr = axes.getAs<StringAttr>(name);
      return attr ? attr.getValue() : otherwise;
    };
    auto number = [&](StringRef name) -> int64_t {
      auto attr = axes.getAs<IntegerAttr>(name);
      return attr ? attr.getInt() : 0;
    };
    auto type = [&](StringRef name) -> Type {
      auto attr = axes.getAs<TypeAttr>(name);
      return attr ? attr.getValue() : Type(Float16Type::get(getContext()));
    };
    auto store = symbolizeCacheStore(word("store", "kv"));
    auto rope = symbolizeRopeState(word("rope", "post"));
    auto pos = symbolizePositionKind(word("pos", "original"));
    auto layout = symbolizeCacheLayout(word("layout", "contiguous"));
    if (!store || !rope || !pos || !layout) {
      reader.emitError() << "expected known axes of a cache, but got " << axes;
      return {};
    }
    return CacheType::getChecked(
        [&] { return reader.emitError(); }, getContext(), *store,
        number("layers"), number("heads"), number("dim"), *rope, *pos,
        type("k"), type("v"), *layout, number("extent"));
  }
};

} // namespace

void tenon::addBytecodeInterface(TenonDialect &dialect) {
  dialect.addInterfaces<TenonBytecode>();
}
