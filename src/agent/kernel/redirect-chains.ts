import {
  accept,
  destination,
  destinationPort,
  differs,
  drop,
  goTo,
  hasDnat,
  isEstablished,
  isIn,
  isNew,
  isNotIn,
  isReply,
  isTcp,
  packetMark,
  protocol,
  source,
  tcpDestinationPort,
  verdictOf,
} from '../../nftables/build-rule.ts';
import type { Chain } from '../../nftables/objects.ts';
import type { Rule } from '../../nftables/rule.ts';
import { podMatch } from './pod-detector.ts';
import { hasConnectionMark, hasPacketMark, markConnection, markPacket } from './selectors.ts';
import type { NodeTableOptions } from './table-options.ts';

/**
 * A pod's own connection to an endpoint may have the ports of one that Envoy makes in its name. In a zone of their own the
 * originals of Envoy's connections are told apart from it; conntrack then gives the later one another port towards the endpoint.
 */
const upstreamZone = 15_001;

/** What takes connections into Envoy, and the replies of endpoints back to it. */
export function redirectChains(options: NodeTableOptions): readonly Chain[] {
  return [...listenerChains(options), divertChain(options), ...upstreamChains(options)];
}

/**
 * `tproxy` ends its rule where no socket listens: the marks are not set, and the packet continues to DNAT. That is what
 * keeps traffic flowing while Envoy is away.
 */
function listenerChains({ family, marks, listeners }: NodeTableOptions): readonly Chain[] {
  const { redirect } = marks;
  return (['tcp', 'http'] as const).flatMap((listener): Chain[] => {
    const toListener = [isTcp, { kind: 'Tproxy', port: listeners[listener] }] as const;
    return [
      {
        name: `to-${listener}`,
        rules: [[...toListener, markPacket(marks, redirect), markConnection(marks, redirect), accept]],
      },
      {
        name: `envoy-${listener}`,
        rules: [
          [isIn([protocol], `open-${listener}`), goTo(`to-${listener}`)],
          [isIn([destination(family), destinationPort], 'known'), goTo(`to-${listener}`)],
        ],
      },
    ];
  });
}

function divertChain(options: NodeTableOptions): Chain {
  const { marks } = options;
  const redirected = hasConnectionMark(marks, marks.redirect);
  return {
    name: 'divert',
    hook: { type: 'filter', hook: 'prerouting', priority: 'mangle' },
    rules: [
      [hasConnectionMark(marks, marks.upstream), isReply, markPacket(marks, marks.redirect), accept],
      [redirected, markPacket(marks, marks.redirect)],
      // Behind a SYN cookie the listener knows nothing of the connection until its first ACK, which must find it.
      [redirected, isEstablished, captured(options)],
      ...newConnections(options),
      // The gate has closed since its first SYN, which nobody answered. A reset from here would look like the Service's; the client
      // sends its SYN again, after the agent has made conntrack forget the connection.
      [redirected, isNew, drop],
    ],
  };
}

function captured({ family }: NodeTableOptions) {
  return verdictOf([destination(family), tcpDestinationPort], 'capture');
}

/**
 * Only new connections: one that the kernel balances stays in the kernel when a gate opens. Its packets would
 * reach the listener, which does not know the connection and answers with a reset.
 */
function newConnections(options: NodeTableOptions): readonly Rule[] {
  const fromPods = podMatch(options.family, options.pods);
  if (fromPods.length === 0) return [];
  const isRedirectable = isNotIn([source(options.family)], 'kernel-path-pods');
  return [[isNew, hasDnat(false), ...fromPods, isRedirectable, captured(options)]];
}

/** The connections of Envoy to endpoints. */
function upstreamChains({ marks }: NodeTableOptions): readonly Chain[] {
  const fromEnvoy = [hasPacketMark(marks, marks.upstream), isTcp];
  const replies = [hasConnectionMark(marks, marks.upstream), isReply];
  return [
    {
      name: 'zone-out',
      hook: { type: 'filter', hook: 'output', priority: 'raw' },
      rules: [[...fromEnvoy, { kind: 'SetZone', direction: 'original', zone: upstreamZone }]],
    },
    {
      name: 'mark-out',
      hook: { type: 'filter', hook: 'output', priority: 'mangle' },
      rules: [[...fromEnvoy, markConnection(marks, marks.upstream)]],
    },
    {
      // An endpoint with the node's own address answers here, and to the client's address, which would lead out to it.
      name: 'to-sockets-out',
      hook: { type: 'route', hook: 'output', priority: '-90' },
      rules: [[...replies, markPacket(marks, marks.redirect)]],
    },
    {
      name: 'restore-mark',
      hook: { type: 'filter', hook: 'postrouting', priority: 'srcnat + 10' },
      rules: [[differs({ kind: 'Masked', of: packetMark, mask: marks.mask }, 0), markPacket(marks, 0)]],
    },
  ];
}
