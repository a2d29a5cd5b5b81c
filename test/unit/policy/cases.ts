import { Declared, SECRET, UNKNOWN } from "../../../policy/rule";

const make = (type: string) => (props: object = {}, further: Partial<Declared> = {}): Declared => ({ type, name: "it", props: props as Record<string, unknown>, refers: {}, ...further });

export const kinds = {
  container: make("docker:index/container:Container"),
  dockerVolume: make("docker:index/volume:Volume"),
  group: make("aws:ec2/securityGroup:SecurityGroup"),
  ingress: make("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"),
  instance: make("aws:ec2/instance:Instance"),
  volume: make("aws:ebs/volume:Volume"),
  bucket: make("aws:s3/bucket:Bucket"),
  parameter: make("aws:ssm/parameter:Parameter"),
  rolePolicy: make("aws:iam/rolePolicy:RolePolicy"),
};
const { container, dockerVolume, group, ingress, instance, volume, bucket, parameter, rolePolicy } = kinds;
const other = (type: string, props: object = {}, refers: Record<string, string[]> = {}) => ({ ...make(type)(props), name: "companion", refers });
const allows = (action: unknown, resource: unknown = "arn:aws:s3:::pgha/*", further: object = {}) =>
  rolePolicy({ policy: JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: action, Resource: resource, ...further }] }) });
const trust = (principal: unknown, condition?: object) => JSON.stringify({ Statement: { Effect: "Allow", Principal: principal, Action: "s3:GetObject", Condition: condition } });
const deny = (value: string) => JSON.stringify({ Statement: [{ Effect: "Deny", Principal: "*", Action: "s3:*", Resource: "*", Condition: { Bool: { "aws:SecureTransport": value } } }] });
const ofBucket = { bucket: ["it"] };

/** Servers of one cluster by their roles; zones make them EC2 instances. */
function cluster(roles: Record<string, number | string[]>, configuration: object = {}, ini?: string): Declared[] {
  const servers = Object.entries(roles).flatMap(([role, zones]) =>
    (typeof zones === "number" ? Array.from({ length: zones }, () => undefined) : zones).map((zone, index): Declared =>
      zone === undefined
        ? { ...container({ labels: [{ label: "pgha.cluster", value: "c" }, { label: "pgha.role", value: role }], uploads: role === "pgbouncer" ? [{ file: "/etc/pgha/pgbouncer.ini", content: ini }] : [] }), name: `c-${role}-${index}` }
        : { ...instance({ availabilityZone: zone, tags: { "pgha.cluster": "c", "pgha.role": role } }), name: `c-${role}-${index}` }),
  );
  const settings = { ...make("pulumi-nodejs:dynamic/pgha:DynamicSettings")({ configuration: { ttl: 20, loop_wait: 2, retry_timeout: 9, primary_start_timeout: 0, synchronous_mode: "quorum", ...configuration } }), name: "c-settings" };
  return [...servers, settings];
}

interface Case {
  unsafe: Record<string, Declared | Declared[]>;
  safe: Record<string, Declared | Declared[]>;
}

