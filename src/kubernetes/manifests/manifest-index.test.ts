import { describe, expect, it } from 'vitest';
import { fileRef, formatProblem } from '../../model/problem.ts';
import { contentOf } from './manifest-content.ts';
import { ManifestIndex } from './manifest-index.ts';

const node = (name: string, zone: string) =>
  `apiVersion: v1\nkind: Node\nmetadata: {name: ${name}, labels: {topology.kubernetes.io/zone: ${zone}}}\n---\n`;

class Fixture {
  readonly index = new ManifestIndex();

  put(file: string, text: string) {
    return told(this.index.replace(file, contentOf(text, file)));
  }

  remove(file: string) {
    return told(this.index.replace(file, undefined));
  }

  problems(file: string) {
    return this.index.problemsOf(file).map(formatProblem);
  }
}

function told({ updates }: ReturnType<ManifestIndex['replace']>) {
  return updates.map(({ key, value }) => `${key} ${value !== undefined && 'zone' in value ? value.zone : 'gone'}`);
}

describe('ManifestIndex', () => {
  it('tells what a file adds, changes and drops', () => {
    const files = new Fixture();
    expect(files.put('a', node('n1', 'z1') + node('n2', 'z1'))).toEqual(['n1 z1', 'n2 z1']);
    expect(files.put('a', node('n1', 'z1') + node('n2', 'z2'))).toEqual(['n2 z2']);
    expect(files.put('a', node('n2', 'z2') + node('n3', 'z3'))).toEqual(['n1 gone', 'n3 z3']);
    expect(files.remove('a')).toEqual(['n2 gone', 'n3 gone']);
    expect(files.remove('a')).toEqual([]);
    expect(files.index.size).toBe(0);
  });

  it('lets the first file by name serve an object, and tells the others', () => {
    const files = new Fixture();
    files.put('b', node('n', 'from-b'));
    expect(files.put('c', node('n', 'from-c'))).toEqual([]);
    expect(files.problems('c')).toEqual(['c:1: Node n: is also in b:1, which is used; this one is ignored']);
    expect(files.put('a', `\n${node('n', 'from-a')}`)).toEqual(['n from-a']);
    expect(files.problems('a')).toEqual([]);
    expect(files.problems('b')).toEqual(['b:1: Node n: is also in a:2, which is used; this one is ignored']);
    expect(files.remove('a')).toEqual(['n from-b']);
    expect(files.problems('b')).toEqual([]);
    expect(files.remove('b')).toEqual(['n from-c']);
    expect(files.problems('c')).toEqual([]);
  });

  it('names the files of which the problems changed', () => {
    const { index } = new Fixture();
    index.replace('b', contentOf(node('n', 'z'), 'b'));
    expect(index.replace('a', contentOf(node('n', 'z'), 'a')).files).toEqual(new Set(['a', 'b']));
    expect(index.replace('a', undefined).files).toEqual(new Set(['a', 'b']));
  });

  it('lets the first of two in one file serve', () => {
    const files = new Fixture();
    expect(files.put('a', node('n', 'first') + node('n', 'second'))).toEqual(['n first']);
    expect(files.problems('a')).toEqual([
      'a:5: Node n: occurs twice in the file; the one on line 1 is used, this one is ignored',
    ]);
  });

  it('keeps the objects of a file of which only the problems are known', () => {
    const files = new Fixture();
    files.put('a', node('n', 'z'));
    const problem = { object: fileRef('a'), field: '', code: 'UnreadableFile', message: 'broke' } as const;
    expect(told(files.index.replaceProblems('a', [problem]))).toEqual([]);
    expect(files.problems('a')).toEqual(['a: broke']);
    expect(files.put('a', node('n', 'z'))).toEqual([]);
    expect(files.problems('a')).toEqual([]);
    expect(files.remove('a')).toEqual(['n gone']);
  });

  it('says nothing of objects that never serve', () => {
    const files = new Fixture();
    const headless = 'apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec: {clusterIP: None}\n';
    expect(files.put('a', headless)).toEqual([]);
    expect(files.problems('a')).toEqual([]);
    expect(files.remove('a')).toEqual([]);
  });
});
