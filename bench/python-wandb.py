"""Logs rows by the wandb package, offline: python python-wandb.py ROWS.jsonl FOLDER. Prints its version and the seconds from
the first row to the end of finish()."""

import json
import sys
import time

import wandb

rows_path, folder = sys.argv[1:]
with open(rows_path) as lines:
    rows = [json.loads(line) for line in lines]
# All that would cost time and adds nothing to the rows is off.
settings = wandb.Settings(
    silent=True, console="off", disable_git=True, save_code=False, x_disable_stats=True, x_disable_meta=True
)
run = wandb.init(project="bench", mode="offline", dir=folder, settings=settings)
began = time.perf_counter()
for row in rows:
    step = row.pop("_step")
    run.log(row, step=step)
run.finish()
print(json.dumps({"version": wandb.__version__, "seconds": time.perf_counter() - began}))
