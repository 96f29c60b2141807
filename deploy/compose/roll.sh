#!/bin/sh
# Replaces the containers of one web service by new ones, without losing a request:
#
#     deploy/compose/roll.sh orchestrator-web
#
# It starts as many new containers as there are old ones. When those are healthy and known to the gateway (serve.sh checks
# every second), it stops the old ones: they serve for 5 s more, finish their open requests, and end.
set -eu
service=$1
if docker compose version >/dev/null 2>&1; then compose="docker compose"; else compose=docker-compose; fi

old=$($compose ps -q "$service")
count=$(echo "$old" | wc -w)
$compose up -d --no-deps --no-recreate --scale "$service=$((count * 2))" "$service"
new=$($compose ps -q "$service" | grep -vF "$old")
gateway=$($compose ps -q gateway)

address_of() { docker inspect --format '{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}' "$1"; }
is_known() { # does the gateway send requests to this container?
  for address in $(address_of "$1"); do
    if docker exec "$gateway" grep -qF "server $address:" /tmp/upstreams.conf; then return 0; fi
  done
  return 1
}
wait_until() { # seconds, what is waited for, command...
  left=$1 what=$2; shift 2
  until "$@"; do
    left=$((left - 1))
    if [ "$left" -le 0 ]; then echo "$what: not in time. The old containers are still there." >&2; exit 1; fi
    sleep 1
  done
}
is_healthy() { [ "$(docker inspect --format '{{.State.Health.Status}}' "$1")" = healthy ]; }

for container in $new; do wait_until 60 "$service healthy" is_healthy "$container"; done
for container in $new; do wait_until 10 "$service found by the gateway" is_known "$container"; done
sleep 1 # for the gateway's workers that know the new ones to have begun
# shellcheck disable=SC2086 - one id a word
docker stop --time 35 $old >/dev/null
# shellcheck disable=SC2086
docker rm $old >/dev/null
