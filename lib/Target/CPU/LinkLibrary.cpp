//===- LinkLibrary.cpp - object files to a shared library -----------------===//
//
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The C and mathematics libraries are described to the linker by stubs that
// list the functions which LLVM's code generator may call. So the result does
// not depend on the versions installed here, and a kernel that needs anything
// else (a helper of a compiler's own library, say) fails to link by name.
//
// The linker keeps its state in globals: one link at a time, and none after a
// link that crashed.
//
//===----------------------------------------------------------------------===//

#include "lib/Target/CPU/LinkLibrary.h"

#include "lld/Common/Driver.h"
#include "llvm/BinaryFormat/ELF.h"
#include "llvm/InterfaceStub/ELFObjHandler.h"
#include "llvm/InterfaceStub/IFSStub.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Object/ELFObjectFile.h"
#include "llvm/Support/Errc.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Signals.h"
#include "llvm/TargetParser/Triple.h"

#include <mutex>

LLD_HAS_DRIVER(elf)

using namespace tenon::cpu;

namespace {

constexpr llvm::StringLiteral kLibcFunctions[] = {"memcpy", "memmove", "memset",
                                                  "memcmp", "bcmp"};

constexpr llvm::StringLiteral kLibmFunctions[] = {
    "acos",  "acosf",  "asin",      "asinf",      "atan",      "atanf",
    "atan2", "atan2f", "ceil",      "ceilf",      "cos",       "cosf",
    "cosh",  "coshf",  "erf",       "erff",       "exp",       "expf",
    "exp2",  "exp2f",  "expm1",     "expm1f",     "floor",     "floorf",
    "fma",   "fmaf",   "fmax",      "fmaxf",      "fmin",      "fminf",
    "fmod",  "fmodf",  "ldexp",     "ldexpf",     "log",       "logf",
    "log10", "log10f", "log1p",     "log1pf",     "log2",      "log2f",
    "lrint", "lrintf", "nearbyint", "nearbyintf", "pow",       "powf",
    "rint",  "rintf",  "round",     "roundf",     "roundeven", "roundevenf",
    "sin",   "sinf",   "sincos",    "sincosf",    "sinh",      "sinhf",
    "sqrt",  "sqrtf",  "tan",       "tanf",       "tanh",      "tanhf",
    "trunc", "truncf"};

/// A file that goes with its scope, or with the process.
struct TemporaryFile {
  explicit TemporaryFile(std::string name) : path(std::move(name)) {
    llvm::sys::RemoveFileOnSignal(path);
  }
  ~TemporaryFile() {
    llvm::sys::fs::remove(path);
    llvm::sys::DontRemoveFileOnSignal(path);
  }
  TemporaryFile(const TemporaryFile &) = delete;
  TemporaryFile &operator=(const TemporaryFile &) = delete;

