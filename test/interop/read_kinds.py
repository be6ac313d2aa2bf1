"""Prints what TensorBoard reads of every kind of summary in one run.

    python read_kinds.py event_accumulator|plugin_event_accumulator LOGDIR/RUN
    python read_kinds.py http URL RUN

The first is what notebooks use, the second what `tensorboard --load_fast=false` loads, the third what a server hands to
its page. The JSON is {kind: {tag: [[wall time, step, value], ...]}} with bare NaN and Infinity; pictures, sounds and
layouts are decoded. hparams and graph, and projector where it is asked by HTTP, have forms of their own.
"""

import io
import json
import sys
import urllib.parse
import urllib.request
import wave

import numpy as np
from google.protobuf import json_format, text_format
from PIL import Image
from tensorboard import data_compat
from tensorboard.backend.event_processing import event_accumulator, plugin_event_accumulator
from tensorboard.compat.proto import graph_pb2, summary_pb2
from tensorboard.plugins.custom_scalar import layout_pb2
from tensorboard.plugins.hparams import plugin_data_pb2 as hparams_pb2
from tensorboard.plugins.mesh import plugin_data_pb2 as mesh_pb2
from tensorboard.util import tensor_util

def picture(png, size=None):
    pixels = np.asarray(Image.open(io.BytesIO(png)))
    assert size is None or size == list(pixels.shape[:2]), f"a picture of {pixels.shape} says that it has {size}"
    return {"shape": list(pixels.shape), "pixels": pixels.reshape(-1).tolist()}


