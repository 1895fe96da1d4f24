// From objects to bytes on a stream: the cold translation of a large cluster, the first full push to one client, and
// the change of one endpoint, from the event to the written bytes, while that client subscribes to everything.
import { ModelStore } from '../src/model/model.ts';
import { encodeMessage, messageNameOf } from '../src/protos/registry.ts';
import { typeUrls } from '../src/resources/type-urls.ts';
import { defaultSettings } from '../src/translate/settings.ts';
import { translate } from '../src/translate/translate.ts';
import type { ResponseSent } from '../src/xds/server/ads-events.ts';
import { OurServer } from './lib/our-server.ts';
import { report } from './lib/report.ts';
import { buildPeers } from './lib/server-process.ts';
import { percentile } from './lib/statistics.ts';
import { allUpdates, type ClusterSize, resourceName, serviceKey, sliceUpdate } from './lib/synthetic.ts';
import { type Subscription, XdsLoad } from './lib/xds-load.ts';

const size: ClusterSize = {
  services: 10_000,
  endpointsPerService: 10,
  appProtocol: 'http',
  nodes: ['node-0', 'node-1'],
};
const warmUpChanges = 200;
const changes = 2_000;

function elapsed(work: () => void): number {
  const start = performance.now();
  work();
  return performance.now() - start;
}

/** The model and every resource of one node as bytes, in one go and without a server. */
function coldTranslate(): number {
  return elapsed(() => {
    const model = new ModelStore();
    model.apply(allUpdates(size));
    const all = translate(model, { nodeName: 'node-0', zone: '' }, defaultSettings);
    const lists = [
      [typeUrls.listener, all.listeners],
      [typeUrls.scopedRoute, all.scopedRoutes],
      [typeUrls.route, all.routes],
      [typeUrls.cluster, all.clusters],
      [typeUrls.endpoint, all.endpoints],
      [typeUrls.serviceView, all.serviceViews],
    ] as const;
    for (const [typeUrl, messages] of lists) {
      for (const { message } of messages) encodeMessage(messageNameOf(typeUrl), message);
    }
  });
}

function everything(): readonly Subscription[] {
  const addresses = Array.from({ length: size.services }, (_, index) => resourceName(index));
  const services = Array.from({ length: size.services }, (_, index) => serviceKey(index));
  return [
    { type_url: typeUrls.cluster, names: addresses },
    { type_url: typeUrls.endpoint, names: addresses },
    { type_url: typeUrls.scopedRoute, names: addresses },
    { type_url: typeUrls.route, names: addresses },
    { type_url: typeUrls.serviceView, names: services },
  ];
}

const sent: ((event: ResponseSent) => void)[] = [];
let acks = 0;
let onAck: () => void = () => undefined;
const server = new OurServer({
  responseSent: (event) => {
    for (const listener of sent) listener(event);
  },
  acknowledged: () => {
    acks += 1;
    onAck();
  },
});

/** Resolves once the server has read so many acknowledgements. */
function acknowledged(count: number): Promise<void> {
  return new Promise((resolve) => {
    onAck = () => {
      if (acks >= count) resolve();
    };
    onAck();
  });
}

/** Milliseconds from the event to the write of the endpoints. */
async function changeOne(generation: number): Promise<number> {
  const update = sliceUpdate((generation * 7_919) % size.services, size, generation);
  const expected = acks + 2;
  let start = 0;
  const written = new Promise<number>((resolve) => {
    sent[0] = ({ typeUrl }) => {
      if (typeUrl === typeUrls.endpoint) resolve(performance.now() - start);
    };
  });
  start = performance.now();
  server.update([update]);
  const ms = await written;
  // The endpoints for Envoy and the view for the agent.
  await acknowledged(expected);
  return ms;
}

buildPeers();
const cold = coldTranslate();
const load = await XdsLoad.start();
try {
  const ready = elapsed(() => server.update(allUpdates(size)));
  const push = await load.open({ address: await server.listen(), streams: 1, subscriptions: everything() });
  await acknowledged((await load.stats()).acks);
  const times: number[] = [];
  for (let index = 1; index <= warmUpChanges + changes; index += 1) {
    const ms = await changeOne(index);
    if (index > warmUpChanges) times.push(ms);
  }
  const subject = `${size.services} Services x ${size.endpointsPerService} endpoints`;
  report('translate', [
    { what: `${subject}: cold translate, every resource encoded`, unit: 'ms', ours: cold },
    { what: `${subject}: events until ready to serve`, unit: 'ms', ours: ready },
    { what: `${subject}: first full push of ${push.resources} resources to one stream`, unit: 'ms', ours: push.ms },
    { what: 'one endpoint: event to bytes written, p50', unit: 'ms', ours: percentile(times, 50), goal: { below: 2 } },
    { what: 'one endpoint: event to bytes written, p99', unit: 'ms', ours: percentile(times, 99), goal: { below: 10 } },
  ]);
} finally {
  await load.stop();
  await server.close();
}
