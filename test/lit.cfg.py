"""The lit suite: .mlir and .test files of every folder under test/."""

import os

import lit.formats
from lit.llvm import llvm_config
from lit.llvm.subst import ToolSubst

config.name = "tenon"
config.test_format = lit.formats.ShTest(not llvm_config.use_lit_shell)
config.suffixes = [".mlir", ".test"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.tenon_build_dir, "test", "lit")

# Folders whose files only other tests read.
config.excludes = ["Inputs", "Corpus", "Golden", "lib", "Unit", "Fuzz"]

bin_dir = os.path.join(config.tenon_build_dir, "bin")
llvm_config.with_environment("PATH", bin_dir, append_path=True)
llvm_config.with_environment("ASAN_OPTIONS", "detect_container_overflow=0")

config.substitutions.append(("%python", '"%s"' % config.tenon_python))
config.substitutions.append(("%build", config.tenon_build_dir))
config.substitutions.append(("%source", config.tenon_source_dir))

llvm_config.add_tool_substitutions(
    [
        "tenon-opt",
        "tenonc",
        "tenon-run",
        ToolSubst("FileCheck", extra_args=["-enable-var-scope"]),
        "not",
        "count",
        "split-file",
    ],
    [bin_dir, config.llvm_tools_dir],
)

for name in config.tenon_sanitize.replace("-", "_").split(","):
    if name:
        config.available_features.add("sanitize-" + name)
