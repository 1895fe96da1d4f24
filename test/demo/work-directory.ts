import { cpSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMap, isSeq, parseAllDocuments } from 'yaml';

export const repository = fileURLToPath(new URL('../..', import.meta.url));

/** The directory that a demo works in: a copy of examples/, configuration files, logs. */
export class WorkDirectory {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(this.logs, { recursive: true });
    cpSync(join(repository, 'examples'), this.manifests, { recursive: true });
  }

  get manifests(): string {
    return join(this.directory, 'manifests');
  }

  get logs(): string {
    return join(this.directory, 'logs');
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  log(name: string): string {
    return join(this.logs, `${name}.log`);
  }

  write(name: string, text: string): string {
    const path = this.path(name);
    writeFileSync(path, text);
    return path;
  }

  /** Puts one endpoint in another's place in the EndpointSlice of a manifest, and saves it as an editor does. */
  async replaceEndpoint(file: string, leaves: string, comes: EndpointEdit): Promise<void> {
    const path = join(this.manifests, file);
    const documents = parseAllDocuments(await readFile(path, 'utf8'));
    for (const document of documents) {
      const endpoints = document.get('endpoints');
      if (!isSeq(endpoints)) continue;
      const place = endpoints.items.findIndex((item) => isMap(item) && item.getIn(['addresses', 0]) === leaves);
      if (place < 0) throw new Error(`${path} has no endpoint ${leaves}`);
      endpoints.set(place, document.createNode(endpointOf(comes)));
    }
    save(path, documents.map(String).join(''));
  }
}

export interface EndpointEdit {
  readonly address: string;
  readonly pod: string;
  readonly node: string;
  readonly zone: string;
}

function endpointOf({ address, pod, node, zone }: EndpointEdit): object {
  return {
    addresses: [address],
    conditions: { ready: true, serving: true, terminating: false },
    nodeName: node,
    targetRef: { kind: 'Pod', name: pod, namespace: 'shop' },
    zone,
  };
}

function save(path: string, text: string): void {
  const draft = `${path}.swp`;
  if (existsSync(draft)) rmSync(draft);
  writeFileSync(draft, text);
  renameSync(draft, path);
}
