#!/usr/bin/env bash
# Asks the API what its description promises, with all checks of schemathesis (PyPI), for five minutes.
# Usage, at the root of the project: tools/oracle/schemathesis/run.sh [PATH OF schemathesis] [SECONDS]
set -euo pipefail
schemathesis=${1:-schemathesis}
here=$(dirname "$0")
settings=$(mktemp --suffix .toml)
coproc api { exec node --import tsx test/hostile/serve.ts; }
pid=$api_PID
end() {
  kill "$pid" 2>/dev/null
  timeout 20 tail --pid="$pid" -f /dev/null || kill -9 "$pid"
  rm -f "$settings"
}
trap end EXIT
read -r url key <&"${api[0]}"
read -r named <&"${api[0]}"
read -r ending rotated revoked <&"${api[0]}"
# What deletes is asked for things that there are not, so that the others find theirs.
{
  cat "$here/schemathesis.toml"
  # Keys are ended by one of another team, which has some to spare; it may end itself.
  printf '\n[[operations]]\ninclude-path = "/v1/keys/{keyId}/rotate"\nheaders = { Authorization = "Bearer %s" }\nparameters = { "path.keyId" = "%s" }\n' "$ending" "$rotated"
  printf '\n[[operations]]\ninclude-path = "/v1/keys/{keyId}"\nheaders = { Authorization = "Bearer %s" }\nparameters = { "path.keyId" = "%s" }\n' "$ending" "$revoked"
  printf '\n[[operations]]\ninclude-method = ["GET", "PATCH", "POST", "PUT"]\nparameters = %s\n' "$named"
} > "$settings"
"$schemathesis" --config-file "$settings" run "$url/openapi.json" \
  --header "Authorization: Bearer $key" --checks all --max-time "${2:-300}" --continue-on-failure --no-color