/** For every rule what it refuses, and the same thing done well. */
export const cases: Record<string, Case> = {
  "odd-etcd": { unsafe: { "two members": cluster({ etcd: 2, postgres: 3 }), "four members": cluster({ etcd: ["a", "b", "c", "a"] }) }, safe: { three: cluster({ etcd: 3 }), one: cluster({ etcd: 1 }) } },
  "etcd-spread": {
    unsafe: { "two of three in one zone": cluster({ etcd: ["a", "a", "b"] }), "all in one zone": cluster({ etcd: ["a", "a", "a"] }), "on Postgres machines in two zones": cluster({ postgres: ["a", "a", "b"] }) },
    safe: { "a zone each": cluster({ etcd: ["a", "b", "c"] }), "containers, which have no zone": cluster({ etcd: 3 }), "two of five": cluster({ etcd: ["a", "a", "b", "b", "c"] }) },
  },
  "postgres-spread": { unsafe: { "two of three in one zone": cluster({ postgres: ["a", "a", "b"] }) }, safe: { "a zone each": cluster({ postgres: ["a", "b", "c"] }), "two in two": cluster({ postgres: ["a", "b"] }) } },
  "strict-has-spare": {
    unsafe: { "one standby": cluster({ postgres: 2 }, { synchronous_mode_strict: true }) },
    safe: { "both of two, as one suffices when the other is down": cluster({ postgres: 3 }, { synchronous_mode_strict: true, synchronous_node_count: 2 }), "two standbys": cluster({ postgres: 3 }, { synchronous_mode_strict: true }), "quorum with one": cluster({ postgres: 2 }) },
  },
  "timers-hold": {
    unsafe: { "Patroni's old defaults": cluster({ postgres: 3 }, { ttl: 30, loop_wait: 10, retry_timeout: 30 }), "a short ttl": cluster({ postgres: 3 }, { ttl: 7, loop_wait: 1, retry_timeout: 3 }) },
    safe: { "the fast ones": cluster({ postgres: 3 }, { ttl: 8, loop_wait: 1, retry_timeout: 3 }), "the patient ones": cluster({ postgres: 3 }), "the common ones": cluster({ postgres: 3 }, { ttl: 30, loop_wait: 10, retry_timeout: 10 }) },
  },
  "outage-bounded": {
    unsafe: { "a crashed primary that is waited for": cluster({ postgres: 3 }, { primary_start_timeout: 600 }), "a ttl of hours": cluster({ postgres: 3 }, { ttl: 7200 }) },
    safe: { none: cluster({ postgres: 3 }), "30 s in asynchronous mode": cluster({ postgres: 3 }, { synchronous_mode: "off", primary_start_timeout: 30 }) },
  },
  "pools-fit": {
    unsafe: {
      "edges by their bundles": [...cluster({ edge: ["a", "b"] }, { postgresql: { parameters: { max_connections: 200 } } }), ...[1, 2].map((n) => ({ ...make("aws:s3/bucketObjectv2:BucketObjectv2")({ content: JSON.stringify({ files: { "/etc/pgha/pgbouncer.ini": { content: "max_db_connections = 60\n" } } }) }), name: `c-edge-${n}-bundle` }))],
      "two poolers with 60 a database": cluster({ postgres: 3, pgbouncer: 2 }, { postgresql: { parameters: { max_connections: 200 } } }, "max_db_connections = 60\n") },
    safe: { "two with 45": cluster({ postgres: 3, pgbouncer: 2 }, { postgresql: { parameters: { max_connections: "200" } } }, "max_db_connections = 45\n") },
  },
  durable: {
    unsafe: { "fsync off": cluster({ postgres: 3 }, { postgresql: { parameters: { fsync: "off" } } }), "full_page_writes off": cluster({ postgres: 3 }, { postgresql: { parameters: { full_page_writes: false } } }) },
    safe: { "left alone": cluster({ postgres: 3 }, { postgresql: { parameters: { work_mem: "4MB" } } }) },
  },
  "backed-up": {
    unsafe: { "no bucket": cluster({ postgres: ["a", "b", "c"] }), "containers without a server for it": cluster({ postgres: 3 }) },
    safe: { "a bucket": [...cluster({ postgres: ["a", "b", "c"] }), bucket()], "containers with one": cluster({ postgres: 3, backup: 1 }) },
  },
  "no-open-ingress": {
    unsafe: {
      "the world in a group": group({ ingress: [{ fromPort: 5432, toPort: 5432, protocol: "tcp", cidrBlocks: ["0.0.0.0/0"] }] }),
      "the world by IPv6": group({ ingress: [{ fromPort: 6432, toPort: 6432, protocol: "tcp", ipv6CidrBlocks: ["::/0"] }] }),
      "a rule of its own": ingress({ ipProtocol: "-1", cidrIpv4: "0.0.0.0/0" }),
      "half the world": ingress({ fromPort: 5432, toPort: 5432, cidrIpv4: "128.0.0.0/1" }),
      "the old kind of rule": make("aws:ec2/securityGroupRule:SecurityGroupRule")({ type: "ingress", fromPort: 0, toPort: 0, protocol: "-1", cidrBlocks: ["0.0.0.0/0"] }),
    },
    safe: {
      "a group": ingress({ fromPort: 5432, toPort: 5432, referencedSecurityGroupId: UNKNOWN }),
      "a network": ingress({ fromPort: 6432, toPort: 6432, cidrIpv4: "10.0.0.0/16" }),
      "the world outwards": make("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")({ cidrIpv4: "0.0.0.0/0" }),
      "what is not known yet": group({ ingress: UNKNOWN }),
    },
  },
  "no-ssh": {
    unsafe: { "port 22": ingress({ fromPort: 22, toPort: 22, cidrIpv4: "10.0.0.0/8" }), "ports around it": ingress({ fromPort: 20, toPort: 30, cidrIpv4: "10.0.0.0/8" }), "a key pair": instance({ keyName: "ops" }), "a key": make("aws:ec2/keyPair:KeyPair")() },
    safe: { "none of it": instance(), "another port": ingress({ fromPort: 5432, toPort: 5432, cidrIpv4: "10.0.0.0/8" }) },
  },
  "etcd-by-group": {
    unsafe: { "the network to etcd's clients": ingress({ fromPort: 2379, toPort: 2379, cidrIpv4: "10.0.0.0/16" }), "every port from a network": group({ ingress: [{ fromPort: 0, toPort: 0, protocol: "-1", cidrBlocks: ["10.0.0.0/16"] }] }) },
    safe: { "a group": ingress({ fromPort: 2379, toPort: 2380, referencedSecurityGroupId: UNKNOWN }) },
  },
  "no-public-address": {
    unsafe: { "an instance": instance({ associatePublicIpAddress: true }), "a subnet": make("aws:ec2/subnet:Subnet")({ mapPublicIpOnLaunch: true }), "an address of an instance": make("aws:ec2/eip:Eip")({ instance: "i-0123456789abcdef0" }) },
    safe: { "none": instance({ associatePublicIpAddress: false }), "a subnet": make("aws:ec2/subnet:Subnet")(), "NAT's address": make("aws:ec2/eip:Eip")({ domain: "vpc" }) },
  },
  "internal-load-balancer": { unsafe: { "internal left out": make("aws:lb/loadBalancer:LoadBalancer")({ loadBalancerType: "network" }) }, safe: { internal: make("aws:lb/loadBalancer:LoadBalancer")({ internal: true }) } },
  "imdsv2-required": {
    unsafe: { "left out": instance(), "optional": instance({ metadataOptions: { httpTokens: "optional" } }) },
    safe: { required: instance({ metadataOptions: { httpTokens: "required" } }), "switched off": instance({ metadataOptions: { httpEndpoint: "disabled" } }), unknown: instance({ metadataOptions: UNKNOWN }) },
  },
  "no-secret-in-user-data": {
    unsafe: {
      "a password": instance({ userData: "#cloud-config\nruncmd:\n - echo password: hunter2hunter2" }),
      "a private key": instance({ userData: "-----BEGIN EC PRIVATE KEY-----" }),
      "a secret of the program": instance({ userData: SECRET }),
      "a key in base64": instance({ userDataBase64: Buffer.from("x".repeat(40) + "\n-----BEGIN PRIVATE KEY-----\nabc").toString("base64") }),
      "a URL with a password": instance({ userData: "psql postgresql://app:secret1@db/app" }),
    },
    safe: { "where to find it": instance({ userData: "aws ssm get-parameter --name /pgha/prod/postgres-password --with-decryption" }), "a reference": instance({ userData: "PGPASSWORD=$(cat /run/secrets/postgres)\npassword: ${PASSWORD}" }), none: instance() },
  },
  "instance-has-role": { unsafe: { none: instance() }, safe: { one: instance({ iamInstanceProfile: UNKNOWN }) } },
  "instance-disks-encrypted": {
    unsafe: { "the root disk": instance({ rootBlockDevice: { encrypted: false } }), "a second one": instance({ rootBlockDevice: { encrypted: true }, ebsBlockDevices: [{ deviceName: "/dev/sdf" }] }), "left out": instance() },
    safe: { all: instance({ rootBlockDevice: { encrypted: true }, ebsBlockDevices: [{ encrypted: true }] }) },
  },
  "parameter-secure": {
    unsafe: { "a password in clear": parameter({ type: "String", name: "/pgha/prod/postgres-password" }), "a URL with a password": parameter({ type: "String", name: "/pgha/prod/url", insecureValue: "postgresql://app:secret1@db/app" }), "a key in a list": parameter({ type: "StringList", name: "/pgha/a", value: "-----BEGIN PRIVATE KEY-----" }) },
    safe: { SecureString: parameter({ type: "SecureString", name: "/pgha/prod/postgres-password", value: SECRET }), "a value that the SDK marks": parameter({ type: "String", name: "/pgha/prod/bucket", value: SECRET }), "the name of a host": parameter({ type: "String", name: "/pgha/prod/host", value: "10.0.0.1" }) },
  },
  "volume-encrypted": { unsafe: { "left out": volume({}, { protect: true }), not: volume({ encrypted: false }, { protect: true }) }, safe: { encrypted: volume({ encrypted: true }, { protect: true }) } },
  "volume-kept": { unsafe: { "EBS": volume({ encrypted: true }), "Docker": dockerVolume({}, { retainOnDelete: false }) }, safe: { protected: volume({ encrypted: true }, { protect: true }), retained: dockerVolume({}, { retainOnDelete: true }) } },
  "key-rotated": { unsafe: { never: make("aws:kms/key:Key")() }, safe: { rotated: make("aws:kms/key:Key")({ enableKeyRotation: true }), "a signing key, which cannot be": make("aws:kms/key:Key")({ keyUsage: "SIGN_VERIFY", customerMasterKeySpec: "ECC_NIST_P256" }) } },
  "bucket-private": {
    unsafe: { "no block": bucket(), "half a block": [bucket(), other("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", { blockPublicAcls: true, blockPublicPolicy: true }, ofBucket)] },
    safe: { blocked: [bucket(), other("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", { blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true, restrictPublicBuckets: true }, ofBucket)] },
  },
  "bucket-no-public-acl": { unsafe: { "public-read": bucket({ acl: "public-read" }), "everybody with an account": other("aws:s3/bucketAcl:BucketAcl", { acl: "authenticated-read" }) }, safe: { private: bucket({ acl: "private" }), none: bucket() } },
  "bucket-encrypted": {
    unsafe: { "by nothing of yours": bucket(), "by Amazon's key": [bucket(), other("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", { rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "AES256" } }] }, ofBucket)], "another bucket's": [bucket(), other("aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration", {}, { bucket: ["else"] })] },
    safe: { "by a key of yours": [bucket(), other("aws:s3/bucketServerSideEncryptionConfigurationV2:BucketServerSideEncryptionConfigurationV2", { rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: "aws:kms", kmsMasterKeyId: UNKNOWN } }] }, ofBucket)] },
  },
  "bucket-versioned": {
    unsafe: { none: bucket(), suspended: [bucket(), other("aws:s3/bucketVersioning:BucketVersioning", { versioningConfiguration: { status: "Suspended" } }, ofBucket)] },
    safe: { enabled: [bucket({ bucket: "b" }), other("aws:s3/bucketVersioning:BucketVersioning", { bucket: "b", versioningConfiguration: { status: "Enabled" } })] },
  },
  "bucket-tls-only": {
    unsafe: { "no policy": bucket(), "the other way round": [bucket(), other("aws:s3/bucketPolicy:BucketPolicy", { policy: deny("true") }, ofBucket)] },
    safe: { denied: [bucket(), other("aws:s3/bucketPolicy:BucketPolicy", { policy: deny("false") }, ofBucket)], "a policy that is not known yet": [bucket(), other("aws:s3/bucketPolicy:BucketPolicy", { policy: UNKNOWN }, ofBucket)] },
  },
  "no-wildcard-action": { unsafe: { everything: allows("*"), "all of S3": allows(["s3:*"]), "all but some": allows(undefined, "arn:aws:s3:::x", { NotAction: "iam:*" }) }, safe: { one: allows("s3:GetObject"), denied: rolePolicy({ policy: '{"Statement":{"Effect":"Deny","Action":"*"}}' }), "Session Manager's channel": allows("ssmmessages:*", "*") } },
  "no-wildcard-resource": { unsafe: { "every parameter": allows("ssm:GetParameter", "*"), "every bucket": allows("s3:GetObject", "arn:aws:s3:::*"), "in a role": make("aws:iam/role:Role")({ inlinePolicies: [{ policy: '{"Statement":{"Effect":"Allow","Action":"kms:Decrypt","Resource":"*"}}' }] }) }, safe: { "its own": allows("ssm:GetParameter", "arn:aws:ssm:*:*:parameter/pgha/prod/*"), "what knows no resource": allows("ec2:DescribeVolumes", "*"), "Systems Manager's agent": allows(["ssm:UpdateInstanceInformation", "ec2messages:GetMessages"], "*"), "under a condition": allows("kms:Decrypt", "*", { Condition: { StringEquals: { "kms:ViaService": "ssm" } } }) } },
  "no-wildcard-principal": {
    unsafe: { "a bucket's": other("aws:s3/bucketPolicy:BucketPolicy", { policy: trust("*") }), "a role's": make("aws:iam/role:Role")({ assumeRolePolicy: trust({ AWS: "*" }) }) },
    safe: { "a service": make("aws:iam/role:Role")({ assumeRolePolicy: trust({ Service: "ec2.amazonaws.com" }) }), "an account": make("aws:kms/key:Key")({ policy: trust({ AWS: "arn:aws:iam::123456789012:root" }) }), "under a condition": other("aws:s3/bucketPolicy:BucketPolicy", { policy: trust("*", { StringEquals: { "aws:PrincipalAccount": "1" } }) }) },
  },
  "no-administrator": { unsafe: { "in a role": make("aws:iam/role:Role")({ managedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"] }), attached: make("aws:iam/rolePolicyAttachment:RolePolicyAttachment")({ policyArn: "arn:aws:iam::aws:policy/AmazonS3FullAccess" }) }, safe: { "Session Manager's": make("aws:iam/rolePolicyAttachment:RolePolicyAttachment")({ policyArn: "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore" }) } },
  "no-access-key": { unsafe: { "a key": make("aws:iam/accessKey:AccessKey")(), "a user": make("aws:iam/user:User")() }, safe: { "a role": make("aws:iam/role:Role")() } },
  "container-unprivileged": { unsafe: { privileged: container({ privileged: true }), "the host's network": container({ networkMode: "host" }), "the host's processes": container({ pidMode: "host" }) }, safe: { neither: container({ networkMode: "bridge" }) } },
  "container-capabilities": { unsafe: { "adds one": container({ capabilities: { adds: ["NET_ADMIN"], drops: ["ALL"] } }), "drops none": container() }, safe: { "drops all": container({ capabilities: { drops: ["ALL"] } }) } },
  "container-no-new-privileges": { unsafe: { "left out": container(), "another option": container({ securityOpts: ["seccomp=unconfined"] }) }, safe: { set: container({ securityOpts: ["no-new-privileges:true"] }) } },
  "container-memory-limit": { unsafe: { none: container() }, safe: { some: container({ memory: 256 }), unknown: container({ memory: UNKNOWN }) } },
  "container-ports-local": { unsafe: { "ip left out": container({ ports: [{ internal: 5432, external: 5432 }] }), everywhere: container({ ports: [{ internal: 5432, ip: "0.0.0.0" }] }), all: container({ publishAllPorts: true }) }, safe: { local: container({ ports: [{ internal: 5432, ip: "127.0.0.1" }] }), none: container() } },
  "container-host-paths": { unsafe: { "Docker's socket": container({ volumes: [{ hostPath: "/var/run/docker.sock", containerPath: "/s" }] }), "a folder of the system": container({ mounts: [{ type: "bind", source: "/etc", target: "/e" }] }) }, safe: { "a named volume": container({ volumes: [{ volumeName: "data", containerPath: "/d" }] }) } },
  "container-stops-gracefully": { unsafe: { "left out": container() }, safe: { "30 s": container({ destroyGraceSeconds: 30 }) } },
  "no-plain-secret": { unsafe: { "a password in the environment": container({ envs: ["PATRONI_SUPERUSER_PASSWORD=hunter2hunter2"] }), "a key in a file": container({ uploads: [{ file: "/k", content: "-----BEGIN PRIVATE KEY-----" }] }) }, safe: { "a secret": container({ envs: SECRET }), "a secret in a list": container({ envs: [SECRET, "PATRONI_NAME=postgres-1"] }), "the way to it": container({ uploads: [{ file: "/c", content: "password: file:/run/secrets/stats\nauth_type = scram-sha-256" }] }) } },
};
