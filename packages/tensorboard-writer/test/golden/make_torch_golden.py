"""Writes torch-*.tfevents beside this script with PyTorch's `SummaryWriter`, from the inputs of summaries.json.

    pip install torch==2.11.0 tensorboard==2.21.0 numpy==2.4.6 pillow==13.0.0 && python make_torch_golden.py

Every event bears the wall time of summaries.json. Inputs are numpy arrays: no tensor operation of torch takes part.
The same bytes at every run: protobuf's Python implementation keeps the entries of a map in the order of insertion.
"""

import glob
import json
import os
import shutil
import tempfile
import time

import numpy as np

os.environ["PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION"] = "python"

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "summaries.json"), encoding="utf-8") as file:
    INPUTS = json.load(file)
WALL_TIME = INPUTS["wallTime"]
time.time = lambda: WALL_TIME

from torch.utils.tensorboard import SummaryWriter  # noqa: E402


def array(dense, dtype):
    return np.array(dense["data"], dtype=dtype).reshape(dense["shape"])


def numbers(values):
    return np.array([float(value) for value in values], dtype=np.float64)


def write(name, add):
    with tempfile.TemporaryDirectory() as folder:
        with SummaryWriter(folder) as writer:
            add(writer)
        (path,) = glob.glob(os.path.join(folder, "**", "events*"), recursive=True)[-1:]
        shutil.copyfile(path, os.path.join(HERE, f"torch-{name}.tfevents"))


def scalars(writer):
    for point in INPUTS["scalars"]:
        writer.add_scalar(point["tag"], float(point["value"]), point["step"], WALL_TIME)


def histograms(writer):
    for name, case in {**INPUTS["histograms"], **INPUTS["pytorchHistograms"]}.items():
        writer.add_histogram(name, numbers(case["values"]), 1, walltime=WALL_TIME)


def texts(writer):
    for name, text in INPUTS["texts"].items():
        writer.add_text(name, text, 1, WALL_TIME)


def pr_curves(writer):
    for name, case in INPUTS["prCurves"].items():
        weights = numbers(case["weights"]) if "weights" in case else None
        thresholds = case.get("thresholds", 127)
        labels, predictions = np.array(case["labels"]), numbers(case["predictions"])
        if case.get("float32"):
            predictions = predictions.astype(np.float32)
        writer.add_pr_curve(name, labels, predictions, 1, thresholds, weights, WALL_TIME)


def hparams(writer):
    case = INPUTS["hparams"]
    writer.add_hparams(case["values"], case["metrics"], case["discrete"], run_name="run", global_step=1)


def custom_scalars(writer):
    writer.add_custom_scalars(INPUTS["customScalars"])


def images(writer):
    writer.add_image("uint8 CHW", array(INPUTS["image"], np.uint8), 1, WALL_TIME)
    writer.add_image("float HWC", array(INPUTS["floatImage"], np.float32), 1, WALL_TIME, dataformats="HWC")
    writer.add_images("uint8 NCHW", array(INPUTS["images"], np.uint8), 1, WALL_TIME)


def audio(writer):
    case = INPUTS["audio"]
    writer.add_audio("samples", numbers(case["samples"]), 1, case["sampleRate"], WALL_TIME)


def mesh(writer):
    case = INPUTS["mesh"]
    vertices, colors = array(case["vertices"], np.float32), array(case["colors"], np.uint8)
    faces = array(case["faces"], np.int32)
    writer.add_mesh("all", vertices, colors, faces, case["config"], 1, WALL_TIME)
    writer.add_mesh("points", vertices, global_step=2, walltime=WALL_TIME)


write("scalars", scalars)
write("histograms", histograms)
write("text", texts)
write("pr-curves", pr_curves)
write("hparams", hparams)
write("custom-scalars", custom_scalars)
write("images", images)
write("audio", audio)
write("mesh", mesh)
