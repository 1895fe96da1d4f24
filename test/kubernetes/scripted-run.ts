import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { ApiSource } from '../../src/kubernetes/api/api-source.ts';
import { isRecord } from '../../src/kubernetes/api/json.ts';
import type { ReflectorLimits } from '../../src/kubernetes/api/limits.ts';
import type { Conversion } from '../../src/kubernetes/conversion.ts';
import type { FieldReader } from '../../src/kubernetes/field-reader.ts';
import type { KubernetesKind } from '../../src/kubernetes/kinds.ts';
import { formatProblem, type Problem } from '../../src/model/problem.ts';
import { aService } from '../support/builders.ts';
import { kubeconfigOf } from '../support/kubeconfig.ts';
import { ScriptedServer } from '../support/scripted-server.ts';
import { coreKinds } from './core-kinds.ts';
import { ModelRecorder } from './model-recorder.ts';

/** Says what a kind is to be otherwise than in the product. */
type ChangeKind = (kind: KubernetesKind) => Partial<KubernetesKind>;

type LogLine = Readonly<Record<string, unknown>>;

/** A source that reads a scripted server, and all that came of it. */
export class ScriptedRun {
  readonly recorder = new ModelRecorder();
  readonly server = new ScriptedServer(() => this.recorder.wake());
  readonly folder = mkdtempSync(join(tmpdir(), 'fairlead-scripted-'));
  readonly #logs: LogLine[] = [];
  #address = '';
  #source: ApiSource | undefined;

  static async open(): Promise<ScriptedRun> {
    const run = new ScriptedRun();
    run.#address = await run.server.listen();
    return run;
  }

  get address(): string {
    return this.#address;
  }

  get kubeconfig(): string {
    return join(this.folder, 'kubeconfig');
  }

  get source(): ApiSource {
    if (this.#source === undefined) throw new Error('The source was not started');
    return this.#source;
  }

  /** Keys of the Services that exist, sorted. */
  get names(): readonly string[] {
    return [...this.recorder.model.services.keys()].sort();
  }

  get problems(): readonly string[] {
    return [...this.recorder.problemsByOrigin.values()].flat().map(formatProblem);
  }

  /** Lines with the message that are about Services. */
  logged(msg: string): readonly LogLine[] {
    return this.#logs.filter((line) => line['msg'] === msg && line['resource'] === 'services');
  }

  until(condition: () => boolean): Promise<void> {
    return this.recorder.until(condition);
  }

  start(limits: Partial<ReflectorLimits> = {}, user: object = {}, change: ChangeKind = () => ({})): void {
    writeFileSync(this.kubeconfig, kubeconfigOf(this.#address, user));
    this.#source = new ApiSource({
      origin: { kind: 'Kubeconfig', path: this.kubeconfig },
      logger: pino({ level: 'debug' }, { write: (line: string) => this.#log(line) }),
      kinds: coreKinds.map((kind) => ({ ...kind, ...change(kind), convert })),
      limits: { backOffBaseMs: 10, backOffCapMs: 50, ...limits },
    });
    this.#source.start(this.recorder);
  }

  async close(): Promise<void> {
    await this.#source?.stop();
    await this.server.close();
    rmSync(this.folder, { recursive: true });
  }

  #log(line: string): void {
    this.#logs.push(JSON.parse(line));
    this.recorder.wake();
  }
}

/** Stands in for the real conversion: enough of a Service to tell them apart, and one that cannot be converted. */
function convert(object: FieldReader): Conversion {
  const metadata = object.raw('metadata');
  const spec = object.raw('spec');
  if (object.raw('kind') !== 'Service' || !isRecord(metadata)) return { update: undefined, problems: [] };
  const { namespace, name } = metadata;
  const key = `${namespace}/${name}`;
  if (name === 'poison') throw new Error('No such number');
  const clusterIP = isRecord(spec) ? String(spec['clusterIP']) : '';
  const ref = { kind: 'Service', namespace: String(namespace), name: String(name) };
  const bad: Problem = { object: ref, field: 'spec.clusterIP', code: 'InvalidValue', message: 'is not an address' };
  const problems = clusterIP === 'bad' ? [bad] : [];
  const value = aService({ namespace: String(namespace), name: String(name), clusterIPs: [clusterIP], ports: [] });
  return { update: { kind: 'Service', key, value }, problems };
}
