"""Writes media.json beside this script: pictures, sounds, meshes and a projector's config as the reference writers make them.

    pip install tensorflow-cpu==2.19.0 tensorboard==2.21.0 torch==2.11.0 && python make_media_golden.py

Payloads are an Event's bytes without wall time and step. They hold the data class that TensorBoard gives to such values
when it reads them (tensorboard/dataclass_compat.py), because TensorFlow leaves it out.
"""

import json
import os

import numpy as np
import tensorflow as tf
from google.protobuf import text_format
from tensorboard.compat.proto import summary_pb2
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.plugins.audio import metadata as audio_metadata
from tensorboard.plugins.image import metadata as image_metadata
from tensorboard.plugins.mesh import summary_v2 as mesh_summary
from tensorboard.plugins.projector.projector_config_pb2 import ProjectorConfig
from tensorboard.util import tensor_util
from torch.utils.tensorboard._utils import make_grid

HERE = os.path.dirname(os.path.abspath(__file__))


def payload(summary, data_class):
    for value in summary.value:
        value.metadata.data_class = data_class
    return Event(summary=summary).SerializeToString().hex()


def strings_payload(tag, strings, metadata):
    summary = summary_pb2.Summary()
    tensor = tensor_util.make_tensor_proto(strings, dtype=np.object_)
    summary.value.add(tag=tag, metadata=metadata, tensor=tensor)
    return payload(summary, summary_pb2.DATA_CLASS_BLOB_SEQUENCE)


def image():
    png = tf.image.encode_png(np.arange(24, dtype=np.uint8).reshape(2, 4, 3)).numpy()
    metadata = image_metadata.create_summary_metadata(display_name=None, description=None)
    return {"tag": "img/a", "png": png.hex(), "payload": strings_payload("img/a", [b"4", b"2", png], metadata)}


def grid():
    images = np.arange(5 * 3 * 2 * 4, dtype=np.uint8).reshape(5, 3, 2, 4)
    pixels = make_grid(images, ncols=2).transpose(1, 2, 0)
    return {"shape": images.shape, "columns": 2, "pixels": pixels.ravel().tolist()}


def audio(shape, sample_rate):
    edges = np.array([0, 1, -1, 2, -2, 0.5 / 32768, -0.5 / 32768, 1.5 / 32768, 0.999985, -0.3, 0.1, 1e-9], np.float32)
    wav = tf.audio.encode_wav(edges.reshape(shape), sample_rate).numpy()
    encoding = audio_metadata.Encoding.Value("WAV")
    metadata = audio_metadata.create_summary_metadata(display_name=None, description=None, encoding=encoding)
    return {
        "tag": "snd/a",
        "samples": [float(sample) for sample in edges],
        "shape": shape,
        "sampleRate": sample_rate,
        "payload": strings_payload("snd/a", [wav], metadata),
    }


def mesh():
    vertices = np.linspace(-1, 1, 24, dtype=np.float32).reshape(2, 4, 3)
    faces = np.array([[[0, 1, 2], [1, 2, 3]], [[3, 2, 1], [0, 2, 3]]], np.int32)
    colors = np.arange(24, dtype=np.uint8).reshape(2, 4, 3) * 10
    tensor = summary_pb2.DATA_CLASS_TENSOR
    return {
        "vertices": [float(x) for x in vertices.ravel()],
        "faces": faces.ravel().tolist(),
        "colors": colors.ravel().tolist(),
        "full": payload(mesh_summary.mesh_pb("mesh/a", vertices, faces=faces, colors=colors), tensor),
        "cloud": payload(mesh_summary.mesh_pb("mesh/a", vertices), tensor),
        "colored": payload(mesh_summary.mesh_pb("mesh/a", vertices, colors=colors), tensor),
    }


def projector():
    config = ProjectorConfig()
    first = config.embeddings.add(tensor_name="default:00000", tensor_path="00000/default/tensors.tsv")
    first.metadata_path = "00000/default/metadata.tsv"
    first.sprite.image_path = "00000/default/sprite.png"
    first.sprite.single_image_dim.extend([5, 4])
    config.embeddings.add(tensor_name='a"b\\c\n:00012', tensor_path="00012/x/tensors.tsv")
    return text_format.MessageToString(config)


golden = {
    "image": image(),
    "grid": grid(),
    "audio": [audio([12, 1], 44100), audio([6, 2], 8000)],
    "mesh": mesh(),
    "projector": projector(),
}
with open(os.path.join(HERE, "media.json"), "w", encoding="utf-8") as file:
    json.dump(golden, file)
    file.write("\n")
