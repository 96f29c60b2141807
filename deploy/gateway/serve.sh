#!/bin/sh
# Starts nginx as the gateway, and reloads it within a second when the addresses of the services' names have changed: after
# `--scale`, or when a container was replaced. UPSTREAMS names them: "orchestrator=host:port notification=host:port".
# A name without an address is a service that is down; the others stay reachable.
set -eu
here=$(cd "$(dirname "$0")" && pwd)

upstreams() {
  for entry in $UPSTREAMS; do
    host=${entry#*=}
    port=${host##*:}
    host=${host%:*}
    echo "upstream ${entry%%=*} {"
    # shellcheck disable=SC2046 - addresses hold no spaces
    set -- $(getent ahostsv4 "$host" | awk '$2 == "STREAM" { print $1 }' | sort -u)
    # A single address is listed twice: nginx never repeats a request when there is only one server. Failures
    # are not remembered (max_fails): a refusal takes no time, and a service that is back is used again at once.
    case $# in
      0) set -- 127.0.0.1 && port=1 ;;  # no program listens there
      1) set -- "$1" "$1" ;;
    esac
    for address in "$@"; do
      echo "  server $address:$port max_fails=0;"
    done
    echo "  keepalive 64;"
    echo "  keepalive_timeout 10s;"  # less than the services' 15 s: the gateway closes idle connections first
    echo "}"
  done
}

upstreams >/tmp/upstreams.conf
nginx -c "$here/nginx.conf" -g 'daemon off;' &
nginx=$!
trap 'kill -QUIT $nginx' TERM INT QUIT
while kill -0 $nginx 2>/dev/null; do
  sleep 1 &
  wait $! || true
  upstreams >/tmp/upstreams.new
  if ! cmp -s /tmp/upstreams.new /tmp/upstreams.conf; then
    mv /tmp/upstreams.new /tmp/upstreams.conf
    kill -HUP $nginx
  fi
done
wait $nginx
