import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { CertificateAuthority, type KeyPair } from '../../support/certificates.ts';
import { bin, repository } from '../layout.ts';
import type { Archive } from './archive.ts';
import { images } from './names.ts';
import { programPath, type RootFolder } from './root-folder.ts';

const path = 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** The images of Kubernetes and its end-to-end tests, with what the tests use of them. */
export async function testArchives(): Promise<readonly Archive[]> {
  const certificate = await serverCertificate();
  return [
    program('pause', 'pause', [images.pause]),
    program('coredns', 'coredns', [images.coredns], { '/etc': 0o755, '/tmp': 0o1777 }),
    program('regression-issue-74839', 'regression-issue-74839', [images.invalidConntrack]),
    kubeProxy(),
    toolbox(certificate),
  ];
}

function program(name: string, file: string, references: readonly string[], folders = {}): Archive {
  const root = { copies: { [`/${file}`]: join(bin, file) }, folders };
  return { name, root, images: [{ references, config: { Entrypoint: [`/${file}`] } }] };
}

function kubeProxy(): Archive {
  const programs = Object.fromEntries(['nft', 'conntrack'].map((tool) => [`/usr/sbin/${tool}`, programPath(tool)]));
  const root = { programs, copies: { '/usr/bin/kube-proxy': join(bin, 'kube-proxy') }, folders: { '/tmp': 0o1777 } };
  const config = { Env: [path], Entrypoint: ['/usr/bin/kube-proxy'] };
  return { name: 'kube-proxy', root, images: [{ references: [images.kubeProxy], config }] };
}

/** What the test server shows when a test speaks TLS to it; nobody checks it. */
async function serverCertificate(): Promise<KeyPair> {
  const folder = join(repository, '.cache/images/certificate');
  const pair = { certificate: join(folder, 'localhost.crt'), key: join(folder, 'localhost.key') };
  if (existsSync(pair.certificate)) return pair;
  mkdirSync(folder, { recursive: true });
  return (await CertificateAuthority.create(folder)).issueServer('localhost');
}

/** One root folder with the test server and all network tools, under several names: it is on a node's disk once. */
function toolbox(certificate: KeyPair): Archive {
  const Env = [path];
  return {
    name: 'toolbox',
    root: toolboxRoot(certificate),
    images: [
      { references: [images.agnhost], config: { Env, Entrypoint: ['/agnhost'], Cmd: ['pause'] } },
      {
        references: [images.busybox, images.dnsTools, images.distrolessIptables],
        config: { Env, Cmd: ['sh'] },
      },
      // Tests only want an answer on port 80 of it.
      { references: [images.nginx], config: { Env, Entrypoint: ['/agnhost', 'netexec', '--http-port=80'] } },
    ],
  };
}

/** Tests use options of these that busybox does not have; its wget crashes with -T. */
const realTools = [
  ...['bash', 'curl', 'wget', 'ip', 'ss', 'dig', 'nslookup', 'host', 'getent', 'iperf', 'conntrack', 'nft', 'iptables'],
];

function toolboxRoot(certificate: KeyPair): RootFolder {
  const tools = Object.fromEntries(realTools.map((name) => [`/usr/bin/${name}`, programPath(name)]));
  return {
    programs: { ...tools, '/usr/bin/nc': programPath('nc.openbsd') },
    copies: {
      '/agnhost': join(bin, 'agnhost'),
      // For tests with a DNS server of their own.
      '/coredns': join(bin, 'coredns'),
      '/localhost.crt': certificate.certificate,
      '/localhost.key': certificate.key,
      '/bin/busybox': programPath('busybox'),
      '/etc/services': '/etc/services',
      '/etc/protocols': '/etc/protocols',
    },
    links: { ...busyboxLinks(), '/agnhost-2': 'agnhost' },
    texts: {
      '/etc/passwd':
        'root:x:0:0:root:/root:/bin/sh\nuser-defined-in-image:x:1000:1000::/home:/bin/sh\nnobody:x:65534:65534::/:/bin/false\n',
      '/etc/group': 'root:x:0:\nuser-defined-in-image:x:1000:\nnobody:x:65534:\n',
      '/etc/nsswitch.conf': 'hosts: files dns\npasswd: files\ngroup: files\n',
      '/etc/wgetrc': 'tries = 1\n',
    },
    folders: { '/root': 0o700, '/home': 0o755, '/var/log': 0o755, '/uploads': 0o777, '/tmp': 0o1777 },
  };
}

/** Not the shells: busybox's would run its own nc before any other, and tests use `nc -v -t`. */
function busyboxLinks(): Readonly<Record<string, string>> {
  const names = execFileSync(programPath('busybox'), ['--list'], { encoding: 'utf8' }).trim().split('\n');
  const others = names.filter((name) => !['busybox', 'sh', 'ash', 'bash', 'nc', ...realTools].includes(name));
  const shells = { '/bin/sh': '/usr/bin/bash', '/bin/ash': '/usr/bin/bash' };
  return { ...Object.fromEntries(others.map((name) => [`/bin/${name}`, '/bin/busybox'])), ...shells };
}
