const minimumCapacity = 8;
const empty = new Uint32Array(0);

/**
 * A map from slot ids to non-zero 32-bit words; 0 means absent. Every stream holds one per type with an entry per
 * resource, so 1,000 streams of 10,000 names are ten million entries: a JavaScript Map takes about 40 bytes for each,
 * this takes 4 (one word at the index of the id) when most ids are in it, and 8 in a half-full hash table when few are.
 * The words lie outside the garbage-collected heap.
 */
export class SlotMap {
  #count = 0;
  #dense = true;
  /** Dense: the word of id i at i. Sparse: pairs of id + 1 and word, probed linearly. */
  #words: Uint32Array = empty;

  get size(): number {
    return this.#count;
  }

  get byteLength(): number {
    return this.#words.byteLength;
  }

  get(id: number): number {
    if (this.#dense) return this.#words[id] ?? 0;
    return this.#words[this.#find(id) + 1] ?? 0;
  }

  /** Setting 0 removes the id. */
  set(id: number, word: number): void {
    if (word === 0) this.#delete(id);
    else if (this.#dense) this.#setDense(id, word);
    else this.#setSparse(id, word);
  }

  /** Room for so many ids below a bound, if there is none yet and most of them are to come. */
  expect(count: number, bound: number): void {
    if (this.#count === 0 && bound <= sparseLengthFor(count)) this.#words = new Uint32Array(bound);
  }

  /** Ids in no particular order; the map must not change meanwhile, except for words of present ids. */
  forEach(visit: (id: number, word: number) => void): void {
    each(this.#dense, this.#words, visit);
  }

  #setDense(id: number, word: number): void {
    if (id >= this.#words.length) {
      this.#rebuild(id);
      this.set(id, word);
      return;
    }
    if (this.#words[id] === 0) this.#count += 1;
    this.#words[id] = word;
  }

  #setSparse(id: number, word: number): void {
    let at = this.#find(id);
    if (this.#words[at] === 0) {
      if ((this.#count + 1) * 4 > this.#words.length + this.#words.length / 4) {
        this.#rebuild(id);
        this.set(id, word);
        return;
      }
      at = this.#find(id);
      this.#words[at] = id + 1;
      this.#count += 1;
    }
    this.#words[at + 1] = word;
  }

  /** Makes room for one id more, in whichever form is smaller. */
  #rebuild(id: number): void {
    let highest = id;
    this.forEach((other) => {
      if (other > highest) highest = other;
    });
    const old = { isDense: this.#dense, words: this.#words };
    const denseLength = highest + 1 + Math.max(minimumCapacity, highest >>> 2);
    const sparseLength = sparseLengthFor(this.#count + 1);
    this.#dense = denseLength <= sparseLength;
    this.#words = new Uint32Array(this.#dense ? denseLength : sparseLength);
    if (old.isDense && this.#dense) {
      this.#words.set(old.words);
      return;
    }
    this.#count = 0;
    each(old.isDense, old.words, (other, word) => this.set(other, word));
  }

  #delete(id: number): void {
    if (this.#dense) {
      if ((this.#words[id] ?? 0) === 0) return;
      this.#words[id] = 0;
    } else {
      const at = this.#find(id);
      if ((this.#words[at] ?? 0) === 0) return;
      this.#closeGap(at);
    }
    this.#count -= 1;
    if (this.#count === 0) {
      this.#words = empty;
      this.#dense = true;
    }
  }

  /** Where the id is, or the free place where it would go. */
  #find(id: number): number {
    const mask = this.#words.length - 1;
    let at = home(id, mask);
    while (this.#words[at] !== 0 && this.#words[at] !== id + 1) at = (at + 2) & mask;
    return at;
  }

  /** Linear probing without tombstones: what follows moves up as long as it stays behind its home. */
  #closeGap(start: number): void {
    const words = this.#words;
    const mask = words.length - 1;
    let gap = start;
    for (let at = (gap + 2) & mask; words[at] !== 0; at = (at + 2) & mask) {
      const wanted = home((words[at] ?? 0) - 1, mask);
      if (((at - wanted) & mask) < ((at - gap) & mask)) continue;
      words[gap] = words[at] ?? 0;
      words[gap + 1] = words[at + 1] ?? 0;
      gap = at;
    }
    words[gap] = 0;
    words[gap + 1] = 0;
  }
}

function each(isDense: boolean, words: Uint32Array, visit: (id: number, word: number) => void): void {
  const step = isDense ? 1 : 2;
  for (let at = 0; at < words.length; at += step) {
    const word = words[at + step - 1] ?? 0;
    if (word !== 0) visit(isDense ? at : (words[at] ?? 0) - 1, word);
  }
}

/** Fibonacci hashing: ids are handed out in order, and neighbours should not cluster. */
function home(id: number, mask: number): number {
  return ((Math.imul(id + 1, 0x9e3779b1) >>> 7) << 1) & mask;
}

function sparseLengthFor(count: number): number {
  return 2 * Math.max(minimumCapacity, powerOfTwo(count * 2));
}

function powerOfTwo(atLeast: number): number {
  return 2 ** Math.ceil(Math.log2(atLeast));
}
