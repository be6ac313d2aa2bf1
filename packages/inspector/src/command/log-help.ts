/** What `microbatch log --help` says behind its options. */
export const LOG_HELP = `
Lines:
  {"loss": 0.7, "samples": 8}               a micro-batch: its mean loss, and how many samples it has; and, where wanted,
                                            "weight", "metrics": {"accuracy": 0.5}, "learningRate" (or "learning_rate"),
                                            "skipped": true, "lastOfEpoch": true (or "last_of_epoch"), "values": {…}
  {"type": "epoch-end", "valid": {"loss": 0.6}}   the end of an epoch, with its validation where there was one
  {"type": "log", "values": {"temperature": 61}}  numbers, texts, and what else a journal holds
  {"type": "run-end", "outcome": "failed", "error": "…"}   how it ended: finished, stopped or failed
NaN and Infinity are read as Python writes them. Every other line is passed through to standard output, unchanged and at
once. A line that is half a record is passed through, too, and told of on standard error; the others are still logged.

The run counts as finished when the pipe closes, as failed where it closes within a record or the program behind -- has
another exit code than 0, as stopped after Ctrl-C, and where the last epoch is not over. A pipe does not tell how its
writer ended: put the program behind --, or print a run-end. Nothing that goes wrong here stops the program.

Exit codes: 0 all was logged; 1 lines or loggers failed, or no micro-batch came; 2 an option is wrong; 130 Ctrl-C;
143 SIGTERM; with a program behind --, its own where that is not 0 (127: there is no such program).

Examples:
  $ python -u train.py | microbatch log --accum-batch-size 256 --tensorboard runs/a --journal runs/a
  $ microbatch log --accum-batch-size 256 --wandb --project digits -- python train.py --lr 0.003
  $ python -u train.py | microbatch log --start-accum-batch-size 32 --final-accum-batch-size 256 \\
      --epochs 2 --micro-batches-per-epoch 1875 --wandb --log-accum-batch=false`;
