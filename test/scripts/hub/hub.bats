# Proves, on a real hub with a small mirror: files, images, Git over SSH, the first commit, and the call on a push.
# Does not prove that Argo CD takes the call (the drills do).

load ../local-machine/machine.bash
ADDRESS=10.77.1.10
REPOSITORY=ssh://git@$ADDRESS/srv/git/infra.git

setup_file() {
  export HUB=$BATS_FILE_TMPDIR/hub BIN=${XDG_CACHE_HOME:-$HOME/.cache}/gitops-platform/mirror/bin
  for program in registry kubeseal; do
    [[ -x $BIN/$program ]] || { echo "no $BIN/$program: run npm run mirror first" >&2 && return 1; }
  done
  mkdir -p "$HUB/mirror/files/dl.k8s.io" "$HUB/mirror/registry" "$HUB/mirror/bin" "$HUB/starter/apps"
  echo content >"$HUB/mirror/files/dl.k8s.io/file"
  echo 'kind: Application' >"$HUB/starter/apps/one.yaml"
  cp "$BIN/registry" "$HUB/mirror/bin/"
  BATS_TEST_TMPDIR=$HUB setup_machines
  ssh-keygen -q -t ed25519 -N '' -f "$HUB/deploy"
  certificate argocd-server "$HUB/argocd"
  certificate somebody-else "$HUB/other"
  BATS_TEST_TMPDIR=$HUB STATE=$HUB/state apply hub 10 BINDS "ro:$HUB/mirror:/srv/mirror"$'\n'"rw:$HUB/git:/srv/git"
  BATS_TEST_TMPDIR=$HUB on hub 10 true
  step hub/serve-mirror.sh
  step hub/git-repository.sh PUSH_KEY="$(cat "$HUB/login.pub")" DEPLOY_KEY="$(cat "$HUB/deploy.pub")"
}

teardown_file() {
  STATE=$HUB/state teardown_machines
}

setup() { BATS_TEST_TMPDIR=$HUB; }

# A self-signed certificate as Argo CD makes its own: not an authority's.
certificate() {
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$1" -addext "subjectAltName=DNS:$1" \
    -addext basicConstraints=critical,CA:FALSE -keyout "$2.key" -out "$2.crt" 2>/dev/null
}

# step SCRIPT [NAME=VALUE…]: as the stack runs it.
step() {
  npx tsx "$BATS_TEST_DIRNAME/render-step.ts" "$1" NODE_NAME=hub "${@:2}" 2>/dev/null >"$HUB/step"
  hub_ssh login root 'bash -s -- apply' <"$HUB/step"
}

# hub_ssh KEY USER COMMAND
hub_ssh() { ssh -F none -i "$HUB/$1" $(ssh_options) "$2@$ADDRESS" "$3"; }

ssh_options() {
  echo "-o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=yes -o UserKnownHostsFile=$HUB/known-hub"
}

git_as() { GIT_SSH_COMMAND="ssh -F none -i $HUB/$1 $(ssh_options)" git -c user.name=t -c user.email=t@t "${@:2}"; }

# seed [EXPORT…]
seed() {
  printf 'export %s=%q\n' REPOSITORY_URL "$REPOSITORY" HOST_KEY "$(cut -d' ' -f1,2 "$HUB/host-hub.pub")" \
    PRIVATE_KEY "$(cat "$HUB/login")" SOURCE "$HUB/starter" KUBESEAL "$BIN/kubeseal" SEALING_CERTIFICATE "$(cat "$HUB/argocd.crt")" \
    SECRETS $'apps/sealed-secret.yaml credentials database-creds SuperSecret123\napps/one.yaml a b c\napps/store/sealed.yaml store store-auth Another123' \
    "$@" | bash "$SCRIPTS/../hub/seed-repository.sh" apply
}

# notify CERTIFICATE ADDRESSES
notify() {
  step hub/notify-argocd.sh WEB_URL="http://$ADDRESS/srv/git/infra" TOKEN='the token' CERTIFICATE="$(cat "$1")" ADDRESSES="$2"
}

# What Argo CD would have been told after a push, within 10 s.
push_and_listen() {
  # Ends by itself when a test fails before it is ended.
  timeout 60 node --import tsx "$BATS_TEST_DIRNAME/webhook-server.ts" 10.77.1.1 "$HUB/argocd.key" "$HUB/argocd.crt" >"$HUB/calls" 3>&- &
  local server=$!
  until timeout 1 bash -c '</dev/tcp/10.77.1.1/30443' 2>/dev/null; do sleep 0.1; done
  git_as login -C "$HUB/clone" commit --quiet --allow-empty --message change
  git_as login -C "$HUB/clone" push --quiet
  for _ in {1..60}; do
    [[ ! -s $HUB/calls ]] || break
    sleep 0.1
  done
  kill "$server"
}

