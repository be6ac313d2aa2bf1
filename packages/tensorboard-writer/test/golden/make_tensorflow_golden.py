"""Writes tensorflow-*.tfevents beside this script with `tf.summary`, from the inputs of summaries.json.

    pip install tensorflow-cpu==2.19.0 tensorboard==2.19.0 numpy==2.1.3 && python make_tensorflow_golden.py

TensorFlow's writer takes the wall time from the clock: each event is given that of summaries.json instead, once it has
been checked that decoding and encoding it changes no byte.
"""

import glob
import json
import os
import tempfile

import numpy as np
import tensorflow as tf
from tensorflow.core.util.event_pb2 import Event

HERE = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(HERE, "summaries.json"), encoding="utf-8") as file:
    INPUTS = json.load(file)


def write(name, add):
    with tempfile.TemporaryDirectory() as folder:
        writer = tf.summary.create_file_writer(folder)
        with writer.as_default():
            add()
        writer.close()
        (path,) = glob.glob(os.path.join(folder, "*"))
        with tf.io.TFRecordWriter(os.path.join(HERE, f"tensorflow-{name}.tfevents")) as golden:
            for record in tf.data.TFRecordDataset(path):
                event = Event.FromString(record.numpy())
                assert event.SerializeToString() == record.numpy()
                event.wall_time = INPUTS["wallTime"]
                golden.write(event.SerializeToString())


def scalars():
    for point in INPUTS["scalars"]:
        tf.summary.scalar(point["tag"], float(point["value"]), point["step"])


def histograms():
    for name, case in {**INPUTS["histograms"], **INPUTS["tensorflowHistograms"]}.items():
        tf.summary.histogram(name, np.array(case["values"], dtype=np.float64), 1, case.get("buckets"))


def texts():
    for name, text in INPUTS["texts"].items():
        tf.summary.text(name, text, 1)


write("scalars", scalars)
write("histograms", histograms)
write("text", texts)
