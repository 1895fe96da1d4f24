import { randomBytes } from 'node:crypto';
import type { Span } from '../../testbed/otlp/span.ts';
import { traceTree } from '../../testbed/otlp/tree.ts';
import { fetchJsonFrom } from '../../testbed/request.ts';
import { waitUntil } from '../../testbed/wait.ts';
import { collectorReader, type DemoCluster } from '../demo-cluster.ts';
import { services } from '../shop.ts';
import type { Step } from './step.ts';

/** Two hops, each with a span of Envoy as a server and one as a client. */
const expectedSpans = 4;

export const trace: Step = {
  title: 'The trace of one request',
  async tell(cluster, reporter) {
    reporter.doing('frontend-1 calls checkout, which calls catalog; waiting for Envoy to export the spans');
    const { traceId, spanId } = await tracedRequest(cluster);
    const spans = await waitUntil(() => collected(cluster, traceId), { what: 'the spans to be collected' });
    const names = ['shop/checkout/http', 'shop/catalog/http'];
    const roots = spans.filter((span) => span.parentSpanId === spanId);
    reporter.claim(
      roots.length === 1 && names.every((name) => spans.some((span) => span.name.includes(name))),
      `the collector received ${spans.length} spans of trace ${traceId}, below the frontend's own`,
      spans.map((span) => span.name).join(', '),
    );
    reporter.quote(traceTree(spans));
  },
};

/** The frontend begins a trace, as a traced application does (W3C Trace Context). */
async function tracedRequest(cluster: DemoCluster): Promise<{ readonly traceId: string; readonly spanId: string }> {
  const traceId = randomBytes(16).toString('hex');
  const spanId = randomBytes(8).toString('hex');
  const url = `http://${services.checkout}/forward?to=http://${services.catalog}/items`;
  const headers = { traceparent: `00-${traceId}-${spanId}-01` };
  await fetchJsonFrom(cluster.at('frontend-1'), url, { headers });
  return { traceId, spanId };
}

async function collected(cluster: DemoCluster, traceId: string): Promise<readonly Span[] | false> {
  const spans = await fetchJsonFrom<readonly Span[]>(cluster.at('ctl'), `${collectorReader}/traces/${traceId}`);
  return spans.length >= expectedSpans && spans;
}
