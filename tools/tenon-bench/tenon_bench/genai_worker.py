# ===- genai_worker.py - times OpenVINO GenAI in its own process -----------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""Runs in an interpreter that has openvino_genai, which need not be Tenon's.

The argument is a JSON object: model, threads and jobs, each a number of prompt
tokens and of new ones. The last line of the output is a list: seconds until the
first token, and seconds for each further one. Ids are pseudo-random and differ
from job to job, as repeated prompts come from a cache of prefixes.
"""

import json
import sys

import numpy as np
import openvino as ov
import openvino_genai as genai


def ids(count, seed, vocabulary):
    """`count` pseudo-random ids."""
    draw = np.random.default_rng(seed)
    return draw.integers(0, vocabulary, (1, count), dtype=np.int64)


def run(pipe, tokens, new, seed, vocabulary):
    """The metrics of one request."""
    config = genai.GenerationConfig()
    config.max_new_tokens, config.do_sample = new, False
    config.ignore_eos = True
    prompt = ids(tokens, seed, vocabulary)
    inputs = genai.TokenizedInputs(
        ov.Tensor(prompt), ov.Tensor(np.ones_like(prompt))
    )
    return pipe.generate(inputs, config).perf_metrics


def main():
    """Warms up, then runs the jobs in turn."""
    request = json.loads(sys.argv[1])
    pipe = genai.LLMPipeline(
        request["model"],
        "CPU",
        INFERENCE_NUM_THREADS=request["threads"],
        PERFORMANCE_HINT="LATENCY",
    )
    vocabulary = len(pipe.get_tokenizer().get_vocab())
    run(pipe, 32, 4, 1, vocabulary)
    done = []
    for seed, job in enumerate(request["jobs"], 2):
        metrics = run(pipe, job["tokens"], job["new"], seed, vocabulary)
        found = {
            "tokens": int(metrics.get_num_input_tokens()),
            "first_seconds": metrics.get_ttft().mean / 1e3,
        }
        if job["new"] > 1:
            found["step_seconds"] = metrics.get_tpot().mean / 1e3
        done.append(found)
    print(json.dumps(done))


if __name__ == "__main__":
    main()
