import { FamilyTable } from '../../../src/agent/kernel/family-table.ts';
import { textOf } from '../../../src/agent/kernel/kernel-sync.ts';
import type { NodeTableOptions } from '../../../src/agent/kernel/table-options.ts';
import type { Frontend } from '../../../src/agent/xds/service-view.ts';
import { NftCommand } from '../../../src/nftables/runner.ts';
import { inNamespace } from '../../testbed/run.ts';

/** The tables of one family in a node's namespace, without an agent: tests say what they hold. */
export class KernelNode {
  readonly table: FamilyTable;
  readonly #nft: NftCommand;

  constructor(namespace: string, options: NodeTableOptions) {
    this.table = new FamilyTable(options);
    this.#nft = new NftCommand({ command: inNamespace(namespace, ['nft']) });
  }

  /** Programs everything anew, as an agent does that has just started. */
  async load(): Promise<void> {
    await this.#nft.run(textOf(this.table.fullTransactions()));
  }

  /** Replaces a Service, with a difference. */
  async put(service: string, frontends: readonly Frontend[]): Promise<void> {
    this.table.elements.put(service, frontends);
    await this.commit();
  }

  async commit(): Promise<void> {
    const text = textOf(this.table.differenceTransactions());
    if (text !== '') await this.#nft.run(text);
  }

  close(): void {
    this.#nft.close();
  }
}
