#!/bin/sh
# nginx as the gateway, told again within a second whenever the addresses behind the services' names have changed: after
# `--scale`, or when a container has been replaced. UPSTREAMS names them: "orchestrator=host:port notification=host:port".
# A name without an address is a service that is down, and no reason for the others to be unreachable.
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
    # One address is named twice: nginx never repeats a request to the only server there is, however harmless. Failures
    # are not remembered (max_fails): a refusal takes no time, and a service that comes back is asked again at once.
    case $# in
      0) set -- 127.0.0.1 && port=1 ;;  # nobody listens there
      1) set -- "$1" "$1" ;;
    esac
    for address in "$@"; do
      echo "  server $address:$port max_fails=0;"
    done
    echo "  keepalive 64;"
    echo "  keepalive_timeout 10s;"  # less than the services' 15 s: they should not be the ones to close
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
