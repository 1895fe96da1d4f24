// Short names for the parts of rules, in the words of nft.
import type { Expression, Key, MaskableSelector, PacketFamily, Selector, Source, Verdict } from './rule.ts';

export const source = (family: PacketFamily): Selector => ({ kind: 'Address', family, side: 'source' });
export const destination = (family: PacketFamily): Selector => ({ kind: 'Address', family, side: 'destination' });
export const destinationPort: Selector = { kind: 'Port', header: 'th', side: 'destination' };
export const tcpDestinationPort: Selector = { kind: 'Port', header: 'tcp', side: 'destination' };
export const protocol: Selector = { kind: 'Meta', key: 'l4proto' };
export const packetMark: MaskableSelector = { kind: 'Meta', key: 'mark' };
export const connectionMark: MaskableSelector = { kind: 'Ct', key: 'mark' };

export const equals = (selector: Selector, value: string | number): Expression => {
  return { kind: 'Compare', selector, operator: '==', value };
};
export const differs = (selector: Selector, value: string | number): Expression => {
  return { kind: 'Compare', selector, operator: '!=', value };
};
export const isTcp = equals(protocol, 'tcp');
export const isNew: Expression = { kind: 'Flag', of: 'state', flag: 'new', isSet: true };
export const isInvalid: Expression = { kind: 'Flag', of: 'state', flag: 'invalid', isSet: true };
export const isEstablished: Expression = { kind: 'Flag', of: 'state', flag: 'established', isSet: true };
export const isReply = equals({ kind: 'Ct', key: 'direction' }, 'reply');
export const hasDnat = (isSet: boolean): Expression => ({ kind: 'Flag', of: 'status', flag: 'dnat', isSet });
export const hasBits = (of: MaskableSelector, mask: number, value: number): Expression => {
  return equals({ kind: 'Masked', of, mask }, value);
};
export const isIn = (key: Key, set: string): Expression => ({ kind: 'Lookup', key, set, isIn: true });
export const isNotIn = (key: Key, set: string): Expression => ({ kind: 'Lookup', key, set, isIn: false });

const verdict = (of: Verdict): Expression => ({ kind: 'Verdict', verdict: of });
export const accept = verdict({ kind: 'Accept' });
export const drop = verdict({ kind: 'Drop' });
export const returns = verdict({ kind: 'Return' });
export const jumpTo = (chain: string): Expression => verdict({ kind: 'Jump', chain });
export const goTo = (chain: string): Expression => verdict({ kind: 'Goto', chain });
export const verdictOf = (key: Key, map: string): Expression => ({ kind: 'VerdictMap', key, map });

export const selected = (selector: Selector): Source => ({ kind: 'Selected', selector });
export const mapped = (key: Key, map: string): Source => ({ kind: 'Mapped', key, map });
export const masquerade: Expression = { kind: 'Masquerade', isFullyRandom: true };
export const resetTcp: Expression = { kind: 'Reject', with: 'tcp reset' };
export const rejectAny: Expression = { kind: 'Reject', with: 'icmp error' };
