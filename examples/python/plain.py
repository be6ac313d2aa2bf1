"""Gradient accumulation without any library: fits y = 3x - 2 by micro-batches of 8, an optimizer step each 32 samples.

Prints one JSON object a micro-batch, which `microbatch log` turns into TensorBoard, W&B and a journal:

    python3 -u plain.py | microbatch log --accum-batch-size 32 --tensorboard runs/plain --journal runs/plain
"""

import json
import random

MICRO_BATCH, ACCUM_BATCH, EPOCHS, LEARNING_RATE = 8, 32, 3, 0.3


def loss_and_gradient(batch, weight, bias):
    """Means over the batch of the squared error and of its gradient."""
    errors = [weight * x + bias - y for x, y in batch]
    n = len(batch)
    loss = sum(e * e for e in errors) / n
    return loss, sum(2 * e * x for e, (x, _) in zip(errors, batch)) / n, sum(2 * e for e in errors) / n


random.seed(1)
xs = [random.uniform(-1, 1) for _ in range(320)]
data = [(x, 3 * x - 2 + random.gauss(0, 0.05)) for x in xs]
train, valid = data[:256], data[256:]

weight = bias = 0.0
print("training on", len(train), "samples")
for epoch in range(EPOCHS):
    random.shuffle(train)
    sums, samples = [0.0, 0.0], 0
    for start in range(0, len(train), MICRO_BATCH):
        batch = train[start : start + MICRO_BATCH]
        loss, to_weight, to_bias = loss_and_gradient(batch, weight, bias)
        print(json.dumps({"loss": loss, "samples": len(batch), "learning_rate": LEARNING_RATE}))
        # A mean over the window: each micro-batch counts with its samples.
        sums[0] += len(batch) * to_weight
        sums[1] += len(batch) * to_bias
        samples += len(batch)
        if samples >= ACCUM_BATCH:
            weight -= LEARNING_RATE * sums[0] / samples
            bias -= LEARNING_RATE * sums[1] / samples
            sums, samples = [0.0, 0.0], 0
    print(json.dumps({"type": "epoch-end", "valid": {"loss": loss_and_gradient(valid, weight, bias)[0]}}))
print(json.dumps({"type": "log", "values": {"weight": weight, "bias": bias}}))
print(f"y = {weight:.2f} x {bias:+.2f}")
