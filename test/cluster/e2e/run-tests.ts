import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { asFlags } from '../flags.ts';
import { bin, type Layout } from '../layout.ts';
import { LiveLines } from './live-lines.ts';
import { readReport, type TestResult } from './report.ts';

export interface TestSelection {
  /** Regular expressions on a test's full name. */
  readonly focus: string;
  readonly skip: string;
  /** How many tests run at one time. */
  readonly parallel: number;
  /** Of the whole run. */
  readonly timeout: string;
}

/** Runs Kubernetes' own end-to-end tests against a cluster. Prints a line for each; log and reports go to the folder. */
export async function runTests(
  layout: Layout,
  selection: TestSelection,
  folder: string,
): Promise<readonly TestResult[]> {
  mkdirSync(folder, { recursive: true });
  const log = createWriteStream(join(folder, 'e2e.log'));
  const lines = new LiveLines((line) => process.stdout.write(`${line}\n`));
  const [file = '', ...args] = commandOf(layout, selection, folder);
  const env = { ...process.env, PATH: `${bin}:${process.env['PATH']}`, KUBECONFIG: layout.adminKubeconfig };
  const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], env, cwd: folder });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log.write(text);
      lines.take(text);
    });
  }
  const [code] = await once(child, 'close');
  log.end();
  const report = join(folder, 'report.json');
  if (!existsSync(report)) throw new Error(`The tests ended with code ${code} and no report; see ${folder}/e2e.log`);
  return readReport(readFileSync(report, 'utf8'));
}

function commandOf(layout: Layout, selection: TestSelection, folder: string): readonly string[] {
  const ginkgo = {
    focus: selection.focus,
    ...(selection.skip === '' ? {} : { skip: selection.skip }),
    timeout: selection.timeout,
    'json-report': 'report.json',
    'no-color': 'true',
    v: 'true',
  };
  const tests = join(bin, 'e2e.test');
  if (selection.parallel === 1) {
    const prefixed = Object.fromEntries(Object.entries(ginkgo).map(([name, value]) => [`ginkgo.${name}`, value]));
    return [tests, ...asFlags(prefixed), ...asFlags(testFlags(layout, folder))];
  }
  const procs = { procs: String(selection.parallel), 'output-dir': folder };
  return [join(bin, 'ginkgo'), ...asFlags({ ...ginkgo, ...procs }), tests, '--', ...asFlags(testFlags(layout, folder))];
}

function testFlags(layout: Layout, folder: string): Readonly<Record<string, string>> {
  return {
    kubeconfig: layout.adminKubeconfig,
    'kubectl-path': join(bin, 'kubectl'),
    // No cloud: tests that need one skip themselves.
    provider: 'local',
    'num-nodes': String(layout.nodes.length),
    'report-dir': folder,
    'dump-logs-on-failure': 'false',
    'allowed-not-ready-nodes': '0',
  };
}
