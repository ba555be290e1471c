#!/usr/bin/env bash
# One machine: a process for each GPU. Begun again after an interruption, the run goes on where it stopped.
#
#   docs/launch/one_machine.sh stn-mnist/exp01-baseline data.name=fashion_mnist
set -euo pipefail

PROCESSES="${PROCESSES:-$(python -c 'import torch; print(max(1, torch.cuda.device_count()))')}"

while true; do
  code=0
  spatialvision train "$@" "processes=$PROCESSES" || code=$?
  # 75: stopped by a signal, the state saved. Anything else is an end: done (0), Ctrl-C (130) or an error.
  [ "$code" -eq 75 ] || exit "$code"
done
