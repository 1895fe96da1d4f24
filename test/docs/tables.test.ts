import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fieldAt, fieldPaths } from '../../src/agent/config/fields.ts';
import { ignoredFlags, refusedFlags } from '../../src/agent/config/flags.ts';
import { AgentMetrics } from '../../src/agent/metrics.ts';
import { configurableLimits } from '../../src/controller/configuration-fields.ts';
import { createMetrics } from '../../src/controller/metrics.ts';
import { errorTable } from '../../src/model/errors.ts';
import { problemTable } from '../../src/model/problem-codes.ts';
import { reportTable } from '../../src/model/report-reasons.ts';

const page = (name: string) => readFileSync(new URL(`../../docs/${name}`, import.meta.url), 'utf8');

describe('tables in docs/', () => {
  it('errors.md mirrors the tables of codes', () => {
    const errors = Object.entries(errorTable).map(([code, { help }]) => `| \`${code}\` | ${help} |`);
    const problems = Object.entries(problemTable).map(([code, about]) => `| \`${code}\` | ${about} |`);
    const documented = page('errors.md')
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    expect(documented).toEqual([...errors, ...problems]);
  });

  it('configuration.md lists every field of an AgentConfiguration, with its flag and default', () => {
    const rows = fieldPaths.map((path) => {
      const { flag, about, default: byDefault, env, type } = fieldAt(path);
      const known = byDefault === undefined || byDefault === '' ? '' : JSON.stringify(type.write(byDefault as never));
      const shown = env === undefined ? known : `$${env}`;
      return `| \`${path}\` | \`--${flag?.name}\` | ${shown === '' ? '' : `\`${shown}\``} | ${about} |`;
    });
    const [, section = ''] = page('configuration.md').split('# The agent');
    expect(section.split('\n').filter((line) => /^\| `.*`--/.test(line))).toEqual(rows);
  });

  it('configuration.md says what becomes of every other flag of kube-proxy', () => {
    const rows = Object.entries({ ...ignoredFlags, ...refusedFlags }).map(
      ([name, text]) => `| \`--${name}\` | ${text} |`,
    );
    const text = page('configuration.md');
    expect(rows.filter((row) => !text.includes(row))).toEqual([]);
  });

  it('events.md mirrors the table of reasons', () => {
    const rows = Object.entries(reportTable).map(
      ([reason, { severity, about }]) => `| \`${reason}\` | ${severity} | ${about} |`,
    );
    expect(
      page('events.md')
        .split('\n')
        .filter((line) => line.startsWith('| `')),
    ).toEqual(rows);
  });

  it('codes of problems read as the reasons of conditions and Events do', () => {
    for (const code of Object.keys(problemTable)) expect(code).toMatch(/^[A-Z][A-Za-z]{2,}$/);
  });

  it('metrics.md describes every metric of the controller', async () => {
    const metrics = await createMetrics().registry.getMetricsAsJSON();
    const own = metrics.filter(({ name }) => name.startsWith('fairlead_'));
    const text = page('metrics.md');
    const missing = own.filter(({ name, type, help }) => !text.includes(`| \`${name}\` | ${type} | ${help} |`));
    expect(missing.map(({ name }) => name)).toEqual([]);
  });

  it('metrics.md has alerts of metrics that exist', async () => {
    const metrics = await createMetrics().registry.getMetricsAsJSON();
    const expressions = page('metrics.md').match(/^ {4}.*$/gm) ?? [];
    const used = expressions.flatMap((expression) => expression.match(/fairlead_\w+/g) ?? []);
    expect(used).toContain('fairlead_source_last_event_timestamp_seconds');
    expect(used.filter((name) => !metrics.some((metric) => metric.name === name))).toEqual([]);
  });

  it('configuration.md describes every limit that may be set', () => {
    const described = [...page('configuration.md').matchAll(/`limits\.(\w+)`/g)].map(([, name]) => name);
    expect(described.toSorted()).toEqual(configurableLimits.toSorted());
  });

  it('metrics.md describes every metric of the agent, and no other', async () => {
    const { registry } = new AgentMetrics({
      elements: () => 0,
      services: () => 0,
      connected: () => false,
      envoy: () => 'Absent',
      missingScopes: () => 0,
      refused: () => 0,
      failedHealthPorts: () => 0,
      withoutLocal: () => 0,
    });
    const metrics = await registry.getMetricsAsJSON();
    const own = metrics
      .filter(({ name }) => /^(fairlead|kubeproxy)_/.test(name))
      .map(({ name, type }) => `${name} ${type}`);
    const [, ofAgent = ''] = page('metrics.md').split('## Agent');
    const documented = [...ofAgent.matchAll(/^\| `((?:fairlead|kubeproxy)_\w+)` \| (\w+) \|/gm)].map(
      ([, name, type]) => `${name} ${type}`,
    );
    expect(own.toSorted()).toEqual(documented.toSorted());
  });
});
