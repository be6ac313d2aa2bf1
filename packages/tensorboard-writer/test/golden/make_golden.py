"""Writes the golden files beside this script with TensorFlow's own encoder, framing and writers.

    pip install tensorflow-cpu==2.19.0 && python make_golden.py

scalars.tfevents      the events of scalars.json: what `SummaryWriter` must write, byte for byte
tensors.tfevents      every form in which a scalar tensor may be stored, and values that are no scalars
tf2-scalars.tfevents  what `tf.summary.scalar` and `tf.summary.text` write (holds the time of its making)
"""

import glob
import json
import os
import struct
import tempfile

import tensorflow as tf
from tensorflow.core.framework.summary_pb2 import Summary, SummaryMetadata
from tensorflow.core.framework.tensor_pb2 import TensorProto
from tensorflow.core.framework.tensor_shape_pb2 import TensorShapeProto
from tensorflow.core.util.event_pb2 import Event, SessionLog

HERE = os.path.dirname(os.path.abspath(__file__))
FLOAT, DOUBLE, INT32, STRING = 1, 2, 3, 7


def write(name, events):
    with tf.io.TFRecordWriter(os.path.join(HERE, name)) as writer:
        for event in events:
            writer.write(event.SerializeToString())


def scalars():
    with open(os.path.join(HERE, "scalars.json"), encoding="utf-8") as file:
        golden = json.load(file)
    now = golden["now"]
    yield Event(wall_time=now, file_version="brain.Event:2")
    first_step = golden["points"][0]["step"]
    yield Event(wall_time=now, step=first_step, session_log=SessionLog(status=SessionLog.START))
    for point in golden["points"]:
        value = Summary.Value(tag=point["tag"], simple_value=float(point["value"]))
        yield Event(wall_time=point["wallTime"], step=point["step"], summary=Summary(value=[value]))


def tensors():
    def metadata(plugin):
        return SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name=plugin))

    def event(step, **value):
        return Event(wall_time=1700000000 + step, step=step, summary=Summary(value=[Summary.Value(**value)]))

    one = TensorShapeProto()
    two = TensorShapeProto(dim=[TensorShapeProto.Dim(size=2)])
    yield Event(wall_time=1700000000, file_version="brain.Event:2")
    yield event(1, tag="t", metadata=metadata("scalars"), tensor=TensorProto(dtype=FLOAT, tensor_shape=one, float_val=[1.5]))
    yield event(2, tag="t", tensor=TensorProto(dtype=FLOAT, tensor_shape=one, tensor_content=struct.pack("<f", 2.5)))
    yield event(3, tag="t", tensor=TensorProto(dtype=DOUBLE, tensor_shape=one, double_val=[0.1]))
    yield event(4, tag="t", tensor=TensorProto(dtype=DOUBLE, tensor_shape=one, tensor_content=struct.pack("<d", 0.2)))
    yield event(5, tag="t", tensor=TensorProto(dtype=FLOAT, tensor_shape=two, float_val=[1, 2]))
    yield event(6, tag="t", tensor=TensorProto(dtype=INT32, tensor_shape=one, int_val=[7]))
    yield event(6, tag="t", tensor=TensorProto(dtype=INT32, tensor_shape=one, tensor_content=struct.pack("<i", 7)))
    yield event(7, tag="words", metadata=metadata("text"), tensor=TensorProto(dtype=STRING, string_val=[b"hello"]))
    yield event(8, tag="unknown", tensor=TensorProto(dtype=FLOAT, tensor_shape=one, float_val=[9]))
    yield event(2**53 + 2, tag="t", tensor=TensorProto(dtype=FLOAT, tensor_shape=one, float_val=[10]))
    yield event(-3, tag="t", tensor=TensorProto(dtype=FLOAT, tensor_shape=one, float_val=[11]))
    yield Event(wall_time=1700000011, step=11, session_log=SessionLog(status=SessionLog.STOP))


def tf2_scalars():
    with tempfile.TemporaryDirectory() as folder:
        writer = tf.summary.create_file_writer(folder)
        with writer.as_default():
            for step in range(3):
                tf.summary.scalar("loss", 1 / (step + 1), step=step)
                tf.summary.text("note", "step", step=step)
        writer.close()
        (path,) = glob.glob(os.path.join(folder, "*"))
        with open(path, "rb") as source, open(os.path.join(HERE, "tf2-scalars.tfevents"), "wb") as target:
            target.write(source.read())


write("scalars.tfevents", scalars())
write("tensors.tfevents", tensors())
tf2_scalars()
