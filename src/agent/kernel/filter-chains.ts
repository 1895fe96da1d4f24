import {
  destination,
  drop,
  goTo,
  isIn,
  isInvalid,
  isNew,
  isTcp,
  rejectAny,
  resetTcp,
  verdictOf,
} from '../../nftables/build-rule.ts';
import type { Chain, Hook } from '../../nftables/objects.ts';
import { frontendKey } from './selectors.ts';
import type { NodeTableOptions } from './table-options.ts';

/** Only new connections are refused: established ones continue when their Service changes. */
export function filterChains({ family }: NodeTableOptions): readonly Chain[] {
  const unserved = [isNew, verdictOf(frontendKey(family), 'unserved')];
  const undefinedPort = [isNew, isIn([destination(family)], 'cluster-ips'), goTo('refuse')];
  // They would go to the default route, whose router may send them back.
  const unallocated = [isNew, isIn([destination(family)], 'service-cidrs'), drop];
  const hook = (name: Hook['hook']): Hook => ({ type: 'filter', hook: name, priority: 'filter' });
  return [
    // The kernel limits how many ICMP errors it sends to one client, but not resets.
    { name: 'refuse', rules: [[isTcp, resetTcp], [rejectAny]] },
    { name: 'filter-in', hook: hook('input'), rules: [unserved] },
    {
      name: 'filter-forward',
      hook: hook('forward'),
      // What conntrack takes for invalid is not translated: an endpoint would reset the connection that a late packet of it
      // does not know, with its own address (kubernetes#74839).
      rules: [[isInvalid, drop], unserved, undefinedPort, unallocated],
    },
    { name: 'filter-out', hook: hook('output'), rules: [unserved, undefinedPort, unallocated] },
  ];
}
