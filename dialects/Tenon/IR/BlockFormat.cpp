//===- BlockFormat.cpp - the stored formats and their meaning -------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The tables say where every code, sub-scale and sub-minimum of a block lies;
// one loop reads them all. Each operation on floats is rounded to f32 in the
// order that the header gives: contraction into fused multiply-adds is off in
// this file, since it would change the last bit.
//
//===----------------------------------------------------------------------===//

#include "dialects/Tenon/IR/BlockFormat.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/Endian.h"

#include <cstring>

#if defined(__clang__)
#pragma clang fp contract(off)
#endif

using namespace llvm;

namespace tenon {

//===----------------------------------------------------------------------===//
// Tables
//===----------------------------------------------------------------------===//

namespace {

// Indices in the order of the bytes, and the two orders of nibbles: all low
// nibbles of a run of bytes, then all high ones.
constexpr Digit bytes16[] = {{16, 1, 0}};
constexpr Digit bytes32[] = {{32, 1, 0}};
constexpr Digit nibbles16[] = {{2, 0, 4}, {16, 1, 0}};
constexpr Digit bits32[] = {{4, 1, 0}, {8, 0, 1}};

// Q4_0, Q4_1, Q5_0, Q5_1, Q8_0, IQ4_NL: blocks of 32.
constexpr BitField q40Code[] = {{4, 0, 2, 0, nibbles16}};
constexpr BitField q41Code[] = {{4, 0, 4, 0, nibbles16}};
constexpr BitField q50Code[] = {{4, 0, 6, 0, nibbles16}, {1, 4, 2, 0, bits32}};
constexpr BitField q51Code[] = {{4, 0, 8, 0, nibbles16}, {1, 4, 4, 0, bits32}};
constexpr BitField q80Code[] = {{8, 0, 2, 0, bytes32}};

// The formats of 256 elements. Low bits: a run of 32 bytes holds one element
// of each of its bit groups.
constexpr Digit twoBits[] = {{2, 32, 0}, {4, 0, 2}, {32, 1, 0}};
constexpr Digit fourBits[] = {{4, 32, 0}, {2, 0, 4}, {32, 1, 0}};
constexpr Digit oneBit[] = {{8, 0, 1}, {32, 1, 0}};
constexpr Digit q6Low[] = {{2, 64, 0}, {2, 0, 4}, {2, 32, 0}, {32, 1, 0}};
constexpr Digit iq4xsCodes[] = {{8, 16, 0}, {2, 0, 4}, {16, 1, 0}};

// Q2_K: scales[16], qs[64], d, dmin.
constexpr BitField q2kCode[] = {{2, 0, 16, 0, twoBits}};
constexpr BitField q2kSub[] = {{4, 0, 0, 0, bytes16}};
constexpr BitField q2kMin[] = {{4, 0, 0, 4, bytes16}};

// Q3_K: hmask[32], qs[64], scales[12], d.
constexpr Digit q3kSubLow[] = {{2, 0, 4}, {8, 1, 0}};
constexpr Digit q3kSubHigh[] = {{4, 0, 2}, {4, 1, 0}};
constexpr BitField q3kCode[] = {{2, 0, 32, 0, twoBits}, {1, 2, 0, 0, oneBit}};
constexpr BitField q3kSub[] = {{4, 0, 96, 0, q3kSubLow},
                               {2, 4, 104, 0, q3kSubHigh}};

// Q4_K: d, dmin, scales[12], qs[128]. Q5_K: the same with qh[32] before qs.
constexpr Digit k4SubLow[] = {{2, 8, 0}, {4, 1, 0}};
constexpr Digit k4MinLow[] = {{2, 4, 4}, {4, 1, 0}};
constexpr Digit k4High[] = {{2, 0, 2}, {4, 1, 0}};
constexpr BitField k4Sub[] = {{4, 0, 4, 0, k4SubLow}, {2, 4, 4, 4, k4High}};
constexpr BitField k4Min[] = {{4, 0, 8, 0, k4MinLow}, {2, 4, 8, 4, k4High}};
constexpr BitField q4kCode[] = {{4, 0, 16, 0, fourBits}};
constexpr BitField q5kCode[] = {{4, 0, 48, 0, fourBits}, {1, 4, 16, 0, oneBit}};

// Q6_K: ql[128], qh[64], scales[16], d.
constexpr BitField q6kCode[] = {{4, 0, 0, 0, q6Low}, {2, 4, 128, 0, twoBits}};
constexpr BitField q6kSub[] = {{8, 0, 192, 0, bytes16}};

// IQ4_XS: d, scales_h (2 bytes), scales_l[4], qs[128].
constexpr Digit iq4xsSubLow[] = {{4, 1, 0}, {2, 0, 4}};
constexpr Digit iq4xsSubHigh[] = {{2, 1, 0}, {4, 0, 2}};
constexpr BitField iq4xsCode[] = {{4, 0, 8, 0, iq4xsCodes}};
constexpr BitField iq4xsSub[] = {{4, 0, 4, 0, iq4xsSubLow},
                                 {2, 4, 2, 0, iq4xsSubHigh}};

constexpr int8_t iq4Table[] = {-127, -104, -83, -65, -49, -35, -22, -10,
                               1,    13,   25,  38,  53,  69,  89,  113};

constexpr FloatField half(int64_t byteOffset) {
  return {FloatKind::F16, byteOffset};
}

/// A format of plain floats.
constexpr BlockFormat plain(const char *name, uint32_t type, int64_t bytes,
                            FloatKind kind) {
  BlockFormat format{};
  format.name = StringRef(name, std::char_traits<char>::length(name));
  format.ggufType = type;
  format.elements = 1;
  format.bytes = bytes;
  format.plain = kind;
  return format;
}

// clang-format off
constexpr auto none = MinimumKind::None;
constexpr auto add = MinimumKind::Add;
constexpr auto subtract = MinimumKind::SubtractScaled;
constexpr auto coded = FloatKind::None;
constexpr BlockFormat formats[] = {
  plain("f32", 0, 4, FloatKind::F32),
  plain("f16", 1, 2, FloatKind::F16),
  plain("bf16", 30, 2, FloatKind::BF16),
  // name, type, elements, bytes, plain, code, table, scale,
  // elements per sub-scale, sub-scale, minimum, its scale, sub-minimum
  {"q4_0", 2, 32, 18, coded, {q40Code, 0, 8}, {}, half(0), 0, {}, none, {}, {}},
  {"q4_1", 3, 32, 20, coded, {q41Code, 0, 0}, {}, half(0), 0, {}, add, half(2), {}},
  {"q5_0", 6, 32, 22, coded, {q50Code, 0, 16}, {}, half(0), 0, {}, none, {}, {}},
  {"q5_1", 7, 32, 24, coded, {q51Code, 0, 0}, {}, half(0), 0, {}, add, half(2), {}},
  {"q8_0", 8, 32, 34, coded, {q80Code, 8, 0}, {}, half(0), 0, {}, none, {}, {}},
  {"q2_k", 10, 256, 84, coded, {q2kCode, 0, 0}, {}, half(80),
   16, {q2kSub, 0, 0}, subtract, half(82), {q2kMin, 0, 0}},
  {"q3_k", 11, 256, 110, coded, {q3kCode, 0, 4}, {}, half(108),
   16, {q3kSub, 0, 32}, none, {}, {}},
  {"q4_k", 12, 256, 144, coded, {q4kCode, 0, 0}, {}, half(0),
   32, {k4Sub, 0, 0}, subtract, half(2), {k4Min, 0, 0}},
  {"q5_k", 13, 256, 176, coded, {q5kCode, 0, 0}, {}, half(0),
   32, {k4Sub, 0, 0}, subtract, half(2), {k4Min, 0, 0}},
  {"q6_k", 14, 256, 210, coded, {q6kCode, 0, 32}, {}, half(208),
   16, {q6kSub, 8, 0}, none, {}, {}},
  {"iq4_nl", 20, 32, 18, coded, {q40Code, 0, 0}, iq4Table, half(0), 0, {}, none, {}, {}},
  {"iq4_xs", 23, 256, 136, coded, {iq4xsCode, 0, 0}, iq4Table, half(0),
   32, {iq4xsSub, 0, 32}, none, {}, {}},
};

/// Every type number that was ever given, for messages only.
constexpr struct { uint32_t type; const char *name; } typeNames[] = {
  {0, "F32"}, {1, "F16"}, {2, "Q4_0"}, {3, "Q4_1"}, {4, "Q4_2"}, {5, "Q4_3"},
  {6, "Q5_0"}, {7, "Q5_1"}, {8, "Q8_0"}, {9, "Q8_1"}, {10, "Q2_K"},
  {11, "Q3_K"}, {12, "Q4_K"}, {13, "Q5_K"}, {14, "Q6_K"}, {15, "Q8_K"},
  {16, "IQ2_XXS"}, {17, "IQ2_XS"}, {18, "IQ3_XXS"}, {19, "IQ1_S"},
  {20, "IQ4_NL"}, {21, "IQ3_S"}, {22, "IQ2_S"}, {23, "IQ4_XS"}, {24, "I8"},
  {25, "I16"}, {26, "I32"}, {27, "I64"}, {28, "F64"}, {29, "IQ1_M"},
  {30, "BF16"}, {31, "Q4_0_4_4"}, {32, "Q4_0_4_8"}, {33, "Q4_0_8_8"},
  {34, "TQ1_0"}, {35, "TQ2_0"}, {36, "IQ4_NL_4_4"}, {37, "IQ4_NL_4_8"},
  {38, "IQ4_NL_8_8"}, {39, "MXFP4"}, {40, "NVFP4"}, {41, "Q1_0"},
};
// clang-format on

//===----------------------------------------------------------------------===//
// Reading
//===----------------------------------------------------------------------===//

/// Exact for every input; a NaN stays one.
float halfToFloat(uint16_t bits) {
  uint32_t sign = uint32_t(bits >> 15) << 31;
  uint32_t exponent = (bits >> 10) & 31, fraction = bits & 1023;
  uint32_t word;
  if (exponent == 0) {
    float value = float(fraction) * 0x1p-24f;
    std::memcpy(&word, &value, sizeof(word));
  } else if (exponent == 31) {
    word = 0x7f800000u | fraction << 13;
  } else {
    word = (exponent + 112) << 23 | fraction << 13;
  }
  word |= sign;
  float result;
  std::memcpy(&result, &word, sizeof(result));
  return result;
}

float readFloat(FloatKind kind, const uint8_t *bytes) {
  if (kind == FloatKind::F16)
    return halfToFloat(support::endian::read16le(bytes));
  uint32_t word = kind == FloatKind::BF16
                      ? uint32_t(support::endian::read16le(bytes)) << 16
                      : support::endian::read32le(bytes);
  float result;
  std::memcpy(&result, &word, sizeof(result));
  return result;
}

/// Or's the field's bits of all indices into `out`, in order, by walking the
/// digits; returns the end of what it wrote.
int32_t *gatherBits(const BitField &field, ArrayRef<Digit> digits,
                    const uint8_t *block, BitField::Place at, int32_t *out) {
  const Digit &digit = digits.front();
  for (int64_t i = 0; i < digit.extent; ++i) {
    if (digits.size() > 1)
      out = gatherBits(field, digits.drop_front(), block, at, out);
    else
      *out++ |= ((block[at.byte] >> at.bit) & ((1 << field.bits) - 1))
                << at.shift;
    at.byte += digit.byteStride;
    at.bit += digit.bitStride;
    at.shift += digit.shiftStride;
  }
  return out;
}

/// Sign extension and bias of an assembled integer.
int64_t finishInteger(const IntegerField &field, int64_t value) {
  if (field.signBits != 0 && (value >> (field.signBits - 1)) & 1)
    value -= int64_t(1) << field.signBits;
  return value - field.bias;
}

/// All `count` integers of a field.
void readIntegers(const IntegerField &field, const uint8_t *block,
                  int64_t count, SmallVectorImpl<int32_t> &out) {
  out.assign(count, 0);
  for (const BitField &bits : field.fields)
    gatherBits(bits, bits.digits, block,
               {bits.byteOffset, bits.bitOffset, bits.shift}, out.data());
  if (field.signBits != 0 || field.bias != 0)
    for (int32_t &value : out)
      value = finishInteger(field, value);
}

} // namespace

BitField::Place BitField::place(int64_t i) const {
  Place result{byteOffset, bitOffset, shift};
  for (const Digit &digit : reverse(digits)) {
    result.byte += i % digit.extent * digit.byteStride;
    result.bit += i % digit.extent * digit.bitStride;
    result.shift += i % digit.extent * digit.shiftStride;
    i /= digit.extent;
  }
  return result;
}

int64_t readInteger(const IntegerField &field, const uint8_t *block,
                    int64_t i) {
  int64_t value = 0;
  for (const BitField &bits : field.fields) {
    BitField::Place at = bits.place(i);
    value |= int64_t((block[at.byte] >> at.bit) & ((1 << bits.bits) - 1))
             << at.shift;
  }
  return finishInteger(field, value);
}

void dequantizeBlock(const BlockFormat &format, const uint8_t *block,
                     float *out) {
  if (format.isPlain()) {
    *out = readFloat(format.plain, block);
    return;
  }
  SmallVector<int32_t, 256> codes;
  SmallVector<int32_t, 16> subScales, subMinima;
  readIntegers(format.code, block, format.elements, codes);
  // Without sub-scales the block is one group.
  int64_t group = format.subElements ? format.subElements : format.elements;
  int64_t groups = format.elements / group;
  if (format.subScale.present())
    readIntegers(format.subScale, block, groups, subScales);
  if (format.subMinimum.present())
    readIntegers(format.subMinimum, block, groups, subMinima);

  float scale = 1.0f, minimumScale = 0.0f;
  if (format.scale.present())
    scale = readFloat(format.scale.kind, block + format.scale.byteOffset);
  if (format.minimumScale.present())
    minimumScale = readFloat(format.minimumScale.kind,
                             block + format.minimumScale.byteOffset);

  for (int64_t g = 0; g < groups; ++g) {
    float groupScale =
        subScales.empty() ? scale : scale * static_cast<float>(subScales[g]);
    float minimum = minimumScale;
    if (format.minimum == MinimumKind::SubtractScaled && !subMinima.empty())
      minimum = minimumScale * static_cast<float>(subMinima[g]);
    for (int64_t e = g * group; e < (g + 1) * group; ++e) {
      int32_t code = format.table.empty() ? codes[e] : format.table[codes[e]];
      float value = groupScale * static_cast<float>(code);
      if (format.minimum == MinimumKind::Add)
        value = value + minimum;
      else if (format.minimum == MinimumKind::SubtractScaled)
        value = value - minimum;
      out[e] = value;
    }
  }
}

void dequantizeRow(const BlockFormat &format, const uint8_t *row,
                   int64_t columns, float *out) {
  for (int64_t done = 0; done < columns; done += format.elements) {
    dequantizeBlock(format, row, out + done);
    row += format.bytes;
  }
}

//===----------------------------------------------------------------------===//
// Lookup
//===----------------------------------------------------------------------===//

ArrayRef<BlockFormat> blockFormats() { return formats; }

const BlockFormat *lookupBlockFormat(StringRef name) {
  const auto *it =
      find_if(formats, [&](const BlockFormat &f) { return f.name == name; });
  return it == std::end(formats) ? nullptr : it;
}

const BlockFormat *lookupGGUFType(uint32_t type) {
  const auto *it = find_if(
      formats, [&](const BlockFormat &f) { return f.ggufType == type; });
  return it == std::end(formats) ? nullptr : it;
}

StringRef ggufTypeName(uint32_t type) {
  for (const auto &entry : typeNames)
    if (entry.type == type)
      return entry.name;
  return "";
}

} // namespace tenon
