//===- BlockFormat.h - element formats of stored weights as data -*- C++
//-*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One description per stored tensor type. The interpreter's reader, the
// packer and the kernel builders all read it, so that they cannot disagree.
//
// A block holds `elements` consecutive elements of one row in `bytes` bytes.
// The value of element e is, each operation rounded to f32 in this order:
//
//   scale  = sub-scales ? f32(d) * f32(sub(e)) : f32(d)   (1 when absent)
//   value  = scale * f32(code(e))
//   value += f32(m)                            (minimum == Add)
//   value -= f32(dmin) * f32(submin(e))        (minimum == SubtractScaled)
//
// where code(e) is an integer, or an entry of `table`. Codes, sub-scales and
// sub-minima are assembled from bit fields; where field i lies follows from
// the digits of i in a mixed-radix system (see `BitField`).
//
//===----------------------------------------------------------------------===//

#ifndef TENON_DIALECTS_TENON_IR_BLOCKFORMAT_H
#define TENON_DIALECTS_TENON_IR_BLOCKFORMAT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <cstdint>

namespace tenon {

/// One digit of an index: `extent` values, each a step of `byteStride` bytes
/// and `bitStride` bits. With a `shiftStride` they hold other bits of the
/// result.
struct Digit {
  int64_t extent;
  int64_t byteStride;
  int64_t bitStride;
  int64_t shiftStride = 0;
};

/// `bits` bits of every index, found at byte `byteOffset` and bit `bitOffset`
/// plus the strides of the index's digits (outermost first; the product of the
/// extents is the number of indices). They become bits `shift`.. of the result,
/// plus strides too. A field never crosses a byte.
struct BitField {
  int64_t bits;
  int64_t shift;
  int64_t byteOffset;
  int64_t bitOffset;
  llvm::ArrayRef<Digit> digits;

  /// Byte within the block and bit within that byte of index `i`, and the bit
  /// of the result.
  struct Place {
    int64_t byte;
    int64_t bit;
    int64_t shift;
  };
  Place place(int64_t i) const;
};

/// An integer per index: fields or'ed together, then sign-extended from
/// `signBits` (when not 0), then `bias` subtracted.
struct IntegerField {
  llvm::ArrayRef<BitField> fields;
  int64_t signBits = 0;
  int64_t bias = 0;
  bool present() const { return !fields.empty(); }
};

enum class FloatKind : uint8_t { None, F16, BF16, F32 };

/// A floating-point number at a fixed byte of the block.
struct FloatField {
  FloatKind kind = FloatKind::None;
  int64_t byteOffset = 0;
  bool present() const { return kind != FloatKind::None; }
};

enum class MinimumKind : uint8_t { None, Add, SubtractScaled };

/// The description of one stored format.
struct BlockFormat {
  llvm::StringRef name; ///< mnemonic: "q4_1"
  uint32_t ggufType;    ///< number of the type in a GGUF file
  int64_t elements;     ///< elements per block
  int64_t bytes;        ///< bytes per block
  /// Elements that are plain floats: no codes; F32, F16, BF16 (elements == 1).
  FloatKind plain = FloatKind::None;
  IntegerField code;            ///< index: element
  llvm::ArrayRef<int8_t> table; ///< code -> value, or empty
  FloatField scale;             ///< d
  int64_t subElements = 0;      ///< elements per sub-scale, 0: none
  IntegerField subScale;        ///< index: element / subElements
  MinimumKind minimum = MinimumKind::None;
  FloatField minimumScale; ///< m (Add) or dmin (SubtractScaled)
  IntegerField subMinimum; ///< index: element / subElements

  bool isPlain() const { return plain != FloatKind::None; }
  /// Bytes of a row of `columns` elements; `columns` is a multiple of
  /// `elements`.
  int64_t rowBytes(int64_t columns) const { return columns / elements * bytes; }
};

/// All formats, in the order of `SchemeKind`: f32 f16 bf16 q4_0 q4_1 q5_0 q5_1
/// q8_0 q2_k q3_k q4_k q5_k q6_k iq4_nl iq4_xs.
llvm::ArrayRef<BlockFormat> blockFormats();

/// The format with this mnemonic, or null.
const BlockFormat *lookupBlockFormat(llvm::StringRef name);

/// The format with this GGUF type number, or null.
const BlockFormat *lookupGGUFType(uint32_t type);

/// Name of any GGUF type number for messages ("IQ2_XXS"), or "" when unknown.
llvm::StringRef ggufTypeName(uint32_t type);

/// Integer at index `i` of a field, read from one block.
int64_t readInteger(const IntegerField &field, const uint8_t *block, int64_t i);

/// Dequantises one block into `out[format.elements]`, bit for bit as the
/// formula above says.
void dequantizeBlock(const BlockFormat &format, const uint8_t *block,
                     float *out);

/// Dequantises a row of `columns` elements.
void dequantizeRow(const BlockFormat &format, const uint8_t *row,
                   int64_t columns, float *out);

} // namespace tenon

#endif // TENON_DIALECTS_TENON_IR_BLOCKFORMAT_H
