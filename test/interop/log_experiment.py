"""Logs an experiment with W&B's own client, as log-experiment.mjs logs it with ours.

    python log_experiment.py FOLDER PROJECT             the experiment, and a run that an uncaught error ends
    python log_experiment.py FOLDER PROJECT begin ID    the first rows of a run
    python log_experiment.py FOLDER PROJECT resume ID   more rows of it

The inputs are in FOLDER/in. WANDB_MODE, WANDB_BASE_URL and WANDB_API_KEY say where the runs go.
"""

import datetime
import math
import sys
from pathlib import Path

import numpy
import wandb

folder, project, *relay = sys.argv[1:]
inputs = Path(folder) / "in"


def begin(id, **options):
    # One process has several runs: console output is of the one that is open.
    settings = wandb.Settings(console="wrap", x_disable_stats=True, disable_git=True)
    return wandb.init(project=project, entity="team", id=id, dir=folder, settings=settings, **options)


def image(name, **fields):
    return wandb.Image(str(inputs / name), **fields)


def log_experiment():
    run = begin(
        "twin",
        name="größer – 実行 😀",
        notes="größer\nals",
        group="g",
        job_type="train",
        tags=["eins", "ünï", "標識"],
        config={
            "lr": 0.1,
            "optimizer": {"name": "adam", "betas": [0.9, 0.999], "deep": {"er": None}},
            "nan": math.nan,
            "inf": math.inf,
            "in": {"list": [1, math.nan, {"x": math.nan}]},
            "big": 2**53 + 1,
            "flag": True,
            "none": None,
            "text": "größer\n\"als\"",
            "a.b/c": 1,
            "empty": {},
            "whole": 2.0,
            "changed": 1,
        },
    )
    run.config.update({"later": {"x": 1}, "optimizer": {"name": "sgd"}}, allow_val_change=True)
    run.config.update({"changed": 2}, allow_val_change=True)

    run.define_metric("epoch")
    run.define_metric("valid/*", step_metric="epoch")
    run.define_metric("loss", summary="min,max,mean,first,last")
    run.define_metric("acc", summary="max")
    run.define_metric("hidden", hidden=True)
    run.define_metric("quiet", summary="none")
    run.define_metric("set", summary="none")
    run.define_metric("lag", step_metric="clock", step_sync=False)
    run.define_metric("synced", step_metric="clock.tick", step_sync=True)
    run.define_metric("nest.x", summary="max")
    run.define_metric("train/*", summary="min")
    run.define_metric("copied", summary="copy")
    run.define_metric("explicit", summary="min")
    run.define_metric("replaced", summary="min", hidden=True)
    run.define_metric("replaced", summary="max", overwrite=True)
    run.define_metric("grown", summary="min")
    run.define_metric("grown", summary="last", hidden=True)
    run.define_metric("regained", summary="none")
    run.define_metric("regained", summary="mean")

    print("said: on stdout")
    print("said: größer 実行", file=sys.stderr)
    print("said: 10%\rsaid: 100%")
    sys.stdout.write("said: in two ")
    sys.stdout.flush()
    sys.stdout.write("pieces\n\n")
    print("said: after an empty line")

    run.log({"loss": 1.5, "acc": 0.25, "late": 9, "text": "größer\n\"als\" \u2028", "epoch": 0})
    run.log({"loss": 2.5, "part": 1}, commit=False)
    run.log({"acc": 0.75, "late": 3})
    run.log({"nan": math.nan, "inf": math.inf, "-inf": -math.inf, "minus zero": -0.0, "none": None, "gone": 7})
    run.log({"bool": True, "other": False, "whole": 2.0, "tiny": 5e-324, "large": 1e22, "third": 1 / 3, "gone": None})
    run.log({"int": 2**53 + 1, "int63": 2**63 - 1, "-int63": -(2**63), "int64": 2**64, "int100": 10**100})
    run.log({"nest": {"x": 1, "y": {"z": "deep", "n": math.nan}}, "empty": {}, "list": [1, [2, None], {"a": math.nan}]})
    run.log({"nest": {"x": 3, "y": {"w": 2}}, "a.b": 1, "a/b": 2, "": 3, "ünï 標識": 4})
    run.log({"date": datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)})
    run.log({"set": 1, "quiet": 2, "copied": 3, "explicit": 4, "replaced": 5, "grown": 6, "regained": 7})
    run.log({"set": 2, "quiet": 1, "copied": 2, "explicit": 5, "replaced": 4, "grown": 7, "regained": 8})
    run.log({"clock": {"tick": 4}, "lag": 1})
    run.log({"synced": 1, "lag": 2, "valid/loss": 0.5})
    run.log({"epoch": 1, "valid/loss": 0.25, "train/a": 3, "train/b": {"c": 4}})
    run.log({"train/a": 4, "hidden": 1, "valid/acc": 1})

    run.log({"step": 20}, step=20)
    run.log({"merged": 1}, step=20)
    run.log({"merged": 2, "joined": 3}, commit=False)
    run.log({"refused": 1}, step=19)
    run.log({"closed": 1}, step=25, commit=True)
    run.log({"after": 1})
    run.log({})
    run.log({"open": 1}, step=30, commit=False)
    run.log({"open": 2})
    run.define_metric("late", summary="min")
    run.log({"late": 5, "loss": math.nan})
    run.summary["set"] = 70
    run.summary.update({"explicit": 80, "by hand": {"a": {"b": 1}, "c": [1, 2]}, "text": "new"})
    run.log({"explicit": 6, "mixed": 1})
    run.log({"mixed": "text"})
    run.log({"mixed": 3})

    run.log({"img": image("a.png", caption="größe"), "imgs": [image("a.png"), image("b.png")]})
    values = numpy.array([0.1 * i * i - 7 for i in range(1000)])
    rows = [[1, "x", None], [math.nan, "ß", True], [0.1, None, False]]
    run.log({"hist": wandb.Histogram(values), "table": wandb.Table(columns=["a", "b", "ü"], data=rows)})
    run.save(str(inputs / "model.bin"), base_path=str(inputs), policy="now")
    run.save(str(inputs / "sub" / "*"), base_path=str(inputs), policy="end")
    run.save(str(inputs / "notes.txt"), base_path=str(inputs))
    run.log({"open at the end": 1}, step=100)
    run.finish()


if not relay:
    log_experiment()
    run = begin("failed")
    run.log({"loss": 1})
    raise RuntimeError("on purpose")

way, id = relay
if way == "begin":
    with begin(id, config={"first": 1, "both": 1}, tags=["old"], notes="first notes", name="relay") as run:
        for step in range(3):
            run.log({"loss": step, "first": step})
            print(f"said: first {step}")
        run.summary["by hand"] = 1
else:
    with begin(id, resume="must", config={"second": 2, "both": 2}) as run:
        for step in range(3):
            run.log({"loss": 10 + step, "second": step})
            print(f"said: second {step}")
