#!/usr/bin/env python3
"""Starts a pass of a dialect: every file it needs, in the form of the house.

    python3 tools/dev/scaffold.py pass Tenon fuse-norm "one sentence"

writes dialects/Tenon/Transforms/FuseNorm.cpp and test/Dialect/Tenon/
fuse-norm.mlir, and adds the pass to Passes.td and CMakeLists.txt beside it
(which are made when the dialect has no pass yet). The pass is then part of
tenon-opt as --tenon-fuse-norm, and does nothing; its test fails until somebody
says what it should do.
"""

import argparse
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]


def fail(message):
    sys.exit(f"scaffold.py: {message}")


def banner(file, purpose, language="C++"):
    mark = "" if file.endswith(".cpp") else f"-*- {language} -*-"
    head = f"//===- {file} - {purpose} "
    width = 80 - len(mark) - len("===//")
    return (
        head.ljust(width, "-")
        + mark
        + "===//\n//\n// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception\n"
    )


END = "//\n//===" + "-" * 70 + "===//\n"


class Dialect:
    """Names of one dialect, read from its .td files."""

    def __init__(self, root, name):
        self.name = name
        self.room = root / "dialects" / name
        self.folder = self.room / "Transforms"
        self.tests = root / "test" / "Dialect" / name
        if not (self.room / "IR").is_dir():
            known = sorted(p.parent.name for p in root.glob("dialects/*/IR"))
            fail(f"expected a dialect ({', '.join(known)}), but got '{name}'")
        text = "".join(p.read_text() for p in sorted((self.room / "IR").glob("*.td")))
        self.prefix = re.search(r'let name = "(\w+)";', text).group(1)
        space = re.search(r'let cppNamespace = "::([\w:]+)";', text)
        self.namespace = space.group(1) if space else self.prefix
        header = self.room / "IR" / f"{name}.h"
        self.header = header.relative_to(root).as_posix()


def passes_td(d):
    guard = f"TENON_DIALECTS_{d.name.upper()}_TRANSFORMS_PASSES_TD"
    return (
        banner("Passes.td", f"passes of {d.name}", "tablegen")
        + END
        + f'\n#ifndef {guard}\n#define {guard}\n\ninclude "mlir/Pass/PassBase.td"\n'
        + f"\n#endif // {guard}\n"
    )


def passes_h(d):
    guard = f"TENON_DIALECTS_{d.name.upper()}_TRANSFORMS_PASSES_H"
    return (
        banner("Passes.h", f"passes of {d.name}")
        + END
        + f"""
#ifndef {guard}
#define {guard}

#include "mlir/Pass/Pass.h"

namespace {d.namespace} {{

#define GEN_PASS_DECL
#include "dialects/{d.name}/Transforms/Passes.h.inc"

#define GEN_PASS_REGISTRATION
#include "dialects/{d.name}/Transforms/Passes.h.inc"

}} // namespace {d.namespace}

#endif // {guard}
"""
    )


def cmake_lists(d):
    return f"""set(LLVM_TARGET_DEFINITIONS Passes.td)
mlir_tablegen(Passes.h.inc -gen-pass-decls -name {d.name})
add_public_tablegen_target({d.name}PassesIncGen)

tenon_add_library({d.name}Transforms
  DEPENDS {d.name}PassesIncGen
  LINK {d.name}IR)
"""


def pass_source(d, pascal, summary):
    return (
        banner(f"{pascal}.cpp", summary.rstrip(".").lower()[:50])
        + "//\n// What this file decides, and why, in a few lines.\n"
        + END
        + f"""
#include "dialects/{d.name}/Transforms/Passes.h"

#include "{d.header}"

namespace {d.namespace} {{
#define GEN_PASS_DEF_{pascal.upper()}PASS
#include "dialects/{d.name}/Transforms/Passes.h.inc"
}} // namespace {d.namespace}

using namespace mlir;
using namespace {d.namespace};

namespace {{
struct {pascal}Pass : {d.namespace}::impl::{pascal}PassBase<{pascal}Pass> {{
  using {pascal}PassBase::{pascal}PassBase;

  void runOnOperation() override {{}}
}};
}} // namespace
"""
    )


def pass_def(pascal, argument, summary):
    return f"""
def {pascal}Pass : Pass<"{argument}"> {{
  let summary = "{summary}";
  let description = [{{
    What the pass needs, what it changes, and an example before and after.
  }}];
}}
"""


def pass_test(argument):
    return f"""// RUN: tenon-opt %s --{argument} | FileCheck %s

// CHECK-LABEL: func.func @example
// CHECK: say here what --{argument} makes of it
func.func @example() {{
  return
}}
"""


def write_new(path, text, done):
    if path.exists():
        fail(f"expected a new pass, but '{path}' is there already")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    done.append(f"wrote {path}")


def add_pass(root, name, verb_noun, summary):
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", verb_noun):
        fail(f"expected a name like fuse-norm, but got '{verb_noun}'")
    if '"' in summary or not summary:
        fail("expected a summary of one sentence without quotes")
    d = Dialect(root, name)
    pascal = "".join(word.capitalize() for word in verb_noun.split("-"))
    argument = f"{d.prefix.replace('_', '-')}-{verb_noun}"
    done = []

    source = d.folder / f"{pascal}.cpp"
    test = d.tests / f"{verb_noun}.mlir"
    for path in (source, test):
        if path.exists():
            fail(f"expected a new pass, but '{path}' is there already")

    td = d.folder / "Passes.td"
    lists = d.folder / "CMakeLists.txt"
    if not td.exists():
        write_new(td, passes_td(d), done)
        write_new(d.folder / "Passes.h", passes_h(d), done)
    if not lists.exists():
        write_new(lists, cmake_lists(d), done)
        parent = d.room / "CMakeLists.txt"
        if "Transforms" not in parent.read_text():
            with parent.open("a") as file:
                file.write("add_subdirectory(Transforms)\n")
            done.append(f"added Transforms to {parent}")
        done.append(
            f"add {d.name}Transforms and register{d.name}Passes() to tenon-opt"
        )

    text = td.read_text()
    end = text.rfind("#endif")
    if end < 0:
        fail(f"expected an include guard in '{td}', but it has no #endif")
    entry = pass_def(pascal, argument, summary)
    td.write_text(text[:end].rstrip() + "\n" + entry + "\n" + text[end:])
    done.append(f"added {pascal}Pass to {td}")

    text = lists.read_text()
    match = re.search(r"tenon_add_library\((\w+)", text)
    if not match:
        fail(f"expected tenon_add_library in '{lists}'")
    lists.write_text(text[: match.end()] + f"\n  {pascal}.cpp" + text[match.end() :])
    done.append(f"added {pascal}.cpp to {lists}")

    write_new(source, pass_source(d, pascal, summary), done)
    clang_format = ROOT / "build/venv/bin/clang-format"
    if clang_format.exists():
        style = f"--style=file:{ROOT}/.clang-format"
        subprocess.run([clang_format, "-i", style, source], check=True)
    write_new(test, pass_test(argument), done)
    return done


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    kinds = parser.add_subparsers(dest="kind", required=True)
    one = kinds.add_parser("pass", help="a pass of a dialect")
    one.add_argument("dialect", help="the room, as under dialects/: Tenon")
    one.add_argument("name", help="verb and noun: fuse-norm")
    one.add_argument("summary", help="one sentence")
    parser.add_argument("--root", type=pathlib.Path, default=ROOT, help="another tree")
    args = parser.parse_args()
    for line in add_pass(args.root, args.dialect, args.name, args.summary):
        print(line)


if __name__ == "__main__":
    main()
