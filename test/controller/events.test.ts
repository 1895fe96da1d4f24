// Reports of agents as Events of a real API server, with no rights but those of the manifests.
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reportHandler } from '../../src/controller/report-events.ts';
import { EventWriter } from '../../src/kubernetes/api/event-writer.ts';
import { encodeMessage } from '../../src/protos/registry.ts';
import { ApiServer, firstStartMs, skipsApiServer } from '../support/api-server.ts';
import { waitUntil } from '../testbed/wait.ts';

const logger = pino({ level: 'silent' });
const report = (message: object) => encodeMessage('fairlead.node.v1.Report', message);
const stream = { id: 1, variant: 'node', peer: '', node: { id: 'node1', nodeName: 'node1', userAgent: '' } } as never;

interface EventList {
  readonly items: readonly {
    readonly metadata: { readonly namespace: string };
    readonly reason: string;
    readonly type: string;
    readonly message: string;
    readonly count: number;
    readonly involvedObject: { readonly kind: string; readonly name: string; readonly uid?: string };
    readonly source: { readonly component: string; readonly host: string };
  }[];
}

describe.skipIf(skipsApiServer)('Events of agents', () => {
  let api: ApiServer;
  let writer: EventWriter;

  beforeAll(async () => {
    api = await ApiServer.start();
    writer = new EventWriter({ kind: 'Kubeconfig', path: api.kubeconfig }, logger);
  }, firstStartMs);

  afterAll(async () => {
    await writer?.stop();
    await api?.stop();
  });

  async function events(): Promise<EventList['items']> {
    const { items } = JSON.parse(await api.kubectl(['get', 'events', '-A', '-o', 'json'])) as EventList;
    return items.filter(({ source }) => source.component === 'fairlead-agent');
  }

  it('are written of nodes and Services, counted up when they repeat, and of known reasons only', async () => {
    const handle = reportHandler((event) => writer.write(event), logger);
    const refused = { reason: 'ObjectRefused', note: 'no', serviceNamespace: 'default', serviceName: 'web' };
    handle(stream, [report({ reason: 'Starting', note: 'hello' }), report({ reason: 'Invented' }), report(refused)]);
    handle(stream, [report(refused), Uint8Array.from([0xff]), report(refused)]);
    await waitUntil(async () => (await events()).some(({ count }) => count === 3), { what: 'the counted Event' });
    const seen = (await events()).toSorted((a, b) => a.reason.localeCompare(b.reason));
    expect(seen).toMatchObject([
      {
        metadata: { namespace: 'default' },
        reason: 'ObjectRefused',
        type: 'Warning',
        count: 3,
        involvedObject: { kind: 'Service', name: 'web' },
        source: { host: 'node1' },
      },
      {
        reason: 'Starting',
        type: 'Normal',
        message: 'hello',
        involvedObject: { kind: 'Node', name: 'node1', uid: 'node1' },
      },
    ]);
    expect(writer.dropped).toBe(0);
  });

  it('are dropped and counted while the server refuses', async () => {
    const lost = new EventWriter({ kind: 'Kubeconfig', path: api.kubeconfig }, logger);
    const subject = { kind: 'Service', namespace: 'absent', name: 'web' } as const;
    lost.write({ severity: 'Normal', reason: 'Starting', note: '', subject, nodeName: 'node1' });
    await waitUntil(() => Promise.resolve(lost.dropped === 1), { what: 'the Event to be dropped' });
    await lost.stop();
  });
});
