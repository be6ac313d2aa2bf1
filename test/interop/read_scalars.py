"""Prints the scalars that TensorBoard's Python loaders read from the runs below a folder.

    python read_scalars.py event_accumulator|plugin_event_accumulator LOGDIR

The former is what notebooks use, the latter what `tensorboard --load_fast=false` shows.
The JSON is {run: {tag: [[wall time, step, value], ...]}}, with bare NaN and Infinity.
"""

import json
import sys

from tensorboard.backend.event_processing import event_multiplexer, plugin_event_multiplexer
from tensorboard.util import tensor_util

EVERY = {"scalars": 0}


def event_accumulator(logdir):
    runs = event_multiplexer.EventMultiplexer(size_guidance=EVERY)
    runs.AddRunsFromDirectory(logdir).Reload()
    return {
        run: {tag: [(e.wall_time, e.step, e.value) for e in runs.Scalars(run, tag)] for tag in found["scalars"]}
        for run, found in runs.Runs().items()
    }


def plugin_event_accumulator(logdir):
    runs = plugin_event_multiplexer.EventMultiplexer(tensor_size_guidance=EVERY)
    runs.AddRunsFromDirectory(logdir).Reload()
    charts = {run: {} for run in runs.Runs()}
    for run, tags in runs.PluginRunToTagToContent("scalars").items():
        for tag in tags:
            charts[run][tag] = [
                (e.wall_time, e.step, tensor_util.make_ndarray(e.tensor_proto).item()) for e in runs.Tensors(run, tag)
            ]
    return charts


json.dump({f.__name__: f for f in (event_accumulator, plugin_event_accumulator)}[sys.argv[1]](sys.argv[2]), sys.stdout)
