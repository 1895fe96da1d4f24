import { nodeViewEntry } from '../node-view.ts';
import { noTranslation, type UnitKind } from './unit.ts';

/** What the agent of a node is sent about it. */
export const nodeUnit: UnitKind = {
  of: 'Node',
  translate(reader, key) {
    const node = reader.get('Node', key);
    if (node === undefined) return noTranslation;
    const entry = nodeViewEntry(node, reader.serviceCidrs(), reader.kernelPathPodsOf(key));
    return { entries: [entry], problems: [] };
  },
};
