/**
 * Values of one field of two bits, in the marks of packets and of connections. The other bits belong to the CNI and to others.
 */
export interface Marks {
  readonly mask: number;
  /** Of packets for Envoy's sockets (`ip rule fwmark`), and of the connections between clients and Envoy. */
  readonly redirect: number;
  /** SO_MARK of Envoy's connections to endpoints, and the mark of those connections. */
  readonly upstream: number;
  /** Of connections whose source is translated. */
  readonly masquerade: number;
  /** Of packets only: the endpoint was chosen just now, not remembered. */
  readonly chosen: number;
}

/** Clear of Calico (0xffff0000), Cilium (0xffff0fff), the AWS VPC CNI (0x80), kube-proxy and the kubelet (0xc000). */
export const defaultMarkMask = 0x3000;

export const defaultMarks: Marks = marksOf(defaultMarkMask);

/** Undefined: the mask is not two bits that lie next to each other. */
export function marksIn(mask: number): Marks | undefined {
  const lowest = mask & -mask;
  return mask > 0 && mask <= 0x7fff_ffff && mask === lowest * 3 ? marksOf(mask) : undefined;
}

function marksOf(mask: number): Marks {
  const lowest = mask & -mask;
  return { mask, redirect: lowest, upstream: lowest * 2, masquerade: lowest * 3, chosen: lowest * 3 };
}