@test "files and images are served" {
  [[ $(curl -sf --noproxy '*' http://$ADDRESS/dl.k8s.io/file) == content ]]
  [[ $(curl -sf --noproxy '*' http://$ADDRESS:5000/v2/) == '{}' ]]
}

@test "the steps again change nothing" {
  before=$(hub_ssh login root 'systemctl show -p MainPID gitops-files gitops-registry')
  step hub/serve-mirror.sh
  step hub/git-repository.sh PUSH_KEY="$(cat "$HUB/login.pub")" DEPLOY_KEY="$(cat "$HUB/deploy.pub")"
  [[ $(hub_ssh login root 'systemctl show -p MainPID gitops-files gitops-registry') == "$before" ]]
}

@test "another host key is refused, and nothing is pushed" {
  run seed HOST_KEY "$(cut -d' ' -f1,2 "$HUB/deploy.pub")"
  [[ $status == 1 && $output == *"$REPOSITORY can't be read"*"Host key verification failed"* ]]
  [[ -z $(git_as login ls-remote "$REPOSITORY") ]]
}

@test "an empty repository gets the starter with its SealedSecrets, a used one is left alone" {
  seed
  git_as login clone --quiet "$REPOSITORY" "$HUB/clone"
  [[ -e $HUB/clone/apps/one.yaml ]]
  grep -q 'kind: SealedSecret' "$HUB/clone/apps/sealed-secret.yaml"
  grep -q 'namespace: store' "$HUB/clone/apps/store/sealed.yaml"
  [[ $(cat "$HUB/clone/apps/one.yaml") == 'kind: Application' ]]
  run grep -rqE 'SuperSecret123|Another123' "$HUB/clone"
  [[ $status == 1 ]]
  head=$(git_as login ls-remote "$REPOSITORY" HEAD)
  echo more >"$HUB/starter/apps/two.yaml"
  seed
  [[ $(git_as login ls-remote "$REPOSITORY" HEAD) == "$head" ]]
  [[ -z $(find /dev/shm -maxdepth 1 -name 'gitops-platform-seed.*') ]]
}

@test "the deploy key reads and can't push, and no key gets a shell" {
  git_as deploy -C "$HUB/clone" pull --quiet
  head=$(git_as deploy ls-remote "$REPOSITORY" HEAD)
  git_as deploy -C "$HUB/clone" commit --quiet --allow-empty --message change
  run git_as deploy -C "$HUB/clone" push
  [[ $status != 0 && $(git_as deploy ls-remote "$REPOSITORY" HEAD) == "$head" ]]
  git -C "$HUB/clone" reset --quiet --hard origin/main
  run hub_ssh login git id
  [[ $status != 0 && $output == *"unrecognized command"* ]]
}

@test "a push is told to the first address that answers, with the event that Argo CD understands" {
  notify "$HUB/argocd.crt" $'10.77.1.99:30443\n10.77.1.1:30443'
  push_and_listen
  [[ $(jq -c '[.path, .event, .token, .body.ref, .body.project.web_url, .body.project.default_branch]' "$HUB/calls") == \
    '["/api/webhook","Push Hook","the token","refs/heads/main","http://10.77.1.10/srv/git/infra","main"]' ]]
}

@test "somebody else's certificate gets no token, and the push succeeds all the same" {
  notify "$HUB/other.crt" 10.77.1.1:30443
  push_and_listen
  [[ ! -s $HUB/calls ]]
  [[ $(git_as login ls-remote "$REPOSITORY" HEAD) == "$(git -C "$HUB/clone" rev-parse HEAD)"* ]]
}

@test "the repository outlives the machine" {
  head=$(git_as login ls-remote "$REPOSITORY" HEAD)
  STATE=$HUB/state destroy hub 10
  STATE=$HUB/state apply hub 10 BINDS "ro:$HUB/mirror:/srv/mirror"$'\n'"rw:$HUB/git:/srv/git"
  step hub/git-repository.sh PUSH_KEY="$(cat "$HUB/login.pub")" DEPLOY_KEY="$(cat "$HUB/deploy.pub")"
  [[ $(git_as deploy ls-remote "$REPOSITORY" HEAD) == "$head" ]]
}