  const std::string path;
};

/// Whether a folder has room for a link, whose archive and library are each
/// about as large as the objects: LLVM's writers end the process, some by a
/// signal, when the disk is full.
llvm::Error checkSpace(llvm::StringRef folder,
                       llvm::ArrayRef<ObjectFile> objects) {
  constexpr uint64_t kStubs = 64 << 10;
  uint64_t needed = kStubs;
  for (const ObjectFile &object : objects)
    needed += 2 * object.data.size();
  auto space = llvm::sys::fs::disk_space(folder.empty() ? "." : folder);
  // Some file systems do not tell: their capacity is 0.
  if (!space || space->capacity == 0 || space->available >= needed)
    return llvm::Error::success();
  return llvm::createStringError(
      llvm::errc::no_space_on_device,
      "expected %llu bytes of free space to link in, but the disk has %llu; "
      "free some, or name a folder on another disk",
      static_cast<unsigned long long>(needed),
      static_cast<unsigned long long>(space->available));
}

/// Writes a shared library that has these functions and no code.
llvm::Error writeStub(llvm::StringRef path, llvm::StringRef soname,
                      const llvm::Triple &triple,
                      llvm::ArrayRef<llvm::StringLiteral> functions) {
  llvm::ifs::IFSStub stub;
  stub.SoName = soname.str();
  stub.Target.Arch =
      triple.isAArch64() ? llvm::ELF::EM_AARCH64 : llvm::ELF::EM_X86_64;
  stub.Target.BitWidth = llvm::ifs::IFSBitWidthType::IFS64;
  stub.Target.Endianness = llvm::ifs::IFSEndiannessType::Little;
  for (llvm::StringRef function : functions) {
    llvm::ifs::IFSSymbol symbol(function.str());
    symbol.Type = llvm::ifs::IFSSymbolType::Func;
    symbol.Size = 0;
    stub.Symbols.push_back(std::move(symbol));
  }
  return llvm::ifs::writeBinaryStub(path, stub);
}

llvm::Error writeFile(llvm::StringRef path, llvm::StringRef text) {
  return llvm::writeToOutput(path, [&](llvm::raw_ostream &stream) {
    stream << text;
    return llvm::Error::success();
  });
}

llvm::Error writeArchive(llvm::StringRef path,
                         llvm::ArrayRef<ObjectFile> objects) {
  std::vector<std::string> names;
  for (const ObjectFile &object : objects)
    names.push_back(object.name + ".o");
  std::vector<llvm::NewArchiveMember> members;
  for (auto [object, name] : llvm::zip(objects, names))
    members.emplace_back(llvm::MemoryBufferRef(
        llvm::StringRef(object.data.data(), object.data.size()), name));
  return llvm::writeArchive(path, members,
                            llvm::SymtabWritingMode::NormalSymtab,
                            llvm::object::Archive::K_GNU,
                            /*Deterministic=*/true, /*Thin=*/false);
}

/// Runs the linker; its messages become the error.
llvm::Error runLinker(llvm::ArrayRef<std::string> arguments) {
  static std::mutex mutex;
  static bool crashed = false;
  std::lock_guard<std::mutex> lock(mutex);
  if (crashed)
    return llvm::createStringError(
        llvm::errc::operation_not_permitted,
        "expected a usable linker, but an earlier link in this process "
        "crashed; start a new process");
  std::vector<const char *> pointers;
  for (const std::string &argument : arguments)
    pointers.push_back(argument.c_str());
  std::string messages;
  llvm::raw_string_ostream stream(messages);
  lld::Result result =
      lld::lldMain(pointers, stream, stream, {{lld::Gnu, &lld::elf::link}});
  crashed = !result.canRunAgain;
  if (result.retCode == 0 && !crashed)
    return llvm::Error::success();
  llvm::StringRef text = llvm::StringRef(messages).trim();
  return llvm::createStringError(llvm::errc::executable_format_error,
                                 "expected the library to link, but got: %s",
                                 text.empty() ? "a crash of the linker"
                                              : text.str().c_str());
}

/// The loader finds everything through one symbol; a second one would be an
/// interface that nobody promised.
llvm::Error checkExports(llvm::StringRef path, llvm::StringRef exported) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return llvm::createFileError(path, buffer.getError());
  auto file = llvm::object::ObjectFile::createELFObjectFile(
      (*buffer)->getMemBufferRef());
  if (!file)
    return file.takeError();
  bool found = false;
  auto &elf = llvm::cast<llvm::object::ELFObjectFileBase>(**file);
  for (const llvm::object::ELFSymbolRef &symbol :
       elf.getDynamicSymbolIterators()) {
    auto flags = symbol.getFlags();
    if (!flags)
      return flags.takeError();
    if (*flags & llvm::object::BasicSymbolRef::SF_Undefined)
      continue;
    auto name = symbol.getName();
    if (!name)
      return name.takeError();
    found |= *name == exported;
    if (*name != exported)
      return llvm::createStringError(
          llvm::errc::executable_format_error,
          "expected the library to export '%s' only, but it also exports '%s'",
          exported.str().c_str(), name->str().c_str());
  }
  if (!found)
    return llvm::createStringError(
        llvm::errc::executable_format_error,
        "expected the library to export '%s', but no object defines it",
        exported.str().c_str());
  return llvm::Error::success();
}

} // namespace

llvm::Error tenon::cpu::linkLibrary(llvm::ArrayRef<ObjectFile> objects,
                                    const LinkOptions &options) {
  const llvm::Triple triple(options.triple);
  const TemporaryFile archive(options.output + ".objects.a");
  const TemporaryFile exports(options.output + ".exports");
  const TemporaryFile libc(options.output + ".libc.so");
  const TemporaryFile libm(options.output + ".libm.so");
  if (auto error =
          checkSpace(llvm::sys::path::parent_path(options.output), objects))
    return error;
  if (auto error = writeArchive(archive.path, objects))
    return error;
  if (auto error = writeFile(exports.path, "{ global: " + options.exported +
                                               "; local: *; };\n"))
    return error;
  if (auto error = writeStub(libc.path, "libc.so.6", triple, kLibcFunctions))
    return error;
  if (auto error = writeStub(libm.path, "libm.so.6", triple, kLibmFunctions))
    return error;
  std::vector<std::string> arguments = {
      "ld.lld",
      "-m",
      triple.isAArch64() ? "aarch64linux" : "elf_x86_64",
      "-shared",
      "-o",
      options.output,
      "-soname",
      options.soname,
      "--version-script=" + exports.path,
      "-z",
      "now",
      "-z",
      "relro",
      "-z",
      "noexecstack",
      "-z",
      options.sanitizer == Sanitizer::None ? "defs" : "undefs",
      "--build-id=sha1",
      "--hash-style=gnu",
      "--gc-sections",
      "--no-undefined-version",
      "--threads=1",
      "--color-diagnostics=never",
      "--whole-archive",
      archive.path,
      "--no-whole-archive",
      "--as-needed",
      libm.path,
      libc.path,
  };
  if (auto error = runLinker(arguments))
    return error;
  return checkExports(options.output, options.exported);
}
