# ===- measure.py - rounds of all engines in turns -------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""The loop of a run: each round meets every engine in every scenario."""

import sys

from .facts import Facts
from .limits import Limits
from .programs import Failure


def scenarios(settings, model):
    """Groups that one visit of an engine measures: (phase, threads, list)."""
    for threads in settings["threads"]:
        if settings["depths"]:
            yield "decode", threads, settings["depths"]
        if settings["prompts"]:
            yield "prefill", threads, settings["prompts"]
        if settings["batches"]:
            yield "batch", threads, settings["batches"]


def scenario(settings, model, phase, threads, value):
    """The scenario of one value of a group; see results.SCENARIO."""
    found = {"model": model, "phase": phase, "threads": threads}
    found |= {"tokens": settings["new"], "depth": 0, "batch": 1}
    if phase == "prefill":
        found["tokens"] = value
    elif phase == "batch":
        found |= {"phase": "decode", "batch": value}
    else:
        found["depth"] = value
    return found


def visit(engine, model, phase, threads, values, settings, runner):
    """Tokens a second of one engine for a group of scenarios."""
    if phase == "prefill":
        return engine.prefill(model, threads, values, runner)
    step = engine.decode if phase == "decode" else engine.batch
    return step(model, threads, settings["new"], values, runner)


def prepare(results, engines, models, settings, runner):
    """Compiles, and notes what is known of the models."""
    for name, model in models.items():
        for engine in engines:
            engine.prepare(model, runner)
        ours = [e for e in engines if hasattr(e, "facts")]
        facts = Facts(model, ours[0].facts(model)).to_json()
        kinds = {e.name: e.activations(facts["format"]) for e in ours}
        results.data["models"][name] = facts | {"activations": kinds}


def run(results, engines, models, settings, runner, path):
    """Measures `settings["rounds"]` rounds; the file is written after each."""
    machine = Limits(results.data["limits"])
    failed = set()
    for turn in range(settings["rounds"]):
        machine.measure(runner)
        results.data["limits"] = machine.readings
        for name, model in models.items():
            for phase, threads, values in scenarios(settings, name):
                for engine in engines:
                    key = (engine.name, name, phase)
                    if key in failed:
                        continue
                    try:
                        rates = visit(
                            engine,
                            model,
                            phase,
                            threads,
                            values,
                            settings,
                            runner,
                        )
                    except Failure as why:
                        if engine.name == "tenon":
                            raise
                        failed.add(key)
                        text = str(why).strip().splitlines()[-1]
                        results.note(
                            f"{engine.name} on {name}, {phase}: {text}"
                        )
                        continue
                    for value, rate in zip(values, rates):
                        results.add(
                            scenario(settings, name, phase, threads, value),
                            engine.name,
                            rate,
                        )
        for engine in engines:
            results.data["engines"][engine.name] = engine.describe(runner)
        results.write(path)
        print(
            f"round {turn + 1} of {settings['rounds']} done",
            file=sys.stderr,
            flush=True,
        )
