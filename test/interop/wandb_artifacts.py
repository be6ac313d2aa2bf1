"""Logs artifacts: wandb_artifacts.py FOLDER PROJECT offline|online; the files are in FOLDER/in."""

import sys
from pathlib import Path

import wandb

folder, project, mode = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
files = folder / "in"

with wandb.init(entity="team", project=project, id="run", mode=mode, dir=folder) as run:
    run.log({"loss": 1})
    model = wandb.Artifact("my-model", "model", description="d", metadata={"acc": 0.5, "n": {"x": [1, 2]}})
    model.add_file(str(files / "model.bin"))
    model.add_dir(str(files / "sub"), name="sub")
    model.add_file(str(files / "empty"), name="e.txt")
    run.log_artifact(model, aliases=["best"], tags=["tag 1"])
    data = wandb.Artifact("data", "dataset")
    data.add_file(str(files / "model.bin"), name="größe/shared.bin")
    run.log_artifact(data)
    run.log_artifact(str(files / "sub"), name="my-model", type="model")
