"""Writes two files beside this script with TensorFlow's own encoder and framing:

kinds.tfevents         every kind of event and value, small
tensor-types.tfevents  every type of tensor, and tensors that cannot be decoded

    pip install tensorflow-cpu==2.19.0 && python make_kinds.py
"""

import os
import struct

import tensorflow as tf
from tensorflow.core.framework.summary_pb2 import HistogramProto, Summary, SummaryMetadata
from tensorflow.core.framework.tensor_pb2 import TensorProto
from tensorflow.core.framework.tensor_shape_pb2 import TensorShapeProto
from tensorflow.core.util.event_pb2 import Event, SessionLog, TaggedRunMetadata

HERE = os.path.dirname(os.path.abspath(__file__))
FLOAT, DOUBLE, INT32, UINT8, INT16, INT8, STRING, INT64, BOOL = 1, 2, 3, 4, 5, 6, 7, 9, 10
BFLOAT16, UINT16, HALF, UINT32, UINT64, COMPLEX64 = 14, 17, 19, 22, 23, 8
BIGGEST = 1.7976931348623157e308


def metadata(plugin, content=b""):
    return SummaryMetadata(plugin_data=SummaryMetadata.PluginData(plugin_name=plugin, content=content))


def tensor(dtype, shape, **values):
    dims = [TensorShapeProto.Dim(size=size) for size in shape]
    return TensorProto(dtype=dtype, tensor_shape=TensorShapeProto(dim=dims), **values)


def value(tag, plugin=None, content=b"", **rest):
    return Summary.Value(tag=tag, metadata=metadata(plugin, content) if plugin else None, **rest)


def values():
    yield value("scalar/simple", simple_value=1.5)
    yield value("scalar/tensor", "scalars", tensor=tensor(FLOAT, [], float_val=[2.5]))
    yield value(
        "histogram/proto",
        histo=HistogramProto(
            min=-1, max=3, num=6, sum=4, sum_squares=9, bucket_limit=[-2, 0, 1, 2, BIGGEST], bucket=[0, 2, 0, 4, 0]
        ),
    )
    yield value("histogram/empty", histo=HistogramProto(min=BIGGEST, max=-BIGGEST, bucket_limit=[BIGGEST], bucket=[0]))
    content = struct.pack("<6d", 0, 1, 2, 1, 2, 5)
    yield value("histogram/tensor", "histograms", tensor=tensor(DOUBLE, [2, 3], tensor_content=content))
    yield value("image/proto", image=Summary.Image(height=2, width=3, colorspace=3, encoded_image_string=b"png-a"))
    yield value("image/tensor", "images", tensor=tensor(STRING, [4], string_val=[b"3", b"2", b"png-b", b"png-c"]))
    audio = Summary.Audio(
        sample_rate=8000, num_channels=1, length_frames=2, encoded_audio_string=b"wav-a", content_type="audio/x-wav"
    )
    yield value("audio/proto", audio=audio)
    yield value("audio/tensor", "audio", tensor=tensor(STRING, [1], string_val=[b"wav-b"]))
    labelled = [b"wav-c", b"label", b"wav-d", b""]
    yield value("audio/labels", "audio", tensor=tensor(STRING, [2, 2], string_val=labelled))
    yield value("text/one", "text", tensor=tensor(STRING, [], string_val=["*größe*".encode()]))
    yield value("text/table", "text", tensor=tensor(STRING, [1, 2], string_val=[b"a", b"b"]))
    yield value("pr", "pr_curves", b"\x10\x02", tensor=tensor(FLOAT, [1, 2], float_val=[0.5, 0.25]))
    yield value("hparams/tensor", "hparams", b"hp", tensor=tensor(FLOAT, [], float_val=[0]))
    yield value("hparams/bare", "hparams", b"hp")


def tensors():
    yield value("types", "any", tensor=tensor(FLOAT, [2], tensor_content=struct.pack("<2f", 1, 2)))
    yield value("types", tensor=tensor(DOUBLE, [3], double_val=[1, 2]))
    yield value("types", tensor=tensor(INT32, [2], int_val=[-1, 2]))
    yield value("types", tensor=tensor(UINT8, [1], int_val=[255]))
    yield value("types", tensor=tensor(INT16, [1], tensor_content=struct.pack("<h", -300)))
    yield value("types", tensor=tensor(INT8, [1], tensor_content=struct.pack("<b", -3)))
    yield value("types", tensor=tensor(INT64, [2], int64_val=[-(2**62) - 1, 7]))
    yield value("types", tensor=tensor(BOOL, [2], bool_val=[True, False]))
    yield value("types", tensor=tensor(BFLOAT16, [1], half_val=[0xC040]))
    yield value("types", tensor=tensor(HALF, [4], half_val=[0x3E00, 0x0001, 0xFC00, 0xFE00]))
    yield value("types", tensor=tensor(UINT16, [1], tensor_content=struct.pack("<H", 65535)))
    yield value("types", tensor=tensor(UINT32, [1], uint32_val=[4294967295]))
    yield value("types", tensor=tensor(UINT64, [1], uint64_val=[2**64 - 1]))
    yield value("types", tensor=tensor(STRING, [1], string_val=[b"\xff"]))
    yield value("types", tensor=tensor(FLOAT, [2, 0]))
    yield value("types", tensor=tensor(INT32, [2]))
    # None of these can be decoded.
    yield value("types", tensor=tensor(COMPLEX64, [1], scomplex_val=[1, 2]))
    yield value("types", tensor=tensor(FLOAT, [3], tensor_content=b"\0" * 8))
    yield value("types", tensor=tensor(FLOAT, [2**40], float_val=[1]))
    yield value("types", tensor=tensor(FLOAT, [-1]))
    yield value("types", tensor=TensorProto(dtype=FLOAT, tensor_shape=TensorShapeProto(unknown_rank=True)))


def events():
    yield Event(wall_time=1, file_version="brain.Event:2")
    yield Event(wall_time=2, session_log=SessionLog(status=SessionLog.START))
    for step, one in enumerate(values()):
        yield Event(wall_time=3, step=step, summary=Summary(value=[one]))
    yield Event(wall_time=4, graph_def=b"graph")
    yield Event(wall_time=5, step=9, tagged_run_metadata=TaggedRunMetadata(tag="t", run_metadata=b"m"))


def write(name, all_events):
    with tf.io.TFRecordWriter(os.path.join(HERE, name)) as writer:
        for event in all_events:
            writer.write(event.SerializeToString(deterministic=True))


write("kinds.tfevents", events())
write("tensor-types.tfevents", [Event(wall_time=1, step=1, summary=Summary(value=tensors()))])
