#!/usr/bin/env bash
# From an account to a running container and back, with curl and jq:
#
#   BERTH_URL=http://127.0.0.1:3000 BERTH_ACCOUNT=li BERTH_PASSWORD='…' \
#     bash packages/api/examples/first-container.sh [image] [name]
#
# `image` is one of those that GET /api/images shows, by default the newest; `name` is the container's, by default
# `first`. With BERTH_KEEP=1 the container is left running.
set -euo pipefail

url=${BERTH_URL:-http://127.0.0.1:3000}
: "${BERTH_ACCOUNT:?Set BERTH_ACCOUNT and BERTH_PASSWORD.}" "${BERTH_PASSWORD:?Set BERTH_ACCOUNT and BERTH_PASSWORD.}"
export BERTH_ACCOUNT
token=

# call METHOD PATH [BODY [KEY]] prints the answer. What the server refuses is told, and ends the script. Where no answer
# comes, the same call with the same KEY may be made again: it acts once.
# Token and body are no arguments of curl: other users of this machine could read them there.
call() {
  local answer status options=(--silent --show-error --request "$1" --header 'Content-Type: application/json')
  if (($# > 2)); then options+=(--data-binary @-); fi
  if (($# > 3)); then options+=(--header "Idempotency-Key: $4"); fi
  answer=$(curl "${options[@]}" --header @<(printf 'Authorization: Bearer %s\n' "$token") \
    --write-out '\n%{http_code}' "$url$2" <<<"${3:-}")
  status=${answer##*$'\n'}
  answer=${answer%$'\n'*}
  if ((status >= 400)); then
    jq --raw-output .error.message <<<"$answer" >&2
    return 1
  fi
  printf '%s\n' "$answer"
}

# wait_until CONTAINER_ID PHASE prints the container. What happens meanwhile is shown.
wait_until() {
  local container phase shown=
  while true; do
    container=$(call GET "/api/containers/$1")
    phase=$(jq --raw-output .phase <<<"$container")
    if [[ $phase == "$2" ]]; then break; fi
    if [[ $phase == Failed ]]; then
      jq --raw-output '"The container failed: " + .message' <<<"$container" >&2
      return 1
    fi
    if [[ $phase != "$shown" ]]; then jq --raw-output '.phase + " " + .message' <<<"$container" >&2; fi
    shown=$phase
    sleep 0.5
  done
  printf '%s\n' "$container"
}

# Only a hash of the password leaves this machine.
hash=$(printf %s "$BERTH_PASSWORD" | sha256sum | cut -d ' ' -f 1)
credentials=$(hash=$hash jq --null-input '{account: env.BERTH_ACCOUNT, password: env.hash}')
token=$(call POST /api/auth/login "$credentials" | jq --raw-output .access_token)

call GET /api/machine/info | jq --raw-output '.[] |
  "machine \(.machine_id) is \(if .online then "online" else "offline" end) and has \(.gpu | length) GPUs"'

image=${1:-$(call GET '/api/images?limit=1' | jq --raw-output '.items[0].name // empty')}
if [[ -z $image ]]; then
  echo 'There is no image yet: an admin adds one.' >&2
  exit 1
fi
wish=$(jq --null-input --arg name "${2:-first}" --arg image "$image" '{name: $name, image: $image, gpu_count: 0}')
id=$(call POST /api/containers "$wish" "first-container-$$-$(date +%s)" | jq .container_id)
echo "container $id is recorded"

container=$(wait_until "$id" Running)
echo "container $id runs"
jq --raw-output '.connect | "connect: " + (.ssh // "no ssh", .urls[])' <<<"$container"

call GET "/api/containers/$id/logs?tail=5" | jq --raw-output '"log: " + .lines[]'
if [[ -n ${BERTH_KEEP:-} ]]; then exit; fi

call POST "/api/containers/$id/stop" '{}' >/dev/null
wait_until "$id" Stopped >/dev/null
call DELETE "/api/containers/$id" >/dev/null
echo "container $id is stopped and deleted"
