"""One run of the wandb package: python python-wandb-rows.py HOW METRICS ROWS FOLDER, HOW being 'rows' or 'calls', offline, or a
server's address. Rows are made 1,000 at a time, outside of the time that counts. Prints what wandb-run.mjs tells."""

import glob
import json
import os
import random
import sys
import time

import wandb

MADE_AT_ONCE = 1000

how, metrics, rows, folder = sys.argv[1:]
metrics, rows = int(metrics), int(rows)
names = [f"train/metric_{index}" for index in range(metrics)]
online = how.startswith("http")
if online:
    os.environ.update(WANDB_BASE_URL=how, WANDB_API_KEY="a" * 40)
# All that would cost time and adds nothing to the rows is off.
settings = wandb.Settings(
    silent=True, console="off", disable_git=True, save_code=False, x_disable_stats=True, x_disable_meta=True
)
run = wandb.init(project="bench", mode="online" if online else "offline", dir=folder, settings=settings)
calls = []


def log_all(batch):
    for row in batch:
        run.log(row)


def log_timed(batch):
    for row in batch:
        began = time.perf_counter()
        run.log(row)
        calls.append(time.perf_counter() - began)


log = log_timed if how == "calls" else log_all
seconds = 0.0
for made in range(0, rows, MADE_AT_ONCE):
    batch = [{name: random.random() for name in names} for _ in range(min(MADE_AT_ONCE, rows - made))]
    began = time.perf_counter()
    log(batch)
    seconds += time.perf_counter() - began
began = time.perf_counter()
run.finish()
seconds += time.perf_counter() - began

(log_file,) = glob.glob(f"{folder}/wandb/*run-*/*.wandb")
told = {"version": wandb.__version__, "seconds": seconds, "bytes": os.path.getsize(log_file)}
if calls:
    calls.sort()
    told.update(medianMs=calls[len(calls) // 2] * 1000, p99Ms=calls[len(calls) * 99 // 100] * 1000)
print(json.dumps(told))
