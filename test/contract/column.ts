import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { firstStartMs, skipsApiServer } from '../support/api-server.ts';
import { ContractLab } from './lab/contract-lab.ts';
import { nodeNames } from './lab/plan.ts';
import type { ServiceProxy } from './lab/service-proxy.ts';
import { writeColumn } from './results.ts';
import { ScenarioRun } from './run-scenario.ts';
import type { Scenario } from './scenario.ts';
import { sections } from './sections/index.ts';

/** Of one row; each may have cost a time-out. */
const mostFindings = 3;

export interface ColumnOptions {
  /** Of the network namespaces; unique among tests that run at one time. */
  readonly prefix: string;
  /** Rows that do not hold, each with the reason. One that holds fails: its reason is gone. */
  readonly differences: Readonly<Record<string, string>>;
}

/** The whole contract on one proxy; each row is a test. */
export function describeColumn(proxy: ServiceProxy, options: ColumnOptions): void {
  describe.skipIf(skipsApiServer)(`the Service contract: ${proxy.name}`, () => {
    const rows = new Map<string, readonly string[]>();
    let lab: ContractLab;

    beforeAll(async () => {
      lab = await ContractLab.open(options.prefix);
      await proxy.start(lab);
      await lab.settle(nodeNames, proxy.isThroughProxy);
    }, firstStartMs);

    afterAll(async () => {
      await lab?.close();
      writeColumn({ name: proxy.name, rows: Object.fromEntries(rows), differences: options.differences });
    });

    const check = async (scenario: Scenario, number: number) => {
      const reason = options.differences[scenario.name];
      const atMost = reason === undefined ? mostFindings : 1;
      const findings = await new ScenarioRun(lab, proxy, scenario, `s${number}`).findings(atMost);
      rows.set(scenario.name, findings);
      if (reason === undefined) expect(findings).toEqual([]);
      else expect(findings, `holds now; remove it from the differences: ${reason}`).not.toEqual([]);
    };

    let number = 0;
    for (const { title, scenarios } of sections) {
      const numbered = scenarios.map((scenario) => ({ scenario, number: number++ }));
      const together = numbered.filter(({ scenario }) => scenario.exclusive !== true);
      describe.skipIf(together.length === 0).concurrent(title, () => {
        for (const one of together) it(one.scenario.name, () => check(one.scenario, one.number));
      });
      const alone = numbered.filter(({ scenario }) => scenario.exclusive === true);
      for (const one of alone) it(one.scenario.name, () => check(one.scenario, one.number));
    }

    it('knows every row of its list of differences', () => {
      const names = sections.flatMap(({ scenarios }) => scenarios.map(({ name }) => name));
      expect(names).toEqual(expect.arrayContaining(Object.keys(options.differences)));
    });
  });
}
