#!/bin/sh
# bootstrap.sh PROGRAM.ts [ARG ...]: runs a program of this clone with the packages of package-lock.json installed.
#
# The npm scripts start here so that they work from a fresh clone, where node_modules does not exist yet.
set -eu
cd "$(dirname "$0")/../.."

fail() {
  echo "$*" >&2
  exit 1
}

command -v node >/dev/null || fail "node — not found; install Node.js 22 or newer (nodejs.org); 20.19 works as well"
version=$(node --version) # v20.19.1
major=${version#v} major=${major%%.*}
minor=${version#*.} minor=${minor%%.*}
[ "$major" -gt 20 ] || { [ "$major" -eq 20 ] && [ "$minor" -ge 19 ]; } ||
  fail "node — version is $version, need 22 or newer, or 20.19 at least; install a newer Node.js"

# Only tests and checks need the packages of development: what `npm ci --omit=dev` installed is enough for all others.
case $1 in
  scripts/dev/* | test/* | node_modules/*) dev=--dev ;;
  *) dev= ;;
esac
if ! node scripts/lib/installed.cjs $dev; then
  echo "Installing the npm packages of package-lock.json …" >&2
  omit=
  [ -n "$dev" ] || [ ! -e node_modules/.package-lock.json ] || [ -e node_modules/vitest ] || omit=--omit=dev
  npm ci $omit --ignore-scripts --no-audit --no-fund --loglevel=error >&2 || fail "npm ci — failed, see above; check the npm registry settings and run again"
  [ "$major" -ge 22 ] || echo "Node.js $version works; 22 or newer is what Pulumi's SDK asks for and what the pipelines use." >&2
fi

exec node --require tsx/cjs "$@"
