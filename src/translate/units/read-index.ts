import type { Question } from '../../model/model.ts';
import type { Read } from './recording-reader.ts';
import type { UnitId, UnitName } from './unit.ts';
import { unitNames } from './unit-kinds.ts';

/**
 * Which units asked what of the model. Of 100,000 Services there are twice as many units with some reads each, so those
 * of one object are kept together: what was read, and by which of them, as bits of one number.
 */
export class ReadIndex {
  /** By the key of the units' object. */
  readonly #reads = new Map<string, PackedReads>();
  /** By question and key of the read: the key of the readers' object, or keys. */
  readonly #readers = new Map<Question, Map<string, string | Set<string>>>();

  /** Replaces what a unit was known to have read. */
  record({ kind, key }: UnitId, reads: readonly Read[]): void {
    const before = this.#reads.get(key) ?? none;
    const after = withReads(before, bitOf(kind), reads);
    if (after === before) return;
    for (let at = 0; at < before.length; at += 2) if (find(after, before, at) < 0) this.#removeReader(before, at, key);
    for (let at = 0; at < after.length; at += 2) if (find(before, after, at) < 0) this.#addReader(after, at, key);
    if (after.length === 0) this.#reads.delete(key);
    else this.#reads.set(key, after);
  }

  /** The units that asked this when they were last translated. */
  readersOf(read: Read): readonly UnitId[] {
    const keys = this.#readers.get(read.question)?.get(read.key);
    if (keys === undefined) return [];
    return typeof keys === 'string' ? this.#unitsAt(keys, read) : [...keys].flatMap((key) => this.#unitsAt(key, read));
  }

  #unitsAt(key: string, read: Read): readonly UnitId[] {
    const reads = this.#reads.get(key) ?? none;
    const code = codeAt(reads, indexOf(reads, numbers[read.question], read.key));
    return unitNames.filter((kind) => (code & bitOf(kind)) !== 0).map((kind) => ({ kind, key }));
  }

  #addReader(reads: PackedReads, at: number, key: string): void {
    const byKey = this.#readersAt(reads, at);
    const readKey = keyAt(reads, at);
    const keys = byKey.get(readKey);
    if (keys === undefined) byKey.set(readKey, key);
    else if (typeof keys === 'string') byKey.set(readKey, new Set([keys, key]));
    else keys.add(key);
  }

  #removeReader(reads: PackedReads, at: number, key: string): void {
    const byKey = this.#readersAt(reads, at);
    const readKey = keyAt(reads, at);
    const keys = byKey.get(readKey);
    if (typeof keys === 'object') keys.delete(key);
    if (keys === key || (typeof keys === 'object' && keys.size === 0)) byKey.delete(readKey);
  }

  #readersAt(reads: PackedReads, at: number): Map<string, string | Set<string>> {
    const question = questions[codeAt(reads, at) & questionMask] ?? 'Service';
    const known = this.#readers.get(question) ?? new Map<string, string | Set<string>>();
    this.#readers.set(question, known);
    return known;
  }
}

/** In turn: the key of a read, and a code that has the number of its question and a bit for each unit that asked it. */
type PackedReads = readonly (string | number)[];

const none: PackedReads = [];
/** The number of a question is its place. At most 16. */
const numbers: Readonly<Record<Question, number>> = {
  Service: 0,
  EndpointSlice: 1,
  Node: 2,
  Namespace: 3,
  ServiceCIDR: 4,
  NetworkPolicy: 5,
  OtherPolicy: 6,
  Pod: 7,
  slicesOf: 8,
  ownerOf: 9,
  serviceCidrs: 10,
  kernelPathPodsOf: 11,
};
const questions = Object.keys(numbers) as readonly Question[];
const questionBits = 4;
const questionMask = (1 << questionBits) - 1;

function bitOf(kind: UnitName): number {
  return 1 << (unitNames.indexOf(kind) + questionBits);
}

/** The same list when the unit of the bit read the same before. */
function withReads(before: PackedReads, bit: number, reads: readonly Read[]): PackedReads {
  const after = before.length === 0 ? [] : withoutUnit(before, bit);
  for (const { question, key } of reads) {
    const number = numbers[question];
    const at = indexOf(after, number, key);
    if (at >= 0) after[at + 1] = codeAt(after, at) | bit;
    else after.push(key, number | bit);
  }
  const used = packed(after);
  return used.length === before.length && used.every((part, index) => part === before[index]) ? before : used;
}

function withoutUnit(reads: PackedReads, bit: number): (string | number)[] {
  return reads.map((part) => (typeof part === 'number' ? part & ~bit : part));
}

/** Only what somebody reads, in an array without room to grow. */
function packed(reads: PackedReads): PackedReads {
  const isRead = (at: number) => codeAt(reads, at) > questionMask;
  const isAll = reads.every((part) => typeof part === 'string' || part > questionMask);
  return isAll ? reads.slice() : reads.filter((_part, index) => isRead(index - (index % 2))).slice();
}

function keyAt(reads: PackedReads, at: number): string {
  return String(reads[at]);
}

function codeAt(reads: PackedReads, at: number): number {
  return at < 0 ? 0 : Number(reads[at + 1]);
}

/** Where `reads` has what `others` has at an index; negative: nowhere. */
function find(reads: PackedReads, others: PackedReads, at: number): number {
  return indexOf(reads, codeAt(others, at) & questionMask, keyAt(others, at));
}

function indexOf(reads: PackedReads, question: number, key: string): number {
  for (let at = 0; at < reads.length; at += 2) {
    if (reads[at] === key && (codeAt(reads, at) & questionMask) === question) return at;
  }
  return -1;
}
