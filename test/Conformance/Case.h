//===- Case.h - one case of the conformance matrix --------------*- C++ -*-===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A case is a function of the core dialect whose work is all in kernels, and a
// list of conditions (rows, filled slots, positions) under which it runs. The
// text decides what is compiled, so conditions are cheap and cases are not.
//
//===----------------------------------------------------------------------===//

#ifndef TENON_TEST_CONFORMANCE_CASE_H
#define TENON_TEST_CONFORMANCE_CASE_H

#include "llvm/ADT/STLFunctionalExtras.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tenon::conformance {

/// What an argument of a case holds.
enum class Role {
  Floats,    ///< rows of random numbers, as many as the conditions say
  Ids,       ///< per row a number below the argument's limit
  Positions, ///< per row its position
  Chosen,    ///< per chosen row a row number
  KeyBias,   ///< a number per filled slot
  Weight,    ///< random valid blocks
  Blocks,    ///< random bytes; scales and minima that are 0, huge, no numbers
  Cache,     ///< filled as the conditions say
  Layer,     ///< the layer of the cache
  Count      ///< of elements by rank, as the conditions say
};

struct Argument {
  Role role;
  int64_t limit = 0; ///< of ids
};

/// What is known at run time only.
struct Conditions {
  int64_t rows = 1;
  int64_t chosen = 0;      ///< entries of `Role::Chosen`
  int64_t used = 0;        ///< slots filled before the call
  int64_t start = 0;       ///< position of the first row
  bool isFilled = false;   ///< the call's own rows have slots already
  bool isHidden = false;   ///< slots lie after every query
  bool isShuffled = false; ///< old slots have positions in no order
  bool isBroken = false;   ///< some numbers of queries and slots are not finite
  int64_t count = 0;       ///< of `Role::Count`
};

/// One function, and what it runs on.
struct Case {
  std::string group;   ///< as --group names it
  std::string name;    ///< unique in the matrix
  std::string format;  ///< column of the table of errors
  std::string feature; ///< what a CPU must have to run it, or nothing
  std::string text;    ///< a func.func; @NAME stands for its symbol
  std::vector<Argument> arguments;
  std::vector<Conditions> conditions;
  /// Largest difference, relative to the largest number of the reference where
  /// that is above 1. 0: the same f32.
  double tolerance = 1e-5;
  /// The results are logits, and of other kernels values and indices: those of
  /// sorting these logits, to the bit.
  bool isRanked = false;
};

/// A value in a case's text.
struct Val {
  std::string name, type;
};

/// How rows are rounded before they meet weights.
enum class Rounding { None, BF16, Int8 };

/// Writes the text of a case.
class Program {
public:
  /// `isStep`: scheduled for one row at a time.
  explicit Program(bool isStep) : Program(int64_t(isStep ? 1 : 256)) {}
  /// Scheduled for up to so many rows.
  explicit Program(int64_t maxRows) : maxRows(maxRows) {}

  /// A new argument of the function.
  Val argument(Role role, std::string type, int64_t limit = 0);
  /// An op of one result, or of several, in the kernel that is being written.
  /// @{
  Val op(const std::string &text, const std::string &type);
  std::vector<Val> ops(const std::string &text,
                       const std::vector<std::string> &types);
  /// @}
  /// A kernel: `body` gets the block's arguments and gives what it yields.
  std::vector<Val>
  kernel(const std::vector<Val> &inputs,
         llvm::function_ref<std::vector<Val>(const std::vector<Val> &)> body);
  /// A kernel that rounds `input`.
  Val quantize(const Val &input, Rounding rounding = Rounding::Int8);
  /// The case whose function returns `results`.
  Case finish(std::string group, std::string name, std::string format,
              const std::vector<Val> &results);

private:
  int64_t maxRows;
  unsigned values = 0;
  std::string header, body;
  std::vector<Argument> arguments;
};

/// "tensor<?xAxBxf32>".
std::string rowsType(const std::vector<int64_t> &shape);
/// "!tenon.weight<NxK, [format]>"; without K a vector.
/// @{
std::string matrixType(int64_t rows, int64_t columns,
                       const std::string &format);
std::string vectorType(int64_t size);
/// @}

/// Generators, one per file of the same topic. `isFull`: every combination,
/// not a choice in which every value of every axis occurs.
/// @{
void addContractions(std::vector<Case> &cases, bool isFull);
void addAttention(std::vector<Case> &cases, bool isFull);
void addEmbeddings(std::vector<Case> &cases, bool isFull);
void addRows(std::vector<Case> &cases, bool isFull);
void addRanks(std::vector<Case> &cases, bool isFull);
/// @}

} // namespace tenon::conformance

#endif // TENON_TEST_CONFORMANCE_CASE_H
