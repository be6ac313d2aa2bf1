"""Writes or reads scalars by Python's packages: python python-tensorboard.py WHAT COUNT FOLDER, where WHAT is tensorboardX,
EventFileWriter, EventFileWriter-queue (a longer queue than by default) or EventAccumulator. Prints the seconds from the first
scalar to the closed file, or from the opening of the file to the last scalar."""

import json
import sys
import time

what, count, folder = sys.argv[1], int(sys.argv[2]), sys.argv[3]
TAGS = [f"train/metric_{index}" for index in range(20)]

if what == "tensorboardX":
    from tensorboardX import SummaryWriter

    # By default it writes after each 10 events, which is slower.
    writer = SummaryWriter(folder, max_queue=10_000)
    began = time.perf_counter()
    for index in range(count):
        writer.add_scalar(TAGS[index % 20], index * 0.37, index // 20)
    writer.close()
elif what.startswith("EventFileWriter"):
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    writer = EventFileWriter(folder, max_queue_size=10_000 if what.endswith("-queue") else 10)
    began = time.perf_counter()
    for index in range(count):
        value = Summary.Value(tag=TAGS[index % 20], simple_value=index * 0.37)
        writer.add_event(Event(wall_time=time.time(), step=index // 20, summary=Summary(value=[value])))
    writer.close()
else:
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    began = time.perf_counter()
    accumulator = EventAccumulator(folder, {"scalars": 0}).Reload()
    points = sum(len(accumulator.Scalars(tag)) for tag in accumulator.Tags()["scalars"])
    assert points == count, f"{points} of {count} scalars were read"

seconds = time.perf_counter() - began
print(json.dumps({"seconds": seconds}))
