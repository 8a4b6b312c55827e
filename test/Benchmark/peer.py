# ===- peer.py - llama.cpp's tools, and reports ----------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""What the scripts of this folder share.

TENON_LLAMA_BIN is the folder of llama-quantize and llama-perplexity. Scripts
that need the peer stop without it; the others do not ask.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "lib" / "python"))

from tenon_test import tools  # noqa: E402


def llama(name):
    """The path of one of llama.cpp's tools."""
    folder = os.environ.get("TENON_LLAMA_BIN")
    path = Path(folder or "") / name
    if not folder or not path.exists():
        sys.exit(f"set TENON_LLAMA_BIN to the folder that has {name}")
    return path


def quantized(model, kind, folder):
    """`model` requantised by llama-quantize; kept in `folder`."""
    path = Path(folder) / f"{Path(model).stem}-{kind}.gguf"
    if not path.exists():
        part = path.with_suffix(".part")
        subprocess.run(
            [llama("llama-quantize"), "--allow-requantize", model, part]
            + [kind, "2"],
            check=True,
            capture_output=True,
        )
        part.rename(path)
    return path


def table(header, rows):
    """A markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(map(str, r)) + " |" for r in lines)


def report(folder, name, data, text, title=""):
    """Prints `text` and writes NAME.json, which `tenon-bench report` takes, and
    NAME.md into `folder`."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    whole = {"schema": 1, "kind": "text", "title": title or name, "text": text}
    whole["data"] = data
    (folder / f"{name}.json").write_text(json.dumps(whole, indent=1) + "\n")
    (folder / f"{name}.md").write_text(text + "\n")
    print(text)
