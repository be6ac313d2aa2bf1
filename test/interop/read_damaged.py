"""Reads an event file that was cut, or had a bit flipped, at many places, each time with TensorBoard's EventAccumulator.

    python read_damaged.py cut|flip FILE EVERY

Cuts lie at each EVERY-th byte and at each end of a record, one before and one behind it; flips change one bit of each
EVERY-th byte. Prints {"tried": count, "wrong": [...]}: places where what was shown is not the values of all whole records
before it, or, of a flip, where it is not those or holds another value.
"""

import json
import os
import struct
import sys
import tempfile

from tensorboard.backend.event_processing import event_accumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.graph_pb2 import GraphDef
from tensorboard.compat.proto.summary_pb2 import HistogramProto

KINDS = ("scalars", "histograms", "tensors")


def records(data):
    """The end of each record and the event in it."""
    at = 0
    while at < len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        yield at + 16 + length, Event.FromString(data[at + 12 : at + 12 + length])
        at += 16 + length


def written(events):
    """What events hold, as tag, step and the encoded value without its tag and metadata; graphs as their bytes."""
    found = []
    for event in events:
        if event.graph_def:
            found.append(("graph", 0, stable(GraphDef.FromString(event.graph_def))))
        for value in event.summary.value:
            content = value.simple_value if value.HasField("simple_value") else getattr(value, value.WhichOneof("value"))
            found.append((value.tag, event.step, content))
    return sorted((tag, step, repr(content)) for tag, step, content in found)


def shown(folder):
    accumulator = event_accumulator.EventAccumulator(folder, dict.fromkeys(KINDS, 0)).Reload()
    tags = accumulator.Tags()
    found = [(tag, e.step, e.value) for tag in tags["scalars"] for e in accumulator.Scalars(tag)]
    found += [(tag, e.step, e.tensor_proto) for tag in tags["tensors"] for e in accumulator.Tensors(tag)]
    for tag in tags["histograms"]:
        found += [(tag, e.step, proto_of(e.histogram_value)) for e in accumulator.Histograms(tag)]
    if tags["graph"]:
        found.append(("graph", 0, stable(accumulator.Graph())))
    return sorted((tag, step, repr(content)) for tag, step, content in found)


def stable(graph):
    """Its maps have no order of their own."""
    return graph.SerializeToString(deterministic=True)


def proto_of(histogram):
    fields = ("min", "max", "num", "sum", "sum_squares", "bucket_limit", "bucket")
    return HistogramProto(**{field: getattr(histogram, field) for field in fields})


how, path, every = sys.argv[1], sys.argv[2], int(sys.argv[3])
with open(path, "rb") as file:
    whole = file.read()
ends, events = zip(*records(whole))
places = set(range(0, len(whole), every))
if how == "cut":
    places |= {place for end in ends for place in (end - 1, end, end + 1) if place <= len(whole)}

wrong = []
for place in sorted(places):
    data = bytearray(whole)
    if how == "cut":
        del data[place:]
    else:
        data[place] ^= 1 << place % 8
    expected = written(event for end, event in zip(ends, events) if end <= place)
    with tempfile.TemporaryDirectory() as folder:
        with open(os.path.join(folder, os.path.basename(path)), "wb") as file:
            file.write(data)
        if shown(folder) != expected:
            wrong.append(place)
json.dump({"records": len(ends), "tried": len(places), "wrong": wrong}, sys.stdout)
