#!/usr/bin/env bash
# The life of stacks/ecs-task.toml in one go: plan, apply, change, destroy, against an AWS stand-in on
# this machine. It talks to nothing else, needs no AWS account, and leaves nothing behind. `make demo` runs it.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
python="$root/.venv/bin/python"
[ -x "$python" ] || { echo "demo: no .venv yet; run \`make venv\`, or the demo itself with \`make demo\`" >&2; exit 1; }
command -v cargo >/dev/null || { echo "demo: cargo is needed; see https://rustup.rs" >&2; exit 1; }

folder="$(mktemp -d "${TMPDIR:-/tmp}/stepwright-demo-XXXXXX")"
endpoint=""
cleanup() {
    [ -z "$endpoint" ] || { kill "$endpoint" 2>/dev/null || true; wait "$endpoint" 2>/dev/null || true; }
    rm -rf "$folder"
}
trap cleanup EXIT
trap 'exit 130' INT TERM

heading() { printf '\n\033[1m## %s\033[0m\n' "$*"; }
surprise() { echo "demo: $*" >&2; exit 1; }
# Shows a command, runs it, and holds it to the exit code it must have.
run() {
    local expected="$1" code=0
    shift
    printf '\033[2m$ %s\033[0m\n' "$*"
    "$@" || code=$?
    [ "$code" -eq "$expected" ] || surprise "exit code $code where $expected was due"
}

account() { "$python" "$root/tests/endpoint/account.py" "$@"; }

heading "Building stepwright"
# With the tests, so that what is compiled here serves `make test` too.
cargo build --bins --tests --manifest-path "$root/Cargo.toml"
target="$(cargo metadata --format-version 1 --no-deps --manifest-path "$root/Cargo.toml" | "$python" -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')"
PATH="$target/debug:$PATH"

heading "Starting an AWS stand-in on this machine"
"$python" "$root/tests/endpoint/endpoint.py" --format shell --knob sfn_lag_ms=1500 >"$folder/environment" &
endpoint=$!
for _ in $(seq 300); do
    grep -q '^export no_proxy' "$folder/environment" && break
    kill -0 "$endpoint" 2>/dev/null || surprise "the AWS stand-in did not start"
    sleep 0.1
done
# shellcheck disable=SC1091
. "$folder/environment"
echo "$AWS_ENDPOINT_URL"

cp "$root"/stacks/ecs-task.* "$folder"
cd "$folder"
image="public.ecr.aws/docker/library/busybox:1.38"

heading "1. What would be made"
run 2 stepwright plan ecs-task.toml --detailed-exitcode
heading "2. Make it (IAM's changes reach Step Functions after 1.5 seconds here; it waits for them)"
run 0 stepwright apply ecs-task.toml --yes
heading "3. Plan again: nothing to do"
run 0 stepwright plan ecs-task.toml --detailed-exitcode
heading "4. Another image"
run 2 stepwright plan ecs-task.toml --detailed-exitcode --var image="$image"
heading "5. Register the new revision, move the state machine to it, deregister the old one"
run 0 stepwright apply ecs-task.toml --yes --var image="$image"
heading "6. What AWS has now"
run 0 account leftovers
[[ "$(account show)" == *"\"image\": \"$image\""* ]] || surprise "the new image is not in the account"
heading "7. Destroy it"
run 0 stepwright destroy ecs-task.toml --yes
heading "8. What is left"
run 0 account leftovers | tee "$folder/left"
[ "$(tail -n 1 "$folder/left")" = "[]" ] || surprise "something was left behind"
echo "Nothing."