def sound(wav):
    with wave.open(io.BytesIO(wav)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2").tolist()
        return {"sampleRate": file.getframerate(), "channels": file.getnchannels(), "samples": samples}


def nodes(graph):
    return [[node.name, node.op, list(node.input)] for node in graph.node]


def bits32(rows):
    """The fast data server has edges in 64 bits and keeps empty ends of the older form; TensorBoard's Python does not."""
    rows = np.float32(rows)
    filled = np.flatnonzero(rows[:, 2])
    return rows[filled[0] : filled[-1] + 1].tolist()


def proto_of(histogram):
    fields = ("min", "max", "num", "sum", "sum_squares", "bucket_limit", "bucket")
    return summary_pb2.HistogramProto(**{field: getattr(histogram, field) for field in fields})


def buckets(histogram):
    """The older form of a histogram as TensorBoard shows it (tensorboard/data_compat.py)."""
    value = summary_pb2.Summary.Value(tag="histogram", histo=histogram)
    return tensor_util.make_ndarray(data_compat.migrate_value(value).tensor).tolist()


# What each plugin's tensor holds.
VALUES = {
    "scalars": lambda array: array.item(),
    "histograms": lambda array: bits32(array),
    "images": lambda array: picture(array[2], size=[int(array[1]), int(array[0])]),
    "audio": lambda array: sound(array[0]),
    "text": lambda array: array.item().decode(),
    "pr_curves": lambda array: array.tolist(),
    "mesh": lambda array: array.tolist(),
    "custom_scalars": lambda array: as_json(layout_pb2.Layout.FromString(array.item())),
}


def as_json(message):
    return json_format.MessageToDict(message, preserving_proto_field_name=True)


def by_part(points):
    return sorted(points, key=lambda point: point[1:3])


def from_accumulator(module, folder):
    every = {"scalars": 0, "histograms": 0, "tensors": 0}
    accumulator = module.EventAccumulator(folder, every).Reload()
    tags = accumulator.Tags()
    kinds = {kind: {} for kind in (*VALUES, "hparams")}
    for tag in tags["tensors"]:
        plugin = accumulator.SummaryMetadata(tag).plugin_data
        points = [(e.wall_time, e.step, tensor_util.make_ndarray(e.tensor_proto)) for e in accumulator.Tensors(tag)]
        if plugin.plugin_name == "hparams":
            kinds["hparams"][tag] = as_json(hparams_pb2.HParamsPluginData.FromString(plugin.content))
        elif plugin.plugin_name == "graphs":
            kinds["graph"] = nodes(graph_pb2.GraphDef.FromString(points[0][2].item()))
        elif plugin.plugin_name == "mesh":
            data = mesh_pb2.MeshPluginData.FromString(plugin.content)
            part = data.ContentType.Name(data.content_type)
            parts = kinds["mesh"].setdefault(data.name, [])
            parts += [(time, step, part, batch[0].tolist(), data.json_config) for time, step, batch in points]
            parts[:] = by_part(parts)
        else:
            decode = VALUES[plugin.plugin_name]
            kinds[plugin.plugin_name][tag] = [(time, step, decode(array)) for time, step, array in points]
    # The older loader keeps what is stored in the older forms.
    for tag in tags.get("scalars", []):
        kinds["scalars"][tag] = [(e.wall_time, e.step, e.value) for e in accumulator.Scalars(tag)]
    for tag in tags.get("histograms", []):
        points = [(e.wall_time, e.step, buckets(proto_of(e.histogram_value))) for e in accumulator.Histograms(tag)]
        kinds["histograms"][tag] = points
    if "graph" not in kinds and tags["graph"]:
        kinds["graph"] = nodes(accumulator.Graph())
    return kinds


def from_server(url, run):
    def get(path, data=None, **query):
        query = f"?{urllib.parse.urlencode(query)}" if query else ""
        request = urllib.request.Request(f"{url}/data/plugin/{path}{query}", data, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as response:
            return response.read()

    def ask(path, data=None, **query):
        return json.loads(get(path, None if data is None else json.dumps(data).encode(), **query))

    def points(plugin, route, value):
        tags = ask(f"{plugin}/tags").get(run, [])
        return {tag: [value(point) for point in ask(f"{plugin}/{route}", run=run, tag=tag)] for tag in tags}

    def blob(plugin, route, decode):
        return lambda point: (
            point["wall_time"],
            point["step"],
            decode(get(f"{plugin}/{route}?{point['query']}")),
        )

    def curves(tag):
        fields = ("true_positives", "false_positives", "true_negatives", "false_negatives", "precision", "recall")
        found = ask("pr_curves/pr_curves", run=run, tag=tag)[run]
        return [(point["wall_time"], point["step"], [point[field] for field in fields]) for point in found]

    def mesh(tag):
        types = {1: ("VERTEX", "<f4"), 2: ("FACE", "<i4"), 3: ("COLOR", "u1")}
        found = []
        for part in ask("mesh/meshes", run=run, tag=tag):
            name, dtype = types[part["content_type"]]
            data = get("mesh/data", run=run, tag=tag, sample=0, step=part["step"], content_type=name)
            values = np.frombuffer(data, dtype).reshape(part["data_shape"][1:]).tolist()
            found.append((part["wall_time"], part["step"], name, values, part["config"]))
        return by_part(found)

    def embedding(config):
        name = config["tensorName"]
        file = lambda field, route: get(f"projector/{route}", run=run, name=name) if field in config else None
        metadata, sprite = file("metadataPath", "metadata"), file("sprite", "sprite_image")
        return {
            "shape": config["tensorShape"],
            "tensor": np.frombuffer(get("projector/tensor", run=run, name=name), "<f4").tolist(),
            "metadata": metadata and metadata.decode(),
            "sprite": sprite and {"single": config["sprite"]["singleImageDim"], **picture(sprite)},
        }

    def groups():
        request = {"startIndex": 0, "sliceSize": 100, "allowedStatuses": ["STATUS_SUCCESS"]}
        return ask("hparams/session_groups", request)["sessionGroups"]

    return {
        "scalars": points("scalars", "scalars", lambda point: [float(value) for value in point]),
        "histograms": points("histograms", "histograms", lambda point: (*point[:2], bits32(point[2]))),
        "images": points("images", "images", blob("images", "individualImage", picture)),
        "audio": points("audio", "audio", blob("audio", "individualAudio", sound)),
        "text": points("text", "text", lambda point: (point["wall_time"], point["step"], point["text"])),
        "pr_curves": {tag: curves(tag) for tag in ask("pr_curves/tags").get(run, [])},
        "mesh": {tag: mesh(tag) for tag in ask("mesh/tags").get(run, [])},
        "custom_scalars": ask("custom_scalars/layout"),
        "hparams": {"experiment": ask("hparams/experiment", {"experimentName": ""}), "groups": groups()},
        "projector": {config["tensorName"]: embedding(config) for config in ask("projector/info", run=run)["embeddings"]},
        "graph": nodes(text_format.Parse(get("graphs/graph", run=run).decode(), graph_pb2.GraphDef())),
    }


how, *where = sys.argv[1:]
modules = {"event_accumulator": event_accumulator, "plugin_event_accumulator": plugin_event_accumulator}
found = from_server(*where) if how == "http" else from_accumulator(modules[how], *where)
json.dump(found, sys.stdout)
