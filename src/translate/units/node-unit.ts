import { nodeViewEntry } from '../node-view.ts';
import { noTranslation, type UnitKind } from './unit.ts';

/** What the agent of a node is sent about it. */
export const nodeUnit: UnitKind = {
  of: 'Node',
  translate(reader, key) {
    const node = reader.get('Node', key);
    return node === undefined ? noTranslation : { entries: [nodeViewEntry(node, reader.serviceCidrs())], problems: [] };
  },
};
