import { expect, it } from 'vitest';
import { LiveLines } from './live-lines.ts';
import { readReport, resultLine, summaryOf } from './report.ts';

const spec = {
  ContainerHierarchyTexts: ['[sig-network] Services'],
  LeafNodeType: 'It',
  NumAttempts: 1,
  RunTime: 2.26e9,
};

const report = JSON.stringify([
  {
    SpecReports: [
      { ...spec, LeafNodeText: 'should work', State: 'passed' },
      { ...spec, LeafNodeText: 'should fail', State: 'failed', Failure: { Message: 'no route\nmore' } },
      { ...spec, LeafNodeText: 'needs a cloud', State: 'skipped', Failure: { Message: 'Only for gce' } },
      { ...spec, LeafNodeText: 'left out', State: 'skipped', NumAttempts: 0 },
      { ...spec, LeafNodeText: '', LeafNodeType: 'BeforeSuite', State: 'passed' },
    ],
  },
]);

it('reads what ran from a report of Ginkgo, with the reason of what did not pass', () => {
  expect(readReport(report)).toEqual([
    { name: '[sig-network] Services should work', outcome: 'Passed', seconds: 2.3 },
    { name: '[sig-network] Services should fail', outcome: 'Failed', seconds: 2.3, reason: 'no route' },
    { name: '[sig-network] Services needs a cloud', outcome: 'Skipped', seconds: 2.3, reason: 'Only for gce' },
  ]);
});

it('counts, and says what failed and why', () => {
  expect(summaryOf(readReport(report))).toBe(
    'Failed:\n  [sig-network] Services should fail\n    no route\n1 passed, 1 failed, 1 skipped themselves',
  );
});

it('prints a line for each test as it ends, wherever the output is cut', () => {
  const output = [
    '------------------------------',
    '• [2.126 seconds]',
    '[sig-network] Services should work [Conformance] [sig-network, Conformance]',
    'k8s.io/kubernetes/test/e2e/network/service.go:777',
    '• [FAILED] [300.100 seconds]',
    '[sig-network] Services [It] should fail [sig-network]',
    '• [0.4 seconds]',
    '[ReportAfterSuite]',
    '',
  ].join('\n');
  const lines: string[] = [];
  const live = new LiveLines((line) => lines.push(line));
  for (let at = 0; at < output.length; at += 7) live.take(output.slice(at, at + 7));
  expect(lines).toEqual([
    resultLine({ name: '[sig-network] Services should work [Conformance]', outcome: 'Passed', seconds: 2.126 }),
    resultLine({ name: '[sig-network] Services should fail', outcome: 'Failed', seconds: 300.1 }),
  ]);
});
