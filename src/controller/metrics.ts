import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { SourceStats } from '../kubernetes/source.ts';

/** Seconds; from a change on one node's stream to a re-send to thousands. */
const buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export type ControllerMetrics = ReturnType<typeof createMetrics>;

/** The controller's metrics; docs/metrics.md describes each (a test compares them). */
export function createMetrics() {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const gauge = (name: string, help: string) => new Gauge({ name, help, registers });
  const counter = <L extends string>(name: string, help: string, label: L) =>
    new Counter({ name, help, labelNames: [label], registers });
  const counterByType = (name: string, help: string) => counter(name, help, 'type');
  const counterByKind = (name: string, help: string) => counter(name, help, 'kind');
  const histogram = (name: string, help: string) => new Histogram({ name, help, buckets, registers });
  return {
    registry,
    streams: gauge('fairlead_xds_streams', 'Open ADS streams'),
    streamsClosed: counter('fairlead_xds_streams_closed_total', 'Streams that ended', 'reason'),
    refusals: counter(
      'fairlead_xds_refusals_total',
      'Clients that were refused or disconnected because of a limit',
      'limit',
    ),
    eventsDropped: gauge('fairlead_events_dropped', 'Events of Kubernetes that were not written'),
    connections: gauge('fairlead_xds_connections', 'Open connections'),
    admissionWaiting: gauge('fairlead_xds_admission_waiting', 'Streams that wait for admission'),
    receivingBytes: gauge('fairlead_xds_receiving_bytes', 'Bytes of requests in progress'),
    sendingBytes: gauge('fairlead_xds_sending_bytes', 'Bytes of responses that clients have yet to read'),
    sendersQueued: gauge('fairlead_xds_senders_queued', 'Streams that wait for their turn in the scheduler'),
    exceptions: new Counter({
      name: 'fairlead_uncaught_exceptions_total',
      help: 'Exceptions that were not caught',
      registers,
    }),
    responses: counterByType('fairlead_xds_responses_total', 'Responses sent'),
    resources: counterByType('fairlead_xds_resources_sent_total', 'Resources sent'),
    resourceBytes: counterByType('fairlead_xds_resource_bytes_total', 'Bytes of the resources sent'),
    acks: counterByType('fairlead_xds_acks_total', 'Responses that clients accepted'),
    nacks: counterByType('fairlead_xds_nacks_total', 'Responses that clients rejected'),
    ackSeconds: histogram('fairlead_xds_ack_duration_seconds', 'Time from a response to its acknowledgement'),
    translateSeconds: histogram('fairlead_translate_duration_seconds', 'Translation of one change of the model'),
    revision: gauge('fairlead_model_revision', 'Revision of the model'),
    services: gauge('fairlead_model_services', 'Services in the model'),
    nodes: gauge('fairlead_model_nodes', 'Nodes in the model'),
    sourceLists: counterByKind('fairlead_source_lists_total', 'Complete lists of the API server'),
    sourceEvents: counterByKind(
      'fairlead_source_events_total',
      'Objects that were added, changed or deleted in watches',
    ),
    sourceErrors: counterByKind('fairlead_source_errors_total', 'Lists and watches that failed'),
    sourceLast: new Gauge({
      name: 'fairlead_source_last_event_timestamp_seconds',
      help: 'Unix time of the last list, event or bookmark',
      labelNames: ['kind'],
      registers,
    }),
    problems: gauge('fairlead_problems', 'Current problems in the inputs'),
  };
}

/** Copies what the source counts itself. */
export function setSourceMetrics(metrics: ControllerMetrics, stats: ReadonlyMap<string, SourceStats>): void {
  const { sourceLists, sourceEvents, sourceErrors, sourceLast } = metrics;
  for (const counter of [sourceLists, sourceEvents, sourceErrors]) counter.reset();
  for (const [kind, { lists, events, errors, lastEventAt }] of stats) {
    sourceLists.inc({ kind }, lists);
    sourceEvents.inc({ kind }, events);
    sourceErrors.inc({ kind }, errors);
    if (lastEventAt !== undefined) sourceLast.set({ kind }, lastEventAt / 1000);
  }
}
