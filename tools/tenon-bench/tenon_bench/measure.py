# ===- measure.py - rounds of all engines in turns -------------------------===#
#
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# ===-----------------------------------------------------------------------===#
"""The loop of a run: each round meets every scenario, each scenario every
engine. The first engine of a round is the last of the next, so that none always
meets the machine first."""

import sys

from .facts import Facts
from .limits import Gauge, Limits
from .programs import Failure
from .results import activations


def scenarios(settings, model):
    """The scenarios of a model, each once; see results.SCENARIO."""
    found = []
    for threads in settings["threads"]:
        base = {"model": model, "tokens": settings["new"], "threads": threads}
        base |= {"phase": "decode", "depth": 0, "batch": 1}
        found += [base | {"depth": depth} for depth in settings["depths"]]
        for size in settings["prompts"]:
            found.append(base | {"phase": "prefill", "tokens": size})
        found += [base | {"batch": batch} for batch in settings["batches"]]
    return [one for at, one in enumerate(found) if one not in found[:at]]


def visit(engine, model, scenario, runner):
    """Tokens a second of one engine in a scenario."""
    threads, tokens = scenario["threads"], scenario["tokens"]
    if scenario["phase"] == "prefill":
        return engine.prefill(model, threads, tokens, runner)
    if scenario["batch"] > 1:
        return engine.batch(model, threads, tokens, scenario["batch"], runner)
    return engine.decode(model, threads, tokens, scenario["depth"], runner)


def in_turn(engines, turn):
    """The engines in the order of a round."""
    first = turn % len(engines)
    return engines[first:] + engines[:first]


def prepare(results, engines, models, settings, runner):
    """Compiles, and notes what is known of the models."""
    for name, model in models.items():
        for engine in engines:
            engine.prepare(model, runner)
        ours = [e for e in engines if hasattr(e, "facts")]
        facts = Facts(model, ours[0].facts(model)).to_json()
        kinds = {e.name: e.activations(facts["format"]) for e in ours}
        results.data["models"][name] = facts | {"activations": kinds}


class Round:
    """One round; failures of peers last until the end of the run."""

    def __init__(self, results, engines, models, settings, runner):
        self.results, self.engines, self.models = results, engines, models
        self.settings, self.runner = settings, runner
        self.gauge = Gauge(runner)
        self.failed = set()

    def run(self):
        """Every engine in every scenario of every model."""
        data = self.results.data
        turn = len(data["limits"])
        machine = Limits(data["limits"])
        machine.measure(self.runner)
        self.gauge.last = None  # too old to stand before the first sample
        data["limits"] = machine.readings
        order = in_turn(self.engines, turn)
        for name in self.models:
            for scenario in scenarios(self.settings, name):
                for engine in order:
                    self.sample(engine, scenario, machine, turn)
        for engine in self.engines:
            data["engines"][engine.name] = engine.describe(self.runner)

    def sample(self, engine, scenario, machine, turn):
        """One engine in one scenario, between two readings of its limit."""
        name, phase = scenario["model"], scenario["phase"]
        key = (engine.name, name, phase, scenario["batch"] > 1)
        if key in self.failed:
            return
        kind = "read"
        if phase == "prefill":
            facts = self.results.data["models"][name]
            kind = machine.kind(activations(facts, engine.name))

        def measure():
            rate = visit(engine, self.models[name], scenario, self.runner)
            return rate, self.runner.command

        try:
            (rate, command), limits = self.gauge.around(
                kind, scenario["threads"], measure
            )
        except Failure as why:
            if engine.name == "tenon":
                raise
            self.failed.add(key)
            text = str(why).strip().splitlines()[-1]
            self.results.note(f"{engine.name} on {name}, {phase}: {text}")
            return
        sample = {"rate": rate, "round": turn, "limits": limits}
        more = {"limit_kind": kind, "command": command}
        self.results.add(scenario, engine.name, sample, more)


def run(results, engines, models, settings, runner, path):
    """Measures `settings["rounds"]` rounds; the file is written after each."""
    rounds = Round(results, engines, models, settings, runner)
    for turn in range(settings["rounds"]):
        rounds.run()
        results.write(path)
        print(
            f"round {turn + 1} of {settings['rounds']} done",
            file=sys.stderr,
            flush=True,
        )
