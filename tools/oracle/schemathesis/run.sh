#!/usr/bin/env bash
# Asks the API what its description promises, with all checks of schemathesis (PyPI), for five minutes.
# Usage, at the root of the project: tools/oracle/schemathesis/run.sh [PATH OF schemathesis] [SECONDS]
set -euo pipefail
schemathesis=${1:-schemathesis}
here=$(dirname "$0")
settings=$(mktemp --suffix .toml)
coproc api { exec node --import tsx test/hostile/serve.ts; }
trap 'kill "$api_PID" 2>/dev/null || true; rm -f "$settings"' EXIT
read -r url key <&"${api[0]}"
read -r named <&"${api[0]}"
# What deletes is asked for things that there are not, so that the others find theirs.
{
  cat "$here/schemathesis.toml"
  printf '\n[[operations]]\ninclude-method = ["GET", "PATCH", "POST", "PUT"]\nparameters = %s\n' "$named"
} > "$settings"
"$schemathesis" --config-file "$settings" run "$url/openapi.json" \
  --header "Authorization: Bearer $key" --checks all --max-time "${2:-300}" --continue-on-failure --no-color
