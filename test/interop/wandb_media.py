"""Logs media and saves files in an offline run: wandb_media.py FOLDER; the inputs are in FOLDER/in."""

import math
import sys
from pathlib import Path

import numpy
import wandb

folder = Path(sys.argv[1])
a, b = folder / "in" / "a.png", folder / "in" / "b.png"


def image(path, **fields):
    return wandb.Image(str(path), **fields)


with wandb.init(project="media", id="media", mode="offline", dir=folder) as run:
    run.log({"img": image(a, caption="größe"), "a/b": image(a), "/../x/./y..z": image(a), "//a//b": image(b)})
    run.log({"nest": {"deep": {"im": image(b)}}, "empty": []})
    run.log({"imgs": [image(a, caption="1"), image(b), image(a)], "nocap": [image(b), image(a, caption="2")]})
    rows = [
        [1, "x", None],
        [math.nan, 'ß😀"\\\x01\x7f\u2028', True],
        [math.inf, None, False],
        [-math.inf, "", None],
        [1e22, "y", None],
        [1e-7, "z", None],
        [0.1, "z", None],
        [-0.0, "z", None],
    ]
    run.log({"t": wandb.Table(columns=["a", "b", "ü"], data=rows), "e/t": wandb.Table(columns=["a"], data=[])})
    values = numpy.array([0.1 * i * i - 7 for i in range(1000)])
    run.log({"h": wandb.Histogram(values), "text": "ß" * 70000, "long": values[:40], "short": values[:3]})
    run.log({"mix": [image(a), wandb.Table(columns=["a"], data=[[1]])]})
    run.log({"img": image(a, caption="größe")})
    run.save(str(folder / "in" / "sub" / "*"), policy="end")
    run.save(str(folder / "in" / "model.bin"), base_path=str(folder / "in"), policy="now")
    run.save(str(b))
