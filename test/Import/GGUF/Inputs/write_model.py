"""Writes a tiny model: `write_model.py FILE FIELD=VALUE...`.

Fields are those of `tenon_test.tiny_model.TinyModel`; values are Python
literals or plain words.
"""

import ast
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[4]
sys.path.insert(0, str(ROOT / "test" / "lib" / "python"))

from tenon_test.tiny_model import TinyModel  # noqa: E402


def parse(text):
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


path, fields = sys.argv[1], [field.split("=", 1) for field in sys.argv[2:]]
pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
TinyModel(**{name: parse(value) for name, value in fields}).write(path)
