# ===- test_golden.py - code, its inner loops, and what models say ----------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Measures of what the compiler makes, none of them a time.

Everything is compiled for a CPU by name, so that machines agree. README.md
says what each file records.
"""

import json
import re

import numpy as np

from tenon_test import golden, loops, tools
from tenon_test.artifact_shape import code_bytes
from tenon_test.gguf_file import GGUFFile
from tenon_test.oracle import Oracle, log_softmax
from tenon_test.tokenize import encode

#: --cpu -> the machine that llvm-mca knows it as.
CPUS = {"x86-64-v3": "znver3", "znver4": "znver4"}
PHASES = ("imported", "optimized", "scheduled", "kernels", "native")
ACTIVATIONS = ("f32", "int8")
#: Weights of one layer each: these keep float inputs, those get integers.
FORMATS = {
    "float": ("f32", "f16", "bf16"),
    "integer": ("q8_0", "q4_0", "q4_1", "q5_0", "q4_k", "q5_k", "q6_k"),
}
#: Other kernels, by the start of their names.
OTHERS = ("attention", "ffn_gate_ffn_up_gate")


def compile_plain(model, folder, *options):
    """Compiles without the sanitizers that a build may have."""
    done = tools.check(
        "tenonc", model, "-o", folder, "--name", "model", *options
    )
    return tools.Artifact(folder, "model"), done.stdout.decode()


def count_ops(path):
    """Ops of a dumped phase: name -> number."""
    done = tools.check(
        "tenon-opt", path, "--print-op-stats=json=true", "-o", "/dev/null"
    )
    return json.loads(done.stderr)


def test_code(tmp_path):
    """SmolLM2: bytes of code, functions, ops of each phase, barriers."""
    measured = {}
    for cpu in CPUS:
        artifact, _ = compile_plain(
            tools.smollm2(),
            tmp_path / cpu,
            f"--cpu={cpu}",
            f"--dump-phases={tmp_path / 'phases'}",
        )
        measured[f"{cpu} code bytes"] = code_bytes(artifact.library)
        code = loops.functions(artifact.library)
        measured[f"{cpu} kernels"] = sum(n.startswith("k_") for n in code)
    for number, phase in enumerate(PHASES, 1):
        # The last one compiled, which is for the newest machine.
        ops = count_ops(tmp_path / "phases" / f"model.{number}-{phase}.mlir")
        measured[f"ops {phase}"] = sum(ops.values())
        if phase == "kernels":
            measured["barriers"] = ops["tenon_rt.barrier"]
    golden.check("code", measured)


def kernels_of(explanation, entry):
    """Kernel functions that an entry calls, in the order of layers."""
    text = re.split(r"^entry ", explanation, flags=re.MULTILINE)
    (section,) = [t for t in text if re.match(rf"\S*{entry}\b", t)]
    return list(dict.fromkeys(re.findall(r"\bk_\w+_[0-9a-f]+\b", section)))


def many_formats():
    """A model with a layer of each format, rows as long as real ones."""
    inputs = (tools.SOURCE / "test" / "Golden" / "Inputs" / "formats.mlir").read_text()
    for name, formats in FORMATS.items():
        schemes = ", ".join(f"#tenon.scheme<{fmt}>" for fmt in formats)
        inputs = inputs.replace(
            f"@{name.upper()}",
            f"@{name} layers {len(formats)} shape [1024, 1024] of [{schemes}] "
            f"by {list(range(len(formats)))} = stored @a[\"blk.{{layer}}.{name}\"]",
        ).replace(f"{name.upper()}_FORMATS", ", ".join(formats))
    return inputs


def test_loops(tmp_path):
    """Inner loops: cycles of llvm-mca for 1000 products, and spills."""
    measured = {}

    def record(cpu, name, code):
        loop = loops.hottest(code, CPUS[cpu])
        assert loop, f"{name}: expected a loop with products, but got none"
        measured[f"{name}: cycles of 1000 products"] = loop.cycles
        measured[f"{name}: spills"] = loop.spills
        measured[f"{name}: stack in the loop"] = loop.stack

    model = tmp_path / "formats.mlir"
    model.write_text(many_formats())
    for cpu in CPUS:
        artifact, explanation = compile_plain(
            model, tmp_path / cpu, f"--cpu={cpu}", "--explain"
        )
        # Kernels that are the same are one function, under the first's name.
        code = {
            name.rpartition("_")[2]: body
            for name, body in loops.functions(artifact.library).items()
        }
        for entry in ("step", "chunk"):
            names = kernels_of(explanation, entry)

            def starting(start):
                found = (re.match(rf"k_{start}_([0-9a-f]+)$", n) for n in names)
                return [match[1] for match in found if match]

            for name, formats in FORMATS.items():
                own = starting(name)
                assert len(own) == len(formats), (name, own)
                for fmt, kernel in zip(formats, own):
                    record(cpu, f"{cpu} {entry} {fmt}", code[kernel])
            for name in OTHERS:
                (kernel,) = starting(name)
                record(cpu, f"{cpu} {entry} {name}", code[kernel])
    golden.check("loops", measured)


def divergence(want, got):
    """Mean KL(want || got) of rows of logits."""
    want, got = log_softmax(want), log_softmax(got.astype(np.float64))
    return float(np.sum(np.exp(want) * (want - got), axis=-1).mean())


def test_quality(tmp_path):
    """SmolLM2: perplexity, and how far its distributions are from exact."""
    model = tools.smollm2()
    text = tools.WIKITEXT.read_text(encoding="utf-8")[:2000]
    ids = encode(GGUFFile(model), text)[:64]
    want = Oracle(model).forward(ids)
    measured = {}
    for kind in ACTIVATIONS:
        artifact, _ = compile_plain(
            model,
            tmp_path / kind,
            "--cpu=x86-64-v3",
            f"--activations={kind}",
            "--context=1024",
        )
        done = tools.check(
            "tenon-run",
            artifact.library,
            *("--perplexity", tools.WIKITEXT),
            *("--chunks", 2, "--ctx", 256, "--threads", 1),
        )
        measured[f"{kind} perplexity"] = float(done.stdout.split()[-1])
        measured[f"{kind} KL"] = divergence(want, artifact.logits(ids))
    golden.check("quality", measured, floor=1e-6)


def test_messages():
    """What is worse, new or gone is named, with the command that records it."""
    old = {"same": 100.0, "worse": 100.0, "gone": 1.0, "none": 0.0, "noise": 0.0}
    new = {"same": 105.0, "worse": 105.1, "new": 2.0, "none": 1.0, "noise": 1e-7}
    found = golden.problems("code", old, new, floor=1e-6)
    assert [re.search("'(.*?)'", text)[1] for text in found] == [
        "gone",
        "new",
        "none",
        "worse",
    ]
    assert "expected at most 100 + 5 %, but got 105.1" in found[3]
    assert all("bash tools/dev/golden.sh code" in text for text in found)
    # Not a number is never good enough.
    assert golden.problems("code", {"x": 1.0}, {"x": float("nan")})


def test_loop_finder():
    """The hottest inner loop, its products, and what goes over the stack."""
    lines = [
        "vmovups\t%zmm3, 0x40(%rsp)",
        "vmovups\t(%rsi), %zmm0",  # outer loop from here
        "vfmadd231ps\t(%rdi), %zmm0, %zmm1",  # first inner loop
        "jne\t0x8 <k+0x8>",
        "vpdpbusd\t%zmm2, %zmm4, %zmm1",  # second inner loop
        "vpdpbusd\t0x40(%rsp), %zmm4, %zmm3",
        "vfmadd213ss\t%xmm1, %xmm2, %xmm3",  # no vector
        "jb\t0x10 <k+0x10>",
        "jmp\t0x4 <k+0x4>",
        "vpmaddubsw\t%ymm1, %ymm2, %ymm3",  # no loop
        "ret",
    ]
    code = [(4 * i, line) for i, line in enumerate(lines)]
    inner = loops.inner_loops(code)
    assert inner == [lines[2:4], lines[4:8]]
    assert [loops.products_of(loop) for loop in inner] == [16, 128]
    pair = ["vpmaddubsw %ymm0, %ymm1, %ymm2", "vpmaddwd %ymm2, %ymm3, %ymm4"]
    assert loops.products_of(pair) == 32
    assert loops.products_of(pair[1:]) == 16
    loop = loops.hottest(code, "znver4")
    assert (loop.products, loop.spills, loop.stack) == (128, 1, 1)
    assert 0 < loop.cycles < 1000
    assert loops.hottest(code[8:], "znver4") is None
