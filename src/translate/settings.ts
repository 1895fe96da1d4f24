import { defaultMarks } from '../base/marks.ts';
import type { DataPathChoices } from '../model/policy.ts';
import type { IpFamily } from '../model/service.ts';

/** What the controller's configuration says about every node's Envoy alike. */
export interface TranslateSettings {
  /** Where the kernel redirects to. Envoy binds them on all addresses, transparently. */
  readonly tcpListenerPort: number;
  readonly httpListenerPort: number;
  /** Families the listeners bind. A kernel booted with `ipv6.disable=1` cannot bind IPv6: leave it out there. */
  readonly families: readonly IpFamily[];
  /** SO_MARK of Envoy's upstream sockets, by which the kernel steers their replies back to Envoy. */
  readonly upstreamMark: number;
  readonly accessLog: AccessLogTarget;
  readonly tracing: TracingSettings | undefined;
  /** Of Services that say nothing themselves, in namespaces that say nothing either. */
  readonly dataPath: Required<DataPathChoices>;
}

export type AccessLogTarget =
  | { readonly kind: 'None' }
  | { readonly kind: 'Stdout' }
  | { readonly kind: 'File'; readonly path: string };

export interface TracingSettings {
  /** An OTLP collector that speaks gRPC (port 4317 by convention). A name is looked up by Envoy, in DNS. */
  readonly collector: { readonly address: string; readonly port: number };
  /** 0 to 100; of Services that say nothing themselves. */
  readonly samplingPercent: number;
}

export const defaultSettings: TranslateSettings = {
  tcpListenerPort: 15_001,
  httpListenerPort: 15_002,
  families: ['IPv4', 'IPv6'],
  upstreamMark: defaultMarks.upstream,
  accessLog: { kind: 'None' },
  tracing: undefined,
  dataPath: { http: 'Envoy', tcp: 'Envoy' },
};
