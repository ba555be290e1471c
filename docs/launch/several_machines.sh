#!/usr/bin/env bash
# Several machines: run this on each of them, with the same arguments and a --runs-dir that all of them share.
#
#   MACHINES=2 MEET=node1:29500 docs/launch/several_machines.sh stn-mnist/exp01-baseline --runs-dir /shared/runs
#
# MACHINES  how many there are
# MEET      name or address of one of them, and a free port there
# PROCESSES processes on each machine; by default one for each GPU
set -euo pipefail

: "${MACHINES:?how many machines?}" "${MEET:?where do they meet? host:port}"
PROCESSES="${PROCESSES:-$(python -c 'import torch; print(max(1, torch.cuda.device_count()))')}"

# join_timeout: seconds after which a machine that waits for the others gives up.
exec torchrun --nnodes="$MACHINES" --nproc-per-node="$PROCESSES" \
  --rdzv-backend=c10d --rdzv-endpoint="$MEET" --rdzv-id=spatialvision --rdzv-conf=join_timeout=120 \
  -m spatialvision train "$@"
