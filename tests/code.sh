#!/usr/bin/env bash
# Drives Visual Studio Code itself with the packaged extension, in headless Chromium, and leaves pictures in target/screens.
#
# Needs node, a C++ compiler, Node's headers under /usr/include, Chromium (/usr/bin/chromium or $CHROMIUM), and the binary (built unless $SMPCC
# names one). The editor is code-server from npm, about 300 MB, which is kept in target/code-server: its parts that are no script are built here.
set -euo pipefail
cd "$(dirname "$0")/.."
target=$(realpath "${CARGO_TARGET_DIR:-target}")
if [ -z "${SMPCC:-}" ]; then
    cargo build --release --locked -p smpcc
    SMPCC=$target/release/smpcc
fi
SMPCC=$(realpath "$SMPCC")
editor=$target/code-server
version=4.100.3
if [ "$(cat "$editor/version" 2>/dev/null)" != "$version" ]; then
    rm -rf "$editor"
    mkdir -p "$editor"
    npm=(npm install --ignore-scripts --no-audit --no-fund --loglevel=error)
    (cd "$editor" && "${npm[@]}" --no-save --prefix . "code-server@$version")
    (cd "$editor/node_modules/code-server/lib/vscode" && "${npm[@]}" --omit=dev)
    for part in node-pty @vscode/spdlog native-watchdog @parcel/watcher; do
        (cd "$editor/node_modules/code-server/lib/vscode/node_modules/$part" && npx --yes node-gyp rebuild --nodedir=/usr --loglevel=error >/dev/null)
    done
    (cd "$editor/node_modules/argon2" && npx --yes node-pre-gyp rebuild --build-from-source --nodedir=/usr --loglevel=error >/dev/null)
    echo "$version" >"$editor/version"
fi
(cd editors/vscode && npm ci --no-audit --no-fund --loglevel=error && npm run --silent package >/dev/null)
(cd tests/screens && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error)
folder=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT
mkdir -p "$folder/work" "$folder/data/User" "$folder/data/Machine"
printf '%s\n' 'fn main(salary: secret u32 from each) -> u32 {' '    let mut n = 0u32;' '    let first = salary[0];' '    if first > 5000 { n = 1; }' '    n' '}' >"$folder/work/main.smpc"
echo '{"0": {"salary": 5200}, "1": {"salary": 4800}, "2": {"salary": 5900}}' >"$folder/work/main.inputs.json"
cat >"$folder/data/User/settings.json" <<SETTINGS
{
    "security.workspace.trust.enabled": false,
    "workbench.startupEditor": "none",
    "workbench.tips.enabled": false,
    "telemetry.telemetryLevel": "off",
    "update.mode": "none",
    "extensions.autoCheckUpdates": false,
    "chat.commandCenter.enabled": false,
    "terminal.integrated.gpuAcceleration": "off"
}
SETTINGS
# Where a program is started is a matter of the machine.
echo "{\"smpcc.path\": \"$SMPCC\"}" >"$folder/data/Machine/settings.json"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
code=(node "$editor/node_modules/code-server/out/node/entry.js" --config "$folder/config.yaml" --user-data-dir "$folder/data" --extensions-dir "$folder/extensions")
printf 'bind-addr: 127.0.0.1:%s\nauth: none\ncert: false\n' "$port" >"$folder/config.yaml"
"${code[@]}" --install-extension editors/vscode/smpcc-0.1.0.vsix >"$folder/log" 2>&1 || { cat "$folder/log" >&2; exit 1; }
"${code[@]}" --disable-telemetry --disable-update-check --disable-workspace-trust >"$folder/log" 2>&1 &
server=$!
for _ in $(seq 100); do
    (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && break
    sleep 0.2
done
timeout 600 node tests/code/run.mjs "http://127.0.0.1:$port/?folder=$folder/work" "$folder/work" "$target/screens" || { tail -30 "$folder/log" >&2; exit 1; }
echo "the session in the editor is as it should be"
