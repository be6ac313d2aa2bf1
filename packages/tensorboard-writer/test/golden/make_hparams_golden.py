"""Writes hparams.json beside this script: what TensorBoard's own functions make of the same hyper-parameters, in hex.

    pip install tensorflow-cpu==2.19.0 && python make_hparams_golden.py

The same bytes at every run: protobuf's Python implementation keeps the entries of a map in the order of insertion.
"""

import json
import os

os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"

from tensorboard.plugins.hparams import api_pb2, summary, summary_v2 as hp  # noqa: E402

VALUES = {"batch": 0, "bias": False, "empty": "", "lr": -0.5, "name": "größe", "shuffle": True}
DOMAINS = {
    "batch": hp.Discrete([0, 16, 32]),
    "bias": hp.Discrete([False, True]),
    "lr": hp.RealInterval(-0.5, 0.0),
    "name": hp.Discrete(["größe"]),
}

summaries = {
    "experiment": hp.hparams_config_pb(
        [hp.HParam("batch", DOMAINS["batch"]), hp.HParam("bias", DOMAINS["bias"]), hp.HParam("lr", DOMAINS["lr"]),
         hp.HParam("name", DOMAINS["name"])],
        [hp.Metric("loss/train"), hp.Metric("accuracy")],
        time_created_secs=0,
    ),
    "start": hp.hparams_pb(VALUES, trial_id="group", start_time_secs=1700000000.25),
    "end": summary.session_end_pb(api_pb2.STATUS_FAILURE, end_time_secs=1700000001.5),
}
path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "hparams.json")
with open(path, "w", encoding="utf-8") as file:
    json.dump({name: pb.SerializeToString().hex() for name, pb in summaries.items()}, file, indent=1)
    file.write("\n")
