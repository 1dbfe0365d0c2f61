#!/bin/sh
# bootstrap.sh COMMAND [ARG ...]: runs scripts/local/COMMAND.ts with the packages of package-lock.json installed.
#
# The npm scripts start here so that they work from a fresh clone, where node_modules does not exist yet.
set -eu
cd "$(dirname "$0")/../.."

fail() {
  echo "$*" >&2
  exit 1
}

command -v node >/dev/null || fail "node — not found; install Node.js 20.19 or newer (Debian: apt-get install nodejs npm, or nodejs.org)"
node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
  fail "node — version is $(node --version), need 20.19 or newer; install a newer Node.js"

# npm keeps a copy of the lock it installed from; where that is older than ours, the packages are not ours.
if [ ! -f node_modules/.package-lock.json ] || [ package-lock.json -nt node_modules/.package-lock.json ]; then
  echo "Installing the npm packages of package-lock.json …" >&2
  npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2 || fail "npm ci — failed, see above; check the npm registry settings and run again"
  touch node_modules/.package-lock.json
fi

command=$1
shift
exec node --import tsx "scripts/local/$command.ts" "$@"
