"""The shell examples of the README run as they stand, on a small model."""

import os
import pathlib
import re
import subprocess

from tenon_test.tiny_model import SMALL, TinyModel

SOURCE = pathlib.Path(os.environ["TENON_SOURCE_DIR"])
BUILD = pathlib.Path(os.environ["TENON_BUILD_DIR"])


def test_shell_examples(tmp_path):
    TinyModel(**SMALL).write(tmp_path / "model.gguf")
    (tmp_path / "build").symlink_to(BUILD)
    blocks = re.findall(r"```sh\n(.*?)```", (SOURCE / "README.md").read_text(), re.S)
    assert "tools/quickstart.sh" in blocks[0] and "tools/test.sh" in blocks[0]
    assert len(blocks) >= 3
    for block in blocks[1:]:
        done = subprocess.run(
            ["bash", "-e", "-c", block], cwd=tmp_path, capture_output=True, text=True
        )
        assert done.returncode == 0, f"{block}\n{done.stderr}"
