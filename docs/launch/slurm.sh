#!/usr/bin/env bash
# SLURM: one task for each GPU, on one or several machines. Two minutes before its time is over, and when it is
# preempted, the run saves its state and ends with exit code 75; the job then puts itself back into the queue.
#
#   sbatch --nodes=2 --ntasks-per-node=8 --gpus-per-node=8 docs/launch/slurm.sh stn-mnist/exp01-baseline data.name=fashion_mnist
#
#SBATCH --job-name=spatialvision
#SBATCH --nodes=1
#SBATCH --ntasks-per-node=1
#SBATCH --time=24:00:00
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=USR1@120
set -euo pipefail

MASTER_ADDR="$(scontrol show hostnames "$SLURM_JOB_NODELIST" | head -n 1)"
# A port of its own for each job.
MASTER_PORT=$((20000 + SLURM_JOB_ID % 20000))
export MASTER_ADDR MASTER_PORT

code=0
srun --kill-on-bad-exit=0 bash -c '
  export RANK="$SLURM_PROCID" WORLD_SIZE="$SLURM_NTASKS" LOCAL_RANK="$SLURM_LOCALID"
  export LOCAL_WORLD_SIZE="${SLURM_NTASKS_PER_NODE:-1}"
  exec spatialvision train "$@"
' spatialvision "$@" || code=$?

if [ "$code" -eq 75 ]; then
  scontrol requeue "$SLURM_JOB_ID"
fi
exit "$code"
