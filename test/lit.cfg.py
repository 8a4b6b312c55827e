"""The lit suite: .mlir and .test files of every folder under test/."""

import os

import lit.formats
import lit.TestRunner
from lit.llvm import llvm_config

config.name = "tenon"
config.test_format = lit.formats.ShTest(not llvm_config.use_lit_shell)
config.suffixes = [".mlir", ".test"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.tenon_build_dir, "test", "lit")

# Folders whose files only other tests read.
config.excludes = ["Inputs", "Corpus", "Golden", "lib", "Unit", "Fuzz"]

# Tools are found by PATH, which may hold spaces where a command line may not.
bin_dir = os.path.join(config.tenon_build_dir, "bin")
llvm_config.with_environment("PATH", [bin_dir, config.llvm_tools_dir], append_path=True)
config.environment["FILECHECK_OPTS"] = "-enable-var-scope"
config.environment["PYTHONDONTWRITEBYTECODE"] = "1"
config.environment["XDG_CACHE_HOME"] = os.path.join(config.tenon_build_dir, "test", "cache")
for option in ("ASAN_OPTIONS", "TSAN_OPTIONS", "UBSAN_OPTIONS"):
    config.environment[option] = os.environ.get(option, "")

config.substitutions.append(("%python", f"'{config.tenon_python}'"))
config.substitutions.append(("%build", f"'{config.tenon_build_dir}'"))
config.substitutions.append(("%source", f"'{config.tenon_source_dir}'"))


def quoted_paths(*args, **kwargs):
    """lit's own substitutions (%s, %t, ...), quoted where a path has spaces."""

    def quoted(value):
        bare = isinstance(value, str) and " " in value and "'" not in value
        return f"'{value}'" if bare else value

    return [(k, quoted(v)) for k, v in default_substitutions(*args, **kwargs)]


default_substitutions = lit.TestRunner.getDefaultSubstitutions
if " " in config.test_source_root + config.tenon_build_dir:
    lit.TestRunner.getDefaultSubstitutions = quoted_paths

for name in config.tenon_sanitize.replace("-", "_").split(","):
    if name:
        config.available_features.add("sanitize-" + name)
