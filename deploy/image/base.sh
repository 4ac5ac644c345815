#!/usr/bin/env bash
# A base where no registry of images is reachable: Debian's packages, unpacked. Only what builds runs on it, and none of
# it but the interpreter and its libraries gets into an image, so that nothing has to be configured, or even booted.
#   base.sh FOLDER
set -euo pipefail
mmdebstrap --quiet --mode=root --variant=extract --aptopt='Acquire::Languages "none"' \
  --include=bash,binutils,ca-certificates,coreutils,dash,libc-bin,python3,python3-venv,tzdata \
  "${SUITE:-bookworm}" "${1%/}"
