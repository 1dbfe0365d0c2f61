# Messages of the machine scripts; sourced. Everything goes to stderr: stdout is for results.

log_info() { printf '[machine] %s\n' "$*" >&2; }

# Ends the script: "where — what is wrong (got X, need Y) — what to do".
die() {
  printf '[machine] %s\n' "$*" >&2
  exit 1
}
