// Each folder is a case: in.yaml (Kubernetes objects), settings.yaml where the defaults do not do, and what they
// translate to. `UPDATE_GOLDEN=1 vitest run --project system test/golden` rewrites the outputs and deletes stale ones.
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { envoyPath, validateBootstrap } from '../../src/cli/envoy-validate.ts';
import { staticBootstrap } from '../../src/cli/static-bootstrap.ts';
import { type TranslationJson, translationToJson } from '../../src/cli/translation-json.ts';
import { contentOf } from '../../src/kubernetes/manifests/manifest-content.ts';
import { ModelStore } from '../../src/model/model.ts';
import { formatProblem } from '../../src/model/problem.ts';
import type { ClientView } from '../../src/resources/resource-entry.ts';
import { defaultSettings, type TranslateSettings } from '../../src/translate/settings.ts';
import { translate } from '../../src/translate/translate.ts';

const folder = import.meta.dirname;
const cases = readdirSync(folder).filter((name) => statSync(join(folder, name)).isDirectory());
const update = process.env['UPDATE_GOLDEN'] === '1';

interface Golden {
  readonly views: readonly TranslationJson[];
  /** By file name. */
  readonly outputs: ReadonlyMap<string, string>;
}

function goldenOf(name: string): Golden {
  const content = contentOf(readFileSync(join(folder, name, 'in.yaml'), 'utf8'), 'in.yaml');
  const model = new ModelStore();
  model.apply(content.entries.map(({ update: change }) => change));
  const settings = settingsOf(name);
  const clients = clientsOf(model);
  const views = clients.map((client) => translationToJson(translate(model, client, settings ?? defaultSettings)));
  const problems = content.problems.map(formatProblem);
  const outputs = new Map(clients.flatMap((client, index) => filesOf(client, views[index], clients.length)));
  const warnings = [...problems, ...(views[0]?.warnings ?? [])];
  if (warnings.length > 0) outputs.set('out.warnings.yaml', stringify(warnings, { lineWidth: 0 }));
  // The listeners are the same for all; cases with settings of their own show them.
  if (settings === undefined) outputs.delete('out.listeners.yaml');
  return { views, outputs };
}

function settingsOf(name: string): TranslateSettings | undefined {
  if (!readdirSync(join(folder, name)).includes('settings.yaml')) return undefined;
  return { ...defaultSettings, ...parse(readFileSync(join(folder, name, 'settings.yaml'), 'utf8')) };
}

/** One for each Node object; what does not differ by node is in one file all the same. */
function clientsOf(model: ModelStore): readonly ClientView[] {
  const nodes = [...model.nodes.values()].map(({ name, zone }) => ({ nodeName: name, zone }));
  return nodes.length > 0 ? nodes : [{ nodeName: '', zone: '' }];
}

function filesOf(client: ClientView, view: TranslationJson | undefined, clients: number): readonly [string, string][] {
  if (view === undefined) return [];
  const of = clients > 1 ? `out.${client.nodeName}` : 'out';
  const files: readonly [string, readonly unknown[]][] = [
    ['out.listeners.yaml', view.listeners],
    ['out.scoped-routes.yaml', view.scopedRoutes],
    ['out.routes.yaml', view.routes],
    ['out.clusters.yaml', view.clusters],
    [`${of}.endpoints.yaml`, view.endpoints],
    [`${of}.service-views.yaml`, view.serviceViews],
    [`${of}.node-views.yaml`, view.nodeViews],
  ];
  return files
    .filter(([, resources]) => resources.length > 0)
    .map(([file, resources]) => [file, stringify(resources, { lineWidth: 0, aliasDuplicateObjects: false })]);
}

function storedOf(name: string): ReadonlyMap<string, string> {
  const files = readdirSync(join(folder, name)).filter((file) => file.startsWith('out.'));
  return new Map(files.map((file) => [file, readFileSync(join(folder, name, file), 'utf8')]));
}

function store(name: string, outputs: ReadonlyMap<string, string>): void {
  for (const file of storedOf(name).keys()) if (!outputs.has(file)) rmSync(join(folder, name, file));
  for (const [file, text] of outputs) writeFileSync(join(folder, name, file), text);
}

describe.each(cases)('golden case %s', (name) => {
  const { views, outputs } = goldenOf(name);
  if (update) store(name, outputs);

  it('translates to what is stored', () => {
    const stored = storedOf(name);
    expect([...outputs.keys()].sort()).toEqual([...stored.keys()].sort());
    for (const [file, text] of outputs) expect(text, file).toBe(stored.get(file));
  });

  it('is accepted by the real Envoy', async () => {
    const envoy = envoyPath(process.env['ENVOY']);
    for (const view of views) await validateBootstrap(envoy, staticBootstrap(view));
  });
});
