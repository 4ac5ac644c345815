#!/usr/bin/env bash
# Builds the images: build.sh [MEMBER …]; all where none is named. The same commit gives the same image.
#   BASE    what has the interpreter (python:3.13-slim-bookworm); a local one: see base.sh
#   TAG     of the images (the version)
#   ENGINE  docker or buildah, with its global options; docker where its engine answers, else buildah
#   OPTIONS more for the engine's build
set -euo pipefail
cd "$(dirname "$0")/../.."

members=("$@")
((${#members[@]})) || members=(intake routing deadlines reporting ops)
version=$(sed -n 's/^version = "\(.*\)"/\1/p' deploy/embedded/pyproject.toml)
revision=$(git rev-parse HEAD 2>/dev/null || echo unknown)
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 0)}
engine=${ENGINE:-}
[[ -n $engine ]] || ! docker buildx inspect >/dev/null 2>&1 || engine=docker
[[ -n $engine ]] || engine=$(command -v buildah || true)
[[ -n $engine ]] || { echo "no engine of docker and no buildah here: on Debian apt-get install buildah" >&2; exit 2; }

for member in "${members[@]}"; do
  arguments=(
    --file deploy/image/Dockerfile --tag "${PREFIX:-}clic-$member:${TAG:-$version}"
    --build-arg "MEMBER=$member" --build-arg "VERSION=$version" --build-arg "REVISION=$revision"
    --build-arg "CREATED=$(date --utc --date="@$SOURCE_DATE_EPOCH" +%Y-%m-%dT%H:%M:%SZ)"
    ${BASE:+--build-arg "BASE=$BASE"}
  )
  case ${engine%% *} in
    *buildah) # shellcheck disable=SC2086 - they are words
      $engine build --quiet --layers --timestamp "$SOURCE_DATE_EPOCH" "${arguments[@]}" ${OPTIONS:-} . ;;
    *) # shellcheck disable=SC2086 - the same
      $engine buildx build --output type=docker,rewrite-timestamp=true \
        --build-arg "SOURCE_DATE_EPOCH=$SOURCE_DATE_EPOCH" "${arguments[@]}" ${OPTIONS:-} . ;;
  esac
done
