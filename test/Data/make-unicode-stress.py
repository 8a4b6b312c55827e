# ===- make-unicode-stress.py - writes unicode-stress.txt -------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===------------------------------------------------------------------------===#
"""Writes a text that is hard for tokenizers to standard output.

    python3 make-unicode-stress.py > unicode-stress.txt

The text is committed because which characters are letters depends on the
Unicode version; it was made with version 14. Libraries differ on characters
that are younger than they are, so samples keep to characters of that version,
to private ones and to places that stay unassigned.
"""

import random
import sys
import unicodedata

SPACES = (
    "\t\n\v\f\r \x1c\x1f\x85\xa0\u1680\u180e\u2000\u2003\u2009\u200a\u200b"
    "\u2028\u2029\u202f\u205f\u2060\u3000\ufeff"
)
DIGITS = "09\u0661\u0669\u06f4\u0967\u0be7\u0e59\u1811\u2160\u2167\xbd\xb2\u2075\u3007\u3021\uff17\U0001d7d9\U00010107"
MARKS = "\u0300\u0301\u0308\u0327\u0323\u0345\u05b8\u064b\u093c\u0e38\u302a\u20d0\ufe20"
BASES = "aEoszAZ\u00e9\u0391\u0416\u05d0\u0627\u0915\u0e01\u1112\u1161\u11ab\uac00\u3042\u4e2d\u212b\u2126\uf900\ufb01"
WORDS = (
    "I'm you're he'll we've they'd it's don't I'M YOU'RE HE'LL WE'VE IT'S "
    "'\u017f 'S 'ſt '\u212a ''s '' 's' ' s 'll'll 're've "
    "camelCase CamelCase ALLCAPS mixedUPPERlower iPhone x86_64 snake_case "
    "3.14159 1,000,000 0x7fff 1e-9 2024-01-31 12:34:56 1234567890 a1b2c3 "
    "... ---- ==> <= >= != && || // /* */ ::  \\n \\\\ `code` {}[]() $HOME ~/ "
    "<|im_start|> <|endoftext|> <|im_start <| |> <s> </s> "
    "\u4f60\u597d\u4e16\u754c \u3053\u3093\u306b\u3061\u306f \uc548\ub155\ud558\uc138\uc694 "
    "\u041f\u0440\u0438\u0432\u0435\u0442 \u0393\u03b5\u03b9\u03ac \u05e9\u05dc\u05d5\u05dd "
    "\u0645\u0631\u062d\u0628\u0627 \u0928\u092e\u0938\u094d\u0924\u0947 \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 "
    "\u01c5 \u02b0 \u1d43 \u00df \u1e9e \u0130 \u0131 \ufb03 \u017f"
).split(" ")
EMOJI = [
    "\U0001f600",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
    "\U0001f44b\U0001f3fd",
    "\U0001f1e9\U0001f1ea",
    "\u2764\ufe0f\u200d\U0001f525",
    "1\ufe0f\u20e3",
    "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f",
]


def planes(rng):
    """Characters of every plane, in short runs."""
    for plane in range(17):
        first = plane << 16
        assigned = [
            c
            for c in range(first, first + 0x10000)
            if unicodedata.category(chr(c)) not in ("Cn", "Cs", "Co")
            and not unicodedata.combining(chr(c))
        ]
        # Planes 4 to 13 are empty; the last two code points of each plane are
        # no characters for ever.
        never = [first + 0xFFFE, first + 0xFFFF]
        if 4 <= plane <= 13:
            never += rng.sample(range(first, first + 0xFFF0), 12)
        private = []
        if plane == 0:
            private = rng.sample(range(0xE000, 0xF900), 8)
        elif plane >= 15:
            private = rng.sample(range(first, first + 0xFFF0), 16)
        chosen = rng.sample(assigned, min(len(assigned), 500)) + never + private
        rng.shuffle(chosen)
        for c in chosen:
            yield rng.choice(["", " ", "  ", "\n", "a", "1", "."]) + chr(c)
        yield "\n"


def main():
    rng = random.Random(14)
    out = []
    for a in SPACES:
        for b in SPACES:
            out.append(f"x{a}{b}y{a}{a}{b}.{b}7{a}\n{b}")
    for space in SPACES:
        out += [space * n + "w" for n in (1, 2, 3, 9)]
    for _ in range(600):
        out.append("".join(rng.choices(DIGITS, k=rng.randint(1, 6))))
        out.append(rng.choice([" ", "", "a", "\n", "."]))
    for _ in range(900):
        out.append(rng.choice(BASES) + "".join(rng.choices(MARKS, k=rng.randint(0, 4))))
        out.append(rng.choice(["", "", " ", "'"]))
    for _ in range(1500):
        out.append(rng.choice(WORDS + EMOJI))
        out.append(rng.choice(["", " ", "  ", "\n", "\r\n", "\r\n\r\n", "\t", "\xa0"]))
    out += planes(rng)
    out += ["a" * 3000, " " * 3000, "\n" * 1000, "7" * 1000, "\u4e2d" * 1000]
    out += ["\r\n" * 500, "!" * 1000, "\u0301" * 200, " \n" * 300, "\r\r\n\n \r\n "]
    text = "".join(out) + " "
    sys.stdout.buffer.write(text.encode("utf-8"))


if __name__ == "__main__":
    if unicodedata.unidata_version != "14.0.0":
        sys.exit(
            "make-unicode-stress.py: expected a Python with Unicode 14.0.0, but got "
            + unicodedata.unidata_version
        )
    main()
