"""Gradient accumulation in PyTorch: a small classifier, micro-batches of 32, an optimizer step each 256 samples.

Prints one JSON object a micro-batch, which `microbatch log` turns into TensorBoard, W&B and a journal:

    microbatch log --accum-batch-size 256 --tensorboard runs/torch --wandb --project demo -- python3 train_torch.py
"""

import json

import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

MICRO_BATCH, ACCUM_BATCH, EPOCHS = 32, 256, 2

torch.manual_seed(1)
inputs = torch.randn(2048, 20)
labels = (inputs @ torch.randn(20, 4)).argmax(dim=1)
train, valid = TensorDataset(inputs[:1792], labels[:1792]), TensorDataset(inputs[1792:], labels[1792:])

model = nn.Sequential(nn.Linear(20, 64), nn.ReLU(), nn.Linear(64, 4))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
# Sums: the step divides by the samples that its window really had.
criterion = nn.CrossEntropyLoss(reduction="sum")


@torch.no_grad()
def validate():
    model.eval()
    x, y = valid.tensors
    output = model(x)
    model.train()
    return {"loss": criterion(output, y).item() / len(y), "accuracy": (output.argmax(1) == y).float().mean().item()}


print("training on", len(train), "samples")
samples = 0
for epoch in range(EPOCHS):
    for x, y in DataLoader(train, batch_size=MICRO_BATCH, shuffle=True):
        output = model(x)
        loss = criterion(output, y)
        loss.backward()
        samples += len(y)
        record = {"loss": loss.item() / len(y), "samples": len(y), "learning_rate": optimizer.param_groups[0]["lr"]}
        record["metrics"] = {"accuracy": (output.argmax(1) == y).float().mean().item()}
        print(json.dumps(record))
        if samples >= ACCUM_BATCH:
            for parameter in model.parameters():
                parameter.grad /= samples
            optimizer.step()
            optimizer.zero_grad()
            samples = 0
    print(json.dumps({"type": "epoch-end", "valid": validate()}))
print("done")
