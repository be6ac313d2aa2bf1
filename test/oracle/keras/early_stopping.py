"""Plays random epochs to Keras' own EarlyStopping and prints what it did as JSON.

    pip install keras scipy jax
    KERAS_BACKEND=numpy python early_stopping.py > ../../../packages/tfjs/test/golden/keras-early-stopping.json

Each case: options, the monitored value of each epoch (null is NaN), how many epochs Keras let run, and the epoch, from 1,
whose weights it restored at the end.
"""

import json
import random

import keras


class Model:
    """As much of a model as the callback asks for: its weights are the number of the epoch."""

    def __init__(self):
        self.stop_training = False
        self.weights = 0

    def get_weights(self):
        return self.weights

    def set_weights(self, weights):
        self.weights = weights


def play(options, values):
    callback = keras.callbacks.EarlyStopping(monitor="value", restore_best_weights=True, **options)
    model = Model()
    callback.set_model(model)
    callback.on_train_begin()
    ran = 0
    for epoch, value in enumerate(values):
        model.weights = ran = epoch + 1
        callback.on_epoch_end(epoch, {"value": float("nan") if value is None else value})
        if model.stop_training:
            break
    callback.on_train_end()
    return ran, model.weights


def main():
    random.seed(20)
    cases = []
    for _ in range(200):
        options = {
            "mode": random.choice(["min", "max"]),
            "patience": random.choice([0, 0, 1, 2, 3, 5]),
            "min_delta": random.choice([0, 0, 0.25, 1]),
        }
        trend = random.choice([-0.5, 0, 0.5])
        # Quarters: their differences are exact. The first is a number, since Keras keeps the weights of a first NaN.
        values = [random.randrange(-8, 9) / 4 + round(trend * at) for at in range(random.randrange(1, 13))]
        values = [None if at > 0 and random.random() < 0.1 else value for at, value in enumerate(values)]
        epochs, best = play(options, values)
        cases.append({**options, "values": values, "epochs": epochs, "best": best})
    print(json.dumps({"keras": keras.__version__, "cases": cases}, separators=(",", ":")))


main()
