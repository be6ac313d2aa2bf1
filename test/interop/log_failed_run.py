"""Logs, with W&B's own client, an offline run that fails: what `wandb sync` makes of it is not our loggers' doing.

    python log_failed_run.py DIR
"""

import sys

import wandb

run = wandb.init(project="own-client", mode="offline", dir=sys.argv[1])
run.log({"loss": 1})
run.finish(exit_code=1)
