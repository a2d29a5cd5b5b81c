#!/bin/bash
# pgha: makes pgha-prod-postgres-1 of a fresh Debian. Small and stable: what runs on it comes as a bundle, and changes without this.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive

install -d /etc/pgha /var/lib/pgha-machine
cat >/etc/pgha/machine.env <<'END'
PGHA_PARAMETERS=/pgha/pgha-prod/postgres
PGHA_BUNDLE=bundles/postgres/postgres-1.json
AWS_DEFAULT_REGION=us-east-1
END
printf 'manage_etc_hosts: false\npreserve_hostname: true\n' >/etc/cloud/cloud.cfg.d/99-pgha.cfg
hostnamectl set-hostname pgha-prod-postgres-1 || hostname pgha-prod-postgres-1

# The same numbers on every machine and image: volumes outlive both. Debian hands its own out from 100 up and from 999 down
groupadd --system --force pgha
add_user() {
  if id "$1" >/dev/null 2>&1; then return; fi
  if getent group "$2" || getent passwd "$2"; then echo "pgha: the number $2 for $1 is taken on this image" >&2; exit 1; fi
  groupadd --system --gid "$2" "$1"
  useradd --system --uid "$2" --gid "$1" --home-dir "$3" --shell /bin/bash "$1"
}
add_user postgres 741 /var/lib/postgresql
add_user etcd 742 /var/lib/etcd
add_user haproxy 743 /var/lib/haproxy

# Our own units run these services
for unit in etcd patroni haproxy pgbouncer; do ln -sf /dev/null "/etc/systemd/system/$unit.service"; done

# A mirror that is away, or a lock that is held, for some minutes
again() {
  for pause in 5 10 20 40 60 60 60 60 60 60; do
    if "$@"; then return; fi
    echo "pgha: trying again in $pause s: $*" >&2
    sleep "$pause"
  done
  "$@"
}
# The way in first: whatever fails below can be looked at. Without curl, which an image may lack
agent() {
  python3 -c 'import sys, urllib.request; urllib.request.urlretrieve(sys.argv[1], "/tmp/agent.deb")' \
    "https://s3.us-east-1.amazonaws.com/amazon-ssm-us-east-1/latest/debian_arm64/amazon-ssm-agent.deb" &&
    dpkg -i /tmp/agent.deb && systemctl enable --now amazon-ssm-agent.service
}
systemctl cat amazon-ssm-agent.service >/dev/null 2>&1 || again agent
apt() { apt-get -o Acquire::Retries=5 -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -qq "$@"; }
again apt update
again apt install -y --no-install-recommends ca-certificates curl chrony awscli postgresql-common
# The key comes with Debian's own postgresql-common. etcd alone comes from the next Debian: this one's has open faults
. /etc/os-release
key=/usr/share/postgresql-common/pgdg/apt.postgresql.org.gpg
echo "deb [signed-by=$key] https://apt.postgresql.org/pub/repos/apt $VERSION_CODENAME-pgdg main" >/etc/apt/sources.list.d/pgdg.list
echo 'deb http://deb.debian.org/debian forky main' >/etc/apt/sources.list.d/forky.list
printf 'Package: *\nPin: release n=forky\nPin-Priority: -1\n\nPackage: etcd-server etcd-client\nPin: release n=forky\nPin-Priority: 600\n' >/etc/apt/preferences.d/pgha
again apt update
echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf
again apt install -y --no-install-recommends postgresql-18 postgresql-18-cron postgresql-18-partman patroni python3-etcd tzdata-legacy
# Newer ones come by a new image or by hand, one machine after the other
apt-mark hold postgresql-18 postgresql-18-cron postgresql-18-partman patroni python3-etcd tzdata-legacy >/dev/null

cat >/usr/local/sbin/pgha-pull <<'END'
#!/bin/bash
# pgha-pull [sha256]: makes this machine what its bundle says; with a checksum, what that bundle says and no other.
set -euo pipefail
set -a
. /etc/pgha/machine.env
# For AWS_ENDPOINT_URL and the like, where somebody put it there
[ ! -e /etc/pgha/aws.env ] || . /etc/pgha/aws.env
set +a
exec 9>/run/pgha-pull.lock
flock 9
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
bucket=$(aws ssm get-parameter --name "$PGHA_PARAMETERS/bucket" --query Parameter.Value --output text)
aws s3 cp --only-show-errors "s3://$bucket/$PGHA_BUNDLE" "$folder/bundle.json"
if [ $# -gt 0 ]; then echo "$1  $folder/bundle.json" | sha256sum --check --quiet; fi
python3 - "$folder" <<'PYTHON'
import json, os, sys
folder = sys.argv[1]
for path, file in json.load(open(f"{folder}/bundle.json"))["files"].items():
    if os.path.dirname(path) == "/usr/local/lib/pgha" and path.endswith(".py"):
        open(f"{folder}/{os.path.basename(path)}", "w").write(file["content"])
PYTHON
python3 "$folder/apply.py" "$folder/bundle.json"
END
chmod 0755 /usr/local/sbin/pgha-pull

# The role and the parameters may be a moment younger than this machine
for attempt in 1 2 3 4 5 6; do
  if pgha-pull; then exit 0; fi
  sleep $((attempt * 10))
done
echo 'pgha: the bundle could not be applied' >&2
exit 1
